//! A raw line made ready for the screen: folded, masked, capped.

use crate::host::paged::{Edge, Raw};
use crate::text::ansi;
use crate::text::clean::LONGEST;
use crate::text::mask::Masker;

/// What is to be read of a line. No secret is in it, and no half of one at an end where the line was divided, is cut, or is
/// still being written. Where a secret stood between colours the line has none.
pub(in crate::shell) fn shown(raw: &Raw, masker: &Masker) -> ansi::Line {
    let text = String::from_utf8_lossy(&raw.bytes);
    // first as it was written: a backspace could leave half a secret
    let masked = masker.mask(&text);
    // a secret that begins before the cap ends before this one
    let most = LONGEST + masker.longest();
    let mut line = ansi::line(&masked, most);
    let cut = line.text.ends_with('…') && line.text.chars().count() > most;
    if cut {
        line.truncate(line.text.len() - '…'.len_utf8());
    }
    if let std::borrow::Cow::Owned(text) = masker.mask(&line.text) {
        line = ansi::Line { text, runs: Vec::new() };
    }
    if raw.begins == Edge::Divided {
        let half = masker.half_at_begin(&line.text);
        if half > 0 {
            line = ansi::Line { text: line.text.split_off(half), runs: Vec::new() };
        }
    }
    if cut || raw.ends != Edge::Whole {
        let half = masker.half_at_end(&line.text);
        line.truncate(line.text.len() - half);
    }
    let cap = line.text.char_indices().nth(LONGEST).map(|(at, _)| at);
    if let Some(cap) = cap {
        line.truncate(cap);
    }
    if cut || cap.is_some() || raw.ends == Edge::Divided {
        line.text.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(bytes: &[u8], begins: Edge, ends: Edge) -> Raw {
        Raw { at: 0, bytes: bytes.to_vec(), begins, ends }
    }

    fn masker() -> Masker {
        Masker::new([("A_TOKEN", "hunter22")], [])
    }

    #[test]
    fn no_half_of_a_secret_is_shown_where_a_line_is_not_whole() {
        let seen = |text: &str, begins, ends| shown(&raw(text.as_bytes(), begins, ends), &masker()).text;
        assert_eq!(seen("token hunter", Edge::Whole, Edge::Open), "token ");
        assert_eq!(seen("token hunter", Edge::Whole, Edge::Whole), "token hunter");
        assert_eq!(seen("nter22 it was hunt", Edge::Divided, Edge::Divided), " it was …");
        assert_eq!(seen("hunter22\u{8}\u{8}", Edge::Whole, Edge::Whole), "•");
    }

    #[test]
    fn a_secret_at_the_cap_is_hidden_whole() {
        for before in LONGEST - 10..LONGEST + 2 {
            for secret in ["hunter22", "hun\u{1b}[1mter22"] {
                let text = format!("{}{secret} and more", "x".repeat(before));
                let seen = shown(&raw(text.as_bytes(), Edge::Whole, Edge::Whole), &masker()).text;
                assert!(!seen.contains("hun") && seen.ends_with('…') && seen.chars().count() == LONGEST + 1, "{before}: {seen}");
            }
        }
    }

    #[test]
    fn colours_go_where_a_secret_went_between_them() {
        let line = shown(&raw(b"\x1b[31mred \x1b[1mhun\x1b[0mter22\x1b[0m", Edge::Whole, Edge::Whole), &masker());
        assert_eq!((line.text.as_str(), line.runs.len()), ("red •••", 0));
        let line = shown(&raw(b"\x1b[31mred\x1b[0m hunter22", Edge::Whole, Edge::Whole), &masker());
        assert_eq!((line.text.as_str(), line.runs.len()), ("red •••", 1));
    }

    proptest! {
        #[test]
        fn a_secret_never_shows(before in "[a-z\u{1b}\\[m0-9\r]{0,20}", after in "[a-z\u{1b}\\[m0-9\r]{0,20}", repeat in 0_usize..600) {
            let text = format!("{before}{}hunter22{after}", "hunter22 ".repeat(repeat));
            let line = shown(&raw(text.as_bytes(), Edge::Divided, Edge::Divided), &masker());
            prop_assert!(!line.text.contains("hunter22"), "{}", line.text);
            prop_assert!(line.runs.iter().all(|run| line.text.get(run.at.clone()).is_some()));
        }
    }
}
