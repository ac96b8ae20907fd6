//! Pulls that fail, and items that wait for room.

use super::*;
use crate::domain::{Deferral, PullDetail, Shortage};
use crate::ledger::Request;
use crate::ledger::request::Ask;
use crate::ledger::{Verb, fact};
use crate::plan::{Eta, LookedUp, answer, eta};

impl Story {
    fn with_images(items: usize) -> Self {
        let mut story = Self::of(items);
        story.run.stages = Stage::ALL.to_vec();
        story
    }

    /// An attempt up to its pull, its agent out of its budget.
    fn up_to_pull(&mut self, nth: usize) {
        self.start(nth, 1);
        for (stage, end) in [
            (Stage::Worktree, StageEnd::Done),
            (Stage::Agent, StageEnd::Failed { class: FailureClass::AgentBudget, why: "time".to_owned() }),
            (Stage::Check, StageEnd::Done),
        ] {
            self.begin(nth, 1, stage);
            self.end(nth, 1, stage, end);
        }
    }

    /// The pull of an attempt, which ends so.
    fn pulls(&mut self, nth: usize, n: u32, end: StageEnd, until: Option<Timestamp>) {
        self.begin(nth, n, Stage::Pull);
        let detail = StageDetail::Pull(PullDetail { images: Vec::new(), until });
        let outcome = StageOutcome { end, child: None, duration_ms: 1, detail };
        self.tell(Fact::StageFinished { item: id(nth), n, stage: Stage::Pull, outcome });
    }

    /// The same with what follows up to the attempt's end: the images did not come.
    fn pull(&mut self, nth: usize, n: u32, end: StageEnd, until: Option<Timestamp>) {
        self.pulls(nth, n, end, until);
        let attempt = AttemptId { item: id(nth), n };
        assert_eq!(self.next(), Next::Start { attempt, stage: Stage::Clean }, "nothing is measured without its images");
        self.begin(nth, n, Stage::Clean);
        self.end(nth, n, Stage::Clean, StageEnd::Done);
        self.tell_due();
    }

    fn defer(&mut self, nth: usize, n: u32, needs: u64) {
        if n > 1 {
            self.tell(Fact::AttemptStarted { item: id(nth), n, from: Stage::Pull });
        } else {
            self.up_to_pull(nth);
        }
        self.pull(nth, n, StageEnd::Deferred(Box::new(short(needs))), None);
    }

    fn asks(&mut self, nth: usize, verb: Verb) {
        let ask = Ask { item: Some(id(nth)), verb, stage: None, commit: None, policy: None };
        for fact in answer(&self.run, &Request { id: "r".to_owned(), at: at(0), by: ann(), ask }, LookedUp::default()) {
            assert!(!matches!(fact, Fact::RequestAnswered { answer: fact::Answer::Refused { .. }, .. }), "{fact:?}");
            self.tell(fact);
        }
    }
}

fn short(needs: u64) -> Deferral {
    Deferral {
        shortage: Shortage { needs, free: 5, prune_would_free: None },
        disk: Some("/d".into()),
        why: format!("needs {needs} B, 5 B free"),
    }
}

#[test]
fn a_pull_is_tried_again_from_the_pull_and_no_agent_works_twice_for_it() {
    let mut story = Story::with_images(1);
    story.up_to_pull(1);
    story.pull(1, 1, StageEnd::Failed { class: FailureClass::TimeoutPull, why: "late".to_owned() }, None);
    assert!(matches!(story.due().as_slice(), [Fact::ItemRequeued { from: Stage::Pull, automatic: true, .. }]));
    story.tell_due();
    story.second += 60;
    assert_eq!(begins(&story), (id(1), 2, Stage::Pull));
}

#[test]
fn a_registry_that_says_when_is_not_asked_before() {
    let mut story = Story::with_images(1);
    story.up_to_pull(1);
    let until = at(5000);
    story.pull(1, 1, StageEnd::Failed { class: FailureClass::RateLimit, why: "slower".to_owned() }, Some(until));
    assert!(matches!(story.due().as_slice(), [Fact::ItemRequeued { not_before: Some(at), .. }] if *at == until));
}

#[test]
fn an_image_that_is_not_there_is_not_asked_for_again() {
    let mut story = Story::with_images(1);
    story.up_to_pull(1);
    story.pull(1, 1, StageEnd::Failed { class: FailureClass::ImageMissing, why: "none".to_owned() }, None);
    assert_eq!(story.due(), [Fact::RunFinished {}]);
    story.asks(1, Verb::RetryStage);
    assert_eq!(begins(&story), (id(1), 2, Stage::Pull));
}

