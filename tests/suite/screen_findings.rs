//! What the detectors found, on every screen: facts and keys in, marks and sentences out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use isobench_tui::detect::kind::Kind;
use isobench_tui::detect::labels::Verdict;
use isobench_tui::domain::{Detector, Level};
use isobench_tui::ledger::Fact;
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::labels::Label;
use isobench_tui::ui::message::{Looked, Sight};
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::reading::Pane;
use isobench_tui::ui::step::{How, Shown};
use isobench_tui::ui::{Effect, Key, Mouse, Msg, Screen};
use jiff::SignedDuration;

use crate::screen::Bench;
use crate::screen_queue::{news, step};
use crate::screen_runs::{self as runs, Story, found, id};

/// Steps by their letters.
fn steps(letters: &str) -> Vec<Shown> {
    let kinds = [
        Kind::Search,
        Kind::View,
        Kind::Edit,
        Kind::EditFailed,
        Kind::Run,
        Kind::RunFailed,
        Kind::Git,
        Kind::Text,
        Kind::RefusedFinish,
        Kind::Finish,
        Kind::ApiError,
        Kind::Seen,
    ];
    let step = |(letter, index): (char, u32)| {
        let how = if letter.is_lowercase() && letter != 't' { How::Badly } else { How::Well };
        let kind = kinds.into_iter().find(|kind| kind.letter() == letter).unwrap();
        Shown { kind, ..step(index, &format!("thought number {index}"), how) }
    };
    letters.chars().zip(1..).map(step).collect()
}

/// 75 steps that end in a circle.
fn circle() -> Vec<Shown> {
    steps(&format!("SSVVVEREeeeeEREE{}tF!RRrrE{}G=====G{}", "RGGEGG".repeat(4), "GRGG".repeat(2), "==".repeat(6)))
}

/// The screen of a stuck agent, its steps read.
pub(crate) fn stuck() -> Bench {
    let mut bench = Bench::on(&runs::agent_stuck());
    news(&mut bench, 7, 2, 0, circle());
    bench
}

fn note(bench: &Bench) -> String {
    bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

/// The index of the step under the cursor.
fn at(bench: &Bench) -> u32 {
    bench.state.shown_trail().unwrap().steps[bench.state.reading.cursor].index
}

/// The line of a frame that holds a text.
fn line<'a>(text: &'a str, holds: &str) -> &'a str {
    text.lines().find(|line| line.contains(holds)).unwrap_or_default()
}

/// The agent screen of a stuck agent.
fn opened(cols: u16, rows: u16) -> Bench {
    let mut bench = stuck();
    bench.type_in("2");
    bench.frame(cols, rows);
    bench
}

#[test]
fn a_stuck_agent_is_seen_in_the_list_and_in_the_header() {
    let mut bench = stuck();
    let text = bench.text(80, 24);
    assert!(line(&text, " ■▸ vllm_core-0007").contains("stuck since 58"), "{text}");
    assert!(line(&text, " ■  vllm_core-0002").contains("worse"), "{text}");
    assert!(line(&text, "2026-11-21").contains("running  ■ stuck "), "{text}");
    assert!(line(&text, " 2 failed ").contains("of 24 (2 stuck)"), "it is no state of its own: {text}");
    assert!(text.contains("■ stuck since step 58: the same call"), "{text}");
    assert!(text.contains("  Stop it (x), or ask for another approach"), "{text}");
    assert!(line(&text, "? help").contains("x stop stage"), "{text}");
    let wide = bench.text(200, 60);
    assert!(line(&wide, "■▸ vllm_core-0007").contains("stuck: identical step since 58"), "{wide}");
    assert!(wide.contains("what got stuck") && line(&wide, "   1  identical step").contains('1'), "{wide}");
    assert!(line(&wide, "■  vllm_core-0002").contains("was stuck"), "{wide}");
    // another item is looked at: the line of the one that runs still says so
    bench.type_in("gj");
    let text = bench.text(80, 24);
    assert!(text.lines().any(|line| line.contains("▸ vllm_core-0007  ■ stuck ")), "{text}");
    assert!(text.contains("was stuck from step 20: refused 3 times"), "{text}");
}

