//! The dialog that prunes: first it is looked at what would go and what stays, then it is begun.

use super::{Errand, Machine};
use crate::domain::{PrunePlan, PruneScope};
use crate::ui::message::Layout;
use crate::ui::prompt::Line;
use crate::ui::state::{Over, State};
use crate::ui::{Effect, Key, Mood, Said};

/// What is typed before everything goes.
pub const WORD: &str = "all";

/// A prune that is wished for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// What may go.
    pub scope: PruneScope,
    /// Whether volumes may.
    pub volumes: bool,
}

/// The dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What would be removed.
    pub order: Order,
    /// The number of the dry run.
    pub number: u64,
    /// What it found.
    pub plan: Plan,
    /// The first row shown.
    pub top: usize,
    /// What was typed of [`WORD`]; `None`: it is not asked for.
    pub typed: Option<Line>,
}

/// What a dry run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing yet.
    Looking,
    /// What goes and what stays.
    Found(Box<PrunePlan>),
    /// It could not look, for this reason.
    Failed(String),
}

/// Opens it with a dry run of what is ours.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    look(state, Order::default())
}

/// Looks what such a prune would remove.
fn look(state: &mut State, order: Order) -> Vec<Effect> {
    let Machine { looks, .. } = &mut state.machine;
    *looks += 1;
    let number = *looks;
    state.over = Over::Prune(Box::new(Dialog { order, number, plan: Plan::Looking, top: 0, typed: None }));
    vec![Effect::Machine(Box::new(Errand::Plan(number, order)))]
}

/// A dry run is over.
pub(super) fn planned(state: &mut State, number: u64, plan: Result<Box<PrunePlan>, String>) {
    // one that was asked for before something else was is not waited for any more
    if let Over::Prune(dialog) = &mut state.over
        && dialog.number == number
    {
        dialog.plan = plan.map_or_else(Plan::Failed, Plan::Found);
    }
}

/// A key while it is open.
pub(in crate::ui) fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let Layout { pane_rows, pane_lines, .. } = state.layout;
    let Over::Prune(dialog) = &mut state.over else { return Vec::new() };
    if let Some(line) = &mut dialog.typed {
        match key {
            Key::Esc | Key::Ctrl('c') => dialog.typed = None,
            Key::Enter if line.text().trim() == WORD => return begin(state),
            Key::Enter => state.remark(Said::new(Mood::Warn, format!("type {WORD}, then Enter; Esc goes back"))),
            _ => drop(line.take(key)),
        }
        return Vec::new();
    }
    let most = pane_lines.saturating_sub(pane_rows);
    let (order, top, page) = (dialog.order, dialog.top.min(most), pane_rows.max(1));
    let to = match key {
        Key::Esc | Key::Char('q' | 'n') | Key::Ctrl('c') => {
            state.over = Over::Nothing;
            return Vec::new();
        }
        Key::Char('a') => return look(state, Order { scope: other(order.scope), volumes: false }),
        Key::Char('v') if order.scope == PruneScope::All => return look(state, Order { volumes: !order.volumes, ..order }),
        Key::Char('r') => return look(state, order),
        Key::Char('y') => return confirm(state),
        Key::Down | Key::Char('j') => top + 1,
        Key::Up | Key::Char('k') => top.saturating_sub(1),
        Key::PageDown | Key::Char(' ') => top + page,
        Key::PageUp => top.saturating_sub(page),
        Key::Home | Key::Char('g') => 0,
        Key::End | Key::Char('G') => most,
        _ => top,
    };
    dialog.top = to.min(most);
    Vec::new()
}

/// Text that was pasted goes into what is typed.
pub(in crate::ui) fn paste(state: &mut State, pasted: &str) {
    if let Over::Prune(dialog) = &mut state.over
        && let Some(line) = &mut dialog.typed
    {
        line.paste(pasted);
    }
}

const fn other(scope: PruneScope) -> PruneScope {
    match scope {
        PruneScope::Run => PruneScope::All,
        PruneScope::All => PruneScope::Run,
    }
}

/// Begins it; where things go that are not ours a word is typed first.
fn confirm(state: &mut State) -> Vec<Effect> {
    let Over::Prune(dialog) = &mut state.over else { return Vec::new() };
    let Plan::Found(plan) = &dialog.plan else { return Vec::new() };
    if plan.going().next().is_none() {
        state.remark(Said::new(Mood::Quiet, "there is nothing to remove"));
        return Vec::new();
    }
    if dialog.order.scope == PruneScope::All {
        dialog.typed = Some(Line::default());
        return Vec::new();
    }
    begin(state)
}

fn begin(state: &mut State) -> Vec<Effect> {
    let Over::Prune(dialog) = &state.over else { return Vec::new() };
    let order = dialog.order;
    state.over = Over::Nothing;
    vec![Effect::Machine(Box::new(Errand::Begin(order)))]
}
