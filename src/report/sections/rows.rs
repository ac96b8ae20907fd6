//! One row a commit, an attempt, an arm, a path.

use crate::domain::{Arm, BenchKind, Metric};
use crate::model::Energy;
use crate::report::section::{Cell, Column, Narrow, Section, Table};
use crate::report::study::{Compared, Study};

/// The kind of a benchmark.
pub(super) fn kind(kind: Option<BenchKind>) -> Cell {
    Cell::known(kind, |kind| Cell::Text(kind.name().to_owned()))
}

/// A number with its name's unit.
fn value(metric: Option<&Metric>) -> Cell {
    Cell::known(metric, |metric| Cell::Number(metric.value, None))
}

fn metric_name(metric: Option<&Metric>) -> Cell {
    Cell::known(metric, |metric| Cell::Text(metric.name.clone()))
}

/// What was measured, commit by commit.
pub(super) fn compared(study: &Study) -> Section {
    let columns = vec![
        Column::text("commit"),
        Column::text("agent").narrow(Narrow::Shortens(11, 1)),
        Column::text("model as run").narrow(Narrow::Shortens(12, 7)),
        Column::text("type").narrow(Narrow::Drops(8)),
        Column::text("status").narrow(Narrow::Drops(4)),
        Column::text("metric"),
        Column::number("value"),
        Column::number("human").narrow(Narrow::Drops(2)),
        Column::number("baseline").narrow(Narrow::Drops(5)),
        Column::number("to human"),
        Column::number("to base").narrow(Narrow::Drops(3)),
        Column::number("tok/s").narrow(Narrow::Drops(9)),
        Column::text("class"),
        Column::text("quadrant").narrow(Narrow::Drops(10)),
        Column::text("rung").narrow(Narrow::Drops(3)),
        Column::text("look twice").narrow(Narrow::Wraps(20, 6)),
    ];
    let rows = study.compared.iter().map(compared_row).collect();
    Section {
        id: "compared",
        title: "Commits that were measured",
        says: "The agent's arm against the human's and the parent's; + is better. A class needs both numbers of one metric.".to_owned(),
        table: Table { columns, rows, has_sum: false },
    }
}

fn compared_row(row: &Compared) -> Vec<Cell> {
    let primary = row.verdicts.first();
    let status = row.arms.iter().find(|(arm, _)| *arm == Arm::Agent).map(|(_, status)| status.clone());
    let key = || Cell::known(primary, |verdict| Cell::Text(verdict.metric.clone()));
    let number = |value: Option<f64>| Cell::known(value, |value| Cell::Number(value, None));
    vec![
        Cell::Commit(row.commit.clone()),
        Cell::words(row.whose()),
        Cell::words(row.model_run.as_deref().unwrap_or(&row.model)),
        kind(row.kind),
        Cell::known(status, Cell::Status),
        if primary.is_some() { key() } else { metric_name(row.key.as_ref()) },
        if let Some(verdict) = primary { Cell::Number(verdict.agent, None) } else { value(row.key.as_ref()) },
        number(primary.and_then(|verdict| verdict.human)),
        number(primary.and_then(|verdict| verdict.baseline)),
        Cell::known(primary.and_then(|verdict| verdict.against_human_pct), Cell::Change),
        Cell::known(primary.and_then(|verdict| verdict.against_baseline_pct), Cell::Change),
        value(row.rate.as_ref()),
        class(row),
        Cell::known(row.quadrant, Cell::Quadrant),
        Cell::known(row.rung, Cell::Rung),
        remarks(row),
    ]
}

/// The class, or in two words why there is none.
fn class(row: &Compared) -> Cell {
    let status = |whose: Arm| row.arms.iter().find(|(arm, _)| *arm == whose).map(|(_, status)| status.as_str());
    if let (None, Some(open)) = (row.hard, &row.open) {
        return Cell::Status(open.clone());
    }
    match (row.hard, &row.failure, status(Arm::Agent), status(Arm::Human)) {
        (Some(standing), ..) => Cell::Standing(standing),
        (None, Some(cause), ..) => Cell::Class(cause.class),
        (None, None, None, _) => Cell::Text("no agent arm".to_owned()),
        (None, None, _, None) => Cell::Text("no human arm".to_owned()),
        (None, None, _, Some("success")) => Cell::Text("incomparable".to_owned()),
        (None, None, _, Some(_)) => Cell::Text("human failed".to_owned()),
    }
}

/// What is to be known of a commit's arms: the flags, and why they don't compare where two words don't say it.
fn remarks(row: &Compared) -> Cell {
    let flags = row.flags.iter().map(|flag| flag.name().to_owned());
    let has_human = row.arms.iter().any(|(arm, _)| *arm == Arm::Human);
    let why_not = row.incomparable.clone().filter(|_| row.hard.is_none() && row.failure.is_none() && has_human);
    Cell::words(&flags.chain(why_not).collect::<Vec<_>>().join("; "))
}