#[test]
fn where_nothing_is_wrong_nothing_is_said() {
    let mut bench = Bench::on(&runs::agent_running());
    news(&mut bench, 7, 2, 0, steps("SVERRR"));
    bench.type_in("2");
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        let text = bench.text(cols, rows);
        assert!(!["stuck", "found", "■", "▲", "◦", "warn"].iter().any(|word| text.contains(word)), "{text}");
        assert!(text.contains("1  SVERRR"), "{text}");
    }
    assert_eq!(bench.press(Key::Char(']')), []);
    assert_eq!(note(&bench), "nothing was found of this agent");
    bench.type_in("+");
    assert_eq!(note(&bench), "nothing was found of this agent that could be right or wrong");
}

#[test]
fn a_first_finding_moves_the_steps_by_its_own_rows_only() {
    let mut bench = Bench::on(&runs::agent_running());
    news(&mut bench, 7, 2, 0, circle());
    bench.type_in("2");
    let row = |bench: &mut Bench| bench.text(80, 24).lines().position(|line| line.contains("SSVV") || line.contains("eeER"));
    let before = row(&mut bench);
    bench.state.run = runs::agent_stuck().run();
    bench.tell(Msg::Facts);
    assert_eq!((row(&mut bench), before.is_some()), (before, true));
}

#[test]
fn only_what_holds_counts_while_the_agent_works() {
    let mut story = runs::agent_running();
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 0, finding: found(Detector::Cycle, Level::Stuck, 3, 9, "in a circle") });
    story.push(Fact::FindingCleared { item: id(7), n: 2, id: 0, step: Some(12) });
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 1, finding: found(Detector::VcsChurn, Level::Warn, 10, 14, "git again") });
    let text = Bench::on(&story).text(80, 24);
    assert!(line(&text, "▲▸ vllm_core-0007").contains("warn since 10") && !text.contains("■"), "{text}");
    // once it ended the worst of all counts
    story.wait(3).end(
        7,
        2,
        isobench_tui::domain::Stage::Agent,
        isobench_tui::domain::StageEnd::Done,
        isobench_tui::domain::StageDetail::Nothing,
    );
    story.start(7, 2, isobench_tui::domain::Stage::Human).wait(2);
    let text = Bench::on(&story).text(80, 24);
    assert!(text.contains("■▸ vllm_core-0007"), "{text}");
    // what runs now is a benchmark, which is not stuck: x would end that
    assert!(!line(&text, "2026-11-21").contains("stuck"), "{text}");
    assert!(line(&text, "■▸ vllm_core-0007").contains("human, was stuck"), "{text}");
    assert!(text.contains("■ was stuck from step 3: in a circle") && !line(&text, "? help").contains("x stop stage"), "{text}");
    let mut bench = Bench::on(&story);
    bench.tell(Msg::Looked(Looked::Until(bench.now - SignedDuration::from_secs(7200))));
    let text = bench.text(120, 40);
    assert!(text.contains("since your last look") && !text.contains("x ends its stage"), "{text}");
    assert!(!text.contains("look first  vllm_core-0007"), "{text}");
    bench.press(Key::Esc);
    // another item is looked at
    bench.type_in("gj");
    let text = bench.text(80, 24);
    assert!(text.contains("▸ vllm_core-0007  benchmarking the human's commit"), "{text}");
}

