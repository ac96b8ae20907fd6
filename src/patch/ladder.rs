//! The lower six rungs, from a patch and what is known of its parent.

use std::path::PathBuf;

use super::{ChangedFile, changed_files};
use crate::domain::{Answer, CheckDetail, EndCause, FailureClass, Rung, RungAnswer};
use crate::text::count;

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        }
    }
}

/// Climbs with how the agent ended, its patch, and the files that the human's commit changes (empty while unknown). Without a
/// clone it reads the patch alone and starts no process; with one it asks git, which takes some ms.
pub fn climb(agent: Option<&EndCause>, patch: &[u8], expected: &[String], parent: &Parent) -> Climbed {
    let _ = parent;
    let files = changed_files(&String::from_utf8_lossy(patch));
    let (rungs, nothing) = lower(agent, &files, expected);
    Climbed {
        rungs,
        set_aside: Vec::new(),
        files: u32::try_from(files.len()).unwrap_or(u32::MAX),
        added: files.iter().map(|file| file.added).sum(),
        removed: files.iter().map(|file| file.removed).sum(),
        nothing,
    }
}

type Lower = (Vec<RungAnswer>, Option<(FailureClass, String)>);

fn lower(agent: Option<&EndCause>, files: &[ChangedFile], expected: &[String]) -> Lower {
    let mut rungs = vec![exited(agent)];
    let lines: u32 = files.iter().map(|file| file.added + file.removed).sum();
    if files.is_empty() {
        let why = "the agent changed nothing".to_owned();
        rungs.push(RungAnswer { rung: Rung::Patch, answer: Answer::No, evidence: why.clone() });
        rungs.push(RungAnswer { rung: Rung::Source, answer: Answer::No, evidence: why.clone() });
        return (rungs, Some((FailureClass::EmptyPatch, why)));
    }
    rungs.push(RungAnswer {
        rung: Rung::Patch,
        answer: Answer::Yes,
        evidence: format!("{}, {}", count(files.len(), "file"), count(lines as usize, "line")),
    });
    let sources: Vec<&str> = files.iter().map(|file| file.path.as_str()).filter(|path| is_source(path)).collect();
    if sources.is_empty() {
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).take(3).collect();
        let why =
            format!("no source file among the {} changed ({}{})", files.len(), names.join(", "), if files.len() > 3 { ", …" } else { "" });
        rungs.push(RungAnswer { rung: Rung::Source, answer: Answer::No, evidence: why.clone() });
        return (rungs, Some((FailureClass::NoSource, why)));
    }
    let met = expected.iter().filter(|path| sources.contains(&path.as_str())).count();
    let sources = count(sources.len(), "source file");
    let evidence = match (met, expected.len()) {
        (_, 0) => sources,
        (0, 1) => format!("{sources}, 0 of the one file the human changed"),
        (_, 1) => format!("{sources}, with the one file the human changed"),
        (met, all) => format!("{sources}, {met} of the {all} the human changed"),
    };
    rungs.push(RungAnswer { rung: Rung::Source, answer: Answer::Yes, evidence });
    (rungs, None)
}

fn exited(agent: Option<&EndCause>) -> RungAnswer {
    let (answer, evidence) = match agent {
        Some(EndCause::Exited { code: 0 }) => (Answer::Yes, "exit 0".to_owned()),
        Some(cause) => (Answer::No, cause.words()),
        None => (Answer::Unchecked, "the agent's end is not on record".to_owned()),
    };
    RungAnswer { rung: Rung::Exited, answer, evidence }
}

/// Whether a path is code that runs: not a test, not a text, not data.
pub fn is_source(path: &str) -> bool {
    const SOURCE: [&str; 26] = [
        "py", "pyx", "pyi", "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "cu", "cuh", "hip", "rs", "go", "java", "js", "ts", "sh", "awk",
        "pl", "rb", "S", "asm", "cmake", "triton",
    ];
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_tests = folders.split('/').any(|folder| matches!(folder, "test" | "tests" | "docs" | "doc"));
    let is_test = name.starts_with("test_") || name.contains("_test.");
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    !in_tests && !is_test && SOURCE.contains(&extension)
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
