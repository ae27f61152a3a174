//! What a store may answer instead of data.

/// A column whose values are unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// `users.username`
    Username,
    /// `users.email`
    Email,
    /// `books.isbn`, whatever its hyphens
    Isbn,
}

impl Unique {
    /// The column that an index or constraint of the migrations guards.
    pub(super) fn of_constraint(name: &str) -> Option<Self> {
        match name {
            "users_username_key" => Some(Self::Username),
            "users_email_key" => Some(Self::Email),
            "books_isbn_key" => Some(Self::Isbn),
            _ => None,
        }
    }
}

/// Why a store did not do what it was asked.
///
/// None of them holds the database's own text: it quotes values, a taken e-mail address among them.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The value of a unique column is another row's.
    #[error("the value is taken: {0:?}")]
    Taken(Unique),
    /// The database does not answer; asking later may help.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The database refused the statement: a defect of this program.
    #[error("the database refused: {0}")]
    Failed(String),
}

/// Why a store can't be used at all, and what whoever starts the service can do. It shows neither secrets nor SQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}. {remedy}")]
pub struct OpenError {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

impl OpenError {
    pub(super) fn new(problem: impl Into<String>, remedy: &'static str) -> Self {
        Self { problem: problem.into(), remedy }
    }
}

impl traced::ErrorType for StoreError {
    fn error_type(&self) -> &str {
        match self {
            Self::Taken(_) => "conflict",
            Self::Unavailable(_) => "store_unavailable",
            Self::Failed(_) => "store_failed",
        }
    }
}
