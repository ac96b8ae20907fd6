//! The lower six rungs, from a patch and what is known of its parent.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::aside::{is_aside, is_source};
use super::{ChangedFile, changed_files, parses, template};
use crate::domain::{Answer, CheckDetail, EndCause, FailureClass, Rung, RungAnswer};
use crate::host::trial::{Trial, Tried};
use crate::text::{clean, count, width};

/// What the patch is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// A clone that may hold the parent commit.
    Clone {
        /// Its git folder.
        git_dir: PathBuf,
        /// The parent commit.
        sha: String,
    },
    /// Nothing: what needs the parent's files stays unchecked, or is seen by the patch alone.
    Unknown {
        /// Why, as evidence: `no clone was named`.
        why: String,
    },
}

/// What the ladder's lower part says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Climbed {
    /// The rungs from `exited` to `no_template`, lowest first; up to `source` where there is nothing to benchmark.
    pub rungs: Vec<RungAnswer>,
    /// Files that the agent added for itself and that count for nothing.
    pub set_aside: Vec<String>,
    /// Files changed, those included.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Why there is nothing to benchmark, where there isn't.
    pub nothing: Option<(FailureClass, String)>,
}

impl Climbed {
    /// It as the detail of a check, with the patch's digest and size.
    pub fn into_detail(self, patch_digest: String, patch: &[u8]) -> CheckDetail {
        CheckDetail {
            rungs: self.rungs,
            patch_digest,
            files: self.files,
            added: self.added,
            removed: self.removed,
            patch_bytes: u64::try_from(patch.len()).ok(),
            set_aside: self.set_aside,
            secrets: Vec::new(),
        }
    }
}

/// Longest evidence in columns: it is one line.
const EVIDENCE: usize = 300;

/// An answer, its evidence made safe: what stands in a patch is somebody else's.
pub(super) fn answer(rung: Rung, answer: Answer, evidence: &str) -> RungAnswer {
    RungAnswer { rung, answer, evidence: width::clip(&clean::line(evidence), EVIDENCE).into_owned() }
}

/// Climbs with how the agent ended, its patch, and the files that the human's commit changes (empty while unknown). Without a
/// clone it reads the patch alone and starts no process; with one it asks git, which takes some ms. Never panics, whatever
/// the patch holds.
pub fn climb(agent: Option<&EndCause>, patch: &[u8], expected: &[String], parent: &Parent) -> Climbed {
    let text = String::from_utf8_lossy(patch);
    let files = changed_files(&text);
    let mut climbed = lower(agent, &files, expected);
    if climbed.nothing.is_none() {
        let counted: Vec<&ChangedFile<'_>> = files.iter().filter(|file| !is_aside(file, expected)).collect();
        let (applies, trial) = applies(parent, patch);
        let parses = parses::parses(&counted, trial.as_ref(), &applies);
        climbed.rungs.extend([applies, parses, template::no_template(&counted)]);
    }
    climbed
}

/// The same without a look into any file: what stays where the looking itself came to a bad end.
pub fn glance(agent: Option<&EndCause>, patch: &[u8], expected: &[String], why: &str) -> Climbed {
    let text = String::from_utf8_lossy(patch);
    let mut climbed = lower(agent, &changed_files(&text), expected);
    if climbed.nothing.is_none() {
        climbed.rungs.extend([Rung::Applies, Rung::Parses, Rung::NoTemplate].map(|rung| answer(rung, Answer::Unchecked, why)));
    }
    climbed
}