#[test]
fn an_item_without_room_waits_for_it_while_the_others_go_on() {
    let mut story = Story::with_images(2);
    story.defer(1, 1, 100);
    assert_eq!((story.run.items.first().unwrap().status(), story.run.items.first().unwrap().automatic_retries), ("waiting", 0));
    assert_eq!(why_not(&story.run, &id(1), true).unwrap(), "waits for room: needs 100 B, 5 B free");
    story.free = Some(99);
    assert_eq!(begins(&story), (id(2), 1, Stage::Worktree));
    story.over(2, 1, AttemptEnd::Done);
    let says = "i1 waits for room on Docker's disk: needs 100 B, 5 B free".to_owned();
    assert_eq!(story.next(), Next::Wait { says, until: None }, "nothing else is left, and the run is not over");
    assert_eq!(story.run.state(true), crate::model::RunState::Waiting);
    story.free = Some(100);
    assert_eq!(begins(&story), (id(1), 2, Stage::Pull));
}

#[test]
fn a_disk_that_is_full_whenever_it_is_looked_at_keeps_nobody_busy() {
    let mut story = Story::with_images(1);
    story.defer(1, 1, 100);
    story.free = Some(200);
    story.tell_due();
    story.pull(1, 2, StageEnd::Deferred(Box::new(short(300))), None);
    story.free = Some(300);
    assert!(matches!(story.next(), Next::Wait { .. }));
    story.second += 30;
    assert_eq!(begins(&story), (id(1), 3, Stage::Pull));
    // nobody can see that disk any more: the pull itself looks, from time to time
    story.free = None;
    assert!(matches!(story.next(), Next::Wait { .. }));
    story.second += 30;
    assert_eq!(begins(&story), (id(1), 3, Stage::Pull));
}

#[test]
fn what_waits_for_room_can_be_skipped_and_tried_at_once() {
    let mut story = Story::with_images(2);
    story.defer(1, 1, 100);
    story.free = Some(0);
    story.asks(1, Verb::RetryStage);
    assert_eq!(begins(&story), (id(1), 2, Stage::Pull), "a person knows better");
    story.defer(1, 2, 100);
    story.asks(1, Verb::Skip);
    assert_eq!(story.run.items.first().unwrap().status(), "skipped");
    assert_eq!(begins(&story), (id(2), 1, Stage::Worktree));
}

#[test]
fn no_room_counts_for_no_breaker_and_ends_no_row() {
    let mut story = Story::with_images(5);
    story.config.retry.transient = 0;
    let limited = || StageEnd::Failed { class: FailureClass::RateLimit, why: "slower".to_owned() };
    story.free = Some(0);
    for nth in [1, 2] {
        story.up_to_pull(nth);
        story.pull(nth, 1, limited(), None);
    }
    story.defer(3, 1, 100);
    story.up_to_pull(4);
    story.pull(4, 1, limited(), None);
    assert!(matches!(story.due().as_slice(), [Fact::BreakerOpened { class: FailureClass::RateLimit, items, .. }] if items.len() == 3));
}

#[test]
fn a_prune_that_fails_or_is_stopped_takes_nothing_from_the_result() {
    for end in [StageEnd::Failed { class: FailureClass::NoDocker, why: "gone".to_owned() }, StageEnd::Stopped { why: "by ann".to_owned() }]
    {
        let mut story = Story::with_images(1);
        story.start(1, 1);
        for stage in [Stage::Pull, Stage::Score] {
            story.begin(1, 1, stage);
            story.end(1, 1, stage, StageEnd::Done);
        }
        story.begin(1, 1, Stage::Clean);
        story.end(1, 1, Stage::Clean, end);
        assert!(matches!(story.due().as_slice(), [Fact::AttemptFinished { end: AttemptEnd::Done, .. }]));
    }
}

#[test]
fn a_deferral_is_read_as_it_is_written() {
    let finished = Fact::AttemptFinished { item: id(1), n: 1, end: AttemptEnd::Deferred(short(7)) };
    let outcome = StageOutcome { end: StageEnd::Deferred(Box::new(short(7))), child: None, duration_ms: 1, detail: StageDetail::Nothing };
    let ended = Fact::StageFinished { item: id(1), n: 1, stage: Stage::Pull, outcome };
    for fact in [finished, ended] {
        let line = String::from_utf8(Entry::encode(1, at(1), 1, &fact).unwrap()).unwrap();
        assert_eq!(Entry::decode(line.trim_end()).unwrap().body, Body::Known(Box::new(fact)));
    }
}

