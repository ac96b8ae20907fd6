//! The terminal's clipboard by OSC 52, after xterm's `ctlseqs`: the text as base64, for the selection `c`. No terminal says
//! whether it took it, and some ask their user first, or are set to refuse.

use termina::escape::osc::{Osc, Selection};

use super::terminal;

/// Bytes of a text that is sent. Terminals cut longer sequences than 100,000 bytes (hterm), or drop them; this much text is
/// just that long in base64. tmux itself takes ten times as much, but hands it to such a terminal.
pub const LIMIT: usize = 74_994;

/// Bytes of a device control string that GNU screen hands through, less what it needs itself; older ones hold 256.
const PIECE: usize = 240;

/// Who stands between us and the terminal with the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nobody that we know of.
    Plain,
    /// tmux. With `set-clipboard on` it takes the sequence itself, with `allow-passthrough on` (or before 3.3) it hands it
    /// through in an envelope; whichever it is set to, so both are sent.
    Tmux,
    /// GNU screen, which hands through what stands in its envelopes, in small pieces.
    Screen,
}

impl Way {
    /// As the environment tells; `None`: this terminal has no clipboard and would show the sequence.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM");
        if !terminal::knows_sequences(term.as_deref()) {
            return None;
        }
        let is_screen = set("STY").is_some() && !term.is_some_and(|term| term.starts_with("tmux"));
        Some(match set("TMUX") {
            // one started in the other inherits its name: the inner one is who sets TERM, and tmux says `tmux` unless told otherwise
            Some(_) if !is_screen => Self::Tmux,
            _ if is_screen => Self::Screen,
            _ => Self::Plain,
        })
    }

    /// `" through tmux"`, for a sentence.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tmux => " through tmux",
            Self::Screen => " through screen",
        }
    }

    /// The bytes that put a text there; `None`: it is too long.
    pub fn sequence(self, text: &str) -> Option<Vec<u8>> {
        if text.len() > LIMIT {
            return None;
        }
        let told = Osc::SetSelection(Selection::CLIPBOARD, text).to_string();
        // the other end of a string would be the envelope's
        let plain = format!("{}\x07", told.trim_end_matches("\x1b\\"));
        Some(match self {
            Self::Plain => plain.into_bytes(),
            Self::Tmux => {
                let inside = plain.replace('\x1b', "\x1b\x1b");
                format!("{plain}\x1bPtmux;{inside}\x1b\\").into_bytes()
            }
            Self::Screen => plain.as_bytes().chunks(PIECE).flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<Way> {
        Way::of(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_tells_who_stands_between() {
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(of(&[xterm]), Some(Way::Plain));
        assert_eq!(of(&[("TERM", "screen-256color"), ("TMUX", "/tmp/t,1,0")]), Some(Way::Tmux));
        assert_eq!(of(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/t,1,0"), ("STY", "1.pts")]), Some(Way::Tmux));
        assert_eq!(of(&[("TERM", "screen"), ("STY", "1.pts")]), Some(Way::Screen));
        assert_eq!(of(&[("TERM", "screen"), ("STY", "1.pts"), ("TMUX", "/tmp/t,1,0")]), Some(Way::Screen));
        assert_eq!(of(&[xterm, ("TMUX", ""), ("STY", "")]), Some(Way::Plain));
        for none in [&[("TERM", "linux")][..], &[("TERM", "dumb")], &[("TERM", "")], &[]] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_text_is_base64_for_the_clipboard() {
        assert_eq!(Way::Plain.sequence("hello, é").unwrap(), b"\x1b]52;c;aGVsbG8sIMOp\x07");
        let tmux = Way::Tmux.sequence("hi").unwrap();
        assert_eq!(tmux, b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        let screen = String::from_utf8(Way::Screen.sequence(&"x".repeat(600)).unwrap()).unwrap();
        let pieces: Vec<&str> = screen.split_terminator("\x1b\\").map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(pieces.concat().into_bytes(), Way::Plain.sequence(&"x".repeat(600)).unwrap());
    }

    #[test]
    fn the_longest_is_what_terminals_take() {
        assert_eq!(Way::Plain.sequence(&"x".repeat(LIMIT)).unwrap().len(), 100_000);
        assert_eq!(Way::Plain.sequence(&"x".repeat(LIMIT + 1)), None);
    }
}
