use traced::traced;

struct Repo;

#[traced(name = "x", future, ok(event("x")), args, root, links(a), current)]
impl Repo {
    fn get(&self) -> i64 {
        1
    }
}

fn main() {}
