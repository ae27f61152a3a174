//! Parameters whose names say that they hold a secret.

use proc_macro2::Ident;
use syn::Expr;
use syn::ext::IdentExt;

const WORDS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "tokens",
    "authorization",
    "credential",
    "credentials",
    "bearer",
    "jwt",
    "cookie",
    "cookies",
    "otp",
    "cvv",
    "cvc",
    "ssn",
    "apikey",
];

const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("session", "key"),
];

/// The word in `name` that says it is a secret: whole words of its `snake_case`, so that `tokenizer` is none.
pub fn word_in(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let single = words.iter().find(|word| WORDS.contains(word)).map(|word| (*word).to_owned());
    let pair = || words.windows(2).find(|w| PAIRS.contains(&(w[0], w[1]))).map(|w| w.join("_"));
    single.or_else(pair)
}

/// What to say to one who captures `name`, if its name holds a secret's word.
pub fn refusal(name: &Ident) -> Option<String> {
    let name = name.unraw().to_string();
    let word = word_in(&name)?;
    Some(format!(
        "`{name}` would be recorded, and `{word}` says that it is a secret; mask it with `redact({name})`, leave it out, or \
         write `{{ {name} }}` in braces if it is none"
    ))
}

/// The variable whose whole content `expr` shows: `x`, `&x`, `*x`, `(x)`, `x.as_str()`, `x.clone()` and the like.
/// What is computed from a secret (`password.len()`) is not the secret.
pub fn shown_variable(expr: &Expr) -> Option<&Ident> {
    const TRANSPARENT: &[&str] = &[
        "as_str",
        "as_ref",
        "as_deref",
        "clone",
        "cloned",
        "to_owned",
        "to_string",
        "into",
        "borrow",
        "as_bytes",
        "deref",
        "trim",
    ];
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(inner) => shown_variable(&inner.expr),
        Expr::Paren(inner) => shown_variable(&inner.expr),
        Expr::Group(inner) => shown_variable(&inner.expr),
        Expr::Unary(inner) => shown_variable(&inner.expr),
        Expr::MethodCall(call) if TRANSPARENT.contains(&call.method.to_string().as_str()) => {
            shown_variable(&call.receiver)
        }
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name),
            syn::Member::Unnamed(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_snake_case_count() {
        assert_eq!(word_in("user_password").as_deref(), Some("password"));
        assert_eq!(word_in("api_key").as_deref(), Some("api_key"));
        assert_eq!(word_in("tokenizer"), None);
        assert_eq!(word_in("key"), None);
    }

    #[test]
    fn what_is_computed_from_a_secret_is_not_the_secret() {
        let shown = |text: &str| shown_variable(&syn::parse_str(text).unwrap()).map(ToString::to_string);
        assert_eq!(shown("&password").as_deref(), Some("password"));
        assert_eq!(shown("login.password.as_str()").as_deref(), Some("password"));
        assert_eq!(shown("password.len()"), None);
        assert_eq!(shown("{ password }"), None);
    }
}
