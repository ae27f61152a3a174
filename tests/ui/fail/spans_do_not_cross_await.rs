use traced::{span, traced};

fn needs_send<T: Send>(_: T) {}

#[traced]
async fn f() {
    let _span = span!("held");
    std::future::ready(()).await;
}

fn main() {
    needs_send(f());
}
