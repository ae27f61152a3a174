//! Parameters whose names say that they hold a secret.

use proc_macro2::Ident;
use syn::Expr;
use syn::ext::IdentExt;

use crate::errors::Errors;

/// Those for the keys of queries are in `runtime/src/propagation/url.rs`; a test holds them together.
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
    "passcode",
    "accesskey",
    "accesstoken",
    "authtoken",
    "awsaccesskeyid",
    "clientsecret",
    "idtoken",
    "refreshtoken",
    "sessiontoken",
];

const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("session", "key"),
    ("secret", "key"),
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

/// Adds an error if `expr` shows the whole of a variable whose name holds a secret's word, where nothing can be masked.
pub fn check(expr: &Expr, errors: &mut Errors) {
    let Some(name) = shown_variable(expr).map(IdentExt::unraw) else { return };
    if let Some(word) = word_in(&name.to_string()) {
        errors.on(
            expr,
            format!(
                "`{name}` would be recorded, and `{word}` says that it is a secret; leave it out, or write `{{ {name} }}` \
                 in braces if it is none"
            ),
        );
    }
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
        "as_deref_mut",
        "as_mut",
        "deref",
        "expect",
        "expose_secret",
        "into_inner",
        "trim",
        "trim_end",
        "trim_start",
        "unwrap",
        "unwrap_or",
        "unwrap_or_default",
        "unwrap_or_else",
    ];
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Reference(inner) => shown_variable(&inner.expr),
        Expr::Paren(inner) => shown_variable(&inner.expr),
        Expr::Group(inner) => shown_variable(&inner.expr),
        Expr::Unary(inner) => shown_variable(&inner.expr),
        Expr::Try(inner) => shown_variable(&inner.expr),
        Expr::Cast(inner) => shown_variable(&inner.expr),
        // A part of a secret is one, too.
        Expr::Index(inner) if matches!(*inner.index, Expr::Range(_)) => shown_variable(&inner.expr),
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
        for text in [
            "password.expose_secret()",
            "password.as_deref().unwrap_or(\"\")",
            "password.as_deref().unwrap_or_default()",
            "password.as_deref_mut()",
            "password.into_inner()",
            "password.trim_start().trim_end()",
            "&password[..4]",
            "password?",
            "password as u64",
        ] {
            assert_eq!(shown(text).as_deref(), Some("password"), "{text}");
        }
        assert_eq!(shown("passwords[0].length"), Some("length".to_owned()));
        assert_eq!(shown("{ password }"), None);
    }

    /// The string literals of `const NAME` in the runtime's list.
    fn in_urls(name: &str) -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/propagation/url.rs");
        let source = std::fs::read_to_string(path).expect("the runtime stands beside the macros");
        let (_, list) = source.split_once(&format!("const {name}:")).expect("the list");
        let (list, _) = list.split_once("];").expect("its end");
        list.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split('"').skip(1).step_by(2))
            .map(str::to_owned)
            .collect()
    }

    /// What is a secret in the query of a URL is one in a variable, and the other way round, but for what is meant otherwise.
    #[test]
    fn the_words_are_those_of_urls() {
        // Common in names that hold no secret, or personal and no secret: `signature`, `auth`, `session_id`, `email`.
        const OF_URLS_ALONE: &[&str] = &["auth", "email", "emails", "sessionid", "sig", "signature"];
        let mut words = in_urls("WORDS");
        words.retain(|word| !OF_URLS_ALONE.contains(&word.as_str()));
        words.sort();
        let mut own: Vec<&str> = WORDS.to_vec();
        own.sort_unstable();
        assert_eq!(own, words);
        const PAIRS_OF_URLS_ALONE: &[(&str, &str)] = &[("e", "mail"), ("session", "id")];
        let pairs = in_urls("PAIRS");
        let mut pairs: Vec<(&str, &str)> = pairs.chunks(2).map(|pair| (&*pair[0], &*pair[1])).collect();
        pairs.retain(|pair| !PAIRS_OF_URLS_ALONE.contains(pair));
        pairs.sort_unstable();
        let mut own = PAIRS.to_vec();
        own.sort_unstable();
        assert_eq!(own, pairs);
    }

    #[test]
    fn names_types_and_descriptions_are_checked() {
        let errors = |tokens: proc_macro2::TokenStream| {
            let mut errors = Errors::new();
            crate::args::Args::parse(tokens, &mut errors);
            errors.count()
        };
        assert_eq!(errors(quote::quote!(name = password)), 1);
        assert_eq!(errors(quote::quote!(name = login.token.clone())), 1);
        assert_eq!(errors(quote::quote!(name = { token })), 0);
        assert_eq!(errors(quote::quote!(err(|e| status = error(e.secret.as_str())))), 1);
        assert_eq!(errors(quote::quote!(err(|e| type = e.token))), 1);
        assert_eq!(errors(quote::quote!(err(|e| type = e.kind(), status = error(e.text)))), 0);
    }
}
