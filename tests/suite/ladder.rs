//! The truth ladder: real git, real files, every rung's answers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use isobench_tui::domain::{Answer, EndCause, FailureClass, Rung, RungAnswer};
use isobench_tui::patch::grammar::{Language, Parsed, Source, parse};
use isobench_tui::patch::{Climbed, Parent, climb};
use proptest::prelude::*;

use crate::campaign::{Campaign, GOOD_ARM};
use crate::support::{folder, shared};

const SAMPLER: &str = "import torch\n\n\nclass Sampler:\n    def forward(self, x):\n        y = x * 2\n        return y\n";
const KERNEL: &str = "#include <cuda.h>\n\n__global__ void scale(float* out, int n) {\n  int i = threadIdx.x;\n  if (i < n) {\n    out[i] *= 2.0f;\n  }\n}\n";

/// A repository with one commit.
struct Repo {
    _folder: tempfile::TempDir,
    path: PathBuf,
    sha: String,
}

impl Repo {
    fn new() -> Self {
        let (held, path) = folder();
        let repo = Self { _folder: held, path: path.join("repo"), sha: String::new() };
        fs::create_dir_all(repo.path.join("vllm")).unwrap();
        fs::create_dir_all(repo.path.join("csrc")).unwrap();
        fs::write(repo.path.join("vllm/sampler.py"), SAMPLER).unwrap();
        fs::write(repo.path.join("csrc/scale.cu"), KERNEL).unwrap();
        fs::write(repo.path.join("vllm/logo.bin"), [0, 159, 146, 150]).unwrap();
        fs::write(repo.path.join("vllm/config.json"), "{}\n").unwrap();
        repo.git(&["init", "-q"]);
        repo.git(&["add", "-A"]);
        repo.git(&["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-qm", "parent"]);
        let sha = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
        Self { sha, ..repo }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.path).stdin(Stdio::null()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The patch of these files' new texts.
    fn patch(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            fs::create_dir_all(self.path.join(path).parent().unwrap()).unwrap();
            fs::write(self.path.join(path), text).unwrap();
        }
        self.git(&["add", "-A"]);
        let patch = self.git(&["diff", "--cached", "--binary", "HEAD"]);
        self.git(&["reset", "-q", "--hard"]);
        patch
    }

    fn parent(&self) -> Parent {
        Parent::Clone { git_dir: self.path.join(".git"), sha: self.sha.clone() }
    }

    fn climb(&self, patch: &str) -> Climbed {
        climb(Some(&EndCause::Exited { code: 0 }), patch.as_bytes(), &["vllm/sampler.py".to_owned()], &self.parent())
    }
}

fn unknown() -> Parent {
    Parent::Unknown { why: "no clone was named".to_owned() }
}

fn alone(patch: &str) -> Climbed {
    climb(Some(&EndCause::Exited { code: 0 }), patch.as_bytes(), &[], &unknown())
}

fn rung(climbed: &Climbed, which: Rung) -> &RungAnswer {
    climbed.rungs.iter().find(|found| found.rung == which).unwrap()
}

fn says(climbed: &Climbed, which: Rung, answer: Answer, evidence: &str) {
    let found = rung(climbed, which);
    assert_eq!((found.answer, found.evidence.as_str()), (answer, evidence));
}

/// Every file below a folder with its bytes, so that a change shows.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path(), fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_good_patch_climbs_as_far_as_git_and_grammars_go() {
    let repo = Repo::new();
    let patch = repo.patch(&[("vllm/sampler.py", &SAMPLER.replace("x * 2", "x + x")), ("csrc/scale.cu", &KERNEL.replace("2.0f", "4.0f"))]);
    let before = everything(&repo.path);
    let climbed = repo.climb(&patch);
    assert_eq!(everything(&repo.path), before, "nothing of the clone changes");
    says(&climbed, Rung::Exited, Answer::Yes, "exit 0");
    says(&climbed, Rung::Patch, Answer::Yes, "2 files, 4 lines");
    says(&climbed, Rung::Source, Answer::Yes, "2 source files, with the one file the human changed");
    says(&climbed, Rung::Applies, Answer::Yes, &format!("git apply takes it on {}", &repo.sha[..8]));
    says(&climbed, Rung::Parses, Answer::Yes, "2 changed files can be parsed");
    says(&climbed, Rung::NoTemplate, Answer::Yes, "no placeholder in 2 lines added");
    assert_eq!((climbed.files, climbed.added, climbed.removed, climbed.nothing), (2, 2, 2, None));
}

