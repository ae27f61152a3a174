use traced::traced;

#[traced]
pub const fn limit() -> i64 {
    100
}

const LIMIT: i64 = limit();

fn main() {}
