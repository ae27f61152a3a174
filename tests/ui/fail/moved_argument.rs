use traced::traced;

#[traced]
fn f(text: String) -> usize {
    drop(text);
    text.len()
}

fn main() {}
