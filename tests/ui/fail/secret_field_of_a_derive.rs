use traced::Attributes;

#[derive(Attributes)]
struct Login {
    name: String,
    password: String,
    #[attrs(redact)]
    token: String,
}

fn main() {}
