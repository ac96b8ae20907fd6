//! Questions before something is started.

use super::card::{Choice as Wanted, Looked, RunCard, Summary};
use super::message::{Beside, Wish};
use crate::domain::{Check, RunId};
use crate::text::count;
use crate::ui::Key;
use crate::ui::question::{Choice, Question};
use crate::ui::words::sentence_case;

/// What follows an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// This is wished, and the sentence says what is going on.
    Wish(Wish, String),
    /// A run is opened.
    Open(RunId),
    /// Nothing.
    Nothing,
}

fn choice(keys: &[Key], label: &'static str, then: Then) -> Choice<Then> {
    Choice { keys: keys.to_vec(), label, cost: None, then }
}

fn not_yet() -> Choice<Then> {
    choice(&[Key::Esc, Key::Char('n'), Key::Char('q'), Key::Ctrl('c')], "not yet", Then::Nothing)
}

fn start(looked: &Looked, beside: Beside) -> Then {
    let wanted: Wanted = looked.choice.clone();
    let says =
        format!("starting {} with {} {}: everything is looked at once more", count(looked.runnable, "item"), looked.agent, looked.model);
    Then::Wish(Wish::Start { choice: wanted, digest: looked.digest.clone(), beside }, says)
}

/// What follows when a run is to be continued.
pub fn go_on(run: &RunCard) -> Then {
    Then::Wish(Wish::Continue(run.id.clone()), format!("starting a runner for {}", run.id))
}

/// Whether a plan is to be run.
pub fn begin(looked: &Looked) -> Question<Then> {
    let title = format!("Start {} with {} {}?", count(looked.runnable, "item"), looked.agent, looked.model);
    let mut says = vec![format!("{}.", sentence_case(&looked.length))];
    if looked.left_out() > 0 {
        let verb = if looked.left_out() == 1 { "is" } else { "are" };
        says.push(format!("{} of {} {verb} blocked and left out.", looked.left_out(), count(looked.items, "item")));
    }
    let warnings = looked.count(Check::Warning);
    if warnings > 0 {
        says.push(format!("There {} {}: the table says which.", if warnings == 1 { "is" } else { "are" }, count(warnings, "warning")));
    }
    says.push("It runs in the background and needs no terminal.".to_owned());
    Question { title, says, choices: vec![choice(&[Key::Enter, Key::Char('y')], "start", start(looked, Beside::Never)), not_yet()] }
}

/// What is to be done where a run of the same plan and agent is unfinished.
pub fn unfinished(looked: &Looked, run: &RunCard, summary: &Summary) -> Question<Then> {
    let over = format!("{} of {} are over", summary.over, count(summary.items, "item"));
    let another = choice(&[Key::Char('a')], "start another beside it", start(looked, Beside::All));
    let (title, says, first) = match summary.runner {
        Some(pid) => (
            "This plan is running already".to_owned(),
            format!("Run {} of the same plan and agent has a runner (pid {pid}); {over}.", run.id),
            choice(&[Key::Enter, Key::Char('o')], "open it", Then::Open(run.id.clone())),
        ),
        None => (
            "Continue the unfinished run?".to_owned(),
            format!("Run {} of the same plan and agent is unfinished: {over}.", run.id),
            choice(&[Key::Enter, Key::Char('c')], "continue it", go_on(run)),
        ),
    };
    Question { title, says: vec![says], choices: vec![first, another, not_yet()] }
}
