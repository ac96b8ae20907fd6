//! The beginning or the end of a text that may be long, cut between characters.

/// The first `bytes` of a text, or a few less.
pub(super) fn start(text: &str, bytes: usize) -> &str {
    text.get(..boundary(text, bytes)).unwrap_or_default()
}

/// What follows them.
pub(super) fn rest(text: &str, bytes: usize) -> &str {
    text.get(boundary(text, bytes)..).unwrap_or_default()
}

/// The last place between characters up to `bytes`.
fn boundary(text: &str, bytes: usize) -> usize {
    (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}
