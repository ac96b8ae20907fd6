//! How it went, in a few lines: what stands above every table.

use std::collections::{BTreeMap, BTreeSet};

use super::counted::{Counted, Used};
use super::section::{Tone, share};
use super::study::{Compared, ResultRow, Study};
use crate::domain::{Arm, Flag, Rung, Standing, short_sha};
use crate::model::Energy;
use crate::text::{clean, count, duration, tokens};

/// The first lines of a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lead {
    /// What the report is about.
    pub title: String,
    /// What is to be said of it.
    pub lines: Vec<LeadLine>,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadLine {
    /// What it is about, in a word or two.
    pub about: &'static str,
    /// What it says; safe to show.
    pub says: String,
    /// How it is meant.
    pub tone: Tone,
}

/// Classes and flags that are named in a line.
const NAMED: usize = 4;

/// The lines above every table.
pub fn lead(study: &Study, counted: &Counted) -> Lead {
    let paths: Vec<String> = study.paths.iter().map(|path| clean::path(path)).collect();
    let lines = [
        attempts(study, counted),
        holds(study, counted),
        arms(study),
        against(study),
        failed_attempts(study, counted),
        failed_arms(study, counted),
        coverage(study),
        flags(study, counted),
        used(counted),
        problems(study),
    ];
    Lead { title: format!("ISO-Bench report: {}", paths.join(", ")), lines: lines.into_iter().flatten().collect() }
}

#[expect(clippy::unnecessary_wraps, reason = "a line that there is, among those that there may be")]
fn line(about: &'static str, tone: Tone, says: String) -> Option<LeadLine> {
    Some(LeadLine { about, says, tone })
}

/// `43 of 281 (15.3 %)`
fn of(n: usize, all: usize) -> String {
    share(n, all).map_or_else(|| format!("{n} of {all}"), |pct| format!("{n} of {all} ({pct:.1} %)"))
}

fn attempts(study: &Study, counted: &Counted) -> Option<LeadLine> {
    if study.items.is_empty() {
        return line("attempts", Tone::Muted, "none below these paths".to_owned());
    }
    let others = study.items.iter().filter(|item| !item.is_marked() && item.failure.is_none()).map(|item| item.status.as_str());
    let says = format!(
        "{} at {} by {}; marked success: {}{}",
        count(study.items.len(), "attempt"),
        count(counted.commits, "commit"),
        count(counted.by_agent.len(), "agent"),
        of(counted.marked, study.items.len()),
        rest(study.items.iter().filter(|item| item.failure.is_some()).count(), others),
    );
    line("attempts", Tone::Plain, says)
}

/// `; 2 failed, 1 running`: what a count of the good leaves over, each by its word.
fn rest<'a>(failed: usize, others: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in others {
        *counts.entry(word).or_default() += 1;
    }
    let rest = most(std::iter::once(("failed", failed)).chain(counts));
    if rest.is_empty() { rest } else { format!("; {rest}") }
}

/// How far what is marked success holds.
fn holds(_study: &Study, counted: &Counted) -> Option<LeadLine> {
    if counted.marked == 0 {
        return None;
    }
    let rung = |rung: Rung| counted.all.ladder.iter().find(|found| found.rung == rung);
    let (patch, applies) = (rung(Rung::Patch)?, rung(Rung::Applies)?);
    let (metrics, top) = (rung(Rung::Metrics)?, rung(Rung::BeyondNoise)?);
    let unchecked = |n: usize| if n > 0 { format!(" ({n} unchecked)") } else { String::new() };
    let says = format!(
        "of {} marked success: {} with a patch, {} known to apply{}, {} measured, {} better than the baseline{}",
        counted.marked,
        patch.yes,
        applies.yes,
        unchecked(applies.unchecked),
        metrics.yes,
        top.yes,
        unchecked(top.unchecked),
    );
    line("what holds", if top.yes > 0 { Tone::Good } else { Tone::Doubtful }, says)
}

fn arms(study: &Study) -> Option<LeadLine> {
    if study.results.is_empty() {
        return None;
    }
    let of_arm = |arm: Arm| {
        let all = study.results.iter().filter(|result| result.arm == arm);
        let good = all.clone().filter(|result| result.is_measured()).count();
        format!("{} {good} of {}", arm.name(), all.count())
    };
    let good = study.results.iter().filter(|result| result.is_measured()).count();
    let others = study.results.iter().filter(|result| !result.is_measured() && result.failure.is_none());
    let others = others.map(|result| if result.status == "success" { "without numbers" } else { result.status.as_str() });
    let says = format!(
        "{} gave numbers: {}{}",
        of(good, study.results.len()),
        [Arm::Agent, Arm::Human, Arm::Baseline].map(of_arm).join(", "),
        rest(study.results.iter().filter(|result| result.failure.is_some()).count(), others),
    );
    line("arms", Tone::Plain, says)
}

