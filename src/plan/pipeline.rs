//! What follows inside an attempt: the next stage, or its end.

use crate::domain::{FailureClass, Stage, StageEnd, StageOutcome};
use crate::ledger::fact::AttemptEnd;
use crate::model::{Attempt, StageState};

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Follow {
    /// This stage.
    Stage(Stage),
    /// The attempt is over.
    End(AttemptEnd),
}

/// What follows in an attempt none of whose stages runs; each arm is measured `repeat` times.
pub fn follow(attempt: &Attempt, stages: &[Stage], hold: bool, repeat: u32) -> Follow {
    let Some((last, outcome)) = last_ended(attempt) else {
        return Follow::Stage(if begins_with_pull(attempt, stages) { Stage::Pull } else { attempt.from });
    };
    if let StageEnd::Interrupted { why } = &outcome.end {
        return Follow::End(AttemptEnd::Interrupted { why: why.clone() });
    }
    let end = end_of(attempt);
    let goes_on = match &outcome.end {
        // what an agent changed until it was stopped or killed is taken, and not measured: it had not ended
        _ if matches!(end, AttemptEnd::Stopped { .. }) || was_killed(attempt) => last == Stage::Agent,
        StageEnd::Done => true,
        StageEnd::Stopped { .. } | StageEnd::Interrupted { .. } | StageEnd::Deferred(_) => false,
        // what an agent left is looked at however it ended, and arms are independent of each other
        StageEnd::Failed { class, .. } => {
            (last == Stage::Agent && !matches!(class, FailureClass::AgentNotFound | FailureClass::NoPrompt | FailureClass::NoCommand))
                || last.arm().is_some()
        }
    };
    let after = |stage: Stage| stages.iter().copied().find(|next| *next > stage && *next >= attempt.from);
    let next = match last.arm() {
        Some(_) if goes_on => next_arm(attempt, stages, last, repeat).or_else(|| after(Stage::Candidate)),
        _ if goes_on => after(last),
        _ => after(last).map(|_| Stage::Clean),
    };
    match next {
        Some(Stage::Clean) if hold && matches!(end, AttemptEnd::Failed { .. }) => Follow::End(end),
        Some(stage) => Follow::Stage(stage),
        None => Follow::End(end),
    }
}

/// Whether an attempt that is to begin with an arm pulls its images before: they may have been removed since.
fn begins_with_pull(attempt: &Attempt, stages: &[Stage]) -> bool {
    attempt.from.arm().is_some() && stages.contains(&Stage::Pull) && attempt.stage(Stage::Pull).is_none()
}

/// The arm that is measured after another; `None` once that is done. First each arm in order, whatever becomes of the others;
/// then, where all are good, they take turns until each was measured so often: h b a, a b h, … so that what warms up or wears
/// out meanwhile does not favour one of them.
fn next_arm(attempt: &Attempt, stages: &[Stage], last: Stage, repeat: u32) -> Option<Stage> {
    let arms = || stages.iter().copied().filter(|stage| stage.arm().is_some());
    let unbegun = arms().find(|arm| *arm > last && attempt.stage(*arm).is_none());
    if unbegun.is_some() || !arms().all(|arm| attempt.outcome(arm).is_none_or(StageOutcome::is_done)) {
        return unbegun;
    }
    // what was not measured here is not measured again
    let is_measured = |arm: &Stage| attempt.outcome(*arm).is_some_and(|outcome| outcome.child.is_some());
    let counted: Vec<(Stage, usize)> = arms().filter(is_measured).map(|arm| (arm, attempt.samples(arm).len())).collect();
    let fewest = counted.iter().map(|(_, times)| *times).min()?;
    let mut behind = counted.iter().filter(|(_, times)| *times == fewest && fewest < repeat as usize);
    let next = if fewest % 2 == 0 { behind.next() } else { behind.next_back() };
    next.map(|(arm, _)| *arm)
}

