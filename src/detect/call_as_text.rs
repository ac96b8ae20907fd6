//! D16: tool calls written as text. The model speaks one format and the server reads another one, so that no call is ever
//! seen: MiniMax's tags, Hermes' and Qwen's, harmony, Mistral's and DeepSeek's marks, or a bare name with JSON behind it.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;

use super::cut;
use super::look::{Look, line};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence};

/// Such steps: note, warn, stuck.
const STEPS: [u32; 3] = [1, 3, 6];
/// Steps with real calls in a row after which it is over.
const OVER: u32 = 5;
/// Names of tools that are known.
const MOST: usize = 64;
/// Bytes of a text that are read, at each end.
const READ: usize = 64 * 1024;
/// Steps of evidence.
const SHOWN: usize = 4;

/// Marks of a call: a special token anywhere, a tag where a line begins. Who writes about them writes them within a line.
/// None of these expressions holds a Unicode `\b`: with one, a text with a single dash is read ten times as slowly.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"<\|(?:channel|call|constrain|python_tag|tool_call_begin|tool_calls_section_begin|tool_call)\|>",
        r"|<｜tool▁calls?▁begin｜>",
        r"|(?m:^[ \t]*(?:",
        r"</?(?:[a-z]+:)?(?:tool_call|tool_calls|function_calls|function_call|tool_use|invoke)(?:[^\w>\n][^>\n]*)?>",
        r"|<function=[\w.-]+>|<parameter=[\w.-]+>",
        r"|\[TOOL_CALLS?\]",
        r"|```(?:tool_call|tool_calls|tool_code|tool_use|function_call)(?:\W|\z)",
        r"))",
    ))
    .ok()
});

/// A name with JSON behind it, or in front of its arguments; `$1` is the name.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?m)^[ \t]*(?:[-*] )?(?:(?i:using|calling|call|invoke|invoking|action|tool|function|to)(?-u:\b):?[ \t]*)?[`*"]*(?:functions\.)?([A-Za-z_](?-u:[\w.-]){1,63})[`*"]*"#,
        r#"(?:[ \t]*[({:]|[ \t]*(?:\.|$))"#,
    ))
    .ok()
});

/// JSON that is a call as a whole.
static OBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?m)^[ \t]*[\[{]+\s*"(?:name|tool|tool_name|function|recipient_name|action)"\s*:\s*"[\w.-]+"\s*,\s*"(?:arguments|parameters|args|input|tool_input|params)"\s*:"#)
        .ok()
});

/// Names that are tools wherever they stand alone.
const TOOLS: [&str; 12] = [
    "str_replace_based_edit_tool",
    "str_replace_editor",
    "sequentialthinking",
    "task_done",
    "execute_bash",
    "execute_ipython_cell",
    "json_edit_tool",
    "apply_patch",
    "write_file",
    "read_file",
    "run_command",
    "todo_write",
];
/// Names that are a call where they are the whole text.
const LAST_WORDS: [&str; 5] = ["finish", "submit", "task_done", "task_complete", "attempt_completion"];

/// Calls that were written as text.
#[derive(Debug, Default)]
pub(super) struct CallAsText {
    count: u32,
    first_step: u32,
    /// Steps with calls since the last one.
    real: u32,
    evidence: VecDeque<Evidence>,
    /// Tools that this agent has called.
    tools: Vec<String>,
}

impl Rule for CallAsText {
    fn detector(&self) -> Detector {
        Detector::CallAsText
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        if !look.is_text() {
            self.real += u32::from(!look.calls.is_empty());
            for called in &look.calls {
                self.learn(&called.call.name);
            }
            if self.real >= OVER {
                self.count = 0;
                self.evidence.clear();
            }
            return self.now();
        }
        if let Some(found) = self.find(&look.step.thought) {
            if self.count == 0 {
                self.first_step = look.step.index;
            }
            self.count += 1;
            self.real = 0;
            if self.evidence.len() >= SHOWN {
                self.evidence.remove(1);
            }
            self.evidence.push_back(Evidence { step: look.step.index, text: line(&found) });
        }
        self.now()
    }

