//! What the keys do, made from the keymap: first those of the screen, then those that work everywhere, then the rest.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Words, row_of};
use crate::domain::Rung;
use crate::text::width;
use crate::theme::{Glyphs, Role};
use crate::ui::keymap::{Binding, Group, KEYMAP, Place, RUN};
use crate::ui::{Screen, State, verbs};

/// Columns of the keys.
const KEYS: usize = 16;

/// From this width on there are two columns.
const TWO: u16 = 110;

/// Columns between the two.
const GAP: u16 = 3;

/// The letters of steps.
const LETTERS: [&str; 10] = [
    "S search",
    "V view",
    "E/e edit ok/failed",
    "R/r run ok/failed",
    "G git",
    "t text",
    "D done",
    "F done refused",
    "! API error",
    "= seen before",
];

/// Draws it from a row on and says how many rows there are, and which are seen where not all are: `1-18 of 40`.
/// Of a run it tells the keys that may do something in this sitting.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, top: usize, place: Place, run: Option<&State>) -> (usize, Option<String>) {
    let columns = if area.width >= TWO { 2 } else { 1 };
    let width = area.width.saturating_sub(GAP * (columns - 1)) / columns;
    let sections = sections(place, run, usize::from(width), &canvas.glyphs());
    let split = if columns == 2 { halfway(&sections) } else { sections.len() };
    let mut all = 0;
    let rows = usize::from(area.height);
    let halves = [sections.get(..split).unwrap_or_default().concat(), sections.get(split..).unwrap_or_default().concat()];
    let longest = halves.iter().map(|lines| lines.len().saturating_sub(1)).max().unwrap_or_default();
    let top = top.min(longest.saturating_sub(rows));
    let mut x = area.x;
    for lines in halves {
        all = all.max(lines.len().saturating_sub(1));
        for (row, line) in lines.iter().skip(top).take(rows).enumerate() {
            canvas.line(Rect { x, width, ..row_of(area, row) }, line);
        }
        x = x.saturating_add(width + GAP);
    }
    (all, (all > rows && rows > 0).then(|| format!("{}-{} of {all}", top + 1, top + rows)))
}

/// The parts of the help, each with a blank line at its end.
fn sections(place: Place, run: Option<&State>, cols: usize, glyphs: &Glyphs) -> Vec<Vec<Words>> {
    let is_told = |binding: &&Binding| run.is_none_or(|state| verbs::is_told(state, binding.action));
    let bindings = |of: &dyn Fn(&Binding) -> bool| KEYMAP.iter().filter(is_told).filter(|binding| of(binding)).collect::<Vec<_>>();
    let is_everywhere = |binding: &Binding| RUN.iter().all(|place| binding.is_in(*place));
    let section = |title: String, bindings: &[&Binding]| {
        let mut lines = vec![Words::of(Role::Strong, title)];
        // a key without a sentence of its own is told with the one before it
        for told in bindings.chunk_by(|_, next| next.help.is_empty()) {
            push(&mut lines, told, place, run, cols);
        }
        lines.push(Words::new());
        (!bindings.is_empty()).then_some(lines)
    };
    let mut own = bindings(&|binding| binding.is_in(place) && !is_everywhere(binding));
    // what few other screens have comes first
    let screens = |binding: &Binding| RUN.iter().filter(|place| binding.is_in(**place)).count();
    own.sort_by_key(|binding| if RUN.contains(&place) && screens(binding) <= 2 { 0 } else { binding.places.len() });
    let mut sections: Vec<Vec<Words>> = section("On this screen".to_owned(), &own).into_iter().collect();
    sections.extend(legends(place, cols, glyphs));
    for group in Group::ALL {
        let all = bindings(&|binding| binding.group == group && binding.is_in(place) && is_everywhere(binding));
        sections.extend(section(format!("Everywhere: {}", group.title().to_lowercase()), &all));
    }
    // start screen, browser and comparison have a vocabulary of their own
    if RUN.contains(&place) {
        let rest = bindings(&|binding| !binding.is_in(place) && RUN.iter().any(|place| binding.is_in(*place)) && !is_everywhere(binding));
        sections.extend(section("On other screens".to_owned(), &rest));
    }
    sections
}

