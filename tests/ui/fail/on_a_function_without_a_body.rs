use traced::traced;

trait Store {
    #[traced]
    fn get(&self, id: i64) -> i64;
}

fn main() {}
