use traced::traced;

#[traced(attrs(id = id))]
#[traced]
fn function(id: i64) {}

struct Repo;

#[traced(prefix = "repo.")]
#[::traced::traced]
impl Repo {
    #[traced]
    #[traced(skip)]
    fn method(&self) {}
}

fn main() {
    function(1);
    Repo.method();
}
