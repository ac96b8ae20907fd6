//! Which items are shown: what was chosen of each facet, and a text.

use std::collections::BTreeMap;

use super::row::{Judged, Kind, Row};
use crate::text::find::Pattern;

/// What can be chosen by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The status.
    Status,
    /// The last rung that holds.
    Rung,
    /// The class of failure.
    Class,
    /// How bad it was with the agent.
    Level,
    /// The agent.
    Agent,
}

impl Facet {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Status, Self::Rung, Self::Class, Self::Level, Self::Agent];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Rung => "rung",
            Self::Class => "class",
            Self::Level => "level",
            Self::Agent => "agent",
        }
    }

    /// What an item has of it.
    pub fn of(self, row: &Row) -> &str {
        let Some(facts) = &row.facts else {
            return match self {
                Self::Agent => agent(row),
                _ => UNREAD,
            };
        };
        match self {
            Self::Status => facts.word(),
            Self::Rung => facts.rung.map_or("none", crate::domain::Rung::name),
            Self::Class => facts.class.map_or("none", crate::domain::FailureClass::name),
            Self::Level => match row.level {
                Judged::NotYet => UNREAD,
                Judged::Never => "unknown",
                Judged::Is(crate::domain::Level::None) => "calm",
                Judged::Is(level) => level.name(),
            },
            Self::Agent => agent(row),
        }
    }
}

/// The value of what was not read yet.
pub const UNREAD: &str = "not read yet";

fn agent(row: &Row) -> &str {
    let at = match row.branch.kind {
        Kind::Run => 1,
        Kind::Results => 0,
        Kind::Loose => return row.facts.as_ref().map_or(UNREAD, |_| "loose"),
    };
    row.branch.names.get(at).map_or("unknown", String::as_str)
}

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of each facet the values of which one must be an item's; a facet that is not named lets all pass.
    pub chosen: BTreeMap<Facet, Vec<String>>,
    /// The text that must be in it.
    pub text: Option<Pattern>,
}

impl Filter {
    /// Whether everything is shown.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty() && self.text.is_none()
    }

    /// Whether an item is shown.
    pub fn passes(&self, row: &Row) -> bool {
        self.passes_but(row, None)
    }

    fn passes_but(&self, row: &Row, but: Option<Facet>) -> bool {
        let fits = |(facet, values): (&Facet, &Vec<String>)| Some(*facet) == but || values.iter().any(|value| value == facet.of(row));
        self.chosen.iter().all(fits) && self.text.as_ref().is_none_or(|text| text.is_in(&row.words()))
    }

    /// Chooses a value, or no more.
    pub fn toggle(&mut self, facet: Facet, value: &str) {
        let values = self.chosen.entry(facet).or_default();
        match values.iter().position(|known| known == value) {
            Some(at) => {
                values.remove(at);
            }
            None => values.push(value.to_owned()),
        }
        if values.is_empty() {
            self.chosen.remove(&facet);
        }
    }

    /// Whether a value is chosen.
    pub fn has(&self, facet: Facet, value: &str) -> bool {
        self.chosen.get(&facet).is_some_and(|values| values.iter().any(|known| known == value))
    }

    /// The values of a facet with how many items have each, of those that all else lets pass; the most frequent first.
    /// What is chosen stays in the list when no item has it.
    pub fn values(&self, facet: Facet, rows: &[Row]) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows.iter().filter(|row| self.passes_but(row, Some(facet))) {
            *counts.entry(facet.of(row)).or_default() += 1;
        }
        for value in self.chosen.get(&facet).into_iter().flatten() {
            counts.entry(value).or_default();
        }
        let mut values: Vec<(String, usize)> = counts.into_iter().map(|(value, n)| (value.to_owned(), n)).collect();
        values.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        values
    }

    /// What is chosen, in words: `status error`, `'deepseek'`.
    pub fn chips(&self) -> Vec<String> {
        let chosen = self.chosen.iter().map(|(facet, values)| format!("{} {}", facet.name(), values.join(" or ")));
        chosen.chain(self.text.as_ref().map(|text| format!("'{}'", text.text))).collect()
    }
}
