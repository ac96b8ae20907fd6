//! The tables of what was counted.

use super::rows::kind;
use crate::domain::{Quadrant, Rung, short_sha};
use crate::model::Energy;
use crate::report::counted::{AgentCount, Counted};
use crate::report::section::{Cell, Column, Narrow, Section, Table};
use crate::report::study::Study;

/// Agent and model of a row; the last row is of all together.
fn who(count: &AgentCount, is_sum: bool) -> [Cell; 2] {
    if is_sum { [Cell::Text("all".to_owned()), Cell::Missing] } else { [Cell::words(&count.agent), Cell::words(&count.model)] }
}

fn who_columns() -> [Column; 2] {
    [Column::text("agent"), Column::text("model").narrow(Narrow::Shortens(9, 1))]
}

/// A table with one row an agent and model, and one of all together where there are several.
fn agents(
    id: &'static str,
    title: &'static str,
    says: &str,
    columns: Vec<Column>,
    counted: &Counted,
    row: impl Fn(&AgentCount) -> Vec<Cell>,
) -> Section {
    let of = |count: &AgentCount, is_sum: bool| who(count, is_sum).into_iter().chain(row(count)).collect::<Vec<_>>();
    let has_sum = counted.by_agent.len() > 1;
    let rows = counted.by_agent.iter().map(|count| of(count, false)).chain(has_sum.then(|| of(&counted.all, true))).collect();
    let columns = who_columns().into_iter().chain(columns).collect();
    Section { id, title, says: says.to_owned(), table: Table { columns, rows, has_sum } }
}

pub(super) fn by_agent(counted: &Counted) -> Section {
    let columns = vec![
        Column::number("attempts"),
        Column::number("commits").narrow(Narrow::Drops(4)),
        Column::number("patch"),
        Column::number("success"),
        Column::number("rate").narrow(Narrow::Drops(5)),
        Column::number("source").narrow(Narrow::Drops(6)),
        Column::number("applies"),
        Column::number("parses").narrow(Narrow::Drops(3)),
        Column::number("measured"),
        Column::number("true"),
        Column::number("median").narrow(Narrow::Drops(7)),
    ];
    let row = |count: &AgentCount| {
        let holds = |rung: Rung| {
            let found = count.ladder.iter().find(|found| found.rung == rung);
            Cell::known(found, |found| if found.of == found.unchecked { Cell::Missing } else { Cell::Count(found.yes) })
        };
        vec![
            Cell::Count(count.attempts),
            Cell::Count(count.commits),
            Cell::Count(count.with_patch),
            Cell::Count(count.success),
            Cell::Share(count.success, count.attempts),
            holds(Rung::Source),
            holds(Rung::Applies),
            holds(Rung::Parses),
            holds(Rung::Metrics),
            holds(Rung::BeyondNoise),
            Cell::known(count.used.median_s, Cell::Seconds),
        ]
    };
    let says = "Success is what is marked so. From source to true (better than the baseline): how many of those hold there; – where nobody looked.";
    agents("by_agent", "Success by agent and model", says, columns, counted, row)
}

pub(super) fn ladder(counted: &Counted) -> Section {
    let columns = vec![
        Column::text("rung"),
        Column::number("yes"),
        Column::number("no"),
        Column::number("n/a").narrow(Narrow::Drops(2)),
        Column::number("unchecked"),
        Column::number("all up to here"),
        Column::number("of marked"),
    ];
    let row = |count: &crate::report::counted::RungCount| {
        vec![
            Cell::Rung(count.rung),
            Cell::Count(count.yes),
            Cell::Count(count.no),
            Cell::Count(count.not_applicable),
            Cell::Count(count.unchecked),
            Cell::Count(count.unbroken),
            Cell::Share(count.unbroken, count.of),
        ]
    };
    let rows = if counted.marked == 0 { Vec::new() } else { counted.all.ladder.iter().map(row).collect() };
    let says =
        format!("Of {} attempts marked success. What nobody checked is no yes, and ends the way up; exited never does.", counted.marked);
    Section { id: "ladder", title: "From marked success to true success", says, table: Table { columns, rows, has_sum: false } }
}

pub(super) fn failures(counted: &Counted) -> Section {
    let columns = vec![
        Column::text("class"),
        Column::number("attempts"),
        Column::number("arms"),
        Column::number("both"),
        Column::text("for one").narrow(Narrow::Wraps(30, 0)),
    ];
    let row = |count: &crate::report::counted::FailureCount| {
        vec![
            Cell::Class(count.class),
            Cell::Count(count.items),
            Cell::Count(count.results),
            Cell::Count(count.count),
            Cell::words(&count.example),
        ]
    };
    Section {
        id: "failures",
        title: "Failures by class",
        says: "The first cause of each, by what was written first, not by the last message.".to_owned(),
        table: Table { columns, rows: counted.failures.iter().map(row).collect(), has_sum: false },
    }
}

