//! The log screen: which file, where in it, what is searched. Files of any size: what is known of one is a window of some
//! hundred lines, and where it lies. Keys move inside the window; near its edge the next one is asked for.

mod hunt;
pub(super) mod moment;
mod source;
mod window;

use jiff::Timestamp;

use super::state::State;
use super::{Action, Effect, Screen, beside, sought};
use crate::text::find::Pattern;
pub use hunt::{Aim, Found, Hunt, Hunting, PROBLEM, Progress, Target, Way};
pub use moment::Moment;
pub use source::{Kept, Source, Tab, Written, tabs};
pub(super) use source::{of_agent, patch};
pub use window::{Fate, Line, Turn, Window};

/// Columns of one step sideways.
const SIDEWAYS: usize = 8;

/// With fewer lines than this between the screen and an edge of the window, the next window is asked for.
const MARGIN: usize = 150;

/// What the log screen knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The file that is shown.
    pub source: Option<Source>,
    /// Who chose it.
    pub choice: Choice,
    /// What the files hold, as far as they were asked.
    pub written: Vec<Written>,
    /// The lines that are known.
    pub window: Option<Window>,
    /// Who moves.
    pub stick: Stick,
    /// Where the first line that is shown begins, while the reader moves.
    pub top: u64,
    /// Columns at the left that are not shown.
    pub side: usize,
    /// Bytes of the file when the reader left its end.
    pub left_at: u64,
    /// The line that was found last.
    pub mark: Option<u64>,
    /// A search under way.
    pub hunting: Option<Hunting>,
    /// Where a search that ran out of time goes on.
    pub paused: Option<Hunting>,
    /// What became of the file while it was read.
    pub told: Option<(Timestamp, Turn)>,
    /// The moment to which somebody wants to go, once there are lines.
    moment: Option<Moment>,
    /// Where to go once the lines there are known.
    goal: Option<Goal>,
    /// Bytes of the file, by the newest news.
    len: u64,
    /// Counts the windows that were asked for.
    serial: u64,
    /// Where the last one was asked for, and how long the file was.
    asked: (u64, u64),
    /// Counts the searches.
    number: u64,
    /// Whether the first match is wanted as soon as there are lines.
    wants_match: bool,
    /// What the reader was told last.
    wish: Option<Wish>,
}

/// Who chooses the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The one that tells most.
    #[default]
    Telling,
    /// The reader.
    Hand,
}

/// Who moves in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stick {
    /// It stays at the newest lines.
    #[default]
    Newest,
    /// The reader.
    Hand,
}

/// A place to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Goal {
    /// Where its line begins.
    at: u64,
    /// Lines further down that were asked for on the way.
    owed: isize,
}

/// What the log screen wants read, all of it: a newer wish takes the place of an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The files whose sizes are wanted.
    pub sources: Vec<Source>,
    /// The file that is shown; `None`: only the sizes are wanted.
    pub source: Option<Source>,
    /// The files in which the lines that hold something are counted, and what they must hold.
    pub count: Option<(Pattern, Vec<Source>)>,
    /// The part of it.
    pub place: Place,
    /// Columns that there are for it.
    pub cols: usize,
    /// Which window this is; a new number asks for the same part again.
    pub serial: u64,
    /// What is searched for.
    pub hunt: Option<Hunt>,
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its last lines, again whenever there are newer ones.
    End,
    /// The lines around this byte.
    Around(u64),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// What the files hold.
    Written(Vec<Written>),
    /// Lines.
    Window(Window),
    /// The file has so many bytes now.
    Length(Source, u64),
    /// Something became of the file.
    Turn(Source, Turn),
    /// A search went on.
    Hunt(u64, Found),
    /// So many lines of the files hold what is counted.
    Counted(Pattern, Vec<(Source, Count)>),
}

/// How many lines of a file hold something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many so far: it is still counted.
    Counting(u64),
    /// So many.
    All(u64),
    /// The file is not there, or can't be read.
    NoFile,
}

