//! What a run was, before its steps.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::episodes;
use super::steps::{Totals, duration_ms, end, format_name};
use crate::agent::open::Opened;
use crate::domain::Finding;
use crate::text::mask::Masker;
use crate::text::{duration, tokens};

/// A line of the head: its name, and what stands there.
pub type Row = (&'static str, String);

/// The lines of the head. All texts are clean.
pub fn rows(run: &Opened, findings: &[Finding], zone: &TimeZone, masker: &Masker) -> Vec<Row> {
    let text = |text: &str| masker.first_line(text);
    let totals = Totals::of(run);
    let known = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), tokens);
    let cached = totals.cached_tokens.filter(|n| *n > 0).map(|n| format!(", {} from the cache", tokens(n))).unwrap_or_default();
    let used = match (totals.input_tokens, totals.output_tokens) {
        (None, None) => "not told".to_owned(),
        (read, written) => format!("{} in{cached}, {} out", known(read), known(written)),
    };
    let (agent, format) = (run.format.agent(), format_name(run.format));
    let rows = [
        ("agent", Some(if agent == format { agent.to_owned() } else { format!("{agent} ({format})") })),
        ("instance", run.instance.as_deref().map(text)),
        ("model", Some(run.model.as_deref().map(text).filter(|model| !model.is_empty()).unwrap_or_else(|| "not told".to_owned()))),
        ("task", run.task.as_deref().map(text).filter(|task| !task.is_empty())),
        ("began", began(run).map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())),
        ("duration", Some(duration_ms(run).map_or_else(|| "not told".to_owned(), duration::short))),
        ("end", Some(ended(run, masker))),
        ("steps", Some(totals.steps.map_or_else(|| "not told".to_owned(), |steps| steps.to_string()))),
        ("calls", Some(format!("{}{}", totals.calls, tools(&totals, masker)))),
        ("errors", Some(totals.errors.to_string())),
        ("tokens", Some(used)),
        ("found", Some(found(findings))),
    ];
    let is_told = |(name, text): (&'static str, Option<String>)| Some((name, text?));
    rows.into_iter().filter_map(is_told).collect()
}

/// When it began: the time of its first step, where the file does not say.
pub fn began(run: &Opened) -> Option<Timestamp> {
    run.started_at.or_else(|| run.steps.iter().find_map(|step| step.at))
}

/// How it ended, in a word of ours and in those of the agent.
pub fn ended(run: &Opened, masker: &Masker) -> String {
    let (state, reason) = end(&run.state);
    let reason = reason.map(|reason| format!(": {}", masker.first_line(reason))).unwrap_or_default();
    format!("{state}{reason}")
}

/// How often each tool was called, the most used first.
fn tools(totals: &Totals, masker: &Masker) -> String {
    let mut tools: Vec<(&String, &u64)> = totals.calls_by_tool.iter().filter(|(name, _)| !name.is_empty()).collect();
    tools.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let tools: Vec<String> = tools.into_iter().map(|(name, count)| format!("{} {count}", masker.first_line(name))).collect();
    if tools.is_empty() { String::new() } else { format!(" ({})", tools.join(", ")) }
}

/// What the detectors found: each with when it was, the level said once.
fn found(findings: &[Finding]) -> String {
    let mut level = None;
    let told = episodes::of(findings).into_iter().map(|episodes| {
        let finding = episodes.worst;
        let is_new = level.replace(finding.level) != Some(finding.level);
        let name = if is_new { format!("{} ", finding.level.name()) } else { String::new() };
        format!("{name}{} {}", finding.detector.title(), episodes.when())
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join("; ") }
}
