use traced::traced;

#[traced(kind = banana, atrs(a = 1), level = loud, kind = client, attrs(b c, "" = 1, d = 2))]
fn many() -> Result<(), String> {
    Ok(())
}

fn main() {
    // The function is there all the same: one mistake, one message.
    many().unwrap();
}
