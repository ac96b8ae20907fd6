//! The script that runs in the container, for any POSIX shell: what is the same for every arm is `arm.sh`, what differs is
//! written before it.
//!
//! It prints nothing itself: client and server write to files of the folder in which it lies (`docker::arm::INSIDE`), and it
//! tells what it does by lines of the file `marks` there, each appended at once:
//!
//! | mark | means |
//! |---|---|
//! | `phase NAME` | a phase of [`crate::domain::ArmPhase`] began |
//! | `python PATH` | the Python that has vLLM |
//! | `vllm VERSION` | its version |
//! | `patch applied HOW` | how the patch was taken: `git`, `p1`, `p0`, `forced`; `patch refused` |
//! | `patch uncompiled N` | so many of its files would have to be compiled, and are not |
//! | `patch left_out N` | so many of its files are not of the package that is installed, and were left out |
//! | `repaired NAME` | a repair that was made inside |
//! | `server without ARGUMENT` | it does not take this one of `docker.server_args`, and is started again without |
//! | `again FILE BYTES` | it is tried again: what so many bytes of `server`, `out` or `err` say went wrong was repaired |
//! | `server crashed CODE` | it ended before it answered |
//! | `server died CODE` | it ended while it was measured |
//! | `ready SECONDS` | it answered after so long |
//! | `client CODE` | how the client ended |
//! | `no NAME` | something that is needed is not in the image: `vllm`, `benchmarks`, `dataset` |
//!
//! Of Python it asks by `-c` where the package `vllm` lies and of which version it is, and nothing is imported for that.

use super::ArmPlan;
use crate::domain::{BenchKind, FailureClass, Repair};

/// What is the same for every arm.
const SAME: &str = include_str!("arm.sh");

/// The exit codes of the script's own, and what each means; any other is the client's, or 143 where it was stopped.
const CODES: [(i64, FailureClass, &str); 6] = [
    (90, FailureClass::NoSpace, "the script could not write into the folder that it shares with this machine: is a disk full?"),
    (91, FailureClass::ImportError, "no Python of the image has vLLM: is it the right image?"),
    (92, FailureClass::PatchDoesNotApply, "the agent's patch does not apply to the vLLM of the image"),
    (93, FailureClass::ServerCrashed, "the server ended before it answered"),
    (
        94,
        FailureClass::BenchmarkMissing,
        "the image has neither the benchmark's script nor a vLLM that has it in its CLI: see docker.sources",
    ),
    (95, FailureClass::BenchmarkMissing, "the dataset is not in the container: see docker.mounts"),
];

/// What an exit code of the script's own means: the class, where the output names no nearer one, and a sentence.
pub fn own_end(code: i64) -> Option<(FailureClass, &'static str)> {
    CODES.into_iter().find(|(own, _, _)| *own == code).map(|(_, class, why)| (class, why))
}

/// The script, and whether the image gets the agent's patch first, which lies beside it as `agent.patch`.
pub fn script(plan: &ArmPlan, is_patched: bool) -> String {
    let (benchmark, cli) = match plan.client.split_first() {
        Some((program, rest)) if program == "vllm" => ("", rest),
        _ => (plan.client.get(1).map_or("", |path| base(path)), plan.client_cli.get(1..).unwrap_or_default()),
    };
    let by_script = plan.client.get(2..).filter(|_| !benchmark.is_empty()).unwrap_or_default();
    let head = format!("#!/bin/sh\n# An arm of a benchmark, written by isobench-tui {}.\n\n", env!("CARGO_PKG_VERSION"));
    let parts = [
        head,
        variables(plan, is_patched, benchmark, !cli.is_empty()),
        format!(
            "\nfind_benchmark() {{\n    for source in \"$home\" \"$began_in\"{}; do\n        [ -e \"$source/benchmarks/$benchmark\" ] && return 0\n    done\n    return 1\n}}\n\n",
            words(&plan.sources)
        ),
        server(plan),
        format!("by_script() {{\n    run_client \"$python\" \"benchmarks/$benchmark\"{}\n}}\n\n", words(by_script)),
        format!("by_cli() {{\n    run_vllm{}\n}}\n\n", words(cli)),
        SAME.to_owned(),
        "\nmain\n".to_owned(),
    ];
    parts.concat()
}

