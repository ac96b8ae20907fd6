//! The table as text, for the clipboard and the pager.

use super::Row;
use crate::domain::ids::short_sha;
use crate::text::width::width;
use crate::ui::state::State;
use crate::ui::words::{number, percent};

/// The heads of its columns.
const HEADS: [&str; 13] = [
    "item",
    "commit",
    "agent",
    "type",
    "model",
    "metric",
    "agent's number",
    "vs human",
    "vs baseline",
    "class",
    "rung",
    "failure",
    "quadrant",
];

/// The selected row, with what is to be known of it.
pub fn seen(state: &State) -> Option<String> {
    let row = state.all_results.row(state)?;
    let told = HEADS.into_iter().zip(cells(row)).filter(|(_, cell)| cell != "-").map(|(head, cell)| format!("{head}: {cell}\n"));
    Some(told.chain(row.marks.iter().map(|mark| format!("{}\n", mark.words()))).collect())
}

/// What is shown of it: how it is cut down, its groups, its rows.
pub fn all(state: &State) -> String {
    let all_results = &state.all_results;
    let groups: Vec<String> = all_results.groups().iter().map(|(group, n)| format!("{n} {}", group.name())).collect();
    let mut text = format!("by {}: {}\n", all_results.by.name(), groups.join(", "));
    if !all_results.only.is_empty() {
        let only: Vec<String> = all_results.only.iter().map(|group| format!("{}: {}", group.by().name(), group.name())).collect();
        text.extend(["only ", only.join(", ").as_str(), "\n"]);
    }
    let rows: Vec<Vec<String>> = all_results
        .visible()
        .map(|row| {
            let marks: Vec<String> = row.marks.iter().map(super::Mark::words).collect();
            cells(row).into_iter().chain([marks.join("; ")]).collect()
        })
        .collect();
    let heads: Vec<String> = HEADS.iter().map(|head| (*head).to_owned()).chain(["marks".to_owned()]).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&heads).chain(&rows).collect();
    let wide: Vec<usize> =
        (0..heads.len()).map(|at| all.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0)).collect();
    text.push('\n');
    for row in all {
        let cells: Vec<String> = row.iter().zip(&wide).map(|(cell, wide)| crate::text::width::fit(cell, *wide)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cells(row: &Row) -> [String; 13] {
    let dash = || "-".to_owned();
    let figure = row.figure.as_ref();
    let pct = |pct: Option<f64>| pct.map_or_else(dash, percent);
    [
        row.item.0.clone(),
        short_sha(&row.human).to_owned(),
        row.agent.clone(),
        row.kind.map_or("unknown", crate::domain::BenchKind::name).to_owned(),
        row.model.as_ref().map_or_else(dash, |(asked, run)| model(asked, run.as_deref())),
        figure.map_or_else(dash, |figure| figure.name.clone()),
        figure.map_or_else(dash, |figure| format!("{} {}", number(figure.value), figure.unit).trim_end().to_owned()),
        pct(figure.and_then(|figure| figure.human_pct)),
        pct(figure.and_then(|figure| figure.baseline_pct)),
        row.class.name().to_owned(),
        row.rung.map_or_else(dash, |rung| rung.name().to_owned()),
        row.failure.map_or_else(dash, |class| class.name().to_owned()),
        row.quadrant.map_or_else(dash, |quadrant| quadrant.short().to_owned()),
    ]
}

/// `asked -> run`, where another one was served.
pub fn model(asked: &str, run: Option<&str>) -> String {
    run.map_or_else(|| asked.to_owned(), |run| format!("{asked} -> {run}"))
}