/// Every attempt.
pub(super) fn items(study: &Study) -> Section {
    let columns = vec![
        Column::text("item").narrow(Narrow::Shortens(14, 6)),
        Column::text("commit"),
        Column::text("repo").narrow(Narrow::Drops(11)),
        Column::text("agent").narrow(Narrow::Shortens(9, 1)),
        Column::text("model").narrow(Narrow::Shortens(8, 1)),
        Column::text("status"),
        Column::text("rung"),
        Column::number("steps").narrow(Narrow::Drops(4)),
        Column::number("tokens in").narrow(Narrow::Drops(8)),
        Column::number("out").narrow(Narrow::Drops(8)),
        Column::number("took").narrow(Narrow::Drops(5)),
        Column::number("cost").narrow(Narrow::Drops(9)),
        Column::number("patch").narrow(Narrow::Drops(7)),
        Column::text("failure").narrow(Narrow::Stays),
        Column::text("flags").narrow(Narrow::Wraps(11, 2)),
        Column::text("folder").narrow(Narrow::Drops(10)),
    ];
    // a column of its own where anybody looked
    let energy = |item: &crate::report::study::ItemRow| Cell::known(item.energy.map(Energy::wh), Cell::Energy);
    let has_energy = study.items.iter().any(|item| item.energy.is_some());
    let columns = columns.into_iter().chain(has_energy.then(|| Column::number("energy").narrow(Narrow::Drops(9)))).collect();
    let row = |item: &crate::report::study::ItemRow| {
        let cells = vec![
            Cell::Text(item.item_id.clone()),
            if item.human.is_empty() { Cell::Missing } else { Cell::Commit(item.human.clone()) },
            Cell::words(&item.repo),
            Cell::words(&item.agent),
            Cell::words(&item.model),
            Cell::Status(item.status.clone()),
            Cell::known(item.rung, Cell::Rung),
            Cell::known(item.steps, |steps| Cell::Count(usize::try_from(steps).unwrap_or(usize::MAX))),
            Cell::known(item.input_tokens, Cell::Tokens),
            Cell::known(item.output_tokens, Cell::Tokens),
            Cell::known(item.duration_s, Cell::Seconds),
            Cell::known(item.cost_usd, Cell::Dollars),
            Cell::known(item.patch_bytes, Cell::Bytes),
            Cell::known(item.failure.as_ref(), |cause| Cell::Class(cause.class)),
            Cell::Flags(item.flags.clone()),
            Cell::Place(study.place(&item.folder)),
        ];
        cells.into_iter().chain(has_energy.then(|| energy(item))).collect()
    };
    Section {
        id: "items",
        title: "Every attempt",
        says: "The rung is the last of the unbroken yes; what nobody checked breaks it.".to_owned(),
        table: Table { columns, rows: study.items.iter().map(row).collect(), has_sum: false },
    }
}

/// Every arm.
pub(super) fn results(study: &Study) -> Section {
    let columns = vec![
        Column::text("commit"),
        Column::text("arm"),
        Column::text("agent").narrow(Narrow::Shortens(11, 1)),
        Column::text("model as run").narrow(Narrow::Shortens(12, 7)),
        Column::text("type").narrow(Narrow::Drops(8)),
        Column::text("status").narrow(Narrow::Drops(2)),
        Column::text("metric"),
        Column::number("value"),
        Column::number("tok/s").narrow(Narrow::Drops(6)),
        Column::text("failure"),
        Column::text("flags").narrow(Narrow::Wraps(16, 6)),
        Column::text("file").narrow(Narrow::Drops(10)),
        Column::text("evidence").narrow(Narrow::Wraps(24, 3)),
    ];
    let row = |result: &crate::report::study::ResultRow| {
        let key = result.key();
        vec![
            Cell::Commit(result.commit.clone()),
            Cell::Text(result.arm.name().to_owned()),
            Cell::words(&result.agent),
            Cell::words(result.model_run.as_deref().or(result.model.as_deref()).unwrap_or_default()),
            kind(result.kind),
            Cell::Status(result.status.clone()),
            metric_name(key),
            value(key),
            value(result.rate()),
            Cell::known(result.failure.as_ref(), |cause| Cell::Class(cause.class)),
            Cell::Flags(result.flags.clone()),
            Cell::Place(study.place(&result.file)),
            Cell::words(result.failure.as_ref().map_or("", |cause| cause.evidence.as_str())),
        ]
    };
    Section {
        id: "results",
        title: "Every arm",
        says: "The status is the file's word; the failure is read from the raw output, first cause first.".to_owned(),
        table: Table { columns, rows: study.results.iter().map(row).collect(), has_sum: false },
    }
}

/// What could not be read.
pub(super) fn problems(study: &Study) -> Section {
    let columns = vec![Column::text("path").narrow(Narrow::Wraps(20, 0)), Column::text("problem").narrow(Narrow::Wraps(30, 0))];
    let rows = study.problems.iter().map(|(path, says)| vec![Cell::Place(study.place(path)), Cell::Text(says.clone())]).collect();
    Section {
        id: "problems",
        title: "Not read",
        says: "These count nowhere; the rest was read.".to_owned(),
        table: Table { columns, rows, has_sum: false },
    }
}