#[test]
fn a_patch_that_breaks_a_file_applies_and_does_not_parse() {
    let repo = Repo::new();
    let patch = repo.patch(&[("vllm/sampler.py", &SAMPLER.replace("        y = x * 2\n", "        if x:\n\n"))]);
    let climbed = repo.climb(&patch);
    assert_eq!(rung(&climbed, Rung::Applies).answer, Answer::Yes);
    let found = rung(&climbed, Rung::Parses);
    assert_eq!(found.answer, Answer::No);
    assert!(found.evidence.starts_with("vllm/sampler.py:8:"), "{}", found.evidence);
    let cuda = repo.climb(&repo.patch(&[("csrc/scale.cu", &KERNEL.replace("  }\n}\n", "  }\n"))]));
    assert_eq!(rung(&cuda, Rung::Parses).answer, Answer::No, "{:?}", rung(&cuda, Rung::Parses));
    assert_eq!(climbed.nothing, None, "it is benchmarked all the same");
}

#[test]
fn a_patch_of_another_commit_does_not_apply() {
    let repo = Repo::new();
    let patch = repo.patch(&[("vllm/sampler.py", &SAMPLER.replace("x * 2", "x + x"))]).replace("-        y = x * 2", "-        y = x * 3");
    let climbed = repo.climb(&patch);
    let found = rung(&climbed, Rung::Applies);
    assert_eq!(found.answer, Answer::No);
    assert!(found.evidence.contains("patch failed: vllm/sampler.py"), "{}", found.evidence);
    says(&climbed, Rung::Parses, Answer::Unchecked, "0 of 1 changed file can be parsed; the patch does not apply");
}

#[test]
fn a_hunk_whose_count_is_off_is_refused_as_git_refuses_it() {
    let repo = Repo::new();
    let patch = repo.patch(&[("vllm/sampler.py", &SAMPLER.replace("        y = x * 2\n", "        y = x * 2\n        y = y + 1\n"))]);
    let off = patch.replace("+4,8 @@", "+4,9 @@").replace(",4 @@", ",5 @@");
    let off =
        off.lines().map(|line| if line.starts_with("@@ ") { "@@ -3,9 +3,12 @@ import torch" } else { line }).collect::<Vec<_>>().join("\n")
            + "\n";
    let climbed = repo.climb(&off);
    let found = rung(&climbed, Rung::Applies);
    assert_eq!(found.answer, Answer::No, "{}", found.evidence);
    assert!(found.evidence.ends_with("with the lines of its hunks counted anew it would apply"), "{}", found.evidence);
    assert_eq!((climbed.added, climbed.removed), (1, 0));
}

#[test]
fn binaries_renames_and_modes_are_tried_too() {
    use std::os::unix::fs::PermissionsExt;
    let repo = Repo::new();
    fs::write(repo.path.join("vllm/logo.bin"), [0, 1, 2, 255, 254, 0]).unwrap();
    fs::rename(repo.path.join("vllm/sampler.py"), repo.path.join("vllm/sample r.py")).unwrap();
    fs::set_permissions(repo.path.join("csrc/scale.cu"), fs::Permissions::from_mode(0o755)).unwrap();
    let patch = repo.patch(&[]);
    assert!(patch.contains("GIT binary patch") && patch.contains("rename to vllm/sample r.py") && patch.contains("new mode 100755"));
    let climbed = repo.climb(&patch);
    assert_eq!(rung(&climbed, Rung::Applies).answer, Answer::Yes, "{:?}", climbed.rungs);
    says(&climbed, Rung::Parses, Answer::Yes, "2 changed files can be parsed");
}

