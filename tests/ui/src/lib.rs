//! What the macros say of wrong input, one named case a file: `fail/NAME.rs` beside `fail/NAME.stderr`.
