use traced::Attributes;

#[derive(Attributes)]
enum Kind {
    A,
}

#[derive(Attributes)]
struct Tuple(i64);

#[derive(Attributes)]
#[attrs(prefx = "x")]
struct Options {
    #[attrs(renam = "y")]
    field: i64,
    #[attrs(skip)]
    other: Kind,
}

fn main() {}
