//! The browser without a terminal: its tree, filters and totals, journeys, frames; and its figures against the report's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use isobench_tui::detect::kind::Kind as Letter;
use isobench_tui::domain::{FailureClass, ItemId, Level, Rung};
use isobench_tui::text::mask::Masker;
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::browse::{
    Branch, Browse, Disk, Effect, Facet, Facts, Judged, Kind, Left, Line, Msg, News, Outcome, Over, Place, Preview, Progress, Row,
    Selected, Sort, Start, Strip, Told, Totals, Whole, Wish, update,
};
use isobench_tui::ui::mouse::{Did, Hit};
use isobench_tui::ui::{Key, Mood, Mouse, Said};
use isobench_tui::view;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::support::{BINARY, folder, shared, skip};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A browser without a terminal.
struct Desk {
    browse: Browse,
    now: Timestamp,
    wished: Vec<Effect>,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn branch(repo: &str, agent: &str, model: &str, time: &str) -> Arc<Branch> {
    let path = PathBuf::from(format!("/bench/state/runs/{repo}/{agent}/{model}/{time}"));
    let day = time.get(..10).unwrap_or_default();
    Arc::new(Branch {
        kind: Kind::Run,
        names: [repo, agent, model, time].map(str::to_owned).to_vec(),
        whole: Some(Whole::Others(path)),
        at: format!("{day}T00:00:00Z").parse().ok(),
    })
}

fn facts(status: &str, class: Option<FailureClass>, steps: u32, tokens: u64, minutes: u64) -> Facts {
    let outcome = match (status, class) {
        ("success" | "done", _) => Outcome::Success,
        ("unfinished", _) => Outcome::Open,
        _ => Outcome::Failed,
    };
    Facts {
        status: status.to_owned(),
        outcome,
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        rung: if class.is_none() { Some(Rung::Source) } else { None },
        class,
        why: class.map(|_| "HTTP 401: the token has expired".into()),
        steps: Some(steps),
        tokens: Some(tokens),
        duration_ms: Some(minutes * 60_000),
        patch_bytes: class.is_none().then_some(2048),
        flags: Vec::new(),
        at: None,
    }
}

fn item(branch: &Arc<Branch>, name: &str, task: usize, facts: Option<Facts>, level: Judged) -> Row {
    let Some(Whole::Others(run)) = &branch.whole else { panic!("a run") };
    Row {
        place: Place::Item(run.join(name)),
        task: Some(task),
        branch: branch.clone(),
        name: name.to_owned(),
        facts: facts.map(Box::new),
        level,
    }
}

/// Seven items in three runs, a loose trajectory, a measured commit.
fn rows() -> Vec<Row> {
    let old = branch("vllm", "trae", "gpt-5", "2026-01-02_03-04-05");
    let new = branch("vllm", "trae", "gpt-5", "2026-02-03_04-05-06");
    let other = branch("sglang", "codex_cli", "default", "2026-01-20_20-19-18");
    let auth = Some(FailureClass::ApiAuth);
    let loose = Arc::new(Branch { kind: Kind::Loose, names: vec!["kept/odd".to_owned()], whole: None, at: None });
    let results = Arc::new(Branch {
        kind: Kind::Results,
        names: vec!["trae_gpt5_0123".to_owned()],
        whole: Some(Whole::Others("/bench/results/trae_gpt5_0123".into())),
        at: None,
    });
    let file = Place::Loose { path: "/bench/kept/odd/a.trajectory.json.gz".into(), instance: None };
    let arms = Place::Measured { folder: "/bench/results/trae_gpt5_0123".into(), item: ItemId("1234abcd".to_owned()) };
    vec![
        item(&old, "vllm_core-0000", 0, Some(facts("success", None, 31, 1_200_000, 25)), Judged::Is(Level::None)),
        item(&old, "vllm_core-0001", 1, Some(facts("error", auth, 2, 3100, 1)), Judged::Is(Level::Note)),
        item(
            &old,
            "vllm_core-0002",
            2,
            Some(facts("max_steps_exceeded", Some(FailureClass::AgentBudget), 120, 9_700_000, 75)),
            Judged::Is(Level::Stuck),
        ),
        item(&new, "vllm_core-0000", 3, Some(facts("success", None, 44, 2_400_000, 31)), Judged::Is(Level::Warn)),
        item(&new, "vllm_core-0001", 4, Some(facts("unfinished", None, 7, 90_000, 3)), Judged::NotYet),
        item(&new, "vllm_core-0002", 5, None, Judged::NotYet),
        item(&other, "sglang_core-0007", 6, Some(facts("error", auth, 0, 0, 2)), Judged::Never),
        Row {
            place: file,
            task: Some(7),
            branch: loose,
            name: "a.trajectory.json.gz".to_owned(),
            facts: Some(Box::new(facts("done", None, 9, 44_000, 4))),
            level: Judged::Is(Level::None),
        },
        Row {
            place: arms,
            task: None,
            branch: results,
            name: "1234abcd".to_owned(),
            facts: Some(Box::new(facts("success", None, 0, 0, 0))),
            level: Judged::Never,
        },
    ]
}

impl Desk {
    fn new() -> Self {
        let now = at("2026-11-21T12:00:00Z");
        let masker = Masker::new([("API_KEY", "sk-very-secret")], []);
        Self { browse: Browse::new(Start { folder: "/bench".into(), zone: TimeZone::UTC, masker, now }), now, wished: Vec::new() }
    }

