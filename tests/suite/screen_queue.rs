//! The queue, the agent and the result: keys in, sentences out; and frames of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use isobench_tui::detect::kind::Kind;
use isobench_tui::domain::{AgentTotals, AttemptId, Reply, Stage, StageDetail, StageEnd};
use isobench_tui::ledger::{By, Fact};
use isobench_tui::ui::message::{SoughtNews, TrailNews, Turn, Unfolds};
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::reading::{Fold, Stick};
use isobench_tui::ui::step::rows::Laid;
use isobench_tui::ui::step::{How, Part, Shown, ShownCall, ShownResult};
use isobench_tui::ui::{Effect, Key, Mouse, Msg, Screen};

use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, ann, id, moment};

fn note(bench: &Bench) -> String {
    bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

fn selected(bench: &Bench) -> String {
    bench.state.queue.selected.as_ref().map(|id| id.0.clone()).unwrap_or_default()
}

/// The row of the list that holds an item.
fn row(text: &str, item: usize) -> String {
    text.lines().find(|line| line.contains(&id(item).0)).unwrap_or_default().to_owned()
}

/// A step: what it says, and how its one call went.
pub(crate) fn step(index: u32, thought: &str, how: How) -> Shown {
    let call = ShownCall {
        name: "bash".to_owned(),
        word: "bash".to_owned(),
        gist: format!("make step-{index}"),
        args: vec![Part::Command(format!("make step-{index}"))],
        result: Some(ShownResult::new(how, format!("result {index}\nmore of it"))),
    };
    let kind = if how == How::Well { Kind::Run } else { Kind::RunFailed };
    Shown {
        index,
        at: None,
        kind,
        thought: vec![thought.to_owned()],
        calls: vec![call],
        error: None,
        harness: Vec::new(),
        tokens: 1200,
        reply: Reply::Complete,
        within: None,
        laid: Laid::default(),
    }
}

/// So many steps of an item's agent; every tenth went wrong.
fn many_steps(bench: &mut Bench, item: usize, n: u32, steps: u32) {
    let how = |index: u32| if index.is_multiple_of(10) { How::Badly } else { How::Well };
    let steps = (1..=steps).map(|index| step(index, &format!("thought number {index}"), how(index))).collect();
    news(bench, item, n, 0, steps);
}

pub(crate) fn news(bench: &mut Bench, item: usize, n: u32, from: usize, steps: Vec<Shown>) {
    let (attempt, totals) = (AttemptId { item: id(item), n }, AgentTotals::default());
    let last_at = Some(bench.now - jiff::SignedDuration::from_secs(7));
    bench.tell(Msg::Trail(TrailNews { attempt, from, steps, turn: Turn::Model, max_steps: Some(200), last_at, totals, pages: None }));
}

fn opened(steps: u32, cols: u16, rows: u16) -> Bench {
    let mut bench = Bench::on(&runs::agent_running());
    many_steps(&mut bench, 7, 2, steps);
    bench.type_in("2");
    bench.frame(cols, rows);
    bench
}

/// The run of the demo's kinds: a retry that waits, a pause that does not stop it from being told.
fn waiting() -> Story {
    let mut story = runs::agent_running();
    let until = moment(runs::base(), story.now() + 900);
    story.push(Fact::ItemRequeued {
        item: id(3),
        from: Stage::Worktree,
        not_before: Some(until),
        automatic: true,
        why: "retry 1 of 2 after api_down: 503 from the API".to_owned(),
        by: By::rule("retry"),
    });
    story
}

#[test]
fn a_queued_item_says_why_it_waits() {
    let mut bench = Bench::on(&waiting());
    bench.type_in("g");
    let text = bench.text(200, 60);
    assert!(row(&text, 3).contains("not before 10:48: retry 1 of 2"), "{}", row(&text, 3));
    assert!(row(&text, 8).contains("queued ") && row(&text, 8).contains(" 1 before it"), "{}", row(&text, 8));
    assert!(row(&text, 24).contains("17 before it"), "{}", row(&text, 24));
    assert!(row(&text, 6).contains(" skipped ") && row(&text, 6).contains(" by ann "), "{}", row(&text, 6));
    let live = text.lines().find(|line| line.contains("▸ vllm_core-0007")).unwrap();
    assert!(live.contains(" running ×2 ") && live.contains(" agent, step 14"), "{live}");
    // with less room fewer words, none of them cut
    assert!(row(&bench.text(80, 24), 3).contains("not before 10:48 "), "{}", bench.text(80, 24));
    assert!(!bench.text(100, 30).contains("befo…"), "{}", bench.text(100, 30));
}

#[test]
fn what_keeps_all_items_is_said_once_above_them() {
    let mut bench = Bench::on(&runs::paused());
    let text = bench.text(200, 60);
    assert!(row(&text, 3).contains(" next") && row(&text, 4).contains("1 before it"), "{text}");
    assert_eq!(text.matches("lunch").count(), 1, "{text}");
    let mut bench = Bench::with(&runs::interrupted(), isobench_tui::ui::message::Sight::Gone);
    let text = bench.text(80, 24);
    assert!(row(&text, 3).contains(" next") && text.contains("runner gone") && !text.contains("no runner"), "{text}");
}

#[test]
fn what_stands_still_does_not_pass_for_running() {
    let mut bench = Bench::with(&runs::interrupted(), isobench_tui::ui::message::Sight::Gone);
    assert!(row(&bench.text(80, 24), 2).contains("interrupted  in human"), "{}", bench.text(80, 24));
    let mut story = Story::of(4);
    story.attempt(1, 1, Stage::Worktree).stage(1, 1, Stage::Worktree, 2, StageDetail::Nothing);
    story.stage(1, 1, Stage::Agent, 8, StageDetail::Agent(runs::totals(10)));
    story.push(Fact::PauseOrdered { why: "lunch".to_owned(), by: ann() });
    let mut bench = Bench::on(&story);
    for (cols, rows) in [(80, 24), (160, 45)] {
        let (text, roles) = (bench.text(cols, rows), bench.roles(cols, rows));
        let at = text.lines().position(|line| line.contains("▸ vllm_core-0001")).unwrap();
        let row = text.lines().nth(at).unwrap();
        assert!(row.contains(" waiting ") && row.contains(" before check"), "{text}");
        assert!(!roles.lines().nth(at).unwrap().contains('l'), "nothing of it has the colour of what runs: {roles}");
    }
    let mut story = runs::agent_running();
    story.push(Fact::StageFrozen { item: id(7), n: 2, stage: Stage::Agent, by: ann() });
    let mut bench = Bench::on(&story);
    assert!(bench.text(80, 24).lines().next().unwrap().contains("  frozen  "), "{}", bench.text(80, 24));
}

#[test]
fn the_header_says_what_was_achieved_and_guesses_the_end() {
    let mut bench = Bench::on(&runs::agent_running());
    let text = bench.text(120, 40);
    assert!(text.contains("3 done: 1 better 1 similar 1 worse   2 failed   1 skipped   1 running   17 queued   of 24"), "{text}");
    assert!(text.contains(" h left, ") && text.contains("  1h03m worked"), "{text}");
    let wide = bench.text(200, 60);
    assert!(wide.contains(" left (p50–p90), ") && wide.contains(", from 5 items of this run  1h03m worked"), "{wide}");
    assert!(bench.text(80, 24).contains("1 better 1 similar 1 worse 2 failed 1 skipped 17 queued of 24"), "{}", bench.text(80, 24));
    let few = Bench::on(&runs::paused()).text(200, 60);
    assert!(few.contains(", from 2 items of this run"), "{few}");
    let none = Bench::on(&Story::of(3)).text(200, 60);
    assert!(none.contains("  time left: no history"), "{none}");
    let gone = isobench_tui::ui::message::Sight::Gone;
    assert!(!Bench::with(&runs::finished(), gone).text(200, 60).contains(" left"), "nothing is left to do");
}

#[test]
fn the_item_that_hold_stopped_at_is_selected() {
    let mut story = Story::of(6);
    story.done(1, 3.0).failed(2, 1, Stage::Candidate, isobench_tui::domain::FailureClass::ArmCrashed, "exit 1");
    let why = format!("{}.1 failed and hold is on; its worktree is kept below .work/worktrees/", id(2));
    story.push(Fact::PauseOrdered { why, by: By::rule("hold") });
    assert_eq!(selected(&Bench::on(&story)), id(2).0);
}

#[test]
fn a_list_without_its_reasons_stands_above_and_not_beside() {
    let mut bench = Bench::on(&runs::agent_running());
    for cols in [80, 100, 110, 112, 120, 140, 159, 160, 179, 200] {
        let text = bench.text(cols, 40);
        assert!(row(&text, 3).contains("empty_patch") && row(&text, 3).contains("vllm_core-0003"), "{cols}: {text}");
    }
    assert!(bench.text(160, 45).lines().any(|line| line.contains("rung ") && line.contains(" result ") && line.contains(" note ")));
    assert!(bench.text(200, 60).contains("what failed ──"), "{}", bench.text(200, 60));
}

#[test]
fn a_result_that_is_worse_is_no_real_success() {
    let mut bench = Bench::with(&runs::finished(), isobench_tui::ui::message::Sight::Gone);
    bench.type_in("gj3");
    let text = bench.text(80, 24);
    assert!(!text.contains("real success"), "{text}");
    let at = |words: &str| text.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(at("worse than the human's commit by 9.5 %, better than the baseline") < at("a valid result, but worse"), "{text}");
    bench.type_in("1G3");
    let text = bench.text(80, 24);
    assert_eq!(text.matches("CUDA out of memory").count(), 1, "{text}");
}

#[test]
fn a_verdict_and_the_class_of_a_failure_stand_in_the_list() {
    let mut bench = Bench::on(&runs::agent_running());
    let text = bench.text(200, 60);
    assert!(row(&text, 4).contains("better   +11.4 %"), "{text}");
    assert!(row(&text, 2).contains("worse     -9.5 %"), "{text}");
    assert!(row(&text, 1).contains("similar   +3.0 %"), "{text}");
    assert!(row(&text, 5).contains("arm_crashed"), "{text}");
}

#[test]
fn e_goes_to_the_next_item_that_went_wrong_and_round() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("g");
    let mut seen = Vec::new();
    for _ in 0..3 {
        bench.type_in("e");
        seen.push((selected(&bench), note(&bench)));
    }
    let expected = [("vllm_core-0003", ""), ("vllm_core-0005", ""), ("vllm_core-0003", "wrapped: the first item that went wrong")];
    assert_eq!(seen, expected.map(|(id, note)| (id.to_owned(), note.to_owned())));
    bench.type_in("E");
    assert_eq!((selected(&bench).as_str(), note(&bench).as_str()), ("vllm_core-0005", "wrapped: the last item that went wrong"));
    let mut bench = Bench::on(&runs::queued());
    bench.type_in("e");
    assert_eq!(note(&bench), "no item went wrong");
}

