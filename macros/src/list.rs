//! Comma-separated lists in which one mistake does not hide the next.

use syn::Token;
use syn::parse::ParseStream;

use crate::errors::Errors;

/// Parses elements to the end of `input`. After a mistake it goes on behind the next comma.
pub fn parse<T>(
    input: ParseStream<'_>,
    errors: &mut Errors,
    mut element: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<T>,
) -> Vec<T> {
    let mut elements = Vec::new();
    while !input.is_empty() {
        match element(input, errors) {
            Ok(value) => {
                elements.push(value);
                if input.is_empty() {
                    break;
                }
                if !input.peek(Token![,]) {
                    errors.add(input.error("expected `,`"));
                    skip(input);
                }
            }
            Err(error) => {
                errors.add(error);
                skip(input);
            }
        }
        // Either a comma or the end.
        let _ = input.parse::<Option<Token![,]>>();
    }
    elements
}

/// Goes forward to the next comma of this level, or to the end.
fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}
