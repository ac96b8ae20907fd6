//! Whether an arm may begin: nobody else measures on its GPUs, and they are clean. Nothing here waits: whoever is told to
//! wait asks again.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::job::Job;
use super::three_way;
use crate::config::ArmGpus;
use crate::domain::{AttemptId, Driver, Stage};
use crate::host::gpu_lock::{self, Gpu, Locks};
use crate::host::{clock, environment};
use crate::telemetry::read::Follow;
use crate::telemetry::sample::{Header, Sample};
use crate::telemetry::{Files, GpuKey, users};
use crate::text;

/// A sample tells of now for so long, in ms.
const FRESH_MS: i64 = 3_000;

/// How long an arm waits for the sampler's word before it begins without, in ms.
const PATIENCE_MS: i64 = 10_000;

/// How often somebody who has to wait asks again.
const AGAIN: Duration = Duration::from_secs(1);

/// The same while the sampler has yet to say its first word.
const SOON: Duration = Duration::from_millis(100);

/// Looks before each arm.
#[derive(Debug)]
pub(super) struct Gate {
    follow: Follow,
    /// An arm waited in vain for the sampler's word: the next ones don't, until it speaks again.
    is_deaf: bool,
    /// The arm that was asked about last.
    asked: Option<Asked>,
    /// What was noted: what holds for every arm is told once.
    noted: BTreeSet<String>,
}

/// An arm that wants to begin.
#[derive(Debug)]
struct Asked {
    attempt: AttemptId,
    stage: Stage,
    /// Since when, in ms of Unix time.
    since: i64,
    /// Since when its GPUs are not clean, while nobody holds them.
    unclean: Option<Instant>,
    /// The reason that was told last.
    told: Option<String>,
}

/// What is to be done about an arm.
#[derive(Debug)]
pub(super) enum Look {
    /// It begins, with these GPUs for itself; what is to be noted.
    Open(Vec<Gpu>, Vec<String>),
    /// It waits, and is asked about again after so long. The reason, in a sentence, where that is a new one.
    Closed(Duration, Option<String>),
}

/// A reason to wait.
struct Why {
    /// What it is about: the numbers in its sentence change without an end.
    of: String,
    says: String,
}

impl Gate {
    /// Of a run that is about to be driven.
    pub(super) fn new(job: &Job) -> Self {
        let follow = Follow::new(&Files::of(job.folder.path()));
        Self { follow, is_deaf: false, asked: None, noted: BTreeSet::new() }
    }

    /// Nobody wants to begin an arm now: what it waited so far is forgotten.
    pub(super) fn rest(&mut self) {
        self.asked = None;
    }

