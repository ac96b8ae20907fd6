//! Commit by commit: its attempts with what they rest on, its arms side by side, and where each of them is written.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cell;
use super::figures::word_of;
use crate::domain::rung::breaks;
use crate::domain::{Answer, Direction, Verdict};
use crate::report::study::{Compared, ItemRow, ResultRow, Study};
use crate::text::width;

/// The commits of a study in order of their names, each with the rows that are about it.
#[derive(Debug, Default)]
pub(super) struct Commits<'a> {
    all: BTreeMap<&'a str, Commit>,
}

/// Rows about a commit, by their place in the study.
#[derive(Debug, Default)]
pub(super) struct Commit {
    /// Its name in links.
    pub anchor: String,
    /// Attempts.
    pub items: Vec<usize>,
    /// Arms.
    pub results: Vec<usize>,
    /// Comparisons.
    pub compared: Vec<usize>,
}

/// What tells a commit from others: shas are abbreviated here and there.
fn key(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}

impl<'a> Commits<'a> {
    /// Those with any row, and those that were planned and have none.
    pub(super) fn of(study: &'a Study) -> Self {
        let mut all: BTreeMap<&str, Commit> = BTreeMap::new();
        for (at, item) in study.items.iter().enumerate() {
            all.entry(item.commit_key()).or_default().items.push(at);
        }
        for (at, result) in study.results.iter().enumerate() {
            all.entry(key(&result.commit)).or_default().results.push(at);
        }
        for (at, compared) in study.compared.iter().enumerate() {
            all.entry(key(&compared.commit)).or_default().compared.push(at);
        }
        for sha in &study.coverage.missing {
            all.entry(key(sha)).or_default();
        }
        for (at, (key, commit)) in all.iter_mut().enumerate() {
            // a name out of a file is no part of a link unless it is plain
            let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_hexdigit());
            commit.anchor = if is_plain { format!("c-{key}") } else { format!("c{at}") };
        }
        Self { all }
    }

    /// In order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &Commit)> {
        self.all.iter().map(|(key, commit)| (*key, commit))
    }

    /// The link to a commit that has rows.
    pub(super) fn anchor(&self, sha: &str) -> Option<&str> {
        self.all.get(key(sha)).filter(|commit| commit.has_rows()).map(|commit| commit.anchor.as_str())
    }
}

impl Commit {
    /// Whether anything is known of it.
    pub(super) fn has_rows(&self) -> bool {
        !self.items.is_empty() || !self.results.is_empty() || !self.compared.is_empty()
    }
}

/// The section; `None` where there is no commit.
pub(super) fn details(study: &Study, commits: &Commits<'_>) -> Option<Markup> {
    let with_rows: Vec<(&str, &Commit)> = commits.iter().filter(|(_, commit)| commit.has_rows()).collect();
    if with_rows.is_empty() {
        return None;
    }
    Some(html! {
        section id="details" aria-labelledby="details-h" {
            h2 id="details-h" { "Commit by commit" }
            p.says { "What each rung and each number rests on. An attempt and an arm link to their rows above, which name the files." }
            @for (key, commit) in with_rows {
                details id=(commit.anchor) {
                    summary { code { (width::clip(&cell::safe(key), 24)) } " " span.soft { (summary(study, commit)) } }
                    div { (inside(study, commit)) }
                }
            }
        }
    })
}

fn summary(study: &Study, commit: &Commit) -> String {
    let items: Vec<&ItemRow> = commit.items.iter().filter_map(|at| study.items.get(*at)).collect();
    let mut parts = Vec::new();
    if !items.is_empty() {
        let marked = items.iter().filter(|item| item.is_marked()).count();
        let best = items.iter().filter_map(|item| item.rung).max();
        parts.push(format!("{}, {marked} marked success", crate::text::count(items.len(), "attempt")));
        parts.extend(best.map(|rung| format!("best rung {}", rung.name())));
    }
    if !commit.results.is_empty() {
        parts.push(crate::text::count(commit.results.len(), "arm"));
    }
    let compared = commit.compared.iter().filter_map(|at| study.compared.get(*at));
    parts.extend(compared.filter_map(|row| Some(format!("{} {}", width::clip(&cell::safe(row.whose()), 40), row.hard?.name()))).take(6));
    parts.join(" · ")
}

fn inside(study: &Study, commit: &Commit) -> Markup {
    let items = commit.items.iter().filter_map(|at| Some((*at, study.items.get(*at)?)));
    let results = commit.results.iter().filter_map(|at| Some((*at, study.results.get(*at)?)));
    let compared = || commit.compared.iter().filter_map(|at| study.compared.get(*at));
    html! {
        @if !commit.items.is_empty() { h3 { "Attempts" } ul { @for (at, item) in items { li { (attempt(at, item)) } } } }
        @if !commit.results.is_empty() { h3 { "Arms" } ul { @for (at, result) in results { li { (arm(at, result)) } } } }
        @for row in compared() { (side_by_side(row)) }
    }
}

