use traced::traced;

struct Connection;

#[traced(args)]
fn all(id: i64, connection: Connection) {}

#[traced(args(connection))]
async fn one<T>(id: i64, connection: &T) {}

fn main() {}