    fn with(rows: Vec<Row>) -> Self {
        let mut desk = Self::new();
        desk.tell(News::Listed(rows));
        desk.tell(News::Progress(Progress::Done));
        desk.text(120, 40);
        desk
    }

    fn tell(&mut self, msg: impl Into<Msg>) -> Vec<Effect> {
        let effects = update(&mut self.browse, self.now, msg.into());
        self.wished.extend(effects.clone());
        effects
    }

    fn press(&mut self, key: Key) -> Vec<Effect> {
        self.tell(Msg::Key(key))
    }

    fn type_in(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|char| self.press(Key::Char(char))).collect()
    }

    /// Draws it, and tells it how much room there was.
    fn text(&mut self, cols: u16, rows: u16) -> String {
        let theme = Theme::embedded("dark", Depth::True, Glyphs::UNICODE).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, cols, rows));
        let (layout, spots) = view::browse::draw(&mut buffer, &self.browse, &theme, self.now);
        self.tell(Msg::Laid(layout, spots));
        let row = |y| {
            let cells = (0..cols).map(|x| buffer.cell((x, y)).unwrap().symbol().to_owned());
            cells.collect::<String>().trim_end().to_owned()
        };
        (0..rows).map(row).collect::<Vec<_>>().join("\n")
    }

    /// The lines of the list as they are called, indented.
    fn lines(&self) -> Vec<String> {
        let called = |line: &Line| match (line, self.browse.node_of(line), self.browse.row_of(line)) {
            (_, Some(node), _) => format!("{}{}", " ".repeat(node.depth), node.label),
            (Line::Row(_, depth), _, Some(row)) => format!("{}{}", " ".repeat(*depth), row.name),
            _ => String::new(),
        };
        self.browse.tree.lines.iter().map(called).collect()
    }

    fn selected(&self) -> String {
        match &self.browse.selected {
            Some(Selected::Node(id)) => id.clone(),
            Some(Selected::Row(place)) => self.browse.row(place).unwrap().name.clone(),
            None => "nothing".to_owned(),
        }
    }
}

#[test]
fn the_tree_has_repositories_agents_models_runs_and_items() {
    let desk = Desk::with(rows());
    assert_eq!(
        desk.lines(),
        [
            "vllm  trae  gpt-5",
            " 2026-02-03_04-05-06",
            "  vllm_core-0000",
            "  vllm_core-0001",
            "  vllm_core-0002",
            " 2026-01-02_03-04-05",
            "  vllm_core-0000",
            "  vllm_core-0001",
            "  vllm_core-0002",
            "sglang  codex_cli  default",
            " 2026-01-20_20-19-18",
            "  sglang_core-0007",
            "loose trajectories",
            " kept/odd",
            "  a.trajectory.json.gz",
            "results",
            " trae_gpt5_0123",
            "  1234abcd",
        ]
    );
    let totals = desk.browse.tree.totals;
    assert_eq!((totals.items, totals.read, totals.success, totals.failed, totals.open), (8, 7, 3, 3, 1));
    assert_eq!((totals.stuck, totals.measured, totals.tokens, totals.duration_ms), (1, 1, 13_437_100, 141 * 60_000));
}