/// Whether something from outside killed the agent, or its keeper.
fn was_killed(attempt: &Attempt) -> bool {
    attempt.outcome(Stage::Agent).is_some_and(|outcome| matches!(outcome.end, StageEnd::Failed { class: FailureClass::Killed, .. }))
}

/// How the attempt ends if nothing else happens: the first cause wins.
fn end_of(attempt: &Attempt) -> AttemptEnd {
    let ended = |record: &crate::model::StageRecord| match &record.state {
        StageState::Ended(outcome) => Some((record.stage, outcome.end.clone())),
        StageState::Running { .. } => None,
    };
    let ends: Vec<(Stage, StageEnd)> = attempt.stages.iter().filter_map(ended).collect();
    // what could not be removed, or was not any more, is on record, and takes nothing from the result; nor does a round that failed
    // take anything from the good ones before it
    let counts = |stage: Stage| stage != Stage::Clean && attempt.lost_round(stage).is_none();
    let ends: Vec<(Stage, StageEnd)> = ends.into_iter().filter(|(stage, _)| counts(*stage)).collect();
    if let Some(why) = ends.iter().find_map(|(_, end)| if let StageEnd::Stopped { why } = end { Some(why.clone()) } else { None }) {
        return AttemptEnd::Stopped { why };
    }
    let counts = patch_counts(attempt);
    let cause = ends.into_iter().find_map(|(stage, end)| match end {
        StageEnd::Failed { class, why } if !(stage == Stage::Agent && counts) => Some(AttemptEnd::Failed { class, why }),
        StageEnd::Deferred(deferral) => Some(AttemptEnd::Deferred(*deferral)),
        _ => None,
    });
    cause.unwrap_or(AttemptEnd::Done)
}

/// Whether what the agent left is benchmarked however it ended: its end is the cause only where there is nothing to benchmark.
fn patch_counts(attempt: &Attempt) -> bool {
    attempt.outcome(Stage::Check).is_some_and(StageOutcome::is_done) && !was_killed(attempt)
}

/// The stage by which an attempt came to a bad end, or that lost a round.
pub(super) fn cause(attempt: &Attempt) -> Option<Stage> {
    let counts = patch_counts(attempt);
    let is_bad = |record: &&crate::model::StageRecord| {
        matches!(&record.state, StageState::Ended(outcome) if !outcome.is_done()) && !(record.stage == Stage::Agent && counts)
    };
    attempt.stages.iter().find(is_bad).map(|record| record.stage)
}

