//! The functions that are annotated, the same for each peer.

use std::fmt::Write as _;
use std::path::Path;

/// With what they are annotated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Plain,
    Traced,
    Fastrace,
    Tracing,
}

impl Peer {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Traced, Self::Fastrace, Self::Tracing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Traced => "traced",
            Self::Fastrace => "fastrace",
            Self::Tracing => "tracing",
        }
    }

    /// The line of the manifest.
    pub fn dependency(self, runtime: &Path) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Traced => {
                format!("traced = {{ path = {runtime:?}, default-features = false, features = [\"enable\"] }}")
            }
            Self::Fastrace => "fastrace = { version = \"=0.7.19\", features = [\"enable\"] }".to_owned(),
            Self::Tracing => "tracing = \"=0.1.44\"".to_owned(),
        }
    }

    fn annotation(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Traced => "#[traced::traced(attrs(book.id = id, book.title = title))]",
            Self::Fastrace => "#[fastrace::trace(properties = { \"book.id\": \"{id}\", \"book.title\": \"{title}\" })]",
            Self::Tracing => "#[tracing::instrument(skip_all, err, fields(book.id = id, book.title = title))]",
        }
    }
}

/// A crate of `count` functions, every other one async; the futures are polled somewhere, so that code is made for them.
pub fn source(peer: Peer, count: usize) -> String {
    let mut source = String::from(
        "use std::future::Future;\nuse std::pin::Pin;\n\n\
         #[derive(Debug)]\npub enum Error {\n    NotFound(i64),\n}\n\n\
         impl std::fmt::Display for Error {\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n        \
         let Self::NotFound(id) = self;\n        write!(f, \"no {id}\")\n    }\n}\n\nimpl std::error::Error for Error {}\n\n\
         pub fn store(id: i64) -> Result<i64, Error> {\n    if id < 0 { Err(Error::NotFound(id)) } else { Ok(id) }\n}\n\n\
         pub async fn store_async(id: i64) -> Result<i64, Error> {\n    store(id)\n}\n\n",
    );
    let mut futures = String::new();
    for n in 0..count {
        let annotation = peer.annotation();
        let is_async = n % 2 == 1;
        let (asyncness, call) = if is_async { ("async ", "store_async(id).await?") } else { ("", "store(id)?") };
        // Writing to a String never fails.
        let _ = write!(
            source,
            "{annotation}\npub {asyncness}fn function_{n}(id: i64, title: &str) -> Result<i64, Error> {{\n    \
             let found = {call};\n    Ok(found + title.len() as i64 + {n})\n}}\n\n",
        );
        if is_async {
            let _ = writeln!(futures, "        Box::pin(function_{n}(id, title)),");
        }
    }
    let _ = write!(
        source,
        "pub fn futures(id: i64, title: &str) -> Vec<Pin<Box<dyn Future<Output = Result<i64, Error>> + Send + '_>>> {{\n    \
         vec![\n{futures}    ]\n}}\n",
    );
    source
}
