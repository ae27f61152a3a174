//! Generic repositories, builders, iterators over what is borrowed, closures in fields.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use traced::testing::capture;
use traced::traced;

trait Entity: Clone + Debug {
    type Key: Ord + Copy + Display + Debug;
    const TABLE: &'static str;
    fn key(&self) -> Self::Key;
}

#[derive(Debug, Clone, PartialEq)]
struct Book {
    id: i64,
    title: String,
}

impl Entity for Book {
    type Key = i64;
    const TABLE: &'static str = "books";

    fn key(&self) -> i64 {
        self.id
    }
}

struct Repository<'db, E: Entity, const CACHE: usize = 8> {
    rows: &'db mut BTreeMap<E::Key, E>,
    on_change: Vec<Box<dyn FnMut(&E) + 'db>>,
    entity: PhantomData<fn() -> E>,
}

#[traced(prefix = "repository.", kind = client, attrs(db.collection.name = E::TABLE, cache = CACHE))]
impl<'db, E, const CACHE: usize> Repository<'db, E, CACHE>
where
    E: Entity + 'db,
    E::Key: 'db,
{
    const fn capacity() -> usize {
        CACHE
    }

    fn new(rows: &'db mut BTreeMap<E::Key, E>) -> Self {
        Self { rows, on_change: Vec::new(), entity: PhantomData }
    }

    fn on_change(mut self, callback: impl FnMut(&E) + 'db) -> Self {
        self.on_change.push(Box::new(callback));
        self
    }

    #[traced(attrs(key = %key))]
    fn get(&self, key: E::Key) -> Option<&E> {
        self.rows.get(&key)
    }

    fn get_mut(&mut self, key: E::Key) -> Option<&mut E> {
        self.rows.get_mut(&key)
    }

    fn insert(&mut self, entity: E) -> &mut Self {
        for callback in &mut self.on_change {
            callback(&entity);
        }
        self.rows.insert(entity.key(), entity);
        self
    }

    fn iter(&self) -> impl Iterator<Item = (&E::Key, &E)> + '_ {
        self.rows.iter()
    }

    fn boxed_iter<'a>(&'a self) -> Box<dyn Iterator<Item = Cow<'a, E>> + 'a> {
        Box::new(self.rows.values().map(Cow::Borrowed))
    }

    fn find_by<P>(&self, predicate: P) -> impl Iterator<Item = &E> + use<'_, 'db, E, P, CACHE>
    where
        P: Fn(&E) -> bool,
    {
        self.rows.values().filter(move |entity| predicate(entity))
    }

    fn entry_or<'a>(&'a mut self, key: E::Key, default: impl FnOnce() -> E) -> &'a mut E
    where
        'db: 'a,
    {
        self.rows.entry(key).or_insert_with(default)
    }

    #[traced(ret(|rest| attrs(rest = rest.len())))]
    fn into_sorted(self) -> Vec<E> {
        let Self { rows, .. } = self;
        std::mem::take(rows).into_values().collect()
    }
}

#[derive(Default)]
struct Request<'a> {
    path: Option<&'a str>,
    headers: Vec<(&'a str, Cow<'a, str>)>,
}

#[traced(level = debug)]
impl<'a> Request<'a> {
    fn path(&mut self, path: &'a str) -> &mut Self {
        self.path = Some(path);
        self
    }

    fn header(&mut self, name: &'a str, value: impl Into<Cow<'a, str>>) -> &mut Self {
        self.headers.push((name, value.into()));
        self
    }

    fn send(&self) -> Result<usize, Box<dyn std::error::Error>> {
        let path = self.path.ok_or("no path")?;
        Ok(path.len() + self.headers.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>())
    }
}

struct Handler<A, R> {
    run: Box<dyn Fn(A) -> R>,
}

impl<A, R> Handler<A, R> {
    #[traced]
    fn call(&self, argument: A) -> R {
        (self.run)(argument)
    }

    #[traced]
    fn compose<S>(self, then: impl Fn(R) -> S + 'static) -> Handler<A, S>
    where
        A: 'static,
        R: 'static,
    {
        Handler { run: Box::new(move |a| then((self.run)(a))) }
    }
}

/// A closure that is returned is not the span's business.
#[traced]
fn adder(n: i64) -> impl Fn(i64) -> i64 {
    move |m| n + m
}

#[traced]
fn boxed_adder(n: i64) -> Box<dyn Fn(i64) -> i64> {
    Box::new(move |m| n + m)
}

#[traced]
fn curried(n: i64) -> impl Fn(i64) -> Box<dyn Fn(i64) -> i64> {
    move |m| Box::new(move |o| n + m + o)
}

#[test]
fn repositories() {
    let (_, spans) = capture(|| {
        let mut rows = BTreeMap::new();
        let mut changes = 0;
        let mut books: Repository<'_, Book> = Repository::new(&mut rows).on_change(|_| changes += 1);
        let emma = Book { id: 1, title: "Emma".into() };
        books.insert(emma.clone()).insert(Book { id: 2, title: "Persuasion".into() });
        assert_eq!(books.get(1), Some(&emma));
        books.get_mut(2).unwrap().title.make_ascii_uppercase();
        assert_eq!(books.iter().count(), 2);
        assert_eq!(books.boxed_iter().filter(|book| book.id == 2).count(), 1);
        let wanted = 1;
        assert_eq!(books.find_by(|book| book.id == wanted).count(), 1);
        books.entry_or(3, || Book { id: 3, title: String::new() }).title.push('x');
        assert_eq!(books.into_sorted().len(), 3);
        assert_eq!(changes, 2);
        assert_eq!(Repository::<Book>::capacity(), 8);
        assert_eq!(Request::default().path("/").header("a", "b").header("c", String::from("d")).send().unwrap(), 5);
        let handler = Handler { run: Box::new(adder(1)) }.compose(boxed_adder(2)).compose(|n| curried(1)(n)(1));
        assert_eq!(handler.call(1), 6);
    });
    assert_eq!(spans.named("repository.get").attribute("cache"), Some(&8.into()));
    assert_eq!(spans.named("repository.get").attribute("key"), Some(&"1".into()));
    assert_eq!(spans.named("repository.into_sorted").attribute("rest"), Some(&3.into()));
    assert_eq!(spans.iter().filter(|span| span.name == "repository.insert").count(), 2);
    assert_eq!(spans.iter().filter(|span| span.name == "header").count(), 2);
}
