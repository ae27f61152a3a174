//! SQL cut into tokens: as much of the language as telling names from literals takes.

/// One token of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or a name, dotted and quoted parts included, as written.
    Word(&'a str),
    /// A literal: a string or a number.
    Literal,
    /// The place of a parameter: `$1`, `?`, `:name`.
    Parameter,
    /// Any other character.
    Other(u8),
}

/// What tokens look like, which is up to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    PostgreSql,
    MySql,
    Sqlite,
    /// Not known: what could be a literal is one, and what could be a parameter may be none.
    Other,
}

impl Dialect {
    /// That of a `db.system.name`.
    pub(super) fn of(system: &str) -> Self {
        match system {
            "postgresql" | "cockroachdb" | "aws.redshift" => Self::PostgreSql,
            "mysql" | "mariadb" => Self::MySql,
            "sqlite" => Self::Sqlite,
            _ => Self::Other,
        }
    }

    fn is_parameter(self, first: u8, next: u8) -> bool {
        match (self, first) {
            (Self::PostgreSql, _) => first == b'$' && next.is_ascii_digit(),
            (Self::MySql, _) => first == b'?',
            (_, b'?') => true,
            // An array's slice and a cast are none.
            (_, b':' | b'@') => is_word_start(next),
            (_, b'$') => is_word(next),
            _ => false,
        }
    }

    /// What stands around names.
    fn quotes_name(self, quote: u8) -> bool {
        match quote {
            b'"' => self != Self::MySql,
            b'`' => self != Self::PostgreSql,
            _ => false,
        }
    }

    /// Whether a name in double quotes that names nothing is taken for a string, as SQLite does.
    fn guesses(self) -> bool {
        matches!(self, Self::Sqlite | Self::Other)
    }
}

/// Where the tokens stand, as far as it tells names in double quotes from strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind `FROM` and its kind: names, up to a parenthesis.
    Tables,
    /// Behind `INTO` and its kind: a name and the names of its columns.
    Columns,
    Values,
}

/// Cuts `sql` into tokens, each with the bytes that it stands at. Comments and white space are left out.
pub(super) struct Scan<'a> {
    sql: &'a str,
    at: usize,
    dialect: Dialect,
    place: Place,
}

impl<'a> Scan<'a> {
    pub(super) fn new(sql: &'a str, dialect: Dialect) -> Self {
        Self { sql, at: 0, dialect, place: Place::Values }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.sql.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Moves over the bytes that `accept` accepts.
    fn run(&mut self, accept: impl Fn(u8) -> bool) {
        while self.at < self.sql.len() && accept(self.peek(0)) {
            self.at += 1;
        }
    }

    /// Moves to behind the next `end`, or to the end of the text.
    fn past(&mut self, end: &str) {
        self.at = self.sql.as_bytes()[self.at..]
            .windows(end.len())
            .position(|window| window == end.as_bytes())
            .map_or(self.sql.len(), |found| self.at + found + end.len());
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            self.run(|byte| byte.is_ascii_whitespace());
            match (self.peek(0), self.peek(1)) {
                // MySQL wants a blank behind them.
                (b'-', b'-') if self.dialect != Dialect::MySql || self.peek(2) <= b' ' => self.past("\n"),
                (b'#', _) if self.dialect == Dialect::MySql => self.past("\n"),
                (b'/', b'*') => self.block_comment(),
                _ => return,
            }
        }
    }

