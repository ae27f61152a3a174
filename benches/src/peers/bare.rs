//! The functions themselves, untraced.

use std::any::Any;
use std::hint::black_box;

use super::Peer;
use crate::work::{Error, TITLE, body, give_way};

pub(super) struct Bare;

#[inline(never)]
fn child(id: i64, title: &str) -> Result<i64, Error> {
    body(id, title)
}

#[inline(never)]
async fn async_child(id: i64, title: &str) -> Result<i64, Error> {
    give_way().await;
    give_way().await;
    body(id, title)
}

#[inline(never)]
fn root() {
    for id in 0..10 {
        let _ = black_box(child(id, TITLE));
    }
}

impl Peer for Bare {
    fn set_up(&self, _endpoint: &str, _sampled: bool) -> Box<dyn Any> {
        Box::new(())
    }

    fn tree(&self, _sampled: bool) {
        root();
    }

    fn async_tree(&self) {
        futures_executor::block_on(async {
            for id in 0..10 {
                let _ = black_box(async_child(id, TITLE).await);
            }
        });
    }

    fn children(&self, times: u64, _under_unsampled_root: bool) {
        for id in 0..times {
            let _ = black_box(child(id as i64, TITLE));
        }
    }
}
