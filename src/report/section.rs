//! A table with its title and its sentence: what text, Markdown and HTML draw, so that all of them say the same.

use std::borrow::Cow;

use crate::domain::{FailureClass, Flag, Quadrant, Rung, Standing, short_sha};
use crate::text::{bytes, duration, energy, tokens};

/// What is printed, whatever the format: of one tree, or of two side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The first lines.
    pub lead: super::Lead,
    /// The tables.
    pub sections: Vec<Section>,
}

/// A part of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name on the command line (`--table`) and in links.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What is counted, and what is not, in a sentence or two; may be empty.
    pub says: String,
    /// The table.
    pub table: Table,
}

/// Columns and rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The heads.
    pub columns: Vec<Column>,
    /// The rows, each with a cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// Whether the last row is a sum over the others.
    pub has_sum: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub name: Cow<'static, str>,
    /// The unit of its numbers, where all have the same.
    pub unit: Option<&'static str>,
    /// Where its cells stand.
    pub align: Align,
    /// What a narrow terminal does to it.
    pub narrow: Narrow,
}

/// Where the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// What a narrow terminal does to a column. Numbers are never cut: they are whole, or their column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// It stays as it is.
    Stays,
    /// It is left out; the highest number first.
    Drops(u8),
    /// Its text wraps into lines of at least so many columns; then, if need be, it is left out, but for number 0.
    Wraps(usize, u8),
    /// The middle of its words is left out, down to so many columns; then, if need be, the column.
    Shortens(usize, u8),
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nobody knows, or there is none. Not zero.
    Missing,
    /// Words; safe to show.
    Text(String),
    /// A status: the harness's word, or ours.
    Status(String),
    /// How many.
    Count(usize),
    /// How many of how many.
    Part(usize, usize),
    /// A part in percent, as `(part, whole)`; missing of nothing.
    Share(usize, usize),
    /// A change in percent; + is better.
    Change(f64),
    /// A number as it was measured, with the unit of its column or, where rows differ, its own.
    Number(f64, Option<String>),
    /// Seconds.
    Seconds(f64),
    /// Tokens.
    Tokens(u64),
    /// Bytes.
    Bytes(u64),
    /// US dollars.
    Dollars(f64),
    /// Energy, in Wh.
    Energy(f64),
    /// A commit.
    Commit(String),
    /// A rung of the truth ladder.
    Rung(Rung),
    /// Flags; perhaps none.
    Flags(Vec<Flag>),
    /// A hard class.
    Standing(Standing),
    /// Hard and soft class.
    Quadrant(Quadrant),
    /// A cause of failure.
    Class(FailureClass),
    /// A file or a folder, relative to the path that was asked for; safe to show.
    Place(String),
}

/// How a cell is meant; renderers have colours for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to say.
    Plain,
    /// As one would have it.
    Good,
    /// Look twice.
    Doubtful,
    /// Not as one would have it.
    Bad,
    /// Of little weight.
    Muted,
}

impl Column {
    /// Words.
    pub fn text(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), unit: None, align: Align::Left, narrow: Narrow::Stays }
    }

    /// Numbers.
    pub fn number(name: &'static str) -> Self {
        Self { align: Align::Right, ..Self::text(name) }
    }

    /// The same with what a narrow terminal does to it.
    #[must_use]
    pub fn narrow(self, narrow: Narrow) -> Self {
        Self { narrow, ..self }
    }

    /// The same with a unit.
    #[must_use]
    pub fn unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// The head with its unit.
    pub fn head(&self) -> Cow<'_, str> {
        self.unit.map_or_else(|| Cow::Borrowed(self.name.as_ref()), |unit| Cow::Owned(format!("{} ({unit})", self.name)))
    }
}

