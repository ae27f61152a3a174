#![no_implicit_prelude]
#![deny(warnings)]

use ::traced::traced;

#[traced(args, ok(|v| attrs(v = *v)), err(event("failed")))]
fn sync(n: i64) -> ::std::result::Result<i64, ::std::string::String> {
    ::std::result::Result::Ok(n)
}

#[traced(attrs(n = redact(n)), some(|v| attrs(v = *v)))]
async fn asynchronous(n: i64) -> ::std::option::Option<i64> {
    ::std::option::Option::Some(n)
}

#[derive(::traced::Attributes)]
struct Page {
    #[attrs(redact)]
    skip: i64,
    #[attrs(?)]
    limit: i64,
}

#[derive(::traced::ErrorType)]
enum Error {
    NotFound,
}

fn main() {
    let _ = sync(1);
    let _ = asynchronous(1);
    let page = Page { skip: 0, limit: 1 };
    ::traced::attr!(..page);
    let _ = (page.skip, page.limit, ::traced::ErrorType::error_type(&Error::NotFound));
}
