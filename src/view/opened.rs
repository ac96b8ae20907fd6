//! The top of the screen of one item that was opened: no list stands around it, so what it is stands here.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::canvas::{Canvas, Flow, Words};
use super::queue::{status_role, status_word};
use crate::domain::ids::short_sha;
use crate::model::{Energy, Item, ItemState};
use crate::text::{self, duration, width};
use crate::theme::Role;
use crate::ui::State;
use crate::ui::pages::Extent;
use crate::ui::state::Trail;

/// Draws its two rows: where it lies and how it ended; who was at work, and what that took.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, state: &State, item: &Item, now: Timestamp) {
    let mut flow = Flow::new(area);
    if let Some(row) = flow.row() {
        let end = end(state, item);
        let room = usize::from(row.width).saturating_sub(end.width() + 2);
        let path = state.path.as_deref().unwrap_or(&state.run_id.0);
        canvas.ends(row, &Words::of(Role::Strong, end_of_path(path, room)), &end);
    }
    if let Some(row) = flow.row() {
        let dot = canvas.glyphs().dot;
        let commits = Words::of(Role::Muted, commits(item));
        let room = usize::from(row.width);
        let facts = facts(state, item, now, dot);
        let fits = |facts: &&Words| facts.width() <= room;
        let both = facts.iter().find(|facts| facts.width() + commits.width() + 2 <= room && facts.width() * 2 > room);
        match both.or_else(|| facts.iter().find(fits)).or_else(|| facts.last()) {
            Some(facts) => canvas.ends(row, facts, &commits),
            None => canvas.line(row, &commits),
        }
    }
}

/// `failed  agent_budget`.
fn end(state: &State, item: &Item) -> Words {
    if state.is_unread {
        return Words::new();
    }
    let words = Words::of(status_role(state, item), status_word(state, item));
    match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => words.add(Role::Muted, format!("  {}", class.name())),
        ItemState::Done if item.is_done_without_agent() => words.add(Role::Warn, ", agent failed"),
        _ => words,
    }
}

/// `b690e348 on 25373b6c`: the commit that the item is about, and its parent.
fn commits(item: &Item) -> String {
    match (short_sha(&item.human), short_sha(&item.parent)) {
        ("", "") => String::new(),
        (human, "") => human.to_owned(),
        (human, parent) => format!("{human} on {parent}"),
    }
}

/// The facts in fewer and fewer words: `trae · gpt-5 · 58 steps · 3.3M tokens · $1.20 · 28m10s`.
fn facts(state: &State, item: &Item, now: Timestamp, dot: &str) -> Vec<Words> {
    let trail = state.shown_trail();
    let totals = trail.map(|trail| trail.totals).or_else(|| item.totals());
    let counted = |trail: &Trail| match trail.pages.map(|pages| pages.all) {
        None => Some(trail.steps.len()),
        Some(Extent::Steps(all)) => Some(all),
        Some(Extent::Counting(_)) => None,
    };
    let steps = trail.map_or_else(|| usize::try_from(totals?.steps?).ok(), counted);
    let worked = item.worked_ms(state.clock(now));
    let tokens = totals.map(|totals| totals.usage.total()).filter(|tokens| *tokens > 0);
    let cost = totals.and_then(|totals| totals.cost_micro_usd);
    let numbers: Vec<String> = [
        steps.map(|steps| text::count(steps, "step")),
        tokens.map(|tokens| format!("{} tokens", text::tokens(tokens))),
        cost.map(dollars),
        Some(worked).filter(|worked| *worked > 0).map(duration::short),
        item.energy().map(Energy::words),
    ]
    .into_iter()
    .flatten()
    .collect();
    let who: Vec<&str> = [state.run.agent.as_str(), state.run.model.as_str(), state.run.task_id.as_str()]
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    let said = |names: usize, most: usize| {
        let parts: Vec<&str> = who.iter().take(names).copied().chain(numbers.iter().take(most).map(String::as_str)).collect();
        Words::of(Role::Text, parts.join(&format!(" {dot} ")))
    };
    let all = numbers.len();
    [(3, all), (2, all), (1, all), (0, all), (0, 2), (0, 1)].map(|(names, numbers)| said(names, numbers)).into()
}

/// `$1.20`; what is less than a cent says so.
fn dollars(micro: u64) -> String {
    let cents = micro.div_ceil(10_000);
    if micro < 10_000 { "under $0.01".to_owned() } else { format!("${}.{:02}", cents / 100, cents % 100) }
}

/// The end of a path: as many of its folders as there is room for.
fn end_of_path(path: &str, cols: usize) -> String {
    if width::width(path) <= cols {
        return path.to_owned();
    }
    let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at..));
    let fitting = ends.map(|end| format!("…{end}")).find(|end| width::width(end) <= cols);
    fitting.unwrap_or_else(|| width::middle(path.rsplit('/').next().unwrap_or(path), cols).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_end() {
        assert_eq!(end_of_path("/a/b/c", 6), "/a/b/c");
        assert_eq!(end_of_path("/state/runs/vllm/item-0001", 16), "…/vllm/item-0001");
        assert_eq!(end_of_path("/state/runs/vllm/item-0001", 8), "item…001");
    }

    #[test]
    fn money_is_told_in_cents() {
        assert_eq!([0, 9_999, 10_000, 1_234_567].map(dollars), ["under $0.01", "under $0.01", "$0.01", "$1.24"]);
    }
}
