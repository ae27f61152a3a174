//! Open spans: the one that a traced function holds, the current one, and the futures that run inside one.

mod current;
mod entry;
pub(crate) mod filter;
mod foreign;
mod function;
mod future;
mod guard;
mod inside;
mod opened;
mod panics;
mod relations;
mod run;
mod site;
mod start;
mod state;
mod stream;
mod text;

pub use current::{Current, current};
pub use entry::{Entry, around, enter, opened, within};
pub use filter::{Filter, FilterError};
pub use foreign::{FnExt, FutureExt};
pub use function::{FunctionName, path_of};
pub use future::{Around, InSpan};
pub use guard::SpanGuard;
pub use opened::{Pending, enter_with, open, unopened};
pub use relations::{AsLink, AsLinks, AsParent, Links};
pub use run::{
    attributes, call, enrich, enriched, enriched_future, event, future_of, never, returned_future, stream_of, sync,
};
pub use site::{More, Site};
pub use start::Start;
pub use stream::returned_stream;
pub use text::AsText;

pub(crate) use opened::Opened;
#[cfg(feature = "warp")]
pub(crate) use panics::{Panic, caught};
pub(crate) use relations::GivenParent;
pub(crate) use site::update_all;
pub(crate) use start::Parent;

#[cfg(test)]
mod tests;