#[test]
fn e_goes_to_the_next_step_that_went_wrong() {
    let mut bench = opened(35, 100, 30);
    bench.type_in("ge");
    assert_eq!((bench.state.reading.cursor, bench.state.reading.stick), (9, Stick::Hand));
    bench.type_in("ee");
    assert_eq!(bench.state.reading.cursor, 29);
    bench.type_in("e");
    assert_eq!((bench.state.reading.cursor, note(&bench).as_str()), (9, "wrapped: the first step that went wrong"));
    assert!(bench.text(100, 30).contains("thought number 10"), "{}", bench.text(100, 30));
}

#[test]
fn a_search_a_jump_and_another_screen_end_an_old_remark() {
    let mut bench = opened(35, 100, 30);
    let refused = "no refused finish in these 35 steps";
    bench.type_in("g>");
    assert_eq!(note(&bench), refused);
    bench.type_in("/number");
    bench.press(Key::Enter);
    assert_eq!(note(&bench), "");
    let page = bench.text(100, 30);
    assert!(page.contains("searching the steps…") && !page.contains(refused), "{page}");
    for key in ["n", "o", "e", "."] {
        bench.type_in(">");
        assert_eq!(note(&bench), refused);
        bench.type_in(key);
        assert_ne!(note(&bench), refused, "{key}");
    }
    bench.press(Key::Esc);
    // past the end and back
    bench.type_in("geeee");
    assert_eq!(note(&bench), "wrapped: the first step that went wrong");
    bench.type_in("e");
    assert_eq!(note(&bench), "");
    bench.type_in(">1");
    assert_eq!(note(&bench), "");
    // what moves on says nothing: a remark stays to be read
    bench.type_in("2>k");
    assert_eq!(note(&bench), refused);
}

