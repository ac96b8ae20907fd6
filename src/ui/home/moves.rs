//! Getting about in the list: what is selected, what is seen, what is found.

use super::{Chosen, Entry, Home};
use crate::ui::apart::Apart;
use crate::ui::words::NO_SEARCH;
use crate::ui::{Action, Mood, Said};

/// Selects what stands at a place of the list.
pub(super) fn select_at(home: &mut Home, at: usize) {
    let last = home.entries().count().saturating_sub(1);
    let Some(entry) = home.entries().nth(at.min(last)) else { return };
    home.chosen = Chosen::ByHand;
    if home.selected.as_ref() != Some(&entry) {
        home.selected = Some(entry);
        home.scroll = 0;
    }
}

/// Selects by itself, as long as nobody did and what it would be is known; mends a selection of something that is gone.
pub(super) fn settle(home: &mut Home) {
    let is_there = home.selected.as_ref().is_some_and(|selected| home.entries().any(|entry| entry == *selected));
    let may_come = home.runs.is_none() || home.found.is_none();
    if home.chosen == Chosen::ByHand && (is_there || may_come) {
        return;
    }
    // of plans alone the first may not be it: a run may come before it
    let first = if home.runs.is_some() { home.entries().next() } else { None };
    if first != home.selected {
        home.selected = first;
        home.scroll = 0;
    }
}

/// Does what a key that moves asks for; whether it was one.
pub(super) fn perform(home: &mut Home, action: Action) -> bool {
    let at = home.selected_at().unwrap_or_default();
    let most = home.layout.detail_lines.saturating_sub(home.layout.detail_rows);
    let page = home.layout.detail_rows.saturating_sub(1).max(1);
    match action {
        Action::Down => select_at(home, at + 1),
        Action::Up => select_at(home, at.saturating_sub(1)),
        // what does not fit is read on; where all fits the list moves
        Action::PageDown if most > 0 => home.scroll = (home.scroll + page).min(most),
        Action::PageUp if most > 0 => home.scroll = home.scroll.min(most).saturating_sub(page),
        Action::PageDown => select_at(home, at + home.layout.run_rows.max(1)),
        Action::PageUp => select_at(home, at.saturating_sub(home.layout.run_rows.max(1))),
        Action::First => select_at(home, 0),
        Action::Last => select_at(home, usize::MAX),
        _ => return false,
    }
    true
}

/// Moves what is read of the selected entry by so many rows.
pub(super) fn scroll(home: &mut Home, action: Action, rows: usize) {
    let most = home.layout.detail_lines.saturating_sub(home.layout.detail_rows);
    home.scroll = if action == Action::Down { home.scroll + rows } else { home.scroll.saturating_sub(rows) }.min(most);
}

/// Keeps the selected entry in sight.
pub(super) fn keep_in_sight(home: &mut Home) {
    let Some(at) = home.selected_at() else { return };
    let runs = home.runs().len();
    let all = home.entries().count();
    let near = |top: usize, at: usize, rows: usize, all: usize| {
        let rows = rows.max(1);
        top.min(all.saturating_sub(rows)).clamp((at + 1).saturating_sub(rows), at)
    };
    if at < runs {
        home.top = near(home.top, at, home.layout.run_rows, runs);
    } else {
        home.plan_top = near(home.plan_top, at - runs, home.layout.plan_rows, all - runs);
    }
}

/// What a search looks at in an entry.
fn words_of(home: &Home, entry: &Entry) -> String {
    match entry {
        Entry::Run(id) => match home.runs().iter().find(|run| run.id == *id).and_then(|run| run.summary()) {
            Some(run) => format!("{id} {} {} {} {} {}", run.state.name(), run.agent, run.model, run.task, run.plan),
            None => id.0.clone(),
        },
        Entry::Plan(path) => path.display().to_string(),
        Entry::Demo => "demo".to_owned(),
    }
}

/// Whether an entry is what is searched for.
pub(super) fn is_found(home: &Home, entry: &Entry) -> bool {
    home.find.as_ref().is_some_and(|find| find.is_in(&words_of(home, entry)))
}

/// To the next entry that is searched for, or the one before.
pub(super) fn find(home: &mut Home, action: Action) {
    let Some(find) = home.find.clone() else {
        return home.remark(Said::new(Mood::Quiet, NO_SEARCH));
    };
    let found: Vec<usize> = home.entries().enumerate().filter(|(_, entry)| find.is_in(&words_of(home, entry))).map(|(at, _)| at).collect();
    let at = home.selected_at().unwrap_or_default();
    let next = match action {
        Action::FindPrevious => found.iter().rev().find(|other| **other < at).or(found.last()),
        _ => found.iter().find(|other| **other > at).or(found.first()),
    };
    match next {
        Some(next) => {
            let says = format!("{} of {}", found.iter().position(|other| other == next).unwrap_or_default() + 1, found.len());
            select_at(home, *next);
            home.remark(Said::new(Mood::Quiet, says));
        }
        None => home.remark(Said::new(Mood::Quiet, format!("nothing here is called '{}'", find.text))),
    }
}