/// The stage of this attempt that ended last. Stages taken over lie before the first of its own.
fn last_ended(attempt: &Attempt) -> Option<(Stage, &StageOutcome)> {
    let record = attempt.stages.iter().rev().find(|record| record.ran_in == attempt.n)?;
    match &record.state {
        StageState::Ended(outcome) => Some((record.stage, outcome)),
        StageState::Running { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use jiff::Timestamp;

    use super::*;
    use crate::domain::{ArmDetail, ChildEnd, EndCause, StageDetail};
    use crate::model::StageRecord;

    fn attempt(ends: &[(Stage, u32, StageEnd)]) -> Attempt {
        let stages = ends
            .iter()
            .map(|(stage, ran_in, end)| StageRecord {
                stage: *stage,
                ran_in: *ran_in,
                began: Timestamp::UNIX_EPOCH,
                machine: None,
                earlier: Vec::new(),
                began_before: Vec::new(),
                state: StageState::Ended(StageOutcome { end: end.clone(), child: None, duration_ms: 1, detail: StageDetail::Nothing }),
            })
            .collect();
        Attempt {
            n: 2,
            from: Stage::Worktree,
            started: Timestamp::UNIX_EPOCH,
            end: None,
            asked: None,
            said: None,
            journal: None,
            findings: std::collections::BTreeMap::new(),
            alarms: Vec::new(),
            badges: Vec::new(),
            stages,
        }
    }

    fn failed(class: FailureClass) -> StageEnd {
        StageEnd::Failed { class, why: class.to_string() }
    }

    fn next_after(ends: &[(Stage, u32, StageEnd)], hold: bool) -> Follow {
        follow(&attempt(ends), &Stage::PROCESS, hold, 1)
    }

    #[test]
    fn an_attempt_begins_where_it_was_told() {
        assert_eq!(follow(&attempt(&[]), &Stage::PROCESS, false, 1), Follow::Stage(Stage::Worktree));
        let mut taken_over =
            attempt(&[(Stage::Worktree, 1, StageEnd::Done), (Stage::Agent, 1, StageEnd::Done), (Stage::Check, 1, StageEnd::Done)]);
        taken_over.from = Stage::Human;
        assert_eq!(follow(&taken_over, &Stage::PROCESS, false, 1), Follow::Stage(Stage::Human));
    }

    #[test]
    fn stages_follow_in_order_and_the_last_ends_it() {
        for pair in Stage::PROCESS.windows(2) {
            let [now, next] = pair else { continue };
            assert_eq!(next_after(&[(*now, 2, StageEnd::Done)], false), Follow::Stage(*next));
        }
        assert_eq!(next_after(&[(Stage::Clean, 2, StageEnd::Done)], false), Follow::End(AttemptEnd::Done));
    }

    #[test]
    fn the_patch_of_an_agent_out_of_time_is_still_checked_and_can_end_well() {
        let ends =
            [(Stage::Agent, 2, failed(FailureClass::AgentBudget)), (Stage::Check, 2, StageEnd::Done), (Stage::Clean, 2, StageEnd::Done)];
        assert_eq!(next_after(ends.get(..1).unwrap(), false), Follow::Stage(Stage::Check));
        assert_eq!(next_after(&ends, false), Follow::End(AttemptEnd::Done));
    }

    #[test]
    fn the_patch_of_a_killed_agent_is_taken_and_not_measured() {
        let ends = [(Stage::Agent, 2, failed(FailureClass::Killed)), (Stage::Check, 2, StageEnd::Done), (Stage::Clean, 2, StageEnd::Done)];
        assert_eq!(next_after(ends.get(..1).unwrap(), false), Follow::Stage(Stage::Check));
        assert_eq!(next_after(ends.get(..2).unwrap(), false), Follow::Stage(Stage::Clean));
        assert!(matches!(next_after(&ends, false), Follow::End(AttemptEnd::Failed { class: FailureClass::Killed, .. })));
    }

    #[test]
    fn an_empty_patch_after_an_api_error_is_the_api_error() {
        let ends = [
            (Stage::Agent, 2, failed(FailureClass::ApiAuth)),
            (Stage::Check, 2, failed(FailureClass::EmptyPatch)),
            (Stage::Clean, 2, StageEnd::Done),
        ];
        assert_eq!(next_after(ends.get(..2).unwrap(), false), Follow::Stage(Stage::Clean));
        assert!(matches!(next_after(&ends, false), Follow::End(AttemptEnd::Failed { class: FailureClass::ApiAuth, .. })));
    }

    #[test]
    fn a_failed_arm_does_not_keep_the_others_from_running() {
        assert_eq!(next_after(&[(Stage::Human, 2, failed(FailureClass::ArmCrashed))], false), Follow::Stage(Stage::Baseline));
    }

    #[test]
    fn hold_keeps_the_worktree_of_a_failure_and_only_of_a_failure() {
        assert!(matches!(next_after(&[(Stage::Check, 2, failed(FailureClass::EmptyPatch))], true), Follow::End(AttemptEnd::Failed { .. })));
        assert_eq!(next_after(&[(Stage::Score, 2, StageEnd::Done)], true), Follow::Stage(Stage::Clean));
    }

    #[test]
    fn the_patch_of_a_stopped_agent_is_taken_and_not_measured() {
        let stopped = StageEnd::Stopped { why: "by ann".to_owned() };
        let ends = [(Stage::Agent, 2, stopped), (Stage::Check, 2, StageEnd::Done), (Stage::Clean, 2, StageEnd::Done)];
        assert_eq!(next_after(ends.get(..1).unwrap(), false), Follow::Stage(Stage::Check));
        assert_eq!(next_after(ends.get(..2).unwrap(), false), Follow::Stage(Stage::Clean));
        assert!(matches!(next_after(&ends, false), Follow::End(AttemptEnd::Stopped { .. })));
    }

    #[test]
    fn a_stopped_stage_is_cleaned_up_and_an_interrupted_one_is_left_for_the_next_attempt() {
        let stopped = StageEnd::Stopped { why: "by ann".to_owned() };
        assert_eq!(next_after(&[(Stage::Human, 2, stopped.clone())], false), Follow::Stage(Stage::Clean));
        assert!(matches!(
            next_after(&[(Stage::Agent, 2, stopped), (Stage::Clean, 2, StageEnd::Done)], false),
            Follow::End(AttemptEnd::Stopped { .. })
        ));
        let cut = StageEnd::Interrupted { why: "killed".to_owned() };
        assert!(matches!(next_after(&[(Stage::Human, 2, cut)], false), Follow::End(AttemptEnd::Interrupted { .. })));
    }

    /// Arms that were measured so often, in this order of their last times.
    fn measured(times: &[(Stage, usize)]) -> Attempt {
        let mut attempt = attempt(&times.iter().map(|(stage, _)| (*stage, 2, StageEnd::Done)).collect::<Vec<_>>());
        for (record, (_, times)) in attempt.stages.iter_mut().zip(times) {
            let child = ChildEnd { cause: EndCause::Exited { code: 0 }, command: 2, duration_ms: 1, frozen_ms: 0, swept: 0 };
            let detail = StageDetail::Arm(ArmDetail::default());
            let outcome = StageOutcome { end: StageEnd::Done, child: Some(child), duration_ms: 1, detail };
            record.earlier = vec![outcome.clone(); times - 1];
            record.state = StageState::Ended(outcome);
        }
        attempt
    }

    #[test]
    fn arms_take_turns_until_each_was_measured_so_often() {
        use Stage::{Baseline, Candidate, Human, Score};
        let mut times: Vec<(Stage, usize)> = vec![(Human, 1)];
        let mut turns = vec![Human];
        while let Follow::Stage(next) = follow(&measured(&times), &Stage::PROCESS, false, 3) {
            turns.push(next);
            if next == Score {
                break;
            }
            let known = times.iter().position(|(stage, _)| *stage == next).map(|at| times.remove(at).1);
            times.push((next, known.unwrap_or_default() + 1));
        }
        assert_eq!(turns, [Human, Baseline, Candidate, Candidate, Baseline, Human, Human, Baseline, Candidate, Score]);
    }

    #[test]
    fn what_was_taken_from_another_run_is_not_measured_again_and_who_is_behind_catches_up() {
        use Stage::{Baseline, Candidate, Human};
        let mut attempt = measured(&[(Human, 1), (Baseline, 1), (Candidate, 1)]);
        for record in attempt.stages.iter_mut().take(2) {
            if let StageState::Ended(outcome) = &mut record.state {
                outcome.child = None;
            }
        }
        assert_eq!(follow(&attempt, &Stage::PROCESS, false, 2), Follow::Stage(Candidate));
        let behind = measured(&[(Human, 2), (Baseline, 2), (Candidate, 1)]);
        assert_eq!(follow(&behind, &Stage::PROCESS, false, 2), Follow::Stage(Candidate));
        let done = measured(&[(Candidate, 2), (Baseline, 2), (Human, 2)]);
        assert_eq!(follow(&done, &Stage::PROCESS, false, 2), Follow::Stage(Stage::Score));
    }
}