#[test]
fn the_steps_of_a_finding_end_with_its_agent() {
    let mut bench = opened(120, 40);
    assert!(line(&bench.text(120, 40), "■ stuck  identical step").contains(" since 58 "), "{}", bench.text(120, 40));
    let mut story = runs::agent_stuck();
    story.push(Fact::AgentProgressed { item: id(7), n: 2, totals: runs::totals(75) });
    let (done, detail) = (isobench_tui::domain::StageEnd::Done, isobench_tui::domain::StageDetail::Agent(runs::totals(75)));
    story.end(7, 2, isobench_tui::domain::Stage::Agent, done, detail);
    bench.state.run = story.run();
    bench.tell(Msg::Facts);
    let text = bench.text(120, 40);
    assert!(line(&text, "■ stuck  identical step").contains(" 58-75 "), "{text}");
    assert!(text.contains("■ was stuck from step 58"), "{text}");
    bench.type_in("3");
    let text = bench.text(200, 60);
    assert!(text.contains("■ was stuck from step 58: the same call with the same result 5 times: git diff HEAD~1"), "{text}");
    assert!(text.contains("identical step  steps 58-75"), "{text}");
}

#[test]
fn a_list_that_is_left_shows_the_worst_again() {
    let mut bench = opened(80, 24);
    let before = bench.text(80, 24);
    assert!(before.contains("■ stuck  identical step") || before.contains("unanswered call"), "{before}");
    bench.type_in("]]]]]]");
    bench.text(80, 24);
    bench.press(Key::Esc);
    assert_eq!(bench.text(80, 24), before);
}

#[test]
fn what_to_do_stands_below_the_worst_finding() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        let text = opened(cols, rows).text(cols, rows);
        assert!(text.contains("Stop it (x), or ask for another approach"), "{text}");
        assert!(line(&text, "? help").contains("x stop stage") && line(&text, "? help").contains("[ ] finding (6)"), "{text}");
    }
}

#[test]
fn a_live_step_that_says_the_same_is_told_with_the_others() {
    let mut bench = Bench::on(&runs::agent_stuck());
    let said = |index: u32| Shown {
        calls: Vec::new(),
        kind: Kind::Text,
        harness: vec!["call a tool".to_owned()],
        ..step(index, "I need to act.", How::Well)
    };
    let mut all: Vec<Shown> = (1..=30).map(said).collect();
    all[29] = Shown { harness: Vec::new(), reply: isobench_tui::domain::Reply::ToolsRunning, ..said(30) };
    news(&mut bench, 7, 2, 0, all);
    bench.type_in("2");
    bench.frame(120, 40);
    let text = bench.text(120, 40);
    assert!(text.contains("× 30 (1-30)"), "{text}");
    // one whose harness said something else is one of its own
    let other = Shown { harness: vec!["stop".to_owned()], ..said(30) };
    news(&mut bench, 7, 2, 29, vec![other]);
    assert!(bench.text(120, 40).contains("× 29 (1-29)"), "{}", bench.text(120, 40));
}

#[test]
fn brackets_choose_a_finding_and_enter_leads_to_its_first_step() {
    let mut bench = opened(120, 40);
    bench.type_in("]");
    let text = bench.text(120, 40);
    assert!(text.contains("The provider refuses a conversation with an open call") && text.contains("step 75    toolu_9 bash"), "{text}");
    bench.type_in("]");
    assert!(bench.text(120, 40).contains("Stop it (x), or ask for another approach"), "{}", bench.text(120, 40));
    bench.press(Key::Enter);
    assert_eq!((at(&bench), bench.state.reading.pane), (58, Pane::Steps));
    // the list opens where it was left, and has the keys until Esc
    bench.type_in("]");
    bench.press(Key::Down);
    bench.press(Key::Down);
    bench.press(Key::Enter);
    assert_eq!(at(&bench), 31);
    bench.type_in("[");
    bench.press(Key::Esc);
    assert_eq!((bench.state.screen, bench.state.reading.pane), (Screen::Agent, Pane::Steps));
    bench.type_in("]G]");
    assert!(note(&bench).contains("wrapped: the first finding"), "{}", note(&bench));
    bench.press(Key::Esc);
    bench.press(Key::Esc);
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn a_click_chooses_a_finding_and_a_second_one_leads_to_it() {
    let mut bench = opened(120, 40);
    for _ in 0..2 {
        let spot = bench.state.spots.iter().rfind(|spot| matches!(spot.hit, Hit::Found(_)) && spot.y > 0).unwrap().clone();
        bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x + 3, y: spot.y }));
        bench.frame(120, 40);
    }
    assert_ne!(bench.state.reading.found, None);
    let second =
        bench.state.spots.iter().find(|spot| Some(&spot.hit) == bench.state.reading.found.map(Hit::Found).as_ref()).unwrap().clone();
    bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: second.x, y: second.y }));
    assert_eq!(bench.state.reading.pane, Pane::Steps);
    assert_ne!(at(&bench), 75);
}

