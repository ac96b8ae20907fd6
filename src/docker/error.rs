//! What can be wrong with a Docker engine, each in its own sentence.

use std::io;

use crate::text::clean;

/// What can be wrong with the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerError {
    /// There is no engine on this machine.
    #[error("there is no docker here ({0})")]
    Absent(String),
    /// There is one, and we may not talk to it.
    #[error("docker may not be asked by this user ({0}: permission denied): the group 'docker' may")]
    Forbidden(String),
    /// It does not answer.
    #[error("docker does not answer in time ({0})")]
    Silent(String),
    /// It answers something else.
    #[error("docker can't be asked: {0}")]
    Broken(String),
    /// What says where it listens is wrong. The sentence names the file or the variable.
    #[error("docker's own settings lead nowhere: {0}")]
    Settings(String),
    /// It is on another machine, which can't be reached.
    #[error("the docker of another machine can't be reached ({0})")]
    Unreachable(String),
    /// The encrypted connection was refused by one of the two.
    #[error("docker can't be asked over TLS ({0})")]
    Tls(String),
    /// ssh does not get us there. The text is what ssh said.
    #[error("docker can't be asked over ssh ({0})")]
    Ssh(String),
    /// Somebody else answers.
    #[error("what listens there is no docker ({0})")]
    Stranger(String),
    /// It and we speak no common version of its language.
    #[error("this docker speaks another version ({0})")]
    Version(String),
    /// It was there, and broke off in the middle.
    #[error("docker broke off ({0})")]
    Gone(String),
    /// It said no. The text is its own.
    #[error("docker refused: {says}")]
    Refused {
        /// The HTTP status: 404 is "no such thing", 409 "not now".
        status: u16,
        /// What it said.
        says: String,
    },
}

impl DockerError {
    /// What the client made of it, by what was asked of the engine.
    pub fn of(error: &bollard::errors::Error, asked: &str) -> Self {
        use bollard::errors::Error;
        match error {
            Error::RequestTimeoutError => Self::Silent(asked.to_owned()),
            Error::DockerResponseServerError { status_code: 400, message } if message.contains("client version") => {
                Self::Version(clean::line(message))
            }
            // so Go says it to a client without TLS
            Error::DockerResponseServerError { status_code: 400, message } if message.contains("HTTP request to an HTTPS server") => {
                Self::Tls(format!("{asked}: it wants TLS, and was asked without: DOCKER_TLS_VERIFY=1"))
            }
            Error::DockerResponseServerError { status_code, message } => Self::Refused { status: *status_code, says: clean::line(message) },
            Error::DockerStreamError { error } => Self::Refused { status: 200, says: clean::line(error) },
            Error::APIVersionParseError {} | Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => {
                Self::Stranger(format!("{asked}: {}", said(error)))
            }
            Error::SocketNotFoundError(socket) => Self::Absent(format!("no socket at {}", clean::shown(socket))),
            _ => by_cause(error, asked),
        }
    }

    /// Whether the same may go well a little later without anybody's help: it is being started again, or is busy.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Absent(_) | Self::Silent(_) | Self::Unreachable(_) | Self::Gone(_))
    }

    /// Whether it said that there is no such thing.
    pub const fn is_no_such(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// The error by what lies at its bottom.
fn by_cause(error: &bollard::errors::Error, asked: &str) -> DockerError {
    let told = format!("{asked}: {}", said(error));
    if causes(error).any(|cause| find::<rustls::Error>(cause).is_some()) {
        return DockerError::Tls(told);
    }
    match causes(error).find_map(|cause| find::<io::Error>(cause)).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => DockerError::Absent(told),
        Some(io::ErrorKind::PermissionDenied) => DockerError::Forbidden(asked.to_owned()),
        Some(io::ErrorKind::ConnectionRefused) => DockerError::Absent(format!("{asked}: nobody listens there")),
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotConnected,
        ) => DockerError::Gone(told),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut) => {
            DockerError::Unreachable(told)
        }
        _ => {
            let text = said(error);
            if text.contains("failed to lookup") || text.contains("dns error") {
                DockerError::Unreachable(told)
            } else if text.contains("closed before message completed") || text.contains("unexpected EOF") {
                DockerError::Gone(told)
            } else if text.contains("invalid HTTP") {
                DockerError::Stranger(told)
            } else {
                DockerError::Broken(text)
            }
        }
    }
}

/// An error and all that it came from.
fn causes<'a>(error: &'a bollard::errors::Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error: &&'a (dyn std::error::Error + 'static)| {
        (*error).source()
    })
}

/// A kind of error, where this is one, or where it was put into an error of the system.
fn find<'a, T: std::error::Error + 'static>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    cause.downcast_ref::<T>().or_else(|| cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<T>())
}

/// Its last words: those of the library around them say nothing to people.
fn said(error: &bollard::errors::Error) -> String {
    let last = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    clean::line(&last)
}
