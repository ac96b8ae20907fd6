//! What can be wrong between us and a registry, each in its own sentence.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Platform;
pub use super::reset::Reset;
use crate::docker::ImageName;
use crate::docker::auth::LoginError;
use crate::domain::FailureClass;
use crate::text::clean;
use crate::text::duration;

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// There is no such tag or repository.
    #[error("{registry} has no {image}: build and push it, or check the name")]
    Missing {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
    },
    /// The image is there, and not for this machine.
    #[error("{image} is there, and not for {platform}: build and push it for that")]
    NoPlatform {
        /// The image.
        image: String,
        /// The machine's platform.
        platform: String,
    },
    /// We may not have it. Many registries say that of what is not there, too.
    #[error("{registry} refuses {image}: {}", refused(*.logged_in, .registry))]
    Denied {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// Whether the docker config has a login for it.
        logged_in: bool,
    },
    /// It has had enough of us.
    #[error("{registry} wants no more requests {}: wait, or `docker login {registry}`: an account may ask more", until(.reset))]
    TooMany {
        /// The registry.
        registry: String,
        /// Until when.
        reset: Reset,
    },
    /// It does not answer.
    #[error("{registry} does not answer ({why}): look for {image} again once the network is there")]
    Unreachable {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// What went wrong.
        why: String,
    },
    /// We can't be sure that it is the registry.
    #[error("{registry} can't be trusted ({why}): {image} is not asked for; add its certificate to this machine's")]
    Tls {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// What went wrong.
        why: String,
    },
    /// It answers something else.
    #[error("{registry} answers something odd about {image}: {why}")]
    Broken {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// What it was.
        why: String,
    },
    /// It is not known who we are to it.
    #[error("{0}")]
    Login(#[from] LoginError),
}

/// Why access is refused, and what to do.
fn refused(logged_in: bool, registry: &str) -> String {
    if logged_in {
        format!("it is not there, or the account of this login may not have it: check the name, or `docker login {registry}` with another")
    } else {
        format!("it is not there, or it is private, and we are nobody to it: check the name, or `docker login {registry}`")
    }
}

/// Until when, in words.
fn until(reset: &Reset) -> String {
    match reset {
        Reset::At(at) => format!("before {}", local(*at)),
        Reset::Within(seconds) => format!("for some time, {} at the most", duration::rough(seconds.saturating_mul(1000))),
        Reset::Unknown => "for now".to_owned(),
    }
}

fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M").to_string()
}

impl RegistryError {
    /// The class of the failure that it is for a stage.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Missing { .. } | Self::NoPlatform { .. } => FailureClass::ImageMissing,
            Self::Denied { .. } | Self::Login(_) => FailureClass::ImageAccess,
            Self::TooMany { .. } => FailureClass::RateLimit,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Broken { .. } => FailureClass::RegistryDown,
        }
    }

    /// Whether it is about the image itself. All else may be between us and the registry alone, and the engine may have
    /// another way to it: a mirror, a proxy, certificates of its own.
    pub const fn is_about_the_image(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NoPlatform { .. } | Self::Denied { .. })
    }

    /// When a rate limit ends; `None` where it is none, or nothing says it.
    pub const fn reset(&self) -> Option<Timestamp> {
        match self {
            Self::TooMany { reset: Reset::At(at), .. } => Some(*at),
            _ => None,
        }
    }

    pub(super) fn missing(image: &ImageName) -> Self {
        Self::Missing { image: image.to_string(), registry: image.registry().to_owned() }
    }

    pub(super) fn denied(image: &ImageName, logged_in: bool) -> Self {
        Self::Denied { image: image.to_string(), registry: image.registry().to_owned(), logged_in }
    }

    pub(super) fn no_platform(image: &ImageName, platform: &Platform) -> Self {
        let shown = clean::line(&format!("{}/{}", platform.os, platform.arch));
        Self::NoPlatform { image: image.to_string(), platform: shown }
    }

    pub(super) fn broken(image: &ImageName, why: &str) -> Self {
        Self::Broken { image: image.to_string(), registry: image.registry().to_owned(), why: clean::line(why) }
    }

    pub(super) fn unreachable(image: &ImageName, why: &str) -> Self {
        Self::Unreachable { image: image.to_string(), registry: image.registry().to_owned(), why: clean::line(why) }
    }

    pub(super) fn tls(image: &ImageName, why: &str) -> Self {
        Self::Tls { image: image.to_string(), registry: image.registry().to_owned(), why: clean::line(why) }
    }

    /// What the client could not do.
    pub(super) fn of(error: &reqwest::Error, image: &ImageName) -> Self {
        // the first cause is the one that says something
        let mut cause: &(dyn std::error::Error + 'static) = error;
        let mut is_tls = false;
        loop {
            let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let inner: Option<&(dyn std::error::Error + 'static)> = inner.map(|inner| inner as _);
            is_tls |= cause.is::<rustls::Error>();
            match inner.or_else(|| cause.source()) {
                Some(next) => cause = next,
                None => break,
            }
        }
        let why = match cause.to_string() {
            _ if error.is_timeout() => "nothing came in time".to_owned(),
            why => why,
        };
        if is_tls { Self::tls(image, &why) } else { Self::unreachable(image, &why) }
    }
}
