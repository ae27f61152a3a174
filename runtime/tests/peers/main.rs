//! One module for each row of the survey of what other macros do: what some of them lack, or break, holds here.
//!
//! Rows that are shown elsewhere: "runtime toggle per function" by `tests/filter.rs`, which installs and is alone in its
//! process; "metrics alongside" by `tests/metrics/functions.rs`; "unknown arg is an error on its token" by the compile-fail
//! cases in `tests/ui/fail`; "compiled to nothing" by `tests/library`, whose own tests build without the feature `enable`.

#![allow(clippy::unused_async)]

mod arbitrary_expression;
mod async_trait;
mod attribute_from_argument;
mod attribute_from_return;
mod cancelled;
mod capture_all;
mod code_attributes;
mod crate_path;
mod delegated_future;
mod dotted_keys;
mod dynamic_name;
mod err_fails_the_span;
mod error_classification;
mod error_type;
mod exception_event;
mod flatten;
mod generic_and_not_send;
mod impl_wide;
mod links;
mod module_wide;
mod mutable_return;
mod name_override;
mod never_returns;
mod none_handling;
mod none_omitted;
mod opaque_return;
mod panic_recorded;
mod parent_and_root;
mod redaction;
mod returned_async_block;
mod scope;
mod set_later;
mod span_kind;
mod streams;
mod success_event;
mod trait_impls;
mod typed_values;
mod unsafe_and_extern;