impl Log {
    /// The lines on a screen of so many rows.
    pub fn visible(&self, rows: usize) -> &[Line] {
        let Some(window) = &self.window else { return &[] };
        let first = self.first(window, rows);
        window.lines.get(first..first.saturating_add(rows).min(window.lines.len())).unwrap_or_default()
    }

    /// Bytes of the file, by the newest news.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is known to be in the file.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The byte behind what is shown.
    pub fn bottom(&self, rows: usize) -> u64 {
        let Some(window) = &self.window else { return 0 };
        let next = self.first(window, rows).saturating_add(rows);
        window.lines.get(next).map_or(window.end, |line| line.at)
    }

    /// Bytes that came since the reader left the end.
    pub fn since(&self) -> u64 {
        match self.stick {
            // what is laid out grows and shrinks with the columns that there are
            _ if self.source.as_ref().is_some_and(Source::is_laid_out) => 0,
            Stick::Newest => 0,
            Stick::Hand => self.len.saturating_sub(self.left_at),
        }
    }

    /// The position of the first line shown.
    fn first(&self, window: &Window, rows: usize) -> usize {
        let most = window.lines.len().saturating_sub(rows);
        match self.stick {
            Stick::Newest if window.is_end() => most,
            _ => {
                let at = window.lines.partition_point(|line| line.at < self.top);
                // below the last line of the file there is nothing to see
                if window.is_end() { at.min(most) } else { at }
            }
        }
    }

    /// Another file.
    fn open(&mut self, source: Source) {
        let written = std::mem::take(&mut self.written);
        let Self { choice, serial, number, wants_match, .. } = *self;
        let wish = self.wish.take();
        let begins_at_top = source.begins_at_top();
        *self = Self { source: Some(source), choice, written, serial: serial + 1, number, wants_match, wish, ..Self::default() };
        if begins_at_top {
            (self.stick, self.goal, self.left_at) = (Stick::Hand, Some(Goal { at: 0, owed: 0 }), u64::MAX);
        }
    }

    /// Another item: its most telling file, from its end.
    pub(super) fn forget(&mut self) {
        let Self { serial, number, .. } = *self;
        *self = Self { serial: serial + 1, number, wish: self.wish.take(), ..Self::default() };
    }

    /// The end of the file.
    fn stay_at_end(&mut self) {
        self.stick = Stick::Newest;
        self.goal = None;
        self.told = None;
        self.serial += 1;
    }

    /// The first match from here on, as soon as the file is read.
    pub(super) const fn look_for_match(&mut self) {
        self.wants_match = true;
    }

    /// What `f` asks for: the telling file, and its end.
    pub(super) fn follow(&mut self) {
        self.choice = Choice::Telling;
        self.stay_at_end();
    }

    /// From now on the reader moves.
    fn by_hand(&mut self, rows: usize) {
        if self.stick == Stick::Newest {
            self.top = self.visible(rows).first().map_or(0, |line| line.at);
            self.stick = Stick::Hand;
            self.left_at = self.len;
        }
    }

    /// To a line, with some lines above it.
    fn go(&mut self, at: u64, above: usize, rows: usize) {
        self.by_hand(rows);
        self.goal = Some(Goal { at, owed: isize::try_from(above).unwrap_or_default().saturating_neg() });
        if !self.arrive(rows) {
            self.serial += 1;
        }
    }

    /// So many lines further down.
    fn scroll(&mut self, by: isize, rows: usize) {
        if let Some(goal) = &mut self.goal {
            goal.owed = goal.owed.saturating_add(by);
            return;
        }
        let Some(window) = &self.window else { return };
        let first = self.first(window, rows);
        if self.stick == Stick::Newest && (by >= 0 || (first == 0 && window.begin() == 0)) {
            return;
        }
        self.by_hand(rows);
        self.step(first, by, rows);
    }

