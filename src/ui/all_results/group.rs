//! Groups of rows: by what they are told apart, how many there are in each, and which are left out.

use super::row::{Class, Row};
use crate::domain::{BenchKind, FailureClass, Quadrant, Rung};

/// By what rows are told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The hard class.
    #[default]
    Class,
    /// The type of the benchmark.
    Kind,
    /// The last rung of the ladder.
    Rung,
    /// Why they failed.
    Failure,
    /// The quadrant.
    Quadrant,
    /// Agent and model.
    Agent,
}

/// A group of rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Of this hard class.
    Class(Class),
    /// Of this type; `None`: nothing tells.
    Kind(Option<BenchKind>),
    /// That reached this rung and no higher one; `None`: not even the first.
    Rung(Option<Rung>),
    /// That failed so; `None`: not at all.
    Failure(Option<FailureClass>),
    /// In this quadrant; `None`: not both verdicts are known.
    Quadrant(Option<Quadrant>),
    /// Of this agent.
    Agent(String),
}

impl By {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Class, Self::Kind, Self::Rung, Self::Failure, Self::Quadrant, Self::Agent];

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Kind => "type",
            Self::Rung => "rung",
            Self::Failure => "failure",
            Self::Quadrant => "quadrant",
            Self::Agent => "agent",
        }
    }

    /// The one after it, or before.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|by| *by == self).unwrap_or_default();
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or_default()
    }

    /// The group of a row.
    pub fn of(self, row: &Row) -> Group {
        match self {
            Self::Class => Group::Class(row.class),
            Self::Kind => Group::Kind(row.kind),
            Self::Rung => Group::Rung(row.rung),
            Self::Failure => Group::Failure(row.failure),
            Self::Quadrant => Group::Quadrant(row.quadrant),
            Self::Agent => Group::Agent(row.agent.clone()),
        }
    }

    /// The groups that are named though nothing is in them: those of which it matters that nothing is.
    fn always(self) -> Vec<Group> {
        match self {
            Self::Class => [Class::Beats, Class::Similar, Class::Worse].map(Group::Class).into(),
            _ => Vec::new(),
        }
    }
}

impl Group {
    /// By what it is told apart.
    pub const fn by(&self) -> By {
        match self {
            Self::Class(_) => By::Class,
            Self::Kind(_) => By::Kind,
            Self::Rung(_) => By::Rung,
            Self::Failure(_) => By::Failure,
            Self::Quadrant(_) => By::Quadrant,
            Self::Agent(_) => By::Agent,
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Class(class) => class.name().to_owned(),
            Self::Kind(kind) => kind.map_or("unknown", BenchKind::name).to_owned(),
            Self::Rung(rung) => rung.map_or("none", Rung::name).to_owned(),
            Self::Failure(class) => class.map_or("no failure", FailureClass::name).to_owned(),
            Self::Quadrant(quadrant) => {
                quadrant.map_or_else(|| "not judged".to_owned(), |quadrant| format!("{} {}", quadrant.short(), quadrant.says()))
            }
            Self::Agent(agent) => agent.clone(),
        }
    }

    /// Whether a row is in it.
    pub fn holds(&self, row: &Row) -> bool {
        self.by().of(row) == *self
    }

    /// What orders groups: as they are told; failures by how many there are.
    fn order(&self, n: usize) -> (bool, usize, &Self) {
        match self {
            Self::Failure(class) => (class.is_none(), usize::MAX - n, self),
            Self::Kind(None) | Self::Quadrant(None) => (true, 0, self),
            _ => (false, 0, self),
        }
    }
}

/// The groups of these rows with how many are in each, in order.
pub fn groups<'a>(by: By, rows: impl Iterator<Item = &'a Row>) -> Vec<(Group, usize)> {
    let mut counts: Vec<(Group, usize)> = by.always().into_iter().map(|group| (group, 0)).collect();
    for row in rows {
        let group = by.of(row);
        match counts.iter_mut().find(|(known, _)| *known == group) {
            Some((_, n)) => *n += 1,
            None => counts.push((group, 1)),
        }
    }
    counts.sort_by(|(one, n), (other, m)| one.order(*n).cmp(&other.order(*m)));
    counts
}