fn against(study: &Study) -> Option<LeadLine> {
    let rows = &study.compared;
    if rows.is_empty() {
        return None;
    }
    let commits: BTreeSet<&str> = rows.iter().map(Compared::commit_key).collect();
    let is = |standing: Standing| rows.iter().filter(|row| row.hard == Some(standing)).count();
    let (beats, similar, worse) = (is(Standing::Beats), is(Standing::Similar), is(Standing::Worse));
    let tainted = rows.iter().filter(|row| row.hard == Some(Standing::Beats) && row.flags.contains(&Flag::Tainted)).count();
    let doubt = if tainted > 0 { format!(" ({tainted} tainted)") } else { String::new() };
    let (open, over): (Vec<&Compared>, Vec<&Compared>) = rows.iter().filter(|row| row.hard.is_none()).partition(|row| row.open.is_some());
    let (without, incomparable): (Vec<&Compared>, Vec<&Compared>) = over.into_iter().partition(|row| row.lacks_number());
    let why = most_common(incomparable.iter().filter_map(|row| row.incomparable.as_deref()));
    let others = [(without.len(), "without a number of the agent's", ""), (incomparable.len(), "can't be compared", why.as_str())];
    let others = others.iter().filter(|(n, ..)| *n > 0).map(|(n, what, why)| format!(", {n} {what}{why}"));
    let says = format!(
        "of {} of {}: {beats} beat the human{doubt}, {similar} similar, {worse} worse{}{}",
        count(rows.len(), "benchmark"),
        count(commits.len(), "commit"),
        others.collect::<String>(),
        rest(0, open.iter().filter_map(|row| row.open.as_deref())),
    );
    line("against human", if beats + similar > 0 { Tone::Good } else { Tone::Plain }, says)
}

/// The reason that is given most often, with its count.
fn most_common<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, n)| *n).filter(|(_, n)| *n > 1);
    let of_arm = |reason: &str| match reason.split_once(": ") {
        Some((arm @ ("human" | "baseline" | "agent"), what)) => format!("the {arm} arm {what}"),
        _ => reason.to_owned(),
    };
    most.map_or_else(String::new, |(reason, n)| format!(" ({n}: {})", of_arm(reason)))
}

fn failed_attempts(study: &Study, counted: &Counted) -> Option<LeadLine> {
    let failed = study.items.iter().filter(|item| item.failure.is_some()).count();
    let classes = counted.failures.iter().map(|count| (count.class.name(), count.items));
    causes("attempts failed", failed, classes)
}

fn failed_arms(study: &Study, counted: &Counted) -> Option<LeadLine> {
    let failed = study.results.iter().filter(|result| result.failure.is_some()).count();
    let classes = counted.failures.iter().map(|count| (count.class.name(), count.results));
    causes("arms failed", failed, classes)
}

fn causes<'a>(about: &'static str, failed: usize, classes: impl Iterator<Item = (&'a str, usize)>) -> Option<LeadLine> {
    if failed == 0 {
        return None;
    }
    line(about, Tone::Bad, format!("{failed}: {}", most(classes)))
}

/// The most frequent of them, each with its count.
fn most<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    let mut counts: Vec<(&str, usize)> = counts.filter(|(_, n)| *n > 0).collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = counts.len().saturating_sub(NAMED);
    let mut named: Vec<String> = counts.iter().take(NAMED).map(|(name, n)| format!("{n} {name}")).collect();
    named.extend((more > 0).then(|| format!("{more} more")));
    named.join(", ")
}

fn coverage(study: &Study) -> Option<LeadLine> {
    const TOLD: usize = 3;
    let planned = study.coverage.planned?;
    let missing = &study.coverage.missing;
    let some: Vec<&str> = missing.iter().take(TOLD).map(|sha| short_sha(sha)).collect();
    let more = if missing.len() > TOLD { ", …" } else { "" };
    let lack = if missing.is_empty() { String::new() } else { format!("; without: {}{more}", some.join(", ")) };
    line("plan", Tone::Plain, format!("{} planned commits have a patch{lack}", of(study.coverage.with_patch, planned)))
}

fn flags(study: &Study, counted: &Counted) -> Option<LeadLine> {
    let flagged = study.items.iter().filter(|item| !item.flags.is_empty()).count();
    let arms = study.results.iter().filter(|result: &&ResultRow| !result.flags.is_empty()).count();
    if flagged + arms == 0 {
        return None;
    }
    let named = most(counted.flags.iter().map(|count| (count.flag.name(), count.items + count.results)));
    line("look twice", Tone::Doubtful, format!("{}, {}: {named}", count(flagged, "attempt"), count(arms, "arm")))
}

fn used(counted: &Counted) -> Option<LeadLine> {
    let (used, all) = (&counted.all.used, counted.all.attempts);
    let parts = [used_tokens(used, all), used_time(used, all), used_money(used, all), used_energy(used, all)];
    let says: Vec<String> = parts.into_iter().flatten().collect();
    if says.is_empty() { None } else { line("used", Tone::Plain, says.join("; ")) }
}

/// Of how many it is known, where that is not all.
fn known(n: usize, all: usize) -> String {
    if n == all { String::new() } else { format!(" (of {n} of {all} attempts)") }
}

fn used_tokens(used: &Used, all: usize) -> Option<String> {
    let says = || format!("{} tokens in, {} out{}", tokens(used.input_tokens), tokens(used.output_tokens), known(used.tokens_known, all));
    (used.tokens_known > 0).then(says)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
fn used_time(used: &Used, all: usize) -> Option<String> {
    let short = |s: f64| duration::short((s * 1000.0) as u64);
    let median = used.median_s.map(|s| format!(", median {}", short(s))).unwrap_or_default();
    (used.duration_known > 0).then(|| format!("{} of agents{median}{}", short(used.duration_s), known(used.duration_known, all)))
}

fn used_money(used: &Used, all: usize) -> Option<String> {
    (used.cost_known > 0).then(|| format!("${:.2}{}", used.cost_usd, known(used.cost_known, all)))
}

fn used_energy(used: &Used, all: usize) -> Option<String> {
    let energy = used.energy.map(Energy::words);
    energy.map(|energy| format!("{energy}{}", known(used.energy_known, all)))
}

fn problems(study: &Study) -> Option<LeadLine> {
    let n = study.problems.len();
    if n == 0 { None } else { line("not read", Tone::Bad, format!("{}: named at the end", count(n, "path"))) }
}
