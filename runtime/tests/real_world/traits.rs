//! Traits: defaults that use `Self`, `where Self: Sized`, methods of objects, operators, conversions, async in every form.

use std::fmt::{Debug, Display};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use traced::testing::capture_async;
use traced::traced;

#[traced(prefix = "shape.")]
trait Shape: Debug {
    const SIDES: usize;
    type Unit: Display + Default;

    fn area(&self) -> f64;

    fn doubled(&self) -> Self
    where
        Self: Sized + Clone,
    {
        self.clone()
    }

    fn largest<'a>(&'a self, other: &'a Self) -> &'a Self
    where
        Self: Sized,
    {
        if self.area() > other.area() { self } else { other }
    }

    #[traced(attrs(sides = Self::SIDES))]
    fn described(&self) -> String {
        format!("{self:?}: {} {}", Self::SIDES, Self::Unit::default())
    }

    fn create() -> Self
    where
        Self: Default + Sized,
    {
        Default::default()
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Square(f64);

impl Shape for Square {
    const SIDES: usize = 4;
    type Unit = String;

    #[traced(ret(|area| attrs(area = *area)))]
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

/// Some of it can be called on an object, some can't.
trait Plugin {
    fn name(&self) -> &str;

    #[traced]
    fn run(&mut self, input: &dyn Display) -> Result<String, Box<dyn std::error::Error>> {
        Ok(format!("{}: {input}", self.name()))
    }

    #[traced]
    fn run_generic<T: Display>(&mut self, input: T) -> String
    where
        Self: Sized,
    {
        input.to_string()
    }

    fn boxed(self: Box<Self>) -> String;

    #[traced]
    fn shared(self: Arc<Self>) -> usize {
        Arc::strong_count(&self)
    }

    #[traced]
    fn pinned(self: Pin<&mut Self>) -> usize {
        std::mem::size_of_val(&*self)
    }
}

struct Upper(String);

impl Plugin for Upper {
    fn name(&self) -> &str {
        &self.0
    }

    #[traced]
    fn boxed(self: Box<Self>) -> String {
        let Self(name) = *self;
        name
    }
}

impl FromStr for Square {
    type Err = <f64 as FromStr>::Err;

    #[traced(err(type = "not_a_number"))]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<Square> for f64 {
    #[traced]
    fn from(Square(side): Square) -> Self {
        side
    }
}

impl TryFrom<f64> for Square {
    type Error = String;

    #[traced(attrs(side))]
    fn try_from(side: f64) -> Result<Self, Self::Error> {
        (side >= 0.0).then_some(Self(side)).ok_or_else(|| format!("{side} is negative"))
    }
}

impl PartialOrd for Square {
    #[traced]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

/// A future that is polled by hand.
struct Ready<T>(Option<T>);

impl<T: Unpin> Future for Ready<T> {
    type Output = T;

    #[traced]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let _ = cx;
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}

trait Load {
    fn load(&self, id: i64) -> impl Future<Output = Result<String, String>> + Send;

    #[traced]
    async fn load_twice(&self, id: i64) -> Result<[String; 2], String> {
        Ok([self.load(id).await?, self.load(id).await?])
    }

    #[traced]
    fn load_many<'a>(&'a self, ids: &'a [i64]) -> impl Future<Output = usize> + 'a
    where
        Self: Sync,
    {
        async move {
            let mut loaded = 0;
            for id in ids {
                loaded += usize::from(self.load(*id).await.is_ok());
            }
            loaded
        }
    }
}

struct Disk;

impl Load for Disk {
    #[traced(attrs(id))]
    async fn load(&self, id: i64) -> Result<String, String> {
        if id < 0 { Err(format!("no {id}")) } else { Ok(id.to_string()) }
    }
}

#[async_trait::async_trait]
trait Queue: Send + Sync {
    async fn push(&mut self, message: String) -> usize;

    #[traced]
    async fn push_all(&mut self, messages: Vec<String>) -> usize {
        let mut length = 0;
        for message in messages {
            length = self.push(message).await;
        }
        length
    }
}

#[async_trait::async_trait]
impl<T> Queue for Vec<T>
where
    T: From<String> + Send + Sync,
{
    #[traced(attrs(message.length = message.len()))]
    async fn push(&mut self, message: String) -> usize {
        Vec::push(self, message.into());
        self.len()
    }
}

#[tokio::test]
async fn traits() {
    let (_, spans) = capture_async(async {
        let square = Square(2.0);
        assert_eq!(square.doubled().largest(&Square(3.0)), &Square(3.0));
        assert_eq!(square.described(), "Square(2.0): 4 ");
        assert_eq!(Square::create(), Square(0.0));
        let mut plugin: Box<dyn Plugin> = Box::new(Upper("up".into()));
        assert_eq!(plugin.run(&1).unwrap(), "up: 1");
        assert_eq!(plugin.boxed(), "up");
        assert_eq!(Upper(String::new()).run_generic(2), "2");
        assert_eq!(Arc::new(Upper(String::new())).shared(), 1);
        assert!(Pin::new(&mut Upper(String::new())).pinned() > 0);
        assert_eq!("1.5".parse(), Ok(Square(1.5)));
        assert!("x".parse::<Square>().is_err());
        assert_eq!(f64::from(Square(1.0)), 1.0);
        assert!(Square::try_from(-1.0).is_err());
        assert!(Square(1.0) < Square(2.0));
        assert_eq!(Ready(Some(1)).await, 1);
        assert_eq!(Disk.load_twice(1).await, Ok(["1".into(), "1".into()]));
        assert_eq!(Disk.load_many(&[1, -1]).await, 1);
        let queue: &mut dyn Queue = &mut Vec::<String>::new();
        assert_eq!(queue.push_all(vec!["a".into(), "b".into()]).await, 2);
    })
    .await;
    assert_eq!(spans.named("shape.described").attribute("sides"), Some(&4.into()));
    assert_eq!(spans.children(spans.named("load_many")).count(), 2);
    assert_eq!(spans.children(spans.named("push_all")).count(), 2);
    let failed = spans.iter().filter_map(|span| span.attribute("error.type")).map(ToString::to_string);
    assert_eq!(failed.collect::<Vec<_>>(), ["not_a_number", "alloc::string::String", "alloc::string::String"]);
}
