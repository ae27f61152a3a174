//! How a function runs, which decides where its span begins and ends.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::visit::Visit;
use syn::{
    Block, Expr, ExprAsync, GenericArgument, PathArguments, PathSegment, ReturnType, Stmt, Type, TypeParamBound,
};

use crate::args::{Args, Returns};
use crate::item::Function;

/// How a function runs.
pub enum Shape {
    /// From its call to its return.
    Sync,
    /// An `async fn`: from the first poll to the last.
    Async,
    /// A plain function whose last expression is an async block, boxed (as `async_trait` writes it) or bare.
    AsyncBlock(AsyncTail),
    /// A plain function that returns somebody else's future.
    Future { boxed: bool },
    /// A plain function that returns a stream.
    Stream { boxed: bool },
}

/// A body that ends in an async block, taken apart around that block.
pub struct AsyncTail {
    /// Everything before the last expression.
    pub statements: Vec<Stmt>,
    pub block: ExprAsync,
    /// What stands around the block.
    pub wrapper: Wrapper,
}

/// What stands around an async block.
pub enum Wrapper {
    /// Nothing.
    Bare,
    /// `Box::pin(..)`, `Box::new(..)`, with the path as written.
    Call(Box<Expr>),
    /// `.boxed()`, `.boxed_local()`, with the method as written.
    Method(Box<syn::ExprMethodCall>),
}

impl Shape {
    pub fn of(function: &Function, args: &Args) -> Self {
        if function.sig.asyncness.is_some() {
            return Self::Async;
        }
        let boxed = !is_impl_trait(&function.sig.output);
        match args.returns {
            Some(Returns::Future(_)) => return Self::Future { boxed },
            Some(Returns::Stream(_)) => return Self::Stream { boxed },
            None => {}
        }
        let shown = Shown::by(&function.sig.output);
        if mentions(&function.body.stream(), "async")
            && let Some(tail) = AsyncTail::of(function)
            // An earlier `return` would pass the block by: then what is returned is taken as a whole.
            && !(shown.is_some() && tail.statements.iter().any(|s| mentions(&s.to_token_stream(), "return")))
        {
            return Self::AsyncBlock(tail);
        }
        match shown {
            Some(Shown::Future) => Self::Future { boxed },
            Some(Shown::Stream) if args.current.is_none() => Self::Stream { boxed },
            _ => Self::Sync,
        }
    }
}

/// What a signature shows that the function returns. A span that ended with the call would tell nothing of it.
enum Shown {
    Future,
    Stream,
}

