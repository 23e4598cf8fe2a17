//! Levels of topic names and filters: section 4.7.1.1.

/// The first level, and what follows the `/` behind it.
pub(super) fn first_level(text: &str) -> (&str, Option<&str>) {
    // By bytes: what `str` has to search for characters is many times as large.
    match text.bytes().position(|byte| byte == b'/') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// All levels, none of `None`.
pub(super) fn levels(mut text: Option<&str>) -> impl Iterator<Item = &str> {
    core::iter::from_fn(move || {
        let (level, rest) = first_level(text?);
        text = rest;
        Some(level)
    })
}