pub(super) fn by_kind(counted: &Counted) -> Section {
    let columns = vec![
        Column::text("type"),
        Column::number("human"),
        Column::number("baseline"),
        Column::number("agent"),
        Column::number("beats"),
        Column::number("similar"),
        Column::number("worse"),
        Column::number("not compared"),
    ];
    let part = |(good, all): (usize, usize)| if all == 0 { Cell::Missing } else { Cell::Part(good, all) };
    let row = |count: &crate::report::counted::KindCount| {
        vec![
            if count.kind.is_none() { Cell::Text("unknown".to_owned()) } else { kind(count.kind) },
            part(count.human),
            part(count.baseline),
            part(count.agent),
            Cell::Count(count.beats),
            Cell::Count(count.similar),
            Cell::Count(count.worse),
            Cell::Count(count.incomparable),
        ]
    };
    Section {
        id: "by_kind",
        title: "Success by type of benchmark",
        says: "Arms with numbers of all arms; then the agent against the human, commit by commit.".to_owned(),
        table: Table { columns, rows: counted.by_kind.iter().map(row).collect(), has_sum: false },
    }
}

pub(super) fn quadrants(counted: &Counted) -> Section {
    let columns =
        vec![Column::text("quadrant"), Column::text("judge"), Column::text("numbers"), Column::number("commits"), Column::number("share")];
    let row = |count: &crate::report::counted::QuadrantCount| {
        let word = |good: bool, yes: &str, no: &str| Cell::Text(if good { yes } else { no }.to_owned());
        let soft = matches!(count.quadrant, Quadrant::TrueSuccess | Quadrant::GoodIntent);
        let hard = matches!(count.quadrant, Quadrant::TrueSuccess | Quadrant::LuckyWin);
        vec![
            Cell::Quadrant(count.quadrant),
            word(soft, "right target", "other target"),
            word(hard, "as fast", "slower"),
            Cell::Count(count.count),
            Cell::Share(count.count, count.of),
        ]
    };
    Section {
        id: "quadrants",
        title: "Right target, fast enough",
        says: "A judge's verdict on the patch and the numbers against the human; a verdict that is missing counts as not passed, as ISO-Bench counts.".to_owned(),
        table: Table { columns, rows: counted.quadrants.iter().map(row).collect(), has_sum: false },
    }
}

pub(super) fn tries(counted: &Counted) -> Section {
    let columns = vec![
        Column::number("commits").narrow(Narrow::Drops(3)),
        Column::number("first try"),
        Column::number("later try"),
        Column::number("never"),
        Column::text("commits by tries").narrow(Narrow::Wraps(20, 0)),
    ];
    let row = |count: &AgentCount| {
        let tries = &count.tries;
        let by_tries: Vec<String> = tries.by_tries.iter().map(|(n, commits)| format!("{commits} x {n}")).collect();
        vec![
            Cell::Count(tries.commits),
            Cell::Count(tries.first),
            Cell::Count(tries.later),
            Cell::Count(tries.never),
            Cell::words(&by_tries.join(", ")),
        ]
    };
    let says =
        "When a commit was first marked success, over all runs of an agent with a model; `5 x 3`: five commits were tried three times.";
    agents("tries", "Attempts per commit", says, columns, counted, row)
}

pub(super) fn errors(counted: &Counted) -> Section {
    let columns = vec![
        Column::number("attempts"),
        Column::number("API error"),
        Column::number("rate").narrow(Narrow::Drops(6)),
        Column::number("no step"),
        Column::number("budget").narrow(Narrow::Drops(5)),
        Column::number("unfinished").narrow(Narrow::Drops(4)),
        Column::number("empty"),
    ];
    let row = |count: &AgentCount| {
        let errors = &count.errors;
        vec![
            Cell::Count(count.attempts),
            Cell::Count(errors.terminal_api),
            Cell::Share(errors.terminal_api, count.attempts),
            if errors.steps_known == 0 { Cell::Missing } else { Cell::Part(errors.no_steps, errors.steps_known) },
            Cell::Count(errors.out_of_budget),
            Cell::Count(errors.unfinished),
            Cell::Count(errors.empty_success),
        ]
    };
    let says = "API error: one that ended the attempt. No step: of those whose trajectory is there. Budget: out of time, steps or money. Unfinished: no journal, or not over. Empty: marked success without a patch.";
    agents("errors", "Errors of agents", says, columns, counted, row)
}

