//! The rung `no_template`: no placeholder stands where code should be. Only lines that the patch adds to sources are looked
//! at, and of those none that it merely moves.

mod bodies;
mod phrases;

use std::collections::{BTreeMap, HashSet};

use super::aside::is_source;
use super::ladder::{answer, some_of};
use super::{Change, ChangedFile, Mark};
use crate::detect::is_package;
use crate::domain::{Answer, Rung, RungAnswer};
use crate::text::{clean, count, width};

/// Looks at the lines that the patch adds to sources.
pub(super) fn no_template(files: &[&ChangedFile<'_>]) -> RungAnswer {
    let removed: HashSet<&str> = lines(files, Mark::Removed).collect();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.has_text()) {
        for (at, _, line) in file.after().filter(|(_, mark, line)| *mark == Mark::Added && !removed.contains(line.trim())) {
            if let Some(what) = phrases::conflict(line).or_else(|| phrases::placeholder(line).filter(|_| is_source(&file.path))) {
                let quoted = clean::line(line.trim());
                found.push(format!("{}:{at}: {what}: {}", file.path, width::clip(&quoted, 80)));
            }
        }
        if is_source(&file.path) && file.path.ends_with(".py") {
            found.extend(bodies::stubs(file).into_iter().map(|(at, what)| format!("{}:{at}: {what}", file.path)));
        }
    }
    found.extend(stand_ins(files));
    match found.first() {
        Some(first) => {
            let more = if found.len() > 1 { format!("; {} more", found.len() - 1) } else { String::new() };
            answer(Rung::NoTemplate, Answer::No, &format!("{first}{more}"))
        }
        None => {
            let added = lines(files, Mark::Added).count();
            answer(Rung::NoTemplate, Answer::Yes, &format!("no placeholder in {} added", count(added, "line")))
        }
    }
}

fn lines<'a>(files: &[&'a ChangedFile<'a>], which: Mark) -> impl Iterator<Item = &'a str> {
    let all: Vec<&'a str> = files
        .iter()
        .flat_map(|file| &file.hunks)
        .flat_map(|hunk| &hunk.lines)
        .filter(|(mark, line)| *mark == which && !line.trim().is_empty())
        .map(|(_, line)| line.trim())
        .collect();
    all.into_iter()
}

/// Packages that an agent wrote in place of the real ones: new files in a folder of the repository's root that has the name
/// of a package that others make, `torch/__init__.py`.
fn stand_ins(files: &[&ChangedFile<'_>]) -> Option<String> {
    let package = |path: &str| {
        let name = path.split('/').next().unwrap_or_default();
        let name = name.strip_suffix(".py").unwrap_or(name);
        (path.ends_with(".py") && is_package(name)).then(|| name.to_owned())
    };
    let mut packages: BTreeMap<String, usize> = BTreeMap::new();
    for name in files.iter().filter(|file| file.change == Change::Added).filter_map(|file| package(&file.path)) {
        *packages.entry(name).or_default() += 1;
    }
    // a repository that has such a folder of its own is not written anew
    packages.retain(|name, _| !files.iter().any(|file| file.change != Change::Added && file.path.starts_with(&format!("{name}/"))));
    let all: usize = packages.values().sum();
    let names: Vec<&str> = packages.keys().map(String::as_str).collect();
    (all > 0).then(|| format!("{} in place of real packages: {}", count(all, "new file"), some_of(&names)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::changed_files;

    fn look(path: &str, added: &[&str]) -> RungAnswer {
        let body: String = added.iter().map(|line| format!("+{line}\n")).collect();
        let diff =
            format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -9,1 +9,{} @@ class A:\n a = 1\n{body}", added.len() + 1);
        let files = changed_files(&diff);
        no_template(&files.iter().collect::<Vec<_>>())
    }

    #[test]
    fn placeholders_are_found() {
        for line in [
            "<<<<<<< HEAD",
            ">>>>>>> theirs",
            "# TODO: implement",
            "    # TODO: Implement this function",
            "    # Your code here",
            "# ... existing code ...",
            "    // ... rest of the code ...",
            "# rest of the code remains the same",
            "# ... (unchanged)",
            "    # Placeholder implementation",
            "    \"\"\"Dummy implementation for testing.\"\"\"",
            "class MockSampler:",
            "def mock_forward(x):",
            "    # In a real implementation, this would call the kernel",
            "    if hasattr(self, 'another_tensor_attribute'):",
            "    # Optimization: Use torch.empty instead of torch.zeros where applicable",
            "    # Actual implementation goes here",
            "x = 1  # TODO: implement",
            "<example_optimization_diff>",
        ] {
            let found = look("vllm/a.py", &[line]);
            assert_eq!(found.answer, Answer::No, "{line}");
            assert!(found.evidence.starts_with("vllm/a.py:10: "), "{}", found.evidence);
        }
    }

    #[test]
    fn ordinary_code_is_left_alone() {
        for line in [
            "# TODO(woosuk): implement chunked prefill for the TPU backend",
            "# TODO: use a faster kernel",
            "# FIXME: remove once upstream is fixed",
            "        # The rest of the code assumes that the tensor is contiguous.",
            "        # Keep the existing code path for ROCm.",
            "    placeholder_token_id = -1",
            "    # Fallback to standard PyTorch implementation",
            "    def dummy_run(self, num_tokens: int) -> None:",
            "    self.driver_dummy_worker = workers[0]",
            "    # placeholder tokens of the image",
            "x = a[..., 0]",
            "    ...",
            "=======",
            "    raise NotImplementedError(f\"{name} is not supported\")",
            "    except NotImplementedError:",
            "    # This is a no-op for most models",
            "zero = torch.empty((1, ))  # Use torch.empty instead of torch.zeros: it is filled below",
            "load_format in (\"auto\", \"dummy\")",
        ] {
            let found = look("vllm/a.py", &[line]);
            assert_eq!(found.answer, Answer::Yes, "{line}: {}", found.evidence);
        }
        assert_eq!(look("README.md", &["... existing code ..."]).answer, Answer::Yes);
        assert_eq!(look("tests/test_a.py", &["class MockSampler:"]).answer, Answer::Yes);
    }

    #[test]
    fn a_line_that_only_moves_is_not_the_patchs() {
        let diff =
            "diff --git a/v/a.py b/v/a.py\n--- a/v/a.py\n+++ b/v/a.py\n@@ -1,2 +1,2 @@\n-# TODO: implement\n+    # TODO: implement\n a\n";
        assert_eq!(no_template(&changed_files(diff).iter().collect::<Vec<_>>()).answer, Answer::Yes);
    }

    #[test]
    fn packages_written_in_place_of_the_real_ones_are_found() {
        let new = |path: &str| {
            format!("diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x = 1\n")
        };
        let diff = new("torch/__init__.py") + &new("torch/nn/init.py") + &new("numpy.py") + &new("vllm/torch/ops.py");
        let found = no_template(&changed_files(&diff).iter().collect::<Vec<_>>());
        assert_eq!((found.answer, found.evidence.as_str()), (Answer::No, "3 new files in place of real packages: numpy, torch"));
    }
}