#[test]
fn a_filter_counts_what_it_shows_and_one_key_shows_all_again() {
    let mut desk = Desk::with(rows());
    desk.type_in("F");
    let Over::Filters(choice) = &desk.browse.over else { panic!("no filters") };
    assert_eq!(choice.facet, Facet::Status);
    let counts: BTreeMap<_, _> = choice.values.iter().map(|(value, n)| (value.as_str(), *n)).collect();
    assert_eq!(counts, BTreeMap::from([("ok", 4), ("failed", 2), ("max_steps_exceeded", 1), ("not read yet", 1), ("unfinished", 1)]));
    // the class: of two errors of the API both
    desk.press(Key::Tab);
    desk.press(Key::Tab);
    let Over::Filters(choice) = &desk.browse.over else { panic!("no filters") };
    let nth = choice.values.iter().position(|(value, _)| value == "api_auth").unwrap();
    assert_eq!(choice.values[nth].1, 2);
    (0..nth).for_each(|_| drop(desk.press(Key::Down)));
    desk.press(Key::Char(' '));
    desk.press(Key::Esc);
    assert_eq!(
        desk.lines(),
        [
            "sglang  codex_cli  default",
            " 2026-01-20_20-19-18",
            "  sglang_core-0007",
            "vllm  trae  gpt-5",
            " 2026-01-02_03-04-05",
            "  vllm_core-0001"
        ]
    );
    let text = desk.text(120, 40);
    assert!(text.contains("2 of 8 items  2 failed"), "{text}");
    assert!(text.contains(" class api_auth "), "{text}");
    assert!(text.contains("1 of 6") && text.contains("x show all"), "{text}");
    // of another facet what the first one lets pass is counted
    desk.type_in("F");
    let Over::Filters(choice) = &desk.browse.over else { panic!("no filters") };
    assert_eq!(choice.values, [("failed".to_owned(), 2)]);
    desk.press(Key::Esc);
    desk.type_in("x");
    assert_eq!((desk.lines().len(), desk.browse.filter.is_empty()), (18, true));
}

#[test]
fn a_text_narrows_the_list_while_it_is_typed() {
    let mut desk = Desk::with(rows());
    desk.type_in("/0007");
    assert_eq!(desk.lines().last().unwrap(), "  sglang_core-0007");
    assert_eq!(desk.browse.tree.totals.items, 1);
    desk.press(Key::Esc);
    assert_eq!(desk.browse.tree.totals.items, 8, "Esc takes it back");
    desk.type_in("/api_auth");
    desk.press(Key::Enter);
    assert_eq!(desk.browse.tree.totals.items, 2, "classes are searched, too");
    desk.type_in("/");
    desk.press(Key::Tab);
    desk.type_in("core-000[01]$|nothing(");
    assert_eq!(desk.browse.over, desk.browse.over.clone());
    assert!(desk.browse.tree.totals.items > 0, "an expression that is not whole changes nothing");
}

#[test]
fn what_is_folded_stays_folded_and_a_filter_hides_nothing_in_a_fold() {
    let mut desk = Desk::with(rows());
    desk.type_in("j");
    assert_eq!(desk.selected(), "/vllm/trae/gpt-5/2026-02-03_04-05-06");
    desk.type_in("h");
    assert_eq!(desk.lines()[..3], ["vllm  trae  gpt-5", " 2026-02-03_04-05-06", " 2026-01-02_03-04-05"]);
    desk.type_in("/vllm_core-0002");
    assert_eq!(desk.lines().iter().filter(|line| line.contains("vllm_core-0002")).count(), 2, "{:?}", desk.lines());
    desk.press(Key::Esc);
    assert_eq!(desk.lines()[2], " 2026-01-02_03-04-05", "the fold is as it was");
    desk.type_in("z");
    assert_eq!(desk.lines().len(), 18, "z unfolds all");
    desk.type_in("z");
    assert!(desk.lines().iter().all(|line| !line.contains("vllm_core")), "{:?}", desk.lines());
    desk.type_in("l");
    desk.type_in("l");
    assert_eq!(desk.selected(), "vllm_core-0000");
    desk.type_in("hh");
    assert_eq!(desk.selected(), "/vllm/trae/gpt-5/2026-02-03_04-05-06", "an item leads to its run, which folds");
}

