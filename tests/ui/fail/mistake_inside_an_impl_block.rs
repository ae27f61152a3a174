use traced::traced;

struct Repo;

#[traced(prefix = "repo.")]
impl Repo {
    #[traced(knd = client)]
    fn get(&self) -> i64 {
        1
    }

    #[traced]
    const fn constant() -> i64 {
        1
    }
}

fn main() {}
