macro_rules! crud {
    ($($name:ident($argument:ident: $type:ty) -> $output:ty $body:block)*) => {$(
        #[traced::traced(attrs(argument = $argument), ok(|v| attrs(value = *v)))]
        fn $name($argument: $type) -> $output $body
    )*};
}

crud! {
    read(id: i64) -> Result<i64, String> { Ok(id) }
    write(id: i64) -> Result<i64, String> { if id > 0 { return Ok(id) } Err(format!("{id}")) }
}

fn main() {
    assert_eq!(read(1), Ok(1));
    assert!(write(-1).is_err());
}
