//! Client spans for [`redis`], and a [`bb8`] manager.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use traced::redis::{AsyncCommands, Manager, get, redis};
//!
//! let pool = traced::redis::bb8::Pool::builder().build(Manager::new("redis://localhost")?).await?;
//!
//! let mut cache = get(&pool).await?;
//! let book: Option<String> = cache.get("book:1").await?;
//! redis::cmd("DEL").arg("book:1").exec_async(&mut *cache).await?;
//! # Ok(()) }
//! ```
//!
//! Each command is a span of kind client, named after it (`GET`), with the attributes of the stable [conventions for
//! Redis](https://opentelemetry.io/docs/specs/semconv/database/redis/). Keys and values are recorded as `?`. Of an error
//! its code is (`WRONGTYPE`), since Redis quotes arguments in messages; a [`redis::RedisError`] has those in its `Display`
//! form, so don't put that on a span where commands are made of what users write.

mod command;
mod connection;
mod error;
mod manager;

pub use bb8_redis::bb8;
pub use bb8_redis::redis::{self, AsyncCommands};

pub use crate::database::pool::{ErrorSink, Observed, get, observe};
pub use connection::Connection;
pub use manager::Manager;

pub(crate) use error::describe;
