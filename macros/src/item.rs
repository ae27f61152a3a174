//! What the attribute sits on.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, ItemImpl, ItemMod, ItemTrait, Signature, Token, Visibility};

/// What the attribute sits on.
pub enum Item {
    Function(Box<Function>),
    Impl(ItemImpl),
    Trait(ItemTrait),
    Module(ItemMod),
}

/// A function or method with a body. The body is kept as the tokens that it came in: it need not parse (an editor asks
/// while one types), and its brace group carries the user's edition.
pub struct Function {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub defaultness: Option<Token![default]>,
    pub sig: Signature,
    pub body: Group,
}

impl Item {
    /// The attributes that stand on it.
    pub fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Function(function) => &function.attrs,
            Self::Impl(block) => &block.attrs,
            Self::Trait(definition) => &definition.attrs,
            Self::Module(module) => &module.attrs,
        }
    }

    /// The item, or an error on the token that shows best why it can't be traced.
    pub fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let keyword = keyword(tokens.clone());
        match keyword.to_string().as_str() {
            "fn" => Function::parse_tokens(tokens).map(|f| Self::Function(Box::new(f))),
            "impl" => syn::parse2(tokens).map(Self::Impl),
            "trait" => syn::parse2(tokens).map(Self::Trait),
            "mod" => {
                let module: ItemMod = syn::parse2(tokens)?;
                match &module.content {
                    Some(_) => Ok(Self::Module(module)),
                    None => Err(syn::Error::new_spanned(
                        module.mod_token,
                        "`#[traced]` sees only what stands in this file: put it on an inline module, `mod name { .. }`",
                    )),
                }
            }
            _ => Err(syn::Error::new_spanned(
                keyword,
                "`#[traced]` goes on a function, a method, an impl block, a trait or an inline module",
            )),
        }
    }
}

/// The token that tells what an item is: the first one at its top level that only one sort of item has.
fn keyword(tokens: TokenStream) -> TokenTree {
    const KEYWORDS: &[&str] =
        &["fn", "impl", "trait", "mod", "struct", "enum", "union", "static", "type", "use", "macro_rules", "let"];
    let mut first = None;
    let mut attribute = false;
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                attribute = true;
                continue;
            }
            TokenTree::Group(group) if attribute && group.delimiter() == Delimiter::Bracket => {
                attribute = false;
                continue;
            }
            TokenTree::Ident(ident) if KEYWORDS.contains(&ident.to_string().as_str()) => return token,
            // What follows is a body or an initialiser.
            TokenTree::Punct(punct) if punct.as_char() == '=' => break,
            _ => {}
        }
        attribute = false;
        first.get_or_insert(token);
    }
    first.unwrap_or_else(|| Group::new(Delimiter::None, TokenStream::new()).into())
}

impl Function {
    pub fn parse_tokens(tokens: TokenStream) -> syn::Result<Self> {
        syn::parse2(tokens)
    }

    /// The function as it was written.
    pub fn to_tokens_with(&self, body: impl ToTokens) -> TokenStream {
        let Self { attrs, vis, defaultness, sig, .. } = self;
        quote::quote!(#(#attrs)* #vis #defaultness #sig #body)
    }

    /// Moves `#![..]` at the beginning of the body in front of the function, where they mean the same.
    fn hoist_inner_attributes(&mut self) {
        let split = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_inner)?;
            Ok((attributes, input.parse::<TokenStream>()?))
        };
        let Ok((inner, rest)) = split.parse2(self.body.stream()) else { return };
        if inner.is_empty() {
            return;
        }
        self.attrs.extend(inner.into_iter().map(|attribute| Attribute { style: syn::AttrStyle::Outer, ..attribute }));
        let mut body = Group::new(Delimiter::Brace, rest);
        body.set_span(self.body.span());
        self.body = body;
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = if input.peek(Token![default]) { Some(input.parse()?) } else { None };
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            return Err(syn::Error::new_spanned(
                &sig.ident,
                format!("`{}` has no body to trace: put `#[traced]` on its implementations", sig.ident),
            ));
        }
        let body = body(input)?;
        let mut function = Self { attrs, vis, defaultness, sig, body };
        function.hoist_inner_attributes();
        Ok(function)
    }
}

/// The brace group, which a `$body:block` of another macro wraps in an invisible one.
fn body(input: ParseStream<'_>) -> syn::Result<Group> {
    let mut token: TokenTree = input.parse()?;
    loop {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && input.is_empty() => return Ok(group),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                token = syn::parse2(group.stream())?;
            }
            other => return Err(syn::Error::new(other.span(), "expected the body of a function")),
        }
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.to_tokens_with(&self.body));
    }
}