/// Commits that are named for one agent: JSON has them all.
const TOLD: usize = 6;

pub(super) fn coverage(study: &Study) -> Section {
    let coverage = &study.coverage;
    let planned = coverage.planned.unwrap_or_default();
    let columns = who_columns().into_iter().chain([
        Column::number("planned").narrow(Narrow::Drops(3)),
        Column::number("patch"),
        Column::number("share"),
        Column::text("missing commits").narrow(Narrow::Wraps(26, 0)),
    ]);
    let numbers = |with_patch: usize, missing: &[String], told: usize| {
        let mut shas: Vec<&str> = missing.iter().take(told).map(|sha| short_sha(sha)).collect();
        let more = missing.len().saturating_sub(told);
        let rest = format!("and {more} more");
        shas.extend((more > 0).then_some(rest.as_str()));
        [Cell::Count(planned), Cell::Count(with_patch), Cell::Share(with_patch, planned), Cell::words(&shas.join(" "))]
    };
    let row = |agent: &crate::report::study::AgentCoverage| {
        let who = [Cell::words(&agent.agent), Cell::words(&agent.model)];
        who.into_iter().chain(numbers(agent.with_patch, &agent.missing, TOLD)).collect::<Vec<_>>()
    };
    let all = || {
        [Cell::Text("any".to_owned()), Cell::Missing]
            .into_iter()
            .chain(numbers(coverage.with_patch, &coverage.missing, usize::MAX))
            .collect()
    };
    let has_sum = coverage.planned.is_some();
    let rows = coverage.by_agent.iter().map(row).chain(has_sum.then(all)).collect();
    Section {
        id: "coverage",
        title: "Patches for the plan",
        says: "Planned commits with a patch that is not empty, by any attempt; an agent that was asked about none of them has no row."
            .to_owned(),
        table: Table { columns: columns.collect(), rows, has_sum },
    }
}

pub(super) fn flags(counted: &Counted) -> Section {
    let columns = vec![
        Column::text("flag"),
        Column::number("attempts"),
        Column::number("arms"),
        Column::text("what it says").narrow(Narrow::Wraps(30, 0)),
    ];
    let row = |count: &crate::report::counted::FlagCount| {
        vec![Cell::Flags(vec![count.flag]), Cell::Count(count.items), Cell::Count(count.results), Cell::Text(count.flag.says().to_owned())]
    };
    Section {
        id: "flags",
        title: "Look twice",
        says: "A flag accuses nobody: it says what a person should look at.".to_owned(),
        table: Table { columns, rows: counted.flags.iter().map(row).collect(), has_sum: false },
    }
}

pub(super) fn used(counted: &Counted) -> Section {
    let columns = vec![
        Column::number("attempts").narrow(Narrow::Drops(3)),
        Column::number("tokens in"),
        Column::number("out"),
        Column::number("known").narrow(Narrow::Drops(4)),
        Column::number("time"),
        Column::number("median"),
        Column::number("known").narrow(Narrow::Drops(4)),
        Column::number("cost"),
        Column::number("known").narrow(Narrow::Drops(4)),
    ];
    // columns of their own where anybody looked
    let has_energy = counted.all.used.energy.is_some();
    let energy = || [Column::number("energy"), Column::number("known").narrow(Narrow::Drops(4))];
    let columns = columns.into_iter().chain(has_energy.then(energy).into_iter().flatten()).collect();
    let row = |count: &AgentCount| {
        let (used, all) = (&count.used, count.attempts);
        let if_any = |known: usize, cell: Cell| if known == 0 { Cell::Missing } else { cell };
        let cells = vec![
            Cell::Count(all),
            if_any(used.tokens_known, Cell::Tokens(used.input_tokens)),
            if_any(used.tokens_known, Cell::Tokens(used.output_tokens)),
            Cell::Part(used.tokens_known, all),
            if_any(used.duration_known, Cell::Seconds(used.duration_s)),
            Cell::known(used.median_s, Cell::Seconds),
            Cell::Part(used.duration_known, all),
            if_any(used.cost_known, Cell::Dollars(used.cost_usd)),
            Cell::Part(used.cost_known, all),
        ];
        let energy = || [Cell::known(used.energy.map(Energy::wh), Cell::Energy), Cell::Part(used.energy_known, all)];
        cells.into_iter().chain(has_energy.then(energy).into_iter().flatten()).collect()
    };
    let says = "Each with the number of attempts of which it is known: what nobody counted is not zero.";
    let title = if has_energy { "Tokens, time, cost, energy" } else { "Tokens, time, cost" };
    agents("used", title, says, columns, counted, row)
}
