//! The characters that draw dots, bars and rules, for terminals with and without Unicode.

use super::role::Role;

/// A set of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// A stage that ended well.
    pub done: &'static str,
    /// A stage that runs.
    pub running: &'static str,
    /// A stage whose turn has not come.
    pub pending: &'static str,
    /// A stage that failed.
    pub failed: &'static str,
    /// A stage that was stopped or cut off.
    pub cut: &'static str,
    /// A stage that will not run.
    pub none: &'static str,
    /// The row that runs.
    pub live: &'static str,
    /// The filled part of a bar: what went well, and what has no better or worse.
    pub bar: &'static str,
    /// Where colours don't tell them apart: what failed, what runs, what was cut off, what was left out.
    pub bars: [&'static str; 4],
    /// A column of a curve that fills so many eighths of its row.
    pub heights: [&'static str; 8],
    /// What lies between the mean of a column and its largest value.
    pub shade: &'static str,
    /// The empty part of a bar.
    pub track: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub wall: &'static str,
    /// Between two facts of one line.
    pub dot: &'static str,
    /// From one thing to another.
    pub arrow: &'static str,
    /// A tool call that went well.
    pub ok: &'static str,
    /// A tool call that did not.
    pub no: &'static str,
    /// A tool call that runs.
    pub open: &'static str,
    /// So many times.
    pub times: &'static str,
    /// There is more than is shown.
    pub more: &'static str,
    /// How bad something is: worth a note, worth a look, stuck.
    pub levels: [&'static str; 3],
    /// How long it held, by the same levels.
    pub spans: [&'static str; 3],
    /// Something will break.
    pub alarm: &'static str,
    /// Something to know.
    pub badge: &'static str,
    /// What is folded, and what is not.
    pub folds: [&'static str; 2],
    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
}

impl Glyphs {
    /// For terminals that speak UTF-8.
    pub const UNICODE: Self = Self {
        done: "●",
        running: "◐",
        pending: "○",
        failed: "✗",
        cut: "◌",
        none: "·",
        live: "▸",
        bar: "━",
        bars: ["━"; 4],
        heights: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        shade: "░",
        track: "─",
        rule: "─",
        wall: "│",
        dot: "·",
        arrow: "→",
        ok: "✓",
        no: "✗",
        open: "…",
        times: "×",
        more: "…",
        levels: ["◦", "▲", "■"],
        spans: ["·", "─", "━"],
        alarm: "!",
        badge: "◇",
        folds: ["▸", "▾"],
        corners: ["╭", "╮", "╰", "╯"],
    };

    /// For all others.
    pub const ASCII: Self = Self {
        done: "*",
        running: ">",
        pending: "o",
        failed: "x",
        cut: "/",
        none: ".",
        live: ">",
        bar: "=",
        bars: ["x", ">", "/", "."],
        heights: ["_", ".", ":", "-", "=", "+", "*", "#"],
        shade: ":",
        track: "-",
        rule: "-",
        wall: "|",
        dot: "-",
        arrow: ">",
        ok: "+",
        no: "x",
        open: "~",
        times: "x",
        more: "~",
        levels: [".", "^", "#"],
        spans: [".", "-", "-"],
        alarm: "!",
        badge: "i",
        folds: ["+", "-"],
        corners: ["+", "+", "+", "+"],
    };

    /// The same for terminals without colours.
    #[must_use]
    pub fn without_colours(self) -> Self {
        if self.is_ascii() { self } else { Self { bars: ["╳", "▸", "┄", "┈"], ..self } }
    }

    /// What draws the part of a bar that has this role.
    pub const fn bar_of(&self, role: Role) -> &'static str {
        let [failed, live, cut, left_out] = self.bars;
        match role {
            Role::Bad => failed,
            Role::Live => live,
            Role::Warn => cut,
            Role::Muted => left_out,
            _ => self.bar,
        }
    }

    /// By the locale: `LC_ALL`, then `LC_CTYPE`, then `LANG`.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty()).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::UNICODE } else { Self::ASCII }
    }

    /// Whether only ASCII may be drawn.
    pub fn is_ascii(&self) -> bool {
        self.rule.is_ascii()
    }

    /// Text as these terminals can show it: what is not ASCII becomes something that is.
    pub fn speak(&self, text: String) -> String {
        if !self.is_ascii() || text.is_ascii() {
            return text;
        }
        text.chars()
            .map(|char| match char {
                _ if char.is_ascii() => char,
                '…' | '≈' => '~',
                '°' => ' ',
                '≠' => '!',
                '·' | '–' | '—' => '-',
                '×' => 'x',
                '→' => '>',
                '↓' | '▾' => 'v',
                '↑' | '▴' => '^',
                '•' => '*',
                '’' | '‘' => '\'',
                '“' | '”' => '"',
                _ => '?',
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides() {
        let with = |value: &str| Glyphs::of(|name| (name == "LANG").then(|| value.to_owned())).is_ascii();
        assert_eq!([with("en_US.UTF-8"), with("C.utf8"), with("C"), with("")], [false, false, true, true]);
    }

    #[test]
    fn text_becomes_ascii_where_it_must() {
        assert_eq!(Glyphs::ASCII.speak("a·b…日".to_owned()), "a-b~?");
    }
}
