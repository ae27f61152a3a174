use std::cell::RefCell;

use traced::traced;

// In edition 2024 the borrow ends before the local does.
#[traced]
fn length() -> usize {
    let cell = RefCell::new(String::from("text"));
    cell.borrow().len()
}

#[traced]
async fn length_async() -> usize {
    let cell = RefCell::new(String::from("text"));
    cell.borrow().len()
}

fn main() {
    assert_eq!(length(), 4);
    let _ = length_async();
}
