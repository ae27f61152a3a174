//! Colours, and whether a terminal wants them.

use std::io::IsTerminal;

use opentelemetry::trace::SpanKind;

use crate::telemetry::Environment;

/// How a piece of a line looks. The meaning never rests on it: without colour the text says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Bold,
    Dim,
    Error,
    Success,
    Event,
    Server,
    Client,
    Messaging,
    Internal,
}

impl Style {
    pub(super) fn of(kind: &SpanKind) -> Self {
        match kind {
            SpanKind::Server => Self::Server,
            SpanKind::Client => Self::Client,
            SpanKind::Producer | SpanKind::Consumer => Self::Messaging,
            SpanKind::Internal => Self::Internal,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Error => "1;31",
            Self::Success | Self::Server => "32",
            Self::Event => "33",
            Self::Client => "36",
            Self::Messaging => "35",
            Self::Internal => "34",
        }
    }

    /// Writes `text` in this style, or as it is.
    pub(super) fn paint(self, out: &mut String, text: &str, colour: bool) {
        let code = self.code();
        if !colour || code.is_empty() || text.is_empty() {
            out.push_str(text);
            return;
        }
        out.push_str("\x1b[");
        out.push_str(code);
        out.push('m');
        out.push_str(text);
        out.push_str("\x1b[0m");
    }
}

/// Whether stderr gets colours: a terminal does, unless [NO_COLOR](https://no-color.org) is set or the terminal is dumb;
/// `CLICOLOR_FORCE` gives them to files, too.
pub(super) fn wants_colour(environment: &Environment) -> bool {
    coloured(environment, std::io::stderr().is_terminal())
}

fn coloured(environment: &Environment, terminal: bool) -> bool {
    if environment.get("NO_COLOR").is_some() {
        return false;
    }
    if environment.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    terminal && environment.get("TERM").as_deref() != Some("dumb")
}

/// The columns of stderr: `COLUMNS`, or the terminal's, or 100.
pub(super) fn columns(environment: &Environment) -> usize {
    let said = environment.get("COLUMNS").and_then(|columns| columns.parse().ok());
    let asked = || terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0));
    said.or_else(asked).filter(|columns| *columns > 0).unwrap_or(super::DEFAULT_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::tests::environment;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert!(coloured(&environment(&[]), true));
        assert!(!coloured(&environment(&[]), false));
        assert!(!coloured(&environment(&[("TERM", "dumb")]), true));
        assert!(!coloured(&environment(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), true));
        assert!(coloured(&environment(&[("CLICOLOR_FORCE", "1")]), false));
        assert!(!coloured(&environment(&[("CLICOLOR_FORCE", "0")]), false));
    }

    #[test]
    fn the_width_is_what_columns_says() {
        assert_eq!(columns(&environment(&[("COLUMNS", "72")])), 72);
    }
}
