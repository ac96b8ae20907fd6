//! What one agent did as Markdown, as a code host draws it: a table of what the run was, what was found, each step, the
//! patch. What an agent wrote is text there and nothing else: it ends no code block and is no mark, tag, link or mention.
//!
//! Written as it is walked. Each single text is cut at a bound, and says so.

mod body;
mod edit;
mod plain;

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use self::body::Body;
use super::episodes;
use super::head;
use super::markdown::escaped;
use super::verdict::{masked, masked_finding, watch};
use crate::agent::asked::Part;
use crate::agent::open::Opened;
use crate::detect::kind::command;
use crate::detect::{Human, Watch};
use crate::domain::{Finding, Remark, Step, ToolCall};
use crate::text::mask::Masker;
use crate::text::tokens;
pub use body::block;
pub use plain::{all, find, plain};

/// A result of more lines is folded.
const FOLDED: usize = 12;

/// A patch of more lines is folded.
const FOLDED_PATCH: usize = 400;

/// Of what an agent did, what its own files do not tell.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// What it is called: `vllm_core-0003.1`.
    pub title: String,
    /// More lines for the table, before those of the run.
    pub rows: Vec<head::Row>,
    /// The commit that the agent was not to look at.
    pub human: Option<Human>,
    /// What it changed, as a diff.
    pub patch: Option<String>,
}

/// Writes a run of an agent.
pub fn write(out: &mut impl Write, opened: &Opened, about: &About, zone: &TimeZone, masker: &Masker) -> io::Result<()> {
    let watch = watch(opened, about.human.clone())?;
    let findings = findings(&watch, masker);
    writeln!(out, "# {}\n", escaped(&line(&about.title, masker)))?;
    writeln!(out, "| | |\n| --- | --- |")?;
    let about_rows = about.rows.iter().map(|(name, says)| (*name, line(says, masker)));
    for (name, says) in about_rows.chain(head::rows(opened, &findings, zone, masker)) {
        writeln!(out, "| {} | {} |", escaped(name), escaped(&says))?;
    }
    found(out, &findings, watch.alarms().into_iter().chain(watch.badges()).map(|remark| masked(remark, masker)))?;
    if let Some(task) = opened.task.as_deref().filter(|task| !task.trim().is_empty()) {
        writeln!(out, "\n## Task\n")?;
        folded(out, "What the agent was asked", "text", &Body::of(task, masker), FOLDED)?;
    }
    writeln!(out, "\n## Steps\n")?;
    if opened.is_empty() {
        writeln!(out, "none\n")?;
    }
    opened.each(|step| self::step(out, step, zone, masker))?;
    let end = head::ended(opened, masker);
    writeln!(out, "## End\n\n{}", escaped(&end))?;
    if let Some(patch) = &about.patch {
        writeln!(out, "\n## Patch\n")?;
        let patch = Body::of(patch, masker);
        if patch.lines.is_empty() {
            writeln!(out, "nothing was changed")?;
        } else {
            folded(out, "What the agent changed", "diff", &patch, FOLDED_PATCH)?;
        }
    }
    Ok(())
}

fn findings(watch: &Watch, masker: &Masker) -> Vec<Finding> {
    watch.findings().into_iter().map(|finding| masked_finding(finding, masker)).collect()
}

/// What the detectors say, the worst first.
fn found(out: &mut impl Write, findings: &[Finding], remarks: impl Iterator<Item = Remark>) -> io::Result<()> {
    let remarks: Vec<Remark> = remarks.collect();
    if findings.is_empty() && remarks.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Found\n")?;
    for episodes in episodes::of(findings) {
        let Finding { detector, level, says, hint, .. } = episodes.worst;
        let head = format!("{} {} {}", level.name(), detector.id(), detector.title());
        writeln!(out, "- **{}**, {}: {}{}", escaped(&head), escaped(&episodes.spans()), escaped(says), advice(hint))?;
    }
    for alike in episodes::remarks(&remarks) {
        let Some(Remark { says, hint, .. }) = alike.first() else { continue };
        writeln!(out, "- **{}**: {}{}", escaped(&episodes::about(&alike)), escaped(says), advice(hint))?;
    }
    Ok(())
}

/// What to do, in a line of its own within its entry.
fn advice(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("\\\n  *{}*", escaped(hint)) }
}