#[test]
fn a_search_walks_the_items_and_marks_what_is_seen() {
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("g/oom");
    bench.press(Key::Enter);
    assert_eq!(note(&bench), "'oom' is in no item");
    bench.type_in("/outofmemory");
    bench.press(Key::Enter);
    assert_eq!(selected(&bench), "vllm_core-0005", "the sentence of a failure is searched");
    bench.type_in("/core-0006");
    bench.press(Key::Enter);
    assert_eq!(selected(&bench), "vllm_core-0006");
    let (text, roles) = (bench.text(80, 24), bench.roles(80, 24));
    let at = text.lines().position(|line| line.contains("vllm_core-0006")).unwrap();
    let col = text.lines().nth(at).unwrap().split("core-0006").next().unwrap().chars().count();
    let marked: String = roles.lines().nth(at).unwrap().chars().skip(col).take(9).collect();
    assert_eq!(marked, "mmmmmmmmm", "{roles}");
    bench.press(Key::Esc);
    assert_eq!(bench.state.find, None, "Esc ends the search");
    bench.type_in("/vllm_core-00");
    bench.press(Key::Enter);
    bench.type_in("nN");
    assert_eq!(selected(&bench), "vllm_core-0007");
}

#[test]
fn a_search_finds_what_a_folded_step_hides_and_unfolds_it() {
    let mut bench = opened(60, 100, 30);
    bench.type_in("g/result 42");
    bench.press(Key::Enter);
    let reading = &bench.state.reading;
    assert_eq!((reading.cursor, reading.fold(41)), (41, Fold::Unfolded));
    assert!(bench.text(100, 30).contains("│ result 42"), "{}", bench.text(100, 30));
    bench.type_in("/thought number 9");
    bench.press(Key::Enter);
    assert_eq!(
        (
            bench.state.reading.cursor,
            bench.state.reading.fold(8),
            bench.state.reading.matched.map(|matched| format!("{:?}", matched.turned))
        ),
        (8, Fold::Folded, Some("ToFirst".to_owned()))
    );
    bench.type_in("/nowhere");
    bench.press(Key::Enter);
    let attempt = AttemptId { item: id(7), n: 2 };
    let pattern = bench.state.find.clone().unwrap();
    bench.tell(Msg::Sought(SoughtNews { attempt, pattern, from: 0, found: Vec::new(), upto: 0, is_all: true }));
    assert!(bench.text(100, 30).contains("no match in 60 steps"), "{}", bench.text(100, 30));
}

