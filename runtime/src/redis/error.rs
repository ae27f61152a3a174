//! What spans tell of errors.

use bb8_redis::redis::{RedisError, ServerError, Value};

use crate::database::Response;

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
    match code(error.code()) {
        Some(code) => {
            response.status_code(code.to_owned());
            response.failed(code.to_owned());
        }
        None if error.is_timeout() => response.failed("timeout"),
        None if error.is_connection_refusal() => response.failed("connection_refused"),
        None if error.is_connection_dropped() => response.failed("connection_closed"),
        None if error.is_io_error() => response.failed("io"),
        None => response.failed(error.category().replace([' ', '-'], "_")),
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
