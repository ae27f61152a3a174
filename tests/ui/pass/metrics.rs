//! Functions with metrics compile as without, in every shape and under strict lints.
#![deny(warnings, clippy::pedantic)]

use std::future::Future;
use std::pin::Pin;

use traced::traced;

pub struct Shelf(Vec<String>);

#[traced(metrics)]
impl Shelf {
    pub fn first(&self) -> Option<&String> {
        self.0.first()
    }

    pub fn first_mut(&mut self) -> Option<&mut String> {
        self.0.first_mut()
    }

    /// # Errors
    ///
    /// Never.
    #[traced(metrics(name = "shelf.take"))]
    pub async fn take(mut self, index: usize) -> Result<String, String> {
        Ok(self.0.remove(index))
    }

    #[traced(skip)]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[traced(metrics(category))]
pub fn boxed<'a>(category: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move { category })
}

#[traced(metrics)]
pub fn opaque(numbers: &[i64]) -> impl Iterator<Item = i64> + '_ {
    numbers.iter().map(|n| n + 1)
}

#[traced(metrics, current)]
pub async fn enriching<T: Clone + Send>(value: T) -> T {
    value.clone()
}

#[traced(metrics)]
pub fn never() -> ! {
    std::process::exit(0)
}

fn main() {
    let _ = (Shelf::first, Shelf::first_mut, Shelf::count, boxed, opaque, never);
    drop(enriching(1));
    drop(Shelf(Vec::new()).take(0));
}
