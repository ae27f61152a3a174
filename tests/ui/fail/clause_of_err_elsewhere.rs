use traced::traced;

#[traced(ok(type = "x", exception = false))]
fn f() -> Result<(), String> {
    Ok(())
}

fn main() {}