#[test]
fn without_the_parent_nothing_is_made_up() {
    let repo = Repo::new();
    let edit = repo.patch(&[("vllm/sampler.py", &SAMPLER.replace("x * 2", "x + x")), ("vllm/fast.py", "FAST = True\n")]);
    let climbed = alone(&edit);
    says(&climbed, Rung::Applies, Answer::Unchecked, "no clone was named");
    says(&climbed, Rung::Parses, Answer::Unchecked, "1 of 2 changed files can be parsed; no clone was named");
    let broken = repo.patch(&[("vllm/fast.py", "def f(:\n")]);
    assert_eq!(rung(&alone(&broken), Rung::Parses).answer, Answer::No, "a file that the patch adds is known whole");
    let missing = Parent::Clone { git_dir: repo.path.join(".git"), sha: "0123456789012345678901234567890123456789".to_owned() };
    let climbed = climb(None, edit.as_bytes(), &[], &missing);
    let found = rung(&climbed, Rung::Applies);
    assert_eq!(found.answer, Answer::Unchecked);
    assert!(found.evidence.starts_with("the parent commit 01234567 is not"), "{}", found.evidence);
    for (git_dir, sha) in [("/nonexistent/.git", repo.sha.as_str()), ("/nonexistent/.git", ""), ("/nonexistent/.git", "--help")] {
        let parent = Parent::Clone { git_dir: git_dir.into(), sha: sha.to_owned() };
        assert_eq!(rung(&climb(None, edit.as_bytes(), &[], &parent), Rung::Applies).answer, Answer::Unchecked);
    }
}

#[test]
fn a_language_without_a_grammar_is_not_asked() {
    let repo = Repo::new();
    let climbed = repo.climb(&repo.patch(&[("vllm/run.sh", "if\n")]));
    says(&climbed, Rung::Parses, Answer::NotApplicable, "no changed file is Python, C, C++ or CUDA");
}

#[test]
fn what_the_agent_added_for_itself_is_named_and_counts_for_nothing() {
    let repo = Repo::new();
    let own = [("model_patch.diff", "x\n"), ("test_opt.py", "def f(:\n"), ("SUMMARY.md", "done\n"), ("bench/bench_a.py", "x = 1\n")];
    let climbed = repo.climb(&repo.patch(&own));
    assert_eq!(climbed.nothing.as_ref().map(|(class, _)| *class), Some(FailureClass::NoSource));
    let mine = "nothing but what the agent added for itself: SUMMARY.md, bench/bench_a.py, model_patch.diff and 1 more";
    says(&climbed, Rung::Source, Answer::No, mine);
    let work = [&own[..], &[("vllm/sampler.py", "x = 1\n")]].concat();
    let climbed = repo.climb(&repo.patch(&work));
    assert_eq!(climbed.set_aside, ["SUMMARY.md", "bench/bench_a.py", "model_patch.diff", "test_opt.py"]);
    let named = "1 source file, with the one file the human changed; set aside: SUMMARY.md, bench/bench_a.py, model_patch.diff and 1 more";
    says(&climbed, Rung::Source, Answer::Yes, named);
    says(&climbed, Rung::Parses, Answer::Yes, "1 changed file can be parsed");
    // data that the human's commit changes is work
    let data = repo.patch(&[("vllm/config.json", "{\"a\": 1}\n")]);
    assert_eq!(rung(&climb(None, data.as_bytes(), &["vllm/config.json".to_owned()], &unknown()), Rung::Source).answer, Answer::Yes);
    assert_eq!(rung(&climb(None, data.as_bytes(), &[], &unknown()), Rung::Source).answer, Answer::No);
}

#[test]
fn the_runner_asks_git_and_the_grammar_and_benchmarks_all_the_same() {
    let campaign = Campaign::new(
        1,
        "echo cost=50 >engine.sh; printf 'def f(:\\n' >engine_more.py; printf '# TODO: implement\\n' >>engine.sh",
        GOOD_ARM,
    );
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    let item = campaign.item(1);
    let rungs: Vec<(String, String)> = item["rungs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["rung"].as_str().unwrap().to_owned(), found["answer"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("exited", "yes"),
        ("patch", "yes"),
        ("source", "yes"),
        ("applies", "yes"),
        ("parses", "no"),
        ("no_template", "no"),
        ("server", "not_applicable"),
        ("metrics", "yes"),
        ("beyond_noise", "yes"),
    ];
    assert_eq!(rungs, expected.map(|(rung, answer)| (rung.to_owned(), answer.to_owned())), "{item:#}");
    assert_eq!((item["status"].as_str(), item["rung"].as_str()), (Some("done"), Some("applies")));
    campaign.assert_nothing_left();
}

