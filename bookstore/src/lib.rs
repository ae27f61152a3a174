//! A book store over HTTP: the service that shows `traced`.
//!
//! The rooms: [`config`], [`api`] (routes), [`auth`] and [`books`] (the business logic), [`store`] and [`cache`]. Handlers
//! know the business logic, that knows the traits [`store::Store`] and [`cache::Cache`], and nobody above those knows which
//! database runs.

pub mod api;
pub mod app;
pub mod auth;
pub mod books;
pub mod cache;
pub mod config;
mod edges;
mod log;
mod run;
pub mod store;
#[cfg(feature = "test-support")]
pub mod testing;

pub use app::{App, serve};
pub use run::run;
