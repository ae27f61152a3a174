use traced::{event, traced};

#[traced(ok(event(name, a = 1)))]
fn f(name: &str) -> Result<(), String> {
    event!(name);
    Ok(())
}

fn main() {}