#[test]
fn the_live_item_is_not_lost_while_another_one_is_looked_at() {
    let mut bench = Bench::on(&runs::agent_running());
    many_steps(&mut bench, 7, 2, 14);
    assert!(!bench.text(80, 24).contains("▸ vllm_core-0007  agent ·"), "it is the one that is looked at");
    bench.type_in("g");
    many_steps(&mut bench, 7, 2, 14);
    assert!(bench.text(80, 24).contains("▸ vllm_core-0007  agent · step 15/200 · generating 0:07"), "{}", bench.text(80, 24));
    let wide = bench.text(200, 60);
    assert!(wide.contains("running ───") && wide.contains("thought number 14") && wide.contains("14/200"), "{wide}");
    bench.type_in("2");
    assert!(bench.text(80, 24).contains("▸ vllm_core-0007  agent ·"), "{}", bench.text(80, 24));
    bench.type_in("f");
    assert_eq!((selected(&bench).as_str(), bench.state.screen), ("vllm_core-0007", Screen::Agent));
    assert!(bench.text(80, 24).contains("14 of 14 · follows"), "{}", bench.text(80, 24));
}

#[test]
fn steps_fold_by_hand_and_all_together() {
    let mut bench = opened(20, 100, 30);
    bench.type_in("gl");
    assert_eq!(bench.state.reading.fold(0), Fold::Unfolded);
    bench.type_in("l");
    assert_eq!(bench.state.reading.fold(0), Fold::Unfolded, "into it, not out of it");
    bench.type_in("h");
    assert_eq!((bench.state.reading.fold(0), bench.state.screen), (Fold::Folded, Screen::Agent));
    bench.type_in("Z");
    assert_eq!((bench.state.reading.fold(0), bench.state.reading.fold(19)), (Fold::Unfolded, Fold::Unfolded));
    bench.press(Key::Enter);
    assert_eq!((bench.state.reading.fold(0), bench.state.reading.fold(1)), (Fold::Folded, Fold::Unfolded));
    bench.type_in("ZZ");
    assert_eq!(bench.state.reading.fold(19), Fold::Folded);
    bench.type_in("h");
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn the_reader_sees_whether_it_follows() {
    let mut bench = opened(14, 100, 30);
    assert!(bench.text(100, 30).contains("14 of 14 · follows"), "{}", bench.text(100, 30));
    bench.type_in("kk");
    news(&mut bench, 7, 2, 14, vec![step(15, "the fifteenth", How::Well), step(16, "the sixteenth", How::Well)]);
    assert!(bench.text(100, 30).contains("12 of 16 · 4 newer"), "{}", bench.text(100, 30));
    bench.type_in("G");
    assert!(bench.text(100, 30).contains("16 of 16 · follows"), "{}", bench.text(100, 30));
    assert!(bench.text(100, 30).contains("steps of attempt 2"), "{}", bench.text(100, 30));
}

#[test]
fn a_wide_terminal_unfolds_the_step_beside_the_list() {
    let mut bench = opened(30, 200, 40);
    assert_eq!(bench.state.layout.unfolds, Unfolds::Beside);
    let mut long = step(31, "a long one", How::Well);
    long.calls[0].args = (1..=100).map(|line| Part::Text(format!("line {line}"))).collect();
    news(&mut bench, 7, 2, 30, vec![long]);
    assert!(bench.text(200, 40).contains("line 20") && !bench.text(200, 40).contains("line 100"));
    bench.press(Key::Enter);
    bench.frame(200, 40);
    bench.type_in("G");
    let text = bench.text(200, 40);
    assert!(text.contains("line 100") && text.contains("in the step, h leaves it"), "{text}");
    bench.type_in("h");
    assert_eq!((bench.state.reading.inside, bench.state.screen), (None, Screen::Agent));
    bench.type_in("k");
    bench.frame(200, 40);
    bench.type_in("lZ");
    assert_eq!((bench.state.reading.inside, note(&bench).as_str()), (None, "here the step under the cursor is unfolded beside the list"));
    assert!(bench.text(200, 40).contains("result 30"), "{}", bench.text(200, 40));
}

#[test]
fn a_click_selects_and_opens_items_and_steps() {
    let click = |bench: &mut Bench, hit: &Hit| {
        let spot = bench.state.spots.iter().find(|spot| spot.hit == *hit).cloned().unwrap();
        bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x, y: spot.y }))
    };
    let mut bench = Bench::on(&runs::agent_running());
    many_steps(&mut bench, 7, 2, 40);
    bench.frame(80, 24);
    click(&mut bench, &Hit::Item(id(5)));
    assert_eq!(selected(&bench), "vllm_core-0005");
    bench.type_in("f2");
    many_steps(&mut bench, 7, 2, 40);
    let before = bench.text(80, 24);
    click(&mut bench, &Hit::Step(36));
    assert_eq!((bench.state.reading.cursor, bench.state.reading.stick), (36, Stick::Hand));
    let rows = |text: &str| text.lines().skip(9).take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&bench.text(80, 24)), rows(&before), "nothing moves under the hand");
    click(&mut bench, &Hit::Step(36));
    assert_eq!(bench.state.reading.fold(36), Fold::Unfolded);
}

