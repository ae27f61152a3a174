//! Attributes that one request after the other has: encoded once, and copied from then on.

use std::cell::Cell;
use std::net::IpAddr;
use std::thread::LocalKey;

use crate::propagation::url;
use crate::recorder::wire::Ready;
use crate::value::{Fields, key};

thread_local! {
    static SERVERS: Recurring<Server> = const { Cell::new(None) };
    static CLIENTS: Recurring<IpAddr> = const { Cell::new(None) };
}

/// Hosts that are longer are not remembered.
const LONGEST_HOST: usize = 128;

/// How the client has addressed the server.
struct Server {
    scheme: &'static str,
    version: Option<&'static str>,
    host: Box<str>,
}

/// The scheme, the version of HTTP, and the server if a `host` names it.
pub(super) fn server(scheme: &'static str, version: Option<&'static str>, host: Option<&str>, fields: &mut Fields<'_>) {
    let write = |fields: &mut Fields<'_>| {
        fields.place(key!("url.scheme")).static_str(scheme);
        if let Some(host) = host {
            self::host(scheme, host, fields);
        }
        fields.put(key!("network.protocol.version"), &version);
    };
    match host {
        Some(host) if host.len() <= LONGEST_HOST => {
            let is_it = |it: &Server| *it.host == *host && (it.scheme, it.version) == (scheme, version);
            record(&SERVERS, is_it, || Server { scheme, version, host: host.into() }, fields, write);
        }
        _ => write(fields),
    }
}

/// The server, as the client names it; the port by the scheme when it names none.
pub(super) fn host(scheme: &str, host: &str, fields: &mut Fields<'_>) {
    let (name, port) = url::host_and_port(host);
    fields.put(key!("server.address"), name);
    fields.put(key!("server.port"), &port.unwrap_or(if scheme == "https" { 443 } else { 80 }));
}

/// The address that a request comes from: of the client, unless proxies name another.
pub(super) fn peer(peer: IpAddr, client: Option<&str>, fields: &mut Fields<'_>) {
    match client {
        Some(client) => {
            fields.put(key!("client.address"), client);
            fields.place(key!("network.peer.address")).display(&peer);
        }
        None => {
            let write = |fields: &mut Fields<'_>| {
                fields.place(key!("client.address")).display(&peer);
                fields.place(key!("network.peer.address")).display(&peer);
            };
            record(&CLIENTS, |it| *it == peer, || peer, fields, write);
        }
    }
}

/// What the last request on this thread had, and its attributes once another had the same: where each comes with another,
/// nothing is encoded in vain.
type Recurring<K> = Cell<Option<Box<Last<K>>>>;

struct Last<K> {
    key: K,
    ready: Ready,
}

/// Sets what `write` does, which depends on the `key` alone.
fn record<K>(
    last: &'static LocalKey<Recurring<K>>,
    is_it: impl FnOnce(&K) -> bool,
    key: impl FnOnce() -> K,
    fields: &mut Fields<'_>,
    write: impl Fn(&mut Fields<'_>),
) {
    // Gone in a thread that ends.
    let next = match last.try_with(Cell::take).ok().flatten() {
        Some(known) if is_it(&known.key) => {
            fields.same(&known.ready, write);
            known
        }
        _ => {
            write(fields);
            Box::new(Last { key: key(), ready: Ready::default() })
        }
    };
    let _ = last.try_with(|last| last.set(Some(next)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::capture;

    #[test]
    fn a_request_has_its_own_attributes_whatever_the_one_before_had() {
        let hosts = ["a.org", "a.org", "a.org", "b.org:81", "[::1]:82", "[::1]:82", "a.org"];
        let peers: [IpAddr; 3] = [[127, 0, 0, 1].into(), [127, 0, 0, 1].into(), [10, 0, 0, 2].into()];
        static SITE: crate::span::Site = crate::span::Site::new("request", "recurring");
        for (number, host) in hosts.into_iter().enumerate() {
            let (scheme, version, ip) =
                if number == 2 { ("https", None, peers[2]) } else { ("http", Some("1.1"), peers[number % 3]) };
            let (_, spans) = capture(|| {
                let mut write = |fields: &mut Fields<'_>| {
                    server(scheme, version, Some(host), fields);
                    peer(ip, None, fields);
                };
                drop(crate::span::open(crate::span::Start::new(&SITE, &mut write)).open());
            });
            let (name, port) = url::host_and_port(host);
            let port = i64::from(port.unwrap_or(if scheme == "https" { 443 } else { 80 }));
            assert_eq!(spans[0].attribute("url.scheme"), Some(&scheme.into()));
            assert_eq!(spans[0].attribute("network.protocol.version"), version.map(Into::into).as_ref());
            assert_eq!(spans[0].attribute("server.address"), Some(&name.to_owned().into()));
            assert_eq!(spans[0].attribute("server.port"), Some(&port.into()));
            assert_eq!(spans[0].attribute("client.address"), Some(&ip.to_string().into()));
            assert_eq!(spans[0].attribute("network.peer.address"), Some(&ip.to_string().into()));
        }
    }
}
