//! One message in, the browser changed, effects out.

use std::collections::HashSet;

use jiff::Timestamp;

use super::message::{Effect, Layout, Left, Msg, News, Told, What, Wish};
use super::row::{Judged, Kind, Place, Row};
use super::{Browse, Disk, Facet, Over, Progress, Selected, choice, moves};
use crate::text::find::Pattern;
use crate::ui::apart::{self, Apart, Parts};
use crate::ui::keymap;
use crate::ui::mouse::{Hit, NOTCH};
use crate::ui::outside::{Part, Way};
use crate::ui::prompt::Search;
use crate::ui::{Action, Key, Mood, Mouse, Said};

/// Closer looks that are kept.
const PREVIEWS: usize = 16;

impl Apart for Browse {
    const PLACE: keymap::Place = keymap::Place::Browse;
    const BARE: Over = Over::Nothing;
    type Layout = Layout;
    type News = News;
    type Wish = Wish;
    type What = What;
    type Left = Left;
    type Over = Over;

    fn parts(&mut self) -> Parts<'_, Self> {
        let Self { now, note, pointer, over, layout, spots, .. } = self;
        let help_room = (layout.help_rows, layout.help_lines);
        Parts { now, note, pointer, over, layout, spots, help_room }
    }

    fn note(&self) -> Option<&(Timestamp, Said)> {
        self.note.as_ref()
    }

    fn help(over: &mut Over) -> Option<&mut usize> {
        if let Over::Help(top) = over { Some(top) } else { None }
    }

    fn update(&mut self, now: Timestamp, msg: Msg) -> Vec<Effect> {
        update(self, now, msg)
    }

    fn hear(&mut self, news: News) -> Vec<Effect> {
        hear(self, news);
        Vec::new()
    }

    fn type_on(&mut self, key: Key) -> Option<Vec<Effect>> {
        match &self.over {
            Over::Find(..) => type_on(self, key),
            Over::Filters(_) => {
                if choice::press(self, key) {
                    changed(self);
                }
            }
            Over::Nothing | Over::Help(_) => return None,
        }
        Some(Vec::new())
    }

    fn paste(&mut self, text: &str) {
        if let Over::Find(search, _) = &mut self.over {
            search.line.paste(text);
            typed(self);
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        act(self, action)
    }

    fn wheel(&mut self, action: Action, _mouse: Mouse) {
        if matches!(self.over, Over::Filters(_)) {
            choice::press(self, if action == Action::Up { Key::Up } else { Key::Down });
            return;
        }
        for _ in 0..NOTCH {
            moves::perform(self, action);
        }
    }

    fn click(&mut self, hit: Hit) -> Vec<Effect> {
        click(self, &hit)
    }

    fn what(&self, way: Way, part: Part) -> Result<What, String> {
        what(self, way, part)
    }
}

/// Takes one message.
pub fn update(browse: &mut Browse, now: Timestamp, msg: Msg) -> Vec<Effect> {
    let selected = browse.selected.clone();
    let mut effects = apart::take(browse, now, msg);
    moves::keep_in_sight(browse);
    if !effects.iter().any(|effect| matches!(effect, Effect::Leave(_))) {
        effects.extend(look_closer(browse, selected != browse.selected));
        effects.extend(ask_first(browse));
    }
    effects
}

fn hear(browse: &mut Browse, news: News) {
    match news {
        News::Listed(rows) => list(browse, rows),
        News::Told(told) => tell(browse, told),
        News::Whole(mut rows) => {
            for row in &mut rows {
                keep_level(browse, row);
            }
            replace(browse, rows);
        }
        News::Progress(progress) => browse.progress = progress,
        News::Problems(problems) => browse.problems = problems,
        News::Changed => browse.disk = Disk::Changed,
        News::Preview(preview) => {
            browse.previews.retain(|known| known.place != preview.place);
            browse.previews.push(*preview);
            if browse.previews.len() > PREVIEWS {
                browse.previews.remove(0);
            }
        }
    }
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
            search.turn();
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

/// What is under the cursor, or all of what is shown; the error says why there is nothing.
fn what(browse: &Browse, way: Way, part: Part) -> Result<What, String> {
    match (way, part) {
        (Way::Copy, Part::All) if browse.tree.lines.is_empty() => Err("the list is empty".to_owned()),
        (Way::Copy, Part::All) => Ok(What::List),
        (Way::Copy, Part::Seen) => {
            if let Some(row) = browse.selected_row() {
                return Ok(What::Item(row.place.clone(), row.name.clone()));
            }
            let whole = browse.selected_node().and_then(|node| node.whole.as_ref());
            let whole = whole.ok_or("this line has no path of its own: select a run or an item")?;
            Ok(What::Run(whole.path().to_owned()))
        }
        (Way::Pager | Way::Editor | Way::Save, _) => {
            let row = browse.selected_row().ok_or("select an item: this takes what its agent did")?;
            if row.branch.kind == Kind::Results {
                return Err("measured arms have no trajectory: Enter opens their numbers".to_owned());
            }
            Ok(What::Steps(row.place.clone(), row.name.clone()))
        }
    }
}

fn click(browse: &mut Browse, hit: &Hit) -> Vec<Effect> {
    match (hit, &browse.over) {
        (Hit::Choice(at), Over::Filters(_)) => {
            choice::toggle(browse, *at);
            changed(browse);
        }
        (Hit::Source(at), Over::Filters(_)) => {
            if let Some(facet) = Facet::ALL.get(*at) {
                choice::open(browse, *facet);
            }
        }
        (Hit::Fold(at), Over::Nothing) => {
            moves::select_at(browse, *at);
            moves::turn(browse);
        }
        (Hit::Choice(at), Over::Nothing) if browse.selected_at() == Some(*at) => return act(browse, Action::Open),
        (Hit::Choice(at), Over::Nothing) => moves::select_at(browse, *at),
        _ => {}
    }
    Vec::new()
}
