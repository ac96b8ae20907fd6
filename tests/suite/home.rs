//! The start screen without a terminal: journeys and frames.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::path::PathBuf;

use isobench_tui::domain::{About, FailureClass, Row, RunId, Stage};
use isobench_tui::ledger::RunFolder;
use isobench_tui::model::Run;
use isobench_tui::text::mask::Masker;
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::home::card::{BlockedItems, OwnRuns, PlanSize};
use isobench_tui::ui::home::message::Beside;
use isobench_tui::ui::home::{
    AgentCard, Choice, Effect, Entry, Found, Home, Left, Looked, Msg, News, Over, Place, PlanCard, RunCard, Seen, Start, Summary, Wish,
    update,
};
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::{Key, Mouse};
use isobench_tui::view;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screen_runs as runs;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A start screen without a terminal.
struct Desk {
    home: Home,
    now: Timestamp,
    wished: Vec<Effect>,
}

fn plan_path() -> PathBuf {
    PathBuf::from("/work/bench/state/plan.json")
}

fn card(id: &str, run: &Run, runner: Option<u32>, why: Option<&str>) -> RunCard {
    let summary = Summary::of(run, runner, why.map(str::to_owned));
    RunCard { id: RunId(id.to_owned()), seen: Seen::Read(Box::new(summary)), left: None }
}

fn agent(asked: Option<&str>, name: &str, model: &str, origin: &'static str) -> AgentCard {
    let (asked, bench) = (asked.map(str::to_owned), Some("bench.yaml".to_owned()));
    AgentCard { asked, name: name.to_owned(), model: model.to_owned(), bench, origin }
}

fn found() -> Found {
    let size = |items| Ok(PlanSize { items, task: "vllm_core".to_owned(), repo: "https://github.com/vllm-project/vllm.git".to_owned() });
    let plan = |name: &str, size| PlanCard { path: PathBuf::from("/work/bench/state").join(name), name: name.to_owned(), size };
    Found {
        plans: vec![
            plan("plan.json", size(96)),
            plan("old_plan.json", Err("/work/bench/state/old_plan.json:3:1: missing field `items`".to_owned())),
        ],
        agents: vec![
            agent(None, "trae", "claude-sonnet-4-5", "as configured"),
            agent(Some("claude_code"), "claude_code", "sonnet", "ran here before"),
        ],
        own_runs: vec![OwnRuns { name: "vllm trae gpt-5".to_owned(), runs: 3, newest: "2026-01-23_10-00-00".to_owned() }],
    }
}

fn looked(agent: Option<&str>) -> Looked {
    Looked {
        choice: Choice { plan: plan_path(), agent: agent.map(str::to_owned) },
        digest: "d1".repeat(32),
        agent: agent.unwrap_or("trae").to_owned(),
        model: if agent.is_some() { "sonnet" } else { "claude-sonnet-4-5" }.to_owned(),
        items: 96,
        runnable: 94,
        stages: Stage::PROCESS.to_vec(),
        length: "about 32 h".to_owned(),
        results: "state/runs".to_owned(),
        worktrees: ".work/worktrees".to_owned(),
        rows: vec![
            Row::ok(About::Config, "bench.yaml"),
            Row::ok(About::Plan, "94 of 96 items can run"),
            Row::ok(About::Length, "94 items × 20 min (median of 64 earlier items of trae) ≈ 31 h"),
            Row::warning(
                About::Keys,
                "AWS login expires in 3 h 20 min; the queue needs about 31 h",
                "`aws sso login` before, or expect items to fail",
            ),
            Row::ok(About::Clone, "/work/vllm/.git"),
        ],
        blocked: vec![BlockedItems {
            class: FailureClass::MissingRepo,
            why: "the commit … is not in the clone: git fetch".to_owned(),
            items: vec!["vllm_core-0004".to_owned(), "vllm_core-0017".to_owned()],
        }],
        refusal: None,
    }
}

fn refused() -> Looked {
    let row = Row::blocked(About::Agent, "python3 has no module trae_agent", "install it into that Python, or name another with agent.cli");
    let rows = [vec![row], looked(None).rows].concat();
    Looked { rows, runnable: 0, blocked: Vec::new(), refusal: Some("python3 has no module trae_agent".to_owned()), ..looked(None) }
}

impl Desk {
    fn at(place: Place) -> Self {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let masker = Masker::new([("API_KEY", "sk-very-secret")], []);
        let start = Start { place, from: None, trouble: None, zone: TimeZone::UTC, masker, now };
        Self { home: Home::new(start), now, wished: Vec::new() }
    }