impl Cell {
    /// A cell for something that may be unknown.
    pub fn known<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Missing, cell)
    }

    /// Words, or nothing where there are none.
    pub fn words(text: &str) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(text.to_owned()) }
    }

    /// What people read. Empty for [`Cell::Missing`] and for no flags: a renderer has its own mark for that.
    pub fn says(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Text(text) | Self::Status(text) | Self::Place(text) => text.clone(),
            Self::Count(n) => n.to_string(),
            Self::Part(n, of) => format!("{n}/{of}"),
            Self::Share(n, of) => share(*n, *of).map_or_else(String::new, |share| format!("{share:.1} %")),
            Self::Change(pct) => format!("{pct:+.1} %"),
            Self::Number(value, None) => rounded(*value),
            Self::Number(value, Some(unit)) => format!("{} {unit}", rounded(*value)),
            Self::Seconds(s) => duration::short(millis(*s)),
            Self::Tokens(n) => tokens(*n),
            Self::Bytes(n) => bytes(*n),
            Self::Dollars(usd) => format!("${usd:.2}"),
            Self::Energy(wh) => energy(*wh),
            Self::Commit(sha) => short_sha(sha).to_owned(),
            Self::Rung(rung) => rung.name().to_owned(),
            Self::Flags(flags) => flags.iter().map(|flag| flag.name()).collect::<Vec<_>>().join(", "),
            Self::Standing(standing) => standing.name().to_owned(),
            Self::Quadrant(quadrant) => quadrant.name().to_owned(),
            Self::Class(class) => class.name().to_owned(),
        }
    }

    /// The bare number, to sort by, to draw, and for a spreadsheet; `None` for words.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(n) | Self::Part(n, _) => Some(float(*n)),
            Self::Share(n, of) => share(*n, *of),
            Self::Change(value) | Self::Number(value, _) | Self::Seconds(value) | Self::Dollars(value) | Self::Energy(value) => {
                Some(*value)
            }
            Self::Tokens(n) | Self::Bytes(n) => Some(float(usize::try_from(*n).unwrap_or(usize::MAX))),
            _ => None,
        }
    }

    /// How it is meant.
    pub fn tone(&self) -> Tone {
        match self {
            Self::Missing | Self::Place(_) => Tone::Muted,
            Self::Status(status) => match status.as_str() {
                "success" | "done" => Tone::Good,
                "error" | "failed" | "timeout" => Tone::Bad,
                _ => Tone::Doubtful,
            },
            Self::Change(pct) if *pct < 0.0 => Tone::Bad,
            Self::Change(pct) if *pct > 0.0 => Tone::Good,
            Self::Flags(flags) if !flags.is_empty() => Tone::Doubtful,
            Self::Standing(Standing::Beats | Standing::Similar) | Self::Quadrant(Quadrant::TrueSuccess) => Tone::Good,
            Self::Standing(Standing::Worse) | Self::Quadrant(Quadrant::Failure) | Self::Class(_) => Tone::Bad,
            Self::Quadrant(Quadrant::GoodIntent | Quadrant::LuckyWin) => Tone::Doubtful,
            Self::Rung(Rung::Metrics | Rung::BeyondNoise) => Tone::Good,
            _ => Tone::Plain,
        }
    }
}

/// A part in percent; nothing of nothing is unknown.
pub fn share(n: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| float(n) / float(of) * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(n: usize) -> f64 {
    n as f64
}

/// A number for people: as it was printed where that is short, else with two decimals or four digits, whichever is more.
/// JSON and CSV have all of it.
fn rounded(value: f64) -> String {
    let whole = value.to_string();
    let decimals = whole.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals <= 2 || whole.len() <= 6 {
        return whole;
    }
    let before = value.abs().max(f64::MIN_POSITIVE).log10().floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and it is clamped")]
    let decimals = (3.0 - before).clamp(2.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

/// Seconds as whole milliseconds; nothing below 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and what is below 0 is 0")]
const fn millis(s: f64) -> u64 {
    (s * 1000.0).max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_printed_where_that_is_short() {
        let seen = [1403.91, 2_454.396_389, 888.0, 0.001_234_567, 0.05, 1e15, 12.345].map(rounded);
        assert_eq!(seen, ["1403.91", "2454.40", "888", "0.001235", "0.05", "1000000000000000", "12.345"]);
    }

    #[test]
    fn what_nobody_knows_is_not_zero() {
        assert_eq!((Cell::Share(0, 0).says(), Cell::Share(0, 3).says()), (String::new(), "0.0 %".to_owned()));
        assert_eq!((Cell::Missing.number(), Cell::Count(0).number()), (None, Some(0.0)));
    }
}
