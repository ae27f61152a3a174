//! Paths that get no span.

/// A path, or all paths that begin with a prefix.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Exact(String),
    Prefix(String),
}

impl Pattern {
    /// `/health` is that path alone; `/static/*` is every path that begins with `/static/`.
    pub(super) fn new(pattern: &str) -> Self {
        match pattern.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(pattern.to_owned()),
        }
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_path_hides_itself_alone() {
        let health = Pattern::new("/health");
        assert!(health.matches("/health"));
        assert!(!health.matches("/healthz") && !health.matches("/health/") && !health.matches("/a/health"));
    }

    #[test]
    fn a_prefix_hides_what_is_beneath() {
        let files = Pattern::new("/static/*");
        assert!(files.matches("/static/a/b.css") && files.matches("/static/"));
        assert!(!files.matches("/static") && !files.matches("/statics/a"));
    }
}