    /// So many lines further down than a line of the window. What lies beyond the window is owed.
    fn step(&mut self, from: usize, by: isize, rows: usize) {
        let Some(window) = &self.window else { return };
        let most = window.lines.len().saturating_sub(rows);
        let wanted = isize::try_from(from).unwrap_or(isize::MAX).saturating_add(by);
        let to = usize::try_from(wanted).unwrap_or_default().min(most);
        let beyond = wanted.saturating_sub(isize::try_from(to).unwrap_or(isize::MAX));
        let is_begin = window.begin() == 0;
        let is_end = window.is_end() && window.end >= self.len;
        self.top = window.lines.get(to).map_or(self.top, |line| line.at);
        if by > 0 && to == most && is_end {
            // whoever scrolls down to the end stays there
            self.stay_at_end();
        } else if (beyond > 0 && !is_end) || (beyond < 0 && !is_begin) {
            self.goal = Some(Goal { at: self.top, owed: beyond });
            self.serial += 1;
        }
    }

    /// Goes where it is wanted, if the lines there are known. False: they are not.
    fn arrive(&mut self, rows: usize) -> bool {
        let Some(goal) = self.goal else { return true };
        let Some(window) = &self.window else { return false };
        if window.lines.first().is_none_or(|line| line.at > goal.at) || goal.at >= window.end {
            return false;
        }
        let at = window.lines.partition_point(|line| line.at < goal.at);
        self.goal = None;
        self.top = goal.at;
        if goal.owed != 0 {
            self.step(at, goal.owed, rows);
        }
        true
    }

    /// Asks for the next window where the edge of this one is near.
    fn ask_on(&mut self, rows: usize) {
        let Some(window) = self.window.as_ref().filter(|window| window.serial == self.serial && self.goal.is_none()) else { return };
        if self.stick == Stick::Newest {
            return;
        }
        let first = self.first(window, rows);
        let below = window.lines.len().saturating_sub(first.saturating_add(rows));
        let near = (first < MARGIN && window.begin() > 0) || (below < MARGIN && window.end < self.len);
        let top = window.lines.get(first).map_or(self.top, |line| line.at);
        if near && self.asked != (top, self.len) {
            self.asked = (top, self.len);
            self.top = top;
            self.serial += 1;
        }
    }

    fn take_window(&mut self, window: Window, rows: usize) {
        let is_answer = window.serial == self.serial;
        self.len = window.len;
        if self.left_at == u64::MAX {
            self.left_at = self.len;
        }
        self.window = Some(window);
        if !self.arrive(rows) && is_answer {
            // the place is gone with what the file was
            self.goal = None;
        }
    }

    fn take_turn(&mut self, turn: Turn, now: Timestamp) {
        if turn.begins_again() {
            // what came since then is counted from what is there when it is read
            (self.top, self.left_at, self.mark, self.paused, self.hunting) = (0, u64::MAX, None, None, None);
            self.goal = (self.stick == Stick::Hand).then_some(Goal { at: 0, owed: 0 });
            self.serial += 1;
        }
        self.told = Some((now, turn));
    }
}

/// Does what a key asks for on the log screen. False: the key means to leave it.
pub(super) fn perform(state: &mut State, action: Action) -> bool {
    let rows = state.layout.log_rows.max(1);
    let page = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1);
    let log = &mut state.log;
    match action {
        Action::Back if log.hunting.is_some() => hunt::stop(state),
        Action::Back => return false,
        Action::Down => log.scroll(1, rows),
        Action::Up => log.scroll(-1, rows),
        Action::PageDown => log.scroll(page, rows),
        Action::PageUp => log.scroll(page.saturating_neg(), rows),
        Action::First => log.go(0, 0, rows),
        Action::Last => log.stay_at_end(),
        Action::Right => {
            let cols = state.layout.log_cols;
            let widest = log.visible(rows).iter().map(Line::width).max().unwrap_or_default();
            if widest > log.side + cols {
                log.side += SIDEWAYS;
            }
        }
        Action::Left => log.side = log.side.saturating_sub(SIDEWAYS),
        Action::NextSource => source::step(state, 1),
        Action::PreviousSource => source::step(state, -1),
        Action::NextProblem => hunt::begin(state, Aim::Problem, Way::Forwards),
        Action::PreviousProblem => hunt::begin(state, Aim::Problem, Way::Backwards),
        _ => {}
    }
    true
}

