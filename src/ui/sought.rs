//! What is searched for on the agent's screen: in which steps it is, and in how many lines of the files beside them.

use super::beside::{self, Beside};
use super::finding::Turned;
use super::log::{Count, Source};
use super::message::SoughtNews;
use super::reading::Matched;
use super::state::State;
use super::{Screen, ahead, finding};
use crate::domain::AttemptId;
use crate::text::find::Pattern;
use crate::text::{count, width};

/// Where a pattern is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The pattern.
    pub pattern: Pattern,
    /// Whose steps and files.
    pub attempt: AttemptId,
    /// Positions of steps that hold it, and in how many lines, in order. Where only a window of the steps is held they are
    /// positions among all.
    pub steps: Vec<(usize, usize)>,
    /// The steps before this one were searched.
    pub upto: usize,
    /// Steps before the first one that is held; `None` while nobody knows.
    pub before: Option<usize>,
    /// Whether all steps were searched.
    pub is_all: bool,
    /// Why the others will not be.
    pub ended: Option<String>,
    /// Lines of the files that hold it, as far as they were counted.
    pub files: Vec<(Source, Count)>,
}

/// A piece of the line that tells the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it leads.
    pub to: Beside,
    /// Its words.
    pub text: String,
    /// Whether there is anything.
    pub holds: bool,
}

/// Keeps what is sought in step with what is typed and looked at; whether that changed.
pub(super) fn settle(state: &mut State) -> bool {
    let trail = state.focus.as_ref().and_then(|focus| focus.trail.as_ref());
    let wanted = state.find.as_ref().zip(trail).filter(|_| state.screen == Screen::Agent);
    let before = state.shown_trail().and_then(|trail| trail.pages).map_or(Some(0), |pages| pages.before);
    let known = state.sought.as_ref().map(|sought| (&sought.pattern, &sought.attempt));
    if wanted == known {
        if let Some(sought) = &mut state.sought {
            sought.before = before;
        }
        return false;
    }
    let was_searched = known.map(|(pattern, _)| pattern);
    let is_news = wanted.map(|(pattern, _)| pattern) != was_searched;
    state.sought = wanted.map(|(pattern, attempt)| Sought {
        pattern: pattern.clone(),
        attempt: attempt.clone(),
        steps: Vec::new(),
        upto: 0,
        before,
        is_all: false,
        ended: None,
        files: Vec::new(),
    });
    is_news
}

/// What is to be counted in which files.
pub(super) fn counted(state: &State) -> Option<(Pattern, Vec<Source>)> {
    let sought = state.sought.as_ref()?;
    let files = Beside::ALL.iter().filter_map(|beside| beside::source(state, *beside)).collect();
    Some((sought.pattern.clone(), files))
}

/// Takes in which steps it is.
pub(super) fn take_steps(state: &mut State, news: SoughtNews) {
    if let Some(sought) = state.sought.as_mut().filter(|sought| sought.pattern == news.pattern && sought.attempt == news.attempt) {
        if news.from > sought.upto {
            return;
        }
        sought.steps.truncate(sought.steps.partition_point(|(at, _)| *at < news.from));
        sought.steps.extend(news.found);
        (sought.upto, sought.is_all) = (news.upto, news.is_all);
        if news.from == 0 {
            // it began anew, in a file that can be read
            sought.ended = None;
        }
        if is_paged(state) {
            ahead::look(state);
        } else {
            go_to_first(state);
        }
    }
}

/// Takes that no more of the steps are searched.
pub(super) fn take_end(state: &mut State, attempt: &AttemptId, pattern: &Pattern, why: String) {
    if let Some(sought) = state.sought.as_mut().filter(|sought| sought.pattern == *pattern && sought.attempt == *attempt) {
        sought.ended = Some(why);
        ahead::give_up(state);
    }
}

/// To the first match from where a search began that was typed just now.
fn go_to_first(state: &mut State) {
    let Some((from, sought)) = state.reading.searched_from.zip(state.sought.as_ref()) else { return };
    let ahead = sought.steps.iter().map(|(at, _)| *at).find(|at| *at >= from);
    let (first, turned) = match (ahead, sought.steps.first()) {
        (Some(at), _) => (at, Turned::No),
        (None, Some((at, _))) if sought.is_all => (*at, Turned::ToFirst),
        _ => return,
    };
    state.reading.searched_from = None;
    if state.reading.matched.map(|matched| matched.step) != Some(first) {
        finding::go_to_match(state, first, 0, turned);
    }
}

/// Takes how many lines of files hold it.
pub(super) fn take_files(state: &mut State, pattern: &Pattern, files: Vec<(Source, Count)>) {
    if let Some(sought) = state.sought.as_mut().filter(|sought| sought.pattern == *pattern) {
        sought.files = files;
    }
}

/// Whether it may be there, as far as is known; everything may where nothing is searched for.
pub(super) fn may_hold(state: &State, beside: Beside) -> bool {
    let Some(sought) = &state.sought else { return true };
    match beside::source(state, beside) {
        None => !sought.is_all || !sought.steps.is_empty(),
        Some(source) => !matches!(sought.count(&source), Some(Count::All(0) | Count::NoFile)),
    }
}

