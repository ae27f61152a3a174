use traced::traced;

#[traced(current, err(type = "boom", exception = type, expected(_)))]
fn f() -> Result<(), String> {
    Ok(())
}

fn main() {}
