use traced::traced;

#[traced]
fn f() -> &'static str {
    let text = String::new();
    &text
}

fn main() {}