#[test]
fn a_result_says_whether_it_is_a_real_success_and_scrolls_to_its_end() {
    let mut bench = Bench::with(&runs::finished(), isobench_tui::ui::message::Sight::Gone);
    bench.type_in("g3");
    assert!(bench.text(80, 24).contains("a real success: every rung that is checked holds"), "{}", bench.text(80, 24));
    bench.frame(80, 16);
    bench.type_in("G");
    let end = bench.text(80, 16);
    assert!(end.contains("beyond_noise latency_avg"), "{end}");
    bench.type_in("jjjj");
    assert_eq!(bench.text(80, 16), end, "there is nothing below the end");
    bench.type_in("k");
    assert!(bench.text(80, 16).contains("1 line below"), "{}", bench.text(80, 16));
}

/// What the demo's third item is: the agent said that it was done, and changed nothing.
fn changed_nothing() -> Story {
    use isobench_tui::domain::{Answer, CheckDetail, FailureClass, Rung, RungAnswer};
    use isobench_tui::ledger::fact::AttemptEnd;
    let why = || "the agent changed nothing".to_owned();
    let rung = |rung, answer, evidence: String| RungAnswer { rung, answer, evidence };
    let rungs = vec![
        rung(Rung::Exited, Answer::Yes, "exit 0".to_owned()),
        rung(Rung::Patch, Answer::No, why()),
        rung(Rung::Source, Answer::No, why()),
    ];
    let check = CheckDetail { rungs, ..CheckDetail::default() };
    let class = FailureClass::EmptyPatch;
    let mut story = Story::of(3);
    story.attempt(1, 1, Stage::Worktree).stage(1, 1, Stage::Worktree, 2, StageDetail::Nothing);
    story.stage(1, 1, Stage::Agent, 8, StageDetail::Agent(runs::totals(10)));
    story.start(1, 1, Stage::Check).wait(1).end(1, 1, Stage::Check, StageEnd::Failed { class, why: why() }, StageDetail::Check(check));
    story.push(Fact::AttemptFinished { item: id(1), n: 1, end: AttemptEnd::Failed { class, why: why() } });
    story
}

