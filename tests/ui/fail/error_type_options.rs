use traced::ErrorType;

#[derive(ErrorType)]
enum Error {
    #[error_type("a", expectd)]
    A,
    #[error_type("")]
    B,
    #[error_type(transparent)]
    C,
    #[error_type]
    D,
}

fn main() {}
