use traced::traced;

#[traced(attrs(password))]
fn shorthand(password: &str) {}

#[traced(attrs(user.secret = %api_key))]
fn displayed(api_key: &str) {}

#[traced(args(name, access_token))]
fn by_name(name: &str, access_token: &str) {}

#[traced(args)]
fn all(name: &str, user_password: &str) {}

#[traced]
fn parameter(#[attr] token: &str) {}

#[traced(attrs(pw = login.password.as_str()))]
fn field(login: &Login) {}

#[traced(attrs(ok.masked = redact(password), ok.length = password.len(), ok.braces = { token }))]
fn allowed(password: &str, token: &str) {}

struct Login {
    password: String,
}

fn main() {
    let _ = Login { password: String::new() }.password;
}
