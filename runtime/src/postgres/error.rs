//! Errors that quote no values.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use tokio_postgres::error::{DbError, SqlState};

use super::condition::condition;
use crate::database::Response;
use crate::outcome::ErrorType;

/// An error of the database or of the way to it.
///
/// Its `Display` and `Debug` forms tell the SQLSTATE and the name of that condition, such as `unique_violation (23505)`,
/// and not the server's message or detail: those quote values, a taken e-mail address for one. They are there on
/// [`as_db_error`](Error::as_db_error), for code that knows what it does with them.
pub struct Error(tokio_postgres::Error);

impl Error {
    /// The SQLSTATE, when the server answered with an error.
    pub fn code(&self) -> Option<&SqlState> {
        self.0.code()
    }

    /// The name of the condition that the SQLSTATE stands for, such as `unique_violation`.
    pub fn condition(&self) -> Option<&'static str> {
        condition(self.0.code()?.code())
    }

    /// The server's error with all that it says. Its message, detail and `where` can quote values.
    pub fn as_db_error(&self) -> Option<&DbError> {
        self.0.as_db_error()
    }

    /// Whether the connection was closed before the statement was sent, or while it ran.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The error of the driver, which can quote values.
    pub fn into_inner(self) -> tokio_postgres::Error {
        self.0
    }

    pub(super) fn note(&self, response: &mut Response) {
        let code = self.0.code().map(|code| code.code().to_owned());
        response.failed(self.error_type().to_owned());
        response.description(self.to_string());
        if let Some(code) = code {
            response.status_code(code);
        }
    }
}

impl ErrorType for Error {
    /// The SQLSTATE, or one of `connection_closed`, `connection_refused`, `timeout`, `io`, `_OTHER`.
    fn error_type(&self) -> &str {
        self.0.error_type()
    }
}

/// The driver's own: its causes quote values, so neither they nor messages are recorded.
impl ErrorType for tokio_postgres::Error {
    /// The SQLSTATE, or one of `connection_closed`, `connection_refused`, `timeout`, `io`, `_OTHER`.
    fn error_type(&self) -> &str {
        if let Some(code) = self.code() {
            return code.code();
        }
        if self.is_closed() {
            return "connection_closed";
        }
        match io(self).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "connection_refused",
            Some(io::ErrorKind::TimedOut) => "timeout",
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => "connection_closed",
            Some(_) => "io",
            None => "_OTHER",
        }
    }

    fn is_sensitive(&self) -> bool {
        true
    }
}

/// The server's error: its `Display` form quotes values.
impl ErrorType for DbError {
    /// The SQLSTATE.
    fn error_type(&self) -> &str {
        self.code().code()
    }

    fn is_sensitive(&self) -> bool {
        true
    }
}

/// What the driver says of a server that does not answer in TLS.
const NO_TLS: &str = "server does not support TLS";

fn has_no_tls(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|cause| cause.to_string() == NO_TLS)
}

fn io(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = self.0.code() {
            let code = code.code();
            return write!(f, "{} ({code})", condition(code).unwrap_or("database error"));
        }
        // The driver's own texts name kinds and columns; causes can quote values, but for those of the operating system.
        write!(f, "{}", self.0)?;
        match io(&self.0) {
            Some(io) => write!(f, ": {io}"),
            None if has_no_tls(&self.0) => write!(f, ": {NO_TLS}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl StdError for Error {}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_own_error_is_sensitive() {
        let error = "port=none".parse::<tokio_postgres::Config>().unwrap_err();
        assert!(error.is_sensitive());
        assert_eq!(error.error_type(), "_OTHER");
        assert!(bb8::RunError::User(error).is_sensitive());
    }
}
