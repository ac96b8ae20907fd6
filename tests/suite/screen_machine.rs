//! The machine's screen: frames of what is pulled and removed, of disks and images, and of an engine that can't be asked.

#![expect(clippy::unwrap_used, clippy::panic, clippy::cast_possible_wrap, reason = "a test may fail loudly")]

use isobench_tui::domain::{
    Bar, Fate, ImagePull, LayerPull, LayerState, Need, PruneEnd, PrunePlan, PruneProgress, PruneScope, PullPhase, PullProgress, Stage,
    StageDetail, Thing,
};
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::machine::prune::Order;
use isobench_tui::ui::machine::{Disk, Engine, Errand, Forecast, Here, Image, LaterPulls, News, NextPull, Owner, Prune, Pruner, Pull, Use};
use isobench_tui::ui::message::Sight;
use isobench_tui::ui::{Effect, Key, Msg, Screen};
use jiff::SignedDuration;

use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, id};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

const MB: u64 = 1_000_000;
const GB: u64 = 1000 * MB;

fn keep(name: &str, bench: &mut Bench) {
    for (cols, rows) in SIZES {
        insta::assert_snapshot!(format!("machine_{name}_{cols}x{rows}"), bench.text(cols, rows));
    }
}

/// A run whose second item runs this stage.
fn story(stage: Stage) -> Story {
    let mut story = Story::of(12);
    story.done(1, 3.0).attempt(2, 1, Stage::Worktree);
    story.stage(2, 1, Stage::Worktree, 2, StageDetail::Nothing).start(2, 1, stage).wait(190);
    story
}

/// Its screen, with disks and images.
fn bench(stage: Stage) -> Bench {
    let mut bench = Bench::on(&story(stage));
    see(&mut bench, 395 * GB);
    bench.type_in("4");
    bench
}

fn see(bench: &mut Bench, free: u64) {
    let disk = |uses: &[Use], path: &str, free, total| Disk { uses: uses.to_vec(), path: path.to_owned(), free, total };
    let disks = vec![
        disk(&[Use::Docker], "/mnt/nvme0/docker", free, 1900 * GB),
        disk(&[Use::State, Use::Work], "/home/ann/ISO-Bench/ISO-Bench/state", 61 * GB, 250 * GB),
    ];
    bench.tell(Msg::Machine(News::Disks(disks)));
    bench.tell(Msg::Machine(News::Engine(Box::new(Engine::Here(here(bench, 6))))));
    let need = Need { stays: 16_700 * MB, peak: 17_900 * MB, container: 3 * GB, is_estimate: false };
    let next = NextPull { item: id(3), missing: 2, need: Some(need) };
    let later = LaterPulls { images: 16, unknown: 3, stays: 214 * GB, is_estimate: true };
    let forecast = Forecast { next: Some(next), later: Some(later) };
    bench.tell(Msg::Machine(News::Forecast(Box::new(forecast))));
}

/// An engine with so many images.
fn here(bench: &Bench, images: usize) -> Here {
    let image = |at: usize| Image {
        id: format!("{:012x}", 0x5eed_0000_0000_u64 + at as u64),
        names: match at % 6 {
            4 => vec!["ubuntu:22.04".to_owned(), "ubuntu:jammy".to_owned()],
            5 => Vec::new(),
            _ => vec![format!("org/vllm-bench:{:040x}", 0x1234_5678_9abc_def0_u128 + at as u128)],
        },
        bytes: (at % 6 != 5).then(|| 600 * GB / (1 + at as u64)),
        created: Some(bench.now - SignedDuration::from_hours(5 + 40 * at as i64)),
        owner: match at % 6 {
            4 => Owner::Others,
            5 => Owner::Uncertain,
            _ => Owner::Ours { run: "2026-11-20_18-00-01-77aa".to_owned(), item: format!("vllm_core-{at:04}") },
        },
        needed_by: if at % 6 == 1 { vec![id(3), id(4)] } else { Vec::new() },
        containers: usize::from(at == 0),
    };
    Here {
        driver: "vfs".to_owned(),
        root: "/mnt/nvme0/docker".to_owned(),
        is_remote: false,
        running: 1,
        prune_frees: Some(9_800 * MB),
        images: (0..images).map(image).collect(),
    }
}

fn layer(at: u64, mb: u64, state: LayerState) -> LayerPull {
    LayerPull { id: format!("{:012x}", 0xa1b2_c3d4_0000 + at), compressed: Some(mb * MB), extracted: Some(mb * MB * 5 / 2), state }
}