#[test]
fn an_exit_code_of_zero_is_no_success() {
    let mut bench = Bench::on(&changed_nothing());
    bench.type_in("g3");
    let text = bench.text(80, 24);
    assert!(text.contains("no real success, though the agent ended well: there is no patch"), "{text}");
    assert!(text.contains("✗ patch") && text.contains("✓ exited") && text.contains("metrics      not reached"), "{text}");
}

#[test]
fn what_the_reader_was_not_asked_for_is_told_again() {
    let mut bench = Bench::on(&runs::agent_running());
    let look = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| if let Effect::Look(look) = effect { Some(look) } else { None }).unwrap()
    };
    many_steps(&mut bench, 7, 2, 3);
    // the item that runs stays in sight, and is held
    let first = look(bench.type_in("g"));
    assert_eq!(first.held, [AttemptId { item: id(7), n: 2 }]);
    many_steps(&mut bench, 1, 1, 5);
    assert_eq!(look(bench.type_in("j")).held, [AttemptId { item: id(7), n: 2 }], "that of the first item is forgotten, and said to be");
    // late news of it are nobody's any more, and what follows a gap is not taken for the beginning
    news(&mut bench, 1, 1, 5, vec![step(6, "late", How::Well)]);
    assert_eq!(look(bench.type_in("k")).held, [AttemptId { item: id(7), n: 2 }]);
    news(&mut bench, 1, 1, 5, vec![step(6, "late", How::Well)]);
    assert!(bench.state.shown_trail().is_none());
    many_steps(&mut bench, 1, 1, 6);
    assert_eq!(bench.state.shown_trail().unwrap().steps.len(), 6);
}

#[test]
fn twenty_thousand_steps_are_moved_through_as_twenty() {
    let mut bench = opened(20_000, 120, 40);
    bench.type_in("zgG");
    assert_eq!((bench.state.reading.cursor, bench.state.reading.stick), (19_999, Stick::Newest));
    // each key and frame lays out what is seen and no more: in a debug build the whole would take minutes
    for key in [Key::Up, Key::PageUp, Key::PageDown, Key::Down, Key::Home, Key::Char('e'), Key::End].repeat(20) {
        bench.press(key);
        bench.frame(120, 40);
    }
    assert!(bench.text(120, 40).contains("thought number 20000"));
}

#[test]
fn frames_of_the_queue() {
    let mut bench = Bench::on(&runs::many(96));
    insta::assert_snapshot!("queue_96_80x24", bench.text(80, 24));
    insta::assert_snapshot!("queue_96_80x24_roles", bench.roles(80, 24));
    let mut bench = Bench::on(&runs::many(2000));
    insta::assert_snapshot!("queue_2000_200x60", bench.text(200, 60));
}

