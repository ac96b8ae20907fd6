//! The lower rungs: `exited`, `patch`, `source`.

use super::ChangedFile;
use crate::domain::{Answer, EndCause, FailureClass, Rung, RungAnswer};
use crate::text::count;

/// What the ladder's lower part says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Climbed {
    /// The rungs, lowest first.
    pub rungs: Vec<RungAnswer>,
    /// Why there is nothing to benchmark, where there isn't.
    pub nothing: Option<(FailureClass, String)>,
}

/// Climbs with how the agent ended, what it changed, and what the human changed.
pub fn climb(agent: Option<&EndCause>, files: &[ChangedFile], expected: &[String]) -> Climbed {
    let mut rungs = vec![exited(agent)];
    let lines: u32 = files.iter().map(|file| file.added + file.removed).sum();
    if files.is_empty() {
        let why = "the agent changed nothing".to_owned();
        rungs.push(RungAnswer { rung: Rung::Patch, answer: Answer::No, evidence: why.clone() });
        rungs.push(RungAnswer { rung: Rung::Source, answer: Answer::No, evidence: why.clone() });
        return Climbed { rungs, nothing: Some((FailureClass::EmptyPatch, why)) };
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
        return Climbed { rungs, nothing: Some((FailureClass::NoSource, why)) };
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
    Climbed { rungs, nothing: None }
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

    fn file(path: &str) -> ChangedFile {
        ChangedFile { path: path.to_owned(), added: 1, removed: 0 }
    }

    #[test]
    fn an_empty_patch_called_success_reaches_only_exited() {
        let climbed = climb(Some(&EndCause::Exited { code: 0 }), &[], &[]);
        assert_eq!(reached(&climbed.rungs), Some(Rung::Exited));
        assert_eq!(climbed.nothing.map(|(class, _)| class), Some(FailureClass::EmptyPatch));
    }

    #[test]
    fn tests_and_texts_are_no_source() {
        let climbed = climb(Some(&EndCause::Exited { code: 0 }), &[file("README.md"), file("tests/test_a.py"), file("a/test_b.py")], &[]);
        assert_eq!(climbed.nothing.map(|(class, _)| class), Some(FailureClass::NoSource));
    }

    #[test]
    fn an_agent_out_of_time_can_still_reach_source() {
        let climbed =
            climb(Some(&EndCause::Deadline), &[file("vllm/config.py")], &["vllm/config.py".to_owned(), "vllm/envs.py".to_owned()]);
        assert_eq!(reached(&climbed.rungs), Some(Rung::Source));
        assert!(climbed.rungs.iter().any(|rung| rung.evidence.contains("1 of the 2 the human changed")));
        let beside = |expected: &str| climb(None, &[file("a.py")], &[expected.to_owned()]).rungs;
        assert!(beside("a.py").iter().any(|rung| rung.evidence == "1 source file, with the one file the human changed"));
        assert!(beside("b.py").iter().any(|rung| rung.evidence == "1 source file, 0 of the one file the human changed"));
    }
}
