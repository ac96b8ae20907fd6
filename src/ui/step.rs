//! A step as it is shown: masked, and laid out by what it is. Its texts are kept whole; what is not seen is not laid out.

mod answer;
pub mod rows;
mod told;

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

pub use crate::agent::asked::Part;
pub use crate::detect::kind::Kind;
use crate::detect::kind::Kinds;
use crate::domain::{Reply, Step, ToolCall};
use crate::text::clean;
use crate::text::mask::Masker;
use crate::text::paint::Line;
use rows::Laid;
use told::{Head, gist, things_to_do, word};

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its position, from 1.
    pub index: u32,
    /// When it was recorded.
    pub at: Option<Timestamp>,
    /// Its letter.
    pub kind: Kind,
    /// What the model wrote.
    pub thought: Vec<String>,
    /// Its tool calls.
    pub calls: Vec<ShownCall>,
    /// The step's own error.
    pub error: Option<String>,
    /// What the harness said.
    pub harness: Vec<String>,
    /// Tokens read and written.
    pub tokens: u64,
    /// Whether it is over.
    pub reply: Reply,
    /// The call of the parent agent within which a subagent did this.
    pub within: Option<String>,
    /// Its rows, as they were laid out last.
    pub laid: Laid,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCall {
    /// The tool.
    pub name: String,
    /// What it does, in a word: `bash`, `view`, `edit`.
    pub word: String,
    /// What it is about, in one line.
    pub gist: String,
    /// What it was asked for.
    pub args: Vec<Part>,
    /// What came back.
    pub result: Option<ShownResult>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownResult {
    /// How it went.
    pub how: How,
    /// Its text, masked.
    pub text: String,
    /// The line that says most.
    head: String,
    /// How many lines say something beside it.
    more: usize,
}

/// How a tool call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Well, by the tool's own word.
    Well,
    /// Not well.
    Badly,
}

impl Shown {
    /// A step, ready to be shown.
    pub fn of(step: &Step, kinds: &mut Kinds, masker: &Masker) -> Self {
        Self {
            index: step.index,
            at: step.at,
            kind: kinds.of(step),
            thought: text(&step.thought, masker),
            calls: step.calls.iter().map(|call| ShownCall::of(call, masker)).collect(),
            error: step.error.as_ref().map(|error| masker.first_line(error)),
            harness: step.harness.iter().map(|said| masker.first_line(said)).collect(),
            tokens: step.usage.total(),
            reply: step.reply,
            within: step.within.as_ref().map(|call| masker.first_line(call)),
            laid: Laid::default(),
        }
    }

    /// The first line of the thought; where there is none, of the error or of what the harness said.
    pub fn head(&self) -> &str {
        let said = || self.error.as_deref().or_else(|| self.harness.first().map(String::as_str));
        self.thought.iter().map(String::as_str).find(|line| !line.is_empty()).or_else(said).unwrap_or_default()
    }

    /// The same for one row: without the marks of Markdown and of agents' templates, and a short title such as `Plan:` with what
    /// it stands above.
    pub fn title(&self) -> Cow<'_, str> {
        told::title(&self.thought).unwrap_or(Cow::Borrowed(self.head()))
    }

    /// The call that runs, or else the last one that has a name: an agent may answer a call that nobody saw.
    pub fn main_call(&self) -> Option<&ShownCall> {
        let named = || self.calls.iter().rev().find(|call| !call.word.is_empty());
        self.calls.iter().find(|call| call.result.is_none()).or_else(named).or_else(|| self.calls.last())
    }
}

impl ShownCall {
    fn of(call: &ToolCall, masker: &Masker) -> Self {
        let args: Value = serde_json::from_str(&call.args).unwrap_or_else(|_| Value::String(call.args.clone()));
        let parts = Part::all(&call.name, &args, masker);
        let gist = parts.iter().find_map(things_to_do).unwrap_or_else(|| gist(&args));
        let gist = masker.first_line(gist.trim_start()).trim_start().to_owned();
        Self {
            name: masker.first_line(&call.name),
            word: masker.first_line(word(&call.name, &args)),
            args: parts,
            result: call.result.as_ref().map(|result| {
                let how = if result.ok { How::Well } else { How::Badly };
                ShownResult::new(how, masker.text(&result.text).into_owned()).beside(&gist)
            }),
            gist,
        }
    }

    /// The lines of what it was asked for, as they were written.
    pub fn asked(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.args.iter().flat_map(Part::texts).flat_map(safe_lines)
    }
}

impl ShownResult {
    /// An answer; its text is masked already.
    pub fn new(how: How, text: String) -> Self {
        let Head { line, more } = Head::of(how, &text);
        Self { how, text, head: line, more }
    }

