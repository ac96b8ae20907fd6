#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod room;
mod stuck;

use super::*;
use crate::domain::{ItemId, StageDetail, StageEnd, StageOutcome};
use crate::ledger::entry::Body;
use crate::ledger::{Entry, PlannedItem, RunPlan};
use crate::plan::why_not;

/// A run folded from facts, one a second from second 1 on.
struct Story {
    run: Run,
    config: Config,
    until: Option<Timestamp>,
    free: Option<u64>,
    second: i64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn id(nth: usize) -> ItemId {
    ItemId(format!("i{nth}"))
}

fn ann() -> By {
    By::Person { user: "ann".to_owned(), host: "box".to_owned(), tty: None }
}

impl Story {
    fn of(items: usize) -> Self {
        let items = (1..=items).map(|nth| PlannedItem { item: id(nth), human: "h".to_owned(), parent: "p".to_owned(), blocked: None });
        let plan = RunPlan {
            plan: String::new(),
            digest: String::new(),
            selection: None,
            repo: String::new(),
            task_id: String::new(),
            agent: String::new(),
            model: String::new(),
            stages: Stage::PROCESS.to_vec(),
            repeat: 1,
            items: items.collect(),
        };
        let mut story = Self { run: Run::default(), config: Config::default(), until: None, free: None, second: 0 };
        story.tell(Fact::RunCreated(plan));
        story
    }

    fn tell(&mut self, fact: Fact) {
        self.second += 1;
        let seq = self.run.seq + 1;
        self.run.apply(&Entry { seq, at: at(self.second), up_ms: seq * 1000, body: Body::Known(Box::new(fact)) });
    }

    fn next(&self) -> Next {
        next(&self.run, &Limits { config: &self.config, until: self.until, free: self.free }, at(self.second))
    }

