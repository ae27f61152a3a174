//! `#[cfg_attr(.., traced(..))]` on what an annotated block or module holds.

use traced::testing::capture;
use traced::traced;

struct Repo;

#[traced(prefix = "repo.")]
#[allow(clippy::unused_self)]
impl Repo {
    fn plain(&self) {}
    #[cfg_attr(not(windows), traced(skip))]
    fn skipped(&self) {}
    #[cfg_attr(windows, traced(skip))]
    fn kept(&self) {}
    #[cfg_attr(not(windows), inline, traced(name = "renamed"))]
    fn refined(&self) {}
}

#[traced]
mod inside {
    #[cfg_attr(not(windows), traced(skip))]
    pub(crate) mod skipped {
        pub(crate) fn function() {}
    }
    #[cfg_attr(not(windows), traced(prefix = "kept."))]
    pub(crate) mod kept {
        pub(crate) fn function() {}
    }
}

#[test]
fn what_holds_under_a_condition_is_said_under_that_condition() {
    let (_, spans) = capture(|| {
        Repo.plain();
        Repo.skipped();
        Repo.kept();
        Repo.refined();
        inside::skipped::function();
        inside::kept::function();
    });
    assert_eq!(super::names(&spans), ["repo.plain", "repo.kept", "renamed", "kept.function"]);
}