    /// In a checkout with so many runs, a plan that can be read and one that can't.
    fn with(cards: Vec<RunCard>) -> Self {
        let mut desk = Self::at(Place::Checkout(PathBuf::from("/work/bench")));
        desk.tell(News::Listed(cards.iter().map(|card| card.id.clone()).collect()));
        for card in cards {
            desk.tell(News::Run(Box::new(card)));
        }
        desk.tell(News::Found(found()));
        desk
    }

    fn several() -> Self {
        Self::with(vec![
            card("2026-11-21_11-00-00-aaaa", &runs::agent_running().run(), Some(4711), None),
            card("2026-11-21_10-00-00-bbbb", &runs::interrupted().run(), None, Some("runner gone after 10:00, without a word")),
            card("2026-11-20_09-00-00-cccc", &runs::finished().run(), None, None),
            RunCard {
                id: RunId("2026-11-19_09-00-00-dddd".to_owned()),
                seen: Seen::Broken("can't read events.jsonl: denied".to_owned()),
                left: None,
            },
        ])
    }

    fn tell(&mut self, msg: impl Into<Msg>) -> Vec<Effect> {
        let effects = update(&mut self.home, self.now, msg.into());
        self.wished.extend(effects.clone());
        effects
    }

    /// Presses a key as somebody does who sees the screen.
    fn press(&mut self, key: Key) -> Vec<Effect> {
        if self.home.spots.is_empty() {
            self.text(120, 40);
        }
        self.tell(Msg::Key(key))
    }

    fn type_in(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|char| self.press(Key::Char(char))).collect()
    }

    fn text(&mut self, cols: u16, rows: u16) -> String {
        self.drawn(cols, rows, &Theme::embedded("dark", Depth::True, Glyphs::UNICODE).unwrap())
    }

    /// A frame as the first letters of its cells' roles.
    fn roles(&mut self, cols: u16, rows: u16) -> String {
        crate::screen::roles(&self.frame(cols, rows, &crate::screen::theme_of_roles()))
    }

    /// A frame, drawn twice: the second time with the room known.
    fn frame(&mut self, cols: u16, rows: u16, theme: &Theme) -> Buffer {
        let area = Rect::new(0, 0, cols, rows);
        for _ in 0..2 {
            let (layout, spots) = view::home::draw(&mut Buffer::empty(area), &self.home, theme, self.now);
            self.tell(Msg::Laid(layout, spots));
        }
        let mut buffer = Buffer::empty(area);
        view::home::draw(&mut buffer, &self.home, theme, self.now);
        buffer
    }

    fn drawn(&mut self, cols: u16, rows: u16, theme: &Theme) -> String {
        crate::screen::text(&self.frame(cols, rows, theme))
    }

    #[track_caller]
    fn says(&mut self, sentence: &str) {
        let text = self.text(120, 40);
        assert!(text.contains(sentence), "'{sentence}' is not in\n{text}");
    }

    fn keep(&mut self, name: &str) {
        for (cols, rows) in SIZES {
            insta::assert_snapshot!(format!("home_{name}_{cols}x{rows}"), self.text(cols, rows));
        }
    }
}

fn look_wish(agent: Option<&str>) -> Effect {
    Effect::Wish(Wish::Look(Choice { plan: plan_path(), agent: agent.map(str::to_owned) }))
}

#[test]
fn a_checkout_without_runs_leads_to_its_plan_which_is_looked_at_and_started() {
    let mut desk = Desk::with(Vec::new());
    assert_eq!(desk.wished, [look_wish(None)]);
    desk.says("looking whether it can run");
    desk.press(Key::Enter);
    desk.says("still looking whether it can run");
    desk.tell(News::Looked(Box::new(looked(None))));
    assert_eq!(desk.home.note, None, "it looks no more");
    desk.says("Enter starts 94 of 96 items, about 32 h");
    desk.says("94 items run one after another, each through worktree");
    desk.says("2 are blocked");
    desk.says("> `aws sso login` before");
    assert_eq!(desk.press(Key::Enter), []);
    desk.says("Start 94 items with trae claude-sonnet-4-5?");
    desk.says("2 of 96 items are blocked and left out.");
    let choice = Choice { plan: plan_path(), agent: None };
    let start = Wish::Start { choice, digest: "d1".repeat(32), beside: Beside::Never };
    assert_eq!(desk.press(Key::Enter), [Effect::Wish(start)]);
    desk.says("starting 94 items with trae");
    // nothing is started twice
    assert_eq!(desk.press(Key::Enter), []);
    // nor left half way by accident
    assert_eq!(desk.type_in("q"), []);
    desk.says("it is being started");
    assert_eq!(desk.type_in("q"), [Effect::Leave(Left::Quit)]);
    let folder = RunFolder::at(PathBuf::from("/work/bench/state/tui/x"));
    assert_eq!(desk.tell(News::Started(folder.clone())), [Effect::Leave(Left::Opened(folder))]);
}