#[test]
fn one_key_sorts_and_what_is_selected_stays_so() {
    let mut desk = Desk::with(rows());
    desk.type_in("jjjjjjjj");
    assert_eq!(desk.selected(), "vllm_core-0002");
    let first = |desk: &Desk, run: usize| desk.lines().into_iter().filter(|line| line.starts_with("  vllm")).nth(run * 3).unwrap();
    desk.type_in("s");
    assert_eq!((desk.browse.sort, desk.selected().as_str()), (Sort::Tokens, "vllm_core-0002"));
    assert_eq!(first(&desk, 0), "  vllm_core-0002", "9.7M tokens");
    desk.type_in("s");
    assert_eq!((desk.browse.sort, first(&desk, 0).as_str()), (Sort::Level, "  vllm_core-0002"));
    desk.type_in("s");
    assert_eq!((desk.browse.sort, desk.lines()[0].as_str()), (Sort::Name, "sglang  codex_cli  default"));
    desk.type_in("s");
    assert_eq!(desk.browse.sort, Sort::Time);
}

#[test]
fn items_fill_in_as_they_are_read_and_those_in_sight_come_first() {
    let blank: Vec<Row> = rows().into_iter().map(|row| Row { facts: None, level: Judged::NotYet, ..row }).collect();
    let mut desk = Desk::new();
    desk.tell(News::Listed(blank));
    desk.text(120, 40);
    let effects = desk.tell(News::Progress(Progress::Reading(0, 8)));
    let [Effect::Wish(Wish::First(tasks))] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(tasks, &[3, 4, 5, 0, 1, 2, 6, 7]);
    assert_eq!(desk.tell(News::Progress(Progress::Reading(1, 8))), [], "asked once");
    let text = desk.text(120, 40);
    assert!(text.contains("indexing 1 of 8 ━━"), "{text}");
    desk.tell(News::Told(Told { rows: vec![rows()[1].clone()], ..Told::default() }));
    let text = desk.text(120, 40);
    assert!(text.contains("1 failed  7 not read"), "{text}");
    desk.tell(News::Told(Told {
        levels: vec![(rows()[1].place.clone(), Judged::Is(Level::Stuck))],
        gone: vec![rows()[7].place.clone()],
        ..Told::default()
    }));
    assert_eq!((desk.browse.tree.totals.stuck, desk.browse.tree.totals.items), (1, 7));
    // a second look keeps what is known until it is read again
    desk.tell(News::Changed);
    assert_eq!(desk.browse.disk, Disk::Changed);
    assert!(desk.text(120, 40).contains("the folder has changed: r looks again"));
    assert_eq!(desk.type_in("r"), [Effect::Wish(Wish::Again)]);
    desk.tell(News::Listed(rows().into_iter().map(|row| Row { facts: None, level: Judged::NotYet, ..row }).collect()));
    assert_eq!((desk.browse.tree.totals.stuck, desk.browse.tree.totals.failed, desk.browse.disk), (1, 1, Disk::AsListed));
}

#[test]
fn enter_opens_an_item_a_run_or_a_fold_and_c_two_items() {
    let mut desk = Desk::with(rows());
    assert_eq!(desk.press(Key::Enter), [], "a node above runs folds");
    assert_eq!(desk.lines()[1], "sglang  codex_cli  default");
    desk.press(Key::Enter);
    desk.type_in("j");
    let run = PathBuf::from("/bench/state/runs/vllm/trae/gpt-5/2026-02-03_04-05-06");
    assert_eq!(desk.press(Key::Enter), [Effect::Leave(Left::Run(Whole::Others(run.clone())))]);
    desk.type_in("j");
    let first = Place::Item(run.join("vllm_core-0000"));
    assert_eq!(desk.press(Key::Enter), [Effect::Leave(Left::Item(first.clone()))]);
    assert_eq!(desk.browse.nth(&first), Some((1, 9)));
    assert_eq!(desk.browse.beside(1).unwrap().name, "vllm_core-0001");
    assert_eq!(desk.browse.beside(-1), None);
    assert_eq!(desk.type_in("C"), []);
    assert!(desk.text(120, 40).contains("C compare with this"));
    desk.type_in("jj");
    let effects = desk.type_in("C");
    assert_eq!(effects, [Effect::Leave(Left::Compare(first.clone(), Place::Item(run.join("vllm_core-0002"))))]);
    // one that is folded away is found again
    desk.type_in("gz");
    desk.browse.select(&first);
    assert_eq!(desk.selected(), "vllm_core-0000");
    assert!(desk.browse.selected_at().is_some());
}

