//! What a function is called where its code is: `bookstore::store::Store::get`.

use std::any::type_name;
use std::sync::OnceLock;

/// The fully qualified name of a function, with its type: asked of the compiler when it is first needed, since a macro sees
/// no more of a method than the method.
#[derive(Debug)]
pub struct FunctionName {
    marker: fn() -> &'static str,
    name: OnceLock<String>,
}

/// The path of `function` as the compiler writes it.
pub fn path_of<F>(_: &F) -> &'static str {
    type_name::<F>()
}

impl FunctionName {
    /// The function that `marker`, which gives the path of itself, stands in.
    pub const fn new(marker: fn() -> &'static str) -> Self {
        Self { marker, name: OnceLock::new() }
    }

    /// The name, as the semantic conventions have it: the path of the type or module, and that of the function in it.
    pub fn get(&'static self) -> &'static str {
        self.name.get_or_init(|| tidy((self.marker)()))
    }
}

/// What stands in a function around its marker.
const GENERATED: [&str; 3] = ["::__TRACED::MORE", "::__TRACED", "::{{closure}}"];

/// The function that `marker` stands in: types without their arguments, and without the trait that a method belongs to.
fn tidy(marker: &str) -> String {
    let mut path = marker.rsplit_once("::").map_or(marker, |(path, _)| path);
    while let Some(outer) = GENERATED.iter().find_map(|generated| path.strip_suffix(generated)) {
        path = outer;
    }
    // `<Type as Trait>::method`, `module::<impl Type>::method`, `module::<impl Trait for Type>::method`
    let tidied = match path.split_once("<impl ").or_else(|| path.strip_prefix('<').map(|rest| ("", rest))) {
        Some((before, rest)) if before.is_empty() || before.ends_with("::") => {
            let (inside, method) = rest.split_at(closing(rest));
            let ty = outside(inside, " as ").map_or(inside, |at| &inside[..at]);
            let ty = outside(ty, " for ").map_or(ty, |at| &ty[at + " for ".len()..]);
            format!("{}{}", without_arguments(ty), without_arguments(method.strip_prefix('>').unwrap_or(method)))
        }
        _ => without_arguments(path),
    };
    // Of what is no path (a tuple, a slice, a trait object) the compiler's own words are the clearest.
    let is_path = tidied.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    if is_path { tidied } else { path.to_owned() }
}

/// Where the `>` is that ends what `text` begins inside of.
fn closing(text: &str) -> usize {
    outside(text, ">").unwrap_or(text.len())
}

/// Where `wanted` first stands outside of all angle brackets.
fn outside(text: &str, wanted: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        if depth == 0 && text[at..].starts_with(wanted) && previous != '-' {
            return Some(at);
        }
        match c {
            '<' => depth += 1,
            // Not that of an arrow.
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = c;
    }
    None
}

/// `path::Type<A>::method` as `path::Type::method`.
fn without_arguments(path: &str) -> String {
    let mut rest = path;
    let mut kept = String::with_capacity(path.len());
    while let Some((before, inside)) = rest.split_once('<') {
        kept.push_str(before);
        let at = closing(inside);
        rest = inside[at..].strip_prefix('>').unwrap_or_default();
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn the_path_of_a_marker_is_that_of_the_function_around_it() {
        for (marker, function) in [
            ("shop::free::marker", "shop::free"),
            ("shop::free::__TRACED::MORE::marker", "shop::free"),
            ("shop::Repo<_, N>::get::{{closure}}::__TRACED::marker", "shop::Repo::get"),
            ("shop::Plain<'_>::get::marker", "shop::Plain::get"),
            ("<shop::Plain<'_> as core::clone::Clone>::clone::marker", "shop::Plain::clone"),
            ("<shop::Repo<_, 1> as core::ops::Add<shop::Repo<_, 2>>>::add::marker", "shop::Repo::add"),
            ("shop::other::<impl shop::Repo<u8, 3>>::elsewhere::marker", "shop::Repo::elsewhere"),
            ("shop::other::<impl shop::Tr<u8> for shop::Repo<u8, 3>>::elsewhere::marker", "shop::Repo::elsewhere"),
            ("shop::Tr::default::marker", "shop::Tr::default"),
            ("<(i32, &str) as shop::Tr>::get::marker", "<(i32, &str) as shop::Tr>::get"),
            (
                "<alloc::boxed::Box<dyn core::ops::Fn(_) -> u8> as shop::Tr<fn() -> u8>>::get::marker",
                "alloc::boxed::Box::get",
            ),
        ] {
            assert_eq!(tidy(marker), function, "{marker}");
        }
    }
}