#[test]
fn not_yet_starts_nothing() {
    for key in [Key::Esc, Key::Char('n'), Key::Char('q')] {
        let mut desk = Desk::with(Vec::new());
        desk.tell(News::Looked(Box::new(looked(None))));
        desk.press(Key::Enter);
        assert_eq!(desk.press(key), [], "{key:?}");
        assert_eq!(desk.home.over, Over::Nothing);
    }
}

#[test]
fn what_is_blocked_says_why_and_does_not_start() {
    let mut desk = Desk::with(Vec::new());
    desk.tell(News::Looked(Box::new(refused())));
    desk.says("It can't start: python3 has no module trae_agent: install it into");
    desk.says("ISO-Bench's own runs");
    desk.says("vllm trae gpt-5  3 runs  2026-01-23");
    desk.says("> install it into that Python");
    assert_eq!(desk.press(Key::Enter), []);
    assert_eq!(desk.home.over, Over::Nothing);
    assert_eq!(desk.type_in("r"), [Effect::Wish(Wish::Find), look_wish(None)]);
    desk.says("looking whether it can run");
}

#[test]
fn the_first_of_several_causes_is_told_with_its_fix_on_a_small_screen() {
    let mut desk = Desk::with(Vec::new());
    let clone = Row::blocked(About::Clone, "no clone of vllm at /work/vllm", "clone it there, or run with --clone");
    let mut looked = refused();
    looked.rows.insert(0, clone);
    desk.tell(News::Looked(Box::new(looked)));
    let text = desk.text(80, 24);
    assert!(text.contains("It can't start (2 blocked). First: no clone of vllm at /work/vllm: clone it"), "{text}");
    assert!(text.contains("there, or run with --clone."), "{text}");
}

#[test]
fn another_agent_is_looked_at_once_and_remembered() {
    let mut desk = Desk::with(Vec::new());
    desk.tell(News::Looked(Box::new(looked(None))));
    assert_eq!(desk.press(Key::Tab), [look_wish(Some("claude_code"))]);
    desk.says("claude_code sonnet  ran here before");
    desk.tell(News::Looked(Box::new(looked(Some("claude_code")))));
    assert_eq!(desk.press(Key::Left), [], "the first was looked at before");
    desk.says("trae claude-sonnet-4-5  as configured");
    desk.press(Key::Right);
    desk.press(Key::Enter);
    desk.says("Start 94 items with claude_code sonnet?");
}

#[test]
fn the_newest_run_is_selected_and_opened() {
    let mut desk = Desk::several();
    desk.says("its runner has pid 4711");
    assert_eq!(desk.press(Key::Enter), [Effect::Leave(Left::Open(RunId("2026-11-21_11-00-00-aaaa".to_owned())))]);
    assert_eq!(desk.type_in("c"), [], "it has its runner");
    desk.says("it has its runner");
}

#[test]
fn an_interrupted_run_is_continued() {
    let mut desk = Desk::several();
    desk.press(Key::Down);
    desk.says("c continues it   Enter opens it");
    desk.says("runner gone after 10:00, without a word");
    assert_eq!(desk.type_in("c"), [Effect::Wish(Wish::Continue(RunId("2026-11-21_10-00-00-bbbb".to_owned())))]);
    desk.tell(News::Refused("run x is held by the runner with pid 7".to_owned()));
    desk.says("run x is held by the runner with pid 7");
    // read until something else is done
    desk.press(Key::Down);
    desk.says("run x is held");
    desk.type_in("c");
    assert!(!desk.text(120, 40).contains("run x is held"));
}

#[test]
fn a_container_that_an_interrupted_run_left_is_named() {
    let mut desk = Desk::several();
    desk.type_in("j");
    let id = desk.home.selected_run().unwrap().id.clone();
    let says = "container 1f2e3d4c5b6a ('candidate' of c-0001) still runs, without runner and keeper: c removes it";
    desk.tell(News::Left(id.clone(), Some(says.to_owned())));
    // what is read of the run meanwhile takes nothing from it
    desk.tell(News::Run(Box::new(card(&id.0, &runs::interrupted().run(), None, None))));
    desk.says("container 1f2e3d4c5b6a");
    desk.tell(News::Left(id, None));
    assert!(!desk.text(120, 40).contains("1f2e3d4c5b6a"));
}

