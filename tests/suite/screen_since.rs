//! The banner since the last look: facts in, sentences out.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use isobench_tui::domain::{FailureClass, Stage};
use isobench_tui::ledger::{By, Fact};
use isobench_tui::ui::message::Looked;
use isobench_tui::ui::mouse::Did;
use isobench_tui::ui::since::since;
use isobench_tui::ui::state::Over;
use isobench_tui::ui::step::How;
use isobench_tui::ui::{Key, Mouse, Msg, Screen};
use jiff::SignedDuration;

use crate::screen::Bench;
use crate::screen_queue::{news, step};
use crate::screen_runs::{self as runs, Story, ann, id, moment};

/// A night: done, failed, skipped, tried again, stopped by the breaker and by a limit, cut off and taken over.
fn night() -> Story {
    let mut story = Story::of(24);
    story.done(1, 3.0).wait(60);
    for item in 2..=6 {
        story.failed(item, 1, Stage::Agent, FailureClass::ApiDown, "503 from the API");
        let until = moment(runs::base(), story.now() + 60);
        let why = "retry 1 of 2 after api_down: 503 from the API".to_owned();
        let by = By::rule("retry");
        story.push(Fact::ItemRequeued { item: id(item), from: Stage::Worktree, not_before: Some(until), automatic: true, why, by });
    }
    story.failed(7, 1, Stage::Agent, FailureClass::EmptyPatch, "the agent changed nothing");
    story.failed(8, 1, Stage::Candidate, FailureClass::ArmCrashed, "exit 1: CUDA out of memory");
    story.push(Fact::BreakerOpened {
        class: FailureClass::ApiDown,
        items: vec![id(2), id(3), id(4)],
        probe_at: moment(runs::base(), story.now() + 900),
        error: None,
    });
    story.wait(900).push(Fact::BreakerClosed { item: id(9) });
    story.push(Fact::ItemSkipped { item: id(10), by: ann() });
    story.push(Fact::PauseOrdered { why: "limits.run_usd: $50.10 of $50.00 are used".to_owned(), by: By::rule("limit") });
    story.push(Fact::Resumed { by: ann() });
    story.done(11, 11.4).done(12, -9.5);
    story.attempt(13, 1, Stage::Worktree).stage(13, 1, Stage::Worktree, 2, isobench_tui::domain::StageDetail::Nothing).start(
        13,
        1,
        Stage::Agent,
    );
    story.push(Fact::StageAdopted { item: id(13), n: 1, stage: Stage::Agent, pid: 9000 }).wait(700);
    story
}

/// A screen on it, by somebody who looked when the first item was done.
fn back() -> Bench {
    let mut bench = Bench::on(&night());
    let last = bench.state.run.item(&id(1)).unwrap().last_attempt().unwrap().end.as_ref().unwrap().1;
    bench.tell(Msg::Looked(Looked::Until(last + SignedDuration::from_secs(10))));
    bench
}

