//! One message in, the browser changed, effects out.

use std::collections::HashSet;

use jiff::Timestamp;

use super::message::{Effect, Left, Msg, Told, Wish};
use super::row::{Judged, Kind, Place, Row};
use super::{Browse, Disk, Facet, Over, Progress, Selected, choice, moves};
use crate::text::find::{Meaning, Pattern};
use crate::ui::keymap::{self, Place as Where};
use crate::ui::mouse::{Did, Hit};
use crate::ui::prompt::Search;
use crate::ui::state::Pointer;
use crate::ui::words::is_fresh;
use crate::ui::{Action, Key, Mood, Mouse, Said};

/// Rows of one turn of the wheel.
const NOTCH: usize = 3;

/// Closer looks that are kept.
const PREVIEWS: usize = 16;

/// Takes one message.
pub fn update(browse: &mut Browse, now: Timestamp, msg: Msg) -> Vec<Effect> {
    browse.now = now;
    if browse.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        browse.note = None;
    }
    let (over, selected) = (std::mem::discriminant(&browse.over), browse.selected.clone());
    let mut effects = take(browse, msg);
    if std::mem::discriminant(&browse.over) != over {
        // a click on what is not drawn yet means nothing
        browse.spots.clear();
    }
    moves::keep_in_sight(browse);
    if !effects.iter().any(|effect| matches!(effect, Effect::Leave(_))) {
        effects.extend(look_closer(browse, selected != browse.selected));
        effects.extend(ask_first(browse));
    }
    effects
}

fn take(browse: &mut Browse, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return press(browse, key),
        Msg::Mouse(mouse) => return point(browse, mouse),
        Msg::Paste(text) => {
            if let Over::Find(search, _) = &mut browse.over {
                search.line.paste(&text);
                typed(browse);
            }
        }
        Msg::Listed(rows) => list(browse, rows),
        Msg::Told(told) => tell(browse, told),
        Msg::Whole(mut rows) => {
            for row in &mut rows {
                keep_level(browse, row);
            }
            replace(browse, rows);
        }
        Msg::Progress(progress) => browse.progress = progress,
        Msg::Problems(problems) => browse.problems = problems,
        Msg::Changed => browse.disk = Disk::Changed,
        Msg::Preview(preview) => {
            browse.previews.retain(|known| known.place != preview.place);
            browse.previews.push(*preview);
            if browse.previews.len() > PREVIEWS {
                browse.previews.remove(0);
            }
        }
        Msg::Failed(says) => browse.remark(Said::new(Mood::Bad, says)),
        Msg::Succeeded(says) => browse.remark(Said::new(Mood::Good, says)),
        Msg::Tick => {}
        Msg::Laid(layout, spots) => {
            browse.layout = layout;
            browse.spots = spots;
        }
    }
    Vec::new()
}

/// Takes the names. What was read before is shown until it is read again.
fn list(browse: &mut Browse, mut rows: Vec<Row>) {
    for row in &mut rows {
        if let Some(known) = browse.row(&row.place) {
            row.facts.clone_from(&known.facts);
            row.level = known.level;
        }
    }
    browse.disk = Disk::AsListed;
    replace(browse, rows);
}

/// What the detectors said before stands until they say something else.
fn keep_level(browse: &Browse, row: &mut Row) {
    if row.level == Judged::NotYet
        && let Some(known) = browse.row(&row.place)
    {
        row.level = known.level;
    }
}

fn replace(browse: &mut Browse, rows: Vec<Row>) {
    browse.places = rows.iter().enumerate().map(|(at, row)| (row.place.clone(), at)).collect();
    browse.rows = Some(rows);
    changed(browse);
}

fn tell(browse: &mut Browse, told: Told) {
    let mut told = told;
    for row in &mut told.rows {
        keep_level(browse, row);
    }
    // most files of a large folder are none of ours, and were never shown
    told.gone.retain(|place| browse.places.contains_key(place));
    if told == Told::default() {
        return;
    }
    let rows = browse.rows.get_or_insert_default();
    for row in told.rows {
        if let Some(known) = browse.places.get(&row.place).and_then(|at| rows.get_mut(*at)) {
            *known = row;
        } else {
            browse.places.insert(row.place.clone(), rows.len());
            rows.push(row);
        }
    }
    for (place, level) in told.levels {
        if let Some(known) = browse.places.get(&place).and_then(|at| rows.get_mut(*at)) {
            known.level = level;
        }
    }
    if !told.gone.is_empty() {
        let gone: HashSet<&Place> = told.gone.iter().collect();
        rows.retain(|row| !gone.contains(&row.place));
        browse.places = rows.iter().enumerate().map(|(at, row)| (row.place.clone(), at)).collect();
    }
    changed(browse);
}