impl Shown {
    fn by(output: &ReturnType) -> Option<Self> {
        let ReturnType::Type(_, ty) = output else { return None };
        match &**ty {
            Type::ImplTrait(ty) => ty.bounds.iter().find_map(Self::by_bound),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                match last.ident.to_string().as_str() {
                    "BoxFuture" | "LocalBoxFuture" => Some(Self::Future),
                    "BoxStream" | "LocalBoxStream" => Some(Self::Stream),
                    "Pin" => {
                        let Type::Path(inside) = only_type(last)? else { return None };
                        let boxed = inside.path.segments.last().filter(|segment| segment.ident == "Box")?;
                        let Type::TraitObject(object) = only_type(boxed)? else { return None };
                        object.bounds.iter().find_map(Self::by_bound)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn by_bound(bound: &TypeParamBound) -> Option<Self> {
        let TypeParamBound::Trait(bound) = bound else { return None };
        match bound.path.segments.last()?.ident.to_string().as_str() {
            "Future" => Some(Self::Future),
            "Stream" => Some(Self::Stream),
            _ => None,
        }
    }
}

/// The `T` of `Name<T>`.
fn only_type(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn is_impl_trait(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)))
}

/// Whether `impl Trait` stands anywhere in `ty`.
pub fn has_impl_trait(ty: &Type) -> bool {
    struct Found(bool);
    impl<'t> Visit<'t> for Found {
        fn visit_type_impl_trait(&mut self, _: &'t syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut found = Found(false);
    found.visit_type(ty);
    found.0
}

fn mentions(tokens: &TokenStream, word: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => ident == word,
        proc_macro2::TokenTree::Group(group) => mentions(&group.stream(), word),
        _ => false,
    })
}

impl AsyncTail {
    fn of(function: &Function) -> Option<Self> {
        // A function that returns nothing can't return the block.
        let ReturnType::Type(..) = function.sig.output else { return None };
        let mut statements = Block::parse_within.parse2(function.body.stream()).ok()?;
        let Some(Stmt::Expr(tail, None)) = statements.pop() else { return None };
        match tail {
            Expr::Async(block) => Some(Self { statements, block, wrapper: Wrapper::Bare }),
            Expr::Call(call) if call.args.len() == 1 && is_box_constructor(&call.func) => {
                let Some(Expr::Async(block)) = call.args.into_iter().next() else { return None };
                // `Box::new` may well make a `Box<dyn Any>`.
                if is_new(&call.func) && future_output(&function.sig.output).is_none() {
                    return None;
                }
                Some(Self { statements, block, wrapper: Wrapper::Call(call.func) })
            }
            Expr::MethodCall(call) if call.method == "boxed" || call.method == "boxed_local" => {
                let Expr::Async(block) = (*call.receiver).clone() else { return None };
                Some(Self { statements, block, wrapper: Wrapper::Method(Box::new(call)) })
            }
            _ => None,
        }
    }
}

fn is_new(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "new"))
}

fn is_box_constructor(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let mut segments = path.path.segments.iter().rev();
    let last = segments.next().is_some_and(|s| s.ident == "pin" || s.ident == "new");
    last && segments.next().is_some_and(|s| s.ident == "Box")
}

/// `<R as Future>::Output`, where the type that a future has is hidden behind an alias.
pub fn projected_output(output: &ReturnType, private: &TokenStream) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    (!is_impl_trait(output)).then(|| syn::parse_quote!(<#ty as #private::core::future::Future>::Output))
}

/// The `T` of `Pin<Box<dyn Future<Output = T>>>`, `BoxFuture<'_, T>` or `impl Future<Output = T>`, and of streams.
///
/// A future may learn what it returns from its caller only after the span's clauses were checked: they need it before.
pub fn future_output(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    output_of(ty)
}

fn output_of(ty: &Type) -> Option<Type> {
    match ty {
        Type::ImplTrait(ty) => ty.bounds.iter().find_map(bound_output),
        Type::TraitObject(ty) => ty.bounds.iter().find_map(bound_output),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let mut types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            let first = types.next()?;
            if ["BoxFuture", "LocalBoxFuture", "BoxStream", "LocalBoxStream"].iter().any(|known| last.ident == known) {
                Some(first.clone())
            } else {
                output_of(first)
            }
        }
        Type::Paren(ty) => output_of(&ty.elem),
        Type::Group(ty) => output_of(&ty.elem),
        _ => None,
    }
}

fn bound_output(bound: &TypeParamBound) -> Option<Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let last = bound.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == "Output" || assoc.ident == "Item" => Some(assoc.ty.clone()),
        _ => None,
    })
}

/// Whether `output` is seen to be no `Result` without asking the compiler.
pub fn is_plain(output: &ReturnType) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "str", "String", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
        "usize", "f32", "f64", "Vec", "Option", "Box", "Arc", "Rc",
    ];
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => match &**ty {
            Type::Tuple(_) | Type::Reference(_) | Type::Array(_) | Type::Never(_) | Type::Ptr(_) => true,
            Type::Path(path) => {
                path.path.get_ident().is_some_and(|ident| PLAIN.contains(&ident.to_string().as_str()))
                    || path.path.segments.first().is_some_and(|s| {
                        path.path.segments.len() == 1
                            && ["Vec", "Option"].contains(&s.ident.to_token_stream().to_string().as_str())
                    })
            }
            _ => false,
        },
    }
}
