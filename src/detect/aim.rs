//! What a step is after: the same for two agents that do the same thing, wherever each of them was put to work.

use std::borrow::Cow;

pub use super::act::Act;
use super::look::{self, Called};
use super::print::Print;
use crate::domain::Step;
use crate::text::tree::{Trees, in_trees};

/// What a step does, and to what. Whether it went well does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aim {
    /// What it does; of several calls the one that does most.
    pub act: Act,
    /// The file, program or search that it is about; empty where there is nothing.
    pub target: String,
    /// Fingerprint of all that it asks for; of a step without calls of what it says.
    pub asked: u64,
    /// Whether it runs something that is called a benchmark.
    pub is_benchmark: bool,
}

impl Aim {
    /// What a step is after.
    pub fn of(step: &Step) -> Self {
        let calls = look::calls(step);
        let mut asked = Print::new();
        let Some(main) = calls.iter().max_by_key(|call| call.act) else {
            asked.folded(&step.thought);
            asked.text(step.error.as_deref().unwrap_or_default());
            return Self { act: Act::Think, target: String::new(), asked: asked.done(), is_benchmark: false };
        };
        for call in &calls {
            // a call in a tree of its own is the same call
            match in_trees(&call.call.args, Trees::Any) {
                Cow::Owned(args) => {
                    asked.text(&call.call.name);
                    asked.folded(&args);
                }
                Cow::Borrowed(_) => asked.number(call.asked),
            }
        }
        let target = match main.act {
            // each agent has its own word for it
            Act::Finish => String::new(),
            _ => in_trees(&main.target, Trees::Any).into_owned(),
        };
        Self { act: main.act, target, asked: asked.done(), is_benchmark: calls.iter().any(is_benchmark) }
    }

    /// Whether both do the same thing, though perhaps not in the same words.
    pub fn is_like(&self, other: &Self) -> bool {
        self.act == other.act && self.target == other.target && (!self.target.is_empty() || self.act == Act::Finish)
    }
}

/// Whether a word of what it runs has `bench` in its last part: a file, a module, a command of vLLM's.
fn is_benchmark(call: &Called<'_>) -> bool {
    let names = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        !word.contains(char::is_whitespace) && name.to_ascii_lowercase().contains("bench")
    };
    call.act == Act::Run && call.parts.iter().any(|part| part.words.iter().any(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Reply, ToolCall, Usage};

    fn aim(name: &str, args: &str) -> Aim {
        let calls = vec![ToolCall { id: String::new(), name: name.to_owned(), args: args.to_owned(), result: None }];
        Aim::of(&Step {
            index: 1,
            at: None,
            thought: String::new(),
            calls,
            usage: Usage::default(),
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
            within: None,
        })
    }

    #[test]
    fn the_same_call_in_another_tree_is_the_same() {
        let view = |tree: &str| aim("str_replace_based_edit_tool", &format!(r#"{{"command":"view","path":"{tree}core/a.py"}}"#));
        let (one, other) = (view("/x/.work/worktrees/vllm/vllm-0001/"), view("/y/z/worktrees/run/vllm-0001.2/"));
        assert_eq!(one, other);
        assert_eq!((one.act, one.target.as_str()), (Act::View, "core/a.py"));
        let list = |tree: &str| aim("bash", &format!(r#"{{"command":"ls {tree} | head"}}"#));
        assert_eq!(list("/x/worktrees/vllm/vllm-0001"), list("/y/worktrees/r/i.1"));
    }

    #[test]
    fn another_text_for_the_same_file_is_like_it() {
        let edit = |new: &str| aim("Edit", &format!(r#"{{"file_path":"a/b.py","new_string":"{new}"}}"#));
        assert!(edit("x") != edit("y") && edit("x").is_like(&edit("y")));
        let other = aim("str_replace_editor", r#"{"command":"str_replace","path":"/workspace/a/b.py"}"#);
        assert!(edit("x").is_like(&other), "every agent has its own tools");
        assert!(!edit("x").is_like(&aim("Read", r#"{"file_path":"a/b.py"}"#)), "to look is not to change");
        assert!(aim("task_done", "{}").is_like(&aim("finish", r#"{"message":"m"}"#)));
        assert!(aim("bash", r#"{"command":"python benchmarks/benchmark_x.py"}"#).is_benchmark);
    }
}