fn layers() -> Vec<LayerPull> {
    use LayerState::{CopyingParent, Done, Downloaded, Downloading, Present, Waiting};
    vec![
        layer(0, 29, Present),
        layer(1, 4, Done),
        layer(2, 1_100, Done),
        layer(3, 812, CopyingParent { copied: 3_100 * MB, total: Some(3_200 * MB) }),
        layer(4, 96, Downloaded),
        layer(5, 3_400, Downloading { current: 1_210 * MB }),
        layer(6, 2_900, Downloading { current: 980 * MB }),
        layer(7, 1_700, Downloading { current: 12 * MB }),
        layer(8, 840, Waiting),
        layer(9, 122, Waiting),
        layer(10, 3, Waiting),
    ]
}

fn pulled(bench: &Bench) -> Pull {
    let image = |reference: &str, phase, layers| ImagePull {
        reference: reference.to_owned(),
        digest: None,
        phase,
        layers,
        bar: None,
        download: None,
        need: None,
        unforecast: None,
        rate: None,
        eta_ms: None,
        quiet_ms: 0,
        stalled: false,
        attempt: 1,
        attempts: 3,
    };
    let mut first = image("org/vllm-bench:8a1f0c2f5e1b4bb0c7d2b0f6b1f3f5f3a7d9c901", PullPhase::Pulling, layers());
    first.bar = Some(Bar { done: 4_300, total: 10_000 });
    first.download = Some(Bar { done: 5_100 * MB, total: 12_300 * MB });
    (first.rate, first.eta_ms) = (Some(84 * MB), Some(130_000));
    let second = image("org/vllm-baseline:baseline-4f0a11c2d3e4", PullPhase::Waiting, Vec::new());
    let progress = PullProgress {
        started: bench.now - SignedDuration::from_secs(190),
        at: bench.now,
        left_ms: Some(1_300_000),
        free: Some(395 * GB),
        images: vec![first, second],
    };
    Pull { attempt: runs_attempt(), progress, stall_ms: Some(150_000) }
}

fn runs_attempt() -> isobench_tui::domain::AttemptId {
    isobench_tui::domain::AttemptId { item: id(2), n: 1 }
}

/// A screen with a pull that was changed a little.
fn pulling(change: impl FnOnce(&mut ImagePull, &Bench)) -> Bench {
    let mut bench = bench(Stage::Pull);
    let mut pull = pulled(&bench);
    change(pull.progress.images.first_mut().unwrap(), &bench);
    bench.tell(Msg::Machine(News::Pull(Some(Box::new(pull)))));
    bench
}

fn downloading(image: &mut ImagePull) {
    for layer in &mut image.layers {
        if matches!(layer.state, LayerState::CopyingParent { .. }) {
            layer.state = LayerState::Downloaded;
        }
    }
}

fn fate(at: u64, goes: bool) -> Fate {
    let (name, why) = match (goes, at % 3) {
        (true, _) => (format!("org/vllm-bench:{:040x}", 0xfeed_0000_u64 + at), "pulled by us, no item waits for it"),
        (false, 0) => (format!("org/vllm-bench:{:040x}", 0xbeef_0000_u64 + at), "vllm_core-0003 needs it next"),
        (false, 1) => ("ubuntu:22.04".to_owned(), "no run of ours pulled it"),
        (false, _) => ("postgres:16".to_owned(), "container db uses it"),
    };
    Fate { thing: Thing::Image, id: format!("sha256:{at:064x}"), name, bytes: Some((at + 1) * 1_700 * MB), goes, why: why.to_owned() }
}

fn plan(scope: PruneScope) -> PrunePlan {
    let container =
        Fate { thing: Thing::Container, name: "vllm-arm-2".to_owned(), why: "stopped, of a run of ours".to_owned(), ..fate(2, true) };
    let fates = std::iter::once(container).chain((0..10).map(|at| fate(at, true))).chain((0..5).map(|at| fate(at, false)));
    PrunePlan { scope, volumes: false, fates: fates.collect() }
}

