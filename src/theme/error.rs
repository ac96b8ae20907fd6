//! What can be wrong with a theme.

/// What can be wrong with a theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// No theme has this name.
    #[error("there is no theme '{name}': known are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file is not what it should be.
    #[error("line {line}, column {column}: {says}")]
    Wrong {
        /// Where, counted from 1.
        line: usize,
        /// Where in it, in characters counted from 1.
        column: usize,
        /// What is wrong.
        says: String,
    },
    /// An embedded theme lacks something: others are based on it.
    #[error("it lacks its background or a role, and is itself the base of others")]
    Incomplete,
}

impl ThemeError {
    /// What a parser found wrong in a text.
    pub(super) fn wrong(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(text.len(), |span| span.start);
        let before = text.get(..at).unwrap_or(text);
        let (line, rest) = before.rsplit_once('\n').map_or((1, before), |(above, rest)| (above.split('\n').count() + 1, rest));
        let says = error.message().lines().collect::<Vec<_>>().join(", ");
        Self::Wrong { line, column: rest.chars().count() + 1, says }
    }
}