#[test]
fn a_plan_with_an_unfinished_run_offers_to_go_on() {
    let mut desk = Desk::with(vec![card("2026-11-21_10-00-00-bbbb", &runs::interrupted().run(), None, None)]);
    desk.press(Key::Down);
    desk.tell(News::Looked(Box::new(looked(None))));
    desk.says("Unfinished: 1 of 8 items are over in run");
    desk.press(Key::Enter);
    desk.says("Continue the unfinished run?");
    assert_eq!(desk.press(Key::Enter), [Effect::Wish(Wish::Continue(RunId("2026-11-21_10-00-00-bbbb".to_owned())))]);
    let mut desk = Desk::with(vec![card("2026-11-21_10-00-00-bbbb", &runs::interrupted().run(), Some(7), None)]);
    desk.press(Key::Down);
    desk.tell(News::Looked(Box::new(looked(None))));
    desk.press(Key::Enter);
    desk.says("This plan is running already");
    assert!(matches!(desk.type_in("a").as_slice(), [Effect::Wish(Wish::Start { beside: Beside::All, .. })]));
    // another agent's work is another matter
    let mut desk = Desk::with(vec![card("2026-11-21_10-00-00-bbbb", &runs::interrupted().run(), None, None)]);
    desk.press(Key::Down);
    desk.press(Key::Tab);
    desk.tell(News::Looked(Box::new(looked(Some("claude_code")))));
    desk.says("Enter starts 94 of 96 items");
}

#[test]
fn sixty_runs_are_moved_through_searched_and_never_hide_the_plans() {
    let run = runs::finished().run();
    let cards = (0..60).map(|n| card(&format!("2026-10-{:02}_09-00-00-{n:04}", 1 + n % 28), &run, None, None)).collect();
    let mut desk = Desk::with(cards);
    for (cols, rows) in SIZES {
        let text = desk.text(cols, rows);
        assert!(text.contains("plan.json") && text.contains("of 60"), "{text}");
    }
    desk.text(80, 24);
    for _ in 0..30 {
        desk.press(Key::Down);
    }
    assert_eq!(desk.home.selected_at(), Some(30));
    let text = desk.text(80, 24);
    assert!(text.contains('▸'), "the selected row is in sight\n{text}");
    desk.type_in("/-0042");
    desk.press(Key::Enter);
    assert_eq!(desk.home.selected_at(), Some(42));
    desk.type_in("g");
    assert_eq!(desk.home.selected_at(), Some(0));
    desk.type_in("n");
    assert_eq!(desk.home.selected_at(), Some(42));
    desk.type_in("G");
    assert_eq!(desk.home.selected, Some(Entry::Demo));
    assert!(matches!(desk.press(Key::Enter).as_slice(), [Effect::Wish(Wish::Demo)]));
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut desk = Desk::several();
    desk.text(120, 40);
    let spot = desk.home.spots.iter().find(|spot| spot.hit == Hit::Choice(2)).unwrap().clone();
    let click = Msg::Mouse(Mouse { did: Did::Click, x: spot.x + 3, y: spot.y });
    assert_eq!(desk.tell(click.clone()), []);
    assert_eq!(desk.home.selected_at(), Some(2));
    assert_eq!(desk.tell(click), [Effect::Leave(Left::Open(RunId("2026-11-20_09-00-00-cccc".to_owned())))]);
    desk.tell(Msg::Mouse(Mouse { did: Did::WheelDown, x: spot.x, y: spot.y }));
    assert_eq!(desk.home.selected_at(), Some(3));
    desk.press(Key::Down);
    desk.tell(News::Looked(Box::new(looked(None))));
    desk.text(100, 20);
    desk.tell(Msg::Mouse(Mouse { did: Did::WheelDown, x: 90, y: 10 }));
    assert_eq!((desk.home.selected_at(), desk.home.scroll), (Some(4), 3));
}