fn pruning(by: Pruner, change: impl FnOnce(&mut PruneProgress)) -> Bench {
    let stage = if matches!(by, Pruner::Stage(_)) { Stage::Clean } else { Stage::Human };
    let mut bench = bench(stage);
    let plan = plan(PruneScope::Run);
    let now = plan.going().nth(4).map(|fate| fate.name.clone());
    let promised = plan.going().take(4).filter_map(|fate| fate.bytes).sum();
    let mut progress = PruneProgress {
        started: bench.now - SignedDuration::from_secs(64),
        at: bench.now,
        plan,
        done: 4,
        now,
        promised,
        freed: Some(15_100 * MB),
        rate: Some(212 * MB),
        eta_ms: Some(341_000),
        waits: None,
        refused: vec![("org/old:1".to_owned(), "container db began to use it".to_owned())],
        cut_off: None,
        end: None,
    };
    change(&mut progress);
    let is_live = progress.end.is_none();
    bench.tell(Msg::Machine(News::Prune(Some(Box::new(Prune { by, progress, is_live })))));
    bench
}

#[test]
fn a_pull_that_downloads() {
    let mut bench = pulling(|image, _| downloading(image));
    keep("pull", &mut bench);
    insta::assert_snapshot!("machine_pull_80x24_roles", bench.roles(80, 24));
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let text = bench.text(80, 24);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!("machine_pull_80x24_ascii", text);
}

#[test]
fn a_pull_that_copies_parents() {
    let mut bench = pulling(|_, _| ());
    keep("copying", &mut bench);
    // the same in short beside the item
    bench.type_in("1");
    keep("copying_queue", &mut bench);
    bench.press(Key::Down);
    insta::assert_snapshot!("machine_copying_beside_120x40", bench.text(120, 40));
}

#[test]
fn a_pull_that_stalls_and_one_that_is_tried_again() {
    let mut bench = pulling(|image, _| {
        downloading(image);
        (image.quiet_ms, image.rate, image.eta_ms) = (125_000, None, None);
    });
    keep("stalled", &mut bench);
    assert!(bench.text(80, 24).contains("nothing moved for 2:05, tries again at 2:30"));
    let mut bench = pulling(|image, bench| {
        let at = bench.now + SignedDuration::from_secs(24);
        image.phase = PullPhase::Retrying { at, why: "the registry broke off (connection reset by peer)".to_owned() };
        image.rate = None;
    });
    keep("retrying", &mut bench);
    assert!(bench.text(80, 24).contains("connection reset by peer); try 2 of 3 in 0:24"), "{}", bench.text(80, 24));
}

#[test]
fn what_nobody_writes_any_more_is_old() {
    let mut bench = pulling(|_, _| ());
    bench.now += SignedDuration::from_secs(40);
    let text = bench.text(120, 40);
    assert!(text.contains("nothing was heard of it for 0:40") && text.contains("as they were 40 s ago"), "{text}");
    insta::assert_snapshot!("machine_old_80x24_roles", bench.roles(80, 24));
}

#[test]
fn a_prune_half_way() {
    let mut bench = pruning(Pruner::Screen("/x/prunes/1".to_owned()), |_| ());
    keep("prune", &mut bench);
    assert!(bench.text(80, 24).contains("Esc stops it between two"));
    // Esc asks, and then the keeper is asked
    bench.press(Key::Esc);
    assert!(bench.text(80, 24).contains("Stop the prune?"));
    let effects = bench.press(Key::Char('y'));
    assert!(effects.contains(&Effect::Machine(Box::new(Errand::Stop("/x/prunes/1".to_owned())))), "{effects:?}");
    let mut bench = pruning(Pruner::Stage(runs_attempt()), |progress| {
        progress.waits = Some("somebody else's prune is under way".to_owned());
    });
    insta::assert_snapshot!("machine_prune_waits_80x24", bench.text(80, 24));
    assert!(bench.text(80, 24).contains("x stops it"));
    bench.type_in("1");
    insta::assert_snapshot!("machine_prune_queue_80x24", bench.text(80, 24));
    let mut bench =
        pruning(Pruner::Command("/x/prunes/1".to_owned()), |progress| (progress.done, progress.end) = (11, Some(PruneEnd::Done)));
    insta::assert_snapshot!("machine_prune_done_80x24", bench.text(80, 24));
}

