//! Commits by runs: one small field an attempt, with how high it got.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cell;
use super::commits::{Commit, Commits};
use super::figures::who;
use crate::domain::Rung;
use crate::report::study::{ItemRow, Study};
use crate::text::width;

/// Runs that are shown; of more, those with the most attempts.
const MOST_RUNS: usize = 60;

/// Commits that are shown.
const MOST_COMMITS: usize = 400;

/// The section; `None` where there is no attempt.
pub(super) fn grid(study: &Study, commits: &Commits<'_>) -> Option<Markup> {
    if study.items.is_empty() {
        return None;
    }
    let (heads, other_runs) = runs(study);
    let runs: Vec<&str> = heads.iter().map(|item| item.run.as_str()).collect();
    let shown: Vec<(&str, &Commit)> = commits.iter().filter(|(_, commit)| !commit.items.is_empty() || !commit.has_rows()).collect();
    let other_commits = shown.len().saturating_sub(MOST_COMMITS);
    let has_best = study.compared.iter().any(|row| best(row).is_some());
    Some(html! {
        section id="commits" aria-labelledby="commits-h" {
            h2 id="commits-h" { "Commits by runs" }
            p.says {
                "One field an attempt; its number is the last rung of the unbroken yes, from 1 (exited) to 9 (beyond noise). A field links to its row."
                @if other_runs > 0 { " " (other_runs) " runs with fewer attempts are not shown here; every attempt is in the table below." }
                @if other_commits > 0 { " " (other_commits) " more commits are not shown here." }
            }
            (legend())
            div.scroll.long tabindex="0" role="region" aria-label="Commits by runs" {
                table.matrix {
                    thead {
                        tr {
                            th scope="col" { "commit" }
                            @if has_best { th.b scope="col" { "best to human" } }
                            @for item in &heads { (head(item)) }
                        }
                    }
                    tbody { @for (key, commit) in shown.into_iter().take(MOST_COMMITS) { (row(study, commits, key, commit, &runs, has_best)) } }
                }
            }
        }
    })
}

/// An attempt of each run, in order of the study, and how many runs are left out.
fn runs(study: &Study) -> (Vec<&ItemRow>, usize) {
    let mut counts: BTreeMap<&str, (usize, usize, &ItemRow)> = BTreeMap::new();
    for (at, item) in study.items.iter().enumerate() {
        counts.entry(&item.run).or_insert((0, at, item)).0 += 1;
    }
    let all = counts.len();
    let mut runs: Vec<(usize, usize, &ItemRow)> = counts.into_values().collect();
    runs.sort_by_key(|(count, first, _)| (std::cmp::Reverse(*count), *first));
    runs.truncate(MOST_RUNS);
    runs.sort_by_key(|(_, first, _)| *first);
    (runs.into_iter().map(|(_, _, item)| item).collect(), all.saturating_sub(MOST_RUNS))
}

/// A run's head: who, and the last part of its name, which is its time.
fn head(item: &ItemRow) -> Markup {
    const ROOM: usize = 25;
    let last = item.run.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&item.run);
    html! {
        th.v scope="col" title=(width::clip(&cell::safe(&item.run), 300)) {
            span { b { (cell::middle(&who(&item.agent, &item.model), ROOM)) } (cell::middle(last, ROOM)) }
        }
    }
}

/// The best change to the human's number, in percent.
fn best(row: &crate::report::study::Compared) -> Option<f64> {
    row.verdicts.first().and_then(|verdict| verdict.against_human_pct).filter(|pct| pct.is_finite())
}

fn row(study: &Study, commits: &Commits<'_>, key: &str, commit: &Commit, runs: &[&str], has_best: bool) -> Markup {
    let mut by_run: BTreeMap<&str, Vec<(usize, &ItemRow)>> = BTreeMap::new();
    for (at, item) in commit.items.iter().filter_map(|at| Some((*at, study.items.get(*at)?))) {
        by_run.entry(&item.run).or_default().push((at, item));
    }
    let found = commit.compared.iter().filter_map(|at| study.compared.get(*at)).filter_map(best);
    let best = found.fold(None, |most: Option<f64>, pct| Some(most.map_or(pct, |most| most.max(pct))));
    html! {
        tr {
            th scope="row" { (cell::commit(key, commits)) }
            @if has_best { td.b.n { @if let Some(pct) = best { (format!("{pct:+.1} %")) } } }
            @for (span, tries) in fields(&by_run, runs) {
                td colspan=[(span > 1).then_some(span)] { @if let Some((at, item, tries)) = tries { (field(at, item, tries)) } }
            }
        }
    }
}

/// The last attempt of a run at a commit: its place in the study, its row, and how many attempts there are.
type Last<'a> = (usize, &'a ItemRow, usize);

/// The fields of a row from the left: how many columns each takes, and the last attempt there with how many there are. Empty
/// ones beside each other are one: most of a sparse table is empty.
fn fields<'a>(by_run: &BTreeMap<&str, Vec<(usize, &'a ItemRow)>>, runs: &[&str]) -> Vec<(usize, Option<Last<'a>>)> {
    let mut fields: Vec<(usize, Option<Last<'_>>)> = Vec::new();
    for run in runs {
        let found = by_run.get(run).and_then(|tries| tries.last().map(|(at, item)| (*at, *item, tries.len())));
        match fields.last_mut() {
            Some((span, None)) if found.is_none() => *span += 1,
            _ => fields.push((1, found)),
        }
    }
    fields
}

fn field(at: usize, item: &ItemRow, tries: usize) -> Markup {
    let flagged = !item.flags.is_empty();
    html! {
        a class={ "c " (role(item)) @if flagged { " flagged" } } href={ "#i" (at) } title=(says(item, tries)) {
            (item.rung.map_or(0, cell::height))
        }
    }
}

/// How an attempt is drawn.
pub(super) fn role(item: &ItemRow) -> &'static str {
    if item.rung == Some(Rung::BeyondNoise) {
        "true"
    } else if item.is_marked() {
        "marked"
    } else if item.status == "unfinished" {
        "open"
    } else {
        "bad"
    }
}

fn says(item: &ItemRow, tries: usize) -> String {
    let rung = item.rung.map_or("no rung", Rung::name);
    let why = item.failure.as_ref().map(|cause| format!(", {}", cause.class.name())).unwrap_or_default();
    let flags: Vec<&str> = item.flags.iter().map(|flag| flag.name()).collect();
    let flags = if flags.is_empty() { String::new() } else { format!("; {}", flags.join(", ")) };
    let tries = if tries > 1 { format!("; the last of {tries} here") } else { String::new() };
    format!("{}, {rung}{why}{flags}{tries}", width::clip(&cell::safe(&item.status), 40))
}

fn legend() -> Markup {
    html! {
        ul.legend {
            li { span.c.true { "9" } "better than the baseline" }
            li { span.c.marked { "4" } "marked success, holds so far" }
            li { span.c.bad { "2" } "failed" }
            li { span.c.open { "0" } "unfinished" }
            li { span.c.marked.flagged { "3" } "underlined: look twice" }
        }
    }
}