    /// The facts that are due now, which must be some.
    fn due(&self) -> Vec<Fact> {
        match self.next() {
            Next::Record(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    fn tell_due(&mut self) {
        for fact in self.due() {
            self.tell(fact);
        }
    }

    fn start(&mut self, nth: usize, n: u32) {
        self.tell(Fact::AttemptStarted { item: id(nth), n, from: Stage::Worktree });
    }

    fn begin(&mut self, nth: usize, n: u32, stage: Stage) {
        self.tell(Fact::StageStarting { item: id(nth), n, stage, budget_ms: None });
    }

    fn end(&mut self, nth: usize, n: u32, stage: Stage, end: StageEnd) {
        let outcome = StageOutcome { end, child: None, duration_ms: 1, detail: StageDetail::Nothing };
        self.tell(Fact::StageFinished { item: id(nth), n, stage, outcome });
    }

    /// A whole attempt that ends so.
    fn over(&mut self, nth: usize, n: u32, end: AttemptEnd) {
        self.start(nth, n);
        if let AttemptEnd::Failed { class, why } = &end {
            self.begin(nth, n, Stage::Agent);
            self.end(nth, n, Stage::Agent, StageEnd::Failed { class: *class, why: why.clone() });
        }
        self.tell(Fact::AttemptFinished { item: id(nth), n, end });
    }

    fn fails(&mut self, nth: usize, n: u32, class: FailureClass) {
        self.over(nth, n, AttemptEnd::Failed { class, why: class.to_string() });
    }
}

/// Which item begins next, and from where.
fn begins(story: &Story) -> (ItemId, u32, Stage) {
    match story.due().as_slice() {
        [Fact::AttemptStarted { item, n, from }] => (item.clone(), *n, *from),
        other => panic!("{other:?}"),
    }
}

#[test]
fn items_begin_in_the_order_of_the_queue_and_then_the_run_is_finished() {
    let mut story = Story::of(2);
    assert_eq!(begins(&story), (id(1), 1, Stage::Worktree));
    story.over(1, 1, AttemptEnd::Done);
    assert_eq!(begins(&story), (id(2), 1, Stage::Worktree));
    story.tell(Fact::ItemSkipped { item: id(2), by: ann() });
    assert_eq!(story.due(), [Fact::RunFinished {}]);
    story.tell_due();
    assert_eq!(story.next(), Next::Over);
}

#[test]
fn a_moved_item_begins_at_its_new_place() {
    let mut story = Story::of(3);
    story.tell(Fact::ItemMoved { item: id(3), to: 0, by: ann() });
    assert_eq!(begins(&story).0, id(3));
    story.tell(Fact::ItemRemoved { item: id(3), by: ann() });
    assert_eq!(begins(&story).0, id(1));
}

#[test]
fn a_live_stage_is_waited_for_and_the_next_one_follows() {
    let mut story = Story::of(1);
    story.start(1, 1);
    assert_eq!(story.next(), Next::Start { attempt: AttemptId { item: id(1), n: 1 }, stage: Stage::Worktree });
    story.begin(1, 1, Stage::Worktree);
    assert_eq!(story.next(), Next::Busy);
    story.end(1, 1, Stage::Worktree, StageEnd::Done);
    assert_eq!(story.next(), Next::Start { attempt: AttemptId { item: id(1), n: 1 }, stage: Stage::Agent });
}

#[test]
fn an_interrupted_item_goes_on_before_those_behind_it_from_the_stage_cut_off() {
    let mut story = Story::of(2);
    story.start(1, 1);
    for stage in [Stage::Worktree, Stage::Agent, Stage::Check] {
        story.begin(1, 1, stage);
        story.end(1, 1, stage, StageEnd::Done);
    }
    story.begin(1, 1, Stage::Human);
    story.end(1, 1, Stage::Human, StageEnd::Interrupted { why: "gone".to_owned() });
    story.tell_due();
    assert_eq!(begins(&story), (id(1), 2, Stage::Human));
    // an agent that was cut off begins afresh
    let mut story = Story::of(1);
    story.start(1, 1);
    story.begin(1, 1, Stage::Worktree);
    story.end(1, 1, Stage::Worktree, StageEnd::Done);
    story.begin(1, 1, Stage::Agent);
    story.end(1, 1, Stage::Agent, StageEnd::Interrupted { why: "gone".to_owned() });
    story.tell_due();
    assert_eq!(begins(&story), (id(1), 2, Stage::Worktree));
}

#[test]
fn a_pause_starts_neither_stage_nor_item_and_says_who() {
    let mut story = Story::of(1);
    story.tell(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() });
    let Next::Wait { says, until: None } = story.next() else { panic!("{:?}", story.next()) };
    assert_eq!(says, "paused by ann@box: lunch");
    story.tell(Fact::Resumed { by: ann() });
    story.start(1, 1);
    story.tell(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() });
    assert!(matches!(story.next(), Next::Wait { .. }));
    story.begin(1, 1, Stage::Worktree);
    assert_eq!(story.next(), Next::Busy, "a live stage is let end");
}

#[test]
fn a_pause_does_not_keep_an_attempt_whose_stages_are_over_from_ending() {
    let mut story = Story::of(2);
    story.start(1, 1);
    story.begin(1, 1, Stage::Clean);
    story.tell(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() });
    story.end(1, 1, Stage::Clean, StageEnd::Done);
    assert!(matches!(story.due().as_slice(), [Fact::AttemptFinished { end: AttemptEnd::Done, .. }]));
}

#[test]
fn a_transient_failure_waits_twice_as_long_each_time_and_others_go_first() {
    let mut story = Story::of(2);
    story.config.retry.backoff_s = 100.0;
    story.fails(1, 1, FailureClass::ApiDown);
    let ended = story.second;
    let due = story.due();
    let [Fact::ItemRequeued { not_before, automatic: true, from: Stage::Worktree, .. }] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(*not_before, Some(at(ended + 100)));
    story.tell_due();
    assert_eq!(begins(&story).0, id(2));
    story.over(2, 1, AttemptEnd::Done);
    let Next::Wait { says, until } = story.next() else { panic!("{:?}", story.next()) };
    assert_eq!((until, says.contains("retry 1 of 2")), (Some(at(ended + 100)), true), "{says}");
    story.second = ended + 100;
    assert_eq!(begins(&story), (id(1), 2, Stage::Worktree));
    story.fails(1, 2, FailureClass::ApiDown);
    let ended = story.second;
    let due = story.due();
    let [Fact::ItemRequeued { not_before, .. }] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(*not_before, Some(at(ended + 200)));
    story.tell_due();
    story.fails(1, 3, FailureClass::ApiDown);
    assert_eq!(story.due(), [Fact::RunFinished {}], "two retries and no more");
}

#[test]
fn lasting_failures_are_not_tried_again_but_by_a_person_who_gets_the_retries_back() {
    let mut story = Story::of(1);
    story.fails(1, 1, FailureClass::EmptyPatch);
    assert_eq!(story.due(), [Fact::RunFinished {}]);
    let mut story = Story::of(1);
    for n in 1..=3 {
        story.fails(1, n, FailureClass::Killed);
        if n < 3 {
            story.tell_due();
        }
    }
    assert_eq!(story.due(), [Fact::RunFinished {}]);
    let (not_before, why) = (None, "asked for".to_owned());
    story.tell(Fact::ItemRequeued { item: id(1), from: Stage::Worktree, not_before, automatic: false, why, by: ann() });
    assert_eq!(begins(&story).1, 4);
    story.fails(1, 4, FailureClass::Killed);
    assert!(matches!(story.due().as_slice(), [Fact::ItemRequeued { automatic: true, .. }]));
}

#[test]
fn three_systemic_ends_in_a_row_open_the_breaker_and_a_probe_closes_it() {
    let mut story = Story::of(6);
    for nth in 1..=3 {
        assert!(matches!(story.due().as_slice(), [Fact::AttemptStarted { .. }]), "{nth}");
        story.fails(nth, 1, FailureClass::ApiAuth);
    }
    let due = story.due();
    let [Fact::BreakerOpened { class: FailureClass::ApiAuth, items, probe_at, error: None }] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((items.len(), *probe_at), (3, at(story.second + 15 * 60)));
    let probe_at = *probe_at;
    story.tell_due();
    let Next::Wait { until, says } = story.next() else { panic!("{:?}", story.next()) };
    assert_eq!((until, says.contains("api_auth")), (Some(probe_at), true));
    story.second = probe_at.as_second();
    assert_eq!(begins(&story).0, id(4));
    story.fails(4, 1, FailureClass::ApiAuth);
    assert!(matches!(story.due().as_slice(), [Fact::BreakerRearmed { .. }]));
    story.tell_due();
    // a person does not want to wait
    story.tell(Fact::Resumed { by: ann() });
    assert_eq!(begins(&story).0, id(5));
    story.over(5, 1, AttemptEnd::Done);
    assert_eq!(story.due(), [Fact::BreakerClosed { item: id(5) }]);
    story.tell_due();
    assert_eq!(begins(&story).0, id(6));
}

#[test]
fn the_breaker_counts_items_of_one_class_in_a_row() {
    let mut story = Story::of(6);
    story.fails(1, 1, FailureClass::ApiAuth);
    story.fails(2, 1, FailureClass::ApiAuth);
    story.fails(3, 1, FailureClass::NoSpace);
    story.fails(4, 1, FailureClass::ApiAuth);
    story.over(5, 1, AttemptEnd::Stopped { why: "by ann".to_owned() });
    assert_eq!(begins(&story).0, id(6));
    // a retry of the same item is no other item
    let mut story = Story::of(3);
    for n in 1..=4 {
        story.fails(1, n, FailureClass::ApiAuth);
    }
    assert_eq!(begins(&story).0, id(2));
    let mut story = Story::of(4);
    story.config.breaker.items = 0;
    (1..=3).for_each(|nth| story.fails(nth, 1, FailureClass::ApiAuth));
    assert_eq!(begins(&story).0, id(4), "0 turns it off");
}

#[test]
fn a_stage_that_cannot_end_in_time_pauses_the_run_and_a_person_may_lift_that() {
    let mut story = Story::of(1);
    story.config.budget.worktree = 1.0;
    story.until = Some(at(story.second + 60));
    assert_eq!(begins(&story).0, id(1));
    story.until = Some(at(story.second + 59));
    let due = story.due();
    let [Fact::PauseOrdered { why, by }] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((why.contains("limits.until"), by), (true, &By::rule("limit")));
    story.tell_due();
    assert!(matches!(story.next(), Next::Wait { until: None, .. }));
    story.tell(Fact::Resumed { by: ann() });
    assert_eq!(begins(&story).0, id(1));
}

#[test]
fn tokens_of_all_attempts_count_against_the_run() {
    let mut story = Story::of(3);
    story.config.limits.run_tokens = Some(100);
    for (nth, tokens) in [(1, 60), (2, 40)] {
        assert_eq!(begins(&story).0, id(nth));
        story.start(nth, 1);
        story.begin(nth, 1, Stage::Agent);
        let totals = AgentTotals { steps: Some(1), calls: 0, usage: Usage { input: tokens, ..Usage::default() }, cost_micro_usd: None };
        story.tell(Fact::AgentProgressed { item: id(nth), n: 1, totals });
        let outcome = StageOutcome { end: StageEnd::Done, child: None, duration_ms: 1, detail: StageDetail::Agent(totals) };
        story.tell(Fact::StageFinished { item: id(nth), n: 1, stage: Stage::Agent, outcome });
        story.tell(Fact::AttemptFinished { item: id(nth), n: 1, end: AttemptEnd::Done });
    }
    let due = story.due();
    let [Fact::PauseOrdered { why, .. }] = due.as_slice() else { panic!("{due:?}") };
    assert!(why.contains("100 of 100"), "{why}");
}

#[test]
fn hold_pauses_after_a_failure_and_only_then() {
    let mut story = Story::of(2);
    story.tell(Fact::HoldSet { on: true, by: ann() });
    story.start(1, 1);
    story.begin(1, 1, Stage::Check);
    story.end(1, 1, Stage::Check, StageEnd::Failed { class: FailureClass::EmptyPatch, why: "nothing".to_owned() });
    let due = story.due();
    let [Fact::AttemptFinished { .. }, Fact::PauseOrdered { why, by }] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((why.contains("worktree is kept"), by), (true, &By::rule("hold")));
    let mut story = Story::of(2);
    story.tell(Fact::HoldSet { on: true, by: ann() });
    story.start(1, 1);
    story.begin(1, 1, Stage::Clean);
    story.end(1, 1, Stage::Clean, StageEnd::Done);
    assert!(matches!(story.due().as_slice(), [Fact::AttemptFinished { end: AttemptEnd::Done, .. }]));
}

#[test]
fn a_skipped_item_whose_stage_ended_by_itself_is_cleaned_up_and_over() {
    let mut story = Story::of(1);
    story.start(1, 1);
    story.begin(1, 1, Stage::Worktree);
    story.tell(Fact::ItemSkipped { item: id(1), by: ann() });
    story.end(1, 1, Stage::Worktree, StageEnd::Done);
    assert_eq!(story.next(), Next::Start { attempt: AttemptId { item: id(1), n: 1 }, stage: Stage::Clean });
    story.begin(1, 1, Stage::Clean);
    story.end(1, 1, Stage::Clean, StageEnd::Done);
    story.tell_due();
    assert_eq!(story.run.item(&id(1)).unwrap().status(), "skipped");
}

#[test]
fn why_an_item_waits_is_a_sentence() {
    let mut story = Story::of(4);
    let says = |story: &Story, nth: usize| why_not(&story.run, &id(nth), true).unwrap_or_default();
    assert_eq!(says(&story, 1), "next");
    assert_eq!(says(&story, 3), "2 items before it");
    story.start(1, 1);
    assert_eq!((says(&story, 1).as_str(), says(&story, 2).as_str()), ("", "next"));
    assert_eq!(why_not(&story.run, &id(2), false).unwrap(), "no runner; c continues the run");
    story.tell(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() });
    assert_eq!(says(&story, 2), "paused by ann@box: lunch");
}

