//! Which results belong to which attempt. A folder of results names its agent's type, `<agent>[_<model>][_<mmdd>]`; a run's
//! folder names agent, model and day. Where they don't fit, nothing is claimed.

use std::path::Path;

use jiff::Timestamp;

use super::harness::Names;
use super::item::Read;
use super::results::{Commit, Folder};
use crate::domain::{Answer, BenchKind, Rung, RungAnswer, Stage, is_same_commit};
use crate::text::clean;

/// What an agent type says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Type<'a> {
    agent: &'a str,
    model: Option<&'a str>,
    /// Month and day.
    day: Option<&'a str>,
}

/// Agents by the names of their folders, the longest first.
const AGENTS: [&str; 5] = ["claude_code", "codex_cli", "openhands", "codex", "trae"];

fn read_type(name: &str) -> Option<Type<'_>> {
    let agent = AGENTS.into_iter().find(|agent| name.strip_prefix(agent).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))?;
    let mut rest = name.get(agent.len()..)?.trim_start_matches('_');
    let mut day = None;
    let last = rest.rsplit('_').next().unwrap_or_default();
    if last.len() == 4 && last.bytes().all(|byte| byte.is_ascii_digit()) {
        day = Some(last);
        rest = rest.strip_suffix(last).unwrap_or(rest).trim_end_matches('_');
    }
    Some(Type { agent, model: Some(rest).filter(|model| !model.is_empty()), day })
}

/// The model that an agent type names: `gpt5` of `trae_gpt5_0123`.
pub(super) fn model_of_type(name: &str) -> Option<String> {
    read_type(name)?.model.map(str::to_owned)
}

/// Letters and digits alone: `gpt5` is `gpt-5`.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

impl Type<'_> {
    /// Whether a run is of this type.
    fn fits(&self, run: &Names) -> bool {
        if self.agent != run.agent {
            return false;
        }
        let (ran, said) = (bare(&run.model), self.model.map(bare));
        let fits_model = said.is_none_or(|said| ran == said || (said.len() >= 4 && is_part(&ran, &said)) || ran == "default");
        // 2026-01-23_21-19-19 is of 0123
        let day = run.timestamp.get(5..10).map(|day| day.replace('-', ""));
        fits_model && self.day.is_none_or(|said| day.is_some_and(|day| day == said))
    }
}

/// Whether a model's long name holds a short one and does not go on as another: `gpt4` is not in `gpt4o`.
fn is_part(long: &str, short: &str) -> bool {
    long.match_indices(short).any(|(at, _)| {
        let after = long.get(at + short.len()..).unwrap_or_default();
        // what follows a version is a date or a suffix of the provider
        after.is_empty() || after.starts_with("20") || after.starts_with('v')
    })
}

/// A run whose items may be what a folder of results measured.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) names: &'a Names,
    pub(super) items: &'a [Read],
}

