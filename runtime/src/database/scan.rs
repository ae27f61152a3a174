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

/// Cuts `sql` into tokens, each with the bytes that it stands at. Comments and white space are left out.
pub(super) struct Scan<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(sql: &'a str) -> Self {
        Self { sql, at: 0 }
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
                (b'-', b'-') => self.past("\n"),
                (b'/', b'*') => self.block_comment(),
                _ => return,
            }
        }
    }

    /// PostgreSQL's nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.sql.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
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

    /// A name and the parts that dots join to it.
    fn word(&mut self) {
        loop {
            match self.peek(0) {
                quote @ (b'"' | b'`') => self.quoted(quote, false),
                _ => self.run(is_word),
            }
            let next = self.peek(1);
            if self.peek(0) != b'.' || !(is_word_start(next) || matches!(next, b'"' | b'`')) {
                return;
            }
            self.at += 1;
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
                self.quoted(b'\'', false);
                Token::Literal
            }
            (prefix @ (b'e' | b'E' | b'b' | b'B' | b'x' | b'X' | b'n' | b'N'), b'\'') => {
                self.at += 1;
                self.quoted(b'\'', matches!(prefix, b'e' | b'E'));
                Token::Literal
            }
            (b'$', digit) if digit.is_ascii_digit() => {
                self.at += 1;
                self.run(|byte| byte.is_ascii_digit());
                Token::Parameter
            }
            (b'$', _) if self.dollar_quoted() => Token::Literal,
            (b'?', _) => {
                self.at += 1;
                self.run(|byte| byte.is_ascii_digit());
                Token::Parameter
            }
            // A cast is no parameter, nor is an array's slice.
            (b':', b':' | b'=') => {
                self.at += 2;
                Token::Other(b':')
            }
            (b':' | b'@' | b'$', next) if is_word_start(next) => {
                self.at += 1;
                self.run(is_word);
                Token::Parameter
            }
            (digit, next) if digit.is_ascii_digit() || (digit == b'.' && next.is_ascii_digit()) => {
                self.at += 1;
                self.number();
                Token::Literal
            }
            (first, _) if is_word_start(first) || matches!(first, b'"' | b'`') => {
                self.word();
                Token::Word(&self.sql[start..self.at])
            }
            (other, _) => {
                self.at += 1;
                Token::Other(other)
            }
        };
        Some((token, start..self.at))
    }
}