impl Sought {
    fn count(&self, source: &Source) -> Option<Count> {
        self.files.iter().find(|(counted, _)| counted == source).map(|(_, count)| *count)
    }

    /// In how many lines of the step at this position of those that are held it is, as far as is known.
    pub fn lines_of(&self, position: usize) -> usize {
        self.before.and_then(|before| self.known(before + position)).map_or(0, |(_, lines)| *lines)
    }

    /// Whether it is in the step at this position among all.
    pub(super) fn is_in(&self, step: usize) -> bool {
        self.known(step).is_some()
    }

    fn known(&self, step: usize) -> Option<&(usize, usize)> {
        self.steps.get(self.steps.binary_search_by_key(&step, |(at, _)| *at).ok()?)
    }

    /// Its lines in the steps before the one at this position of those that are held.
    fn lines_before(&self, position: usize) -> usize {
        let end = self.before.unwrap_or_default() + position;
        self.steps.iter().take_while(|(at, _)| *at < end).map(|(_, lines)| lines).sum()
    }
}

/// The line that tells the counts, in pieces: `match 3 of 17 in 9 steps`, `patch 2`, `prompt 0`. Where everything was searched in
/// vain it says what was.
pub fn pieces(state: &State) -> Vec<Piece> {
    let Some(sought) = &state.sought else { return Vec::new() };
    let files: Vec<(Beside, Option<Count>)> = Beside::ALL
        .into_iter()
        .filter_map(|beside| Some((beside, beside::source(state, beside)?)))
        .filter(|(beside, _)| beside::is_there(state, *beside))
        .map(|(beside, source)| (beside, sought.count(&source)))
        .filter(|(_, count)| *count != Some(Count::NoFile))
        .collect();
    let in_vain = sought.is_all && sought.steps.is_empty() && files.iter().all(|(_, count)| *count == Some(Count::All(0)));
    if in_vain {
        let all = all_steps(state);
        let searched = [count(all, "step")].into_iter().chain(files.iter().map(|(beside, _)| beside.name().to_owned())).collect::<Vec<_>>();
        let what = width::clip(&sought.pattern.text, 40);
        let says = format!("'{what}' is nowhere: searched {}", searched.join(", "));
        return vec![Piece { to: Beside::Step, text: says, holds: false }];
    }
    let mut pieces = vec![Piece { to: Beside::Step, text: in_steps(state, sought), holds: !sought.steps.is_empty() }];
    pieces.extend(files.into_iter().map(|(to, count)| {
        let (text, holds) = match count {
            Some(Count::All(n)) => (format!("{} {n}", to.name()), n > 0),
            Some(Count::Counting(n)) => (format!("{} {n}…", to.name()), n > 0),
            Some(Count::NoFile) | None => (format!("{} …", to.name()), false),
        };
        Piece { to, text, holds }
    }));
    pieces
}

/// How many steps there are.
fn all_steps(state: &State) -> usize {
    state.shown_trail().map_or(0, |trail| if trail.pages.is_some() { trail.count() as usize } else { trail.steps.len() })
}

/// Whether the steps are too large to be held.
fn is_paged(state: &State) -> bool {
    state.shown_trail().is_some_and(|trail| trail.pages.is_some())
}

/// `match 3 of 17 in 9 steps`.
fn in_steps(state: &State, sought: &Sought) -> String {
    let lines: usize = sought.steps.iter().map(|(_, lines)| lines).sum();
    let more = if sought.is_all { "" } else { "…" };
    let all = all_steps(state);
    // who holds all steps has searched them in a moment
    let percent = if is_paged(state) && !sought.is_all { (sought.upto * 100).checked_div(all) } else { None };
    let ended = sought.ended.as_ref().filter(|_| !sought.is_all);
    let far = match (percent, ended) {
        (Some(percent), Some(why)) => format!(", the search ended at {percent} %: {why}"),
        (None, Some(why)) => format!(", the search ended: {why}"),
        (Some(percent), None) => format!(", {percent} % searched"),
        (None, None) => String::new(),
    };
    if lines == 0 {
        if ended.is_some() {
            return far.trim_start_matches(", ").to_owned();
        }
        return if sought.is_all { format!("no match in {}", count(all, "step")) } else { format!("searching the steps…{far}") };
    }
    let cursor = state.reading.cursor;
    let steps = count(sought.steps.len(), "step");
    match state.reading.matched.filter(|matched| matched.step == cursor && sought.lines_of(cursor) > 0) {
        Some(Matched { nth, turned, .. }) => {
            let turned = match turned {
                Turned::No => "",
                Turned::ToFirst => ", round to the first",
                Turned::ToLast => ", round to the last",
                Turned::Only => ", the only one",
            };
            let here = sought.lines_before(cursor) + (nth + 1).min(sought.lines_of(cursor));
            format!("match {here} of {lines}{more} in {steps}{turned}{far}")
        }
        None if lines == 1 => format!("1{more} match in {steps}{far}"),
        None => format!("{lines}{more} matches in {steps}{far}"),
    }
}
