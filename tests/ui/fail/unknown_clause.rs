use traced::traced;

#[traced(ok(evnt("x")), ret(status = fine), err(exception = true))]
fn f() -> Result<(), String> {
    Ok(())
}

fn main() {}
