//! The suite, on the embedded store and the in-process cache.

use bookstore::testing::TestApp;

bookstore::suite!(TestApp::embedded);
