//! The comparison as lines and tables.

use super::{Comparison, Pair, Side};
use crate::domain::{Arm, Standing};
use crate::report::lead::{Lead, LeadLine};
use crate::report::section::{Cell, Column, Document, Narrow, Section, Table, Tone};
use crate::text::count;

pub(super) fn document(comparison: &Comparison) -> Document {
    let sections = [totals(comparison), both(comparison), deltas(comparison), only(comparison, true), only(comparison, false)];
    Document { lead: lead(comparison), sections: sections.into_iter().filter(|section| !section.table.rows.is_empty()).collect() }
}

fn lead(comparison: &Comparison) -> Lead {
    let totals = &comparison.totals;
    let line = |about, says| LeadLine { about, says, tone: Tone::Plain };
    let known = totals.success_both + totals.success_only_a + totals.success_only_b + totals.success_neither;
    let success = format!(
        "of {} in both, {} are marked success in both, {} in A alone, {} in B alone, {} in neither",
        count(known, "commit"),
        totals.success_both,
        totals.success_only_a,
        totals.success_only_b,
        totals.success_neither
    );
    let arm = |arm: &super::ArmTotal| {
        let more = if arm.incomparable > 0 { format!(", {} can't be compared", arm.incomparable) } else { String::new() };
        line(arm.arm.name(), format!("B against A: {} better, {} similar, {} worse{more}", arm.better, arm.similar, arm.worse))
    };
    let lines = [
        line("A", comparison.a.clone()),
        line("B", comparison.b.clone()),
        line("commits", format!("{} in both, {} only in A, {} only in B", totals.both, totals.only_a, totals.only_b)),
    ];
    let success = (known > 0).then(|| line("success", success));
    Lead {
        title: "ISO-Bench: A and B, commit by commit".to_owned(),
        lines: lines.into_iter().chain(success).chain(totals.arms.iter().map(arm)).collect(),
    }
}

