use traced::traced;

#[traced(ok())]
fn empty() -> Result<(), String> {
    Ok(())
}

#[traced(err)]
fn no_parentheses() -> Result<(), String> {
    Ok(())
}

fn main() {}
