//! Requests that were sent, and what became of them.

use jiff::Timestamp;

use super::state::State;
use super::{Mood, Said};
use crate::domain::ItemId;
use crate::ledger::fact::Answer;
use crate::ledger::{Ask, By, Request, Verb};

/// Makes requests: who asks, and the next id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    by: By,
    word: String,
    next: u64,
}

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: String,
    /// The verb.
    pub verb: Verb,
    /// What was asked, for people.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

impl Asker {
    /// One who asks, with a word that no other asker uses.
    pub const fn new(by: By, word: String) -> Self {
        Self { by, word, next: 1 }
    }

    /// A request.
    pub fn request(&mut self, at: Timestamp, ask: Ask) -> Request {
        let id = format!("{}-{}", self.word, self.next);
        self.next = self.next.saturating_add(1);
        Request { id, at, by: self.by.clone(), ask }
    }
}

/// A wish about the run, or about one item.
pub fn ask(verb: Verb, item: Option<ItemId>) -> Ask {
    Ask { verb, item, stage: None, commit: None, policy: None }
}

/// A wish in a few words: `skip vllm_core-0003`.
pub fn what(ask: &Ask) -> String {
    let verb = ask.verb.name().replace('-', " ");
    match &ask.item {
        Some(item) => format!("{verb} {item}"),
        None => verb,
    }
}

/// Looks for answers in the facts.
pub(super) fn collect(state: &mut State) {
    let answers = &state.run.answers;
    let mut heard = None;
    state.asked.retain(|asked| match answers.get(&asked.id) {
        None => true,
        Some((_, answer)) => {
            heard = Some(match answer {
                Answer::Done { says } => Said::new(Mood::Good, says.as_str()),
                Answer::Refused { says } => Said::new(Mood::Warn, format!("{} refused: {says}", asked.what)),
                Answer::Expired {} => Said::new(Mood::Warn, format!("{} expired: it was asked before this runner started", asked.what)),
            });
            false
        }
    });
    if let Some(said) = heard {
        state.remark(said);
    }
}

/// What the footer says of requests without an answer.
pub fn waiting(state: &State, now: Timestamp) -> Option<Said> {
    let asked = state.asked.last()?;
    let for_ms = super::words::between(asked.at, now);
    Some(if for_ms < 5000 {
        Said::new(Mood::Quiet, format!("asked: {}…", asked.what))
    } else {
        let way_on = if state.has_runner() { "6 shows the runner's log" } else { "there is no runner: c starts one" };
        Said::new(Mood::Warn, format!("asked: {}; no answer for {}; {way_on}", asked.what, crate::text::duration::short(for_ms)))
    })
}
