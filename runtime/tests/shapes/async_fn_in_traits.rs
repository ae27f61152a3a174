//! `async fn` in traits, with and without a body.

use traced::testing::capture_async;
use traced::traced;

use crate::{Memory, child, names};

trait Afit {
    fn get(&self) -> impl Future<Output = Result<i64, String>> + Send;
}

impl Afit for Memory {
    #[traced]
    async fn get(&self) -> Result<i64, String> {
        child();
        Ok(self.offset)
    }
}

#[tokio::test]
async fn async_functions_in_traits() {
    let (value, spans) = capture_async(Afit::get(&Memory { offset: 3 })).await;
    assert_eq!(value, Ok(3));
    assert_eq!(names(&spans), ["child", "get"]);
}
