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
            let variant = |variant: &syn::Variant, errors: &mut Errors| {
                let own = Options::parse(&variant.attrs, errors);
                let ident = &variant.ident;
                arm(&quote!(#name::#ident), ident, &variant.fields, own, &private, errors)
            };
            data.variants.iter().map(|v| variant(v, &mut errors)).collect()
        }
        Data::Struct(data) => vec![arm(&quote!(#name), name, &data.fields, options, &private, &mut errors)],
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
    private: &TokenStream,
    errors: &mut Errors,
) -> Arm {
    if let Some(span) = options.transparent {
        if options.name.is_some() || options.expected {
            errors.at(span, "`transparent` takes everything from the error inside: nothing can stand beside it");
        }
        if fields.len() != 1 {
            errors.at(span, "`transparent` needs exactly one field, the error inside");
            return arm(path, ident, fields, Options::default(), private, errors);
        }
        let pattern = match fields {
            Fields::Named(fields) => {
                let field = fields.named.first().and_then(|f| f.ident.clone());
                quote!(#path { #field: inner })
            }
            _ => quote!(#path(inner)),
        };
        let sensitive = options.sensitive;
        return Arm {
            error_type: quote!(#pattern => #private::ErrorType::error_type(inner),),
            expected: quote!(#pattern => #private::ErrorType::is_expected(inner),),
            sensitive: quote!(#pattern => #sensitive || #private::ErrorType::is_sensitive(inner),),
        };
    }
    let name = options.name.unwrap_or_else(|| LitStr::new(&snake_case(&ident.unraw().to_string()), ident.span()));
    let (expected, sensitive) = (options.expected, options.sensitive);
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
                        options.name = Some(name);
                        return Ok(());
                    }
                    let word = input.call(Ident::parse_any)?;
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
    use super::snake_case;

    #[test]
    fn variants_are_named_in_snake_case() {
        assert_eq!(snake_case("NotFound"), "not_found");
        assert_eq!(snake_case("HTTPError"), "http_error");
        assert_eq!(snake_case("Io"), "io");
    }
}
