//! Scenario 5: an edit that works, then git, until the step budget is gone.

use super::{MEASURE, Scenario, Turn, say};

const STEPS: usize = 200;

const OLD: &str = r#"            if [ "$at" -eq "$id" ]; then
                word=$entry
            fi
"#;
const NEW: &str = r#"            if [ "$at" -eq "$id" ]; then
                word=$entry
                break
            fi
"#;

/// A patch written from memory: its context is not what the file says, so it never applies.
const PATCH: &str = r#"cat > "$(git rev-parse --git-dir)/perf.patch" <<'EOF'
--- a/engine/detokenize.sh
+++ b/engine/detokenize.sh
@@ -17,7 +17,8 @@ detokenize() {
         for entry in $VOCAB; do
             at=$((at + 1))
             if [ "$at" = "$id" ]; then
-                word=$entry
+                word=$entry
+                break
             fi
         done
         TEXT="$TEXT $word"
EOF
git apply "$(git rev-parse --git-dir)/perf.patch""#;

/// Rounds and rounds: a command, and three ways to have thought of it. The stash is taken and given back within a round.
const ROUND: [(&str, [&str; 3]); 10] = [
    (
        r#"git apply "$(git rev-parse --git-dir)/perf.patch""#,
        [
            "The patch should apply to this tree. Trying it again.",
            "Nothing is in the way now, so `git apply` ought to go through.",
            "Once more with the patch as it is, to see the exact line it stops at.",
        ],
    ),
    (
        "git stash",
        [
            "My edit may be what it collides with. Putting it aside.",
            "I'll stash the working tree, so that the patch meets the original file.",
            "A clean tree first, then the patch.",
        ],
    ),
    (
        r#"git apply "$(git rev-parse --git-dir)/perf.patch""#,
        [
            "With the edit out of the way the context has to match.",
            "Now on the clean file.",
            "The tree equals HEAD at this point; applying there.",
        ],
    ),
    (
        "git stash pop",
        [
            "It still does not apply. Back to my edit before I lose it.",
            "Restoring the stash; the change is in there.",
            "Let me take the edit back out of the stash and compare.",
        ],
    ),
    (
        "git diff --stat",
        [
            "What does the tree hold right now?",
            "The edit is there, as far as I can tell. Checking.",
            "Which files differ from HEAD at this point?",
        ],
    ),
    (
        r#"git apply --check --verbose "$(git rev-parse --git-dir)/perf.patch""#,
        [
            "A dry run with details may tell which hunk it is.",
            "`--verbose` should show where the context differs.",
            "Checking without touching anything.",
        ],
    ),
    (
        "git checkout -- docs engine/run.sh && git status --short",
        [
            "Perhaps another file is dirty. Resetting everything that I don't mean to change.",
            "I'll check out the files around it, to rule them out.",
            "Making sure that only `detokenize.sh` is modified.",
        ],
    ),
    (
        r#"git apply --ignore-whitespace "$(git rev-parse --git-dir)/perf.patch""#,
        [
            "This could be a matter of tabs and blanks.",
            "Ignoring whitespace, in case the heredoc changed some.",
            "Whitespace is the usual reason. Trying without it.",
        ],
    ),
    (
        "git log --oneline -n 3 && git stash list",
        [
            "Am I on the commit that I think I am on?",
            "Let me look at the history and at what is stashed.",
            "Perhaps a stash from before is still around.",
        ],
    ),
    (
        r#"git apply --3way "$(git rev-parse --git-dir)/perf.patch""#,
        [
            "A three-way merge can cope with context that moved.",
            "`--3way` falls back to the blobs, so it doesn't need the exact lines.",
            "Another strategy: let git merge it.",
        ],
    ),
];

/// The scenario.
pub(super) fn scenario() -> Scenario {
    let mut turns = vec![
        say("First the layout, then the part that turns ids back into words.").view(""),
        say("`detokenize` and the sizes it works with.")
            .view("engine/detokenize.sh")
            .bash("grep -n 'NEW_TOKENS\\|LOGITS\\|STRIDE' engine/config.sh"),
        say("A baseline of the whole engine.").bash(MEASURE),
        say("The loop goes on after it has found the word. It can stop there.").replace("engine/detokenize.sh", OLD, NEW),
        say("Output and time with the early exit.").bash("sh tests/run.sh").bash(MEASURE),
        say(
            "Good, that is faster and the output is the same. I want the change as a patch file that applies to the parent, to hand it in.",
        )
        .bash(PATCH),
    ];
    let rest = STEPS - turns.len();
    turns.extend(ROUND.iter().cycle().take(rest).enumerate().map(|(at, (command, thoughts))| churn(at, command, thoughts)));
    Scenario { seconds: 13.0, max_steps: 200, turns }
}

fn churn(at: usize, command: &'static str, thoughts: &[&'static str; 3]) -> Turn {
    let round = at / ROUND.len();
    say(thoughts.iter().cycle().nth(round % 3).copied().unwrap_or_default()).bash(command)
}
