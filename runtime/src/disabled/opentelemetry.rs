//! The types of the crate `opentelemetry` that this one's own signatures name, for a build without it: nothing is current
//! and every id is invalid. They have what code that enriches and propagates asks of them; for the rest turn `enable` on.

pub use context::Context;

mod context {
    /// What is current: nothing.
    #[derive(Debug, Clone, Default)]
    pub struct Context(());

    impl Context {
        pub(crate) const EMPTY: Self = Self(());

        /// An empty context.
        pub fn new() -> Self {
            Self(())
        }

        /// The context that is current: an empty one.
        pub fn current() -> Self {
            Self(())
        }

        /// Makes it current, which changes nothing.
        pub fn attach(self) -> ContextGuard {
            ContextGuard(())
        }
    }

    /// Ends what [`Context::attach`] began: nothing.
    #[derive(Debug)]
    pub struct ContextGuard(());
}

/// Spans, as far as they are known without recording.
pub mod trace {
    use std::borrow::Cow;
    use std::fmt;

    /// Whether a span's operation went well.
    #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Status {
        /// Nothing is said.
        #[default]
        Unset,
        /// It failed.
        Error {
            /// Why.
            description: Cow<'static, str>,
        },
        /// It went well.
        Ok,
    }

    impl Status {
        /// It failed, for this reason.
        pub fn error(description: impl Into<Cow<'static, str>>) -> Self {
            Self::Error { description: description.into() }
        }
    }

    macro_rules! id {
        ($(#[$doc:meta])* $name:ident, $int:ty, $bytes:literal, $digits:literal) => {
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash)]
            pub struct $name($int);

            impl $name {
                /// The id of no span.
                pub const INVALID: Self = Self(0);

                /// From bytes, the most significant first.
                pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                    Self(<$int>::from_be_bytes(bytes))
                }

                /// As bytes, the most significant first.
                pub const fn to_bytes(self) -> [u8; $bytes] {
                    self.0.to_be_bytes()
                }

                /// From hexadecimal digits.
                ///
                /// # Errors
                ///
                /// If the text holds anything else.
                pub fn from_hex(hex: &str) -> Result<Self, std::num::ParseIntError> {
                    <$int>::from_str_radix(hex, 16).map(Self)
                }
            }

            impl From<$int> for $name {
                fn from(id: $int) -> Self {
                    Self(id)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!("{:0", $digits, "x}"), self.0)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!("{:0", $digits, "x}"), self.0)
                }
            }

            impl fmt::LowerHex for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::LowerHex::fmt(&self.0, f)
                }
            }
        };
    }

    id!(
        /// The id of a trace.
        TraceId, u128, 16, "32"
    );
    id!(
        /// The id of a span.
        SpanId, u64, 8, "16"
    );

    /// What is propagated of a span: here of none.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct SpanContext(());

    impl SpanContext {
        /// That of no span.
        pub const NONE: Self = Self(());

        /// That of no span.
        pub fn empty_context() -> Self {
            Self::NONE
        }

        /// The trace's id.
        pub fn trace_id(&self) -> TraceId {
            TraceId::INVALID
        }

        /// The span's id.
        pub fn span_id(&self) -> SpanId {
            SpanId::INVALID
        }

        /// Whether it is that of a span.
        pub fn is_valid(&self) -> bool {
            false
        }

        /// Whether the span is another process's.
        pub fn is_remote(&self) -> bool {
            false
        }

        /// Whether the span is recorded.
        pub fn is_sampled(&self) -> bool {
            false
        }
    }

    /// A link to a span.
    #[derive(Debug, Clone, PartialEq)]
    #[non_exhaustive]
    pub struct Link {
        /// The span.
        pub span_context: SpanContext,
    }

    impl Link {
        /// A link without attributes.
        pub fn with_context(span_context: SpanContext) -> Self {
            Self { span_context }
        }
    }
}
