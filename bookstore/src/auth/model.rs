//! Users as the service knows them.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

/// A user, as the answers show it.
#[derive(Clone, PartialEq, Serialize)]
pub struct User {
    /// Their number, given by the store.
    pub id: i64,
    /// 3 to 50 letters, digits, `_`, `-` and `.`; unique.
    pub username: String,
    /// Unique; its domain is in lower case.
    pub email: String,
    /// At most 100 characters.
    pub full_name: Option<String>,
    /// Whether they may use the service.
    pub is_active: bool,
    /// When they registered.
    pub created_at: Timestamp,
}

/// A user and the hash of their password.
#[derive(Clone)]
pub struct Account {
    /// What may be shown.
    pub user: User,
    /// A PHC string.
    pub password_hash: String,
}

/// A user to be stored.
#[derive(Clone)]
pub struct NewUser {
    /// See [`User::username`].
    pub username: String,
    /// See [`User::email`].
    pub email: String,
    /// See [`User::full_name`].
    pub full_name: Option<String>,
    /// A PHC string.
    pub password_hash: String,
}

/// A change to a user: `None` leaves a field as it is, `Some(None)` clears an optional one.
#[derive(Clone, Default)]
pub struct UserPatch {
    /// See [`User::email`].
    pub email: Option<String>,
    /// See [`User::full_name`].
    pub full_name: Option<Option<String>>,
    /// A PHC string.
    pub password_hash: Option<String>,
}

impl UserPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.email.is_none() && self.full_name.is_none() && self.password_hash.is_none()
    }
}

// By hand: a derived one would print e-mail addresses and hashes wherever a user is printed.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("username", &self.username).finish_non_exhaustive()
    }
}

impl fmt::Debug for UserPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserPatch").finish_non_exhaustive()
    }
}
