//! Which charts the page has, from what was counted.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cell;
use super::chart::bars::{Bar, bars};
use super::chart::columns::columns;
use super::chart::funnel::{Step, funnel};
use super::chart::histogram::{Group, histogram};
use super::chart::quadrants::{Counts, quadrants};
use super::chart::scale::{Ticks, in_words};
use super::chart::stack::{Part, Stacked, stack};
use crate::domain::rung::breaks;
use crate::domain::{Answer, Rung, Standing};
use crate::report::counted::Counted;
use crate::report::section::Section;
use crate::report::study::{ItemRow, Study};
use crate::text::{duration, tokens};

/// A chart with its title, its sentence and the table that has its numbers.
pub(super) struct Figure {
    /// Its title.
    pub title: &'static str,
    /// What is drawn.
    pub says: String,
    /// The section with its numbers.
    pub table: Option<&'static str>,
    /// Its signs.
    pub legend: Option<Markup>,
    /// The drawing.
    pub drawing: Markup,
}

/// A number of the first screen.
pub(super) struct Key {
    /// What it counts.
    pub name: &'static str,
    /// The number.
    pub value: String,
    /// Of how many, or a share.
    pub more: String,
}

impl Figure {
    /// The figure as the `nth` of the page.
    pub(super) fn draw(&self, nth: usize) -> Markup {
        html! {
            section {
                h3 { (self.title) }
                figure {
                    figcaption {
                        b { "Figure " (nth) ". " } (self.says)
                        @if let Some(table) = self.table { " " a href={ "#" (table) } { "Its table" } "." }
                    }
                    @if let Some(legend) = &self.legend { (legend) }
                    (self.drawing)
                }
            }
        }
    }
}

/// Agents in a chart; the table has all of them.
const MOST_AGENTS: usize = 16;

/// Classes in a chart.
const MOST_CLASSES: usize = 20;

/// The numbers of the first screen.
pub(super) fn keys(study: &Study, counted: &Counted) -> Vec<Key> {
    let all = counted.all.attempts;
    let key = |name, value: usize, more: String| Key { name, value: cell::grouped(&value.to_string()), more };
    let of = |n: usize, whole: usize| format!("of {} ({})", cell::grouped(&whole.to_string()), in_words(n, whole));
    let mut keys = Vec::new();
    if all > 0 {
        keys.push(key("attempts", all, format!("at {} commits", counted.commits)));
        keys.push(key("marked success", counted.marked, of(counted.marked, all)));
        keys.push(key("with a patch", counted.all.with_patch, of(counted.all.with_patch, all)));
        keys.push(key("true: beyond noise", counted.all.true_success, of(counted.all.true_success, all)));
    }
    if !study.results.is_empty() {
        let measured = study.results.iter().filter(|result| result.is_measured()).count();
        keys.push(key("arms with numbers", measured, of(measured, study.results.len())));
    }
    if !study.compared.is_empty() {
        let good = study.compared.iter().filter(|row| matches!(row.hard, Some(Standing::Beats | Standing::Similar))).count();
        keys.push(key("as fast as the human", good, of(good, study.compared.len())));
    }
    keys
}

/// The charts that have something to show.
pub(super) fn figures(study: &Study, counted: &Counted, sections: &[Section]) -> Vec<Figure> {
    let has = |id: &'static str| sections.iter().any(|section| section.id == id).then_some(id);
    let mut figures = Vec::new();
    figures.extend((counted.marked > 0).then(|| truth(study, counted, has("ladder"))));
    figures.extend((!study.items.is_empty()).then(|| by_agent(study, counted, has("by_agent"))));
    figures.extend((!counted.failures.is_empty()).then(|| failures(counted, has("failures"))));
    figures.extend((!counted.quadrants.is_empty()).then(|| right_and_fast(study, has("quadrants"))));
    let took = Spread {
        title: "How long attempts took",
        what: "The time that the agent ran",
        of: |item| item.duration_s,
        word: time,
        ticks: Ticks::Time,
    };
    let used = Spread {
        title: "Tokens of attempts",
        what: "Tokens in and out together",
        of: all_tokens,
        word: |n| tokens(whole(n)),
        ticks: Ticks::Decimal,
    };
    figures.extend([took, used].iter().filter_map(|spread| spread.figure(study, counted, has("used"))));
    figures.extend((!counted.all.tries.by_tries.is_empty()).then(|| tries(counted, has("tries"))));
    figures
}