#[test]
fn e_stops_at_steps_and_items_of_which_something_was_found() {
    let mut bench = opened(120, 40);
    bench.type_in("g");
    let mut stops = Vec::new();
    while stops.last().is_none_or(|last| *last < 64) {
        bench.type_in("e");
        stops.push(at(&bench));
    }
    assert!([9, 31, 58, 64].iter().all(|step| stops.contains(step)), "{stops:?}");
    bench.press(Key::Esc);
    bench.type_in("ge");
    assert_eq!(bench.state.queue.selected, Some(id(2)), "it is done, but its agent was stuck");
}

#[test]
fn a_finding_is_marked_right_or_wrong_and_shows_it() {
    let mut bench = opened(120, 40);
    assert_eq!(bench.type_in("+"), [], "which one?");
    assert_eq!(note(&bench), "which finding? ] and [ choose one");
    assert_eq!(bench.type_in("]+"), [], "an alarm is a fact");
    let effects = bench.type_in("]-");
    let [Effect::Label(label)] = effects.as_slice() else { unreachable!("{effects:?}") };
    assert_eq!(
        (label.attempt.to_string().as_str(), label.finding.detector, label.verdict),
        ("vllm_core-0007.2", Detector::IdenticalStep, Verdict::Wrong)
    );
    // it is shown once it is kept
    assert!(!bench.text(120, 40).contains("✗ wrong"));
    bench.tell(Msg::Labelled(label.clone()));
    assert_eq!(note(&bench), "'identical step' since step 58 is wrong: kept in labels.csv");
    let text = bench.text(120, 40);
    assert!(line(&text, "■ stuck  identical step").contains("✗ wrong"), "{text}");
    bench.tell(Msg::Labelled(Box::new(Label { verdict: Verdict::Right, ..(**label).clone() })));
    let text = bench.text(120, 40);
    assert!(line(&text, "■ stuck  identical step").contains("✓ right"), "{text}");
    bench.type_in("3");
    assert!(bench.text(120, 40).contains("identical step  since 58  said to be right"), "{}", bench.text(120, 40));
}

#[test]
fn a_finding_is_marked_without_a_runner_too() {
    let mut story = runs::agent_running();
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 4, finding: found(Detector::Cycle, Level::Stuck, 3, 9, "in a circle") });
    let mut bench = Bench::with(&story, Sight::Gone);
    bench.state.access = isobench_tui::ui::state::Access::ReadOnly(9);
    news(&mut bench, 7, 2, 0, circle());
    bench.type_in("2");
    bench.frame(80, 24);
    assert!(matches!(bench.type_in("+").as_slice(), [Effect::Label(label)] if label.verdict == Verdict::Right));
}

#[test]
fn it_rings_once_when_an_agent_is_stuck_while_somebody_looks() {
    let stuck_since =
        |from: u32| Fact::FindingMade { item: id(7), n: 2, id: 0, finding: found(Detector::Cycle, Level::Stuck, from, 9, "x") };
    let mut story = runs::agent_stuck();
    let mut bench = Bench::on(&story);
    assert_eq!(bench.tell(Msg::Facts), [], "what was so before is old");
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 9, finding: found(Detector::Cycle, Level::Warn, 70, 75, "x") });
    let tell = |bench: &mut Bench, story: &Story| {
        bench.state.run = story.run();
        bench.tell(Msg::Facts)
    };
    assert_eq!(tell(&mut bench, &story), [], "a warning does not ring");
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 9, finding: found(Detector::Cycle, Level::Stuck, 70, 80, "x") });
    assert_eq!(tell(&mut bench, &story), [Effect::Ring]);
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 9, finding: found(Detector::Cycle, Level::Stuck, 70, 90, "x twice") });
    assert_eq!(tell(&mut bench, &story), [], "the same, told again");
    bench.type_in("b");
    assert!(note(&bench).starts_with("the bell is off"));
    story.push(stuck_since(3));
    assert_eq!(tell(&mut bench, &story), []);
    bench.type_in("b");
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 11, finding: found(Detector::Cycle, Level::Stuck, 70, 80, "x") });
    assert_eq!(tell(&mut bench, &story), [Effect::Ring]);
}

