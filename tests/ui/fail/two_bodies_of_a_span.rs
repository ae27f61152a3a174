use traced::span;

fn main() {
    span!("name", || 1, || 2);
}
