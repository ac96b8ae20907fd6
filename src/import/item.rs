//! One item's folder, read: what its files say of the attempt.

mod agent;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Problem;
use super::bytes::Scratch;
use super::facts::{before, millis, moment};
use super::walk::ItemDir;
use crate::artifact::{DiffTargets, Document, Journal, Prompt, RunSummary};
use crate::domain::{AgentTotals, Cause, CheckDetail, EndCause, FailureClass, Remark, StageEnd};
use crate::ledger::fact::JournalSaid;
use crate::patch::{Parent, climb};
use crate::text::clean;

/// Why an item has no end.
pub(super) const NO_JOURNAL: &str = "its folder has no journal: the agent runs, or the harness was ended";

/// What an item's files say.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// The folder's name.
    pub(super) id: String,
    pub(super) folder: PathBuf,
    pub(super) human: String,
    pub(super) parent: String,
    pub(super) task_id: String,
    /// Which run it says that it belongs to.
    pub(super) of: Of,
    pub(super) said: JournalSaid,
    /// `timestamps.written` of the journal.
    pub(super) written: Option<f64>,
    /// A ledger of ours that knows more: run and attempt.
    pub(super) ours: Option<(String, u32)>,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) budget_ms: Option<u64>,
    pub(super) duration_ms: Option<u64>,
    /// How the agent's process ended, where that is on record.
    pub(super) cause: Option<EndCause>,
    pub(super) totals: AgentTotals,
    /// Why the agent failed; `None` where it did not.
    pub(super) failure: Option<Cause>,
    /// The patch as the check sees it, and why there is nothing to benchmark.
    pub(super) check: Option<(CheckDetail, Option<(FailureClass, String)>)>,
    pub(super) badges: Vec<Remark>,
    pub(super) problems: Vec<Problem>,
}

/// Names of the folders above, as the files know them; empty where they don't.
#[derive(Debug, Clone, Default)]
pub(super) struct Of {
    pub(super) repo: String,
    pub(super) agent: String,
    pub(super) model: String,
    pub(super) timestamp: String,
}

/// What an item is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Against<'a> {
    /// The clone that was named.
    pub(super) clone: Option<&'a Path>,
    /// Clones of `.work/repos/`, by task.
    pub(super) repos: Option<&'a Path>,
}

/// Reads an item's folder. What can't be read becomes a problem, and the rest is told.
pub(super) fn read(item: &ItemDir, against: Against<'_>, scratch: &mut Scratch) -> Read {
    let mut files = Files { item, scratch, problems: Vec::new() };
    let journal = files.document::<Journal>(Journal::FILE);
    let summary = files.document::<RunSummary>(RunSummary::FILE);
    let prompt = files.document::<Prompt>(Prompt::FILE);
    let targets = files.document::<DiffTargets>(DiffTargets::FILE);
    let summary = summary.as_ref().map(Document::typed);
    let ours = journal.as_ref().and_then(|journal| ours(journal.whole()));
    let journal = journal.as_ref().map(Document::typed);
    let mut read = head(item, journal, summary);
    read.ours = ours;
    if let Some(prompt) = &prompt {
        for (known, told) in [(&mut read.human, &prompt.commits.human), (&mut read.parent, &prompt.commits.pre)] {
            if known.is_empty() {
                *known = clean::line(told);
            }
        }
    }
    let seen = agent::read(&mut files, &read);
    read.totals = seen.totals;
    read.badges = seen.badges;
    read.duration_ms = read.duration_ms.or(seen.duration_ms);
    read.began =
        read.ended.zip(read.duration_ms).and_then(|(end, ms)| before(end, ms)).or(seen.began).or(read.ended).or_else(|| files.made());
    read.ended = read.ended.or(seen.ended);
    // the files that the human's commit changes are what the harness lets the agent change
    let expected = match (&prompt, &targets) {
        (Some(prompt), _) if !prompt.target_files.is_empty() => prompt.target_files.as_slice(),
        (_, Some(targets)) => targets.allowed.as_slice(),
        _ => &[],
    };
    read.check = check(&mut files, &read, expected, against);
    read.failure = agent::failure(&files, &read, journal, seen.end.as_ref());
    read.problems = files.problems;
    read
}

