extern crate traced as renamed;

mod inner {
    pub(crate) extern crate traced as facade;
}

#[renamed::traced(crate = crate::inner::facade, attrs(n))]
fn f(n: i64) -> Result<i64, String> {
    Ok(n)
}

#[derive(renamed::Attributes)]
#[attrs(crate = crate::inner::facade)]
struct Page {
    skip: i64,
}

fn main() {
    let _ = (f(1), Page { skip: 1 }.skip);
}
