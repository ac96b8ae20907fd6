use super::*;
use crate::domain::{ArmDetail, ChildEnd, EndCause, FailureClass, ItemId, StageDetail, StageEnd, StageOutcome};
use crate::ledger::entry::Body;
use crate::ledger::{Entry, Fact, PlannedItem, RunPlan};

/// The stages of a run of arms alone.
const ARMS: [Stage; 3] = [Stage::Human, Stage::Candidate, Stage::Clean];

/// A run of two items whose arms are measured three times, from facts each at a second.
struct Told(Run);

impl Told {
    fn new() -> Self {
        let item = |n: usize| PlannedItem { item: ItemId(format!("i{n}")), human: format!("h{n}"), parent: "p".to_owned(), blocked: None };
        let text = String::new;
        let plan = RunPlan {
            plan: text(),
            digest: text(),
            selection: None,
            repo: "r".to_owned(),
            task_id: text(),
            agent: "a".to_owned(),
            model: "m".to_owned(),
            stages: ARMS.to_vec(),
            repeat: 3,
            items: vec![item(1), item(2)],
        };
        let mut told = Self(Run::default());
        told.at(0, Fact::RunCreated(plan));
        told.at(0, Fact::AttemptStarted { item: ItemId("i1".to_owned()), n: 1, from: Stage::Human });
        told
    }

    fn at(&mut self, second: i64, fact: Fact) {
        let (seq, at) = (self.0.seq + 1, Timestamp::from_second(second).unwrap_or_default());
        self.0.apply(&Entry { seq, at, up_ms: seq, body: Body::Known(Box::new(fact)) });
    }

    fn begins(&mut self, second: i64, stage: Stage) {
        self.at(second, Fact::StageStarting { item: ItemId("i1".to_owned()), n: 1, stage, budget_ms: None });
    }

    fn ends(&mut self, second: i64, stage: Stage, took_s: u64, end: StageEnd) {
        let duration_ms = took_s * 1000;
        let child = Some(ChildEnd { cause: EndCause::Exited { code: 0 }, command: 0, duration_ms, frozen_ms: 0, swept: 0 });
        let outcome = StageOutcome { end, child, duration_ms, detail: StageDetail::Arm(ArmDetail::default()) };
        self.at(second, Fact::StageFinished { item: ItemId("i1".to_owned()), n: 1, stage, outcome });
    }

    fn left(&self, second: i64) -> Option<u64> {
        match left(&self.0, &[], 0, Timestamp::from_second(second).unwrap_or_default()) {
            Eta::Left(left) => Some(left.p50_ms / 1000),
            _ => None,
        }
    }
}

/// The first round of both arms, 20 and 10 s, and the second of the agent's begins.
fn second_round() -> Told {
    let mut told = Told::new();
    told.begins(0, Stage::Human);
    told.ends(20, Stage::Human, 20, StageEnd::Done);
    told.begins(20, Stage::Candidate);
    told.ends(30, Stage::Candidate, 10, StageEnd::Done);
    told.begins(30, Stage::Candidate);
    told
}

#[test]
fn rounds_that_run_and_that_are_to_come_count_by_those_that_are_over() {
    let told = second_round();
    let of_the_other = 3 * (20 + 10);
    assert_eq!(told.left(34), Some(6 + 2 * 20 + 10 + of_the_other));
    // it outlasts the first one: the others are still to come
    assert!(told.left(42).is_some_and(|left| (50 + of_the_other..=52 + of_the_other).contains(&left)));
    let mut told = told;
    told.ends(40, Stage::Candidate, 10, StageEnd::Done);
    assert_eq!(told.left(40), Some(2 * 20 + 10 + of_the_other), "between two rounds");
    told.begins(40, Stage::Human);
    assert_eq!(told.left(45), Some(15 + 20 + 10 + of_the_other));
}

#[test]
fn after_a_round_that_was_lost_none_is_to_come() {
    let mut told = second_round();
    told.ends(32, Stage::Candidate, 2, StageEnd::Failed { class: FailureClass::ArmCrashed, why: "boom".to_owned() });
    told.begins(32, Stage::Clean);
    // of its two rounds one was short
    assert!(told.left(32).is_some_and(|left| (3 * (20 + 2)..=3 * (20 + 10)).contains(&left)));
}

#[test]
fn what_was_measured_once_takes_as_many_times_as_long_in_rounds() {
    let mut queue = queue(tasks(2));
    queue.repeat = 3;
    let estimated = |past: Past| match estimate(&queue, &Past::default(), &[past], Timestamp::UNIX_EPOCH) {
        Eta::Left(left) => Some(seconds(&left)),
        _ => None,
    };
    let once = past("a", vec![item(&[1, 60, 20, 20, 1], true); 5]);
    let all = 2 * (62 + 3 * 40);
    assert_eq!(estimated(once), Some((all, all)));
    // and as it was where it was measured as often
    let mut thrice = item(&[1, 60, 20, 20, 1], true);
    thrice.took.extend([Stage::Human, Stage::Candidate].repeat(2).into_iter().map(|stage| (stage, 30_000)));
    let all = 2 * (62 + 40 + 4 * 30);
    assert_eq!(estimated(Past { repeat: 3, ..past("a", vec![thrice; 5]) }), Some((all, all)));
}
