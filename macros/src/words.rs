//! Words that were not understood, and the ones that may have been meant.

/// The word of `valid` nearest to `word`, if one is near enough to be a typing mistake.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Words that the peers use for the same thing.
    const SYNONYMS: &[(&str, &str)] = &[
        ("fields", "attrs"),
        ("attributes", "attrs"),
        ("properties", "attrs"),
        ("error", "err"),
        ("return", "ret"),
        ("target", "scope"),
        ("follows_from", "links"),
        ("link", "links"),
        ("parents", "parent"),
        ("new_root", "root"),
        ("span_kind", "kind"),
        ("enter_on_poll", "future"),
        ("crate_path", "crate"),
        ("arguments", "args"),
        ("skip_all", "args"),
        ("condition", "if"),
        ("tracer", "scope"),
    ];
    let valid: Vec<&str> = valid.into_iter().collect();
    if let Some((_, meant)) = SYNONYMS.iter().find(|(peer, _)| *peer == word)
        && let Some(meant) = valid.iter().find(|v| *v == meant)
    {
        return Some(meant);
    }
    // Two letters are too few to be sure.
    let near = match word.chars().count() {
        0..=2 => 0,
        length => (length / 3).max(1),
    };
    valid
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "unknown X `word`; did you mean `y`?" or the list of what is valid.
pub fn unknown(what: &str, word: &str, valid: &[&str]) -> String {
    match nearest(word, valid.iter().copied()) {
        Some(meant) => format!("unknown {what} `{word}`; did you mean `{meant}`?"),
        None => format!("unknown {what} `{word}`; expected one of {}", list(valid)),
    }
}

/// "`a`, `b` or `c`"
pub fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_the_word_that_was_meant() {
        let valid = ["attrs", "parent", "kind", "links"];
        assert_eq!(nearest("attr", valid), Some("attrs"));
        assert_eq!(nearest("knid", valid), Some("kind"));
        assert_eq!(nearest("fields", valid), Some("attrs"));
        assert_eq!(nearest("banana", valid), None);
    }

    #[test]
    fn an_unknown_word_without_neighbour_lists_what_is_valid() {
        assert_eq!(
            unknown("kind", "banana", &["client", "server"]),
            "unknown kind `banana`; expected one of `client` or `server`"
        );
    }
}