/// What the same part asks for, and the variables of the command.
fn variables(plan: &ArmPlan, is_patched: bool, benchmark: &str, has_cli: bool) -> String {
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let repairs: Vec<_> = plan.may_repair.iter().map(|repair| repair.name()).collect();
    let has_cli = has_cli && (benchmark.is_empty() || plan.may_repair.contains(&Repair::MovedToCli));
    let own = [
        ("patched", yes(is_patched)),
        ("serving", yes(plan.kind == Some(BenchKind::Serving))),
        ("has_cli", yes(has_cli)),
        ("benchmark", benchmark.to_owned()),
        ("dataset", plan.dataset.clone().unwrap_or_default()),
        ("repairs", repairs.join(" ")),
        ("ours", plan.server_defaults.join(" ")),
    ];
    let own = own.iter().map(|(name, value)| format!("{name}={}\n", quoted(value)));
    let environment = plan.environment.iter().filter(|(name, _)| is_name(name));
    own.chain(environment.map(|(name, value)| format!("export {name}={}\n", quoted(value)))).collect::<Vec<_>>().concat()
}

/// The function that starts the server, without the arguments of ours that it turned out not to take.
fn server(plan: &ArmPlan) -> String {
    let mut lines = vec!["start_server() {\n    set --\n".to_owned()];
    let mut rest = plan.server.as_slice();
    while let Some((name, after)) = rest.split_first() {
        let values = after.iter().take_while(|word| !word.starts_with("--")).count();
        let (option, after) = rest.split_at_checked(values.saturating_add(1)).unwrap_or((rest, &[]));
        let set = format!("set -- \"$@\" {}", option.iter().map(|word| word_of(word)).collect::<Vec<_>>().join(" "));
        lines.push(if plan.server_defaults.contains(name) {
            format!("    case \" $without \" in *{}*) ;; *) {set} ;; esac\n", quoted(&format!(" {name} ")))
        } else {
            format!("    {set}\n")
        });
        rest = after;
    }
    lines.push("    run_server \"$@\"\n}\n\n".to_owned());
    lines.concat()
}

/// Words that follow others, each on a line of its own.
fn words(words: &[String]) -> String {
    words.iter().map(|word| format!(" \\\n        {}", word_of(word))).collect::<Vec<_>>().concat()
}

/// A word of a command, `{port}` filled in.
fn word_of(word: &str) -> String {
    if word == super::PORT { "\"$port\"".to_owned() } else { quoted(word) }
}

/// A word that a shell takes as it is. Nothing that holds a NUL can be a word.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\0', "").replace('\'', r"'\''"))
}

/// Whether a variable can have this name.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $(so) `x` \\"), r"'it'\''s $(so) `x` \'");
        assert_eq!(word_of("{port}"), "\"$port\"");
        assert!(is_name("VLLM_USE_V1") && !is_name("1X") && !is_name("A-B") && !is_name(""));
    }

    #[test]
    fn each_exit_code_of_its_own_is_in_the_script_and_has_a_meaning() {
        for (code, _, _) in CODES {
            assert!(SAME.contains(&format!("exit {code}")) || SAME.contains(&format!("return {code}")), "{code}");
        }
        assert_eq!(own_end(91).map(|(class, _)| class), Some(FailureClass::ImportError));
        assert_eq!(own_end(1), None);
    }

    #[test]
    fn only_an_argument_of_ours_can_be_left_out() {
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let plan = ArmPlan {
            kind: Some(BenchKind::Serving),
            server: text(&["--model", "m", "--port", "{port}", "--max-model-len", "4096", "--disable-log-requests"]),
            server_defaults: text(&["--max-model-len"]),
            ..ArmPlan::default()
        };
        let server = server(&plan);
        assert!(server.contains("    set -- \"$@\" '--port' \"$port\"\n"), "{server}");
        assert!(server.contains("in *' --max-model-len '*) ;; *) set -- \"$@\" '--max-model-len' '4096' ;; esac"), "{server}");
        assert!(server.contains("    set -- \"$@\" '--disable-log-requests'\n"), "{server}");
    }
}