#[test]
fn who_comes_back_is_led_to_the_agent_that_is_stuck() {
    let mut bench = stuck();
    bench.tell(Msg::Looked(Looked::Until(bench.now - SignedDuration::from_secs(7200))));
    let text = bench.text(120, 40);
    assert!(text.contains("look first  vllm_core-0007: stuck since step 58"), "{text}");
    assert!(text.contains("the agents of 1 item: 1 refused finish"), "{text}");
    bench.press(Key::Enter);
    assert_eq!(bench.state.queue.selected, Some(id(7)));
}

#[test]
fn silence_is_measured_by_what_is_usual() {
    let mut bench = stuck();
    let text = bench.text(80, 24);
    assert!(text.contains("generating 0:07") && !text.contains("usually"), "{text}");
    let roles = |bench: &mut Bench| {
        let text = bench.text(80, 24);
        let row = text.lines().position(|line| line.contains("generating")).unwrap();
        bench.roles(80, 24).lines().nth(row).unwrap().chars().nth(2).unwrap()
    };
    assert_eq!(roles(&mut bench), 'l');
    bench.now += SignedDuration::from_secs(100);
    assert!(bench.text(80, 24).contains("generating 1:47 (usually under 3:00)"));
    bench.now += SignedDuration::from_secs(300);
    assert_eq!(roles(&mut bench), 'w');
    // its row is one, however narrow: what is below does not jump
    let rows = |bench: &mut Bench| bench.text(120, 40).lines().position(|line| line.contains("■ stuck since step 58"));
    let before = rows(&mut bench);
    bench.now -= SignedDuration::from_secs(400);
    assert_eq!((rows(&mut bench), before.is_some()), (before, true));
    bench.now += SignedDuration::from_secs(400);
    bench.now += SignedDuration::from_secs(400);
    assert_eq!(roles(&mut bench), 'b');
    // a run in which steps take ten minutes
    let mut slow = circle();
    for step in &mut slow {
        step.at = Some(bench.now - SignedDuration::from_secs(600 * i64::from(100 - step.index)));
    }
    news(&mut bench, 7, 2, 0, slow);
    bench.now += SignedDuration::from_secs(500);
    assert_eq!(roles(&mut bench), 'l');
    assert!(bench.text(80, 24).contains("(usually under 10:"), "{}", bench.text(80, 24));
}

#[test]
fn a_subagent_s_steps_stand_below_their_call() {
    let mut bench = Bench::on(&runs::agent_running());
    let mut all = steps("SVEE");
    all[2].within = Some("toolu_1".to_owned());
    news(&mut bench, 7, 2, 0, all);
    bench.type_in("2");
    bench.frame(80, 24);
    let text = bench.text(80, 24);
    assert!(text.contains("3 E  │ thought number 3") && text.contains("4 E  thought number 4"), "{text}");
    bench.type_in("k");
    bench.press(Key::Enter);
    let text = bench.text(80, 24);
    assert!(text.contains("│   make step-3"), "{text}");
}

