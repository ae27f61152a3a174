//! Who may do what: registering, logging in, and the user whom a token names.

mod error;
mod model;
pub mod password;
pub mod token;

use std::fmt;

use secrecy::SecretString;
use traced::traced;

pub use error::Error;
pub use model::{Account, NewUser, User, UserPatch};
use password::Passwords;
use token::Tokens;

use crate::store::Store;

/// What somebody registers with.
pub struct Registration {
    /// See [`User::username`].
    pub username: String,
    /// See [`User::email`].
    pub email: String,
    /// See [`User::full_name`].
    pub full_name: Option<String>,
    /// 6 to 72 bytes.
    pub password: SecretString,
}

/// What somebody changes about themselves: `None` leaves a field as it is.
#[derive(Default)]
pub struct ProfileChange {
    /// See [`User::email`].
    pub email: Option<String>,
    /// See [`User::full_name`]; `Some(None)` clears it.
    pub full_name: Option<Option<String>>,
    /// 6 to 72 bytes.
    pub password: Option<SecretString>,
}

// By hand: derived ones would print e-mail addresses.
impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("username", &self.username).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileChange").finish_non_exhaustive()
    }
}

/// Registers a user.
///
/// # Errors
///
/// [`Error::UsernameTaken`] or [`Error::EmailTaken`], also when another registration was faster.
#[traced(ok(|user| attrs(user.id = user.id), event("User registered"), status = ok))]
pub async fn register(store: &dyn Store, passwords: &Passwords, new: Registration) -> Result<User, Error> {
    let password_hash = passwords.hash(new.password).await?;
    let user = NewUser { username: new.username, email: new.email, full_name: new.full_name, password_hash };
    Ok(store.insert_user(&user).await?)
}

/// A token for the user of that name and password.
///
/// # Errors
///
/// [`Error::WrongCredentials`], after the same time whether it is the name or the password.
#[traced(ok(event("User logged in"), status = ok), err(|Error::WrongCredentials| event("Login refused")))]
pub async fn login(
    store: &dyn Store,
    passwords: &Passwords,
    tokens: &Tokens,
    username: &str,
    password: SecretString,
) -> Result<String, Error> {
    let account = store.user_by_username(username).await?;
    let (username, hash) = account.map(|account| (account.user.username, account.password_hash)).unzip();
    let verified = passwords.verify(password, hash).await?;
    match username {
        Some(username) if verified => tokens.create(&username),
        _ => Err(Error::WrongCredentials),
    }
}

/// The active user whom a token names.
///
/// # Errors
///
/// [`Error::Unauthenticated`] without a valid token of a user who exists, [`Error::Inactive`] for one who may not use
/// the service.
#[traced("authenticate_user", ok(|user| attrs(user.id = user.id)))]
pub async fn get_current_user(store: &dyn Store, tokens: &Tokens, bearer: Option<&str>) -> Result<User, Error> {
    let username = bearer.and_then(|token| tokens.username(token)).ok_or(Error::Unauthenticated)?;
    // No stored name holds one, and PostgreSQL refuses to compare with one.
    if username.contains('\0') {
        return Err(Error::Unauthenticated);
    }
    let user = store.user_by_username(&username).await?.ok_or(Error::Unauthenticated)?.user;
    if user.is_active { Ok(user) } else { Err(Error::Inactive) }
}

/// Changes what a user may change about themselves.
///
/// # Errors
///
/// [`Error::EmailTaken`], [`Error::Unauthenticated`] when the user is gone.
#[traced(attrs(user.id = user.id), ok(event("User updated"), status = ok))]
pub async fn update_user(
    store: &dyn Store,
    passwords: &Passwords,
    user: User,
    change: ProfileChange,
) -> Result<User, Error> {
    let password_hash = match change.password {
        Some(password) => Some(passwords.hash(password).await?),
        None => None,
    };
    let patch = UserPatch { email: change.email, full_name: change.full_name, password_hash };
    if patch.is_empty() {
        return Ok(user);
    }
    store.update_user(user.id, &patch).await?.ok_or(Error::Unauthenticated)
}
