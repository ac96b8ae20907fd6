//! Whether an observation tells of a failure. There is no exit code: what says so are SWE-agent's own refusals, and the last
//! words of a program that gave up.

/// How an observation begins that tells of a failure.
const REFUSALS: [&str; 13] = [
    "Your proposed edit has introduced new syntax error",
    "Your edit was not applied",
    "Your command was not",
    "No replacement was performed",
    "EXECUTION TIMED OUT",
    "COMMAND TIMED OUT",
    "The command '",
    "Operation '",
    "Invalid `",
    "Exit due to",
    "Failed to",
    "ERROR: ",
    "ERROR! ",
];

/// Why nothing could be done, in the words of the system, the shell or the GPU.
const GAVE_UP: [&str; 9] = [
    "No space left on device",
    "CUDA out of memory",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "Read-only file system",
    "Permission denied",
    "No such file or directory",
    "command not found",
    "Segmentation fault",
];

/// Lines of an answer that is nothing but a complaint, at most.
const SHORT: usize = 3;
/// Bytes from its end that are looked at.
const END: usize = 16 * 1024;

/// Programs whose answer is the text of others: a traceback in a log is no failure of `tail`.
const READERS: [&str; 13] = ["cat", "head", "tail", "less", "more", "grep", "rg", "sed", "awk", "nl", "find", "ls", "journalctl"];

/// Whether the answer to an action says that it failed.
pub(super) fn failed(action: &str, answer: &str) -> bool {
    let answer = answer.trim();
    if REFUSALS.iter().any(|begin| answer.starts_with(begin)) {
        return true;
    }
    let from = (answer.len().saturating_sub(END)..=answer.len()).find(|at| answer.is_char_boundary(*at)).unwrap_or_default();
    let end = answer.get(from..).unwrap_or_default();
    let Some(last) = end.lines().rev().map(str::trim_end).find(|line| !line.trim().is_empty()) else { return false };
    let program = program(action);
    let is_short = from == 0 && answer.lines().filter(|line| !line.trim().is_empty()).count() <= SHORT;
    let gave_up = GAVE_UP.iter().any(|words| last.contains(words));
    let is_reader = READERS.contains(&program);
    if is_short && gave_up {
        // `cat: a.txt: No such file or directory`, `bash: foo: command not found`; else it is what a file says
        let who = last.split(':').next().unwrap_or_default();
        return !is_reader || [program, "bash", "sh", "/bin/sh", "/bin/bash"].contains(&who);
    }
    let is_traced = end.contains("Traceback (most recent call last):");
    !is_reader && (is_traced || is_short) && is_exception(last)
}

/// `ModuleNotFoundError: No module named 'torch'`, `torch.OutOfMemoryError: …`, `AssertionError`, at the beginning of a line.
fn is_exception(line: &str) -> bool {
    let name = line.split_once(": ").map_or(line, |(name, _)| name).trim_end_matches(':');
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let begins_high = last.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    is_name && begins_high && (last.ends_with("Error") || last.ends_with("Exception") || last == "KeyboardInterrupt")
}

/// The program of a line, the change of folder in front gone.
fn program(action: &str) -> &str {
    let mut text = action.trim();
    while let Some(rest) = text.strip_prefix("cd ") {
        let Some((_, rest)) = rest.split_once("&&").or_else(|| rest.split_once(';')) else { break };
        text = rest.trim_start();
    }
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_at_last_tells_how_it_ended() {
        let failures = [
            ("str_replace_editor str_replace /r/a.py --old_str a --new_str b", "No replacement was performed, old_str `a`"),
            ("str_replace_editor create /r/a.py --file_text x", "OSError: [Errno 28] No space left on device"),
            (
                "python a.py",
                "Traceback (most recent call last):\n  File \"a.py\", line 1\n    import torch\nModuleNotFoundError: No module named 'torch'\n",
            ),
            ("cd /r && python a.py", "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB."),
            ("python a.py", "AssertionError"),
            ("rg foo", "bash: rg: command not found"),
            ("cat x", "cat: x: No such file or directory"),
            ("git add -A", "OSError: [Errno 28] No space left on device"),
            ("ls", "bash: fork: retry: Resource temporarily unavailable\nbash: fork: Resource temporarily unavailable"),
        ];
        for (action, answer) in failures {
            assert!(failed(action, answer), "{action}: {answer}");
        }
        let others = [
            ("python a.py", "8.2\n"),
            ("python a.py", ""),
            ("tail -5 run.log", "Traceback (most recent call last):\nValueError: x"),
            ("cat notes", "Beware: No space left on device"),
            ("cat a.py", "except OSError:\n    raise\nValueError"),
            ("grep -rn ValueError src", "ValueError: x"),
            ("python a.py", "Traceback (most recent call last):\n  x\nValueError: x\ncaught, all is well: 8.2"),
            ("pytest -q", "a\nb\nc\nd\nE   AssertionError: assert 1 == 2\n1 failed"),
            ("python a.py", "mean error 0.2\nNoError found\nrelative Error"),
        ];
        for (action, answer) in others {
            assert!(!failed(action, answer), "{action}: {answer}");
        }
    }
}
