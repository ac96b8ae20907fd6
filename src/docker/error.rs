//! What can be wrong with a Docker engine, each in its own sentence.

use crate::text::clean;

/// What can be wrong with the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerError {
    /// There is no engine.
    #[error("there is no docker here ({0})")]
    Absent(String),
    /// There is one, and we may not talk to it.
    #[error("docker may not be asked by this user ({0}: permission denied): the group 'docker' may")]
    Forbidden(String),
    /// It does not answer.
    #[error("docker does not answer ({0}: nothing came for 5 s)")]
    Silent(String),
    /// It answers something else.
    #[error("docker can't be asked: {0}")]
    Broken(String),
}

impl DockerError {
    /// What the client made of it, by what was asked of the engine.
    pub fn of(error: &bollard::errors::Error, asked: &str) -> Self {
        if let bollard::errors::Error::RequestTimeoutError = error {
            return Self::Silent(asked.to_owned());
        }
        Self::Broken(clean::line(&error.to_string()))
    }
}
