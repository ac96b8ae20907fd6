//! Why a try failed, whether another one may go better, and when.

use std::fmt;

use bollard::errors::Error;
use jiff::Timestamp;

use crate::bench;
use crate::docker::{DockerError, ImageName, RegistryError};
use crate::domain::{Cause, FailureClass, Temper};
use crate::text::{clean, duration};

/// What the engine says of a network or a registry that breaks off, in lower case; the table of failures has those that say
/// more.
const PASSING: [&str; 14] = [
    "eof",
    "connection re",
    "broken pipe",
    "timeout",
    "timed out",
    "deadline exceeded",
    "server misbehaving",
    "unexpected http",
    "unexpected status",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "verification failed for digest",
    "download failed after attempts",
];

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) class: FailureClass,
    /// In a sentence: what happened, where, what to do.
    pub(super) why: String,
    pub(super) again: Again,
}

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// The same again would end the same.
    Never,
    /// After a pause.
    Soon,
    /// Once the engine is back.
    Back,
    /// Not before this moment, where anybody says one.
    At(Option<Timestamp>),
}

/// Where it happened.
pub(super) struct Place<'a> {
    pub(super) image: &'a ImageName,
    /// The folder of the engine.
    pub(super) disk: &'a str,
}

impl Fault {
    /// The engine's own words, before its stream or in the middle of it, or a connection that broke.
    pub(super) fn of(error: &Error, at: &Place<'_>) -> Self {
        match DockerError::of(error, &format!("the pull of {}", at.image)) {
            DockerError::Refused { says, .. } => Self::said(&says, at),
            // cut off in the middle of a word
            DockerError::Stranger(says) => Self::gone(&says, at),
            error if error.is_passing() => Self::gone(&error.to_string(), at),
            DockerError::Broken(says) => match bench::failure::first_cause(&says) {
                Some(_) => Self::said(&says, at),
                None => Self::gone(&says, at),
            },
            error => Self { class: FailureClass::NoDocker, why: error.to_string(), again: Again::Never },
        }
    }

    /// There is no engine to ask.
    pub(super) fn absent(error: &DockerError) -> Self {
        Self { class: FailureClass::NoDocker, why: format!("{error}: start Docker, or set DOCKER_HOST"), again: Again::Never }
    }

    fn gone(says: &str, at: &Place<'_>) -> Self {
        let why = format!("docker broke off while it pulled {} ({}): look whether it runs", at.image, clean::line(says));
        Self { class: FailureClass::NoDocker, why, again: Again::Back }
    }

    /// Its stream ended, and the image is not there.
    pub(super) fn early(at: &Place<'_>) -> Self {
        let why = format!("docker ended the pull of {} without a reason, and the image is not there", at.image);
        Self { class: FailureClass::NoDocker, why, again: Again::Back }
    }

    /// Nothing moved for so long.
    pub(super) fn stalled(seconds: u64, at: &Place<'_>) -> Self {
        let quiet = duration::rough(seconds.saturating_mul(1000));
        let why = format!("the pull of {} stood still for {quiet}: neither {} nor docker's disk moved", at.image, at.image.registry());
        Self { class: FailureClass::TimeoutPull, why, again: Again::Soon }
    }

    /// The registry told us, before the engine was asked.
    pub(super) fn refused(error: &RegistryError) -> Self {
        Self { class: error.class(), why: error.to_string(), again: Again::Never }
    }

    /// What the engine said no with.
    fn said(says: &str, at: &Place<'_>) -> Self {
        let low = says.to_ascii_lowercase();
        let cause = bench::failure::first_cause(says);
        let is_passing = || PASSING.iter().any(|word| low.contains(word));
        let class = match cause {
            Some(Cause { class, .. }) if class != FailureClass::Unknown && class != FailureClass::ArmCrashed => class,
            _ if is_passing() => FailureClass::RegistryDown,
            _ => FailureClass::Unknown,
        };
        let again = match class {
            FailureClass::RateLimit => Again::At(None),
            class if class.temper() == Temper::Transient => Again::Soon,
            _ => Again::Never,
        };
        let (image, registry, says) = (at.image, at.image.registry(), clean::line(says));
        let why = match class {
            FailureClass::NoSpace => format!("docker's disk ({}) was full while {image} came: free space there ({says})", at.disk),
            FailureClass::ImageMissing => format!("{registry} has no {image}: build and push it, or check the name ({says})"),
            FailureClass::ImageAccess => format!("{registry} refuses {image}: check the name, or `docker login {registry}` ({says})"),
            FailureClass::RateLimit => format!("{registry} wants no more pulls for now: wait, or `docker login {registry}` ({says})"),
            FailureClass::RegistryDown => format!("{registry} did not answer docker about {image}: check the network to it ({says})"),
            _ => format!("docker could not pull {image}: {says}"),
        };
        Self { class, why, again }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_the_engine_has_its_class_and_its_sentence() {
        use FailureClass as C;
        let image = ImageName::parse("registry.test:5000/a/b:c").unwrap();
        let at = Place { image: &image, disk: "/var/lib/docker" };
        let rows = [
            ("failed to register layer: no space left on device", C::NoSpace, Again::Never),
            (
                "failed to register layer: Error processing tar file(exit status 1): write /b.bin: no space left on device",
                C::NoSpace,
                Again::Never,
            ),
            ("toomanyrequests: You have reached your pull rate limit.", C::RateLimit, Again::At(None)),
            ("manifest for registry.test:5000/a/b:c not found: manifest unknown: manifest unknown", C::ImageMissing, Again::Never),
            ("pull access denied for a/b, repository does not exist or may require 'docker login'", C::ImageAccess, Again::Never),
            ("Get \"http://registry.test:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused", C::RegistryDown, Again::Soon),
            ("Get \"https://registry.test/v2/\": dial tcp: lookup registry.test: no such host", C::RegistryDown, Again::Soon),
            ("received unexpected HTTP status: 503 Service Unavailable", C::RegistryDown, Again::Soon),
            ("unexpected EOF", C::RegistryDown, Again::Soon),
            ("read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", C::RegistryDown, Again::Soon),
            ("something new", C::Unknown, Again::Never),
        ];
        for (says, class, again) in rows {
            for error in [
                Error::DockerStreamError { error: says.to_owned() },
                Error::DockerResponseServerError { status_code: 500, message: says.to_owned() },
            ] {
                let fault = Fault::of(&error, &at);
                assert_eq!((fault.class, fault.again), (class, again), "{says}");
                assert!(fault.why.contains("registry.test:5000") && fault.why.contains(says), "{}", fault.why);
            }
        }
        let cut = Error::IOError { err: std::io::ErrorKind::ConnectionReset.into() };
        assert_eq!(Fault::of(&cut, &at).again, Again::Back);
    }
}
