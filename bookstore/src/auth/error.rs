//! Why somebody may not do something.

use crate::store::{StoreError, Unique};

/// What registering, logging in and authenticating may fail with. Its messages are the service's answers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such user, or another password.
    #[error("Incorrect username or password")]
    WrongCredentials,
    /// No token, or none that names a user.
    #[error("Could not validate credentials")]
    Unauthenticated,
    /// The user may not use the service.
    #[error("Inactive user")]
    Inactive,
    /// Another user has the name.
    #[error("Username already registered")]
    UsernameTaken,
    /// Another user has the e-mail address.
    #[error("Email already registered")]
    EmailTaken,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
    /// A token could not be signed.
    #[error("the token could not be signed")]
    Signing,
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Username) => Self::UsernameTaken,
            StoreError::Taken(Unique::Email) => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}

impl traced::ErrorType for Error {
    fn error_type(&self) -> &str {
        match self {
            Self::WrongCredentials | Self::Unauthenticated => "unauthenticated",
            Self::Inactive => "inactive_user",
            Self::UsernameTaken | Self::EmailTaken => "conflict",
            Self::Hashing => "hashing_failed",
            Self::Signing => "signing_failed",
            Self::Store(error) => error.error_type(),
        }
    }
}