#[test]
fn frames_of_what_waits_and_what_runs_beside_it() {
    let mut bench = Bench::on(&waiting());
    bench.type_in("gjj");
    many_steps(&mut bench, 7, 2, 14);
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("waiting_{cols}x{rows}"), bench.text(cols, rows));
    }
    insta::assert_snapshot!("waiting_200x60_roles", bench.roles(200, 60));
}

#[test]
fn frames_of_an_agent_on_a_wide_terminal() {
    let mut bench = opened(40, 200, 60);
    bench.type_in("kk");
    insta::assert_snapshot!("agent_wide_200x60", bench.text(200, 60));
    insta::assert_snapshot!("agent_wide_200x60_roles", bench.roles(200, 60));
}

#[test]
fn frames_of_a_result_that_is_no_success() {
    let mut bench = Bench::on(&changed_nothing());
    bench.type_in("g3");
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        insta::assert_snapshot!(format!("no_success_{cols}x{rows}"), bench.text(cols, rows));
    }
    insta::assert_snapshot!("no_success_80x24_roles", bench.roles(80, 24));
}

/// Strings of others at their worst: wide, combining, joined, controls, tabs, escapes.
fn odd() -> &'static str {
    "日本語 e\u{301} 👩‍👩‍👧 🇩🇪\tx\r\n\u{1b}[31mred\u{7}\u{202e}rtl\u{200b}\u{fe0f}"
}

#[test]
fn odd_strings_fit_every_screen_and_size() {
    use isobench_tui::domain::{FailureClass, ItemId};
    use isobench_tui::ledger::PlannedItem;
    let planned = |n: usize| PlannedItem {
        item: ItemId(format!("{}-{n}", odd())),
        human: format!("{n}{}", odd()),
        parent: odd().to_owned(),
        blocked: Some(isobench_tui::ledger::fact::Blocked { class: FailureClass::BadSha, why: odd().to_owned() }).filter(|_| n == 2),
    };
    let mut items: Vec<PlannedItem> = (1..=5).map(planned).collect();
    items[0].item = id(1);
    let mut story = Story::planned(items);
    story.failed(1, 1, Stage::Candidate, FailureClass::ArmCrashed, odd());
    let by = By::Person { user: odd().to_owned(), host: odd().to_owned(), tty: None };
    story.push(Fact::PauseOrdered { why: odd().to_owned(), by });
    let mut bench = Bench::on(&story);
    bench.state.last_look = Some(runs::base());
    bench.type_in("g");
    let mut odd_step = step(1, odd(), How::Badly);
    odd_step.error = Some(odd().to_owned());
    odd_step.calls[0].gist = odd().to_owned();
    odd_step.calls[0].args = vec![Part::Text(odd().to_owned()); 3];
    odd_step.harness = vec![odd().to_owned()];
    news(&mut bench, 1, 1, 0, vec![odd_step, step(2, odd(), How::Well)]);
    for keys in ["1", "2", "z", "3", "6", "1w"] {
        bench.press(Key::Esc);
        bench.type_in(keys);
        for (cols, rows) in [(0, 0), (1, 1), (20, 3), (40, 12), (80, 24), (160, 50), (500, 200)] {
            let text = bench.text(cols, rows);
            assert!(!text.contains(['\u{1b}', '\u{7}', '\t', '\r', '\u{202e}']), "{keys} {cols}x{rows}: {text}");
        }
    }
    assert_eq!(ann().words(), "ann@box (pts/3)");
}

#[test]
fn what_is_live_can_not_be_followed_where_nothing_runs() {
    let gone = isobench_tui::ui::message::Sight::Gone;
    for screen in ["1", "3"] {
        let mut bench = Bench::with(&runs::finished(), gone);
        bench.type_in(screen);
        bench.type_in("f");
        assert!(bench.text(120, 40).contains("nothing runs: the run is over"), "{}", bench.text(120, 40));
    }
    let mut bench = Bench::on(&runs::agent_running());
    bench.type_in("jf");
    assert!(!bench.text(120, 40).contains("nothing runs"));
    let mut bench = Bench::with(&runs::agent_running(), gone);
    bench.type_in("f");
    assert!(bench.text(120, 40).contains("nothing runs: nobody works on it"), "{}", bench.text(120, 40));
    assert!(!bench.text(200, 60).contains(" left"), "nobody works on what is left");
}
