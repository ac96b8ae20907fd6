//! One thing removed from the engine.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::query_parameters::{
    PruneBuildOptionsBuilder, PruneImagesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};

use crate::docker::owners::Owners;
use crate::docker::{DockerError, Engine, store};
use crate::domain::{Fate, Thing};

/// What the engine says while another prune of the same kind works.
const BUSY: &str = "a prune operation is already running";

/// What it says of an image that another was built upon.
const CHILD: &str = "dependent child";

/// What became of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Removal {
    /// It is gone.
    Gone,
    /// It was gone before we asked.
    WasGone,
    /// It stays, and why.
    Refused(String),
    /// It stays for now: what stands on it must go first.
    TooEarly(String),
    /// Somebody else's prune has to end first.
    Busy,
}

/// Removes one thing. Where only what is ours may go, `owners` says what that is. The error is that the engine can't be asked.
pub(super) async fn remove(engine: &Engine, owners: Option<&Owners>, fate: &Fate) -> Result<Removal, DockerError> {
    let docker = engine.patient();
    let answer = match fate.thing {
        Thing::Image => return image(engine, owners, fate).await,
        Thing::Container => {
            // as the engine's own prune: the volumes have a plan of their own
            let options = RemoveContainerOptionsBuilder::default().v(false).force(false).build();
            docker.remove_container(&fate.id, Some(options)).await
        }
        Thing::Network => docker.remove_network(&fate.id).await,
        Thing::Volume => docker.remove_volume(&fate.id, Some(RemoveVolumeOptionsBuilder::default().force(false).build())).await,
        Thing::BuildCache => {
            let pruned = docker.prune_build(Some(PruneBuildOptionsBuilder::default().all(true).build())).await;
            // an engine without a builder has no cache
            return match of(pruned.map(|_| ()), "the removal of the build cache")? {
                Removal::Refused(says) if says.contains("not found") || says.contains("not implemented") => Ok(Removal::WasGone),
                removal => Ok(removal),
            };
        }
    };
    of(answer, "a removal")
}

/// Whether somebody else's prune of images works. It is asked by a prune with a filter that no engine knows: one that is
/// busy says so first, any other refuses the filter, and nothing is removed.
pub(super) async fn is_busy(engine: &Engine) -> Result<bool, DockerError> {
    let filters = HashMap::from([("isobench-tui-asks", vec!["nothing"])]);
    let options = PruneImagesOptionsBuilder::default().filters(&filters).build();
    match engine.quick().prune_images(Some(options)).await {
        Ok(_) => Ok(false),
        Err(error) => match DockerError::of(&error, "whether it prunes") {
            DockerError::Refused { status, says } => Ok(status == 409 && says.contains(BUSY)),
            // silence is no answer to this question: a daemon that removes much may be slow
            DockerError::Silent(_) => Ok(false),
            error => Err(error),
        },
    }
}

/// By its id, which takes all of its names along and can hit no other; name by name where it has names of several
/// repositories, for these the engine takes by force alone.
async fn image(engine: &Engine, owners: Option<&Owners>, fate: &Fate) -> Result<Removal, DockerError> {
    const ASKED: &str = "the removal of an image";
    if let Some(owners) = owners {
        let Some(names) = names(engine, &fate.id).await? else { return Ok(Removal::WasGone) };
        let known: Vec<&str> = fate.name.split(", ").collect();
        if let Some(new) = names.tags.iter().find(|name| !known.contains(&name.as_str())) {
            return Ok(Removal::Refused(format!("somebody named it {new} meanwhile")));
        }
        if !owners.is_ours(&fate.id, names.tagged.as_deref()) {
            return Ok(Removal::Refused("somebody named it or pulled it again meanwhile".to_owned()));
        }
    }
    match of(delete(engine, &fate.id).await, ASKED)? {
        Removal::TooEarly(says) => {
            let Some(names) = names(engine, &fate.id).await? else { return Ok(Removal::Gone) };
            // somebody built on ours: it keeps its name. Docker's own prune takes the name away
            if says.contains(CHILD) && owners.is_some() {
                return Ok(Removal::TooEarly(says));
            }
            for name in names.tags.iter().chain(&names.digests) {
                // it may be another image's by now
                let is_same = engine.quick().inspect_image(name).await.is_ok_and(|found| found.id.as_deref() == Some(&*fate.id));
                if is_same && let Removal::Refused(says) = of(delete(engine, name).await, ASKED)? {
                    return Ok(Removal::Refused(says));
                }
            }
            match of(delete(engine, &fate.id).await, ASKED)? {
                Removal::WasGone => Ok(Removal::Gone),
                removal => Ok(removal),
            }
        }
        removal => Ok(removal),
    }
}

async fn delete(engine: &Engine, name: &str) -> Result<(), Error> {
    let options = RemoveImageOptionsBuilder::default().force(false).noprune(false).build();
    engine.patient().remove_image(name, Some(options), None).await.map(|_| ())
}

#[derive(Debug)]
struct Names {
    tags: Vec<String>,
    digests: Vec<String>,
    tagged: Option<String>,
}

/// The names that an image has now; `None` where it is gone.
async fn names(engine: &Engine, id: &str) -> Result<Option<Names>, DockerError> {
    match engine.quick().inspect_image(id).await {
        Ok(image) => Ok(Some(Names {
            tagged: store::tagged(&image),
            tags: image.repo_tags.unwrap_or_default(),
            digests: image.repo_digests.unwrap_or_default(),
        })),
        Err(error) => match DockerError::of(&error, "an image") {
            error if error.is_no_such() => Ok(None),
            error => Err(error),
        },
    }
}

/// What an answer means.
fn of(answer: Result<(), Error>, asked: &str) -> Result<Removal, DockerError> {
    let Err(error) = answer else { return Ok(Removal::Gone) };
    match DockerError::of(&error, asked) {
        DockerError::Refused { status: 404, .. } => Ok(Removal::WasGone),
        DockerError::Refused { says, .. } if says.contains(BUSY) => Ok(Removal::Busy),
        DockerError::Refused { says, .. } if says.contains(CHILD) || says.contains("referenced in") => Ok(Removal::TooEarly(says)),
        // an engine that is ended in the middle says so in the words of its context
        DockerError::Refused { status: 500.., says } if says.contains("context canceled") || says.contains("shutting down") => {
            Err(DockerError::Gone(says))
        }
        DockerError::Refused { says, .. } => Ok(Removal::Refused(says)),
        error => Err(error),
    }
}