/// Other rows, or another filter.
fn changed(browse: &mut Browse) {
    moves::rebuild(browse);
    choice::count(browse);
}

/// Asks for a closer look at what is selected, where there is room to show it.
fn look_closer(browse: &Browse, is_other: bool) -> Option<Effect> {
    let Some(Selected::Row(place)) = &browse.selected else { return None };
    let is_wanted = browse.layout.previews && browse.preview(place).is_none() && is_other;
    is_wanted.then(|| Effect::Wish(Wish::Preview(place.clone())))
}

/// Asks for those in sight first, while there are more to read.
fn ask_first(browse: &mut Browse) -> Option<Effect> {
    if !matches!(browse.progress, Progress::Reading(..) | Progress::Judging(..)) {
        return None;
    }
    let in_sight = browse.tree.lines.iter().skip(browse.top).take(browse.layout.rows);
    let tasks: Vec<usize> = in_sight.filter_map(|line| browse.row_of(line)?.task).collect();
    if tasks.is_empty() || tasks == browse.asked_first {
        return None;
    }
    browse.asked_first.clone_from(&tasks);
    Some(Effect::Wish(Wish::First(tasks)))
}

fn press(browse: &mut Browse, key: Key) -> Vec<Effect> {
    match &mut browse.over {
        Over::Find(..) => type_on(browse, key),
        Over::Filters(_) => {
            if choice::press(browse, key) {
                changed(browse);
            }
        }
        Over::Nothing | Over::Help(_) => {
            return keymap::action(Where::Browse, key).map_or_else(Vec::new, |action| act(browse, action));
        }
    }
    Vec::new()
}

/// A key while a text is typed: the list follows it.
fn type_on(browse: &mut Browse, key: Key) {
    let Over::Find(search, before) = &mut browse.over else { return };
    match key {
        Key::Esc | Key::Ctrl('c') => {
            browse.filter.text = before.take();
            browse.over = Over::Nothing;
            changed(browse);
        }
        Key::Enter => browse.over = Over::Nothing,
        Key::Tab => {
            search.meaning = match search.meaning {
                Meaning::Text => Meaning::Regex,
                Meaning::Regex => Meaning::Text,
            };
            typed(browse);
        }
        // the list can be walked while it is narrowed
        Key::Up => {
            moves::perform(browse, Action::Up);
        }
        Key::Down => {
            moves::perform(browse, Action::Down);
        }
        _ => {
            if search.line.take(key) {
                typed(browse);
            }
        }
    }
}

/// Filters by what is typed so far. An expression that is not whole yet changes nothing.
fn typed(browse: &mut Browse) {
    let Over::Find(search, _) = &browse.over else { return };
    if let Ok(pattern) = Pattern::new(search.line.text(), search.meaning) {
        browse.filter.text = Some(pattern).filter(|pattern| !pattern.text.is_empty());
        changed(browse);
    }
}

fn act(browse: &mut Browse, action: Action) -> Vec<Effect> {
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextTheme => return vec![Effect::NextTheme],
        Action::Mouse => return mouse(browse),
        _ => {}
    }
    if let Over::Help(top) = &mut browse.over {
        let (page, most) = (browse.layout.help_rows.max(1), browse.layout.help_lines.saturating_sub(browse.layout.help_rows));
        let to = match action {
            Action::Down => top.saturating_add(1),
            Action::Up => top.saturating_sub(1),
            Action::PageDown => top.saturating_add(page),
            Action::PageUp => top.saturating_sub(page),
            Action::First => 0,
            Action::Last => most,
            _ => {
                browse.over = Over::Nothing;
                return Vec::new();
            }
        };
        *top = to.min(most);
        return Vec::new();
    }
    if moves::perform(browse, action) {
        return Vec::new();
    }
    match action {
        Action::Help => browse.over = Over::Help(0),
        Action::Find => browse.over = Over::Find(Search::default(), browse.filter.text.clone()),
        Action::Filters => choice::open(browse, Facet::Status),
        Action::ClearFilters => clear(browse),
        Action::Sort => sort(browse),
        Action::LookAgain => {
            browse.previews.clear();
            return vec![Effect::Wish(Wish::Again)];
        }
        Action::Compare => return compare(browse),
        Action::Open => return open(browse),
        Action::Home => return vec![Effect::Leave(Left::Home)],
        Action::Quit => return vec![Effect::Leave(Left::Quit)],
        Action::Back => browse.marked = None,
        _ => {}
    }
    Vec::new()
}

