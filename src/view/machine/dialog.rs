//! The dialog that prunes: what would go and why, what stays and why.

use ratatui::layout::Rect;

use crate::domain::{Fate, PrunePlan, PruneScope, Thing};
use crate::text::{bytes, width};
use crate::theme::Role;
use crate::ui::machine::prune::{Dialog, Plan, WORD};
use crate::ui::machine::{Machine, told};
use crate::ui::message::Layout;
use crate::view::canvas::{Canvas, Flow, Words, row_of};
use crate::view::parts::dialog::dialog;

/// Columns of the text at most.
const COLS: u16 = 110;

/// Rows besides the list: title, totals, a blank row above the list and one below it, and the keys.
const AROUND: u16 = 5;

/// Draws it and says how much room its list has.
pub fn draw(canvas: &mut Canvas<'_>, machine: &Machine, open: &Dialog) -> Layout {
    let frame = canvas.area();
    let cols = COLS.min(frame.width.saturating_sub(8)).max(1);
    let rows = match &open.plan {
        Plan::Found(plan) => listed(plan),
        Plan::Looking | Plan::Failed(_) => Vec::new(),
    };
    let most = frame.height.saturating_sub(4);
    let list = u16::try_from(rows.len()).unwrap_or(u16::MAX).max(1).min(most.saturating_sub(AROUND + 2));
    let inside = dialog(canvas, cols, list.saturating_add(AROUND));
    let mut flow = Flow::new(inside);
    if let Some(row) = flow.row() {
        canvas.ends(
            row,
            &Words::of(Role::Strong, title(open)),
            &Words::of(Role::Muted, if rows.is_empty() { "" } else { "dry run: nothing is removed yet" }),
        );
    }
    if let Some(row) = flow.row() {
        canvas.line(row, &totals(machine, open));
    }
    let list = usize::from(list).min(flow.left().saturating_sub(3).max(1));
    flow.row();
    let top = open.top.min(rows.len().saturating_sub(list));
    if let Some(area) = flow.take(list) {
        for (at, row) in rows.iter().skip(top).take(list).enumerate() {
            fate_row(canvas, row_of(area, at), row);
        }
        if let Plan::Failed(why) = &open.plan {
            canvas.line(area, &Words::of(Role::Bad, why.as_str()));
        }
    }
    if rows.len() > list {
        if let Some(row) = flow.row() {
            let says = format!("{}–{} of {}", top + 1, (top + list).min(rows.len()), rows.len());
            canvas.ends(row, &Words::new(), &Words::of(Role::Muted, says));
        }
    } else {
        flow.row();
    }
    if let Some(row) = flow.row() {
        keys(canvas, row, open);
    }
    Layout { pane_rows: list, pane_lines: rows.len(), ..Layout::default() }
}

fn title(open: &Dialog) -> String {
    let volumes = if open.order.volumes { ", volumes too" } else { "" };
    format!("Prune {}{volumes}", told::scope(open.order.scope))
}

/// `4 images and 1 container go: 48.2 GB; 9 things stay`.
fn totals(machine: &Machine, open: &Dialog) -> Words {
    let plan = match &open.plan {
        Plan::Looking => return Words::of(Role::Muted, "looking what would go…"),
        Plan::Failed(_) => return Words::of(Role::Muted, "it could not be looked at"),
        Plan::Found(plan) => plan,
    };
    let (going, staying) = (plan.going().count(), plan.staying().count());
    if going == 0 {
        return Words::of(Role::Text, "there is nothing to remove").add(Role::Muted, format!("; {staying} stay"));
    }
    let unknown = plan.going().any(|fate| fate.bytes.is_none());
    if unknown && plan.promised() == 0 {
        return Words::of(Role::Text, format!("{going} go; nobody can tell what that frees")).add(Role::Muted, format!("; {staying} stay"));
    }
    let frees = format!("{}{}", if unknown { "at least " } else { "" }, bytes(plan.promised()));
    let then = machine.engine_disk().map(|disk| format!(", then {} are free", bytes(disk.free.saturating_add(plan.promised()))));
    Words::of(Role::Text, format!("{going} go and free {frees}{}", then.unwrap_or_default())).add(Role::Muted, format!("; {staying} stay"))
}

/// What goes, in order, then what stays; what costs room first where order does not matter.
fn listed(plan: &PrunePlan) -> Vec<&Fate> {
    plan.going().chain(plan.staying()).collect()
}

/// `goes   9.8 GB  image      org/x:1  no item waits for it`.
fn fate_row(canvas: &mut Canvas<'_>, row: Rect, fate: &Fate) {
    let size = fate.bytes.map(bytes).unwrap_or_default();
    let (word, role, text) = if fate.goes { ("goes ", Role::Warn, Role::Text) } else { ("stays", Role::Muted, Role::Muted) };
    let thing = match fate.thing {
        Thing::Container => "container",
        Thing::Network => "network",
        Thing::Volume => "volume",
        Thing::Image => "image",
        Thing::BuildCache => "cache",
    };
    let head = Words::of(role, word).add(Role::Muted, format!("  {size:>8}  {thing:<9}  "));
    let room = usize::from(row.width).saturating_sub(head.width());
    let name = width::middle(&fate.name, room * 3 / 5).into_owned();
    canvas.line(row, &head.add(text, name).add(Role::Muted, format!("  {}", fate.why)));
}

fn keys(canvas: &mut Canvas<'_>, row: Rect, open: &Dialog) {
    if let Some(line) = &open.typed {
        let (before, behind) = line.split();
        let ask = format!("images that no run of ours pulled go too: type {WORD} and Enter  ");
        let words = Words::of(Role::Warn, ask).add(Role::Strong, before);
        let at = u16::try_from(words.width()).unwrap_or(u16::MAX);
        canvas.line(row, &words.add(Role::Strong, behind));
        canvas.cursor(Rect { x: row.x.saturating_add(at), width: 1, ..row });
        return;
    }
    let is_all = open.order.scope == PruneScope::All;
    let has_going = matches!(&open.plan, Plan::Found(plan) if plan.going().next().is_some());
    let mut keys = Words::new();
    let offers = [
        (has_going, "y", "remove them"),
        (true, "a", if is_all { "only ours" } else { "everything unused" }),
        (is_all, "v", if open.order.volumes { "no volumes" } else { "volumes too" }),
        (true, "r", "look again"),
        (true, "Esc", "leave it"),
    ];
    for (_, key, says) in offers.into_iter().filter(|(is_offered, ..)| *is_offered) {
        keys = keys.add(Role::Accent, key).add(Role::Text, format!(" {says}   "));
    }
    canvas.line(row, &keys);
}