/// The next match of what is searched for.
pub(super) fn find(state: &mut State, action: Action) {
    hunt::begin(state, Aim::Match, if action == Action::FindPrevious { Way::Backwards } else { Way::Forwards });
}

/// The source behind a tab, chosen by hand.
pub(super) fn choose(state: &mut State, tab: usize) {
    source::choose(state, tab);
}

/// Takes what was read.
pub(super) fn take(state: &mut State, news: News) {
    let rows = state.layout.log_rows.max(1);
    let (now, log) = (state.now, &mut state.log);
    match news {
        News::Written(written) => log.written = written,
        News::Window(window) if log.source.as_ref() == Some(&window.source) => {
            log.take_window(window, rows);
            moment::begin(state);
            let log = &mut state.log;
            if std::mem::take(&mut log.wants_match) && state.find.is_some() {
                hunt::begin(state, Aim::Match, Way::Forwards);
            }
        }
        News::Length(source, len) if log.source.as_ref() == Some(&source) => log.len = len,
        News::Turn(source, turn) if log.source.as_ref() == Some(&source) => log.take_turn(turn, now),
        News::Hunt(number, found) => hunt::take(state, number, found),
        News::Counted(pattern, counts) => sought::take_files(state, &pattern, counts),
        // of a file that is shown no more
        News::Window(_) | News::Length(..) | News::Turn(..) => {}
    }
}

/// After every message: the file that fits what is looked at, and what is to be read of it.
pub(super) fn settle(state: &mut State) -> Option<Effect> {
    let is_shown = state.screen == Screen::Log || beside::shows_file(state);
    if !is_shown {
        state.log.hunting = None;
    }
    let wish = match state.screen {
        Screen::Log | Screen::Agent => Some(wanted(state, is_shown)),
        Screen::Queue | Screen::Benchmark | Screen::Machine | Screen::Results => None,
    };
    if wish == state.log.wish {
        return None;
    }
    state.log.wish.clone_from(&wish);
    Some(Effect::Log(wish))
}

fn wanted(state: &mut State, is_shown: bool) -> Wish {
    let sources = source::candidates(state);
    let count = sought::counted(state);
    if !is_shown {
        return Wish { sources, source: None, count, place: Place::End, cols: 0, serial: state.log.serial, hunt: None };
    }
    let beside = beside::shows_file(state).then(|| beside::source(state, state.beside)).flatten();
    let source = beside.unwrap_or_else(|| source::fitting(state, &sources));
    if state.log.source.as_ref() != Some(&source) {
        state.log.open(source.clone());
    }
    let rows = state.layout.log_rows.max(1);
    let log = &mut state.log;
    log.ask_on(rows);
    let place = match (log.stick, log.goal, &log.wish) {
        (Stick::Newest, ..) => Place::End,
        (Stick::Hand, Some(goal), _) => Place::Around(goal.at),
        // the window stays where it was asked for until another one is
        (Stick::Hand, None, Some(wish)) if wish.source.is_some() && wish.serial == log.serial && wish.place != Place::End => wish.place,
        (Stick::Hand, None, _) => Place::Around(log.top),
    };
    let hunt = log.hunting.as_ref().map(|hunting| hunting.hunt.clone());
    let cols = if source.is_laid_out() { state.layout.log_cols } else { 0 };
    Wish { sources, source: Some(source), count, place, cols, serial: log.serial, hunt }
}
