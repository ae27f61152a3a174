//! Attributes that are the same each time.

use std::sync::OnceLock;

use super::Attributes;

/// Attributes that are the same each time they are written: encoded by whoever writes them first, under its rules.
#[derive(Debug, Default)]
pub(crate) struct Ready(OnceLock<Box<Attributes>>);

impl Ready {
    /// Adds to `list` what `write` writes.
    pub(crate) fn append_to(&self, list: &mut Attributes, write: impl Fn(&mut Attributes)) {
        // A redactor is asked each time: what it answers is up to it.
        if list.rules.redactor.is_none() {
            let ready = self.0.get_or_init(|| {
                let mut ready = Attributes::new(list.tag);
                ready.reset(list.tag, u32::MAX, list.rules);
                write(&mut ready);
                ready.finish();
                Box::new(ready)
            });
            // Of another pipeline the limits may be others.
            if (ready.tag, ready.rules.limit) == (list.tag, list.rules.limit) {
                return list.append(ready);
            }
        }
        write(list);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Redact, ValueLimit, ValueRules, decode, span};
    use super::*;

    fn written(ready: &Ready, max: u32, rules: ValueRules) -> Vec<String> {
        let mut list = Attributes::of_span();
        list.reset(span::ATTRIBUTES, max, rules);
        list.str(&Key::new("b"), "before");
        ready.append_to(&mut list, |list| {
            list.str(&Key::new("a"), "long");
            list.str(&Key::new("b"), "again");
        });
        decode::attributes(list.finish()).map(|it| format!("{}={}", it.key, it.value.as_str())).collect()
    }

    #[test]
    fn they_are_written_as_if_they_were_not_ready() {
        let ready = Ready::default();
        let limited = |chars| ValueRules::new(ValueLimit::chars(chars), None);
        for _ in 0..2 {
            assert_eq!(written(&ready, 9, limited(9)), ["b=again", "a=long"]);
        }
        assert_eq!(written(&ready, 9, limited(2)), ["b=ag", "a=lo"], "another limit of values");
        assert_eq!(written(&ready, 1, limited(9)), ["b=again"], "fewer attributes");
        let redact: Box<Redact> = Box::new(|key, _| (key == "a").then(|| "masked".to_owned()));
        let redacted = ValueRules::new(ValueLimit::chars(9), Some(redact));
        assert_eq!(written(&ready, 9, redacted), ["b=again", "a=masked"]);
    }
}
