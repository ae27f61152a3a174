use traced::traced;

#[traced(some(|v| attrs(v = *v)))]
fn a_number() -> i64 {
    1
}

type Alias = Result<i64, String>;

#[traced(none(event("nothing")))]
fn through_an_alias() -> Alias {
    Ok(1)
}

fn main() {}
