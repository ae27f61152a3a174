//! What a statement does, in a few words.

use std::borrow::Cow;

use super::scan::{Dialect, Scan, Token};

/// The conventions let a summary have 255 characters.
const MAX_LENGTH: usize = 255;

/// What a statement does, in a few words; made by [`summary`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    text: String,
    operation: Option<String>,
    collection: Option<String>,
    /// The statement without its literals and comments, if it has any.
    sanitized: Option<String>,
    parameters: bool,
}

/// What `sql` does, in a few words: its operations and what they are done to, in the order in which they are written.
///
/// ```
/// use traced::database::summary;
///
/// assert_eq!(summary("SELECT b.title FROM books b JOIN users u ON u.id = b.owner_id").as_str(), "SELECT books users");
/// assert_eq!(summary("INSERT INTO books (title) VALUES ($1) RETURNING id").as_str(), "INSERT books");
/// assert_eq!(summary("COMMIT").as_str(), "COMMIT");
/// ```
///
/// It follows the conventions for [`db.query.summary`](https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query):
/// no values, at most 255 characters. A text that is no SQL has an empty summary.
pub fn summary(sql: &str) -> Summary {
    summary_in(Dialect::Other, sql)
}

/// What `sql` does, as a database of this kind reads it.
pub(super) fn summary_in(dialect: Dialect, sql: &str) -> Summary {
    let tokens: Vec<_> = Scan::new(sql, dialect).collect();
    let mut reader =
        Reader { tokens: &tokens, at: 0, parts: Vec::new(), operations: 0, ctes: Vec::new(), functions: vec![] };
    reader.read();
    let Reader { parts, operations, .. } = reader;

    let mut summary = Summary::default();
    let mut names: Vec<&str> = Vec::new();
    for part in &parts {
        match part {
            Part::Operation(name) => {
                push(&mut summary.text, name);
                if operations == 1 {
                    summary.operation = Some(name.to_string());
                }
            }
            Part::Target(name) => {
                push(&mut summary.text, name);
                // Whether there is one or more is all that is asked.
                if names.len() < 2 && !names.contains(name) {
                    names.push(name);
                }
            }
        }
    }
    if let [one] = names[..] {
        summary.collection = Some(one.to_owned());
    }
    // What looks like a parameter is an operator of some other database.
    summary.parameters = dialect != Dialect::Other && tokens.iter().any(|(token, _)| *token == Token::Parameter);
    summary.sanitized = sanitize(sql, &tokens);
    summary
}

impl Summary {
    /// The text of the summary.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn summary(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(&self.text)
    }

    /// The operation, when there is only one.
    pub fn operation(&self) -> Option<&str> {
        self.operation.as_deref()
    }

    /// What it is done to, when that is only one.
    pub fn collection(&self) -> Option<&str> {
        self.collection.as_deref()
    }

    /// The statement as it can be recorded, if not as written: one without parameters holds its values itself.
    pub(crate) fn sanitized(&self) -> Option<&str> {
        if self.parameters { None } else { self.without_literals() }
    }

    /// The statement without its literals, if it has any.
    pub(crate) fn without_literals(&self) -> Option<&str> {
        self.sanitized.as_deref()
    }

    pub(crate) fn span_name<'a>(&'a self, system: &'a str) -> &'a str {
        self.summary().unwrap_or(system)
    }
}

fn push(text: &mut String, word: &str) {
    // Whole words only: a name that is cut off would be another name.
    if text.chars().count() + 1 + word.chars().count() <= MAX_LENGTH {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
}

type Spanned<'a> = (Token<'a>, std::ops::Range<usize>);