#[test]
fn runs_that_come_and_go_leave_the_selection_alone() {
    let mut desk = Desk::several();
    desk.press(Key::Down);
    let ids: Vec<RunId> = desk.home.runs().iter().map(|run| run.id.clone()).collect();
    let newer = RunId("2026-11-21_12-00-00-eeee".to_owned());
    desk.tell(News::Listed([vec![newer], ids.clone()].concat()));
    assert_eq!(desk.home.selected, Some(Entry::Run(ids[1].clone())));
    desk.tell(News::Listed(vec![ids[0].clone()]));
    assert_eq!(desk.home.selected, Some(Entry::Run(ids[0].clone())), "what is gone can't stay selected");
}

#[test]
fn help_names_the_keys_of_this_screen_alone() {
    let mut desk = Desk::several();
    desk.press(Key::Char('?'));
    desk.says("look at plan, agent and machine again");
    let text = desk.text(120, 40);
    assert!(!text.contains("skip the item") && !text.contains("freeze"), "{text}");
    desk.press(Key::Esc);
    assert_eq!(desk.type_in("q"), [Effect::Leave(Left::Quit)]);
    assert_eq!(desk.type_in("T"), [Effect::NextTheme]);
}

#[test]
fn outside_a_checkout_the_demo_is_offered() {
    let mut desk = Desk::at(Place::Nowhere("no ISO-Bench harness at /tmp or above it: go there".to_owned()));
    desk.says("There is nothing of ISO-Bench here.");
    desk.says("No ISO-Bench harness at /tmp or above it.");
    assert!(matches!(desk.press(Key::Enter).as_slice(), [Effect::Wish(Wish::Demo)]));
    desk.keep("nowhere");
}

#[test]
fn frames_of_every_state() {
    let mut desk = Desk::at(Place::Checkout(PathBuf::from("/work/bench")));
    desk.keep("looking_for_all");
    let mut desk = Desk::with(Vec::new());
    desk.keep("looking");
    desk.tell(News::Looked(Box::new(looked(None))));
    desk.keep("plan");
    desk.press(Key::Enter);
    insta::assert_snapshot!("home_start_80x24", desk.text(80, 24));
    desk.press(Key::Esc);
    desk.tell(News::Looked(Box::new(refused())));
    desk.keep("blocked");
    insta::assert_snapshot!("home_blocked_80x24_roles", desk.roles(80, 24));
    desk.press(Key::Down);
    desk.says("missing field `items`");
    Desk::several().keep("several");
    insta::assert_snapshot!("home_several_80x24_roles", Desk::several().roles(80, 24));
}

#[test]
fn secrets_and_escapes_do_not_reach_the_screen() {
    let mut desk = Desk::several();
    desk.tell(News::Refused("the key sk-very-secret \u{1b}[31mfailed\u{7}".to_owned()));
    let text = desk.text(120, 40);
    assert!(text.contains("the key ••• failed"), "{text}");
    assert!(!text.contains("secret") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn every_size_can_be_drawn_with_and_without_unicode() {
    let mut plan = Desk::with(Vec::new());
    plan.tell(News::Looked(Box::new(looked(None))));
    let mut asked = Desk::with(Vec::new());
    asked.tell(News::Looked(Box::new(looked(None))));
    asked.press(Key::Enter);
    let mut help = Desk::several();
    help.press(Key::Char('?'));
    let nowhere = Desk::at(Place::Nowhere("nothing: go".to_owned()));
    let ascii = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    for mut desk in [plan, asked, help, nowhere, Desk::several()] {
        for cols in 0..=45 {
            for rows in 0..=14 {
                desk.text(cols, rows);
            }
        }
        for (cols, rows) in [(60, 16), (79, 23), (99, 20), (100, 10), (101, 13), (300, 100)] {
            assert!(desk.drawn(cols, rows, &ascii).is_ascii());
        }
    }
}

#[test]
fn two_quick_strokes_or_clicks_start_nothing() {
    let mut desk = Desk::with(Vec::new());
    desk.tell(News::Looked(Box::new(looked(None))));
    desk.text(120, 40);
    desk.tell(Msg::Key(Key::Enter));
    assert_eq!(desk.tell(Msg::Key(Key::Enter)), []);
    assert!(matches!(desk.home.over, Over::Question(_)));
    desk.press(Key::Esc);
    desk.text(120, 40);
    let row = desk.home.spots.iter().find(|spot| spot.hit == Hit::Choice(0)).cloned().unwrap();
    let click = Mouse { did: Did::Click, x: row.x, y: row.y };
    desk.tell(Msg::Mouse(click));
    assert_eq!(desk.tell(Msg::Mouse(click)), []);
    desk.text(120, 40);
    assert!(matches!(desk.press(Key::Enter).as_slice(), [Effect::Wish(Wish::Start { .. })]));
}
