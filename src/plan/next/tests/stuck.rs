//! What follows from a stuck agent, and from the same error in item after item.

use super::*;
use crate::domain::{Detector, OnStuck};

/// A run whose first item's agent is at work.
fn at_work(policy: OnStuck) -> Story {
    let mut story = Story::of(2);
    story.config.agent.on_stuck = policy;
    story.start(1, 1);
    story.begin(1, 1, Stage::Worktree);
    story.end(1, 1, Stage::Worktree, StageEnd::Done);
    story.begin(1, 1, Stage::Agent);
    story
}

impl Story {
    fn finds(&mut self, found: u32, detector: Detector, level: Level) {
        let says = format!("{} 5 times", detector.title());
        let (hint, evidence) = (String::new(), Vec::new());
        let finding = Finding { detector, level, first_step: 3, last_step: 7, says, hint, evidence, cleared: None };
        self.tell(Fact::FindingMade { item: id(1), n: 1, id: found, finding });
    }

    fn follows(&mut self) -> Vec<Fact> {
        let facts = agent_stuck(&self.run, &self.config);
        facts.iter().cloned().for_each(|fact| self.tell(fact));
        facts
    }

    /// The agent ends as it was told to, and the stages after it end well. Returns them, and how the attempt ended.
    fn plays_on(&mut self) -> (Vec<Stage>, AttemptEnd) {
        let why = "stuck: cycle 5 times".to_owned();
        self.end(1, 1, Stage::Agent, StageEnd::Failed { class: FailureClass::AgentStuck, why });
        let mut stages = Vec::new();
        loop {
            match self.next() {
                Next::Start { stage, .. } => {
                    stages.push(stage);
                    self.begin(1, 1, stage);
                    self.end(1, 1, stage, StageEnd::Done);
                }
                Next::Record(facts) => match facts.as_slice() {
                    [Fact::AttemptFinished { end, .. }] => {
                        let end = end.clone();
                        self.tell_due();
                        return (stages, end);
                    }
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn nothing_follows_before_level_stuck_or_where_it_is_only_marked() {
    let mut story = at_work(OnStuck::Stop);
    story.finds(0, Detector::Cycle, Level::Warn);
    story.finds(1, Detector::OpenCall, Level::Stuck);
    assert_eq!(story.follows(), [], "a warning, and an alarm");
    story.finds(0, Detector::Cycle, Level::Stuck);
    story.tell(Fact::FindingCleared { item: id(1), n: 1, id: 0, step: Some(9) });
    assert_eq!(story.follows(), [], "it got on again");
    let mut story = at_work(OnStuck::Mark);
    story.finds(0, Detector::Cycle, Level::Stuck);
    assert_eq!(story.follows(), []);
}

#[test]
fn stop_ends_the_agent_and_its_patch_is_benchmarked() {
    let mut story = at_work(OnStuck::Stop);
    story.finds(0, Detector::Cycle, Level::Stuck);
    let facts = story.follows();
    let [Fact::StageStopping { stage: Stage::Agent, class: Some(FailureClass::AgentStuck), why, by, .. }] = facts.as_slice() else {
        panic!("{facts:?}")
    };
    assert_eq!((why.as_str(), by), ("stuck: cycle 5 times (D9, agent.on_stuck = stop)", &By::rule("stuck")));
    assert_eq!(story.follows(), [], "it is told once");
    let (stages, end) = story.plays_on();
    assert_eq!(
        (stages.as_slice(), end),
        (&[Stage::Check, Stage::Human, Stage::Baseline, Stage::Candidate, Stage::Score, Stage::Clean][..], AttemptEnd::Done)
    );
    let item = story.run.item(&id(1)).unwrap();
    assert_eq!((item.status(), item.agent_failure().as_deref()), ("done", Some("agent stopped: stuck: cycle 5 times")));
}

#[test]
fn skip_keeps_the_patch_and_measures_nothing() {
    let mut story = at_work(OnStuck::Skip);
    story.run.hold = true;
    story.finds(0, Detector::Cycle, Level::Stuck);
    let facts = story.follows();
    assert!(matches!(facts.as_slice(), [Fact::ItemSkipped { .. }, Fact::StageStopping { .. }]), "{facts:?}");
    let (stages, end) = story.plays_on();
    assert_eq!(stages, [Stage::Check, Stage::Clean]);
    assert!(matches!(&end, AttemptEnd::Stopped { why } if why.starts_with("stuck: ")), "{end:?}");
    let item = story.run.item(&id(1)).unwrap();
    assert_eq!((item.status(), item.is_skipped_as_stuck()), ("skipped", true));
    assert_eq!(begins(&story), (id(2), 1, Stage::Worktree), "the queue goes on, hold or not");
}

#[test]
fn a_runner_that_died_between_the_two_facts_still_stops_the_agent() {
    let mut story = at_work(OnStuck::Skip);
    story.finds(0, Detector::Cycle, Level::Stuck);
    story.tell(Fact::ItemSkipped { item: id(1), by: By::rule("stuck") });
    let facts = story.follows();
    assert!(matches!(facts.as_slice(), [Fact::StageStopping { .. }]), "{facts:?}");
}

#[test]
fn a_person_may_change_the_policy_of_a_live_run() {
    let mut story = at_work(OnStuck::Stop);
    story.tell(Fact::OnStuckSet { policy: OnStuck::Mark, by: ann() });
    story.finds(0, Detector::Cycle, Level::Stuck);
    assert_eq!(story.follows(), []);
    story.tell(Fact::OnStuckSet { policy: OnStuck::Stop, by: ann() });
    assert_eq!(story.follows().len(), 1, "what is stuck already counts too");
}

/// An agent that ends so, with a patch that could be benchmarked.
fn dies(story: &mut Story, nth: usize, class: FailureClass, why: &str) {
    story.start(nth, 1);
    story.begin(nth, 1, Stage::Agent);
    story.end(nth, 1, Stage::Agent, StageEnd::Failed { class, why: why.to_owned() });
    story.tell(Fact::AttemptFinished { item: id(nth), n: 1, end: AttemptEnd::Done });
}

const NO_OUTPUT: [&str; 4] = [
    "Error code: 400 - No tool output found for function call call_a1B2c3",
    "Error code: 400 - No tool output found for function call call_77Zz",
    "Error code: 400 - No tool output found for function call call_00Qr",
    "Error code: 400 - No tool output found for function call call_99Ab",
];

#[test]
fn the_same_error_three_times_opens_the_breaker_whatever_its_class() {
    let mut story = Story::of(6);
    for (nth, why) in (1..).zip(NO_OUTPUT.into_iter().take(3)) {
        assert!(matches!(story.due().as_slice(), [Fact::AttemptStarted { .. }]), "{nth}");
        dies(&mut story, nth, FailureClass::ApiProtocol, why);
    }
    let due = story.due();
    let [Fact::BreakerOpened { class: FailureClass::ApiProtocol, items, error: Some(error), .. }] = due.as_slice() else {
        panic!("{due:?}")
    };
    assert_eq!((items.len(), error.as_str()), (3, NO_OUTPUT[2]));
    story.tell_due();
    story.tell(Fact::Resumed { by: ann() });
    let mut goes_on = story.run.clone();
    dies(&mut story, 4, FailureClass::ApiProtocol, NO_OUTPUT[3]);
    assert!(matches!(story.due().as_slice(), [Fact::BreakerRearmed { .. }]));
    // another error than that: the agent got as far
    std::mem::swap(&mut story.run, &mut goes_on);
    dies(&mut story, 4, FailureClass::AgentCrashed, "KeyError: 'steps'");
    assert!(matches!(story.due().as_slice(), [Fact::BreakerClosed { .. }]));
}

#[test]
fn limits_of_ours_and_other_errors_in_between_keep_it_closed() {
    for between in [(FailureClass::AgentBudget, "step budget: 50 steps"), (FailureClass::AgentCrashed, "KeyError: 'steps'")] {
        let mut story = Story::of(6);
        dies(&mut story, 1, FailureClass::ApiProtocol, NO_OUTPUT[0]);
        dies(&mut story, 2, FailureClass::ApiProtocol, NO_OUTPUT[1]);
        dies(&mut story, 3, between.0, between.1);
        dies(&mut story, 4, FailureClass::ApiProtocol, NO_OUTPUT[2]);
        assert_eq!(begins(&story).0, id(5));
    }
    let mut story = Story::of(6);
    (1..=4).for_each(|nth| dies(&mut story, nth, FailureClass::AgentBudget, "step budget: 50 steps"));
    assert_eq!(begins(&story).0, id(5), "out of steps is no cause outside the item");
    let mut story = Story::of(6);
    story.config.breaker.items = 0;
    (1..=4).for_each(|nth| dies(&mut story, nth, FailureClass::ApiProtocol, NO_OUTPUT[0]));
    assert_eq!(begins(&story).0, id(5), "off");
}
