use traced::traced;

#[traced]
fn sync() -> Result<i64, String> {
    "text"
}

#[traced]
async fn asynchronous() -> Result<i64, String> {
    if true {
        return Ok("text");
    }
    Ok(1)
}

fn main() {}