/// An attempt: who, how it ended, and the rung that stops it with what that rests on.
fn attempt(at: usize, item: &ItemRow) -> Markup {
    let stops = item.rungs.iter().find(|found| breaks(found));
    html! {
        a href={ "#i" (at) } { (text(&item.run)) }
        ": " (text(&item.status))
        @if let Some(rung) = item.rung { ", holds to " b { (rung.name()) } }
        @if let Some(stops) = stops {
            "; " (stops.rung.name()) " " (word_of(stops.answer))
            // where nobody looked there is no evidence
            @if stops.answer == Answer::No && !stops.evidence.is_empty() { ": " bdi { (text(&stops.evidence)) } }
        }
        @if let Some(cause) = &item.failure { ". " span.bad-ink { (cause.class.name()) } ": " bdi { (text(&cause.evidence)) } }
        @if let Some(error) = &item.terminal_error { ". The API ended it: " bdi { (text(error)) } }
        (flags(&item.flags))
    }
}

/// An arm: its numbers, or why it has none.
fn arm(at: usize, result: &ResultRow) -> Markup {
    html! {
        a href={ "#r" (at) } { (result.arm.name()) " of " (text(&result.run)) }
        ": " (text(&result.status))
        @if let Some(cause) = &result.failure { ", " span.bad-ink { (cause.class.name()) } ": " bdi { (text(&cause.evidence)) } }
        @if !result.metrics.is_empty() {
            "; "
            bdi { (numbers(result)) }
            @if result.metrics.len() > MOST_METRICS { ", and " (result.metrics.len() - MOST_METRICS) " more in the file" }
        }
        (flags(&result.flags))
    }
}

fn flags(flags: &[crate::domain::Flag]) -> Markup {
    html! { @if !flags.is_empty() { " " span.f { (flags.iter().map(|flag| flag.name()).collect::<Vec<_>>().join(", ")) } } }
}

/// An arm's numbers as words.
fn numbers(result: &ResultRow) -> String {
    let one = |metric: &crate::domain::Metric| format!("{} {}", text(&metric.name), cell::number(metric.value));
    result.metrics.iter().take(MOST_METRICS).map(one).collect::<Vec<_>>().join(", ")
}

/// Metrics of an arm in its line.
const MOST_METRICS: usize = 24;

/// Every metric that two arms share, and why others can't be compared.
fn side_by_side(row: &Compared) -> Markup {
    // what the agent's arm alone printed stands in its line
    let shared = |verdict: &&Verdict| verdict.human.is_some() || verdict.baseline.is_some();
    let verdicts: Vec<&Verdict> = row.verdicts.iter().filter(shared).take(MOST_METRICS).collect();
    if verdicts.is_empty() && row.why_not.is_empty() && row.soft.is_none() && row.hard_from.is_none() {
        return html! {};
    }
    html! {
        @if !verdicts.is_empty() {
            h3 { "Side by side: " bdi { (text(row.whose())) } @if !row.model.is_empty() { ", " bdi { (text(&row.model)) } } }
            div.scroll tabindex="0" role="region" aria-label="Metrics side by side" {
                table {
                    thead {
                        tr {
                            th scope="col" { "metric" } th scope="col" { "better" }
                            th.n scope="col" { "baseline" } th.n scope="col" { "human" } th.n scope="col" { "agent" }
                            th.n scope="col" { "to human" } th.n scope="col" { "to base" } th scope="col" { "class" }
                        }
                    }
                    tbody { @for verdict in verdicts { (metric_row(verdict)) } }
                }
            }
        }
        @if !row.why_not.is_empty() {
            p.soft { "Not compared, " bdi { (text(row.whose())) } ": " bdi { (joined(&row.why_not)) } "." }
        }
        @if let Some(from) = &row.hard_from { p.soft { "The class is from " (cell::path(&from.display().to_string())) "." } }
        @if let Some(soft) = &row.soft {
            p {
                "Judge: " b { (soft.target.name()) }
                @if let Some(approach) = &soft.approach { ", " bdi { (text(approach)) } }
                ", says " bdi { (text(&soft.by)) } "."
                @if let Some(says) = &soft.says { " " bdi { (text(says)) } }
            }
        }
    }
}

fn joined(says: &[String]) -> String {
    says.iter().take(MOST_METRICS).map(|why| text(why)).collect::<Vec<_>>().join("; ")
}

fn metric_row(verdict: &Verdict) -> Markup {
    let known = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), cell::number);
    let change = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:+.1} %"));
    let better = match verdict.direction {
        Direction::LowerIsBetter => "lower",
        Direction::HigherIsBetter => "higher",
    };
    html! {
        tr {
            th scope="row" { (text(&verdict.metric)) @if !verdict.unit.is_empty() { " " span.u { "(" (text(&verdict.unit)) ")" } } }
            td { (better) }
            td.n { (known(verdict.baseline)) } td.n { (known(verdict.human)) } td.n { (cell::number(verdict.agent)) }
            td.n { (change(verdict.against_human_pct)) } td.n { (change(verdict.against_baseline_pct)) }
            td { @if let Some(standing) = verdict.standing { (cell::standing_mark(standing)) } @else { "–" } }
        }
    }
}

/// A text of a file within a sentence.
fn text(text: &str) -> String {
    width::clip(&cell::safe(text), 160).into_owned()
}
