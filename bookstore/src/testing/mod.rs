//! The service in the process of a test, and the suite that every backend has to pass.
//!
//! ```no_run
//! async fn start() -> bookstore::testing::TestApp {
//!     bookstore::testing::TestApp::embedded().await
//! }
//! bookstore::suite!(start);
//! ```

pub mod api;
pub mod book_cases;
mod cache;
pub mod cache_cases;
pub mod http_cases;
pub mod input_cases;
pub mod user_cases;

pub use cache::Switched;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::auth::password::{Cost, Passwords};
use crate::auth::token::Tokens;
use crate::cache::{Cache, MemoryCache};
use crate::store::{SqliteStore, Store};
use crate::{App, serve};

/// What the tests' tokens are signed with.
pub const SECRET: &str = "the tests' secret of at least thirty-two bytes";

/// How long the tests' tokens are good: longer than any test takes, however busy the machine is.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What a suite does to a database behind the service's back.
#[async_trait]
pub trait Backdoor: Send + Sync {
    /// Makes a user inactive.
    async fn deactivate(&self, username: &str);
    /// Renames a book, past the cache.
    async fn retitle(&self, id: i64, title: &str);
}

/// A service that listens on a port of loopback of its own.
pub struct TestApp {
    base: String,
    app: Arc<App>,
    backdoor: Box<dyn Backdoor>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl TestApp {
    /// A service of `store` and `cache`. What `backdoor` owns lives as long.
    pub async fn start(store: Arc<dyn Store>, cache: Arc<dyn Cache>, backdoor: Box<dyn Backdoor>) -> Self {
        let passwords = Passwords::new(Cost::LOWEST).expect("a hasher");
        let app = App::new(store, cache, passwords, Tokens::new(&SECRET.into(), LIFETIME));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        // With the context, so that a test that captures spans sees the requests.
        let serving = traced::spawn(serve(Arc::clone(&app), listener, async {
            let _ = stopped.await;
        }));
        Self { base, app, backdoor, stop: Some(stop), serving: Some(serving) }
    }

    /// A service with the embedded store, in a directory of its own, and the in-process cache.
    pub async fn embedded() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bookstore.db");
        let store = SqliteStore::open(&path).await.expect("a database");
        let backdoor = Box::new(SqliteBackdoor { path, _directory: directory });
        Self::start(Arc::new(store), Arc::new(MemoryCache::new()), backdoor).await
    }

    /// `http://127.0.0.1:PORT`
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The service itself.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The way to its database.
    pub fn backdoor(&self) -> &dyn Backdoor {
        &*self.backdoor
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving.await.expect("it stops without a panic");
        }
    }
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestApp").field("base", &self.base).finish_non_exhaustive()
    }
}

struct SqliteBackdoor {
    path: std::path::PathBuf,
    _directory: tempfile::TempDir,
}

impl SqliteBackdoor {
    fn execute(&self, sql: &str, values: impl rusqlite::Params) {
        let connection = rusqlite::Connection::open(&self.path).expect("a connection");
        connection.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        connection.execute(sql, values).expect("a statement");
    }
}

#[async_trait]
impl Backdoor for SqliteBackdoor {
    async fn deactivate(&self, username: &str) {
        self.execute("UPDATE users SET is_active = 0 WHERE username = ?1", [username]);
    }

    async fn retitle(&self, id: i64, title: &str) {
        self.execute("UPDATE books SET title = ?2 WHERE id = ?1", (id, title));
    }
}

/// A test for each case of the suite. `$start` is an async function without arguments that gives a [`TestApp`], or
/// `None` where what it needs is not installed.
#[macro_export]
macro_rules! suite {
    ($start:path) => {
        $crate::suite!(@cases $start;
            http_cases: root_health_and_ready_answer, metrics_are_prometheus_text, health_takes_get_alone, head_answers_without_a_body,
            unknown_paths_and_methods_have_a_detail, paths_redirect_to_their_canonical_form, preflight_is_answered,
            any_origin_may_read_with_credentials, correlation_ids_come_back, requests_without_a_token_are_refused,
            bad_tokens_are_refused, authentication_comes_before_the_body, long_bodies_are_refused,
            bodies_without_a_length_are_read_and_limited;
            user_cases: the_guides_commands_work, registering_answers_the_user_and_no_password,
            taken_names_and_addresses_are_refused, lost_races_for_a_name_are_refused, login_is_refused_alike,
            login_takes_a_form, profiles_change_field_by_field, taken_addresses_do_not_become_anybodys,
            inactive_users_are_refused;
            book_cases: a_book_is_created_read_changed_and_deleted, owners_alone_change_their_books,
            missing_books_are_not_found, taken_isbns_conflict, lost_races_for_an_isbn_conflict,
            racing_deletions_succeed_once, lists_are_cut_and_filtered, searches_take_their_text_literally,
            optional_fields_are_cleared_by_null;
            input_cases: issues_have_the_shape_of_fastapis, broken_users_are_refused_and_not_stored,
            broken_books_are_refused_and_not_stored, broken_changes_are_refused_and_change_nothing,
            broken_queries_are_refused, bodies_that_are_no_json_are_refused, fields_that_are_not_the_clients_are_ignored;
            cache_cases: a_read_book_is_kept, changes_are_seen_at_once, readers_never_see_a_change_undone,
            racing_writers_leave_nothing_stale, what_is_no_book_of_that_number_is_not_served,
            a_missing_book_leaves_nothing_behind;
        );
    };
    (@cases $start:path; $($module:ident: $($case:ident),+ $(,)?;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(app) = Option::<$crate::testing::TestApp>::from($start().await) else { return };
                $crate::testing::$module::$case(&app).await;
                app.stop().await;
            }
        )+)+
    };
}
