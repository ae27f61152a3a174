//! Methods, traits, modules.

use traced::traced;

/// A shelf.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    books: Vec<String>,
}

#[traced(prefix = "shelf.", attrs(books = self.books.len()))]
impl Shelf {
    /// The first.
    #[must_use]
    pub fn first(&self) -> Option<&String> {
        self.books.first()
    }

    /// The first, to be changed.
    pub fn first_mut(&mut self) -> Option<&mut String> {
        self.books.first_mut()
    }

    /// Adds one.
    pub fn add(&mut self, title: impl Into<String>) -> &mut Self {
        self.books.push(title.into());
        self
    }

    /// All of them.
    #[must_use]
    pub fn into_books(self) -> Vec<String> {
        self.books
    }

    /// Waits for one.
    pub async fn wait(&self, index: usize) -> Option<&String> {
        std::future::ready(self.books.get(index)).await
    }

    /// A new one.
    #[must_use]
    #[traced(skip)]
    pub const fn new() -> Self {
        Self { books: Vec::new() }
    }
}

/// What has a length.
#[traced]
pub trait Length {
    /// How long it is.
    fn length(&self) -> usize;

    /// Twice as long.
    fn doubled(&self) -> usize {
        2 * self.length()
    }

    /// Later.
    fn later(&self) -> impl Future<Output = usize> + Send
    where
        Self: Sync,
    {
        async move { self.length() }
    }
}

#[traced]
impl Length for Shelf {
    fn length(&self) -> usize {
        self.books.len()
    }
}

/// What is stored.
#[async_trait::async_trait]
pub trait Store {
    /// One of it.
    async fn get(&self, id: usize) -> Result<String, String>;
}

#[traced(kind = client)]
#[async_trait::async_trait]
impl Store for Shelf {
    #[traced(attrs(id), err(expected(_)))]
    async fn get(&self, id: usize) -> Result<String, String> {
        self.books.get(id).cloned().ok_or_else(|| "none".to_owned())
    }
}

#[traced(prefix = "inner.", level = debug)]
mod inner {
    /// Adds.
    pub(super) fn add(a: i64, b: i64) -> i64 {
        a + b
    }

    pub(super) mod deeper {
        /// Adds, too.
        pub(in super::super) async fn add(a: i64, b: i64) -> i64 {
            std::future::ready(a + b).await
        }
    }
}

/// Both.
#[traced]
pub async fn added(a: i64, b: i64) -> i64 {
    inner::add(a, b) + inner::deeper::add(a, b).await
}
