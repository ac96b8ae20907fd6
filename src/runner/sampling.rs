//! The runner's sampler: started with it, started again where it ended, and never waited for.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::Job;
use crate::sampler::start::Sampler;

/// How long the runner waits until it starts one again, at first and at most.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// The sampler of a run. It ends with this, and with the runner, however that ends.
#[derive(Debug)]
pub(super) struct Sampling {
    binary: PathBuf,
    folder: PathBuf,
    disks: Vec<PathBuf>,
    sampler: Option<Sampler>,
    /// When it was started, or that was tried.
    started: Instant,
    /// How long after that it may be started again.
    pause: Duration,
}

impl Sampling {
    /// Starts it.
    pub(super) fn start(job: &Job) -> Self {
        let [pause, _] = AGAIN;
        let mut sampling = Self {
            binary: job.binary.clone(),
            folder: job.folder.path().to_owned(),
            disks: vec![job.folder.path().to_owned(), job.checkout.work.clone()],
            sampler: None,
            started: Instant::now(),
            pause,
        };
        sampling.begin();
        sampling
    }

    /// Starts it again where it ended: after a second, and after longer and longer where it ends again and again.
    pub(super) fn look(&mut self) {
        if let Some(sampler) = &mut self.sampler
            && let Some(why) = sampler.ended()
        {
            tracing::warn!("the sampler of the machine ended ({why}); it is started again in {} s at most", self.pause.as_secs());
            self.sampler = None;
        }
        if self.sampler.is_none() && self.started.elapsed() >= self.pause {
            let [first, longest] = AGAIN;
            let lived_long = self.started.elapsed() > longest * 2;
            self.pause = if lived_long { first } else { (self.pause * 2).min(longest) };
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.started = Instant::now();
        let started = Sampler::start(&self.binary, &self.folder, &self.disks);
        // a run without telemetry is still a run
        self.sampler = started.inspect_err(|error| tracing::warn!("can't start the sampler of the machine: {error}")).ok();
    }
}
