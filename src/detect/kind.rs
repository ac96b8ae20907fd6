//! A step in one letter.

use std::borrow::Cow;

use serde_json::Value;

use super::call::{self, Act};
use super::look::{self, Finish};
use super::memory::Seen;
use super::place;
use crate::domain::{Reply, Step};

/// What a step was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It searched.
    Search,
    /// It looked at a file.
    View,
    /// It changed a file.
    Edit,
    /// It tried to.
    EditFailed,
    /// It ran something.
    Run,
    /// What it ran failed.
    RunFailed,
    /// It asked git.
    Git,
    /// It wrote text only, or thought.
    Text,
    /// It said that it was done, and was refused.
    RefusedFinish,
    /// It said that it was done.
    Finish,
    /// The API failed.
    ApiError,
    /// A call and a result that were seen before.
    Seen,
    /// The same of a call that edits a file: it is an edit all the same.
    EditSeen,
}

/// Tells kinds; remembers the calls and results of a trajectory.
#[derive(Debug, Default)]
pub struct Kinds {
    /// The first step with each.
    seen: Seen<u32>,
}

impl Kind {
    /// Its letter in the strip.
    pub const fn letter(self) -> char {
        match self {
            Self::Search => 'S',
            Self::View => 'V',
            Self::Edit => 'E',
            Self::EditFailed => 'e',
            Self::Run => 'R',
            Self::RunFailed => 'r',
            Self::Git => 'G',
            Self::Text => 't',
            Self::RefusedFinish => 'F',
            Self::Finish => 'D',
            Self::ApiError => '!',
            Self::Seen | Self::EditSeen => '=',
        }
    }

    /// Whether it edits a file, or tried to.
    pub const fn is_edit(self) -> bool {
        matches!(self, Self::Edit | Self::EditFailed | Self::EditSeen)
    }

    /// Whether what it tried did not work.
    pub const fn is_failed(self) -> bool {
        matches!(self, Self::EditFailed | Self::RunFailed | Self::RefusedFinish | Self::ApiError)
    }
}

impl Kinds {
    /// The kind of a step. Steps are to be given in order; those that went on may be given again.
    pub fn of(&mut self, step: &Step) -> Kind {
        let calls = look::calls(step);
        let (finish, print) = (look::finish(step, &calls), look::print(&calls));
        let print = print.filter(|_| step.reply == Reply::Complete);
        let was_seen = print.is_some_and(|print| self.seen.meet(print, step.index) < step.index);
        if step.error.is_some() {
            return Kind::ApiError;
        }
        match finish {
            Finish::Refused => return Kind::RefusedFinish,
            Finish::Said => return Kind::Finish,
            Finish::No => {}
        }
        // of several calls the one that does most
        let Some(call) = calls.iter().max_by_key(|call| call.act) else { return Kind::Text };
        let failed = call.failed();
        match call.act {
            Act::Think | Act::Finish => Kind::Text,
            Act::Edit if was_seen => Kind::EditSeen,
            _ if was_seen => Kind::Seen,
            Act::View => Kind::View,
            Act::Search => Kind::Search,
            Act::Git => Kind::Git,
            Act::Run if failed => Kind::RunFailed,
            Act::Run => Kind::Run,
            Act::Edit if failed => Kind::EditFailed,
            Act::Edit => Kind::Edit,
        }
    }
}

/// The command of a call, empty where there is none: text, or a list of words, which may hold the text for a shell.
pub fn command(args: &Value) -> Cow<'_, str> {
    call::command(args)
}

/// The files that Codex' own program for edits is to change: its patch names them, and where the patch was read already, its
/// changes lie by file. Empty for all else.
pub fn patched(args: &Value) -> Vec<String> {
    match args.get("changes") {
        Some(Value::Object(changes)) => return changes.keys().cloned().collect(),
        Some(Value::Array(changes)) => return changes.iter().filter_map(|file| file.get("path")?.as_str().map(str::to_owned)).collect(),
        _ => {}
    }
    let command = call::command(args);
    let text = ["input", "patch"].iter().find_map(|name| args.get(name)?.as_str()).or(args.as_str()).unwrap_or(&command);
    let behind_cd = text.split_once("&&").filter(|(cd, _)| cd.trim_start().starts_with("cd ")).map_or(text, |(_, rest)| rest);
    let behind_cd = behind_cd.trim_start().trim_start_matches(['\'', '"']);
    let is_patch = ["*** Begin Patch", "apply_patch", "applypatch"].iter().any(|begin| behind_cd.starts_with(begin));
    if is_patch { place::patched(text).map(|path| path.trim().to_owned()).collect() } else { Vec::new() }
}

