//! `#[derive(Attributes)]`: a struct as several attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, Fields, LitStr, Path, Token};

use crate::errors::Errors;
use crate::expand::private;
use crate::{list, secrets, words};

const ON_STRUCT: &[&str] = &["prefix", "crate"];
const ON_FIELD: &[&str] = &["rename", "skip", "redact", "nested", "%", "?"];

#[derive(Default)]
struct StructOptions {
    prefix: Option<LitStr>,
    krate: Option<Path>,
}

#[derive(Default)]
struct FieldOptions {
    rename: Option<LitStr>,
    form: Form,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Form {
    #[default]
    Typed,
    Display,
    Debug,
    Skipped,
    Redacted,
    Nested,
}

pub fn attributes(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let options = StructOptions::parse(&input.attrs, &mut errors);
    let private = private(options.krate.as_ref());
    let prefix = options.prefix.as_ref().map(LitStr::value).unwrap_or_default();
    let sink = Ident::new("fields", Span::mixed_site());
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let set = fields.named.iter().map(|field| self::field(field, &prefix, &sink, &private, &mut errors));
                quote!(#(#set)*)
            }
            Fields::Unit => TokenStream::new(),
            Fields::Unnamed(fields) => {
                errors.on(&fields.unnamed, "`Attributes` needs named fields: their names are the attributes' keys");
                TokenStream::new()
            }
        },
        Data::Enum(data) => {
            errors.on(
                data.enum_token,
                "`Attributes` can be derived for a struct only; implement `traced::Attributes` for this enum",
            );
            TokenStream::new()
        }
        Data::Union(data) => {
            errors.on(data.union_token, "`Attributes` can be derived for a struct only");
            TokenStream::new()
        }
    };
    let body = if errors.is_empty() { body } else { TokenStream::new() };
    let errors = errors.into_tokens();
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #errors
        #[automatically_derived]
        impl #generics #private::Attributes for #name #arguments #bounds {
            #[allow(unused_variables)]
            fn record(&self, #sink: &mut #private::Fields<'_>) { #body }
        }
    }
}

