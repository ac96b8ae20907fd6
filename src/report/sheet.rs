//! The report as CSV: one table of rows, numbers in full, words that no spreadsheet takes for a formula.

use std::collections::BTreeSet;

use super::section::{Cell, Section};
use super::study::{ItemRow, ResultRow, Study};
use crate::domain::{Cause, Flag, Metric};
use crate::model::Energy;

/// Attempts and arms as one table: what they have in common stands in the same columns, `row` says what a row is. The
/// numbers of arms have a column each.
pub fn rows(study: &Study) -> Result<Vec<u8>, csv::Error> {
    const HEADS: [&str; 29] = [
        "row",
        "item_id",
        "commit",
        "arm",
        "repo",
        "agent",
        "model",
        "model_run",
        "run",
        "type",
        "status",
        "rung",
        "flags",
        "failure_class",
        "failure_evidence",
        "terminal_error",
        "steps",
        "input_tokens",
        "output_tokens",
        "duration_s",
        "cost_usd",
        "energy_wh",
        "energy_covered_pct",
        "patch_bytes",
        "finished",
        "key_metric",
        "key_value",
        "key_unit",
        "file",
    ];
    let names: BTreeSet<&str> = study.results.iter().flat_map(|result| &result.metrics).map(|metric| metric.name.as_str()).collect();
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(HEADS.iter().map(|head| (*head).to_owned()).chain(names.iter().map(|name| word(name))))?;
    for item in &study.items {
        sheet.write_record(item_row(study, item).into_iter().chain(names.iter().map(|_| String::new())))?;
    }
    for result in &study.results {
        let value = |name: &&str| result.metrics.iter().find(|metric| metric.name == **name).map_or_else(String::new, number_of);
        sheet.write_record(result_row(study, result).into_iter().chain(names.iter().map(value)))?;
    }
    finished(sheet)
}

/// One section as CSV.
pub fn section(section: &Section) -> Result<Vec<u8>, csv::Error> {
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(section.table.columns.iter().map(|column| word(&column.head())))?;
    // a spreadsheet makes its own sums
    let sums = usize::from(section.table.has_sum);
    for row in section.table.rows.iter().take(section.table.rows.len() - sums) {
        sheet.write_record(row.iter().map(cell))?;
    }
    finished(sheet)
}

fn finished(sheet: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    sheet.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))
}

fn item_row(study: &Study, item: &ItemRow) -> [String; 29] {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let float = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    [
        "item".to_owned(),
        word(&item.item_id),
        word(&item.human),
        String::new(),
        word(&item.repo),
        word(&item.agent),
        word(&item.model),
        String::new(),
        word(&item.run),
        String::new(),
        word(&item.status),
        item.rung.map_or_else(String::new, |rung| rung.name().to_owned()),
        flags(&item.flags),
        class(item.failure.as_ref()),
        evidence(item.failure.as_ref()),
        word(item.terminal_error.as_deref().unwrap_or_default()),
        number(item.steps.map(u64::from)),
        number(item.input_tokens),
        number(item.output_tokens),
        float(item.duration_s),
        float(item.cost_usd),
        float(item.energy.map(Energy::wh)),
        number(item.energy.map(|energy| energy.covered_pct)),
        number(item.patch_bytes),
        item.at.map_or_else(String::new, |at| at.to_string()),
        String::new(),
        String::new(),
        String::new(),
        word(&study.place(&item.folder)),
    ]
}

fn result_row(study: &Study, result: &ResultRow) -> [String; 29] {
    let key = result.key();
    let nothing = String::new;
    [
        "result".to_owned(),
        nothing(),
        word(&result.commit),
        result.arm.name().to_owned(),
        nothing(),
        word(&result.agent),
        word(result.model.as_deref().unwrap_or_default()),
        word(result.model_run.as_deref().unwrap_or_default()),
        word(&result.run),
        result.kind.map_or("unknown", crate::domain::BenchKind::name).to_owned(),
        word(&result.status),
        nothing(),
        flags(&result.flags),
        class(result.failure.as_ref()),
        evidence(result.failure.as_ref()),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        word(key.map_or("", |key| key.name.as_str())),
        key.map_or_else(nothing, number_of),
        word(key.map_or("", |key| key.unit.as_str())),
        word(&study.place(&result.file)),
    ]
}

fn class(cause: Option<&Cause>) -> String {
    cause.map_or_else(String::new, |cause| cause.class.name().to_owned())
}

fn evidence(cause: Option<&Cause>) -> String {
    word(cause.map_or("", |cause| cause.evidence.as_str()))
}

fn flags(flags: &[Flag]) -> String {
    flags.iter().map(|flag| flag.name()).collect::<Vec<_>>().join(" ")
}

fn number_of(metric: &Metric) -> String {
    metric.value.to_string()
}

/// A cell: a number in full and without its unit, words otherwise.
fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Commit(sha) => word(sha),
        Cell::Flags(flagged) => flags(flagged),
        _ => cell.number().map_or_else(|| word(&cell.says()), |number| number.to_string()),
    }
}

/// Words that a spreadsheet would take for a formula get an apostrophe.
fn word(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_words_and_a_number_stays_one() {
        assert_eq!(["=cmd()", "+1", "-1", "@x", "\tx", "a=b", ""].map(word), ["'=cmd()", "'+1", "'-1", "'@x", "'\tx", "a=b", ""]);
        assert_eq!(
            [Cell::Change(-1.5), Cell::Count(3), Cell::Text("-1".to_owned()), Cell::Missing].map(|of| cell(&of)),
            ["-1.5", "3", "'-1", ""]
        );
    }
}
