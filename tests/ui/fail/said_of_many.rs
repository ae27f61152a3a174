use traced::traced;

struct Repo;

#[traced(name = "x", future, ok(event("x")))]
impl Repo {
    fn get(&self) -> i64 {
        1
    }
}

fn main() {}
