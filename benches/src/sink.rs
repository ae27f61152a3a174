//! A collector that counts the spans it is sent and does nothing else with them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Serves until its standard input is closed: until the process that has started it is gone.
pub(crate) fn serve() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    println!("http://{}/v1/traces", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let count = Arc::clone(&count);
            std::thread::spawn(move || answer(stream, &count));
        }
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// How many spans have arrived since this was last asked.
pub(crate) fn count(endpoint: &str) -> u64 {
    let address = endpoint.trim_start_matches("http://").trim_end_matches("/v1/traces");
    let mut stream = TcpStream::connect(address).expect("the sink");
    stream.write_all(b"GET /count HTTP/1.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("the sink");
    let mut text = String::new();
    let mut reader = BufReader::new(stream);
    while reader.read_line(&mut text).is_ok_and(|read| read > 2) {
        text.clear();
    }
    text.clear();
    let _ = reader.read_line(&mut text);
    text.trim().parse().unwrap_or(0)
}

fn answer(mut stream: TcpStream, count: &AtomicU64) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut body = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let asks = line.starts_with("GET");
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let text = if asks {
            format!("{}\n", count.swap(0, Ordering::SeqCst))
        } else {
            count.fetch_add(spans(&body), Ordering::SeqCst);
            String::new()
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

/// How many spans are in a request: resource_spans (1), scope_spans (2), spans (2).
fn spans(request: &[u8]) -> u64 {
    fields(request, 1).flat_map(|resource| fields(resource, 2)).map(|scope| fields(scope, 2).count() as u64).sum()
}

/// The length-delimited fields of `message` that have this number.
fn fields(mut message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        while !message.is_empty() {
            let tag = varint(&mut message)?;
            let length = match tag & 7 {
                0 => {
                    varint(&mut message)?;
                    0
                }
                1 => 8,
                2 => usize::try_from(varint(&mut message)?).ok()?,
                5 => 4,
                _ => return None,
            };
            let (field, rest) = message.split_at_checked(length)?;
            message = rest;
            if tag == wanted << 3 | 2 {
                return Some(field);
            }
        }
        None
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for at in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
