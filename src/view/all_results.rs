//! The results of a run as a table: counts, groups, rows, and what is to be known of the selected one.

mod groups;
mod table;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words, inset, role};
use super::parts::heading::{heading, wall};
use crate::text::width;
use crate::theme::Role;
use crate::ui::all_results::{By, Class, Mark, Row, Scope};
use crate::ui::message::Layout;
use crate::ui::mouse::Hit;
use crate::ui::outcome::ItemOutcome;
use crate::ui::{Mood, Said, State};

/// From so many rows on each group has a row of its own.
const TALL: u16 = 30;

/// From so many columns on what is known of the selected item stands beside the groups.
const WIDE: u16 = 100;

/// From so many rows on it has a row at the end where it has none beside them.
const ROOMY: u16 = 15;

/// Rows that it has there at most.
const END: u16 = 8;

/// Rows of groups at least where something stands beside them.
const BESIDE: usize = 6;

/// Draws it, and says how many rows of the table there is room for.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State) -> Layout {
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        canvas.line(row, &counts(state, usize::from(row.width)));
    }
    if let Some(row) = flow.row() {
        groupings(canvas, row, state);
    }
    let is_tall = area.height >= TALL;
    let is_beside = is_tall && area.width >= WIDE;
    let found = state.all_results.groups();
    if is_tall {
        let least = if is_beside { BESIDE } else { 1 };
        let rows = (found.len() + 1).clamp(least, usize::from(area.height / 3).max(least));
        if let Some(panel) = flow.take(rows) {
            let left = Rect { width: if is_beside { area.width * 2 / 5 } else { area.width }, ..panel };
            groups::bars(canvas, left, state, &found);
            if is_beside {
                let x = left.right() + 1;
                wall(canvas, Rect { x, width: 1, ..panel });
                selected(canvas, Rect { x: x + 2, width: panel.right().saturating_sub(x + 2), ..panel }, state);
            }
        }
        flow.row();
    } else {
        groups::chips(canvas, &mut flow, state, &found);
    }
    let has_end = !is_beside && area.height >= ROOMY;
    let rest = flow.rest();
    // what the table does not need is the selected item's
    let spare = usize::from(rest.height).saturating_sub(state.all_results.shown.len() + 2);
    let end = if has_end { u16::try_from(spare).unwrap_or(u16::MAX).clamp(2, END) } else { 0 };
    let table = Rect { height: rest.height.saturating_sub(end), ..rest };
    let rows = table::draw(canvas, table, state);
    let end = Rect { y: table.bottom(), height: rest.height - table.height, ..rest };
    match end.height {
        0 => {}
        1..=2 => selected_short(canvas, end, state),
        _ => selected(canvas, end, state),
    }
    Layout { results_rows: rows, ..Layout::default() }
}

/// `12 of 24 items have numbers   3 beyond noise   2 tainted`; why there are none.
fn counts(state: &State, cols: usize) -> Words {
    let rows = &state.all_results.rows;
    let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    let marked = |is: fn(&Mark) -> bool| count(&|row| row.marks.iter().any(is));
    let measured = count(&Row::has_numbers);
    if rows.is_empty() {
        return Words::of(Role::Muted, "no items yet: results stand here once the plan is read");
    }
    if measured == 0 {
        return Words::of(Role::Warn, "no item has numbers yet").add(Role::Muted, format!(": {}", nothing_yet(state)));
    }
    let whose = if state.all_results.scope == Scope::Every { " of all runs" } else { "" };
    let items = if rows.len() == 1 { "item has" } else { "items have" };
    let head = Words::of(Role::Strong, format!("{measured} of {} {items} numbers{whose}", rows.len()));
    let parts = [
        (count(&|row| row.rung == Some(crate::domain::Rung::BeyondNoise)), "beyond noise", Role::Good),
        (marked(|mark| matches!(mark, Mark::Tainted(_))), "tainted", Role::Warn),
        (marked(|mark| matches!(mark, Mark::Forced | Mark::Suspicious(_) | Mark::Secrets(_))), "suspicious", Role::Warn),
        (marked(|mark| matches!(mark, Mark::Repaired(_))), "repaired", Role::Text),
        (marked(|mark| matches!(mark, Mark::Reused(_))), "reused", Role::Text),
        (marked(|mark| matches!(mark, Mark::Samples(1))), "of one sample", Role::Muted),
        (count(&|row| row.class == Class::ToCome), "to come", Role::Muted),
    ];
    let mut words = head;
    for (n, name, role) in parts.into_iter().filter(|(n, ..)| *n > 0) {
        let part = format!("{n} {name}");
        // a word that is cut says nothing
        if words.width() + 3 + width::width(&part) <= cols {
            words = words.add(Role::Text, "   ").add(role, part);
        }
    }
    words
}

