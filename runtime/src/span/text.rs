//! What may be given where text is asked for: names and error types.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// What may be given as `name = ..` and `type = ..`, which look at it and leave it where it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text, and a span's name and an error's type are",
    label = "no text",
    note = "give it a `&str`, `String` or `Cow<str>`, such as `format!(\"{{value}}\")`"
)]
pub trait AsText {
    #[doc(hidden)]
    fn as_text(&self) -> &str;
}

impl AsText for str {
    fn as_text(&self) -> &str {
        self
    }
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl AsText for $type {
            fn as_text(&self) -> &str {
                self
            }
        }
    )*};
}

texts!(String, Cow<'_, str>, Box<str>, Rc<str>, Arc<str>);

impl<T: AsText + ?Sized> AsText for &T {
    fn as_text(&self) -> &str {
        (**self).as_text()
    }
}

impl<T: AsText + ?Sized> AsText for &mut T {
    fn as_text(&self) -> &str {
        (**self).as_text()
    }
}
