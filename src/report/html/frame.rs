//! The document around the parts: head, policy, style, script, navigation.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::cell;
use crate::text::width;

/// How it looks. Nothing in it names another file.
const STYLE: &str = include_str!("style.css");

/// Sorts and searches tables. The page is whole without it.
const SCRIPT: &str = include_str!("script.js");

/// Columns of the title in a browser's tab.
const TITLE: usize = 120;

/// What a page says of itself.
pub(super) struct Head<'a> {
    /// Its title.
    pub title: &'a str,
    /// What it is about.
    pub paths: &'a [String],
    /// When it was made.
    pub made: Timestamp,
    /// What its own tables add to the style.
    pub style: &'a str,
}

/// The whole document as text.
pub(super) fn document(head: &Head<'_>, places: &[(&str, &str)], body: &Markup) -> String {
    let style = format!("{STYLE}{}", head.style);
    // the seconds are enough
    let made = head.made.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&style));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (width::clip(&cell::safe(head.title), TITLE)) }
                style { (PreEscaped(&style)) }
            }
            body {
                (patterns())
                div.page {
                    header {
                        a.skip href="#verdict" { "To the verdict" }
                        h1 { "ISO-Bench report" }
                        p.about { "From " (listed(head.paths)) "; made " (made) " by isobench-tui " (env!("CARGO_PKG_VERSION")) "." }
                    }
                    nav aria-label="Parts of this page" { ol { @for (id, name) in places { li { a href={ "#" (id) } { (name) } } } } }
                    main { (body) }
                    footer {
                        p { "– stands for what no file says: unknown is not zero. Paths are relative to the ones that were asked for." }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

fn listed(paths: &[String]) -> Markup {
    html! {
        @if paths.is_empty() { "no path" }
        @for (at, path) in paths.iter().enumerate() { @if at > 0 { ", " } code { (cell::middle(path, 200)) } }
    }
}

/// Nothing is loaded and nothing runs but what was put in here, by its digest. Whatever a file's text may smuggle in, a browser
/// refuses.
fn policy(style: &str) -> String {
    let only = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())));
    format!("default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'", only(style), only(SCRIPT))
}

/// Base64 with padding, as a policy wants digests. Too little for a dependency of its own.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | chunk.get(at).copied().map_or(0, u32::from));
        let letter = |at: usize| {
            let six = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or_default();
            // a byte fills one letter and begins the next
            if at <= chunk.len() { LETTERS.get(six).copied().map_or('=', char::from) } else { '=' }
        };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// Patterns that tell parts of a bar apart without colours.
fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch-ground width="7" height="7" {}
                    line.hatch-line x1="1.5" x2="1.5" y1="0" y2="7" {}
                }
                pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect.hatch-ground width="6" height="6" {}
                    circle.dot cx="2" cy="2" r="1.1" {}
                    circle.dot cx="5" cy="5" r="1.1" {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_everybody_writes_it() {
        let seen: Vec<String> = ["", "f", "fo", "foo", "foob", "\u{ff}\u{fe}"].map(|text| base64(text.as_bytes())).into();
        assert_eq!(seen, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "w7/Dvg=="]);
    }

    #[test]
    fn style_and_script_can_stand_inside_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("@import") && !STYLE.contains("url(h") && !STYLE.contains("//"));
    }
}