#[test]
fn the_mouse_selects_opens_and_folds() {
    let mut desk = Desk::with(rows());
    desk.text(120, 40);
    let spot = desk.browse.spots.iter().find(|spot| spot.hit == Hit::Fold(1)).unwrap().clone();
    desk.tell(Msg::Mouse(Mouse { did: Did::Click, x: spot.x, y: spot.y }));
    assert_eq!(desk.lines()[2], " 2026-01-02_03-04-05", "a click on the mark folds");
    desk.text(120, 40);
    let spot = desk.browse.spots.iter().find(|spot| spot.hit == Hit::Choice(3)).unwrap().clone();
    let click = Mouse { did: Did::Click, x: spot.x + 40, y: spot.y };
    assert_eq!(desk.tell(Msg::Mouse(click)), []);
    assert_eq!(desk.selected(), "vllm_core-0000");
    desk.text(120, 40);
    assert!(matches!(desk.tell(Msg::Mouse(click)).as_slice(), [Effect::Leave(Left::Item(_))]));
    desk.tell(Msg::Mouse(Mouse { did: Did::WheelDown, x: 1, y: 9 }));
    assert_eq!(desk.browse.selected_at(), Some(6));
}

#[test]
fn an_empty_folder_says_what_was_looked_for() {
    let mut desk = Desk::with(Vec::new());
    let text = desk.text(80, 24);
    assert!(text.contains("no runs and no trajectories here") && text.contains("journal.json"), "{text}");
    assert_eq!(desk.press(Key::Enter), []);
    assert_eq!(desk.type_in("zshljkGgCF"), []);
}

fn preview() -> Preview {
    let letters = [Letter::Search, Letter::View, Letter::Edit, Letter::Run, Letter::RunFailed].into_iter().cycle().take(86);
    Preview {
        place: rows()[2].place.clone(),
        strip: Some(Strip {
            steps: letters.enumerate().map(|(at, kind)| (kind, if at > 60 { Level::Stuck } else { Level::None })).collect(),
        }),
        found: vec![Said::new(Mood::Bad, "same call since step 61: pytest failed 26 times with the same error")],
        end: Said::new(Mood::Bad, "its step budget ran out"),
    }
}

#[test]
fn frames_at_three_sizes() {
    for (cols, rows_) in SIZES {
        let mut desk = Desk::with(rows());
        desk.text(cols, rows_);
        desk.type_in("jjjjjjjj");
        desk.tell(News::Preview(Box::new(preview())));
        insta::assert_snapshot!(format!("browse_{cols}x{rows_}"), desk.text(cols, rows_));
        desk.type_in("F");
        insta::assert_snapshot!(format!("browse_filters_{cols}x{rows_}"), desk.text(cols, rows_));
    }
    let mut desk = Desk::with(rows());
    desk.type_in("/error");
    insta::assert_snapshot!("browse_text_120x40", desk.text(120, 40));
    desk.press(Key::Esc);
    desk.type_in("?");
    insta::assert_snapshot!("browse_help_120x40", desk.text(120, 40));
}

#[test]
fn any_size_is_drawn_and_secrets_are_not() {
    let mut all = rows();
    all[0].name = "sk-very-secret \u{1b}[31m 日本語".to_owned();
    for cols in [0, 1, 20, 39, 40, 55, 63, 79, 100, 111, 149, 150, 260] {
        for rows in [0, 1, 7, 8, 9, 24] {
            let mut desk = Desk::with(all.clone());
            let text = desk.text(cols, rows);
            assert!(!text.contains("sk-very"), "{text}");
        }
    }
}

/// What a made-up row is: its run, its status, whether it was read, its level.
type Made = (u8, u8, bool, u8, u64);

