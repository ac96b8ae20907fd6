//! A step in one letter.

use std::borrow::Cow;

use serde_json::Value;

use super::call::{self, Act};
use super::look::{self, Finish};
use super::memory::Seen;
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
            Self::Seen => '=',
        }
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
    fn a_call_that_runs_is_not_yet_seen() {
        let running = step("bash", r#"{"command":"make"}"#, None);
        let done = step("bash", r#"{"command":"make"}"#, Some((true, "ok")));
        assert_eq!(letters(&[running.clone(), running, done.clone(), done.clone()]), "RRR=");
        let mut kinds = Kinds::default();
        assert_eq!([kinds.of(&done), kinds.of(&done)], [Kind::Run; 2], "the same step told again");
    }

    #[test]
    fn a_finish_that_was_refused_is_one() {
        let mut refused = step("task_done", "{}", Some((true, "")));
        refused.harness.push("Your Patch is empty".to_owned());
        assert_eq!(letters(&[refused]), "F");
    }
}
