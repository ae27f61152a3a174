use traced::traced;

struct Reason;

#[traced(err(|code| type = *code))]
fn error_type() -> Result<(), i64> {
    Ok(())
}

#[traced(err(status = error(Reason)))]
fn description() -> Result<(), i64> {
    Ok(())
}

fn main() {}