fn field(field: &Field, prefix: &str, sink: &Ident, private: &TokenStream, errors: &mut Errors) -> TokenStream {
    let Some(ident) = &field.ident else { return TokenStream::new() };
    let options = FieldOptions::parse(&field.attrs, errors);
    let name = ident.unraw().to_string();
    if matches!(options.form, Form::Typed | Form::Display | Form::Debug)
        && let Some(word) = secrets::word_in(&name)
    {
        errors.on(
                ident,
                format!("`{name}` would be recorded, and `{word}` says that it is a secret: put `#[attrs(redact)]` or `#[attrs(skip)]` on it"),
            );
    }
    let key = options.rename.as_ref().map_or(name, LitStr::value);
    let key = LitStr::new(&format!("{prefix}{key}"), ident.span());
    // A field of the wrong type is an error on the field's type.
    let span = field.ty.span().resolved_at(Span::mixed_site());
    // `self` is the method's own: it must not take the field's hygiene along.
    let this = quote!(self);
    let value = quote_spanned!(span=> &#this.#ident);
    match options.form {
        Form::Skipped => TokenStream::new(),
        Form::Typed => quote_spanned!(span=> #sink.set(#key, #value);),
        Form::Display => quote_spanned!(span=> #sink.slot(#key).display(#value);),
        Form::Debug => quote_spanned!(span=> #sink.slot(#key).debug(#value);),
        Form::Redacted => quote_spanned!(span=> {
            use #private::mask::{Maybe as _, Present as _};
            (&&#private::mask::Probe(#value)).mask(#sink.slot(#key));
        }),
        Form::Nested => {
            let prefix = match &options.rename {
                Some(rename) => format!("{prefix}{}.", rename.value()),
                None => prefix.to_owned(),
            };
            quote_spanned!(span=> #private::Attributes::record(#value, &mut #sink.prefixed(#prefix).fields());)
        }
    }
}

impl StructOptions {
    fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        each(attrs, errors, |input| {
            let word = input.call(Ident::parse_any)?;
            match word.to_string().as_str() {
                "prefix" => {
                    input.parse::<Token![=]>()?;
                    options.prefix = Some(input.parse()?);
                }
                "crate" => {
                    input.parse::<Token![=]>()?;
                    options.krate = Some(input.call(Path::parse_mod_style)?);
                }
                other => return Err(syn::Error::new(word.span(), words::unknown("option", other, ON_STRUCT))),
            }
            Ok(())
        });
        options
    }
}

impl FieldOptions {
    fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let (mut rename, mut form) = (None, None);
        each(attrs, errors, |input| {
            let span = input.span();
            let found = if input.parse::<Option<Token![%]>>()?.is_some() {
                Form::Display
            } else if input.parse::<Option<Token![?]>>()?.is_some() {
                Form::Debug
            } else {
                let word = input.call(Ident::parse_any)?;
                match word.to_string().as_str() {
                    "skip" => Form::Skipped,
                    "redact" => Form::Redacted,
                    "nested" => Form::Nested,
                    "rename" => {
                        input.parse::<Token![=]>()?;
                        if rename.replace(input.parse()?).is_some() {
                            return Err(syn::Error::new(span, "`rename` is given twice"));
                        }
                        return Ok(());
                    }
                    other => return Err(syn::Error::new(word.span(), words::unknown("option", other, ON_FIELD))),
                }
            };
            if form.replace(found).is_some() {
                let message = "a field is recorded in one way: only one of `skip`, `redact`, `nested`, `%` and `?`";
                return Err(syn::Error::new(span, message));
            }
            Ok(())
        });
        Self { rename, form: form.unwrap_or_default() }
    }
}

/// Calls `option` for each element in the `#[attrs(..)]` among `attrs`.
fn each(attrs: &[Attribute], errors: &mut Errors, mut option: impl FnMut(ParseStream<'_>) -> syn::Result<()>) {
    for attribute in attrs.iter().filter(|a| a.path().is_ident("attrs")) {
        let syn::Meta::List(meta) = &attribute.meta else {
            errors.on(attribute, "expected options in parentheses: `#[attrs(..)]`");
            continue;
        };
        let parser = |input: ParseStream<'_>| {
            list::parse(input, errors, |input, _| option(input));
            Ok(())
        };
        let _ = parser.parse2(meta.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::attributes;

    fn expanded(field: proc_macro2::TokenStream) -> (String, usize) {
        let expanded = attributes(quote!(struct S { #field })).to_string();
        let errors = expanded.matches("compile_error").count();
        (expanded, errors)
    }

    #[test]
    fn a_sigil_stands_among_other_options() {
        for field in [quote!(#[attrs(%, rename = "x")] a: A), quote!(#[attrs(rename = "x", %)] a: A)] {
            let (expanded, errors) = expanded(field);
            assert_eq!(errors, 0, "{expanded}");
            assert!(expanded.contains("slot (\"x\") . display"), "{expanded}");
        }
        let (expanded, errors) = expanded(quote!(#[attrs(?)] #[attrs(rename = "x")] a: A));
        assert!(errors == 0 && expanded.contains("slot (\"x\") . debug"), "{expanded}");
    }

    #[test]
    fn a_second_form_is_an_error() {
        for field in [
            quote!(#[attrs(skip, redact)] a: A),
            quote!(#[attrs(redact, %)] a: A),
            quote!(#[attrs(redact)] #[attrs(%)] a: A),
            quote!(#[attrs(?, nested)] a: A),
            quote!(#[attrs(rename = "a", rename = "b")] a: A),
        ] {
            let (expanded, errors) = expanded(field);
            assert_eq!(errors, 1, "{expanded}");
        }
    }
}
