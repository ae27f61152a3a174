//! Loopback ports for servers that can't choose their own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};

/// Below what the kernel hands out to outgoing connections (from 32768), so that a server that restarts finds its port again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A loopback port that nobody listens on.
pub(crate) fn free() -> u16 {
    let span = u64::from(PORTS.end - PORTS.start);
    loop {
        let random = RandomState::new().build_hasher().finish() % span;
        let port = PORTS.start + u16::try_from(random).expect("below 12,000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
