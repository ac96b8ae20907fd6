//! The Docker engine, asked by a thread of its own for the containers that run: one that is absent or hangs delays names alone.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::docker::containers::{Container, first_process, running};
use crate::docker::endpoint::Endpoint;
use crate::docker::{About, DockerError, Engine};
use crate::sampler::whose::cgroup::{Membership, Mounts};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);

/// What a look brought.
#[derive(Debug)]
pub(super) struct Answer {
    /// When it began: what ran then is told.
    pub(super) began: Instant,
    /// `None`: there is no engine here, or none for us.
    pub(super) told: Option<Told>,
}

/// What the engine told.
#[derive(Debug)]
pub(super) struct Told {
    /// Where it keeps its images, on this machine.
    pub(super) root: Option<PathBuf>,
    /// Its containers that run, and where they are counted.
    pub(super) running: Vec<(Container, Option<Place>)>,
}

/// The folders in which a container is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Of its processor time.
    pub(super) cpu: Option<PathBuf>,
    /// Of its memory.
    pub(super) memory: Option<PathBuf>,
    /// Of its processes.
    pub(super) pids: Option<PathBuf>,
}

/// Asks on and on, until nobody listens.
pub(super) fn start(endpoint: Option<Endpoint>) -> io::Result<Receiver<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // whoever does not listen gets the look that he missed, and then a new one
    let (tell, answers) = sync_channel(1);
    let asks = move || runtime.block_on(look_on(endpoint, &tell));
    thread::Builder::new().name("engine".to_owned()).spawn(asks)?;
    Ok(answers)
}

async fn look_on(endpoint: Option<Endpoint>, tell: &SyncSender<Answer>) {
    let mut asked = None;
    let mut places = Places { mounts: Mounts::read(), known: HashMap::new() };
    loop {
        let began = Instant::now();
        let told = match look(endpoint.as_ref(), &mut asked, &mut places).await {
            Ok(told) => Some(told),
            Err(error) => {
                asked = None;
                // one that hangs, or broke off, said nothing: what it runs may be ours
                (!may_run_ours(&error)).then_some(None)
            }
        };
        if let Some(told) = told
            && tell.send(Answer { began, told }).is_err()
        {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether an engine that can't be asked now may run containers of ours all the same.
const fn may_run_ours(error: &DockerError) -> bool {
    !matches!(error, DockerError::Absent(_) | DockerError::Forbidden(_) | DockerError::Settings(_) | DockerError::Stranger(_))
}

async fn look(endpoint: Option<&Endpoint>, asked: &mut Option<(Engine, About)>, places: &mut Places) -> Result<Option<Told>, DockerError> {
    if asked.is_none() {
        let engine = match endpoint {
            Some(endpoint) => Engine::at(endpoint).await?,
            // what runs on another machine is not this one's: it is not even asked
            None if Endpoint::of_environment()?.first().is_some_and(|first| !first.is_local()) => return Ok(None),
            None => Engine::connect().await?,
        };
        let about = engine.about().await?;
        *asked = Some((engine, about));
    }
    let Some((engine, about)) = asked else { return Ok(None) };
    // what runs on another machine is not this one's
    if !about.is_local {
        return Ok(None);
    }
    let containers = running(engine).await?;
    places.known.retain(|id, _| containers.iter().any(|container| container.id == *id));
    let mut found = Vec::new();
    for container in containers {
        let place = places.of(engine, &container.id).await?;
        found.push((container, place));
    }
    Ok(Some(Told { root: Some(about.root.clone()), running: found }))
}

/// Where containers are counted: found once, they stay where they are as long as they live, started again or not.
#[derive(Debug)]
struct Places {
    mounts: Mounts,
    known: HashMap<String, Place>,
}

impl Places {
    async fn of(&mut self, engine: &Engine, id: &str) -> Result<Option<Place>, DockerError> {
        if let Some(place) = self.known.get(id) {
            return Ok(Some(place.clone()));
        }
        let pid = match first_process(engine, id).await {
            Ok(pid) => pid,
            // it ended meanwhile
            Err(DockerError::Refused { status: 404, .. }) => None,
            Err(error) => return Err(error),
        };
        let place = pid.and_then(|pid| self.by(&Membership::of(pid), id));
        if let Some(place) = &place {
            self.known.insert(id.to_owned(), place.clone());
        }
        Ok(place)
    }

    /// By the groups of its first process. An engine of another pid namespace says the pid of something else: that is in no
    /// group with the container's id.
    fn by(&self, groups: &Membership, id: &str) -> Option<Place> {
        let folder = |controller| groups.folder(&self.mounts, controller, id);
        let place = Place { cpu: folder("cpuacct"), memory: folder("memory"), pids: folder("pids") };
        (place.cpu.is_some() || place.memory.is_some() || place.pids.is_some()).then_some(place)
    }
}