fn clear(browse: &mut Browse) {
    if browse.filter.is_empty() {
        return browse.remark(Said::new(Mood::Quiet, "no filter is on: / filters by a text, F by values"));
    }
    browse.filter = super::Filter::default();
    changed(browse);
}

fn sort(browse: &mut Browse) {
    browse.sort = browse.sort.next();
    moves::rebuild(browse);
    browse.remark(Said::new(Mood::Quiet, format!("sorted: {}", browse.sort.name())));
}

/// Leaves the mouse to the terminal, or takes it again.
fn mouse(browse: &mut Browse) -> Vec<Effect> {
    let (pointer, says) = match browse.pointer {
        Pointer::Ours => (Pointer::Terminal, "the mouse is the terminal's: text can be selected; m takes it again"),
        Pointer::Terminal => (Pointer::Ours, "the mouse is ours: the wheel scrolls, a click selects"),
    };
    browse.pointer = pointer;
    browse.remark(Said::new(Mood::Quiet, says));
    vec![Effect::Pointer(pointer)]
}

/// Does what Enter means for what is selected.
fn open(browse: &mut Browse) -> Vec<Effect> {
    if let Some(row) = browse.selected_row() {
        return vec![Effect::Leave(Left::Item(row.place.clone()))];
    }
    if let Some(whole) = browse.selected_node().and_then(|node| node.whole.clone()) {
        return vec![Effect::Leave(Left::Run(whole))];
    }
    moves::turn(browse);
    Vec::new()
}

/// Marks an item; the second one is laid beside the first.
fn compare(browse: &mut Browse) -> Vec<Effect> {
    let Some(row) = browse.selected_row().filter(|row| row.branch.kind != Kind::Results) else {
        browse.remark(Said::new(Mood::Quiet, "select an item: C marks it, and C on a second one lays both side by side"));
        return Vec::new();
    };
    let (place, name) = (row.place.clone(), row.name.clone());
    match browse.marked.take() {
        None => {
            browse.remark(Said::new(Mood::Quiet, format!("{name} is marked: C on another item lays both side by side")));
            browse.marked = Some(place);
            Vec::new()
        }
        Some(marked) if marked == place => {
            browse.remark(Said::new(Mood::Quiet, format!("{name} is not marked any more")));
            Vec::new()
        }
        Some(marked) => vec![Effect::Leave(Left::Compare(marked, place))],
    }
}

/// Does what the mouse means.
fn point(browse: &mut Browse, mouse: Mouse) -> Vec<Effect> {
    let action = match mouse.did {
        Did::WheelUp => Action::Up,
        Did::WheelDown => Action::Down,
        Did::Click => return click(browse, mouse),
    };
    match &browse.over {
        Over::Filters(_) => {
            choice::press(browse, if action == Action::Up { Key::Up } else { Key::Down });
        }
        Over::Help(_) => return (0..NOTCH).flat_map(|_| act(browse, action)).collect(),
        Over::Nothing | Over::Find(..) => {
            for _ in 0..NOTCH {
                moves::perform(browse, action);
            }
        }
    }
    Vec::new()
}

fn click(browse: &mut Browse, mouse: Mouse) -> Vec<Effect> {
    let hit = browse.spots.iter().rev().find(|spot| spot.holds(mouse.x, mouse.y)).map(|spot| spot.hit.clone());
    match (hit, &browse.over) {
        (Some(Hit::Choice(at)), Over::Filters(_)) => {
            choice::toggle(browse, at);
            changed(browse);
        }
        (Some(Hit::Source(at)), Over::Filters(_)) => {
            if let Some(facet) = Facet::ALL.get(at) {
                choice::open(browse, *facet);
            }
        }
        (Some(Hit::Fold(at)), Over::Nothing) => {
            moves::select_at(browse, at);
            moves::turn(browse);
        }
        (Some(Hit::Choice(at)), Over::Nothing) if browse.selected_at() == Some(at) => return act(browse, Action::Open),
        (Some(Hit::Choice(at)), Over::Nothing) => moves::select_at(browse, at),
        (Some(Hit::Act(action)), _) => return act(browse, action),
        _ => {}
    }
    Vec::new()
}
