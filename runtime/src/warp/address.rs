//! The text of an IP address, without the machinery of formatting: two attributes of every request have it.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};

/// The longest text that there is: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const LONGEST: usize = 45;

/// The text of an IP address.
#[derive(Debug)]
pub(super) struct Text {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Text {
    pub(super) fn of(address: IpAddr) -> Self {
        let mut text = Self { bytes: [0; LONGEST], len: 0 };
        match address {
            IpAddr::V4(address) => text.v4(address),
            // The rules of what is left out in these are the standard library's.
            IpAddr::V6(address) => {
                let _ = write!(text, "{address}");
            }
        }
        text
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    fn v4(&mut self, address: Ipv4Addr) {
        for (place, octet) in address.octets().into_iter().enumerate() {
            if place > 0 {
                self.push(b'.');
            }
            if octet >= 100 {
                self.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                self.push(b'0' + octet / 10 % 10);
            }
            self.push(b'0' + octet % 10);
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let place = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::Text;

    #[test]
    fn an_address_is_written_as_the_standard_library_writes_it() {
        let octets = (0..=255).map(|octet| IpAddr::V4(Ipv4Addr::new(octet, 255 - octet, 0, octet)));
        let v6 = ["::", "::1", "2001:db8::8a2e:370:7334", "::ffff:192.0.2.128", "1:2:3:4:5:6:7:8"];
        let full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let v6 = v6.into_iter().chain([full]).map(|address| address.parse().unwrap());
        for address in octets.chain(v6) {
            assert_eq!(Text::of(address).as_str(), address.to_string());
        }
    }
}