#[test]
fn an_agents_budgets_end_it_when_they_are_spent_and_not_before() {
    let mut config = Config::default();
    let totals =
        |input, output| AgentTotals { steps: None, calls: 0, usage: Usage { input, output, ..Usage::default() }, cost_micro_usd: None };
    assert_eq!(agent_over_budget(&config, totals(1 << 40, 0), 1 << 20), None);
    config.agent.max_steps = Some(4);
    config.limits.item_tokens = Some(100);
    assert_eq!(agent_over_budget(&config, totals(50, 49), 4), None);
    assert!(agent_over_budget(&config, totals(50, 50), 4).unwrap().1.contains("token budget: 100 of 100"));
    assert!(agent_over_budget(&config, totals(0, 0), 5).unwrap().1.contains("step budget: 4 steps"));
    config.agent.max_steps = Some(1);
    assert!(agent_over_budget(&config, totals(0, 0), 2).unwrap().1.contains("step budget: 1 step ("));
}

#[test]
fn the_breaker_counts_a_refused_agent_whose_patch_is_benchmarked() {
    let refused = |story: &mut Story, nth: usize, n: u32, end: AttemptEnd| {
        story.start(nth, n);
        story.begin(nth, n, Stage::Agent);
        story.end(nth, n, Stage::Agent, StageEnd::Failed { class: FailureClass::ApiAuth, why: "401".to_owned() });
        story.tell(Fact::AttemptFinished { item: id(nth), n, end });
    };
    let mut story = Story::of(6);
    refused(&mut story, 1, 1, AttemptEnd::Done);
    refused(&mut story, 2, 1, AttemptEnd::Failed { class: FailureClass::ArmCrashed, why: "exit 1".to_owned() });
    // an arm that is run again says nothing of the agent's cause
    story.tell(Fact::AttemptStarted { item: id(2), n: 2, from: Stage::Human });
    story.tell(Fact::AttemptFinished { item: id(2), n: 2, end: AttemptEnd::Done });
    refused(&mut story, 3, 1, AttemptEnd::Done);
    let due = story.due();
    assert!(matches!(due.as_slice(), [Fact::BreakerOpened { class: FailureClass::ApiAuth, items, .. }] if items.len() == 3), "{due:?}");
    story.tell_due();
    story.tell(Fact::Resumed { by: ann() });
    refused(&mut story, 4, 1, AttemptEnd::Done);
    assert!(matches!(story.due().as_slice(), [Fact::BreakerRearmed { .. }]), "a probe that was refused is no success");
    // an agent that ends well ends the row
    let mut story = Story::of(6);
    refused(&mut story, 1, 1, AttemptEnd::Done);
    refused(&mut story, 2, 1, AttemptEnd::Done);
    story.over(3, 1, AttemptEnd::Done);
    refused(&mut story, 4, 1, AttemptEnd::Done);
    assert_eq!(begins(&story).0, id(5));
}