/// Whether a line of what a tool answered says an error.
pub fn is_error(line: &str) -> bool {
    // `bash x.sh` is a command that was told, and `bash: x: not found` an error
    let word = line.trim_start().split(' ').next().unwrap_or_default();
    line.len() < 2000 && (line.starts_with("Traceback (most recent call last)") || (call::is_error(line) && !matches!(word, "bash" | "sh")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ToolCall, ToolResult, Usage};

    fn step(name: &str, args: &str, result: Option<(bool, &str)>) -> Step {
        let result = result.map(|(ok, text)| ToolResult { ok, text: text.to_owned() });
        let reply = if result.is_some() { Reply::Complete } else { Reply::ToolsRunning };
        let calls = vec![ToolCall { id: "1".to_owned(), name: name.to_owned(), args: args.to_owned(), result }];
        Step {
            index: 1,
            at: None,
            thought: String::new(),
            calls,
            usage: Usage::default(),
            error: None,
            finish: None,
            harness: Vec::new(),
            reply,
            within: None,
        }
    }

    fn letters(steps: &[Step]) -> String {
        let mut kinds = Kinds::default();
        let nth = |at: usize, step: &Step| Step { index: u32::try_from(at).unwrap_or_default() + 1, ..step.clone() };
        steps.iter().enumerate().map(|(at, step)| kinds.of(&nth(at, step)).letter()).collect()
    }

    #[test]
    fn a_trajectory_reads_as_a_word() {
        let bash = |command: &str, ok| step("bash", &format!(r#"{{"command":"{command}"}}"#), Some((ok, command)));
        let edit = |command: &str, ok| step("str_replace_based_edit_tool", &format!(r#"{{"command":"{command}"}}"#), Some((ok, command)));
        let steps = [
            bash("cd /x && grep -rn foo", true),
            edit("view", true),
            edit("str_replace", true),
            edit("create", false),
            bash("python t.py", true),
            bash("make", false),
            bash("git diff", true),
            bash("git diff", true),
            step("sequentialthinking", "{}", Some((true, ""))),
            step("task_done", "{}", Some((true, "done"))),
        ];
        assert_eq!(letters(&steps), "SVEeRrG=tD");
    }

    #[test]
    fn every_agent_has_its_own_words() {
        let call = |name: &str, args: &str, ok| step(name, args, Some((ok, args)));
        let steps = [
            call("shell", r#"{"command":["bash","-lc","rg -n foo"]}"#, true),
            call("shell", r#"{"command":["python","t.py"]}"#, true),
            call("exec_command", r#"{"cmd":"make"}"#, false),
            call("apply_patch", r#"{"input":"*** Begin Patch"}"#, true),
            call("shell", r#"{"command":["/bin/sh","-c","apply_patch <<'EOF'"]}"#, false),
            call("file_editor", r#"{"command":"view"}"#, true),
            call("read", r#"{"path":"a.py"}"#, true),
            call("Bash", r#"{"command":"git log"}"#, true),
        ];
        assert_eq!(letters(&steps), "SRrEeVVG");
    }

    #[test]
    fn trae_and_claude_read_as_they_work() {
        let call = |name: &str, args: &str, ok| step(name, args, Some((ok, args)));
        let trae = [
            call("todo_write", r#"{"todos":[]}"#, true),
            call("ckg", r#"{"command":"search_class","path":"/r","identifier":"A"}"#, true),
            call("json_edit_tool", r#"{"operation":"view","file_path":"/r/a.json"}"#, true),
            call("json_edit_tool", r#"{"operation":"set","file_path":"/r/a.json","json_path":"$.a","value":1}"#, false),
            call("bash", r#"{"command":"cd /r && cat > src/a.py <<'EOF'\nx = 1\nEOF\npython src/a.py"}"#, true),
            call("bash", r#"{"command":"cat > /tmp/t.py <<'EOF'\nx = 1\nEOF\npython /tmp/t.py"}"#, false),
        ];
        assert_eq!(letters(&trae), "tSVeEr");
        let claude = [
            call("Glob", r#"{"pattern":"**/*.py"}"#, true),
            call("Read", r#"{"file_path":"/r/a.py"}"#, true),
            call("MultiEdit", r#"{"file_path":"/r/a.py","edits":[]}"#, true),
            call("Write", r#"{"file_path":"/r/b.py","content":"x"}"#, false),
            call("NotebookEdit", r#"{"notebook_path":"/r/b.ipynb"}"#, true),
            call("TodoWrite", r#"{"todos":[]}"#, true),
            call("WebSearch", r#"{"query":"q"}"#, true),
            call("Task", r#"{"prompt":"p"}"#, true),
            call("BashOutput", r#"{"bash_id":"1"}"#, true),
        ];
        assert_eq!(letters(&claude), "SVEeEtSRR");
    }

    #[test]
    fn codex_and_openhands_read_as_they_work() {
        let call = |name: &str, args: &str, ok| step(name, args, Some((ok, args)));
        let codex = [
            call("update_plan", r#"{"plan":[]}"#, true),
            call("shell", r#"{"command":["bash","-lc","sed -n '1,200p' a.py"]}"#, true),
            call("command_execution", r#"{"command":"/bin/bash -lc 'rg foo'"}"#, true),
            call("file_change", r#"{"changes":[{"path":"a.py","kind":"update"}]}"#, true),
            call("shell", r#"{"command":["apply_patch","*** Begin Patch\n*** Update File: a.py\n@@\n*** End Patch"]}"#, true),
            call("exec_command", r#"{"cmd":"cargo test 2>&1 | tail -5"}"#, true),
        ];
        assert_eq!(letters(&codex), "tVSEER");
        let openhands = [
            call("execute_bash", r#"{"command":"grep -rn foo . | head"}"#, true),
            call("terminal", r#"{"command":"pytest -q"}"#, false),
            call("str_replace_editor", r#"{"command":"view","path":"/w/a.py"}"#, true),
            call("str_replace_editor", r#"{"command":"undo_edit","path":"/w/a.py"}"#, true),
            call("file_editor", r#"{"command":"create","path":"/w/b.py","file_text":"x"}"#, true),
            call("execute_ipython_cell", r#"{"code":"print(1)"}"#, true),
            call("think", r#"{"thought":"hm"}"#, true),
            call("task_tracker", r#"{"command":"view"}"#, true),
            call("finish", r#"{"message":"done"}"#, true),
        ];
        assert_eq!(letters(&openhands), "SrVEERttD");
    }

    #[test]
    fn swe_agent_and_mini_swe_agent_read_as_they_work() {
        let bash = |command: &str, ok| step("bash", &serde_json::json!({ "command": command }).to_string(), Some((ok, command)));
        let swe = [
            bash("find_file \"a.py\" src", true),
            bash("open src/a.py 100", true),
            bash("scroll_down", true),
            bash("edit 10:12\nif x; then ls | git\nend_of_edit", true),
            bash("edit 10:12\nx\nend_of_edit", false),
            bash("create repro.py", true),
            bash("str_replace_editor str_replace /r/a.py --old_str x --new_str y", true),
            bash("str_replace_editor view /r/a.py", true),
            bash("submit", true),
        ];
        assert_eq!(letters(&swe), "SVVEeEEVD");
        let mini = [
            bash("ls -la && cat README.md", true),
            bash("nl -ba a.py | sed -n '1,50p'", true),
            bash("sed -i 's/a/b/' src/a.py", true),
            bash("python - <<'EOF'\np = 'src/a.py'\nopen(p, 'w').write('x')\nEOF", true),
            bash("git apply fix.patch", false),
            bash("echo hello", true),
            bash("git add -A && echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff --cached", true),
        ];
        assert_eq!(letters(&mini), "SVEEGRD");
    }

    #[test]
    fn a_call_that_runs_is_not_yet_seen() {
        let running = step("bash", r#"{"command":"make"}"#, None);
        let done = step("bash", r#"{"command":"make"}"#, Some((true, "ok")));
        assert_eq!(letters(&[running.clone(), running, done.clone(), done.clone()]), "RRR=");
        let mut kinds = Kinds::default();
        assert_eq!([kinds.of(&done), kinds.of(&done)], [Kind::Run; 2], "the same step told again");
    }

    #[test]
    fn an_edit_that_was_seen_before_is_an_edit() {
        let edit = |ok| step("Edit", r#"{"file_path":"/r/a.py","old_string":"a","new_string":"b"}"#, Some((ok, "said")));
        let view = step("Read", r#"{"file_path":"/r/a.py"}"#, Some((true, "a")));
        let steps = [edit(true), view.clone(), edit(true), edit(false), edit(false), view];
        assert_eq!(letters(&steps), "EV=e==");
        let mut kinds = Kinds::default();
        let nth = |at: usize, step: &Step| Step { index: u32::try_from(at).unwrap_or_default() + 1, ..step.clone() };
        let are_edits: Vec<bool> = steps.iter().enumerate().map(|(at, step)| kinds.of(&nth(at, step)).is_edit()).collect();
        assert_eq!(are_edits, [true, false, true, true, true, false]);
    }

    #[test]
    fn a_finish_that_was_refused_is_one() {
        let mut refused = step("task_done", "{}", Some((true, "")));
        refused.harness.push("Your Patch is empty".to_owned());
        assert_eq!(letters(&[refused]), "F");
    }
}
