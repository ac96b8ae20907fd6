//! One message in, the state changed, effects out. The only place where the state changes.

use jiff::Timestamp;

use super::keymap::{self, Place};
use super::message::{Look, Part, Sight, TrailNews};
use super::palette::{Palette, Taken};
use super::question::Question;
use super::reading::Stick;
use super::state::{Bell, Leaving, Over, State, Trail};
use super::words::{between, is_fresh};
use super::{
    Action, Effect, Key, Left, Mood, Msg, Said, ahead, alike, all_results, apart, focus, labels, log, machine, mouse, moves, others,
    outside, pages, pointed, searching, sent, since, sought, verbs,
};
use crate::domain::{Reply, Stage};

/// Takes one message.
pub fn update(state: &mut State, now: Timestamp, msg: Msg) -> Vec<Effect> {
    state.now = now;
    if state.note.as_ref().is_some_and(|(at, _)| !is_fresh(*at, now)) {
        state.note = None;
    }
    let over = std::mem::discriminant(&state.over);
    let mut effects = take(state, msg);
    while let Some(action) = pages::next_kept(state) {
        (state.reading.searched_from, state.ahead) = (None, None);
        effects.extend(act(state, action));
    }
    if std::mem::discriminant(&state.over) != over {
        // a click on what is not drawn yet means nothing
        state.spots.clear();
    }
    // what it says of the run is what stands now
    if matches!(&state.over, Over::Question(question) if question.is_about_leaving()) {
        state.over = Over::Question(Question::quit(state));
    }
    close_trails(state);
    moves::scroll_queue(state);
    all_results::settle(state);
    let wanted = focus::wanted(state);
    let is_focus_new = wanted != state.focus;
    if is_focus_new {
        state.focus.clone_from(&wanted);
        pages::forget_kept(state);
        // what nobody looks at any more is forgotten
        state.trails.retain(|trail| wanted.as_ref().is_some_and(|focus| focus.reads(&trail.attempt)));
        // the steps that are held already bring no news
        if state.reading.stick == Stick::Newest {
            state.reading.cursor = state.shown_trail().map_or(0, |trail| trail.steps.len().saturating_sub(1));
        }
    }
    let is_search_new = sought::settle(state);
    if is_focus_new || is_search_new {
        let held = state.trails.iter().map(|trail| trail.attempt.clone()).collect();
        let find = state.sought.as_ref().map(|sought| sought.pattern.clone());
        effects.push(Effect::Look(Look { focus: wanted, find, held }));
    }
    effects.extend(pages::settle(state));
    effects.extend(log::settle(state));
    effects.extend(machine::settle(state));
    effects
}

/// An agent whose stage is over runs no tool any more: one that was stopped leaves its last call without an answer.
fn close_trails(state: &mut State) {
    for trail in &mut state.trails {
        let attempts = state.run.item(&trail.attempt.item).map(|item| item.attempts.as_slice()).unwrap_or_default();
        if attempts.iter().any(|attempt| attempt.n == trail.attempt.n && attempt.outcome(Stage::Agent).is_some()) {
            let open = trail.steps.iter_mut().filter(|step| step.reply == Reply::ToolsRunning);
            open.for_each(|step| step.reply = Reply::Complete);
        }
    }
}

