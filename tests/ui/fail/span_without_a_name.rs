use traced::{attr, span};

fn main() {
    let _a = span!();
    let _b = span!("b", key = );
    attr!(a b);
    attr!(password);
}
