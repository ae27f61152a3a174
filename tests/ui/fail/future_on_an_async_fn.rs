use traced::traced;

#[traced(future)]
async fn already() {}

#[traced(stream)]
fn nothing() {}

#[traced(future, stream)]
fn both() -> i64 {
    1
}

fn main() {}