    /// The same beside what the call was about: where it says that again it is not told twice.
    fn beside(mut self, gist: &str) -> Self {
        if self.head == gist {
            self.head.clear();
            self.more = 0;
        }
        self
    }

    /// The first line that says something, empty where that is only an editor's own words; of a failure the one that says the error, or else the last one. Paths in the
    /// item's own tree are told from there on.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// How many lines say something beside the one that [`head`](Self::head) gives.
    pub const fn more(&self) -> usize {
        self.more
    }

    /// Its lines, each made safe.
    pub fn lines(&self) -> impl Iterator<Item = Cow<'_, str>> {
        safe_lines(&self.text)
    }

    /// Its lines, as they are shown.
    pub fn shown(&self) -> Vec<Line> {
        answer::lines(&self.text)
    }
}

fn safe_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.trim_matches(['\n', '\r'])
        .lines()
        .map(|line| if clean::is_clean(line) { Cow::Borrowed(line) } else { Cow::Owned(clean::line(line)) })
}

/// The lines of a text.
fn text(s: &str, masker: &Masker) -> Vec<String> {
    masker.lines(s.trim_matches(['\n', '\r']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{ToolResult, Usage};

    fn nothing() -> Shown {
        let step = Step {
            index: 1,
            at: None,
            thought: String::new(),
            calls: Vec::new(),
            usage: Usage::default(),
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
            within: None,
        };
        Shown::of(&step, &mut Kinds::default(), &Masker::default())
    }

    #[test]
    fn what_is_shown_is_clean_and_masked() {
        let call = ToolCall {
            id: String::new(),
            name: "bash".to_owned(),
            args: r#"{"command":"curl -H sk-secret\nsecond"}"#.to_owned(),
            result: Some(ToolResult { ok: false, text: "\u{1b}[31mno\u{1b}[0m\n".repeat(1000) }),
        };
        let step = Step {
            index: 7,
            at: None,
            thought: "\nThink sk-secret\u{7}".to_owned(),
            calls: vec![call],
            usage: Usage { input: 3, output: 4, cached: 0 },
            error: None,
            finish: None,
            harness: Vec::new(),
            reply: Reply::Complete,
            within: None,
        };
        let masker = Masker::new([("A_KEY", "sk-secret")], []);
        let shown = Shown::of(&step, &mut Kinds::default(), &masker);
        assert_eq!((shown.head(), shown.tokens, shown.kind), ("Think •••", 7, Kind::RunFailed));
        let call = shown.main_call().into_iter().next();
        assert_eq!(call.map(|call| call.gist.as_str()), Some("curl -H •••"));
        let result = call.and_then(|call| call.result.as_ref());
        assert_eq!(result.map(|result| (result.head(), result.lines().count(), result.more())), Some(("no", 1000, 999)));
        let rows = rows::rows(&shown, rows::Fold::Whole, 80);
        assert!(rows.len() > 1000 && rows.iter().all(|row| clean::is_clean(row.text()) && !row.text().contains("secret")), "{rows:?}");
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "\\PC{0,30}",
            "(a\n|b\t|--- a/x\n\\+\\+\\+ b/x\n|@@ -1 \\+1 @@\n|-c\n|\\+d\n){0,80}",
            "view|create|insert|str_replace"
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            let name = prop::sample::select(vec![
                "command",
                "path",
                "file_path",
                "old_str",
                "new_str",
                "edits",
                "todos",
                "plan",
                "status",
                "content",
                "changes",
                "update",
                "unified_diff",
                "view_range",
                "offset",
                "limit",
                "insert_line",
                "thought",
                "input",
                "cmd",
                "code",
                "odd",
            ]);
            let table = prop::collection::vec((name, inner.clone()), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()));
            prop_oneof![prop::collection::vec(inner, 0..6).prop_map(Value::Array), table]
        })
    }

    proptest! {
        #[test]
        fn any_call_is_laid_out_in_bounded_rows(args in json(), answer in "(\\PC{0,40}\n){0,90}", ok in any::<bool>(), cols in 1_usize..100) {
            let result = Some(ToolResult { ok, text: answer });
            let call = ToolCall { id: String::new(), name: "any".to_owned(), args: args.to_string(), result };
            let shown = ShownCall::of(&call, &Masker::default());
            let mut step = Shown { calls: vec![shown], ..nothing() };
            for _ in 0..2 {
                let rows = rows::rows(&step, rows::Fold::Unfolded, cols);
                prop_assert!(rows.len() <= 2 * 33 * 12 + 2, "{}", rows.len());
                let whole = rows::rows(&step, rows::Fold::Whole, cols);
                for row in rows.iter().chain(whole.iter()) {
                    prop_assert!(clean::is_clean(row.text()));
                    prop_assert!(crate::text::width::width(row.text()) <= cols.max(2) + 2, "{row:?}");
                }
                step = step.clone();
            }
        }
    }
}