/// Sums over the commits that both have.
fn totals(comparison: &Comparison) -> Section {
    let pairs: Vec<(&Side, &Side)> = comparison.pairs.iter().filter_map(|pair| Some((pair.a.as_ref()?, pair.b.as_ref()?))).collect();
    let row = |what: &str, of: &dyn Fn(&Side) -> Option<f64>, cell: &dyn Fn(f64) -> Cell| {
        let known: Vec<(f64, f64)> = pairs.iter().filter_map(|(a, b)| Some((of(a)?, of(b)?))).collect();
        let sum = |values: &mut dyn Iterator<Item = f64>| if known.is_empty() { Cell::Missing } else { cell(values.sum()) };
        let (a, b) = (sum(&mut known.iter().map(|(a, _)| *a)), sum(&mut known.iter().map(|(_, b)| *b)));
        vec![Cell::Text(what.to_owned()), a, b, Cell::Part(known.len(), pairs.len())]
    };
    let float =
        |n: u64| f64::from(u32::try_from(n / 1000).unwrap_or(u32::MAX)) * 1000.0 + f64::from(u32::try_from(n % 1000).unwrap_or_default());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of counts")]
    let tokens = |n: f64| Cell::Tokens(n as u64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of counts")]
    let counted = |n: f64| Cell::Count(n as usize);
    let rows = vec![
        row("marked success", &|side| side.status.is_some().then(|| f64::from(u8::from(side.is_marked()))), &counted),
        row("with a patch", &|side| (side.tries > 0).then(|| f64::from(u8::from(side.patch_bytes.is_some_and(|n| n > 0)))), &counted),
        row("steps", &|side| side.steps.map(f64::from), &counted),
        row("tokens in", &|side| side.input_tokens.map(float), &tokens),
        row("tokens out", &|side| side.output_tokens.map(float), &tokens),
        row("time", &|side| side.duration_s, &Cell::Seconds),
    ];
    let columns = vec![Column::text("of commits in both"), Column::number("A"), Column::number("B"), Column::number("known in both")];
    let rows = if pairs.is_empty() { Vec::new() } else { rows.into_iter().filter(|row| row.get(1) != Some(&Cell::Missing)).collect() };
    Section {
        id: "totals",
        title: "A and B in sums",
        says: "Over the commits of which both are known.".to_owned(),
        table: Table { columns, rows, has_sum: false },
    }
}

fn steps(side: Option<&Side>) -> Cell {
    Cell::known(side.and_then(|side| side.steps), |steps| Cell::Count(usize::try_from(steps).unwrap_or(usize::MAX)))
}

fn status(side: Option<&Side>) -> Cell {
    Cell::known(side.and_then(|side| side.status.clone()), Cell::Status)
}

fn tokens(side: Option<&Side>) -> Cell {
    Cell::known(side.and_then(|side| Some(side.input_tokens?.saturating_add(side.output_tokens.unwrap_or_default()))), Cell::Tokens)
}

fn rung(side: Option<&Side>) -> Cell {
    Cell::known(side.and_then(|side| side.rung), Cell::Rung)
}

/// What both have.
fn both(comparison: &Comparison) -> Section {
    let columns = vec![
        Column::text("commit"),
        Column::text("agent A").narrow(Narrow::Drops(7)),
        Column::text("agent B").narrow(Narrow::Drops(7)),
        Column::text("status A"),
        Column::text("status B"),
        Column::text("rung A").narrow(Narrow::Drops(2)),
        Column::text("rung B").narrow(Narrow::Drops(2)),
        Column::number("steps A").narrow(Narrow::Drops(4)),
        Column::number("B").narrow(Narrow::Drops(4)),
        Column::number("tokens A").narrow(Narrow::Drops(5)),
        Column::number("B").narrow(Narrow::Drops(5)),
        Column::number("took A").narrow(Narrow::Drops(3)),
        Column::number("B").narrow(Narrow::Drops(3)),
        Column::number("patch A").narrow(Narrow::Drops(6)),
        Column::number("B").narrow(Narrow::Drops(6)),
    ];
    let row = |pair: &Pair| {
        let (a, b) = (pair.a.as_ref(), pair.b.as_ref());
        let agent = |side: Option<&Side>| Cell::known(side, |side| Cell::words(&side.agent));
        let took = |side: Option<&Side>| Cell::known(side.and_then(|side| side.duration_s), Cell::Seconds);
        let patch = |side: Option<&Side>| Cell::known(side.and_then(|side| side.patch_bytes), Cell::Bytes);
        let commit = Cell::Commit(pair.commit.clone());
        let cells = [agent, status, rung, steps, tokens, took, patch].into_iter().flat_map(|of: fn(Option<&Side>) -> Cell| [of(a), of(b)]);
        std::iter::once(commit).chain(cells).collect()
    };
    let rows = comparison.pairs.iter().filter(|pair| pair.a.is_some() && pair.b.is_some()).map(row).collect();
    let says = "The newest attempt of each; where a tree has arms alone, the status of the agent's arm.".to_owned();
    Section { id: "both", title: "Commits in both", says, table: Table { columns, rows, has_sum: false } }
}

/// The same arm in both.
fn deltas(comparison: &Comparison) -> Section {
    let columns = vec![
        Column::text("commit"),
        Column::text("arm"),
        Column::text("metric"),
        Column::number("A"),
        Column::number("B"),
        Column::number("change"),
        Column::text("B is"),
        Column::text("incomparable because").narrow(Narrow::Wraps(20, 0)),
    ];
    let rows = comparison.pairs.iter().flat_map(|pair| {
        pair.deltas.iter().map(|delta| {
            let class = delta.class.map(|class| match class {
                Standing::Beats => "better",
                Standing::Similar => "similar",
                Standing::Worse => "worse",
            });
            vec![
                Cell::Commit(pair.commit.clone()),
                Cell::Text(delta.arm.name().to_owned()),
                Cell::words(delta.metric.as_deref().unwrap_or_default()),
                Cell::known(delta.a, |value| Cell::Number(value, None)),
                Cell::known(delta.b, |value| Cell::Number(value, None)),
                Cell::known(delta.pct, Cell::Change),
                Cell::words(class.unwrap_or_default()),
                Cell::words(delta.incomparable.as_deref().unwrap_or_default()),
            ]
        })
    });
    Section {
        id: "deltas",
        title: "The same arm in A and B",
        says: "Agent against agent, human against human, baseline against baseline; + is better in B, and up to 5 % either way is similar."
            .to_owned(),
        table: Table { columns, rows: rows.collect(), has_sum: false },
    }
}

/// What only one has.
fn only(comparison: &Comparison, first: bool) -> Section {
    let columns = vec![
        Column::text("commit"),
        Column::text("agent"),
        Column::text("model").narrow(Narrow::Shortens(10, 3)),
        Column::text("status"),
        Column::text("rung"),
        Column::number("tries").narrow(Narrow::Drops(2)),
        Column::text("run").narrow(Narrow::Drops(4)),
    ];
    let sides = comparison.pairs.iter().filter_map(|pair| match (&pair.a, &pair.b) {
        (Some(side), None) if first => Some((pair, side)),
        (None, Some(side)) if !first => Some((pair, side)),
        _ => None,
    });
    let row = |(pair, side): (&Pair, &Side)| {
        vec![
            Cell::Commit(pair.commit.clone()),
            Cell::words(&side.agent),
            Cell::words(&side.model),
            status(Some(side)),
            rung(Some(side)),
            if side.tries == 0 { Cell::Missing } else { Cell::Count(side.tries) },
            Cell::words(&side.run),
        ]
    };
    Section {
        id: if first { "only_a" } else { "only_b" },
        title: if first { "Only in A" } else { "Only in B" },
        says: String::new(),
        table: Table { columns, rows: sides.map(row).collect(), has_sum: false },
    }
}

/// Every pair with all that is known of it.
pub(super) fn rows(comparison: &Comparison) -> Section {
    let columns = ["commit", "in"].into_iter().chain(SIDE_A).chain(SIDE_B).chain(DELTAS).map(Column::text).collect();
    let row = |pair: &Pair| {
        let place = match (&pair.a, &pair.b) {
            (Some(_), Some(_)) => "both",
            (Some(_), None) => "only A",
            (None, _) => "only B",
        };
        let head = [Cell::Text(pair.commit.clone()), Cell::Text(place.to_owned())];
        let sides = [&pair.a, &pair.b].into_iter().flat_map(|side| of_side(side.as_ref()));
        let arms = [Arm::Agent, Arm::Human, Arm::Baseline].into_iter().flat_map(|arm| {
            let delta = pair.deltas.iter().find(|delta| delta.arm == arm);
            let number = |value: Option<f64>| Cell::known(value, |value| Cell::Number(value, None));
            [
                Cell::words(delta.and_then(|delta| delta.metric.as_deref()).unwrap_or_default()),
                number(delta.and_then(|delta| delta.a)),
                number(delta.and_then(|delta| delta.b)),
                number(delta.and_then(|delta| delta.pct)),
                Cell::words(delta.and_then(|delta| delta.incomparable.as_deref()).unwrap_or_default()),
            ]
        });
        head.into_iter().chain(sides).chain(arms).collect()
    };
    let rows = comparison.pairs.iter().map(row).collect();
    Section { id: "pairs", title: "A and B", says: String::new(), table: Table { columns, rows, has_sum: false } }
}

const SIDE_A: [&str; 12] = [
    "agent_a",
    "model_a",
    "run_a",
    "tries_a",
    "status_a",
    "rung_a",
    "steps_a",
    "input_tokens_a",
    "output_tokens_a",
    "duration_s_a",
    "patch_bytes_a",
    "failure_a",
];

const SIDE_B: [&str; 12] = [
    "agent_b",
    "model_b",
    "run_b",
    "tries_b",
    "status_b",
    "rung_b",
    "steps_b",
    "input_tokens_b",
    "output_tokens_b",
    "duration_s_b",
    "patch_bytes_b",
    "failure_b",
];

const DELTAS: [&str; 15] = [
    "agent_metric",
    "agent_a_value",
    "agent_b_value",
    "agent_change_pct",
    "agent_incomparable",
    "human_metric",
    "human_a_value",
    "human_b_value",
    "human_change_pct",
    "human_incomparable",
    "baseline_metric",
    "baseline_a_value",
    "baseline_b_value",
    "baseline_change_pct",
    "baseline_incomparable",
];

fn of_side(side: Option<&Side>) -> [Cell; 12] {
    let nothing = Side::default();
    let there = side.unwrap_or(&nothing);
    [
        Cell::words(&there.agent),
        Cell::words(&there.model),
        Cell::words(&there.run),
        Cell::known(side, |side| Cell::Count(side.tries)),
        status(side),
        rung(side),
        steps(side),
        Cell::known(there.input_tokens, Cell::Tokens),
        Cell::known(there.output_tokens, Cell::Tokens),
        Cell::known(there.duration_s, Cell::Seconds),
        Cell::known(there.patch_bytes, Cell::Bytes),
        Cell::known(there.failure, Cell::Class),
    ]
}