fn sanitize(sql: &str, tokens: &[Spanned<'_>]) -> Option<String> {
    let literals = tokens.iter().any(|(token, _)| *token == Token::Literal);
    let ends = std::iter::once(0).chain(tokens.iter().map(|(_, range)| range.end));
    let starts = tokens.iter().map(|(_, range)| range.start).chain([sql.len()]);
    let comments = ends.zip(starts).any(|(end, start)| !sql[end..start].trim().is_empty());
    if !literals && !comments {
        return None;
    }
    let mut text = String::with_capacity(sql.len());
    let mut end = 0;
    for (token, range) in tokens {
        let between = &sql[end..range.start];
        if between.trim().is_empty() {
            text.push_str(between);
        } else {
            text.push(' ');
        }
        text.push_str(if *token == Token::Literal { "?" } else { &sql[range.clone()] });
        end = range.end;
    }
    Some(text.trim().to_owned())
}

enum Part<'a> {
    Operation(Cow<'static, str>),
    Target(&'a str),
}

/// Words that begin an operation wherever they stand as a keyword.
const ANYWHERE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"];

/// Words that begin an operation where a statement begins.
const AT_START: &[&str] = &[
    "ABORT",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DETACH",
    "DISCARD",
    "DO",
    "END",
    "EXECUTE",
    "EXPLAIN",
    "FETCH",
    "GRANT",
    "LISTEN",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "VACUUM",
    "VALUES",
];

/// Words that stand between an operation and the kind of thing that is made, changed or dropped.
const ADJECTIVES: &[&str] = &["OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "GLOBAL", "LOCAL", "FOREIGN"];

/// Words that stand between the kind of a thing and its name.
const FILLERS: &[&str] = &["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY", "TABLE"];

/// Functions whose arguments have a `FROM` of their own.
const FROM_INSIDE: &[&str] = &["EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"];

struct Reader<'a, 't> {
    tokens: &'t [Spanned<'a>],
    at: usize,
    parts: Vec<Part<'a>>,
    operations: usize,
    /// Names that the statement gives to its own subqueries.
    ctes: Vec<&'a str>,
    /// For each open parenthesis, whether a `FROM` in it belongs to a function.
    functions: Vec<bool>,
}

impl<'a> Reader<'a, '_> {
    fn token(&self, at: usize) -> Option<Token<'a>> {
        self.tokens.get(at).map(|(token, _)| *token)
    }

    fn word(&self, at: usize) -> Option<&'a str> {
        match self.token(at)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is(&self, at: usize, keyword: &str) -> bool {
        self.word(at).is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    fn is_other(&self, at: usize, byte: u8) -> bool {
        self.token(at) == Some(Token::Other(byte))
    }

    fn read(&mut self) {
        let mut start = true;
        while let Some(token) = self.token(self.at) {
            match token {
                Token::Other(b';') => {
                    self.at += 1;
                    start = true;
                    continue;
                }
                Token::Other(b'(') => {
                    let function = self.at > 0 && FROM_INSIDE.iter().any(|name| self.is(self.at - 1, name));
                    self.functions.push(function);
                    self.at += 1;
                }
                Token::Other(b')') => {
                    self.functions.pop();
                    self.at += 1;
                }
                Token::Word(word) => {
                    self.keyword(word, start);
                    // EXPLAIN and its kind go before a statement.
                    start = start
                        && ["EXPLAIN", "ANALYZE", "VERBOSE", "PREPARE"].iter().any(|k| word.eq_ignore_ascii_case(k));
                    continue;
                }
                _ => self.at += 1,
            }
            start = false;
        }
    }

    fn keyword(&mut self, word: &'a str, start: bool) {
        let before = self.at.checked_sub(1);
        let previous = before.and_then(|before| self.word(before)).unwrap_or_default();
        let after = |keyword: &str| previous.eq_ignore_ascii_case(keyword);
        let keyword = word.to_ascii_uppercase();
        self.at += 1;
        match keyword.as_str() {
            "WITH" if start => self.name_ctes(),
            // FOR UPDATE, DO UPDATE, ON DELETE and the like are clauses.
            "UPDATE" | "DELETE" | "SELECT" | "INSERT"
                if ["FOR", "ON", "DO", "KEY", "THEN", "OF", "BEFORE", "AFTER"].iter().any(|k| after(k)) && !start => {}
            "UPDATE" => {
                self.operation(keyword);
                if self.is(self.at, "OR") {
                    self.at += 2;
                }
                self.target(false);
            }
            "INTO" | "USING" if keyword == "INTO" || self.is_merge() => self.target(false),
            "FROM" if after("DISTINCT") || self.functions.last() == Some(&true) => {}
            "FROM" | "JOIN" => self.targets(),
            "CREATE" | "DROP" | "ALTER" if start => self.definition(&keyword),
            "TRUNCATE" | "LOCK" | "ANALYZE" | "VACUUM" | "COPY" | "CALL" | "REINDEX" if start => {
                self.operation(keyword);
                self.target(false);
            }
            _ if ANYWHERE.contains(&keyword.as_str()) || (start && AT_START.contains(&keyword.as_str())) => {
                self.operation(keyword);
            }
            _ => {}
        }
    }

    fn is_merge(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Operation(name)) if name == "MERGE")
    }

    fn operation(&mut self, name: String) {
        self.operations += 1;
        self.parts.push(Part::Operation(Cow::Owned(name)));
    }

    /// `CREATE TABLE books`, `DROP INDEX IF EXISTS books_isbn`
    fn definition(&mut self, operation: &str) {
        while ADJECTIVES.iter().any(|adjective| self.is(self.at, adjective)) {
            self.at += 1;
        }
        match self.word(self.at) {
            Some(kind) => {
                self.at += 1;
                self.operation(format!("{operation} {}", kind.to_ascii_uppercase()));
                self.target(false);
            }
            None => self.operation(operation.to_owned()),
        }
    }

    /// A target and those that commas join to it.
    fn targets(&mut self) {
        loop {
            self.target(true);
            // An alias, then perhaps a comma and another.
            let mut ahead = self.at;
            if self.is(ahead, "AS") {
                ahead += 1;
            }
            if self.word(ahead).is_some() {
                ahead += 1;
            }
            let comma = [self.at, ahead].into_iter().find(|at| self.is_other(*at, b','));
            match comma {
                Some(comma) if self.word(comma + 1).is_some() => self.at = comma + 1,
                _ => return,
            }
        }
    }

    /// The name that stands next, unless it is a subquery or, where those can stand, a function.
    fn target(&mut self, functions: bool) {
        while FILLERS.iter().chain(&["LATERAL"]).any(|filler| self.is(self.at, filler)) {
            self.at += 1;
        }
        let Some(name) = self.word(self.at) else { return };
        if functions && self.is_other(self.at + 1, b'(') {
            return;
        }
        if name.eq_ignore_ascii_case("SELECT") || name.eq_ignore_ascii_case("SET") {
            return;
        }
        self.at += 1;
        if !self.ctes.iter().any(|cte| cte.eq_ignore_ascii_case(name)) {
            self.parts.push(Part::Target(unquoted(name)));
        }
    }

    /// Learns the names in `WITH a AS (..), b (x) AS (..)`, without moving.
    fn name_ctes(&mut self) {
        let mut depth = 0_usize;
        for at in self.at..self.tokens.len() {
            match self.tokens[at].0 {
                Token::Other(b'(') => depth += 1,
                Token::Other(b')') => depth = depth.saturating_sub(1),
                Token::Word(word) if depth == 0 => {
                    if ANYWHERE.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) {
                        return;
                    }
                    if self.is(at + 1, "AS") || self.is_other(at + 1, b'(') {
                        self.ctes.push(word);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A name without its quotes, unless it needs them.
fn unquoted(name: &str) -> &str {
    let inner = name.strip_prefix(['"', '`']).and_then(|name| name.strip_suffix(['"', '`']));
    match inner {
        Some(inner) if inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => inner,
        _ => name,
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