/// What the marks of a screen mean.
fn legends(place: Place, cols: usize, glyphs: &Glyphs) -> Vec<Vec<Words>> {
    let Glyphs { levels: [note, warn, stuck], spans: [.., span], alarm, badge, times, .. } = glyphs;
    // the words are those of the list
    let levels = [(note, "note"), (warn, "warn"), (stuck, "stuck"), (alarm, "alarm"), (badge, "badge")];
    let levels = levels.map(|(mark, word)| format!("{mark} {word}"));
    let letters = || LETTERS.map(str::to_owned);
    match place {
        Place::Home | Place::Result | Place::Machine | Place::Results | Place::Log => Vec::new(),
        Place::Browse => {
            let rungs = Rung::ALL.map(|rung| rung.name().to_owned());
            let counted = format!("{stuck}3 so many are stuck");
            let [notes, warns, stucks, ..] = levels;
            vec![
                told("rung: how far a success holds, with all before it", &[&rungs], cols),
                told("lvl: what was found of its agent", &[&[notes, warns, stucks, counted]], cols),
            ]
        }
        Place::Compare => {
            let wall = glyphs.wall;
            let alike = ["= the same".to_owned(), "≈ nearly the same".to_owned(), format!("{wall} only one has it")];
            vec![told("Steps in one letter", &[&letters()], cols), told("Between the two", &[&alike], cols)]
        }
        Place::Queue | Place::Agent => {
            let Glyphs { done, running, failed, cut, pending, none, dot, .. } = glyphs;
            let stages = ["w worktree", "a agent", &format!("c check {dot} h human")].join("  ");
            let arms = ["b baseline", &format!("c candidate {dot} s score"), "c clean"].join("  ");
            let marks = [(done, "done"), (running, "live"), (failed, "failed"), (cut, "stopped"), (pending, "to do"), (none, "not run")];
            let marks = marks.map(|(mark, word)| format!("{mark} {word}"));
            let again = format!("{times}70 seventy that say the same");
            let long = format!("{stuck}{span}{span} from its first step on, while it held");
            let dots = (place == Place::Queue).then(|| told("Stages and marks", &[&[stages], &[arms], &marks], cols));
            let steps =
                [told("Steps in one letter", &[&letters(), &[again]], cols), told("What was found of an agent", &[&levels, &[long]], cols)];
            dots.into_iter().chain(steps).collect()
        }
    }
}

/// A part in marks, each with what it means beside it; each group of them begins a line.
fn told(title: &str, groups: &[&[String]], cols: usize) -> Vec<Words> {
    let mut lines = vec![Words::of(Role::Strong, title)];
    let mut line = String::new();
    let all = groups.iter().flat_map(|group| group.iter().enumerate().map(|(at, says)| (at == 0, says)));
    for (is_first, says) in all {
        if is_first && !line.is_empty() {
            lines.push(Words::of(Role::Muted, std::mem::take(&mut line)));
        }
        if !line.is_empty() && width::width(&line) + 2 + width::width(says) + 2 > cols {
            lines.push(Words::of(Role::Muted, std::mem::take(&mut line)));
        }
        line.push_str("  ");
        line.push_str(says);
    }
    lines.push(Words::of(Role::Muted, line));
    lines.push(Words::new());
    lines
}

/// How many parts stand in the first of two columns, so that they are about as long.
fn halfway(sections: &[Vec<Words>]) -> usize {
    let all: usize = sections.iter().map(Vec::len).sum();
    let uneven = |split: &usize| sections.iter().take(*split).map(Vec::len).sum::<usize>().abs_diff(all / 2);
    (0..=sections.len()).min_by_key(uneven).unwrap_or_default()
}

fn push(lines: &mut Vec<Words>, told: &[&Binding], here: Place, run: Option<&State>, cols: usize) {
    let Some(first) = told.first() else { return };
    // only of other screens it must be said where
    let screens = Screen::ALL.into_iter().filter(|screen| !first.is_in(here) && first.is_in(Place::of(*screen)));
    let screens: Vec<&str> = screens.map(Screen::name).collect();
    let place = if screens.is_empty() { String::new() } else { format!(" ({})", screens.join(", ")) };
    // of a pair each has its own keys; where that is too wide, its first one
    let each = |cols: usize| told.iter().map(|binding| binding.keys_label(cols)).collect::<Vec<_>>().join("  ");
    let keys = [KEYS, 0].map(each).into_iter().find(|keys| width::width(keys) < KEYS || told.len() == 1).unwrap_or_else(|| each(0));
    let says = run.and_then(|state| verbs::of_others(state, first.action)).unwrap_or(first.help);
    let text = format!("{says}{place}");
    for (at, line) in width::wrap(&text, cols.saturating_sub(KEYS + 2).max(1), 3).into_iter().enumerate() {
        let keys = if at == 0 { keys.as_str() } else { "" };
        lines.push(Words::of(Role::Accent, format!("  {}", width::fit(keys, KEYS))).add(Role::Text, line));
    }
}