#[test]
fn the_patches_of_the_corpus_climb_as_they_were_read() {
    let Some(shared) = shared() else { return };
    let mut counts: BTreeMap<(Rung, &str), usize> = BTreeMap::new();
    let mut templates = Vec::new();
    let mut patches = 0;
    let mut folders = vec![shared.join("corpus/state/runs")];
    while let Some(folder) = folders.pop() {
        folders.extend(fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
        let Ok(patch) = fs::read(folder.join("model_patch.diff")) else { continue };
        patches += 1;
        let prompt: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("prompt.json")).unwrap_or_default()).unwrap_or_default();
        let targets = prompt["target_files"].as_array().cloned().unwrap_or_default();
        let expected: Vec<String> = targets.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect();
        let climbed = climb(None, &patch, &expected, &unknown());
        for found in &climbed.rungs {
            let answer = match found.answer {
                Answer::Yes => "yes",
                Answer::No => "no",
                Answer::NotApplicable => "n.a.",
                Answer::Unchecked => "unchecked",
            };
            *counts.entry((found.rung, answer)).or_default() += 1;
            if (found.rung, found.answer) == (Rung::NoTemplate, Answer::No) {
                templates.push(format!("{}: {}", folder.display(), found.evidence));
            }
            if std::env::var_os("LADDER_SHOWS").is_some() && found.rung >= Rung::Source {
                eprintln!("{} {} {answer}: {}", folder.strip_prefix(&shared).unwrap().display(), found.rung, found.evidence);
            }
        }
    }
    assert_eq!(patches, 280);
    let seen: Vec<String> = counts.iter().map(|((rung, answer), n)| format!("{rung} {answer} {n}")).collect();
    assert_eq!(seen, [""; 0], "{templates:#?}");
}

fn python(text: &str) -> Parsed {
    parse(&[Source { language: Language::Python, path: "a.py", before: None, after: text.as_bytes(), added: Vec::new() }]).remove(0)
}

#[test]
fn nothing_in_a_file_brings_the_process_down() {
    const MANY: usize = 1_000_000;
    for part in [
        "-",
        "1+",
        "1**",
        "not ",
        "a.",
        "a()",
        "a[0]",
        "1 if 1 else ",
        "lambda: ",
        "await ",
        "yield ",
        "*",
        "(",
        "[",
        "{",
        "f(",
        "f'{",
        "f'''{",
        "'",
        "\"\"\"",
        "\\\n",
        ")",
        "(](",
        "$",
        "@",
        "x = ",
        "1 < ",
        "1 and ",
        "elif 1:\n pass\n",
        "if 1:\n",
        "(\n",
        "\0",
        "\u{feff}",
        "match (",
        "match x:\n case (",
        "{1:",
        "a:=",
        "for a in b ",
        "lambda a=",
        "x[",
        "async ",
        "\u{c}",
        "\t",
        "\r",
        "else: ",
        "class A: ",
        "try: ",
        "a,",
    ] {
        let text = part.repeat(MANY / part.len());
        for text in [format!("x = {text}"), text] {
            let _ = python(&text);
            let cuda =
                Source { language: Language::Cuda, path: "a.cu", before: Some(b""), after: &text.as_bytes()[..20_000], added: vec![1] };
            let _ = parse(&[cuda]);
        }
    }
    let indents: String = (0..1_400).map(|n| format!("{}if 1:\n", " ".repeat(n))).collect();
    assert!(matches!(python(&indents), Parsed::Broken(_)));
    let hidden = format!("(\n{indents}");
    let _ = python(&hidden);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_mix_of_tokens_brings_the_process_down(
        parts in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", "-", "not ", "lambda: ", "f'{", "}'", "'", "\"\"\"", "\n", "\n    ", "if x:\n ", "def f(", "class A:\n  ",
            "1", "a", ",", ":", "=", ".", "**", "if 1 else ", "match x:\n case ", "async ", "await ", "*", "@", "#", "\\\n", "yield ", "is ", "in ",
        ]), 1..60),
        times in 1_usize..4_000,
    ) {
        let text = parts.concat().repeat(times);
        let text = text.get(..text.len().min(1 << 20)).unwrap_or_default();
        let _ = python(text);
    }

    #[test]
    fn no_bytes_in_a_patch_bring_the_process_down(patch in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let _ = climb(None, &patch, &[], &unknown());
        let diff = "diff --git a/v/a.py b/v/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/v/a.py\n@@ -0,0 +1,3 @@ def f():\n+def f():\n+    pass\n+x = [\ndiff --git \"a/\\303\" \"b/\\303\"\n--- a/x\n+++ b/x\n@@ -9 +9 @@\n-a\n+b\n";
        let mut bytes = diff.as_bytes().to_vec();
        let at = cut.min(bytes.len());
        bytes.splice(at..at, patch.iter().take(7).copied());
        let _ = climb(None, &bytes, &[], &unknown());
    }
}
