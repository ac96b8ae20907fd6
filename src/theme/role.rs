//! What a piece of the screen means.

use serde::Deserialize;

/// A meaning that has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
#[repr(usize)]
pub enum Role {
    /// What is read.
    Text,
    /// What is read first.
    Strong,
    /// What is read when looked for: labels, units, what is over.
    Muted,
    /// Rules and what is not there yet.
    Faint,
    /// Keys, links between things.
    Accent,
    /// What runs now.
    Live,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Wants attention.
    Warn,
    /// Lies under the selected row.
    Selected,
    /// The empty part of a bar.
    Track,
    /// What a search found.
    Match,
    /// A line that a change adds.
    Added,
    /// A line that a change removes.
    Removed,
    /// What is new within an added line.
    AddedWord,
    /// What is gone within a removed line.
    RemovedWord,
    /// Text in quotes, in a command.
    Quoted,
    /// Words and operators of the shell.
    Keyword,
}

impl Role {
    /// Every role, in the order of its numbers.
    pub const ALL: [Self; 18] = [
        Self::Text,
        Self::Strong,
        Self::Muted,
        Self::Faint,
        Self::Accent,
        Self::Live,
        Self::Good,
        Self::Bad,
        Self::Warn,
        Self::Selected,
        Self::Track,
        Self::Match,
        Self::Added,
        Self::Removed,
        Self::AddedWord,
        Self::RemovedWord,
        Self::Quoted,
        Self::Keyword,
    ];

    /// Its name in theme files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Strong => "strong",
            Self::Muted => "muted",
            Self::Faint => "faint",
            Self::Accent => "accent",
            Self::Live => "live",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Selected => "selected",
            Self::Track => "track",
            Self::Match => "match",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::AddedWord => "added-word",
            Self::RemovedWord => "removed-word",
            Self::Quoted => "quoted",
            Self::Keyword => "keyword",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| {
            let near = Self::ALL.into_iter().map(|role| (strsim::damerau_levenshtein(&name, role.name()), role.name())).min();
            match near {
                Some((far, right)) if far <= 2 => format!("there is no role '{name}': did you mean '{right}'?"),
                _ => format!("there is no role '{name}': known are {}", Self::ALL.map(Self::name).join(", ")),
            }
        })
    }
}
