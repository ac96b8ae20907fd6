//! A raw line made ready for the screen: folded, masked, capped.

use crate::host::paged::{Edge, Raw};
use crate::text::ansi;
use crate::text::clean::LONGEST;
use crate::text::mask::Masker;

/// What is to be read of a line. No secret is in it, and no half of one at an end where the line is cut or is still being
/// written. Where the line was divided, as many characters as a secret may have are left out at either side: what stands
/// beyond is not known here. Where a secret stood between colours the line has none.
pub(in crate::shell) fn shown(raw: &Raw, masker: &Masker) -> ansi::Line {
    let longest = masker.longest();
    let whole = if raw.ends == Edge::Whole { raw.bytes.as_slice() } else { without_half_letter(&raw.bytes) };
    let text = String::from_utf8_lossy(whole);
    let is_rest = raw.begins == Edge::Divided && longest > 0;
    let text = if is_rest { text.get(ansi::rest_of_sequence(&text)..).unwrap_or_default() } else { &text };
    // first as it was written: a backspace could leave half a secret
    let masked = masker.mask(text);
    // what is left out at either end was more than is shown
    let most = LONGEST + longest + longest;
    let mut line = ansi::line(&masked, most);
    let cut = line.text.ends_with('…') && line.text.chars().count() > most;
    if cut {
        line.truncate(line.text.len() - '…'.len_utf8());
    }
    if let std::borrow::Cow::Owned(text) = masker.mask(&line.text) {
        line = ansi::Line { text, runs: Vec::new() };
    }
    if is_rest {
        let rest = masker.rest_at_start(&line.text);
        line = ansi::Line { text: line.text.get(rest..).unwrap_or_default().to_owned(), runs: Vec::new() };
    }
    if longest > 0 && (cut || raw.ends == Edge::Divided) {
        line.truncate(line.text.len() - masker.begin_at_end(&line.text));
    } else if raw.ends == Edge::Open {
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

/// The bytes without the beginning of a letter at their end: it would hide from us that a secret may have begun.
fn without_half_letter(bytes: &[u8]) -> &[u8] {
    let begin = bytes.len().saturating_sub(3);
    let tail = bytes.get(begin..).unwrap_or_default();
    let half = tail.iter().rposition(|byte| *byte >= 0xc0).filter(|at| {
        let letter = tail.get(*at..).unwrap_or_default();
        std::str::from_utf8(letter).is_err_and(|error| error.error_len().is_none())
    });
    half.and_then(|at| bytes.get(..begin + at)).unwrap_or(bytes)
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
        assert_eq!(seen("nter22 it was not hunt", Edge::Divided, Edge::Divided), " was …");
        assert_eq!(seen("1mter22 it was not", Edge::Divided, Edge::Whole), " was not");
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

    /// Letters with a colour before each.
    fn coloured(secret: &str, colour: &str) -> String {
        secret.chars().flat_map(|char| colour.chars().chain([char])).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_half_of_a_secret_shows_where_a_line_is_divided(
            secret in proptest::sample::select(vec!["hunter22", "pässwörtchen-€uro", "sk-0123456789"]),
            colour in proptest::sample::select(vec!["", "\u{1b}[1m", "\u{1b}[38;2;255;100;0m", "\u{1b}]8;;x\u{7}", "\u{1b}(B"]),
            back in 0_usize..600, after in "[a-z ]{0,40}",
        ) {
            use std::io::Write;
            let block = usize::try_from(crate::host::paged::BLOCK).unwrap_or_default();
            // colours alone before it, so that what stands at the border is shown
            let mut bytes = b"\x1b[0m".repeat(block / 4);
            bytes.truncate(block - back.min(coloured(secret, colour).len() + 8));
            bytes.extend(coloured(secret, colour).bytes().chain(after.bytes()));
            bytes.resize(block + 3000, b' ');
            let mut file = tempfile::tempfile()?;
            file.write_all(&bytes)?;
            let masker = Masker::new([("A_TOKEN", secret)], []);
            let mut pages = crate::host::paged::Paged::new(&file, bytes.len() as u64);
            let letters: Vec<char> = secret.chars().collect();
            let mut at = Some(0);
            while let Some(begin) = at {
                let seen = shown(&pages.line(begin)?, &masker).text;
                for four in letters.windows(4) {
                    prop_assert!(!seen.contains(&four.iter().collect::<String>()), "{seen}");
                }
                at = pages.after(begin)?;
            }
        }

        #[test]
        fn no_half_of_a_secret_shows_where_a_line_of_json_is_divided(
            secret in proptest::sample::select(vec!["hunter22", "pässwörtchen-€uro", "sk-0123456789"]),
            back in 0_usize..220, which in any::<u16>(), slashes in proptest::sample::select(vec![1_usize, 2, 4]),
        ) {
            use std::io::Write;
            let block = usize::try_from(crate::host::paged::BLOCK).unwrap_or_default();
            let spelt = |(n, char): (usize, char)| {
                let is_spelt = which >> (n % 16) & 1 == 1;
                if is_spelt { format!("{}u{:04x}", "\\".repeat(slashes), u32::from(char)) } else { char.to_string() }
            };
            let mut bytes = b"\x1b[0m".repeat(block / 4);
            bytes.truncate(block - back);
            bytes.extend(secret.chars().enumerate().map(spelt).collect::<String>().bytes());
            bytes.resize(block + 3000, b' ');
            let mut file = tempfile::tempfile()?;
            file.write_all(&bytes)?;
            let masker = Masker::new([("A_TOKEN", secret)], []);
            let mut pages = crate::host::paged::Paged::new(&file, bytes.len() as u64);
            let mut seen = String::new();
            let mut at = Some(0);
            while let Some(begin) = at {
                seen.push_str(&shown(&pages.line(begin)?, &masker).text);
                seen.push('\n');
                at = pages.after(begin)?;
            }
            // as a reader undoes it
            let mut reads = String::new();
            for (n, piece) in seen.replace('\\', "").split('u').enumerate() {
                let char = piece.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32).filter(|_| n > 0);
                reads.extend(char);
                reads.push_str(char.map_or(piece, |_| piece.get(4..).unwrap_or_default()));
            }
            for four in secret.chars().collect::<Vec<_>>().windows(4) {
                let four: String = four.iter().collect();
                prop_assert!(!seen.contains(&four) && !reads.contains(&four), "{seen}");
            }
        }

        #[test]
        fn no_half_of_a_secret_shows_in_a_line_being_written(
            secret in proptest::sample::select(vec!["hunter22", "pässwörtchen-€uro"]), share in 0.0_f64..1.0, coloured_too: bool,
        ) {
            let text = if coloured_too { coloured(secret, "\u{1b}[1m") } else { secret.to_owned() };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
            let written = text.as_bytes().get(..(text.len() as f64 * share) as usize).unwrap_or_default();
            let seen = shown(&raw(&[b"token ", written].concat(), Edge::Whole, Edge::Open), &Masker::new([("A_TOKEN", secret)], [])).text;
            let left = seen.strip_prefix("token").unwrap_or_default().trim();
            prop_assert!(left.len() < 4 || left == "•••", "{seen}");
        }

        #[test]
        fn a_secret_never_shows(before in "[a-z\u{1b}\\[m0-9\r]{0,20}", after in "[a-z\u{1b}\\[m0-9\r]{0,20}", repeat in 0_usize..600) {
            let text = format!("{before}{}hunter22{after}", "hunter22 ".repeat(repeat));
            let line = shown(&raw(text.as_bytes(), Edge::Divided, Edge::Divided), &masker());
            prop_assert!(!line.text.contains("hunter22"), "{}", line.text);
            prop_assert!(line.runs.iter().all(|run| line.text.get(run.at.clone()).is_some()));
        }
    }
}
