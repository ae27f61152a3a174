//! Each file under `fail` does not compile and says what its `.stderr` holds; each under `pass` compiles and runs.
//!
//! `TRYBUILD=overwrite cargo test -p traced-ui-tests` writes the messages anew; read the difference before committing it.

#[test]
fn wrong_input_is_an_error_on_its_own_token() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*.rs");
    cases.pass("pass/*.rs");
}