fn take(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return press(state, key),
        Msg::Mouse(mouse) => {
            state.ahead = None;
            return pointed::perform(state, mouse);
        }
        Msg::Paste(text) => searching::paste(state, &text),
        Msg::Facts => {
            state.measure();
            sent::collect(state);
            moves::select(state);
            return listen(state);
        }
        Msg::Begin(screen, item) => moves::begin(state, screen, item),
        Msg::Runner(sight) => return see_runner(state, sight),
        Msg::Keeper(sight) => state.keeper = sight,
        Msg::Told(says) => state.told = says,
        Msg::Wrote(stages) => state.wrote = stages,
        Msg::Trail(news) => take_trail(state, news),
        Msg::Counted(attempt, percent) => pages::count(&mut state.trails, &attempt, percent),
        Msg::Sought(news) => sought::take_steps(state, news),
        Msg::Unsearched(attempt, pattern, why) => sought::take_end(state, &attempt, &pattern, why),
        Msg::Marked(news) => ahead::take_marks(state, news),
        Msg::Output(news) => state.output = Some(news),
        Msg::Log(news) => log::take(state, news),
        Msg::Failed(says) => state.remark(Said::new(Mood::Bad, says)),
        Msg::Elsewhere(root) => state.remark(Said::new(Mood::Quiet, format!("this run lies in {}", root.display()))),
        Msg::Unstarted(why) => state.unstarted = Some(why),
        Msg::Succeeded(says) => state.remark(Said::new(Mood::Good, says)),
        Msg::Earlier(earlier) => {
            state.earlier = earlier;
            state.measure();
        }
        Msg::EarlierResults(rows) => state.all_results.take_earlier(rows),
        Msg::Tick => state.estimate(),
        Msg::Laid(layout, spots) => {
            let [before, now] = [&state.layout, &layout].map(|layout| moves::sheet(&state.trails, state.focus.as_ref(), layout));
            state.reading.stay_in_sight(&before, &now);
            state.layout = layout;
            state.spots = spots;
            let before = std::mem::replace(&mut state.machine.gpus.columns, layout.chart_cols);
            if before == 0 && layout.chart_cols > 0 {
                machine::gpus::keys::arrive(state);
            }
        }
        Msg::Space(free) => state.free = Some(free),
        Msg::Trouble(part, Some(says)) => {
            if part == Part::Pages {
                ahead::give_up(state);
                pages::forget_kept(state);
            }
            state.troubles.insert(part, says);
        }
        Msg::Trouble(part, None) => {
            state.troubles.remove(&part);
        }
        Msg::Looked(looked) => since::take(state, looked),
        Msg::Labels(given) => state.labels.extend(given),
        Msg::Machine(news) => machine::take(state, news),
        Msg::Labelled(label) => labels::taken(state, &label),
    }
    Vec::new()
}

/// A key, wherever it has its meaning.
pub(super) fn press(state: &mut State, key: Key) -> Vec<Effect> {
    if matches!(state.over, Over::Nothing)
        && let Some(action) = keymap::action(Place::of(state.screen), key)
        && pages::keep(state, action)
    {
        return Vec::new();
    }
    state.reading.searched_from = None;
    state.ahead = None;
    match &state.over {
        Over::Question(question) => match question.answer(key).cloned() {
            Some(then) => {
                state.over = Over::Nothing;
                verbs::follow(state, then)
            }
            None => Vec::new(),
        },
        Over::Find(_) => searching::press(state, key),
        Over::Since => since::press(state, key),
        Over::Palette(_) => choose(state, key),
        Over::Prune(_) => machine::prune::press(state, key),
        Over::Nothing | Over::Help(_) => match keymap::action(Place::of(state.screen), key) {
            Some(action) => act(state, action),
            None => Vec::new(),
        },
    }
}

/// A key while a command is chosen.
fn choose(state: &mut State, key: Key) -> Vec<Effect> {
    let Over::Palette(palette) = &state.over else { return Vec::new() };
    let mut palette = palette.clone();
    let rows = verbs::commands(state, &palette);
    let taken = palette.take(key, &rows);
    state.over = if taken == Taken::Open { Over::Palette(palette) } else { Over::Nothing };
    if let Taken::Chosen(action) = taken { act(state, action) } else { Vec::new() }
}

/// Does what an action means here and now.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if action.has_answer() {
        state.note = None;
    }
    match action {
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::NextTheme => return vec![Effect::NextTheme],
        Action::Mouse => return turn_mouse(state),
        Action::Bell => bell(state),
        _ => {}
    }
    if let Over::Help(top) = &mut state.over {
        match (action, apart::scrolled(*top, (state.layout.help_rows, state.layout.help_lines), action)) {
            // what is searched for in the help is something to do
            (Action::Find | Action::Command, _) => state.over = Over::Palette(Palette::default()),
            (_, Some(to)) => *top = to,
            (_, None) => state.over = Over::Nothing,
        }
        return Vec::new();
    }
    if let Some(effects) = verbs::perform(state, action) {
        return effects;
    }
    match action {
        Action::Prune => return machine::open(state),
        Action::Help => state.over = Over::Help(0),
        Action::Since => since::open(state),
        Action::Command => state.over = Over::Palette(Palette::default()),
        Action::FindingRight | Action::FindingWrong => return labels::mark(state, action),
        Action::Copy | Action::CopyAll | Action::Page | Action::Edit | Action::Save => return outside::perform(state, action),
        Action::Bell => {}
        Action::Home => return vec![Effect::Leave(Left::Home)],
        Action::Find | Action::FindNext | Action::FindPrevious => return searching::perform(state, action),
        _ => {
            if let Some(left) = others::beside(state, action) {
                return vec![Effect::Leave(left)];
            }
            moves::perform(state, action);
        }
    }
    Vec::new()
}

