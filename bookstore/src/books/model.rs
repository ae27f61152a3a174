//! Books as the service's users see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A book, as the answers show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Book {
    /// Its number, given by the store.
    pub id: i64,
    /// 3 to 200 characters.
    pub title: String,
    /// 1 to 100 characters.
    pub author: String,
    /// Ten or thirteen digits, as the client hyphenated them.
    pub isbn: String,
    /// Any text.
    pub description: Option<String>,
    /// Positive.
    pub price: Option<f64>,
    /// How many are in stock.
    pub quantity: i32,
    /// 1 to 50 characters.
    pub category: Option<String>,
    /// 1000 to 9999.
    pub published_year: Option<i32>,
    /// The user who created it, and who alone may change it.
    pub owner_id: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

/// A book to be created: validated, not yet stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBook {
    /// See [`Book::title`].
    pub title: String,
    /// See [`Book::author`].
    pub author: String,
    /// See [`Book::isbn`].
    pub isbn: String,
    /// See [`Book::description`].
    pub description: Option<String>,
    /// See [`Book::price`].
    pub price: Option<f64>,
    /// See [`Book::quantity`].
    pub quantity: i32,
    /// See [`Book::category`].
    pub category: Option<String>,
    /// See [`Book::published_year`].
    pub published_year: Option<i32>,
}

/// A change to a book: `None` leaves a field as it is, `Some(None)` clears an optional one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BookPatch {
    /// See [`Book::title`].
    pub title: Option<String>,
    /// See [`Book::author`].
    pub author: Option<String>,
    /// See [`Book::isbn`].
    pub isbn: Option<String>,
    /// See [`Book::description`].
    pub description: Option<Option<String>>,
    /// See [`Book::price`].
    pub price: Option<Option<f64>>,
    /// See [`Book::quantity`].
    pub quantity: Option<i32>,
    /// See [`Book::category`].
    pub category: Option<Option<String>>,
    /// See [`Book::published_year`].
    pub published_year: Option<Option<i32>>,
}

impl BookPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which books to list.
#[derive(Debug, Clone, PartialEq)]
pub struct BookQuery {
    /// How many to leave out at the start; not negative.
    pub skip: i64,
    /// How many to give at most; 1 to 100.
    pub limit: i64,
    /// Only those of exactly this category.
    pub category: Option<String>,
    /// Only those with this text in their title or author, in any case.
    pub search: Option<String>,
}

/// The digits of an ISBN: two that differ in their hyphens alone are the same book's.
pub fn isbn_key(isbn: &str) -> String {
    isbn.chars().filter(|c| *c != '-').collect()
}

/// A text as searches compare it: Unicode's full case folding (ß as ss, each sigma alike), the same in every store,
/// whatever its collation.
pub fn folded(text: &str) -> String {
    unicase::UniCase::new(text).to_folded_case()
}