fn made(rows: &[Made]) -> Vec<Row> {
    let branches: Vec<_> = (0..4)
        .map(|n| branch(if n < 2 { "vllm" } else { "sglang" }, &format!("agent{}", n % 3), "m", &format!("2026-01-0{}_00-00-00", n + 1)))
        .collect();
    let row = |(at, (run, status, is_read, level, tokens)): (usize, &Made)| {
        let status = ["success", "error", "unfinished", "done"][usize::from(*status % 4)];
        let class = (status == "error").then_some(FailureClass::ApiAuth);
        let level = [Judged::NotYet, Judged::Is(Level::None), Judged::Is(Level::Stuck), Judged::Never][usize::from(*level % 4)];
        let facts = is_read.then(|| facts(status, class, 3, *tokens % 1_000_000, 1));
        item(&branches[usize::from(*run % 4)], &format!("item-{at:04}"), at, facts, level)
    };
    rows.iter().enumerate().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn filters_lose_nothing_and_totals_add_up(
        all in prop::collection::vec(any::<Made>(), 0..60),
        keys in "[jklhzsgGFx \t]{0,30}",
    ) {
        let rows = made(&all);
        let mut desk = Desk::with(rows.clone());
        for key in keys.chars() {
            desk.press(if key == '\t' { Key::Tab } else { Key::Char(key) });
        }
        let tree = &desk.browse.tree;
        // every item is either shown or filtered out, and none twice
        let shown: Vec<&Row> = tree.order.iter().map(|at| &desk.browse.rows()[*at]).collect();
        let mut names: Vec<&str> = shown.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), shown.len());
        let passing = rows.iter().filter(|row| desk.browse.filter.passes(row)).count();
        prop_assert_eq!(shown.len(), passing);
        prop_assert_eq!(tree.totals.items, passing);
        prop_assert_eq!(tree.all.items, rows.len());
        prop_assert_eq!(tree.totals.success + tree.totals.failed + tree.totals.open, tree.totals.read);
        // what lies below nodes adds up to what is shown
        let leaves = || tree.nodes.iter().filter(|node| node.is_leaf).map(|node| node.totals);
        let tops = || tree.nodes.iter().filter(|node| node.depth == 0).map(|node| node.totals);
        let figures: [fn(Totals) -> u64; 4] = [|of| of.items as u64, |of| of.tokens, |of| of.failed as u64, |of| of.stuck as u64];
        for of in figures {
            prop_assert_eq!(leaves().map(of).sum::<u64>(), of(tree.totals));
            prop_assert_eq!(tops().map(of).sum::<u64>(), of(tree.totals));
        }
        // the values of a facet count each item once
        for facet in Facet::ALL {
            let all: usize = isobench_tui::ui::browse::Filter::default().values(facet, &rows).iter().map(|(_, n)| n).sum();
            prop_assert_eq!(all, rows.len());
        }
        // something is selected as long as there is something
        prop_assert_eq!(desk.browse.selected_at().is_some(), !tree.lines.is_empty());
    }
}

/// The list as JSON, a line an item.
fn listed(path: &Path) -> Vec<Value> {
    let (_gone, home) = folder();
    let output = Command::new(BINARY).arg("inspect").arg(path).args(["--format", "json"]).env("XDG_STATE_HOME", &home).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The items of `report`, in its own order.
fn reported(path: &Path) -> Vec<Value> {
    let (_gone, home) = folder();
    let output = Command::new(BINARY).arg("report").arg(path).args(["--format", "json"]).env("XDG_STATE_HOME", &home).output().unwrap();
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    whole["items"].as_array().unwrap().clone()
}

/// Browser and report say the same of every item.
fn agree(path: &Path) -> usize {
    let key = |folder: &Value| folder.as_str().unwrap().to_owned();
    let of_browser: BTreeMap<String, Value> =
        listed(path).into_iter().filter(|row| row["kind"] == "harness").map(|row| (key(&row["path"]), row)).collect();
    let of_report = reported(path);
    assert_eq!(of_browser.len(), of_report.len());
    for row in &of_report {
        let folder = path.join(row["folder"].as_str().unwrap());
        let other = &of_browser[folder.to_str().unwrap()];
        for name in ["status", "rung", "steps", "repo", "agent", "model", "patch_bytes"] {
            assert_eq!(other[name], row[name], "{name} of {}", folder.display());
        }
        assert_eq!(other["class"], row["failure"]["class"], "{}", folder.display());
        let tokens = row["input_tokens"].as_u64().map(|input| input + row["output_tokens"].as_u64().unwrap_or_default());
        assert_eq!(other["tokens"].as_u64(), tokens, "{}", folder.display());
        assert_eq!(other["flags"], row["flags"], "{}", folder.display());
    }
    of_report.len()
}

#[test]
fn the_browser_and_the_report_agree_on_every_figure() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees").canonicalize().unwrap();
    assert!(agree(&fixtures) > 0);
    match shared() {
        Some(shared) => assert_eq!(agree(&shared.join("corpus").canonicalize().unwrap()), 281),
        None => skip("no ../shared/corpus"),
    }
}

