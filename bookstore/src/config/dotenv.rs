//! `.env`, read as what it says: nothing in it is replaced by something else.

use std::io::ErrorKind;
use std::path::Path;

use super::ConfigError;

/// The variables that a file sets: of the working directory, not of one above it, where another project's may be.
///
/// # Errors
///
/// [`ConfigError`], which names the line and shows nothing of it: it may hold a secret.
pub fn read(path: &Path) -> Result<String, ConfigError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|error| {
                let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
                wrong(format!("is no UTF-8 text (line {line})"), "Save it as UTF-8")
            })?;
            check(&text)?;
            Ok(text)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(wrong(format!("can't be read: {error}"), "Make it readable, or take it away")),
    }
}

/// Whether every line is one that is taken as it stands.
///
/// # Errors
///
/// [`ConfigError`], as [`read`].
pub fn check(text: &str) -> Result<(), ConfigError> {
    if let Some(at) = text.find('\0') {
        let problem = format!("has a NUL byte in line {}", line_at(text.as_bytes(), at));
        return Err(wrong(problem, "Take it out: no variable can hold one"));
    }
    if let Some(line) = substitution(text) {
        let problem = format!("has a $ in line {line}, which would be replaced by another variable's value");
        return Err(wrong(problem, "Put the value in single quotes, which keep it as it is: NAME='abc$def'"));
    }
    for item in dotenvy::from_read_iter(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes()) {
        match item {
            Ok(_) => {}
            Err(dotenvy::Error::LineParse(line, _)) => {
                let line = line_at(text.as_bytes(), text.find(line.trim_end()).unwrap_or_default());
                let problem = format!("has no NAME=VALUE in line {line}");
                return Err(wrong(problem, "Put it right; a value with blanks or quotes goes between single quotes"));
            }
            Err(_) => return Err(wrong("can't be read".into(), "Put it right, or take it away")),
        }
    }
    Ok(())
}

/// The first line with a `$` that stands for something else.
fn substitution(text: &str) -> Option<usize> {
    let (mut single, mut double, mut comment) = (false, false, false);
    let (mut line, mut before) = (1, '\n');
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                line += 1;
                comment = false;
            }
            _ if comment => {}
            '\'' if !double => single = !single,
            _ if single => {}
            '"' => double = !double,
            '#' if !double && before.is_whitespace() => comment = true,
            // An escaped one stands for itself.
            '\\' => line += usize::from(characters.next() == Some('\n')),
            '$' => return Some(line),
            _ => {}
        }
        before = character;
    }
    None
}

fn line_at(text: &[u8], at: usize) -> usize {
    1 + text[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

fn wrong(problem: String, remedy: &str) -> ConfigError {
    ConfigError::new(".env", problem, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let error = check(text).expect_err("a wrong file").to_string();
        assert!(!error.contains("canary") && error.starts_with(".env "), "{error}");
        error
    }

    #[test]
    fn a_dollar_that_would_be_replaced_is_refused_with_its_line() {
        assert!(problem("# $fine\nSECRET_KEY=canary$def\n").contains("line 2"));
        assert!(problem("A=1\n\nSECRET_KEY=\"canary${HOME}\"").contains("line 3"));
        assert!(problem("A=b#c$d").contains("line 1"));
    }

    #[test]
    fn a_dollar_that_stands_for_itself_is_kept() {
        let text = "A='abc$def' # costs $5\nB=abc\\$def\nC=\"it's\\$\"\n";
        check(text).unwrap();
        let values: Vec<_> = dotenvy::from_read_iter(text.as_bytes()).map(|item| item.unwrap().1).collect();
        assert_eq!(values, ["abc$def", "abc$def", "it's$"]);
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number() {
        assert!(problem("A=1\nB=2\nnonsense canary\n").contains("line 3"));
        assert!(problem("A=1\nB=\0canary").contains("line 2"));
    }

    #[test]
    fn files_are_read_where_they_are_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        assert_eq!(read(&path).unwrap(), "");
        std::fs::write(&path, b"A=1\nB=\xff").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 2"));
        std::fs::write(&path, "A=1").unwrap();
        assert_eq!(read(&path).unwrap(), "A=1");
        assert!(read(directory.path()).unwrap_err().to_string().contains("can't be read"));
    }
}