/// The truth funnel.
fn truth(study: &Study, counted: &Counted, table: Option<&'static str>) -> Figure {
    let marked: Vec<&ItemRow> = study.items.iter().filter(|item| item.is_marked()).collect();
    let step = |rung: Rung| {
        let stops = |item: &&&ItemRow| Rung::ALL.into_iter().filter(|below| *below <= rung).find_map(|below| stop(item, below));
        let unchecked = marked.iter().filter(|item| stops(item) == Some(Answer::Unchecked)).count();
        let fell = marked.iter().filter(|item| stops(item) == Some(Answer::No)).count();
        Step { name: rung.name().to_owned(), says: asks(rung).to_owned(), holds: marked.len() - unchecked - fell, unchecked, fell }
    };
    let first = Step {
        name: "marked".to_owned(),
        says: "The harness, or a run of ours, calls it a success.".to_owned(),
        holds: marked.len(),
        unchecked: 0,
        fell: 0,
    };
    // whether the agent ended well ends nothing
    let rungs = Rung::ALL.into_iter().filter(|rung| *rung != Rung::Exited).map(step);
    let steps: Vec<Step> = std::iter::once(first).chain(rungs).collect();
    let top = steps.last().map_or(0, |last| last.holds);
    let open = steps.last().map_or(0, |last| last.unchecked);
    Figure {
        title: "From marked success to true success",
        says: format!(
            "Of {} attempts marked success {top} hold to the top; of {open} more nobody knows, because a rung on the way was not checked.",
            counted.marked
        ),
        table,
        legend: Some(legend(&[
            ("true", "holds up to here"),
            ("open", "unchecked here or below: unknown, not lost"),
            ("fell", "fell here or below"),
        ])),
        drawing: funnel("The truth funnel: attempts marked success that hold, are unchecked, or fell, rung by rung", &steps),
    }
}

/// The answer that ends an item's way up at this rung, if it does.
fn stop(item: &ItemRow, rung: Rung) -> Option<Answer> {
    let answer = item.answer(rung);
    let found = crate::domain::RungAnswer { rung, answer, evidence: String::new() };
    breaks(&found).then_some(answer)
}

/// What a rung asks.
const fn asks(rung: Rung) -> &'static str {
    match rung {
        Rung::Exited => "The agent ended by itself with exit code 0.",
        Rung::Patch => "The patch is not empty.",
        Rung::Source => "The patch touches source files.",
        Rung::Applies => "It applies to the parent commit.",
        Rung::Parses => "Every file that it changed can still be parsed.",
        Rung::NoTemplate => "No placeholder stands where code should be.",
        Rung::Server => "The server with the patch got ready.",
        Rung::Metrics => "The benchmark printed its numbers.",
        Rung::BeyondNoise => "The numbers are better than the baseline's, beyond noise.",
    }
}

/// An answer in a word.
pub(super) const fn word_of(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "holds",
        Answer::No => "does not hold",
        Answer::NotApplicable => "makes no sense here",
        Answer::Unchecked => "was not checked",
    }
}

/// How attempts ended, by agent and model.
fn by_agent(study: &Study, counted: &Counted, table: Option<&'static str>) -> Figure {
    let mut roles: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for item in &study.items {
        *roles.entry((&item.agent, &item.model, super::grid::role(item))).or_default() += 1;
    }
    let row = |agent: &str, model: &str| {
        let part = |word, role| Part { word, role, count: roles.get(&(agent, model, role)).copied().unwrap_or(0) };
        let parts = vec![
            part("true: beyond noise", "true"),
            part("marked success only", "marked"),
            part("failed", "bad"),
            part("unfinished", "open"),
        ];
        Stacked { name: who(agent, model), parts }
    };
    let rows: Vec<Stacked> = counted.by_agent.iter().take(MOST_AGENTS).map(|count| row(&count.agent, &count.model)).collect();
    let more = counted.by_agent.len().saturating_sub(MOST_AGENTS);
    Figure {
        title: "How attempts ended, by agent and model",
        says: if more > 0 { format!("Attempts; {more} more agents are in the table.") } else { "Attempts.".to_owned() },
        table,
        legend: Some(legend(&[
            ("true", "better than the baseline"),
            ("marked", "marked success only"),
            ("bad", "failed"),
            ("open", "unfinished"),
        ])),
        drawing: stack("Attempts by agent and model: true, marked success only, failed, unfinished", &rows),
    }
}

/// Agent and model as one name.
pub(super) fn who(agent: &str, model: &str) -> String {
    let (agent, model) = (cell::middle(agent, 120), cell::middle(model, 120));
    if model.is_empty() { agent } else { format!("{agent} · {model}") }
}

