//! What the cache may and may not show.

// A case's name says what it shows.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::TestApp;
use super::api::{Visitor, isbn};
use crate::cache::{Cache, Lookup};

pub async fn a_read_book_is_kept(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let id = visitor.book("Notes", &isbn(1)).await;
    let path = format!("/books/{id}");
    let first = visitor.get(&path).await.expect(200).text;
    match app.app().shelf().get(&format!("book:{id}")).await {
        Lookup::Hit(kept) => assert_eq!(kept, first, "exactly the answer's body"),
        Lookup::Miss(_) => panic!("nothing was kept"),
    }
    // Past the service: nobody looks at the store for a book that is kept.
    app.backdoor().retitle(id, "Changed").await;
    assert_eq!(visitor.get(&path).await.expect(200).text, first);
}

pub async fn changes_are_seen_at_once(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let id = visitor.book("Notes", &isbn(1)).await;
    let path = format!("/books/{id}");
    for n in 0..5 {
        let title = format!("Notes {n}");
        visitor.get(&path).await.expect(200);
        visitor.put(&path, &json!({ "title": title })).await.expect(200);
        assert_eq!(visitor.get(&path).await.expect(200).json()["title"], title.as_str());
    }
    visitor.delete(&path).await.expect(204);
    visitor.get(&path).await.expect(404);
}

pub async fn readers_never_see_a_change_undone(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let path = format!("/books/{}", visitor.book("Notes", &isbn(1)).await);
    let done = AtomicBool::new(false);
    let read = async || {
        let mut newest = 0;
        while !done.load(Ordering::Relaxed) {
            let seen = visitor.get(&path).await.expect(200).json()["quantity"].as_i64().expect("a number");
            // What is about to be dropped may be shown until it is; that is one change at most.
            assert!(seen >= newest - 1, "{seen} after {newest}");
            newest = newest.max(seen);
        }
    };
    let write = async {
        for n in 4..40 {
            visitor.put(&path, &json!({ "quantity": n })).await.expect(200);
            assert_eq!(visitor.get(&path).await.expect(200).json()["quantity"], n, "a writer sees its own change");
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(write, read(), read(), read());
}

pub async fn racing_writers_leave_nothing_stale(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let path = format!("/books/{}", visitor.book("Notes", &isbn(1)).await);
    for round in 0..10 {
        let (first, second) = (json!({ "quantity": round * 2 }), json!({ "quantity": round * 2 + 1 }));
        let _ = tokio::join!(
            visitor.put(&path, &first),
            visitor.get(&path),
            visitor.put(&path, &second),
            visitor.get(&path),
        );
        let stored = visitor.get("/books/").await.expect(200).json()[0].clone();
        assert_eq!(visitor.get(&path).await.expect(200).json(), stored);
    }
}

pub async fn what_is_no_book_of_that_number_is_not_served(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let (id, other) = (visitor.book("Notes", &isbn(1)).await, visitor.book("Other", &isbn(2)).await);
    let path = format!("/books/{id}");
    let book = visitor.get(&path).await.expect(200).text;
    let another = visitor.get(&format!("/books/{other}")).await.expect(200).text;
    let (shelf, key) = (app.app().shelf(), format!("book:{id}"));
    for foreign in ["garbage", "", "{}", "null", "~lease", &another, &book[..book.len() - 1]] {
        shelf.remove(&key).await.expect("an answer");
        let Lookup::Miss(Some(lease)) = shelf.get(&key).await else { panic!("no lease") };
        shelf.fill(&key, lease, foreign).await;
        assert!(matches!(shelf.get(&key).await, Lookup::Hit(kept) if kept == foreign), "{foreign}");
        assert_eq!(visitor.get(&path).await.expect(200).text, book, "{foreign}");
        visitor.get(&path).await.expect(200);
        assert!(matches!(shelf.get(&key).await, Lookup::Hit(kept) if kept == book), "{foreign} is still there");
    }
}

pub async fn a_missing_book_leaves_nothing_behind(app: &TestApp) {
    Visitor::new(app).get("/books/4711").await.expect(404);
    let Lookup::Miss(lease) = app.app().shelf().get("book:4711").await else { panic!("an entry") };
    assert!(lease.is_some(), "the reader of a missing book still has the lease");
}

/// What every cache has to do.
pub async fn behaves_as_a_cache(cache: &dyn Cache) {
    let key = format!("test:{}", uuid::Uuid::new_v4());
    let lease = async || match cache.get(&key).await.expect("an answer") {
        Lookup::Miss(lease) => lease,
        Lookup::Hit(value) => panic!("unexpected {value}"),
    };
    let hit = async |expected: &str| match cache.get(&key).await.expect("an answer") {
        Lookup::Hit(value) => assert_eq!(value, expected),
        Lookup::Miss(_) => panic!("{expected} was not kept"),
    };
    cache.ping().await.expect("an answer");

    // The first that misses fills; the second does not.
    let first = lease().await.expect("the first miss leases");
    assert!(lease().await.is_none(), "the second miss has no lease");
    cache.fill(&key, first, "{}").await.expect("an answer");
    hit("{}").await;

    // A drop between miss and fill wins, even when another reader has a lease by then.
    cache.remove(&key).await.expect("an answer");
    let stale = lease().await.expect("a dropped entry is leased again");
    cache.remove(&key).await.expect("an answer");
    let fresh = lease().await.expect("a drop ends the lease");
    cache.fill(&key, stale, "stale").await.expect("an answer");
    assert!(lease().await.is_none(), "the stale value was not kept");
    cache.fill(&key, fresh, "fresh").await.expect("an answer");
    hit("fresh").await;
    cache.remove(&key).await.expect("an answer");

    // A lease that is given back is the next reader's; one that is over takes nobody else's away.
    let first = lease().await.expect("a dropped entry is leased again");
    cache.release(&key, first).await.expect("an answer");
    let stale = lease().await.expect("it was given back");
    cache.remove(&key).await.expect("an answer");
    let fresh = lease().await.expect("a drop ends the lease");
    cache.release(&key, stale).await.expect("an answer");
    assert!(lease().await.is_none(), "the lease is still held");
    cache.fill(&key, fresh, "last").await.expect("an answer");
    hit("last").await;
    cache.remove(&key).await.expect("an answer");
}