    /// They nest, but for those of MySQL and SQLite.
    fn block_comment(&mut self) {
        let nest = matches!(self.dialect, Dialect::PostgreSql | Dialect::Other);
        let mut depth = 0;
        while self.at < self.sql.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') if nest || depth == 0 => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A string. What a backslash means where the database is not known is not known, either: all behind it is taken for a
    /// part of the string.
    fn string(&mut self, quote: u8, backslashes: bool) {
        let start = self.at;
        self.quoted(quote, backslashes || self.dialect == Dialect::MySql);
        if self.dialect == Dialect::Other && !backslashes {
            let text = &self.sql.as_bytes()[start..self.at];
            if text.windows(2).any(|pair| pair == [b'\\', quote]) {
                self.at = self.sql.len();
            }
        }
    }

    /// From an opening quote to behind its closing one; a doubled quote stands for itself.
    fn quoted(&mut self, quote: u8, backslashes: bool) {
        self.at += 1;
        while self.at < self.sql.len() {
            let byte = self.peek(0);
            self.at += 1;
            if byte == b'\\' && backslashes {
                self.at += 1;
            } else if byte == quote {
                if self.peek(0) != quote {
                    break;
                }
                self.at += 1;
            }
        }
        // A backslash at the very end.
        self.at = self.at.min(self.sql.len());
    }

    /// `$$text$$` and `$tag$text$tag$`; `false` when it is neither.
    fn dollar_quoted(&mut self) -> bool {
        let rest = &self.sql[self.at..];
        let Some(length) = rest[1..].find('$').map(|end| end + 2) else { return false };
        let tag = &rest[..length];
        if !tag[1..length - 1].bytes().all(is_word) {
            return false;
        }
        self.at += length;
        self.past(tag);
        true
    }

    /// A name and the parts that dots join to it; `true` if it is a single one in double quotes.
    fn word(&mut self) -> bool {
        let in_quotes = self.peek(0) == b'"';
        let mut single = true;
        loop {
            match self.peek(0) {
                quote @ (b'"' | b'`') if self.dialect.quotes_name(quote) => self.quoted(quote, false),
                _ => self.run(|byte| is_word(byte) || byte == b'$'),
            }
            let next = self.peek(1);
            if self.peek(0) != b'.' || !(is_word_start(next) || self.dialect.quotes_name(next)) {
                return in_quotes && single;
            }
            self.at += 1;
            single = false;
        }
    }

    /// Follows what the keyword `word` says of names in double quotes behind it.
    fn enter(&mut self, word: &str) {
        const TABLES: &[&str] = &["FROM", "JOIN", "UPDATE"];
        const COLUMNS: &[&str] = &["INTO", "TABLE", "INDEX", "VIEW", "TRIGGER", "REFERENCES"];
        const VALUES: &[&str] = &[
            "AND",
            "BETWEEN",
            "BY",
            "CASE",
            "CHECK",
            "DEFAULT",
            "ELSE",
            "GLOB",
            "HAVING",
            "IN",
            "IS",
            "LIKE",
            "LIMIT",
            "MATCH",
            "NOT",
            "OFFSET",
            "ON",
            "OR",
            "REGEXP",
            "RETURNING",
            "SELECT",
            "SET",
            "THEN",
            "USING",
            "VALUES",
            "WHEN",
            "WHERE",
        ];
        let any = |words: &[&str]| words.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
        if any(TABLES) {
            self.place = Place::Tables;
        } else if any(COLUMNS) {
            self.place = Place::Columns;
        // IF NOT EXISTS stands before a name.
        } else if any(VALUES) && !(self.place == Place::Columns && word.eq_ignore_ascii_case("NOT")) {
            self.place = Place::Values;
        }
    }

    fn number(&mut self) {
        loop {
            self.run(|byte| is_word(byte) || byte == b'.');
            let exponent = matches!(self.sql.as_bytes()[self.at - 1], b'e' | b'E');
            if !exponent || !matches!(self.peek(0), b'+' | b'-') || !self.peek(1).is_ascii_digit() {
                return;
            }
            self.at += 1;
        }
    }
}

/// Bytes beyond ASCII are letters.
fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit()
}

impl<'a> Iterator for Scan<'a> {
    type Item = (Token<'a>, std::ops::Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blanks_and_comments();
        let start = self.at;
        if start >= self.sql.len() {
            return None;
        }
        let token = match (self.peek(0), self.peek(1)) {
            (b'\'', _) => {
                self.string(b'\'', false);
                Token::Literal
            }
            (b'"', _) if self.dialect == Dialect::MySql => {
                self.string(b'"', false);
                Token::Literal
            }
            (prefix @ (b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N'), b'\'') => {
                self.at += 1;
                self.string(b'\'', matches!(prefix, b'e' | b'E') && self.dialect != Dialect::Sqlite);
                Token::Literal
            }
            (b'$', _) if matches!(self.dialect, Dialect::PostgreSql | Dialect::Other) && self.dollar_quoted() => {
                Token::Literal
            }
            (first, next) if self.dialect.is_parameter(first, next) => {
                self.at += 1;
                self.run(is_word);
                Token::Parameter
            }
            (b':', b':' | b'=') => {
                self.at += 2;
                Token::Other(b':')
            }
            (digit, next) if digit.is_ascii_digit() || (digit == b'.' && next.is_ascii_digit()) => {
                self.at += 1;
                self.number();
                Token::Literal
            }
            (first, _) if is_word_start(first) || self.dialect.quotes_name(first) => {
                let in_quotes = self.word();
                let word = &self.sql[start..self.at];
                if in_quotes && self.dialect.guesses() && self.place == Place::Values {
                    Token::Literal
                } else {
                    self.enter(word);
                    Token::Word(word)
                }
            }
            (other, _) => {
                if matches!(other, b'=' | b'<' | b'>' | b'|') || (other == b'(' && self.place == Place::Tables) {
                    self.place = Place::Values;
                }
                self.at += 1;
                Token::Other(other)
            }
        };
        Some((token, start..self.at))
    }
}
