//! What the system tests stand on: databases and a collector of their own, a receiver of OTLP, the running bookstore.
//!
//! Everything binds to loopback only and ends with the test process, however that ends. A service whose binary is not on
//! this machine is left out and said so; with `TRACED_REQUIRE_SERVICES=1` (as `.ci/run` sets it) that is a failure.

mod bookstore;
mod collector;
pub mod conventions;
#[cfg(doctest)]
mod docs;
mod left_out;
mod ports;
mod postgres;
mod process;
mod receiver;
mod redis;
mod span;

pub use bookstore::{Bookstore, Reply, SECRET_KEY, Start, book, bookstore_binary, client};
pub use collector::Collector;
pub use left_out::{program, required};
pub use postgres::{Database, Postgres};
pub use process::{Exit, Process, wait_until};
pub use receiver::{Answer, OtlpReceiver, Received};
pub use redis::Redis;
pub use span::{Seen, SeenEvent, Trace, traces};
