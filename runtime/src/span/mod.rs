//! Open spans: the one that a traced function holds, the current one, and the futures that run inside one.

mod current;
mod future;
mod guard;
mod panics;
mod site;
mod start;

pub use current::{Current, current};
pub use future::InSpan;
pub use guard::SpanGuard;
pub use site::{Level, Site};
pub use start::Start;

pub(crate) use site::update_all;