fn lower(agent: Option<&EndCause>, files: &[ChangedFile<'_>], expected: &[String]) -> Climbed {
    let (aside, counted): (Vec<&ChangedFile<'_>>, Vec<_>) = files.iter().partition(|file| is_aside(file, expected));
    let set_aside: Vec<String> = aside.iter().map(|file| clean::shown(&file.path).into_owned()).collect();
    let mut climbed = Climbed {
        rungs: vec![exited(agent)],
        files: u32::try_from(files.len()).unwrap_or(u32::MAX),
        added: files.iter().map(|file| file.added).sum(),
        removed: files.iter().map(|file| file.removed).sum(),
        set_aside,
        nothing: None,
    };
    if files.is_empty() {
        let why = "the agent changed nothing".to_owned();
        climbed.rungs.extend([Rung::Patch, Rung::Source].map(|rung| answer(rung, Answer::No, &why)));
        climbed.nothing = Some((FailureClass::EmptyPatch, why));
        return climbed;
    }
    let lines = climbed.added.saturating_add(climbed.removed) as usize;
    climbed.rungs.push(answer(Rung::Patch, Answer::Yes, &format!("{}, {}", count(files.len(), "file"), count(lines, "line"))));
    // data that the human's commit changes is the work that was asked for
    let sources: Vec<&str> = counted
        .iter()
        .map(|file| file.path.as_str())
        .filter(|path| is_source(path) || expected.iter().any(|other| other == path))
        .collect();
    if sources.is_empty() {
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let why = if counted.is_empty() {
            format!("nothing but what the agent added for itself: {}", some_of(&names))
        } else {
            format!("no source file among the {} changed ({})", files.len(), some_of(&names))
        };
        climbed.rungs.push(answer(Rung::Source, Answer::No, &why));
        climbed.nothing = Some((FailureClass::NoSource, clean::line(&why)));
        return climbed;
    }
    let evidence = beside_human(&sources, expected);
    let aside: Vec<&str> = aside.iter().map(|file| file.path.as_str()).collect();
    let aside = if aside.is_empty() { String::new() } else { format!("; set aside: {}", some_of(&aside)) };
    climbed.rungs.push(answer(Rung::Source, Answer::Yes, &format!("{evidence}{aside}")));
    climbed
}

/// `3 source files, 1 of the 2 the human changed`. Tests and texts of the human's commit are not asked for, unless there is
/// nothing else.
fn beside_human(sources: &[&str], expected: &[String]) -> String {
    let code: Vec<&String> = expected.iter().filter(|path| is_source(path)).collect();
    let wanted = if code.is_empty() { expected.iter().collect() } else { code };
    let met = wanted.iter().filter(|path| sources.contains(&path.as_str())).count();
    let sources = count(sources.len(), "source file");
    match (met, wanted.len()) {
        (_, 0) => sources,
        (0, 1) => format!("{sources}, 0 of the one file the human changed"),
        (_, 1) => format!("{sources}, with the one file the human changed"),
        (met, all) => format!("{sources}, {met} of the {all} the human changed"),
    }
}

/// The first three names.
pub(super) fn some_of(names: &[&str]) -> String {
    let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
    format!("{}{more}", names.iter().take(3).copied().collect::<Vec<_>>().join(", "))
}

fn exited(agent: Option<&EndCause>) -> RungAnswer {
    match agent {
        Some(EndCause::Exited { code: 0 }) => answer(Rung::Exited, Answer::Yes, "exit 0"),
        Some(cause) => answer(Rung::Exited, Answer::No, &cause.words()),
        None => answer(Rung::Exited, Answer::Unchecked, "the agent's end is not on record"),
    }
}

/// Lets git try it, where there is a clone that holds the parent.
fn applies(parent: &Parent, patch: &[u8]) -> (RungAnswer, Option<Trial>) {
    let unchecked = |why: &str| (answer(Rung::Applies, Answer::Unchecked, why), None);
    let (git_dir, sha) = match parent {
        Parent::Clone { git_dir, sha } => (git_dir, sha),
        Parent::Unknown { why } => return unchecked(why),
    };
    let trial = match Trial::begin(git_dir, sha) {
        Ok(trial) => trial,
        Err(why) => return unchecked(&why.to_string()),
    };
    match trial.apply(patch) {
        Ok(Tried::Taken) => {
            let evidence = format!("git apply takes it on {}", sha.get(..8).unwrap_or(sha));
            (answer(Rung::Applies, Answer::Yes, &evidence), Some(trial))
        }
        Ok(Tried::Refused { says, miscounted }) => {
            let counted = if miscounted { "; with the lines of its hunks counted anew it would apply" } else { "" };
            (answer(Rung::Applies, Answer::No, &format!("git apply: {says}{counted}")), None)
        }
        Err(why) => unchecked(&why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rung::reached;

    fn diff(paths: &[&str]) -> Vec<u8> {
        let one = |path: &&str| format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1,2 @@\n a\n+b\n");
        paths.iter().map(one).collect::<String>().into_bytes()
    }

    fn seen(agent: Option<&EndCause>, paths: &[&str], expected: &[&str]) -> Climbed {
        let expected: Vec<String> = expected.iter().map(|path| (*path).to_owned()).collect();
        climb(agent, &diff(paths), &expected, &Parent::Unknown { why: "no clone was named".to_owned() })
    }

    #[test]
    fn an_empty_patch_called_success_reaches_only_exited() {
        let climbed = seen(Some(&EndCause::Exited { code: 0 }), &[], &[]);
        assert_eq!(reached(&climbed.rungs), Some(Rung::Exited));
        assert_eq!(climbed.nothing.map(|(class, _)| class), Some(FailureClass::EmptyPatch));
    }

    #[test]
    fn tests_and_texts_are_no_source() {
        let climbed = seen(Some(&EndCause::Exited { code: 0 }), &["README.md", "tests/test_a.py", "a/test_b.py"], &[]);
        assert_eq!(climbed.nothing.map(|(class, _)| class), Some(FailureClass::NoSource));
    }

    #[test]
    fn an_agent_out_of_time_can_still_reach_source() {
        let climbed = seen(Some(&EndCause::Deadline), &["vllm/config.py"], &["vllm/config.py", "vllm/envs.py"]);
        assert_eq!(reached(&climbed.rungs), Some(Rung::Source));
        assert!(climbed.rungs.iter().any(|rung| rung.evidence.contains("1 of the 2 the human changed")));
        let beside = |expected: &str| seen(None, &["a.py"], &[expected]).rungs;
        assert!(beside("a.py").iter().any(|rung| rung.evidence == "1 source file, with the one file the human changed"));
        assert!(beside("b.py").iter().any(|rung| rung.evidence == "1 source file, 0 of the one file the human changed"));
    }
}
