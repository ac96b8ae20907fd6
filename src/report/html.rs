//! The report as one page: no file beside it, nothing loaded from anywhere, whole without scripts, small enough to be sent.
//!
//! It draws what [`lead`], [`sections`] and [`Counted`] say, and counts nothing that they don't. What comes from a file is put
//! in by `maud`, which escapes it.

mod arms;
mod cell;
mod chart;
mod commits;
mod figures;
mod frame;
mod grid;
mod table;
mod versus;

use jiff::Timestamp;
use maud::{Markup, html};

use super::compare::Comparison;
use super::counted::Counted;
use super::lead::{Lead, lead};
use super::section::{Document, Section, Tone};
use super::sections::sections;
use super::study::Study;
use crate::text::{clean, width};
use commits::Commits;

/// The page of a study. `made` is the moment that it names.
pub fn page(study: &Study, counted: &Counted, made: Timestamp) -> String {
    let commits = Commits::of(study);
    let lead = lead(study, counted);
    let sections = sections(study, counted);
    let figures = figures::figures(study, counted, &sections);
    let grid = grid::grid(study, &commits);
    let details = commits::details(study, &commits);
    let drawn = (arms::legend(), arms::Arms::of(study).column());
    let mut places: Vec<(&str, &str)> = vec![("verdict", "Verdict")];
    places.extend((!figures.is_empty()).then_some(("figures", "Charts")));
    places.extend(grid.is_some().then_some(("commits", "Commits by runs")));
    places.extend(sections.iter().map(|section| (section.id, section.title)));
    places.extend(details.is_some().then_some(("details", "Commit by commit")));
    let body = html! {
        (verdict(&lead, &figures::keys(study, counted)))
        @if !figures.is_empty() {
            div.figures id="figures" {
                @for (at, figure) in figures.iter().enumerate() { (figure.draw(at + 1)) }
            }
        }
        @if let Some(grid) = grid { (grid) }
        @for section in &sections { (part(section, &commits, table::has_drawings(section.id).then_some(&drawn))) }
        @if let Some(details) = details { (details) }
    };
    let paths: Vec<String> = study.paths.iter().map(|path| clean::path(path)).collect();
    frame::document(&frame::Head { title: &lead.title, paths: &paths, made, style: &table::aligned(&sections) }, &places, &body)
}

/// The page of two trees side by side.
pub fn comparison(comparison: &Comparison, made: Timestamp) -> String {
    let Document { lead, sections } = comparison.document();
    let figures = versus::figures(comparison);
    let drawn = (versus::legend(), versus::column(comparison));
    let commits = Commits::default();
    let mut places: Vec<(&str, &str)> = vec![("verdict", "Verdict")];
    places.extend((!figures.is_empty()).then_some(("figures", "Charts")));
    places.extend(sections.iter().map(|section| (section.id, section.title)));
    let body = html! {
        (verdict(&lead, &[]))
        @if !figures.is_empty() {
            div.figures id="figures" { @for (at, figure) in figures.iter().enumerate() { (figure.draw(at + 1)) } }
        }
        @for section in &sections { (part(section, &commits, table::has_drawings(section.id).then_some(&drawn))) }
    };
    let paths = [comparison.a.clone(), comparison.b.clone()];
    frame::document(&frame::Head { title: &lead.title, paths: &paths, made, style: &table::aligned(&sections) }, &places, &body)
}

/// Columns of a sentence of the first screen: more is no sentence.
const LINE: usize = 600;

/// The first screen: numbers, then the sentences of the text report.
fn verdict(lead: &Lead, keys: &[figures::Key]) -> Markup {
    html! {
        section.verdict id="verdict" aria-labelledby="verdict-h" {
            h2 id="verdict-h" { "Verdict" }
            dl.lines {
                @for line in &lead.lines {
                    div { dt class=[tone(line.tone)] { (line.about) } dd { (width::clip(&cell::safe(&line.says), LINE)) } }
                }
            }
            @if !keys.is_empty() {
                dl.keys { @for key in keys { div { dt { (key.name) @if !key.more.is_empty() { small { " " (key.more) } } } dd { (key.value) } } } }
            }
        }
    }
}

/// A table with its title and its sentence, and perhaps a column of drawings with its signs.
fn part(section: &Section, commits: &Commits<'_>, drawn: Option<&(Markup, table::Drawn)>) -> Markup {
    html! {
        section id=(section.id) aria-labelledby={ (section.id) "-h" } {
            h2 id={ (section.id) "-h" } { (section.title) }
            @if !section.says.is_empty() { p.says { (cell::with_code(&section.says)) } }
            @if let Some((legend, _)) = drawn { (legend) }
            (table::table(section, commits, drawn.map(|(_, drawn)| drawn)))
        }
    }
}

/// The class of a tone.
fn tone(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Plain => None,
        Tone::Good => Some("good"),
        Tone::Doubtful => Some("doubt"),
        Tone::Bad => Some("bad-ink"),
        Tone::Muted => Some("m"),
    }
}