/// Rings when more findings are stuck than before; what was so when the screen was opened is old.
fn listen(state: &mut State) -> Vec<Effect> {
    let now = state.tally.stuck_findings;
    let is_news = state.heard.replace(now).is_some_and(|before| now > before);
    if is_news && state.bell == Bell::Rings { vec![Effect::Ring] } else { Vec::new() }
}

/// Mutes the bell, or lets it ring again.
fn bell(state: &mut State) {
    let (bell, says) = match state.bell {
        Bell::Rings => (Bell::Muted, "the bell is off: b lets it ring again when an agent is stuck"),
        Bell::Muted => (Bell::Rings, "the bell rings when an agent is stuck"),
    };
    state.bell = bell;
    state.remark(Said::new(Mood::Quiet, says));
}

/// Leaves the mouse to the terminal, or takes it again.
fn turn_mouse(state: &mut State) -> Vec<Effect> {
    let (pointer, said) = mouse::turned(state.pointer);
    state.pointer = pointer;
    state.remark(said);
    vec![Effect::Pointer(pointer)]
}

fn see_runner(state: &mut State, sight: Sight) -> Vec<Effect> {
    state.runner = sight;
    if state.has_runner() {
        state.unstarted = None;
    }
    if sight == Sight::Gone && state.leaving == Leaving::WhenStopped {
        return vec![Effect::Leave(Left::Stopped)];
    }
    // asked in the moment in which the runner ended: work that is wanted finds its runner
    let is_wanted = sight == Sight::Gone && state.asked.iter().any(|asked| asked.verb.outlives_runner());
    if is_wanted { vec![Effect::StartRunner] } else { Vec::new() }
}

fn take_trail(state: &mut State, news: TrailNews) {
    let TrailNews { attempt, from, steps: fresh, turn, max_steps, last_at, totals, pages } = news;
    // it was asked for before something else was looked at
    let Some(focus) = state.focus.as_ref().filter(|focus| focus.reads(&attempt)) else { return };
    let known = state.trails.iter().position(|trail| trail.attempt == attempt);
    let held = known.and_then(|at| state.trails.get(at)).map(|trail| (trail.pages, trail.steps.len()));
    if held.is_some_and(|(before, _)| before.is_some()) && pages.is_some_and(|now| state.pages.is_late(&attempt, now)) {
        return;
    }
    if let Some(now) = pages.filter(|_| focus.trail.as_ref() == Some(&attempt)) {
        let (before, len) = held.unwrap_or_default();
        pages::carry(&mut state.reading, &state.pages, &attempt, (before, len), (now, fresh.len()));
    }
    let mut known = known.map(|at| state.trails.swap_remove(at));
    let marks = known.as_mut().map(|trail| std::mem::take(&mut trail.marks)).unwrap_or_default();
    let (mut steps, mut firsts, mut usual, mut heard) = match known {
        // after a restart the pauses are others as well
        Some(trail) if from > 0 => (trail.steps, trail.alike, trail.usual, trail.heard),
        _ => Default::default(),
    };
    if steps.len() < from {
        // what comes before it was forgotten, and comes again
        return;
    }
    steps.truncate(from);
    steps.extend(fresh);
    alike::note(&mut firsts, from, &steps);
    if focus.trail.as_ref() == Some(&attempt) && state.reading.stick == Stick::Newest {
        state.reading.cursor = steps.len().saturating_sub(1);
    }
    for pair in steps.get(heard.saturating_sub(1)..).unwrap_or_default().windows(2) {
        if let [before, next] = pair
            && let (Some(before), Some(next)) = (before.at, next.at)
        {
            usual.heard(between(before, next));
        }
    }
    heard = heard.max(steps.len());
    let is_shown = focus.trail.as_ref() == Some(&attempt);
    let mut trail = Trail { attempt, steps, alike: firsts, turn, max_steps, last_at, totals, pages, marks, usual, heard };
    trail.mark();
    state.trails.push(trail);
    if is_shown {
        ahead::arrive(state);
    }
}
