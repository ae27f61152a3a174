use traced::traced;

#[traced(atrs(id = id))]
fn near_miss(id: i64) {}

#[traced(banana)]
fn no_neighbour() {}

#[traced(fields(id = id))]
fn the_word_of_a_peer(id: i64) {}

fn main() {}
