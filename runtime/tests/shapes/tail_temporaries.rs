//! What the last expression borrows is given back before what it borrows from drops, as edition 2024 has it.

use std::cell::RefCell;
use std::sync::Mutex;

use traced::testing::capture_async;
use traced::traced;

#[traced]
fn of_a_local() -> usize {
    let cell = RefCell::new(String::from("text"));
    cell.borrow().len()
}

#[traced]
async fn of_an_argument(cell: RefCell<String>) -> usize {
    cell.borrow().len()
}

/// In edition 2021 the guard of the condition would still be held in `else`.
#[traced]
fn of_a_condition(mutex: &Mutex<Vec<i64>>) -> usize {
    if let Some(n) = mutex.lock().unwrap().first() { *n as usize } else { mutex.lock().unwrap().len() }
}

#[tokio::test]
async fn temporaries_end_before_locals() {
    let (values, spans) = capture_async(async {
        (of_a_local(), of_an_argument(RefCell::new("text".to_owned())).await, of_a_condition(&Mutex::new(vec![])))
    })
    .await;
    assert_eq!((values, spans.len()), ((4, 4, 0), 3));
}