fn failures(counted: &Counted, table: Option<&'static str>) -> Figure {
    let whole = counted.failures.iter().map(|count| count.count).sum();
    let bar = |count: &crate::report::counted::FailureCount| Bar {
        name: count.class.name().to_owned(),
        count: count.count,
        says: format!("{} attempts, {} arms.", count.items, count.results),
        role: "bad",
    };
    let shown: Vec<Bar> = counted.failures.iter().take(MOST_CLASSES).map(bar).collect();
    Figure {
        title: "Failures by class",
        says: format!("{whole} failures of attempts and arms, each by its first cause."),
        table,
        legend: None,
        drawing: bars("Failures by class, the most frequent first", &shown, whole),
    }
}

fn right_and_fast(study: &Study, table: Option<&'static str>) -> Figure {
    let counts = Counts::of(study.compared.iter().filter_map(|row| row.quadrant));
    Figure {
        title: "Right target, fast enough",
        says: format!("{} commits with a quadrant; a verdict that is missing counts as not passed.", counts.whole()),
        table,
        legend: None,
        drawing: quadrants("Quadrants of hard and soft verdict", counts),
    }
}

fn tries(counted: &Counted, table: Option<&'static str>) -> Figure {
    let by_tries = &counted.all.tries.by_tries;
    let counts: Vec<(String, usize)> = by_tries.iter().map(|(tries, commits)| (format!("{tries}×"), *commits)).collect();
    Figure {
        title: "How often a commit was tried",
        says: "Commits by how often one agent with one model tried them.".to_owned(),
        table,
        legend: None,
        drawing: columns("Commits by number of tries", &counts, "more"),
    }
}

/// How a number of the attempts spreads, agent by agent.
struct Spread {
    title: &'static str,
    /// What the number is.
    what: &'static str,
    /// The number, where it is known.
    of: fn(&ItemRow) -> Option<f64>,
    /// It in words.
    word: fn(f64) -> String,
    ticks: Ticks,
}

impl Spread {
    /// `None` where the number is known of no attempt.
    fn figure(&self, study: &Study, counted: &Counted, table: Option<&'static str>) -> Option<Figure> {
        let mut numbers: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        for item in &study.items {
            numbers.entry((&item.agent, &item.model)).or_default().extend((self.of)(item));
        }
        let group = |((agent, model), numbers)| Group { name: who(agent, model), numbers };
        let mut groups: Vec<Group> = numbers.into_iter().filter(|(_, numbers)| !numbers.is_empty()).map(group).collect();
        let without = counted.by_agent.len().saturating_sub(groups.len());
        if groups.is_empty() {
            return None;
        }
        groups.truncate(MOST_AGENTS);
        let unknown = if without > 0 { format!(" Of {without} more agents with their models it is not known.") } else { String::new() };
        Some(Figure {
            title: self.title,
            says: format!("{}, on a logarithmic axis; the line is the median, n the attempts of which it is known.{unknown}", self.what),
            table,
            legend: None,
            drawing: histogram(self.title, &groups, self.word, self.ticks),
        })
    }
}

/// Both ways together; known where either is.
fn all_tokens(item: &ItemRow) -> Option<f64> {
    let sum = match (item.input_tokens, item.output_tokens) {
        (None, None) => return None,
        (input, output) => input.unwrap_or(0).saturating_add(output.unwrap_or(0)),
    };
    Some(u32::try_from(sum).map_or_else(|_| big(sum), f64::from))
}

#[expect(clippy::cast_precision_loss, reason = "a place on an axis")]
const fn big(n: u64) -> f64 {
    n as f64
}

/// A number above 0 as a whole one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and what is below 0 is 0")]
const fn whole(n: f64) -> u64 {
    n.round() as u64
}

/// Seconds for people.
fn time(s: f64) -> String {
    if s < 0.1 && s > 0.0 {
        format!("{s} s")
    } else if s >= 60.0 && s % 60.0 == 0.0 && s < 3600.0 {
        format!("{} min", s / 60.0)
    } else if s >= 3600.0 && s % 3600.0 == 0.0 {
        format!("{} h", s / 3600.0)
    } else {
        duration::short(whole(s * 1000.0))
    }
}

/// Signs of a chart and their words.
pub(super) fn legend(keys: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (role, says) in keys {
                li { svg width="18" height="12" aria-hidden="true" { rect class=(role) x="0.5" y="0.5" width="17" height="11" {} } (says) }
            }
        }
    }
}