/// Why no item has numbers, and what is to be done.
fn nothing_yet(state: &State) -> String {
    let has_arms = state.run.stages.iter().any(|stage| stage.arm().is_some());
    let to_come = state.all_results.rows.iter().filter(|row| row.class == Class::ToCome).count();
    if state.is_others() && !has_arms {
        return "ISO-Bench measures with a script of its own; open its folder of results, or `isobench-tui report` both".to_owned();
    }
    if !has_arms {
        return "this run has no benchmark stages; [arms] in the configuration makes them".to_owned();
    }
    if to_come == 0 {
        return "all items ended before; `o` groups them by failure".to_owned();
    }
    let over = state.all_results.rows.len() - to_come;
    let measured = state.run.live_item().filter(|live| live.live_stage().is_some_and(|record| record.stage.arm().is_some()));
    let later = to_come - usize::from(measured.is_some());
    let parts = [
        (over > 0).then(|| format!("{over} ended without")),
        measured.map(|live| format!("{} is measured now", live.id)),
        (over == 0 && measured.is_none()).then(|| "the benchmarks come after the agent".to_owned()),
        (later > 0).then(|| format!("{later} to come")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `by  class  type  rung …`, and to what the table is cut down.
fn groupings(canvas: &mut Canvas<'_>, row: Rect, state: &State) {
    let all_results = &state.all_results;
    let mut x = row.x;
    let mut put = |canvas: &mut Canvas<'_>, words: &Words, hit: Option<(Hit, bool)>| {
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX);
        if x.saturating_add(wide) > row.right() {
            return;
        }
        let place = Rect { x, width: wide, ..row };
        canvas.line(place, words);
        if let Some((hit, is_chosen)) = hit {
            if is_chosen {
                canvas.tint(place, Role::Selected);
            }
            canvas.spot(place, hit);
        }
        x = x.saturating_add(wide);
    };
    put(canvas, &Words::of(Role::Muted, "by "), None);
    for by in By::ALL {
        let is_chosen = by == all_results.by;
        let role = if is_chosen { Role::Strong } else { Role::Muted };
        put(canvas, &Words::of(role, format!(" {} ", by.name())), Some((Hit::Grouping(by), is_chosen)));
    }
    let mut only: Vec<String> = all_results.only.iter().map(|group| format!("{} {}", group.by().name(), group.name())).collect();
    only.extend(all_results.since.map(|_| "since your last look".to_owned()));
    if !only.is_empty() {
        let says = format!("only {}", only.join(", "));
        let room = usize::from(row.right().saturating_sub(x)).saturating_sub(2);
        let words = Words::of(Role::Warn, width::clip(&says, room.saturating_sub(9)).into_owned())
            .add(Role::Accent, "  Esc")
            .add(Role::Muted, " all");
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX).min(u16::try_from(room).unwrap_or(u16::MAX));
        canvas.line(Rect { x: row.right() - wide, width: wide, ..row }, &words);
    }
}

/// What is to be known of the selected item, in sentences.
fn sentences(state: &State, row: &Row) -> Vec<Said> {
    let item = state.run.item(&row.item).filter(|_| row.run.is_none());
    let outcome = item.map(ItemOutcome::of).unwrap_or_default();
    let mut says: Vec<Said> = outcome.verdict.into_iter().collect();
    says.extend(outcome.told.map(|told| Said::new(if row.is_problem { Mood::Bad } else { Mood::Calm }, told)));
    says.extend(row.run.as_ref().map(|run| Said::new(Mood::Quiet, format!("of the run {run}"))));
    // the comparison says itself that it is doubtful for a taint
    let is_told = |mark: &Mark| matches!(mark, Mark::Samples(_)) || (matches!(mark, Mark::Tainted(_)) && !says.is_empty());
    let marks: Vec<&Mark> = row.marks.iter().filter(|mark| !is_told(mark)).collect();
    says.extend(marks.into_iter().map(|mark| Said::new(if mark.is_doubt() { Mood::Warn } else { Mood::Calm }, mark.words())));
    if let Some((asked, Some(run))) = &row.model
        && !outcome.why_not.iter().any(|why| why.contains(run.as_str()))
    {
        says.push(Said::new(Mood::Calm, format!("served {run} in the place of {asked}")));
    }
    says.extend(outcome.judged);
    says.extend(outcome.why_not.into_iter().map(|why| Said::new(Mood::Quiet, why)));
    if says.is_empty() {
        says.extend(outcome.conclusion);
    }
    if says.is_empty() {
        let status = item.map_or("", |item| item.status());
        says.push(Said::new(Mood::Quiet, format!("{status}: no numbers yet")));
    }
    says
}

fn selected(canvas: &mut Canvas<'_>, area: Rect, state: &State) {
    let mut flow = Flow::new(area);
    let Some(row) = state.all_results.row(state) else { return };
    if let Some(head) = flow.row() {
        heading(canvas, head, &row.item.0, row.class.name());
    }
    for said in sentences(state, row) {
        for line in width::wrap(&said.text, usize::from(area.width), 3) {
            let Some(place) = flow.row() else { return };
            canvas.line(place, &Words::of(role(said.mood), line));
        }
    }
}

fn selected_short(canvas: &mut Canvas<'_>, area: Rect, state: &State) {
    let mut flow = Flow::new(area);
    let Some(row) = state.all_results.row(state) else { return };
    if let Some(head) = flow.row() {
        heading(canvas, head, &row.item.0, "");
    }
    let words = sentences(state, row).into_iter().enumerate().fold(Words::new(), |words, (at, said)| {
        let words = if at == 0 { words } else { words.add(Role::Faint, format!("  {}  ", canvas.glyphs().dot)) };
        words.add(role(said.mood), said.text)
    });
    if let Some(place) = flow.row() {
        canvas.line(inset(place, 0), &words);
    }
}
