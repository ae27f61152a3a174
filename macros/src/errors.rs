//! Every mistake of one invocation, each on its own token, reported together.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub struct Errors(Option<syn::Error>, usize);

impl Errors {
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.1
    }

    pub fn add(&mut self, error: syn::Error) {
        self.1 += 1;
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds `message` over the whole of `tokens`.
    pub fn on(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    pub fn at(&mut self, span: Span, message: impl Display) {
        self.add(syn::Error::new(span, message));
    }

    /// The value of `result`, or its error kept for later.
    pub fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn append(&mut self, other: Self) {
        if let Some(errors) = other.0 {
            self.add(errors);
        }
    }

    /// `compile_error!` invocations, one for each mistake.
    pub fn into_tokens(self) -> TokenStream {
        self.0.map(|error| error.into_compile_error()).unwrap_or_default()
    }
}