/// The files of one item.
struct Files<'a> {
    item: &'a ItemDir,
    scratch: &'a mut Scratch,
    problems: Vec<Problem>,
}

impl Files<'_> {
    fn has(&self, name: &str) -> bool {
        self.item.holds.iter().any(|held| held == name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.item.path.join(name)
    }

    fn problem(&mut self, path: PathBuf, says: &str) {
        self.problems.push(Problem { path, says: clean::shown(says).into_owned() });
    }

    /// A file's bytes; one that is there and can't be read is a problem.
    fn bytes(&mut self, name: &str) -> Option<&[u8]> {
        if !self.has(name) {
            return None;
        }
        let path = self.path(name);
        match self.scratch.read(&path) {
            Ok((bytes, _)) => Some(bytes),
            Err(error) => {
                self.problems.push(Problem { path, says: format!("can't be read: {error}") });
                None
            }
        }
    }

    /// A file of JSON. What Python writes and JSON does not know is read as null here: a report refuses nothing that makes
    /// sense.
    fn document<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Option<Document<T>> {
        let path = self.path(name);
        let bytes = self.bytes(name)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let read =
            Document::parse(&path, bytes).or_else(|error| Document::parse(&path, &crate::agent::repaired(bytes)).map_err(|_second| error));
        match read {
            Ok(document) => Some(document),
            Err(error) => {
                let says = error.to_string();
                let place = format!("{}:", path.display());
                let says = says.strip_prefix(&place).map_or(says.clone(), |says| format!("line {says}"));
                self.problem(path, &says);
                None
            }
        }
    }

    /// When the first file was written that the harness makes.
    fn made(&self) -> Option<Timestamp> {
        let first = ["prompt.json", "task.txt", "."].iter().find_map(|name| std::fs::metadata(self.path(name)).ok())?;
        Timestamp::try_from(first.modified().ok()?).ok()
    }
}

/// Our key of a journal: the run and the attempt that wrote it.
fn ours(journal: &Value) -> Option<(String, u32)> {
    let ours = journal.get("isobench_tui")?;
    let n = ours.get("attempt").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    Some((ours.get("run")?.as_str()?.to_owned(), n))
}

/// What journal and summary say. The summary fills what the journal lacks, and is never taken against it.
fn head(item: &ItemDir, journal: Option<&Journal>, summary: Option<&RunSummary>) -> Read {
    let text = |journal: Option<&str>, summary: Option<&str>| {
        let said = journal.filter(|said| !said.is_empty()).or_else(|| summary.filter(|said| !said.is_empty()));
        said.map(clean::line).unwrap_or_default()
    };
    let run = journal.and_then(|journal| journal.run_metadata.as_ref());
    let meta = summary.map(|summary| &summary.meta);
    let block = journal.and_then(|journal| journal.agent.as_ref());
    let of = Of {
        repo: text(run.map(|run| run.repo.as_str()), meta.map(|meta| meta.repo.as_str())),
        agent: text(
            run.map(|run| run.agent.as_str()).filter(|name| !name.is_empty()).or_else(|| block.map(|block| block.name.as_str())),
            meta.map(|meta| meta.agent.as_str()),
        ),
        model: text(run.map(|run| run.model.as_str()), None),
        timestamp: text(run.map(|run| run.run_timestamp.as_str()), meta.map(|meta| meta.timestamp.as_str())),
    };
    let status = text(journal.map(|journal| journal.status.as_str()), summary.map(|summary| summary.agent.status.as_str()));
    let error = journal.and_then(|journal| {
        let says = journal.error.as_deref().map(clean::line);
        match (&journal.error_type, says) {
            (Some(class), Some(says)) => Some(format!("{}: {says}", clean::line(class))),
            (Some(class), None) => Some(clean::line(class)),
            (None, says) => says,
        }
    });
    let written = journal.and_then(|journal| journal.written);
    let returncode = block.and_then(|block| block.returncode);
    let duration = block.and_then(|block| block.duration_s).or_else(|| summary.and_then(|summary| summary.agent.duration_s));
    let budget = block.and_then(|block| block.time_budget_minutes).and_then(|minutes| millis(minutes * 60.0));
    let commits = journal.map(|journal| &journal.commits);
    let told = summary.map(|summary| &summary.commits);
    Read {
        id: clean::shown(&item.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()).into_owned(),
        folder: item.path.clone(),
        human: text(commits.map(|said| said.human.as_str()), told.map(|said| said.human.as_str())),
        parent: text(commits.map(|said| said.pre.as_str()), told.map(|said| said.pre.as_str())),
        task_id: text(journal.map(|journal| journal.task_id.as_str()), meta.map(|meta| meta.task_id.as_str())),
        of,
        said: JournalSaid {
            status: if status.is_empty() { "unfinished".to_owned() } else { status },
            error,
            folder: clean::path(&item.path),
            returncode,
        },
        written,
        ours: None,
        began: None,
        ended: written.and_then(moment),
        budget_ms: budget,
        duration_ms: duration.and_then(millis),
        cause: returncode.map(|code| cause(code, duration, budget)),
        totals: AgentTotals::default(),
        failure: None,
        check: None,
        badges: Vec::new(),
        problems: Vec::new(),
    }
}

