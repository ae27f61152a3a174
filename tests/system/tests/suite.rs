//! The bookstore's own suite, on PostgreSQL and Redis; and what those two have to themselves.

use std::sync::Arc;

use async_trait::async_trait;
use bookstore::cache::RedisCache;
use bookstore::store::{PostgresStore, Store};
use bookstore::testing::cache_cases::behaves_as_a_cache;
use bookstore::testing::{Backdoor, TestApp};
use futures_util::future::join_all;
use traced_system_tests::{Database, Postgres, Redis};

/// The services of one test. They are started, asked and ended off the asynchronous threads.
struct Services(Option<(Database, Redis)>);

impl Services {
    async fn start() -> Option<Self> {
        let start = || Some(Self(Some((Postgres::shared()?.database(), Redis::start_own()?))));
        tokio::task::spawn_blocking(start).await.expect("the services start")
    }

    fn urls(&self) -> (String, String) {
        let (database, redis) = self.0.as_ref().expect("they run");
        (database.url().to_owned(), redis.url().to_owned())
    }

    fn execute(&self, sql: &str) {
        let (database, _) = self.0.as_ref().expect("they run");
        std::thread::scope(|scope| scope.spawn(|| database.execute(sql)).join()).expect("a statement");
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let services = self.0.take();
        let _ = std::thread::spawn(move || drop(services)).join();
    }
}

#[async_trait]
impl Backdoor for Services {
    async fn deactivate(&self, username: &str) {
        self.execute(&format!("UPDATE users SET is_active = false WHERE username = '{username}'"));
    }

    async fn retitle(&self, id: i64, title: &str) {
        self.execute(&format!("UPDATE books SET title = '{title}' WHERE id = {id}"));
    }
}

async fn store(url: &str) -> PostgresStore {
    PostgresStore::connect(&url.parse().expect("a URL")).await.expect("a store")
}

async fn start() -> Option<TestApp> {
    let services = Services::start().await?;
    let (database, redis) = services.urls();
    let cache = RedisCache::new(&redis.into()).await.expect("a cache");
    Some(TestApp::start(Arc::new(store(&database).await), Arc::new(cache), Box::new(services)).await)
}

bookstore::suite!(start);

#[tokio::test]
async fn redis_behaves_as_a_cache() {
    let Some(services) = Services::start().await else { return };
    let cache = RedisCache::new(&services.urls().1.into()).await.expect("a cache");
    behaves_as_a_cache(&cache).await;
}

#[tokio::test]
async fn instances_that_start_at_once_make_the_tables_once() {
    let Some(services) = Services::start().await else { return };
    let (url, _) = services.urls();
    let stores = join_all((0..8).map(|_| store(&url))).await;
    for store in stores {
        store.ping().await.expect("an answer");
        assert_eq!(store.user_by_username("nobody").await.expect("tables").map(|account| account.user), None);
    }
}
