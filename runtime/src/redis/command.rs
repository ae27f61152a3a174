//! What spans tell of commands.

use std::borrow::Cow;

use bb8_redis::redis::{Arg, Cmd, Pipeline};

/// Longer texts are cut off: a pipeline can hold any number of commands.
const MAX_TEXT: usize = 1024;

/// Arguments that follow a command's name and say what it does, not what to.
const SUBCOMMANDS: &[&str] = &[
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO",
];

/// The command's name as written, if it can be one; arguments are any bytes, so that a mistake could put one here.
pub(super) fn name(command: &Cmd) -> Cow<'static, str> {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => word(name).map_or(Cow::Borrowed("redis"), |name| Cow::Owned(name.to_owned())),
        _ => Cow::Borrowed("redis"),
    }
}

fn word(bytes: &[u8]) -> Option<&str> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let word = std::str::from_utf8(bytes).ok()?;
    ((1..=32).contains(&word.len()) && bytes.iter().all(allowed) && bytes[0].is_ascii_alphabetic()).then_some(word)
}

/// The command with `?` for each argument.
pub(super) fn write_text(command: &Cmd, keys: bool, text: &mut String) {
    let name = name(command);
    text.push_str(&name);
    let subcommand = SUBCOMMANDS.iter().any(|one| one.eq_ignore_ascii_case(&name));
    for (place, arg) in command.args_iter().skip(1).enumerate() {
        if text.len() >= MAX_TEXT {
            text.push_str(" ...");
            return;
        }
        text.push(' ');
        match arg {
            Arg::Simple(arg) if place == 0 && subcommand => text.push_str(word(arg).unwrap_or("?")),
            Arg::Simple(arg) if place == 0 && keys && takes_key(&name) => match std::str::from_utf8(arg) {
                Ok(key) if key.len() <= 256 => text.push_str(key),
                _ => text.push('?'),
            },
            _ => text.push('?'),
        }
    }
}

/// Whether the first argument of a command is a key.
fn takes_key(name: &str) -> bool {
    const KEYED: &[&str] = &[
        "APPEND",
        "DECR",
        "DECRBY",
        "DEL",
        "EXISTS",
        "EXPIRE",
        "EXPIREAT",
        "GET",
        "GETDEL",
        "GETEX",
        "GETRANGE",
        "GETSET",
        "HDEL",
        "HEXISTS",
        "HGET",
        "HGETALL",
        "HINCRBY",
        "HKEYS",
        "HLEN",
        "HMGET",
        "HMSET",
        "HSET",
        "HVALS",
        "INCR",
        "INCRBY",
        "LINDEX",
        "LLEN",
        "LPOP",
        "LPUSH",
        "LRANGE",
        "LREM",
        "LSET",
        "LTRIM",
        "MGET",
        "MSET",
        "PERSIST",
        "PEXPIRE",
        "PSETEX",
        "PTTL",
        "RPOP",
        "RPUSH",
        "SADD",
        "SCARD",
        "SET",
        "SETEX",
        "SETNX",
        "SISMEMBER",
        "SMEMBERS",
        "SREM",
        "STRLEN",
        "TTL",
        "TYPE",
        "UNLINK",
        "WATCH",
        "XADD",
        "XLEN",
        "XRANGE",
        "ZADD",
        "ZCARD",
        "ZCOUNT",
        "ZINCRBY",
        "ZRANGE",
        "ZRANK",
        "ZREM",
        "ZSCORE",
    ];
    KEYED.iter().any(|keyed| keyed.eq_ignore_ascii_case(name))
}

/// `PIPELINE` or `MULTI`, with the name of the commands where they are all of one.
pub(super) fn pipeline_name(pipeline: &Pipeline) -> String {
    let kind = if pipeline.is_transaction() { "MULTI" } else { "PIPELINE" };
    let mut names = pipeline.cmd_iter().map(name);
    match names.next() {
        Some(first) if names.all(|name| name == first) => format!("{kind} {first}"),
        _ => kind.to_owned(),
    }
}

/// The pipeline's commands, each with `?` for its arguments, a line each.
pub(super) fn pipeline_text(pipeline: &Pipeline, keys: bool) -> String {
    let mut text = String::new();
    for command in pipeline.cmd_iter() {
        if !text.is_empty() {
            text.push('\n');
        }
        if text.len() >= MAX_TEXT {
            text.push_str("...");
            break;
        }
        write_text(command, keys, &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use bb8_redis::redis::{Cmd, cmd, pipe};

    use super::{name, pipeline_name, pipeline_text, write_text};

    fn text(command: &Cmd, keys: bool) -> String {
        let mut text = String::new();
        write_text(command, keys, &mut text);
        text
    }

    #[test]
    fn arguments_are_question_marks() {
        let set = cmd("SET").arg("user:ada@example.org").arg("secret").arg("EX").arg(60).take();
        assert_eq!(name(&set), "SET");
        assert_eq!(text(&set, false), "SET ? ? ? ?");
        assert_eq!(text(&cmd("CONFIG").arg("GET").arg("requirepass").take(), false), "CONFIG GET ?");
    }

    #[test]
    fn keys_are_shown_where_allowed_and_known() {
        assert_eq!(text(&cmd("SET").arg("book:1").arg("secret").take(), true), "SET book:1 ?");
        assert_eq!(text(&cmd("AUTH").arg("secret").take(), true), "AUTH ?");
        assert_eq!(text(&cmd("ECHO").arg("secret").take(), true), "ECHO ?");
    }

    #[test]
    fn what_is_no_command_name_is_not_shown() {
        assert_eq!(name(&cmd("some secret")), "redis");
        assert_eq!(name(&Cmd::new()), "redis");
    }

    #[test]
    fn a_pipeline_is_named_after_its_commands() {
        let same = pipe().get("a").get("b").clone();
        assert_eq!(pipeline_name(&same), "PIPELINE GET");
        assert_eq!(pipeline_text(&same, false), "GET ?\nGET ?");
        let mixed = pipe().atomic().get("a").set("b", 1).clone();
        assert_eq!(pipeline_name(&mixed), "MULTI");
        let many = (0..10_000).fold(pipe(), |mut pipe, n| {
            pipe.get(n);
            pipe
        });
        assert!(pipeline_text(&many, false).len() < 1100);
    }
}
