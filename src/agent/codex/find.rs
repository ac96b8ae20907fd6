//! Which of Codex's rollouts is that of an agent of ours.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use crate::agent::value::{part, some, text};
use crate::host::{clock, files};

/// A run that is older is none that runs, in days.
const OLDEST: i32 = 14;

/// More rollouts of a day are not looked at.
const MOST: usize = 500;

/// A longer first line is that of no rollout, in bytes: it holds Codex's instructions.
const FIRST_LINE: u64 = 4 * 1024 * 1024;

/// A file's time is coarser than the clock.
const SLACK: Duration = Duration::from_secs(2);

/// The newest rollout below `codex_home` (`$CODEX_HOME`) whose session works in `worktree`, written since `not_before`.
/// Only the folders of the days since then are looked at, and only the first lines of their files. Sessions of
/// subagents are left out. Codex before 0.40 does not write its folder there: it has none.
pub fn find_rollout(codex_home: &Path, worktree: &Path, not_before: SystemTime) -> Option<PathBuf> {
    let worktree = fs::canonicalize(worktree).ok()?;
    let sessions = codex_home.join("sessions");
    let mut found: Vec<PathBuf> = days(not_before)
        .into_iter()
        .map(|day| sessions.join(day.strftime("%Y/%m/%d").to_string()))
        .flat_map(|folder| rollouts(&folder, not_before.checked_sub(SLACK).unwrap_or(not_before)))
        .collect();
    // names begin with the time
    found.sort_by(|a, b| b.file_name().cmp(&a.file_name()));
    found.into_iter().find(|path| works_in(path).is_some_and(|cwd| cwd == worktree))
}

/// The days in whose folders a session since then may lie, by any clock: a session that goes on stays in its first.
fn days(not_before: SystemTime) -> Vec<Date> {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let last = date(clock::now()).saturating_add(1.day());
    let oldest = last.saturating_sub(OLDEST.days());
    let first = Timestamp::try_from(not_before).map_or(oldest, |at| date(at).saturating_sub(1.day())).max(oldest);
    first.series(1.day()).take_while(|day| *day <= last).collect()
}

fn rollouts(folder: &Path, since: SystemTime) -> Vec<PathBuf> {
    let is_rollout = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("rollout-")
            && name.ends_with(".jsonl")
            && fs::metadata(path).is_ok_and(|there| there.is_file() && there.modified().is_ok_and(|at| at >= since))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_rollout).take(MOST).collect()
}

/// The folder of a rollout's session, where its first line is whole and tells.
fn works_in(path: &Path) -> Option<PathBuf> {
    let (file, _) = files::open_regular(path).ok()??;
    let mut line = Vec::new();
    BufReader::new(file).take(FIRST_LINE).read_until(b'\n', &mut line).ok()?;
    let line: Value = serde_json::from_slice(&line).ok()?;
    let session = part(&line, "payload");
    let is_own = text(part(&line, "type")) == "session_meta" && !part(session, "source").is_object();
    fs::canonicalize(some(part(session, "cwd")).filter(|_| is_own)?).ok()
}