#[test]
fn who_comes_back_is_told_what_happened() {
    let mut bench = back();
    assert_eq!(bench.state.over, Over::Since);
    let text = bench.text(120, 40);
    for part in [
        "since your last look, ",
        "look first  vllm_core-0007: the agent changed nothing   Enter goes there",
        "failed      2 items: 1 empty_patch, 1 arm_crashed",
        "results     2 items: 1 beat the human's commit, 1 worse   5 shows them",
        "skipped     vllm_core-0010 by ann@box (pts/3)   R runs it again",
        "5 times: an item was tried again   s skips it",
        "the queue waited: api_down ended 3 items in a row  ",
        "the queue went on: vllm_core-0009 got through",
        "paused by a limit: limits.run_usd: $50.10 of $50.00 are used  ",
        "vllm_core-0013: 'agent' outlived its runner and was taken over   x ends it",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let told = since(&bench.state, bench.now).unwrap();
    assert!(!told.lines.iter().any(|line| line.says.text.contains("vllm_core-0001")), "what was seen is no news");
    assert!(!text.contains("written nothing"), "nobody has read the agent yet");
}

#[test]
fn what_stands_is_told_with_the_key_that_undoes_it() {
    let mut story = runs::breaker();
    story.push(Fact::PauseOrdered { why: "limits.run_usd: $50.10 of $50.00".to_owned(), by: By::rule("limit") });
    let mut bench = Bench::on(&story);
    bench.tell(Msg::Looked(Looked::Until(runs::base())));
    let text = bench.text(120, 40);
    assert!(text.contains("the queue waited: api_auth ended 3 items in a row   space resumes at once"), "{text}");
    assert!(text.contains("paused by a limit: limits.run_usd: $50.10 of $50.00   space goes on without it"), "{text}");
}

#[test]
fn enter_goes_to_what_should_be_looked_at_first_and_any_key_closes_and_does_what_it_does() {
    let mut bench = back();
    bench.press(Key::Enter);
    assert_eq!((bench.state.over.clone(), bench.state.queue.selected.clone()), (Over::Nothing, Some(id(7))));
    bench.type_in("w");
    assert_eq!(bench.state.over, Over::Since);
    bench.type_in("3");
    assert_eq!((bench.state.over.clone(), bench.state.screen), (Over::Nothing, Screen::Benchmark));
    for key in [Key::Esc, Key::Char('w')] {
        bench.type_in("w");
        assert_eq!(bench.state.over, Over::Since);
        bench.press(key);
        assert_eq!((bench.state.over.clone(), bench.state.screen), (Over::Nothing, Screen::Benchmark), "these only close it");
    }
    bench.type_in("1w");
    assert!(bench.type_in("R").is_empty() && bench.state.over == Over::Nothing, "it may be about another item");
    assert!(!bench.type_in("R").is_empty());
    let before = bench.state.queue.selected.clone();
    bench.type_in("w");
    bench.frame(80, 24);
    for (did, over) in [(Did::WheelDown, Over::Since), (Did::Click, Over::Nothing)] {
        bench.tell(Msg::Mouse(Mouse { did, x: 20, y: 5 }));
        assert_eq!((&bench.state.over, &bench.state.queue.selected), (&over, &before), "a click only closes it");
    }
}

#[test]
fn an_agent_that_writes_nothing_is_told_of_as_what_it_is() {
    let mut bench = back();
    news(&mut bench, 13, 1, 0, vec![step(1, "hm", How::Well)]);
    assert!(!bench.text(120, 40).contains("written nothing"));
    bench.now += SignedDuration::from_secs(660);
    let text = bench.text(120, 40);
    assert!(text.contains("silent      vllm_core-0013: its agent has written nothing for 11m07s (usually under 3:00)"), "{text}");
}

#[test]
fn without_news_without_a_look_and_with_a_clock_set_back_there_is_no_banner() {
    let note = |bench: &Bench| bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default();
    let mut bench = Bench::on(&night());
    let (now, first) = (bench.now, Looked::Never);
    bench.tell(Msg::Looked(first));
    assert_eq!(bench.state.over, Over::Nothing);
    bench.type_in("w");
    assert_eq!(note(&bench), "this is your first look at this run");
    bench.tell(Msg::Looked(Looked::Until(now)));
    assert_eq!(bench.state.over, Over::Nothing, "nothing happened since");
    bench.now += SignedDuration::from_secs(90);
    bench.type_in("w");
    assert_eq!((bench.state.over.clone(), note(&bench).as_str()), (Over::Nothing, "nothing happened since your last look, 1m30s ago"));
    for ahead in [now + SignedDuration::from_hours(1), jiff::Timestamp::MAX] {
        bench.tell(Msg::Looked(Looked::Until(ahead)));
        assert_eq!(bench.state.over, Over::Nothing);
        bench.type_in("w");
        bench.frame(80, 24);
    }
    bench.tell(Msg::Looked(Looked::Until(jiff::Timestamp::MIN)));
    assert_eq!(bench.state.over, Over::Since, "a look of long ago");
    bench.frame(80, 24);
    bench.tell(Msg::Looked(Looked::Unknown("/x: read-only".to_owned())));
    assert_eq!(note(&bench), "your looks can't be remembered: /x: read-only");
}

#[test]
fn frames_of_the_banner() {
    let mut bench = back();
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("since_{cols}x{rows}"), bench.text(cols, rows));
    }
    insta::assert_snapshot!("since_80x24_roles", bench.roles(80, 24));
    for cols in 0..60 {
        for rows in 0..16 {
            bench.frame(cols, rows);
        }
    }
}
