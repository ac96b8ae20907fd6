//! Whether the harness is at work on a run: a process of this machine, with its working folder in this checkout.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::host::program::{self, Program, programs};

/// `prepare` names its run's folder by the moment in which it begins. A process that is started so much earlier or later
/// makes another run.
const SAME_START: SignedDuration = SignedDuration::from_mins(10);

/// Files that changed within this time are somebody's work, even where nobody is seen at it.
const FRESH: Duration = Duration::from_mins(15);

/// Whether somebody works on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// A process of this machine does.
    Alive(Box<Program>),
    /// It can't be seen whether somebody does; the sentence says why.
    Unseen(String),
    /// Nobody does, by all that can be seen; the sentence says since when, as far as that is known.
    Absent(String),
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// `prepare`, or a runner of benchmarks.
    pub(super) what: Script,
    /// The folders in which it may work.
    pub(super) folders: &'a [PathBuf],
    /// What it works on.
    pub(super) on: &'a Path,
}

/// A script of ISO-Bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// `python -m bench.cli prepare`
    Prepare,
    /// `run_3way_benchmarks.py`
    ThreeWay,
    /// `hero_3way_benchmark.py`, which had containers of Modal measure
    Hero,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Lookout {
    /// The process that was seen at work last, and when.
    seen: Option<(Program, Timestamp)>,
    /// Since when nobody is seen: a file that is newer was written by somebody.
    missing: Option<SystemTime>,
}

impl Script {
    const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "`bench.cli prepare`",
            Self::ThreeWay => "`run_3way_benchmarks.py`",
            Self::Hero => "`hero_3way_benchmark.py`",
        }
    }

    fn is_in(self, arguments: &[String]) -> bool {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let is_script = |end: &str| arguments.iter().any(|argument| argument.ends_with(end) && !argument.contains(' '));
        match self {
            Self::Prepare => (arguments.windows(2).any(|pair| pair == ["-m", "bench.cli"]) || is_script("bench/cli.py")) && has("prepare"),
            Self::ThreeWay => is_script("run_3way_benchmarks.py"),
            Self::Hero => is_script("hero_3way_benchmark.py"),
        }
    }

    /// Whether this process is the one that makes that run.
    fn makes(self, program: &Program, on: &Path) -> bool {
        if matches!(self, Self::ThreeWay | Self::Hero) {
            return true;
        }
        if let Some(id) = option(&program.arguments, &["--run-id"]) {
            return on.ends_with(&id);
        }
        let named = on.file_name().and_then(|name| name.to_str()).and_then(begun);
        named.is_none_or(|named| named.duration_since(program.started).abs() <= SAME_START)
    }
}

/// The moment that a run folder's name tells, in local time: `2026-01-23_21-19-19`.
pub(super) fn begun(name: &str) -> Option<Timestamp> {
    let local = DateTime::strptime("%Y-%m-%d_%H-%M-%S", name).ok()?;
    Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
}

/// The value of an option: `--name value` or `--name=value`.
pub(super) fn option(arguments: &[String], names: &[&str]) -> Option<String> {
    let after = arguments.windows(2).find_map(|pair| match pair {
        [name, value] if names.contains(&name.as_str()) => Some(value.clone()),
        _ => None,
    });
    let joined = || arguments.iter().find_map(|argument| names.iter().find_map(|name| argument.strip_prefix(name)?.strip_prefix('=')));
    after.or_else(|| joined().map(str::to_owned))
}

impl Lookout {
    /// Looks. `newest`: when a file of the run changed last.
    pub(super) fn look(&mut self, wanted: &Wanted<'_>, newest: Option<SystemTime>, now: Timestamp) -> Sight {
        let all = programs(|arguments| wanted.what.is_in(arguments));
        let real: Vec<PathBuf> = wanted.folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        let is_here = |program: &&Program| program.folder.as_ref().is_some_and(|folder| real.iter().any(|real| folder.starts_with(real)));
        if let Some(program) = all.iter().filter(is_here).find(|program| wanted.what.makes(program, wanted.on)) {
            self.seen = Some((program.clone(), now));
            self.missing = None;
            return Sight::Alive(Box::new(program.clone()));
        }
        let what = wanted.what.name();
        if let Some(other) = all.iter().find(|program| program.folder.is_none() && wanted.what.makes(program, wanted.on)) {
            let pid = other.id.pid;
            return Sight::Unseen(format!(
                "a {what} of another user runs (pid {pid}), and its folder can't be seen: whether it works here is unknown"
            ));
        }
        let newest = newest.unwrap_or(SystemTime::UNIX_EPOCH);
        let old = *self.missing.get_or_insert(newest.max(SystemTime::from(now)));
        let is_fresh = SystemTime::from(now).duration_since(newest).is_ok_and(|age| age < FRESH);
        let last = if newest == SystemTime::UNIX_EPOCH { String::new() } else { format!("; its files changed last at {}", local(newest)) };
        if let Some((program, seen)) = &self.seen {
            let still = if newest > old { "; its files still change, so an agent of it may work on" } else { "" };
            return Sight::Absent(format!("{what} (pid {}) ended at about {}{still}", program.id.pid, local((*seen).into())));
        }
        if is_fresh && (program::are_hidden() || program::is_shared(wanted.on)) {
            let why = if program::are_hidden() {
                "this machine hides the processes of others"
            } else {
                "the folder is shared with other machines"
            };
            return Sight::Unseen(format!("no {what} is seen at work here, but {why}{last}"));
        }
        if is_fresh && newest > old {
            return Sight::Unseen(format!("its files change, though no {what} is seen at work here{last}"));
        }
        Sight::Absent(format!("no {what} works here{last}"))
    }
}

/// A moment in local time.
pub(super) fn local(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_script_is_known_by_its_arguments() {
        let is = |line: &str| Script::Prepare.is_in(&words(line));
        assert!(is("python -m bench.cli prepare tasks/vllm.yaml --max-workers 1"));
        assert!(is("/x/.venv/bin/python bench/cli.py prepare tasks/vllm.yaml"));
        assert!(!is("python -m bench.cli report state/runs/x"));
        assert!(!is("grep bench.cli prepare"));
        // what tmux was told is one argument
        assert!(!Script::Prepare.is_in(&["bash".to_owned(), "-c".to_owned(), "python -m bench.cli prepare x".to_owned()]));
        assert!(Script::ThreeWay.is_in(&words("python3 -u scripts/runners/run_3way_benchmarks.py --timeout 900")));
        assert!(!Script::ThreeWay.is_in(&words("vim scripts/runners/run_3way_benchmarks.py.orig")));
        let hero = words("python scripts/runners/hero_3way_benchmark.py --parallel 2");
        assert!(Script::Hero.is_in(&hero) && !Script::ThreeWay.is_in(&hero));
    }

    #[test]
    fn an_option_is_read_in_both_forms() {
        let arguments = words("p --from-plan a.json --run-id=v/t/m/x");
        assert_eq!(option(&arguments, &["--from-plan", "-p"]).as_deref(), Some("a.json"));
        assert_eq!(option(&arguments, &["--run-id"]).as_deref(), Some("v/t/m/x"));
        assert_eq!(option(&arguments, &["--bench-cfg"]), None);
    }
}
