//! What the user's own code does wrong still fires, where it is written: each `expect` is a warning if it does not.

use traced::traced;

/// On statements of a plain function.
#[traced(attrs(n))]
#[must_use]
pub fn plain(n: i64) -> i64 {
    #[expect(unused_variables)]
    let unused = 1;
    #[expect(unused_mut)]
    let mut unchanged = n;
    #[expect(unused_must_use)]
    {
        String::new().trim();
    }
    #[expect(clippy::redundant_clone)]
    let copied = String::from("text").clone();
    #[expect(clippy::len_zero)]
    if copied.len() == 0 {
        return 0;
    }
    #[expect(unused_parens)]
    let sum = (1 + unchanged);
    sum
}

/// On statements of an asynchronous one.
#[traced(attrs(n))]
pub async fn asynchronous(n: i64) -> i64 {
    #[expect(unused_variables)]
    let unused = 1;
    #[expect(unused_must_use)]
    {
        std::future::ready(1);
    }
    #[expect(clippy::bool_comparison)]
    if (n > 1) == true {
        return 0;
    }
    #[expect(unreachable_code)]
    if n == 1 {
        return 1;
        let _ = n;
    }
    std::future::ready(n).await
}

/// On the whole of a function, as its signature has it.
#[traced]
#[expect(clippy::ptr_arg)]
#[must_use]
pub fn wrong_argument(text: &String) -> usize {
    text.len()
}

/// On an argument that neither the body nor the span uses.
#[traced]
pub fn unused_argument(#[expect(unused_variables)] n: i64) {}

/// On an argument that need not change.
#[traced]
#[must_use]
pub fn unchanged_argument(#[expect(unused_mut)] mut n: i64) -> i64 {
    n
}