#[test]
fn an_engine_that_cant_be_asked() {
    for (name, says, todo) in [
        (
            "absent",
            "there is no docker here (no socket at /var/run/docker.sock)",
            "start it (sudo systemctl start docker), or let DOCKER_HOST or `docker context use` name another one",
        ),
        (
            "forbidden",
            "docker may not be asked by this user (/var/run/docker.sock: permission denied): the group 'docker' may",
            "let somebody who may: sudo usermod -aG docker $USER, then log out and in again",
        ),
    ] {
        let mut bench = bench(Stage::Human);
        bench.tell(Msg::Machine(News::Forecast(Box::default())));
        bench.tell(Msg::Machine(News::Engine(Box::new(Engine::Away { says: says.to_owned(), todo: todo.to_owned() }))));
        keep(name, &mut bench);
    }
    let mut bench = bench(Stage::Human);
    let here = Here { is_remote: true, ..here(&bench, 3) };
    bench.tell(Msg::Machine(News::Disks(Vec::new())));
    bench.tell(Msg::Machine(News::Engine(Box::new(Engine::Here(here)))));
    keep("remote", &mut bench);
}

#[test]
fn many_images_scroll() {
    let mut bench = bench(Stage::Human);
    let here = here(&bench, 150);
    bench.tell(Msg::Machine(News::Engine(Box::new(Engine::Here(here)))));
    keep("images", &mut bench);
    bench.frame(80, 24);
    bench.press(Key::End);
    let text = bench.text(80, 24);
    assert!(text.contains("of 150") && text.contains("–150"), "{text}");
    bench.press(Key::Home);
    assert!(bench.text(80, 24).contains("1–"));
}

#[test]
fn a_disk_that_is_too_small_is_said_everywhere() {
    let mut bench = bench(Stage::Human);
    see(&mut bench, 12_100 * MB);
    let says = "does not fit: needs 17.9 GB, 12.1 GB free, prune would free 9.8 GB";
    assert!(bench.text(120, 40).contains(says), "{}", bench.text(120, 40));
    keep("short", &mut bench);
    bench.type_in("1");
    assert!(bench.text(120, 40).contains("no room for the images of"), "{}", bench.text(120, 40));
}

#[test]
fn the_dialog_looks_first_and_asks_again_before_everything_goes() {
    let mut bench = bench(Stage::Human);
    let asked = |effects: &[Effect]| {
        let found = effects.iter().find_map(|effect| match effect {
            Effect::Machine(errand) => match errand.as_ref() {
                Errand::Plan(number, order) => Some((*number, *order)),
                _ => None,
            },
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{effects:?}"))
    };
    let (first, order) = asked(&bench.type_in("D"));
    assert_eq!(order, Order { scope: PruneScope::Run, volumes: false });
    assert!(bench.text(80, 24).contains("looking what would go"));
    bench.tell(Msg::Machine(News::Planned(first, Ok(Box::new(plan(PruneScope::Run))))));
    keep("dialog", &mut bench);
    let (second, order) = asked(&bench.type_in("a"));
    assert_eq!(order.scope, PruneScope::All);
    // what comes late is not what was asked for last
    bench.tell(Msg::Machine(News::Planned(first, Ok(Box::new(plan(PruneScope::Run))))));
    assert!(bench.text(80, 24).contains("looking what would go"));
    bench.tell(Msg::Machine(News::Planned(second, Ok(Box::new(plan(PruneScope::All))))));
    assert_eq!(bench.type_in("y"), []);
    insta::assert_snapshot!("machine_dialog_all_80x24", bench.text(80, 24));
    assert_eq!(bench.press(Key::Enter), []);
    bench.type_in("all");
    let begun = bench.press(Key::Enter);
    let order = Order { scope: PruneScope::All, volumes: false };
    assert!(begun.contains(&Effect::Machine(Box::new(Errand::Begin(order)))), "{begun:?}");
    assert_eq!(bench.state.screen, Screen::Machine);
}

#[test]
fn every_size_of_the_machine_can_be_drawn() {
    let mut dialog = bench(Stage::Human);
    dialog.type_in("D");
    dialog.tell(Msg::Machine(News::Planned(1, Ok(Box::new(plan(PruneScope::Run))))));
    let mut bare = Bench::with(&runs::finished(), Sight::Gone);
    bare.type_in("4");
    let benches: Vec<Bench> =
        [pulling(|_, _| ()), pruning(Pruner::Stage(runs_attempt()), |_| ())].into_iter().chain([dialog, bare]).collect();
    for mut bench in benches {
        for (cols, rows) in (0..=44).flat_map(|cols| (0..=14).map(move |rows| (cols, rows))) {
            bench.frame(cols, rows);
        }
        for (cols, rows) in [(60, 16), (79, 23), (100, 10), (149, 30), (150, 12), (300, 100)] {
            bench.frame(cols, rows);
        }
    }
}