#[test]
fn an_image_that_went_after_its_pull_is_pulled_again_and_what_was_measured_before_is_not_measured_again() {
    let gone = || StageEnd::Failed { class: FailureClass::ImageMissing, why: "somebody removed it".to_owned() };
    for (human, from) in [(gone(), Stage::Human), (StageEnd::Done, Stage::Baseline)] {
        let mut story = Story::with_images(1);
        story.config.retry.backoff_s = 0.0;
        story.up_to_pull(1);
        story.pulls(1, 1, StageEnd::Done, None);
        for (stage, end) in [
            (Stage::Human, human),
            (Stage::Baseline, gone()),
            (Stage::Candidate, StageEnd::Done),
            (Stage::Score, StageEnd::Done),
            (Stage::Clean, StageEnd::Done),
        ] {
            story.begin(1, 1, stage);
            story.end(1, 1, stage, end);
        }
        story.tell_due();
        let due = story.due();
        assert!(matches!(due.as_slice(), [Fact::ItemRequeued { automatic: true, from: again, .. }] if *again == from), "{due:?}");
        story.tell_due();
        assert_eq!(begins(&story), (id(1), 2, from));
        story.tell_due();
        let begin = |stage| Next::Start { attempt: AttemptId { item: id(1), n: 2 }, stage };
        assert_eq!(story.next(), begin(Stage::Pull));
        story.pulls(1, 2, StageEnd::Done, None);
        assert_eq!(story.next(), begin(from));
        story.begin(1, 2, from);
        story.end(1, 2, from, StageEnd::Done);
        let rest = if from == Stage::Human { Stage::Baseline } else { Stage::Score };
        assert_eq!(story.next(), begin(rest), "the candidate's numbers are taken over");
    }
}

#[test]
fn an_arm_that_is_asked_for_again_is_measured_once_its_images_are_there_and_no_other_before_it() {
    let mut story = Story::with_images(1);
    story.up_to_pull(1);
    for (stage, end) in [
        (Stage::Pull, StageEnd::Done),
        (Stage::Human, StageEnd::Done),
        (Stage::Baseline, StageEnd::Done),
        (Stage::Candidate, StageEnd::Failed { class: FailureClass::ArmCrashed, why: "it broke".to_owned() }),
        (Stage::Score, StageEnd::Done),
        (Stage::Clean, StageEnd::Done),
    ] {
        story.begin(1, 1, stage);
        story.end(1, 1, stage, end);
    }
    story.tell_due();
    story.asks(1, Verb::RetryStage);
    assert_eq!(begins(&story), (id(1), 2, Stage::Candidate));
    story.tell_due();
    let begin = |n, stage| Next::Start { attempt: AttemptId { item: id(1), n }, stage };
    assert_eq!(story.next(), begin(2, Stage::Pull));
    let left = |story: &Story| match eta::left(&story.run, &[], 0, at(100)) {
        Eta::Left(left) => left.p50_ms,
        other => panic!("{other:?}"),
    };
    assert!(left(&story) <= 3, "each stage took 1 ms, and the arms before are over: {} ms", left(&story));
    // a registry that is away, or a disk that is full, takes nothing from the arms before
    story.pull(1, 2, StageEnd::Failed { class: FailureClass::RegistryDown, why: "away".to_owned() }, None);
    assert!(matches!(story.due().as_slice(), [Fact::ItemRequeued { from: Stage::Candidate, automatic: true, .. }]));
    story.tell_due();
    story.second += 60;
    story.tell_due();
    story.pull(1, 3, StageEnd::Deferred(Box::new(short(100))), None);
    story.free = Some(100);
    story.tell_due();
    assert_eq!(story.next(), begin(4, Stage::Pull));
    story.begin(1, 4, Stage::Pull);
    story.end(1, 4, Stage::Pull, StageEnd::Done);
    assert_eq!(story.next(), begin(4, Stage::Candidate));
    // what is cut off there goes on with it
    story.begin(1, 4, Stage::Candidate);
    story.end(1, 4, Stage::Candidate, StageEnd::Interrupted { why: "killed".to_owned() });
    story.tell_due();
    story.tell_due();
    assert_eq!(story.next(), begin(5, Stage::Candidate));
    assert!(story.run.items.first().unwrap().last_attempt().unwrap().stage(Stage::Pull).is_some());
}