/// One step.
fn step(out: &mut impl Write, step: &Step, zone: &TimeZone, masker: &Masker) -> io::Result<()> {
    writeln!(out, "### Step {}{}\n", step.index, escaped(&facts(step, zone)))?;
    let mut lines = Body::of(&step.thought, masker).lines;
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    body::prose(out, &lines)?;
    for call in &step.calls {
        self::call(out, call, masker)?;
    }
    let said = step.error.iter().map(|says| ("error", says)).chain(step.harness.iter().map(|says| ("the harness said", says)));
    for (who, says) in said {
        writeln!(out, "**{who}:** {}\n", escaped(&line(says, masker)))?;
    }
    Ok(())
}

/// `, 09:31:22, 1.2k tokens`.
fn facts(step: &Step, zone: &TimeZone) -> String {
    let at = step.at.map(|at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string());
    let used = Some(step.usage.total()).filter(|used| *used > 0).map(|used| format!("{} tokens", tokens(used)));
    let within = step.within.as_ref().map(|_| "in a subagent".to_owned());
    at.into_iter().chain(used).chain(within).flat_map(|fact| [", ".to_owned(), fact]).collect()
}

/// A call and what came back.
fn call(out: &mut impl Write, call: &ToolCall, masker: &Masker) -> io::Result<()> {
    writeln!(out, "**{}**\n", escaped(&line(&call.name, masker)))?;
    let Asked { language, text, .. } = Asked::of(call, masker);
    let asked = Body::of(&text, masker);
    if !asked.lines.is_empty() {
        body::fenced(out, language, &asked)?;
        writeln!(out)?;
    }
    match &call.result {
        None => writeln!(out, "no answer\n"),
        Some(result) => {
            let answer = Body::of(&result.text, masker);
            if answer.lines.is_empty() {
                return writeln!(out, "{}\n", if result.ok { "done, without a word" } else { "failed, without a word" });
            }
            if !result.ok {
                writeln!(out, "failed:\n")?;
            }
            folded(out, if result.ok { "Result" } else { "Failure" }, "text", &answer, FOLDED)?;
            writeln!(out)
        }
    }
}

/// What was asked of a tool, laid out for people.
struct Asked {
    /// The language of its code.
    language: &'static str,
    text: String,
}

impl Asked {
    /// A command as shell, a change of a file as a diff, anything else by the names of its arguments.
    fn of(call: &ToolCall, masker: &Masker) -> Self {
        let args = serde_json::from_str(&call.args);
        let asked = Part::all(&call.name, args.as_ref().unwrap_or(&Value::String(call.args.clone())), masker);
        if let Some(text) = edit::diff(&asked) {
            return Self { language: "diff", text };
        }
        let Ok(args) = args else {
            return Self { language: "text", text: call.args.clone() };
        };
        let line = command(&args);
        // of the tools that edit files it is a verb of theirs
        if line.is_empty() || matches!(&*line, "view" | "create" | "str_replace" | "insert" | "undo_edit") {
            return Self { language: "text", text: body::arguments(&said(args.clone()), &[]) };
        }
        let rest = body::arguments(&said(args.clone()), &["command", "cmd", "script"]);
        Self { language: "sh", text: format!("{}\n{}", line.trim_end(), body::behind("# ", rest.lines())) }
    }
}

/// The arguments that say something: many are there only because a tool has them.
fn said(mut args: Value) -> Value {
    let is_silent = |value: &Value| value.is_null() || value == &Value::Bool(false) || value.as_str().is_some_and(str::is_empty);
    if let Some(fields) = args.as_object_mut() {
        fields.retain(|_, value| !is_silent(value));
    }
    args
}

/// A code block, folded where it has more lines.
fn folded(out: &mut impl Write, name: &str, language: &str, body: &Body, most: usize) -> io::Result<()> {
    if body.lines.len() <= most {
        return body::fenced(out, language, body);
    }
    writeln!(out, "<details><summary>{name}: {}</summary>\n", body.size())?;
    body::fenced(out, language, body)?;
    writeln!(out, "\n</details>")
}

/// A text in one line, clean and masked.
fn line(text: &str, masker: &Masker) -> String {
    masker.first_line(text)
}
