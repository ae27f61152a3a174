//! What the last expression borrows from an argument is given back before the argument drops, in every edition.

use std::cell::RefCell;

use traced::traced;

#[traced]
fn length(cell: RefCell<String>) -> usize {
    cell.borrow().len()
}

#[traced]
async fn length_async(cell: RefCell<String>) -> usize {
    cell.borrow().len()
}

fn main() {
    assert_eq!(length(RefCell::new("text".into())), 4);
    let _ = length_async(RefCell::new("text".into()));
}
