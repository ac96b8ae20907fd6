//! Getting about in the tree: what is selected, what is folded, what is in sight.

use super::row::Place;
use super::tree::{build, id_of};
use super::{Browse, Selected};
use crate::ui::Action;

/// Builds the tree anew, and keeps what is selected.
pub(super) fn rebuild(browse: &mut Browse) {
    let was_at = browse.selected_at();
    let tree = {
        let browse = &*browse;
        build(browse.rows(), &browse.filter, browse.sort, &|id, is_leaf| browse.is_open(id, is_leaf))
    };
    browse.tree = tree;
    if browse.selected_at().is_none() {
        // what was folded away leaves its node, what is gone its neighbour
        let node = match &browse.selected {
            Some(Selected::Row(place)) => node_of(browse, place),
            _ => None,
        };
        match node.and_then(|id| browse.tree.lines.iter().position(|line| browse.node_of(line).is_some_and(|node| node.id == id))) {
            Some(at) => select_at(browse, at),
            None => select_at(browse, was_at.unwrap_or_default()),
        }
    }
}

/// The nearest node above an item that is in the list.
fn node_of(browse: &Browse, place: &Place) -> Option<String> {
    Some(id_of(&browse.row(place)?.branch))
}

/// Selects what stands at a place of the list.
pub(super) fn select_at(browse: &mut Browse, at: usize) {
    let last = browse.tree.lines.len().saturating_sub(1);
    let Some(line) = browse.tree.lines.get(at.min(last)) else {
        browse.selected = None;
        return;
    };
    let selected = match (browse.node_of(line), browse.row_of(line)) {
        (Some(node), _) => Some(Selected::Node(node.id.clone())),
        (None, Some(row)) => Some(Selected::Row(row.place.clone())),
        (None, None) => None,
    };
    browse.selected = selected;
}

/// Keeps the selected line in sight.
pub(super) fn keep_in_sight(browse: &mut Browse) {
    let Some(at) = browse.selected_at() else { return };
    let rows = browse.layout.rows.max(1);
    browse.top = browse.top.min(browse.tree.lines.len().saturating_sub(rows)).clamp((at + 1).saturating_sub(rows), at);
}

/// Does what a key that moves asks for; whether it was one.
pub(super) fn perform(browse: &mut Browse, action: Action) -> bool {
    let at = browse.selected_at().unwrap_or_default();
    match action {
        Action::Left => out(browse, at),
        Action::Right => into(browse, at),
        Action::FoldAll => fold_all(browse),
        _ => {
            let last = browse.tree.lines.len().saturating_sub(1);
            let Some(to) = action.leads(at, browse.layout.rows.saturating_sub(1), last) else { return false };
            select_at(browse, to);
        }
    }
    true
}

/// Folds a node, or goes to the one above.
fn out(browse: &mut Browse, at: usize) {
    let node = browse.selected_node().map(|node| (node.id.clone(), node.is_leaf, node.depth));
    let depth = match node {
        Some((id, is_leaf, _)) if browse.is_open(&id, is_leaf) => return fold(browse, id, false),
        Some((_, _, depth)) => depth,
        None => usize::MAX,
    };
    let above = browse.tree.lines.iter().take(at).rposition(|line| browse.node_of(line).is_some_and(|node| node.depth < depth));
    if let Some(above) = above {
        select_at(browse, above);
    }
}

/// Unfolds a node, or goes to the first below it.
fn into(browse: &mut Browse, at: usize) {
    let Some((id, is_leaf)) = browse.selected_node().map(|node| (node.id.clone(), node.is_leaf)) else { return };
    if browse.is_open(&id, is_leaf) { select_at(browse, at + 1) } else { fold(browse, id, true) }
}

/// Folds a node, or unfolds it.
pub(super) fn fold(browse: &mut Browse, id: String, open: bool) {
    browse.folds().each.insert(id, open);
    rebuild(browse);
}

/// Turns the fold of the selected node.
pub(super) fn turn(browse: &mut Browse) {
    if let Some((id, is_leaf)) = browse.selected_node().map(|node| (node.id.clone(), node.is_leaf)) {
        let open = !browse.is_open(&id, is_leaf);
        fold(browse, id, open);
    }
}

/// Unfolds everything; where nothing is folded, folds the runs.
fn fold_all(browse: &mut Browse) {
    let is_any_folded = browse.tree.nodes.iter().any(|node| !browse.is_open(&node.id, node.is_leaf));
    let folds = browse.folds();
    folds.each.clear();
    folds.all = Some(is_any_folded);
    rebuild(browse);
}

/// Selects an item, and unfolds what hides it.
pub(super) fn reveal(browse: &mut Browse, place: &Place) {
    browse.selected = Some(Selected::Row(place.clone()));
    if browse.selected_at().is_none()
        && let Some(row) = browse.row(place)
    {
        let below = id_of(&row.branch);
        let above: Vec<String> = browse.tree.nodes.iter().map(|node| node.id.clone()).filter(|id| below.starts_with(id.as_str())).collect();
        for id in above {
            browse.folds().each.insert(id, true);
        }
        rebuild(browse);
        browse.selected = Some(Selected::Row(place.clone()));
    }
    keep_in_sight(browse);
}
