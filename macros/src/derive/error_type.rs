//! `#[derive(ErrorType)]`: an error that says what kind it is.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Path, Token};

use crate::errors::Errors;
use crate::expand::private;
use crate::{list, words};

const OPTIONS: &[&str] = &["expected", "sensitive", "transparent", "crate"];

#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    expected: bool,
    sensitive: bool,
    transparent: Option<proc_macro2::Span>,
    krate: Option<Path>,
}

/// What is said of all variants at once.
#[derive(Default, Clone, Copy)]
struct Whole {
    expected: bool,
    sensitive: bool,
}

/// One arm of each of the three methods.
struct Arm {
    error_type: TokenStream,
    expected: TokenStream,
    sensitive: TokenStream,
}

pub fn error_type(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let options = Options::parse(&input.attrs, &mut errors);
    let private = private(options.krate.as_ref());
    let name = &input.ident;
    let arms: Vec<Arm> = match &input.data {
        Data::Enum(data) => {
            if let Some(name) = &options.name {
                errors.on(name, "an enum's kinds are those of its variants: put this on each of them");
            }
            if let Some(span) = options.transparent {
                errors.at(span, "an enum has no one error inside: put `transparent` on the variants that have");
            }
            // What is said of the enum holds for each of its variants.
            let whole = Whole { expected: options.expected, sensitive: options.sensitive };
            let variant = |variant: &syn::Variant, errors: &mut Errors| {
                let own = Options::parse(&variant.attrs, errors);
                if let Some(path) = &own.krate {
                    errors.on(path, "`crate` belongs on the enum, not on a variant");
                }
                let ident = &variant.ident;
                arm(&quote!(#name::#ident), ident, &variant.fields, own, whole, &private, errors)
            };
            data.variants.iter().map(|v| variant(v, &mut errors)).collect()
        }
        Data::Struct(data) => {
            vec![arm(&quote!(#name), name, &data.fields, options, Whole::default(), &private, &mut errors)]
        }
        Data::Union(data) => {
            errors.on(data.union_token, "`ErrorType` can be derived for an enum or a struct");
            Vec::new()
        }
    };
    let error_types = arms.iter().map(|arm| &arm.error_type);
    let expecteds = arms.iter().map(|arm| &arm.expected);
    let sensitives = arms.iter().map(|arm| &arm.sensitive);
    let body = |arms: TokenStream| if arms.is_empty() { quote!(match *self {}) } else { quote!(match self { #arms }) };
    let (error_types, expecteds, sensitives) =
        (body(quote!(#(#error_types)*)), body(quote!(#(#expecteds)*)), body(quote!(#(#sensitives)*)));
    let errors = errors.into_tokens();
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #errors
        #[automatically_derived]
        impl #generics #private::ErrorType for #name #arguments #bounds {
            fn error_type(&self) -> &#private::core::primitive::str { #error_types }
            fn is_expected(&self) -> #private::core::primitive::bool { #expecteds }
            fn is_sensitive(&self) -> #private::core::primitive::bool { #sensitives }
        }
    }
}

fn arm(
    path: &TokenStream,
    ident: &Ident,
    fields: &Fields,
    options: Options,
    whole: Whole,
    private: &TokenStream,
    errors: &mut Errors,
) -> Arm {
    if let Some(span) = options.transparent {
        if options.name.is_some() || options.expected {
            errors.at(span, "`transparent` takes everything from the error inside: nothing can stand beside it");
        }
        if fields.len() != 1 {
            errors.at(span, "`transparent` needs exactly one field, the error inside");
            return arm(path, ident, fields, Options::default(), whole, private, errors);
        }
        let pattern = match fields {
            Fields::Named(fields) => {
                let field = fields.named.first().and_then(|f| f.ident.clone());
                // The parser lets it pass, the compiler does not.
                if let Some(field) = field.as_ref().filter(|field| *field == "_") {
                    errors.on(field, "a field needs a name");
                    return arm(path, ident, &Fields::Unit, Options::default(), whole, private, errors);
                }
                quote!(#path { #field: inner })
            }
            _ => quote!(#path(inner)),
        };
        let (expected, sensitive) = (whole.expected, options.sensitive || whole.sensitive);
        return Arm {
            error_type: quote!(#pattern => #private::ErrorType::error_type(inner),),
            expected: quote!(#pattern => #expected || #private::ErrorType::is_expected(inner),),
            sensitive: quote!(#pattern => #sensitive || #private::ErrorType::is_sensitive(inner),),
        };
    }
    let name = options.name.unwrap_or_else(|| LitStr::new(&snake_case(&ident.unraw().to_string()), ident.span()));
    let (expected, sensitive) = (options.expected || whole.expected, options.sensitive || whole.sensitive);
    Arm {
        error_type: quote!(#path { .. } => #name,),
        expected: quote!(#path { .. } => #expected,),
        sensitive: quote!(#path { .. } => #sensitive,),
    }
}

impl Options {
    fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        for attribute in attrs.iter().filter(|a| a.path().is_ident("error_type")) {
            let syn::Meta::List(meta) = &attribute.meta else {
                errors.on(attribute, "expected `#[error_type(\"kind\")]`");
                continue;
            };
            let parser = |input: ParseStream<'_>| {
                list::parse(input, errors, |input, errors| {
                    if input.peek(LitStr) {
                        let name: LitStr = input.parse()?;
                        if name.value().is_empty() {
                            errors.on(&name, "a kind of error must not be empty");
                        }
                        if options.name.is_some() {
                            errors.on(&name, "one error has one kind: a second one is given");
                        }
                        options.name = Some(name);
                        return Ok(());
                    }
                    let word = input.call(Ident::parse_any)?;
                    let twice = match word.to_string().as_str() {
                        "expected" => options.expected,
                        "sensitive" => options.sensitive,
                        "transparent" => options.transparent.is_some(),
                        "crate" => options.krate.is_some(),
                        _ => false,
                    };
                    if twice {
                        errors.at(word.span(), format!("`{word}` is given twice"));
                    }
                    match word.to_string().as_str() {
                        "expected" => options.expected = true,
                        "sensitive" => options.sensitive = true,
                        "transparent" => options.transparent = Some(word.span()),
                        "crate" => {
                            input.parse::<Token![=]>()?;
                            options.krate = Some(input.call(Path::parse_mod_style)?);
                        }
                        other => return Err(syn::Error::new(word.span(), words::unknown("option", other, OPTIONS))),
                    }
                    Ok(())
                });
                Ok(())
            };
            if let Err(error) = parser.parse2(meta.tokens.clone()) {
                errors.at(error.span(), error);
            }
        }
        options
    }
}

/// `NotFound` to `not_found`
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous = '_';
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && previous != '_' && (!previous.is_uppercase() || next_is_lower) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        previous = c;
    }
    snake
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{error_type, snake_case};

    fn errors(item: proc_macro2::TokenStream) -> usize {
        error_type(item).to_string().matches("compile_error").count()
    }

    #[test]
    fn what_is_said_of_an_enum_holds_for_each_variant() {
        let expanded = error_type(quote!(
            #[error_type(sensitive, expected)]
            enum E {
                A,
                #[error_type(transparent)]
                B(Inner),
            }
        ));
        let expanded = expanded.to_string();
        assert!(!expanded.contains("compile_error"), "{expanded}");
        let is_sensitive = expanded.split("fn is_sensitive").nth(1).unwrap();
        assert!(is_sensitive.contains("E :: A { .. } => true"), "{is_sensitive}");
        assert!(is_sensitive.contains("E :: B (inner) => true ||"), "{is_sensitive}");
        let is_expected = expanded.split("fn is_expected").nth(1).unwrap();
        assert!(is_expected.contains("E :: A { .. } => true"), "{is_expected}");
        assert!(is_expected.contains("E :: B (inner) => true ||"), "{is_expected}");
    }

    #[test]
    fn options_in_the_wrong_place_or_twice_are_errors() {
        assert_eq!(
            errors(quote!(
                #[error_type(transparent)]
                enum E {
                    A(B),
                }
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                enum E {
                    #[error_type(crate = a::b)]
                    A,
                }
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                #[error_type("a", "b")]
                struct E;
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                #[error_type(sensitive)]
                #[error_type(sensitive)]
                struct E;
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                enum E {
                    #[error_type(expected, expected)]
                    A,
                }
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                enum E {
                    #[error_type(transparent, transparent)]
                    A(B),
                }
            )),
            1
        );
        assert_eq!(
            errors(quote!(
                #[error_type("a", sensitive, expected, crate = a::b)]
                struct E;
            )),
            0
        );
    }

    #[test]
    fn variants_are_named_in_snake_case() {
        assert_eq!(snake_case("NotFound"), "not_found");
        assert_eq!(snake_case("HTTPError"), "http_error");
        assert_eq!(snake_case("Io"), "io");
    }
}