#[test]
fn levels_are_those_of_detect() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trae").canonicalize().unwrap();
    let output = Command::new(BINARY).arg("detect").arg(&fixtures).output().unwrap();
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let told: BTreeMap<String, Value> = lines
        .map(|line| serde_json::from_slice::<Value>(line).unwrap())
        .map(|verdict| (verdict["path"].as_str().unwrap().to_owned(), verdict["level"].clone()))
        .collect();
    let rows = listed(&fixtures);
    assert_eq!(rows.len(), told.len());
    for row in rows {
        assert_eq!(row["level"], told[row["path"].as_str().unwrap()], "{row}");
    }
}

#[test]
fn odd_folders_are_told_and_survived() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_gone, home) = folder();
    let root = home.join("tree");
    let deep = (0..30).fold(root.clone(), |path, n| path.join(format!("d{n}")));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("trajectory.json"), "{}").unwrap();
    fs::write(root.join("notes.txt"), "no trajectory").unwrap();
    fs::write(root.join("broken.jsonl"), "{\"type\":").unwrap();
    symlink(&root, root.join("circle")).unwrap();
    fs::create_dir(root.join("shut")).unwrap();
    fs::set_permissions(root.join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = |path: &Path| Command::new(BINARY).arg("inspect").arg(path).env("XDG_STATE_HOME", &home).output().unwrap();
    let output = run(&root);
    let says = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{says}");
    assert!(says.contains("no runs and no trajectories here"), "{says}");
    let item = root.join("odd \u{1b}[31m name\n");
    fs::create_dir(&item).unwrap();
    fs::write(item.join("journal.json"), r#"{"status":"error","error":"HTTP 401 invalid x-api-key"}"#).unwrap();
    let output = run(&root);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("2 items: 0 ok, 1 failed, 1 unfinished") && !text.contains('\u{1b}'), "{text}");
    fs::set_permissions(root.join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn what_can_not_be_taken_says_so() {
    let mut desk = Desk::with(rows());
    desk.type_in("G");
    for key in ["v", "V", "S"] {
        assert_eq!(desk.type_in(key), []);
        let text = desk.text(120, 40);
        assert!(text.contains("measured arms have no trajectory: Enter opens their numbers"), "{text}");
    }
    // what is asked for next has the line to itself
    desk.type_in("/");
    desk.press(Key::Enter);
    assert!(!desk.text(120, 40).contains("measured arms have no trajectory"));
    let mut empty = Desk::with(Vec::new());
    assert_eq!(empty.type_in("Y"), []);
    assert!(empty.text(120, 40).contains("the list is empty"));
}

#[test]
fn what_the_harness_calls_a_success_and_left_nothing_is_failed_in_the_list_as_it_is_when_opened() {
    let (_gone, home) = folder();
    let root = home.join("state/runs/vllm/trae/gpt-5/2026-01-23_21-19-19");
    let item = |name: &str, patch: &str| {
        let path = root.join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("journal.json"), r#"{"status":"success","trae":{"returncode":0,"duration_s":60.0}}"#).unwrap();
        fs::write(path.join("model_patch.diff"), patch).unwrap();
        path
    };
    let empty = item("core-0001", "");
    item("core-0002", "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n");
    let rows = listed(&root);
    let told: Vec<_> = rows.iter().map(|row| (row["status"].as_str(), row["judged"].as_str(), row["judged_class"].as_str())).collect();
    assert!(told.contains(&(Some("success"), Some("failed"), Some("empty_patch"))), "{told:?}");
    assert!(told.contains(&(Some("success"), Some("ok"), None)), "{told:?}");
    let run = |path: &Path| {
        let output = Command::new(BINARY).arg("inspect").arg(path).env("XDG_STATE_HOME", &home).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = run(&root);
    assert!(text.contains("2 items: 1 ok, 1 failed"), "{text}");
    let row = text.lines().find(|line| line.contains("core-0001")).unwrap();
    assert!(row.contains("failed") && !row.contains("success"), "{row}");
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(&empty).env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home);
    let mut pty = crate::pty::Pty::spawn(&command, 120, 40);
    pty.wait_for("empty_patch");
    pty.press("1");
    pty.wait_for("failed");
    pty.press("q");
    pty.wait_end();
}

#[test]
fn a_call_without_an_answer_is_a_step_in_the_list_as_it_is_when_opened() {
    let (_gone, root) = folder();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::copy(fixtures.join("codex/running.jsonl"), root.join("running.jsonl")).unwrap();
    let item = root.join("state/runs/vllm/codex_cli/default/2026-01-23_21-19-19/core-0001");
    fs::create_dir_all(&item).unwrap();
    fs::copy(fixtures.join("codex/running.jsonl"), item.join("codex_rollout.jsonl")).unwrap();
    fs::write(item.join("journal.json"), r#"{"status":"error"}"#).unwrap();
    let opened = isobench_tui::agent::open::open(&root.join("running.jsonl")).unwrap().remove(0);
    let waits = |step: &isobench_tui::domain::Step| step.calls.iter().any(|call| call.result.is_none());
    assert!(opened.steps.last().is_some_and(waits), "the fixture ends with a call that has no answer");
    let steps: Vec<_> = listed(&root).iter().map(|row| row["steps"].as_u64()).collect();
    assert_eq!(steps, vec![Some(opened.steps.len() as u64); 2]);
}

#[test]
fn an_item_without_a_journal_is_unfinished_and_not_failed_whatever_its_agent_said_last() {
    let (_gone, home) = folder();
    let root = home.join("state/runs/sglan/trae/m/2025-12-24_07-50-32");
    for name in ["core-0001", "core-0002"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    fs::write(root.join("core-0001/journal.json"), r#"{"status":"error","error":"it broke"}"#).unwrap();
    let trajectory = serde_json::json!({
        "task": "t", "start_time": "2025-12-24T09:16:58.011206", "end_time": "", "provider": "p", "model": "m", "max_steps": 120,
        "llm_interactions": [], "success": false, "final_result": null, "execution_time": 0.0,
        "agent_steps": [{
            "step_number": 1, "timestamp": "2025-12-24T09:18:47.409927", "state": "completed", "llm_messages": [], "llm_response": null,
            "tool_calls": null, "tool_results": null, "reflection": null, "error": "[Errno 32] Broken pipe",
        }],
    });
    fs::write(root.join("core-0002/trajectory.json"), trajectory.to_string()).unwrap();
    let prompt = r#"{"task":"t","description":"","constraints":[],"target_files":["a.py"],"success":{},"commits":{"pre":"b","human":"a"}}"#;
    fs::write(root.join("core-0002/prompt.json"), prompt).unwrap();
    let rows = listed(&root);
    let told: Vec<_> = rows.iter().map(|row| (row["status"].as_str(), row["judged_class"].is_null())).collect();
    assert!(told.contains(&(Some("unfinished"), true)) && told.contains(&(Some("error"), false)), "{told:?}");
    let items = reported(&root);
    let failures: Vec<_> = items.iter().map(|item| (item["status"].as_str(), item["failure"].is_null())).collect();
    assert!(failures.contains(&(Some("unfinished"), true)) && failures.contains(&(Some("error"), false)), "{failures:?}");
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(&root).env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home);
    let mut pty = crate::pty::Pty::spawn(&command, 200, 60);
    pty.wait_for("1 failed  1 unfinished");
    pty.press("q");
    pty.wait_end();
    let mut command = Command::new(BINARY);
    command.arg("inspect").arg(root.join("core-0002")).env("HOME", &home).env("XDG_STATE_HOME", &home).env("XDG_CONFIG_HOME", &home);
    let mut pty = crate::pty::Pty::spawn(&command, 200, 60);
    pty.wait_for("[Errno 32] Broken pipe");
    pty.press("1");
    pty.wait_for("unfinished: its folder has no journal");
    assert!(!pty.text().contains("failed"), "{}", pty.text());
    pty.press("q");
    pty.wait_end();
}