    fn tell(&self) -> Told {
        let what =
            if self.count == 1 { "1 answer holds a tool call".to_owned() } else { format!("{} answers hold tool calls", self.count) };
        Told {
            says: format!("{what} as plain text, which nobody runs"),
            hint: "Check that the server reads this model's format: vLLM's --tool-call-parser and --enable-auto-tool-choice".to_owned(),
            evidence: self.evidence.iter().cloned().collect(),
        }
    }
}

impl CallAsText {
    fn now(&self) -> Now {
        Now::at(self.count, STEPS, self.first_step)
    }

    fn learn(&mut self, name: &str) {
        if self.tools.len() < MOST && name.len() <= 64 && !self.tools.iter().any(|known| known == name) {
            self.tools.push(name.to_owned());
        }
    }

    fn is_tool(&self, name: &str) -> bool {
        TOOLS.contains(&name) || self.tools.iter().any(|known| known == name)
    }

    /// What of a text is a call.
    fn find(&self, text: &str) -> Option<String> {
        let whole = text.trim().trim_matches(['`', '.', '(', ')', '*']);
        if LAST_WORDS.contains(&whole) || self.is_tool(whole) {
            return Some(whole.to_owned());
        }
        let start = cut::start(text, READ);
        let end = cut::rest(text, text.len().saturating_sub(READ).max(start.len()));
        [start, end].into_iter().find_map(|text| self.find_in(text))
    }

    fn find_in(&self, text: &str) -> Option<String> {
        let from = |at: usize| text.get(at..).unwrap_or_default().chars().take(200).collect::<String>();
        for marks in [&MARKS, &OBJECT] {
            if let Some(found) = marks.as_ref().and_then(|marks| marks.find(text)) {
                return Some(from(found.start()));
            }
        }
        let named = NAMED.as_ref()?;
        let is_call = |found: &regex::Captures<'_>| {
            let whole = found.get(0).map_or("", |all| all.as_str());
            let name = found.get(1).map_or("", |name| name.as_str().trim_end_matches(['.', '-']));
            let rest = found.get(0).and_then(|all| text.get(all.end()..)).unwrap_or_default().trim_start();
            // a word of the language is a tool only with arguments behind it
            let has_json = whole.ends_with('{') || whole.ends_with(['(', ':']) && rest.starts_with(['{', '"', '\'', ')']);
            self.is_tool(name) && (has_json || name.contains('_') && !whole.ends_with(['(', ':']))
        };
        named.captures_iter(text).find(is_call).and_then(|found| found.get(0)).map(|all| from(all.start()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> bool {
        let mut rule = CallAsText::default();
        rule.learn("bash");
        rule.learn("view_file");
        rule.find(text).is_some()
    }

    #[test]
    fn calls_of_every_format_are_seen() {
        let calls = [
            "<minimax:tool_call>\n<invoke name=\"bash\">\n<parameter name=\"command\">ls</parameter>",
            "I look at it.\n  <invoke name=\"bash\">",
            "Sure.\n<tool_call>\n{\"name\": \"bash\"}\n</tool_call>",
            "<|channel|>commentary to=functions.bash <|constrain|>json<|message|>{}",
            "[TOOL_CALLS][{\"name\": \"bash\"}]",
            "```tool_call\n{}\n```",
            "<｜tool▁calls▁begin｜>",
            "<function=bash>\n<parameter=command>ls</parameter>",
            "bash {\"command\": \"ls\"}",
            "view_file(\"a.py\")",
            "Action: bash({\"command\": \"ls\"})",
            "{\"name\": \"bash\", \"arguments\": {\"command\": \"ls\"}}",
            "finish",
            "`task_done()`",
            "Using task_done.\n\nAll is well.",
        ];
        for call in calls {
            assert!(found(call), "{call}");
        }
    }

    #[test]
    fn who_writes_about_calls_calls_nothing() {
        let texts = [
            "The parser now accepts `<tool_call>` and `<invoke name=...>` tags.",
            "I ran bash and all tests pass.",
            "Use bash: it is there.",
            "bash\u{2014}the shell\u{2014}is what runs it",
            "I am going to finish. The work is done.",
            "- bash scripts were left as they are",
            "The result of view_file (see above) is right.",
            "{\"message\": \"done\"}",
            "```bash\nls\n```",
            "",
        ];
        for text in texts {
            assert!(!found(text), "{text}");
        }
    }
}
