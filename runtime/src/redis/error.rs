//! What spans tell of errors.

use bb8_redis::redis::{ErrorKind, RedisError, ServerError, Value};

use crate::database::Response;
use crate::outcome::ErrorType;

/// The error without arguments and values: its kind, with the server's code or the operating system's error.
pub(crate) fn describe(error: &RedisError) -> String {
    match code(error.code()) {
        Some(code) => format!("{} ({code})", error.category()),
        None if error.is_io_error() => format!("{}: {error}", error.category()),
        None => error.category().to_owned(),
    }
}

/// A code, if it can be one: the first word of a script's error is that script's to choose.
fn code(code: Option<&str>) -> Option<&str> {
    code.filter(|code| (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
}

pub(super) fn note(error: &RedisError, response: &mut Response) {
    response.description(describe(error));
    if let Some(code) = code(error.code()) {
        response.status_code(code.to_owned());
    }
    response.failed(error.error_type().to_owned());
}

/// Its messages can quote arguments, so neither they nor causes are recorded.
impl ErrorType for RedisError {
    /// The server's code, such as `WRONGTYPE`, or else one of `timeout`, `connection_refused`, `connection_closed`, `io`
    /// and the driver's kinds in snake case.
    fn error_type(&self) -> &str {
        match code(self.code()) {
            Some(code) => code,
            None if self.is_timeout() => "timeout",
            None if self.is_connection_refusal() => "connection_refused",
            None if self.is_connection_dropped() => "connection_closed",
            None if self.is_io_error() => "io",
            None => match self.kind() {
                ErrorKind::AuthenticationFailed => "authentication_failed",
                ErrorKind::UnexpectedReturnType => "type_error",
                ErrorKind::InvalidClientConfig => "invalid_client_config",
                ErrorKind::Extension => "extension_error",
                ErrorKind::Client => "client_error",
                ErrorKind::Parse => "parse_error",
                ErrorKind::Server(_) => "response_error",
                _ => "_OTHER",
            },
        }
    }

    fn is_sensitive(&self) -> bool {
        true
    }
}

pub(super) fn note_server(error: &ServerError, response: &mut Response) {
    let code = code(Some(error.code())).unwrap_or("_OTHER").to_owned();
    response.description(code.clone());
    response.status_code(code.clone());
    response.failed(code);
}

/// The first error among the answers to a pipeline, which are not errors of the call.
pub(super) fn first_error(values: &[Value]) -> Option<&ServerError> {
    values.iter().find_map(|value| match value {
        Value::ServerError(error) => Some(error),
        Value::Array(values) => first_error(values),
        _ => None,
    })
}
