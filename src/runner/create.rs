//! Making a run: its folder, its manifest, its first fact.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::job::{Job, Resolved};
use super::preflight::Preflight;
use super::{RunnerError, harness};
use crate::artifact::{Checkout, PlanFile};
use crate::config::{Config, Engine};
use crate::domain::{RunId, Stage};
use crate::host::clock;
use crate::ledger::lock::Taken;
use crate::ledger::manifest::FORMAT;
use crate::ledger::{By, Fact, LedgerError, Manifest, RunFolder, RunPlan, RunnerLock, Writer};

/// What a run is made from.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The harness.
    pub checkout: Checkout,
    /// The plan's file.
    pub plan_path: PathBuf,
    /// Its content.
    pub plan: &'a PlanFile,
    /// SHA-256 of its bytes, and of what was chosen from it.
    pub digest: String,
    /// What was chosen from it, in words.
    pub selection: Option<String>,
    /// The configuration.
    pub config: Config,
    /// Where its values come from, for the manifest.
    pub origins: BTreeMap<String, String>,
    /// What preflight found.
    pub preflight: &'a Preflight,
    /// This program.
    pub binary: &'a Path,
}

/// Makes the run. Nothing is left behind where it fails but, at worst, an empty folder.
pub fn create(wanted: Wanted<'_>) -> Result<Job, RunnerError> {
    let created = clock::now();
    let timestamp = free_timestamp(&wanted.checkout, created);
    let seed = Sha256::digest(format!("{created} {} {}", std::process::id(), clock::up_ms()));
    let tail: String = hex(&seed).chars().take(4).collect();
    let folder = RunFolder::of(&wanted.checkout.root, &RunId(format!("{timestamp}-{tail}")));
    let path = folder.path();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| {
        let path = path.to_owned();
        LedgerError::Io { doing: "create the run's folder", path, source }
    })?;
    let Taken::Ours(lock) = RunnerLock::take(&folder)? else {
        return Err(RunnerError::Held { run: folder.run_id().0, pid: None });
    };
    let task_id = wanted.plan.task_id.clone();
    let task_id = if harness::is_used(&wanted.config) {
        harness::task_of(&wanted.checkout, &wanted.config, &task_id).map_or(task_id, |(_, id)| id)
    } else {
        task_id
    };
    let resolved = Resolved {
        config: wanted.config.clone(),
        git_dir: wanted.preflight.git_dir.clone(),
        task_id,
        preflight: wanted.preflight.rows.clone(),
        origins: wanted.origins,
    };
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created,
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        root: wanted.checkout.root.display().to_string(),
        harness_timestamp: timestamp.clone(),
        config: serde_json::to_value(&resolved)
            .map_err(|error| LedgerError::Damaged { path: folder.manifest(), why: error.to_string() })?,
    };
    manifest.write(&folder)?;
    let (mut writer, _) = Writer::open(&folder, lock)?;
    let stages = stages(&wanted.config);
    let first = Fact::RunCreated(RunPlan {
        plan: wanted.plan_path.display().to_string(),
        digest: wanted.digest,
        selection: wanted.selection,
        repo: wanted.plan.repo.clone(),
        task_id: wanted.plan.task_id.clone(),
        agent: wanted.config.agent.name.clone(),
        model: wanted.config.agent.model_name.clone(),
        stages,
        repeat: wanted.config.arms.repeat.max(1),
        items: wanted.preflight.items.clone(),
    });
    writer.append(created, clock::up_ms(), first)?;
    if wanted.config.hold {
        writer.append(created, clock::up_ms(), Fact::HoldSet { on: true, by: By::rule("configuration") })?;
    }
    Ok(Job {
        folder,
        checkout: wanted.checkout,
        config: wanted.config,
        git_dir: resolved.git_dir,
        task_id: resolved.task_id,
        timestamp,
        binary: wanted.binary.to_owned(),
    })
}

/// The stages of every item of a run, in order.
pub fn stages(config: &Config) -> Vec<Stage> {
    let has_arms = !config.arms.command.is_empty() || config.arms.engine != Engine::Process;
    let has_score = has_arms || !config.judge.command.is_empty();
    let has = |stage: Stage| match stage {
        Stage::Pull => !config.arm_images().is_empty(),
        Stage::Score => has_score,
        stage => has_arms || stage.arm().is_none(),
    };
    Stage::ALL.into_iter().filter(|stage| has(*stage)).collect()
}

/// The run's second, or the next that no run has: ISO-Bench's own folders are named by it alone.
fn free_timestamp(checkout: &Checkout, created: Timestamp) -> String {
    let runs = fs::read_dir(RunFolder::all(&checkout.root)).into_iter().flatten().flatten();
    let taken: Vec<String> = runs.map(|run| run.file_name().to_string_lossy().into_owned()).collect();
    let zoned = created.to_zoned(jiff::tz::TimeZone::system());
    let name = |seconds: i64| zoned.saturating_add(SignedDuration::from_secs(seconds)).strftime("%Y-%m-%d_%H-%M-%S").to_string();
    (0..i64::MAX).map(name).find(|name| !taken.iter().any(|run| run.starts_with(name.as_str()))).unwrap_or_else(|| name(0))
}

/// SHA-256 of bytes, in hex.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_pulled_where_some_are_configured_and_only_there() {
        let mut config = Config::default();
        config.arms.command = vec!["sh".to_owned()];
        assert_eq!(stages(&config), Stage::PROCESS);
        config.arms.images = vec!["org/a:{human}".to_owned()];
        assert_eq!(stages(&config), Stage::ALL);
        config.arms.command.clear();
        assert_eq!(stages(&config), [Stage::Worktree, Stage::Agent, Stage::Check, Stage::Pull, Stage::Clean]);
    }
}