/// How the process ended, by its return code: the harness ends an agent whose time is over by SIGTERM.
fn cause(code: i64, duration_s: Option<f64>, budget_ms: Option<u64>) -> EndCause {
    let is_over = duration_s.and_then(millis).zip(budget_ms).is_some_and(|(ran, most)| ran.saturating_add(1000) >= most);
    match i32::try_from(code) {
        Ok(-15) if is_over => EndCause::Deadline,
        Ok(code) if code < 0 => EndCause::Signalled { signal: code.saturating_neg() },
        Ok(code) => EndCause::Exited { code },
        Err(_) => EndCause::Exited { code: i32::MAX },
    }
}

/// The patch and its rungs; `None` for an item that is not over.
fn check(
    files: &mut Files<'_>,
    read: &Read,
    expected: &[String],
    against: Against<'_>,
) -> Option<(CheckDetail, Option<(FailureClass, String)>)> {
    const PATCH: &str = "model_patch.diff";
    let is_there = files.has(PATCH);
    if !is_there && read.said.status == "unfinished" {
        return None;
    }
    let parent = parent(read, against);
    let patch = files.bytes(PATCH).unwrap_or_default();
    let climbed = climb(read.cause.as_ref(), patch, expected, &parent);
    let nothing = climbed.nothing.clone();
    let mut detail = climbed.into_detail(format!("{:x}", HexOf(Sha256::digest(patch).as_slice())), patch);
    if !is_there {
        detail.patch_bytes = None;
    }
    Some((detail, nothing))
}

/// Bytes as hex.
struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The clone that knows the parent commit, where there is one.
fn parent(read: &Read, against: Against<'_>) -> Parent {
    let is_name = crate::domain::ItemId(read.task_id.clone()).unfit().is_none();
    let of_task = against.repos.filter(|_| is_name).map(|repos| repos.join(&read.task_id));
    let clone = against.clone.map(Path::to_owned).or(of_task).filter(|clone| clone.is_dir());
    match clone {
        Some(_) if read.parent.is_empty() => Parent::Unknown { why: "the parent commit is not on record".to_owned() },
        Some(clone) => {
            let git_dir = if clone.join(".git").exists() { clone.join(".git") } else { clone };
            Parent::Clone { git_dir, sha: read.parent.clone() }
        }
        None => Parent::Unknown { why: "no clone of the repository is here".to_owned() },
    }
}

impl Read {
    /// How the agent's stage ended.
    pub(super) fn stage_end(&self) -> StageEnd {
        match &self.failure {
            Some(cause) => StageEnd::Failed { class: cause.class, why: cause.evidence.clone() },
            None if self.said.status == "unfinished" => StageEnd::Interrupted { why: NO_JOURNAL.to_owned() },
            None => StageEnd::Done,
        }
    }
}