    /// Looks.
    pub(super) fn look(&mut self, job: &Job, attempt: &AttemptId, stage: Stage) -> Look {
        if job.config.arms.gpus == ArmGpus::Numbers(Vec::new()) {
            return Look::Open(Vec::new(), Vec::new());
        }
        let now = clock::now().as_millisecond();
        let since = match self.asked.as_ref().filter(|asked| asked.attempt == *attempt && asked.stage == stage) {
            Some(asked) => asked.since,
            None => self.asked.insert(Asked { attempt: attempt.clone(), stage, since: now, unclean: None, told: None }).since,
        };
        if let Err(error) = self.follow.read_on(|_, _| {}) {
            tracing::warn!("the telemetry of the run can't be read: {error}");
        }
        let latest = self.follow.latest();
        let is_fresh = |at: jiff::Timestamp| now.saturating_sub(at.as_millisecond()).abs() <= FRESH_MS;
        let spoken = latest.as_ref().filter(|latest| is_fresh(latest.at) && latest.sample.driver != Driver::Starting);
        // of before its time is what the arm before it had in use
        let fresh = spoken.filter(|latest| latest.at.as_millisecond() >= since || latest.header.gpus.is_empty());
        self.is_deaf &= spoken.is_none();
        if fresh.is_none() && !self.is_deaf {
            if now.saturating_sub(since) < PATIENCE_MS {
                return Look::Closed(SOON, None);
            }
            self.is_deaf = true;
        }
        let mut notes = Vec::new();
        let header = latest.as_ref().map(|latest| &latest.header);
        let keys = header.map(|header| chosen(job, header, &mut notes)).unwrap_or_default();
        let sample = fresh.map(|latest| &latest.sample);
        notes.extend(blind(sample, job.config.arms.gpus != ArmGpus::Visible));
        let gpus = header.map(|header| named(header, &keys, &mut notes)).unwrap_or_default();
        let (held, errors) = Locks::held(&gpu_lock::folder(), &gpus);
        notes.extend(errors.into_iter().map(|error| error.to_string()));
        // what an arm of this run still has for a moment, its keeper waits for
        let run = job.folder.run_id();
        let held = held.filter(|held| held.holder.as_ref().is_none_or(|holder| holder.run != run.0));
        if let Some(held) = held {
            self.unclean_since(None);
            let says = held.says();
            return self.wait(Why { of: says.clone(), says });
        }
        let seen = sample.filter(|sample| sample.silent_since.is_none());
        if let Some(unclean) = seen.and_then(|sample| users::unclean(sample, &keys, &run.0)) {
            let patience = Duration::from_secs_f64(job.config.arms.gpu_wait * 60.0);
            let waited = self.unclean_since(Some(Instant::now()));
            if waited < patience {
                let most = text::duration::rough(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
                let says = format!("{}; it begins all the same after {most} (arms.gpu_wait)", unclean.says);
                return self.wait(Why { of: unclean.of, says });
            }
            let after = text::duration::short(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
            let after = if waited < AGAIN { String::new() } else { format!(", after {after}") };
            notes.push(format!("begins though {}{after} (arms.gpu_wait)", unclean.says));
        }
        notes.retain(|note| self.noted.insert(note.clone()));
        Look::Open(gpus, notes)
    }

    /// For how long the GPUs were not clean.
    fn unclean_since(&mut self, now: Option<Instant>) -> Duration {
        let Some(asked) = &mut self.asked else { return Duration::ZERO };
        asked.unclean = now.map(|now| asked.unclean.unwrap_or(now));
        asked.unclean.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn wait(&mut self, why: Why) -> Look {
        let told = self.asked.as_mut().map(|asked| asked.told.replace(why.of.clone()));
        Look::Closed(AGAIN, (told.flatten() != Some(why.of)).then_some(why.says))
    }
}

/// What keeps us from looking at the GPUs, where that should be known.
fn blind(sample: Option<&Sample>, is_asked_for: bool) -> Option<String> {
    let unseen = "nobody looks whether its GPUs are clean";
    let Some(sample) = sample else { return Some(format!("{unseen}: the sampler says nothing")) };
    if let Some(since) = sample.silent_since {
        let ms = clock::now().as_millisecond().saturating_sub(since);
        return Some(format!("{unseen}: {}", text::gpu::silent(u64::try_from(ms).unwrap_or_default()).says));
    }
    // where nobody speaks of GPUs, none is missed
    let trouble = text::gpu::driver(&sample.driver).filter(|_| is_asked_for || sample.driver != Driver::Absent)?;
    Some(format!("{unseen}: {}; {}", trouble.says, trouble.todo))
}

/// The GPUs that the arms use.
pub(super) fn chosen(job: &Job, header: &Header, notes: &mut Vec<String>) -> Vec<GpuKey> {
    let all = || usable(header, |_| true);
    match &job.config.arms.gpus {
        // its script starts its containers with `--gpus all`
        _ if three_way::is_used(&job.config) => all(),
        ArmGpus::Numbers(numbers) => {
            let missing = numbers.iter().filter(|number| !header.gpus.keys().any(|key| key.gpu == **number));
            notes.extend(missing.map(|number| format!("arms.gpus names GPU {number}, and there is none here")));
            usable(header, |key| numbers.contains(&key.gpu))
        }
        ArmGpus::Visible => environment_words().map_or_else(all, |words| visible(header, &words)),
    }
}

/// `CUDA_VISIBLE_DEVICES`, where it is set; set to nothing it hides all.
fn environment_words() -> Option<String> {
    environment::variables().into_iter().find(|(name, _)| name == "CUDA_VISIBLE_DEVICES").map(|(_, value)| value)
}

/// GPUs on which something can run: of one that is split its instances.
fn usable(header: &Header, wanted: impl Fn(&GpuKey) -> bool) -> Vec<GpuKey> {
    let is_split = |key: &GpuKey| key.mig.is_none() && header.gpus.keys().any(|other| other.gpu == key.gpu && other.mig.is_some());
    header.gpus.keys().filter(|key| wanted(key) && !is_split(key)).copied().collect()
}

/// What CUDA would see: numbers, or UUIDs of which the beginning is enough, up to the first one that names nothing. Its
/// numbers are those of the driver where all GPUs are alike.
fn visible(header: &Header, words: &str) -> Vec<GpuKey> {
    let mut found = Vec::new();
    for word in words.split(',').map(str::trim) {
        let of_word = if let Ok(number) = word.parse::<u32>() {
            usable(header, |key| key.gpu == number)
        } else {
            let is_it =
                |key: &GpuKey| header.gpus.get(key).and_then(|facts| facts.uuid.as_deref()).is_some_and(|uuid| uuid.starts_with(word));
            if word.is_empty() { Vec::new() } else { usable(header, is_it) }
        };
        if of_word.is_empty() {
            break;
        }
        found.extend(of_word);
    }
    found
}

/// The GPUs by what their locks are called.
fn named(header: &Header, keys: &[GpuKey], notes: &mut Vec<String>) -> Vec<Gpu> {
    let mut gpus = Vec::new();
    for key in keys {
        match header.gpus.get(key).and_then(|facts| facts.uuid.clone()) {
            Some(uuid) => gpus.push(Gpu { uuid, name: format!("GPU {key}") }),
            None => notes.push(format!("GPU {key} has no UUID: another run may measure on it at the same time")),
        }
    }
    gpus
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::GpuFacts;

    #[test]
    fn the_variable_is_read_as_cuda_reads_it() {
        let facts = |gpu, mig, uuid: &str| (GpuKey { gpu, mig }, GpuFacts { uuid: Some(uuid.to_owned()), ..GpuFacts::default() });
        let gpus = [
            facts(0, None, "GPU-aa"),
            facts(1, None, "GPU-ab"),
            facts(2, None, "GPU-c"),
            facts(2, Some(0), "MIG-1"),
            facts(2, Some(1), "MIG-2"),
        ];
        let header = Header { gpus: gpus.into(), ..Header::default() };
        let cases = [
            ("0,1", "0 1"),
            ("1", "1"),
            ("GPU-ab", "1"),
            ("GPU-ab, 0", "1 0"),
            ("2", "2.0 2.1"),
            ("MIG-2", "2.1"),
            ("0,7,1", "0"),
            ("-1", ""),
            ("", ""),
            ("NoDevFiles", ""),
        ];
        for (words, wanted) in cases {
            let keys: Vec<String> = visible(&header, words).iter().map(GpuKey::to_string).collect();
            assert_eq!(keys.join(" "), wanted, "{words}");
        }
    }
}