#[test]
fn a_long_run_is_seen_around_the_cursor() {
    let mut bench = Bench::on(&runs::agent_stuck());
    news(&mut bench, 7, 2, 0, steps(&"SVERG".repeat(400)));
    bench.type_in("2");
    let strip = |bench: &mut Bench| line(&bench.text(80, 24), "SVERGSVERG").trim().split(' ').next().unwrap().parse::<u32>().unwrap();
    let end = strip(&mut bench);
    assert!((1920..2000).contains(&end) && end % 10 == 1, "{end}");
    bench.type_in("g");
    assert_eq!(strip(&mut bench), 1);
    bench.type_in("]]");
    bench.press(Key::Enter);
    assert_eq!((at(&bench), strip(&mut bench)), (58, 11));
    // one line more with more room, each from a round number on
    let text = bench.text(120, 40);
    assert!(text.contains("  1  SVERG") && text.contains("111  SVERG") && text.contains("221  SVERG"), "{text}");
}

#[test]
fn nothing_of_a_finding_reaches_the_terminal_as_it_is() {
    let mut story = runs::agent_running();
    let bad = "a\u{1b}]0;title\u{7}b\u{1b}[2J\u{9b}31m \u{202e}rtl 日本 sk-very-secret\r\n";
    let mut finding = found(Detector::Cycle, Level::Stuck, 2, 4, bad);
    finding.hint = bad.to_owned();
    finding.evidence[0].text = bad.to_owned();
    story.push(Fact::FindingMade { item: id(7), n: 2, id: 0, finding });
    let remark = isobench_tui::domain::Remark {
        detector: Detector::OpenCall,
        step: None,
        says: bad.to_owned(),
        hint: bad.to_owned(),
        evidence: vec![isobench_tui::domain::Evidence { step: 1, text: bad.to_owned() }],
    };
    story.push(Fact::AlarmRaised { item: id(7), n: 2, alarm: remark.clone() });
    story.push(Fact::BadgeGiven { item: id(7), n: 2, badge: remark });
    let mut bench = Bench::on(&story);
    let mut all = steps("SVERt");
    all[1].within = Some(bad.to_owned());
    news(&mut bench, 7, 2, 0, all);
    bench.tell(Msg::Looked(Looked::Until(bench.now - SignedDuration::from_secs(7200))));
    for keys in ["", "x", "2", "]", "]", "]", "3"] {
        bench.type_in(keys);
        if keys == "x" {
            bench.press(Key::Esc);
        }
        for (cols, rows) in [(80, 24), (200, 60)] {
            let text = bench.text(cols, rows);
            assert!(!text.chars().any(|char| (char.is_control() && char != '\n') || ('\u{2028}'..='\u{202e}').contains(&char)), "{text:?}");
            assert!(!text.contains("secret") && !text.contains("title"), "{text}");
        }
    }
}

#[test]
fn every_size_shows_findings() {
    let mut bench = stuck();
    for keys in ["", "2", "]", "]", "]]]]", "3", "?"] {
        bench.type_in(keys);
        for cols in 0..=42 {
            for rows in 0..=14 {
                bench.frame(cols, rows);
            }
        }
        for (cols, rows) in [(20, 3), (40, 12), (80, 24), (139, 17), (140, 23), (500, 200)] {
            bench.frame(cols, rows);
        }
    }
}

#[test]
fn frames_of_a_stuck_agent() {
    for (cols, rows) in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut bench = stuck();
        insta::assert_snapshot!(format!("stuck_queue_{cols}x{rows}"), bench.text(cols, rows));
        bench.type_in("2");
        bench.frame(cols, rows);
        insta::assert_snapshot!(format!("stuck_agent_{cols}x{rows}"), bench.text(cols, rows));
        bench.type_in("]]");
        insta::assert_snapshot!(format!("stuck_chosen_{cols}x{rows}"), bench.text(cols, rows));
        bench.type_in("3");
        insta::assert_snapshot!(format!("stuck_result_{cols}x{rows}"), bench.text(cols, rows));
    }
    let mut bench = stuck();
    insta::assert_snapshot!("stuck_queue_80x24_roles", bench.roles(80, 24));
    bench.type_in("2");
    insta::assert_snapshot!("stuck_agent_80x24_roles", bench.roles(80, 24));
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let text = bench.text(80, 24);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("stuck_agent_80x24_ascii", text);
}
