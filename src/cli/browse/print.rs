//! The same list for a pipe: a table, or a line of JSON an item.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use super::browser;
use crate::cli::{Format, read, usage};
use crate::exit::Exit;
use crate::host::clock;
use crate::report::plain::{Page, plain};
use crate::report::section::{Cell, Column, Narrow, Section, Table};
use crate::report::{Document, steps};
use crate::shell::Browser;
use crate::ui::browse::{Browse, Facts, Judged, Kind, Msg, NOTHING, News, Place, Progress, Row, update};

/// Reads everything, and prints it.
pub(in crate::cli) fn print(root: Option<&Path>, folder: &Path, format: Option<Format>) -> anyhow::Result<Exit> {
    let Browser { mut browse, wishes, news, .. } = match browser(root, folder) {
        Ok(browser) => browser,
        Err(says) => return Ok(usage(says)),
    };
    // the list is whole once the detectors are through
    let mut news = news;
    while let Some(news) = news.as_mut().and_then(Receiver::blocking_recv) {
        let is_done = matches!(news, News::Progress(Progress::Done));
        update(&mut browse, clock::now(), Msg::News(news));
        if is_done {
            break;
        }
    }
    drop(wishes);
    for says in &browse.problems {
        crate::cli::tell(format_args!("isobench-tui: {says}"));
    }
    if browse.rows().is_empty() {
        return Ok(usage(format!("{}: {NOTHING}", crate::text::clean::path(folder))));
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let rows = browse.tree.order.iter().filter_map(|at| browse.rows().get(*at));
    let written = match format.unwrap_or(Format::Text) {
        Format::Json => rows.map(|row| one(&browse, row)).try_for_each(|value| steps::line(&mut out, &value)),
        Format::Text => {
            let room = if read::is_terminal() { Some(read::terminal_width().unwrap_or(80)) } else { None };
            let document = Document { sections: vec![table(&browse, rows)], ..Document::default() };
            out.write_all(plain(&document, Page { room, paint: &|_, text| text.to_owned() }).trim_start().as_bytes())
        }
    };
    read::written(written.and_then(|()| out.flush()))?;
    Ok(Exit::Well)
}

fn path(browse: &Browse, row: &Row) -> String {
    let path = row.path();
    let path = browse.masker.mask(&path.display().to_string()).into_owned();
    crate::text::clean::shown(&path).into_owned()
}

fn kind(row: &Row) -> &'static str {
    match (row.branch.kind, &row.place) {
        (Kind::Run, Place::Ours { .. }) => "ours",
        (Kind::Run, _) => "harness",
        (Kind::Loose, _) => "loose",
        (Kind::Results, _) => "measured",
    }
}

fn level(row: &Row) -> Option<&'static str> {
    match row.level {
        Judged::Is(crate::domain::Level::None) => Some("none"),
        Judged::Is(level) => Some(level.name()),
        Judged::NotYet | Judged::Never => None,
    }
}

fn one(browse: &Browse, row: &Row) -> Value {
    let of = |at: usize| if row.branch.kind == Kind::Run { row.branch.names.get(at).cloned() } else { None };
    let facts = row.facts.as_deref();
    let text = |of: fn(&Facts) -> &String| facts.map(of).filter(|text| !text.is_empty());
    json!({
        "kind": kind(row),
        "item": row.name,
        "path": path(browse, row),
        "instance": if let Place::Loose { instance, .. } = &row.place { instance.clone() } else { None },
        "repo": of(0),
        "agent": of(1),
        "model": of(2),
        "run": of(3).or_else(|| row.branch.names.last().cloned()),
        "status": text(|facts| &facts.status),
        "commit": text(|facts| &facts.commit),
        "rung": facts.and_then(|facts| facts.rung).map(crate::domain::Rung::name),
        // what `report` says of the status; and what opening it shows
        "class": facts.filter(|facts| !facts.is_judged_otherwise()).and_then(|facts| facts.class).map(crate::domain::FailureClass::name),
        "judged": facts.map(Facts::word),
        "judged_class": facts.and_then(|facts| facts.class).map(crate::domain::FailureClass::name),
        "why": facts.and_then(|facts| facts.why.as_deref()),
        "level": level(row),
        "steps": facts.and_then(|facts| facts.steps),
        "tokens": facts.and_then(|facts| facts.tokens),
        "duration_ms": facts.and_then(|facts| facts.duration_ms),
        "patch_bytes": facts.and_then(|facts| facts.patch_bytes),
        "flags": facts.map(|facts| facts.flags.iter().map(|flag| flag.name()).collect::<Vec<_>>()).unwrap_or_default(),
        "at": facts.and_then(|facts| facts.at).map(|at| at.to_string()),
    })
}

fn table<'a>(browse: &Browse, rows: impl Iterator<Item = &'a Row>) -> Section {
    let columns = vec![
        Column::text("run").narrow(Narrow::Shortens(16, 3)),
        Column::text("item").narrow(Narrow::Shortens(16, 0)),
        Column::text("status"),
        Column::text("rung").narrow(Narrow::Drops(6)),
        Column::text("class").narrow(Narrow::Drops(5)),
        Column::text("level").narrow(Narrow::Drops(4)),
        Column::number("steps").narrow(Narrow::Drops(7)),
        Column::number("tokens").narrow(Narrow::Drops(8)),
        Column::number("time").narrow(Narrow::Drops(9)),
    ];
    let rows = rows.map(cells).collect();
    let totals = browse.tree.totals;
    let says = format!(
        "{}: {} ok, {} failed, {} unfinished, {} stuck.",
        crate::text::count(totals.items, "item"),
        totals.success,
        totals.failed,
        totals.open,
        totals.stuck
    );
    Section { id: "items", title: "Items", says, table: Table { columns, rows, has_sum: false } }
}

fn cells(row: &Row) -> Vec<Cell> {
    let facts = row.facts.as_deref();
    let number = |n: Option<u64>, of: fn(u64) -> Cell| n.map_or(Cell::Missing, of);
    vec![
        Cell::Text(row.branch.names.join("/")),
        Cell::Text(row.name.clone()),
        facts
            .map_or(Cell::Missing, |facts| Cell::Status(if facts.is_judged_otherwise() { facts.word() } else { &facts.status }.to_owned())),
        facts.and_then(|facts| facts.rung).map_or(Cell::Missing, Cell::Rung),
        facts.and_then(|facts| facts.class).map_or(Cell::Missing, Cell::Class),
        level(row).map_or(Cell::Missing, |level| Cell::Text(level.to_owned())),
        number(facts.and_then(|facts| facts.steps).map(u64::from), |n| Cell::Count(usize::try_from(n).unwrap_or(usize::MAX))),
        number(facts.and_then(|facts| facts.tokens), Cell::Tokens),
        facts.and_then(|facts| facts.duration_ms).map_or(Cell::Missing, |ms| Cell::Seconds(seconds(ms))),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
const fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
