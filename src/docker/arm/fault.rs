//! Why the engine did not run the container, in sentences.

use super::{ArmEnd, ArmOrder};
use crate::bench;
use crate::docker::{About, DockerError};
use crate::domain::{Cause, FailureClass};
use crate::text::clean;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) class: FailureClass,
    /// In a sentence: what happened, where, what to do.
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(class: FailureClass, why: impl Into<String>) -> Self {
        Self { class, why: why.into() }
    }

    /// There is no engine to ask.
    pub(super) fn absent(error: &DockerError) -> Self {
        Self::new(FailureClass::NoDocker, format!("{error}: start Docker, or set DOCKER_HOST"))
    }

    /// It is another machine's: its containers would see that one's files, and listen on that one's ports.
    pub(super) fn remote(about: &About) -> Self {
        let why = format!(
            "docker works on another machine ({}): a container there sees nothing of this one. Run isobench-tui on that machine, or set \
             DOCKER_HOST to this one's",
            clean::line(&about.machine)
        );
        Self::new(FailureClass::NoDocker, why)
    }

    /// The image is not there any more.
    pub(super) fn no_image(order: &ArmOrder) -> Self {
        let why = format!("{} is not here: somebody removed it after it was pulled. Retry the item, which pulls it again", order.image);
        Self::new(FailureClass::ImageMissing, why)
    }

    /// The engine refused what it was asked (`create`, `start`), or broke off.
    pub(super) fn refused(order: &ArmOrder, asked: &str, error: &DockerError) -> Self {
        let DockerError::Refused { says, .. } = error else {
            return if error.is_passing() {
                Self::new(
                    FailureClass::NoDocker,
                    format!("docker broke off while it was to {asked} a container ({error}): look whether it runs"),
                )
            } else {
                Self::absent(error)
            };
        };
        let image = &order.image;
        // of all programs of the image it is the only one that is named to the engine
        if says.contains("\"/bin/sh\"") {
            return Self::new(FailureClass::ArmCrashed, format!("{image} has no /bin/sh, which every arm needs ({says})"));
        }
        let class = match bench::failure::first_cause(says) {
            Some(Cause { class, .. }) if class != FailureClass::ArmCrashed => class,
            _ => FailureClass::Unknown,
        };
        let why = match class {
            FailureClass::NoSpace => {
                format!("docker's disk was full while it was to {asked} a container of {image}: free space there ({says})")
            }
            _ if says.contains("could not select device driver") => {
                format!("docker knows no GPUs: install the NVIDIA container toolkit and restart docker ({says})")
            }
            _ => format!("docker could not {asked} a container of {image}: {says}"),
        };
        Self::new(class, why)
    }
}

impl From<Fault> for ArmEnd {
    fn from(Fault { class, why }: Fault) -> Self {
        Self::Failed { class, why }
    }
}
