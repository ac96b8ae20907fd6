//! What a key meant, as what can be written: texts that come from the state and from the drawing are made here.

use super::{From, Material, Whereabouts};
use crate::detect::Human;
use crate::domain::AttemptId;
use crate::host::clock;
use crate::report::{self, Surroundings};
use crate::shell::log;
use crate::shell::places::Places;
use crate::theme::Theme;
use crate::ui::log::Source;
use crate::ui::message::Sight;
use crate::ui::outside::{Errand, Part, Way, What};
use crate::ui::{State, now};
use crate::view;

/// Columns of a result that is taken as a whole.
const COLUMNS: u16 = 100;

/// Makes it. The error is a sentence.
pub(in crate::shell) fn material(errand: Errand, state: &State, theme: &Theme, places: &Places) -> Result<(Way, Material), String> {
    let Errand { way, what } = errand;
    let (name, stem) = (what.name(), what.stem());
    let from = match what {
        What::Text { text, .. } => From::Text(text),
        What::Queue => From::Text(queue(state, places)),
        What::Step(attempt, index) => From::Step(trajectory(places, &attempt), index),
        What::Steps(attempt) => {
            let (rows, human) = about(state, &attempt);
            From::Steps { title: attempt.to_string(), of: trajectory(places, &attempt), rows, human }
        }
        What::Result(item, part) => {
            let item = state.run.item(&item).ok_or("the item is not in the run any more")?;
            let seen = part == Part::Seen;
            let cols = if seen { u16::try_from(state.layout.pane_cols).unwrap_or(COLUMNS).max(20) } else { COLUMNS };
            let lines = view::item::result(state, item, theme, cols, clock::now());
            let (skip, take) = if seen { (state.reading.result_top, state.layout.pane_rows) } else { (0, usize::MAX) };
            let head = format!("{}: {}\n", item.id, item.status());
            let why = item.why().filter(|_| !seen).map_or_else(String::new, |why| format!("{why}\n"));
            let page: String = lines.iter().skip(skip).take(take).flat_map(|line| [line.as_str(), "\n"]).collect();
            From::Text(if seen { page } else { format!("{head}{why}\n{page}") })
        }
        What::Line(source, at) => From::Line(log::path(places, &source), at),
        What::File { source, at, .. } => {
            let ending = if matches!(source, Source::Patch(_)) { "diff" } else { "log" };
            From::File { path: log::path(places, &source), at, ending }
        }
    };
    Ok((way, Material { name, stem, from }))
}

/// Where the trajectory of an attempt lies.
fn trajectory(places: &Places, attempt: &AttemptId) -> Whereabouts {
    let instance = places.other(&attempt.item).and_then(|place| place.instance);
    Whereabouts::At(places.item_folder(attempt), instance)
}

/// The list as `status` prints it.
fn queue(state: &State, places: &Places) -> String {
    let pid = |sight| if let Sight::Alive(pid) = sight { Some(pid) } else { None };
    let around = Surroundings {
        folder: places.base(),
        runner: pid(state.runner),
        orphan: pid(state.keeper),
        has_ended: false,
        free: state.free,
        limits: report::Limits { steps: state.limits.steps, tokens: state.limits.tokens },
        hint: now::hint,
        newer_format: None,
        ahead: None,
        others: None,
        now: clock::now(),
    };
    state.masker.mask(&report::table(&state.run, &around, None)).into_owned()
}

/// What the files of an agent do not tell of it.
fn about(state: &State, attempt: &AttemptId) -> (Vec<report::head::Row>, Option<Human>) {
    let Some(item) = state.run.item(&attempt.item) else { return (Vec::new(), None) };
    let told = |name, says: &str| (!says.is_empty()).then(|| (name, says.to_owned()));
    let rows = [told("item", &item.id.0), told("commit", &item.human), told("parent", &item.parent), told("run", &state.run_id.0)];
    let human = (!item.human.is_empty()).then(|| Human { sha: item.human.clone(), ..Human::default() });
    (rows.into_iter().flatten().collect(), human)
}