/// The attempt that a commit's agent arm measured: of the runs of that type, the newest one before the measurement that
/// left a patch. Which run, and which item of it.
pub(super) fn attempt_of(folder: &Folder, commit: &Commit, runs: &[Candidate<'_>]) -> Option<(usize, usize)> {
    let wanted = read_type(&folder.agent)?;
    let measured = commit.arms.get(&Stage::Candidate)?.at;
    let mut best: Option<(Option<Timestamp>, (usize, usize))> = None;
    for (at, run) in runs.iter().enumerate().filter(|(_, run)| run.names.repo == folder.repo && wanted.fits(run.names)) {
        for (place, item) in run.items.iter().enumerate().filter(|(_, item)| is_same_commit(&item.human, &commit.human)) {
            let has_patch = item.check.as_ref().is_some_and(|(check, _)| check.patch_bytes.is_some_and(|bytes| bytes > 0));
            let is_before = measured.is_none_or(|measured| item.ended.is_none_or(|ended| ended <= measured));
            if has_patch && is_before && best.as_ref().is_none_or(|(known, _)| item.ended > *known) {
                best = Some((item.ended, (at, place)));
            }
        }
    }
    best.map(|(_, place)| place)
}

/// The rungs that a measured arm proves, with the file as evidence.
pub(super) fn rungs(commit: &Commit) -> Vec<RungAnswer> {
    let Some(measured) = commit.arms.get(&Stage::Candidate) else { return Vec::new() };
    let file = file(&measured.record.file);
    let has_numbers = measured.heard.failure.is_none();
    let why = measured.heard.failure.as_ref().map(|cause| format!("{}: {} ({file})", cause.class, cause.evidence));
    let serves = measured.heard.detail.kind.is_none_or(|kind| kind == BenchKind::Serving);
    let server = match (serves, has_numbers, measured.heard.server) {
        (false, ..) => (Answer::NotApplicable, format!("no server is needed ({file})")),
        (true, true, _) => (Answer::Yes, format!("it served the benchmark ({file})")),
        (true, false, Some(true)) => (Answer::Yes, format!("it got ready ({file})")),
        (true, false, Some(false)) => (Answer::No, why.clone().unwrap_or_default()),
        (true, false, None) => (Answer::Unchecked, format!("nothing says whether the server got ready ({file})")),
    };
    let metrics = match why {
        None => (Answer::Yes, format!("{} ({file})", crate::text::count(measured.heard.detail.metrics.len(), "number"))),
        Some(why) => (Answer::No, why),
    };
    let rung = |rung, (answer, evidence): (Answer, String)| RungAnswer { rung, answer, evidence };
    vec![rung(Rung::Server, server), rung(Rung::Metrics, metrics)]
}

/// A file by the last two parts of its path.
fn file(path: &Path) -> String {
    let above = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    clean::shown(&above.map_or(name.clone(), |above| format!("{above}/{name}"))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(agent: &str, model: &str, timestamp: &str) -> Names {
        let [agent, model, timestamp] = [agent, model, timestamp].map(str::to_owned);
        Names { run: String::new(), repo: "vllm".to_owned(), agent, model, timestamp }
    }

    fn fits(name: &str, run: &Names) -> bool {
        read_type(name).is_some_and(|wanted| wanted.fits(run))
    }

    #[test]
    fn an_agent_type_names_agent_model_and_day() {
        assert_eq!(read_type("trae_gpt5_0123"), Some(Type { agent: "trae", model: Some("gpt5"), day: Some("0123") }));
        assert_eq!(read_type("codex_cli"), Some(Type { agent: "codex_cli", model: None, day: None }));
        assert_eq!(read_type("codex_gpt5"), Some(Type { agent: "codex", model: Some("gpt5"), day: None }));
        assert_eq!(read_type("traeling"), None);
        assert_eq!(read_type("baseline"), None);
    }

    #[test]
    fn a_run_fits_by_agent_model_and_day() {
        let sonnet = "us-anthropic-claude-sonnet-4-5-20250929-v1-0";
        assert!(fits("trae_gpt5_0123", &run("trae", "gpt-5", "2026-01-23_21-19-19")));
        assert!(fits("trae_sonnet45", &run("trae", sonnet, "2025-12-24_07-50-32")));
        assert!(fits("codex_cli", &run("codex_cli", "default", "2026-01-20_20-19-18")));
        assert!(!fits("trae_gpt5_0123", &run("trae", "gpt-5", "2025-11-06_03-26-11")), "another day");
        assert!(!fits("trae_gpt5", &run("trae", "gpt-4o", "2026-01-23_21-19-19")), "another model");
        assert!(!fits("trae_gpt4", &run("trae", "gpt-4o", "2026-01-23_21-19-19")), "the beginning of another model");
        assert!(!fits("codex_cli", &run("codex", "gpt-5", "2026-01-23_21-19-19")), "another agent");
    }
}
