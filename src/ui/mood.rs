//! What a sentence wants from its reader.

/// The tone of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Nothing to be done.
    Calm,
    /// Read when looked for.
    Quiet,
    /// Something runs.
    Live,
    /// Something went well.
    Good,
    /// Somebody should look.
    Warn,
    /// Something went wrong.
    Bad,
}

/// A sentence with its tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The sentence.
    pub text: String,
    /// Its tone.
    pub mood: Mood,
}

impl Said {
    /// A sentence.
    pub fn new(mood: Mood, text: impl Into<String>) -> Self {
        Self { text: text.into(), mood }
    }
}
