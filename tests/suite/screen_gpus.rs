//! The GPU half of the machine's screen: frames of GPUs in all their states, and journeys with the cursor of the curves.

#![expect(clippy::unwrap_used, clippy::cast_possible_wrap, reason = "a test may fail loudly")]

use std::collections::BTreeMap;

use isobench_tui::domain::{Driver, Stage, Throttle, Whose};
use isobench_tui::telemetry::rollup::Builder;
use isobench_tui::telemetry::{
    Chart, DiskReading, GpuFacts, GpuKey, GpuProcess, GpuReading, GroupReading, Header, HostReading, Lack, Latest, ProcessMemory, Sample,
    Xid,
};
use isobench_tui::theme::{Depth, Glyphs, Theme};
use isobench_tui::ui::machine::News;
use isobench_tui::ui::machine::gpus::Source;
use isobench_tui::ui::mouse::Did;
use isobench_tui::ui::{Key, Mouse, Msg, Screen};
use jiff::Timestamp;

use crate::log_desk::Desk;
use crate::screen::Bench;
use crate::screen_runs::{self as runs, Story, id, moment};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

const GB: u64 = 1_000_000_000;

/// A machine: what it is, and what it does at a moment in ms of Unix time; nothing while it is not sampled.
pub(crate) struct Machine {
    header: Header,
    sample: Box<dyn Fn(i64) -> Option<Sample>>,
    xids: Vec<(i64, Xid)>,
}

/// A run whose first item is done and whose second one is at the human's arm.
fn story() -> Story {
    let mut story = Story::of(12);
    story.done(1, 3.0).work(2, 1).start(2, 1, Stage::Human).wait(190);
    story
}

fn key(gpu: u32) -> GpuKey {
    GpuKey { gpu, mig: None }
}

fn facts(name: &str, memory: u64) -> GpuFacts {
    GpuFacts { name: Some(name.to_owned()), memory: Some(memory), slowdown_c: Some(87), max_sm_mhz: Some(1980), ..GpuFacts::default() }
}

fn header(gpus: u32) -> Header {
    Header {
        v: 1,
        interval_ms: 1000,
        cores: 96,
        memory: 1_082 * GB,
        driver_version: Some("550.54.15".to_owned()),
        cuda: Some("12.4".to_owned()),
        gpus: (0..gpus).map(|gpu| (key(gpu), facts("NVIDIA H100 80GB HBM3", 85_520_809_984))).collect(),
        ..Header::default()
    }
}

/// How busy a GPU is: as long as an arm runs.
fn reading(gpu: u32, ms: i64) -> GpuReading {
    let since = ms - runs::base().as_millisecond();
    let busy = (740_000..1_011_000).contains(&since) || since > 1_790_000;
    let wave = u32::try_from((ms / 1000 + i64::from(gpu) * 3) % 20).unwrap();
    let util = if busy { 78 + wave } else { 0 };
    GpuReading {
        util: Some(util),
        memory: Some(if busy { 61_200_000_000 + u64::from(wave) * 90_000_000 } else { 4_194_304 }),
        power_mw: Some(if busy { 612_000 + wave * 4_300 } else { 71_000 }),
        limit_mw: Some(700_000),
        temp: Some(if busy { 58 + wave / 2 + gpu } else { 31 }),
        sm_mhz: Some(if busy { 1755 + wave * 9 } else { 345 }),
        pstate: Some(0),
        throttle: Some(if busy { Throttle::SW_POWER_CAP } else { Throttle::GPU_IDLE }),
        ..GpuReading::default()
    }
}

fn whose(stage: Stage) -> Whose {
    Whose::Stage { run: "2026-11-21_09-30-12-3fa9".to_owned(), item: id(2), n: 1, stage }
}

/// What is there whatever the GPUs do.
fn host(ms: i64) -> Sample {
    let wave = u32::try_from(ms / 1000 % 30).unwrap();
    let disk = DiskReading { free: 505 * GB, total: 1_900 * GB, files: None };
    let group = GroupReading { whose: whose(Stage::Human), cpu: Some(12_840), memory: Some(48 * GB), pids: Some(311) };
    Sample {
        driver: Driver::Here,
        host: HostReading { cpu: Some(120 + wave * 7), memory: Some(61 * GB), swap: None, pressure: Some([3, 0, 10 + wave]) },
        disks: BTreeMap::from([("/var/lib/docker".to_owned(), disk)]),
        groups: BTreeMap::from([("vllm_core-0002.1/human".to_owned(), group)]),
        ..Sample::default()
    }
}

fn process(name: &str, whose: Whose, on: &[u32]) -> GpuProcess {
    let memory = ProcessMemory { bytes: Some(61 * GB), sm: None };
    GpuProcess { name: Some(name.to_owned()), user: None, whose, on: on.iter().map(|gpu| (key(*gpu), memory)).collect() }
}

/// So many GPUs at the arm's work; one of them has somebody else's process too.
fn gpus(n: u32) -> Machine {
    let sample = move |ms: i64| {
        let mut sample = host(ms);
        sample.gpus = (0..n).map(|gpu| (key(gpu), reading(gpu, ms))).collect();
        let all: Vec<u32> = (0..n.min(8)).collect();
        sample.processes = BTreeMap::from([
            (41_001, process("VLLM::EngineCore", whose(Stage::Human), &all)),
            (5_120, process("python3", Whose::Foreign { user: Some("bob".to_owned()) }, &[n.min(3) - 1])),
            (7_001, GpuProcess { name: None, ..process("", Whose::Unknown, &[0]) }),
        ]);
        // nobody sampled for two minutes
        let since = ms - runs::base().as_millisecond();
        (!(1_300_000..1_420_000).contains(&since)).then_some(sample)
    };
    Machine { header: header(n), sample: Box::new(sample), xids: Vec::new() }
}

impl Machine {
    fn change(self, change: impl Fn(i64, &mut Sample) + 'static) -> Self {
        let before = self.sample;
        let sample = move |ms: i64| {
            let mut sample = before(ms)?;
            change(ms, &mut sample);
            Some(sample)
        };
        Self { sample: Box::new(sample), ..self }
    }

    /// Tells what a screen would be told: the newest sample and the curves of the window that it wishes.
    fn tell(&self, bench: &mut Bench) {
        bench.tell(Msg::Machine(News::Sampler(Source::Runner)));
        let now = bench.now.as_millisecond();
        if let Some(sample) = (self.sample)(now) {
            let latest = Latest { at: bench.now, sample, header: self.header.clone() };
            bench.tell(Msg::Machine(News::Latest(Box::new(latest))));
        }
        let Some(window) = bench.state.machine.gpus.window(now) else { return };
        let begin = runs::base().as_millisecond() - 60_000;
        let mut columns = Vec::new();
        for column in 0..i64::from(window.columns) {
            let from = window.from_ms() + column * window.step_ms;
            let mut builder = Builder::new(window.step_ms);
            for ms in (from.max(begin)..(from + window.step_ms).min(now + 1)).step_by(1000) {
                let xids: Vec<Xid> = self.xids.iter().filter(|(at, _)| (ms..ms + 1000).contains(at)).map(|(_, xid)| *xid).collect();
                if let Some(sample) = (self.sample)(ms) {
                    builder.add(ms, &sample, &xids);
                }
            }
            columns.push(builder.end());
        }
        let chart = Chart {
            window,
            columns,
            xids: self.xids.clone(),
            header: Some(self.header.clone()),
            reaches: Some((begin, now)),
            rolled_ms: None,
        };
        bench.tell(Msg::Machine(News::Chart(Box::new(chart))));
    }
}

/// The screen with a machine, at columns of ten seconds.
fn bench(machine: &Machine) -> Bench {
    let mut bench = Bench::on(&story());
    machine.tell(&mut bench);
    bench.type_in("4---");
    bench
}

/// A frame once everything that it wishes was told.
fn text(bench: &mut Bench, machine: &Machine, (cols, rows): (u16, u16)) -> String {
    for _ in 0..2 {
        bench.frame(cols, rows);
        machine.tell(bench);
    }
    bench.text(cols, rows)
}

fn keep(name: &str, bench: &mut Bench, machine: &Machine) {
    for (cols, rows) in SIZES {
        insta::assert_snapshot!(format!("gpus_{name}_{cols}x{rows}"), text(bench, machine, (cols, rows)));
    }
}

fn at(seconds: u64) -> i64 {
    moment(runs::base(), seconds).as_millisecond()
}

#[test]
fn eight_gpus_with_stage_bands_and_the_cursor() {
    let machine = gpus(8);
    let mut bench = bench(&machine);
    keep("eight", &mut bench, &machine);
    bench.state.machine.gpus.cursor = Some(at(1_900));
    bench.state.machine.gpus.held = Some(bench.now.as_millisecond());
    keep("eight_cursor", &mut bench, &machine);
    insta::assert_snapshot!("gpus_eight_cursor_80x24_roles", bench.roles(80, 24));
    bench.press(Key::Esc);
    bench.type_in("a");
    keep("eight_all", &mut bench, &machine);
}

#[test]
fn sixteen_gpus_have_room_on_the_smallest_screen() {
    let machine = gpus(16);
    let mut bench = bench(&machine);
    let seen = text(&mut bench, &machine, (80, 24));
    assert!(seen.contains("gpu 15") && seen.contains("util"), "{seen}");
    insta::assert_snapshot!("gpus_sixteen_80x24", seen);
}

#[test]
fn throttling_an_xid_and_a_lost_gpu() {
    let throttled = gpus(8).change(|ms, sample| {
        for (key, gpu) in sample.gpus.iter_mut().filter(|(key, _)| key.gpu == 2) {
            if ms > at(1_900) {
                gpu.throttle = Some(Throttle(Throttle::HW_THERMAL.0 | Throttle::SW_POWER_CAP.0));
                (gpu.temp, gpu.sm_mhz) = (Some(89), Some(990 + key.gpu));
            }
        }
    });
    let mut screen = bench(&throttled);
    screen.press(Key::Down);
    screen.press(Key::Down);
    keep("throttling", &mut screen, &throttled);
    let xid = Machine { xids: vec![(at(1_850), Xid { gpu: 3, code: 31 })], ..gpus(8) };
    let mut screen = bench(&xid);
    text(&mut screen, &xid, (120, 40));
    screen.type_in("[");
    let mut presses = 0;
    while !text(&mut screen, &xid, (120, 40)).contains("Xid 31, memory page fault") && presses < 20 {
        screen.type_in("[");
        presses += 1;
    }
    insta::assert_snapshot!("gpus_xid_120x40", text(&mut screen, &xid, (120, 40)));
    let lost = gpus(8).change(|ms, sample| {
        for (_, gpu) in sample.gpus.iter_mut().filter(|(key, _)| key.gpu == 6 && ms > at(1_880)) {
            *gpu = GpuReading { lost: true, ..GpuReading::default() };
        }
    });
    let lost = Machine { xids: vec![(at(1_880), Xid { gpu: 6, code: 79 })], ..lost };
    let mut screen = bench(&lost);
    screen.state.machine.gpus.selected = Some(isobench_tui::ui::machine::gpus::Subject::Gpu(key(6)));
    keep("lost", &mut screen, &lost);
}

#[test]
fn a_driver_that_hangs_and_a_sampler_that_is_gone() {
    let hung = gpus(8).change(|ms, sample| sample.silent_since = (ms > at(1_905)).then(|| at(1_905)));
    let mut screen = bench(&hung);
    keep("hung", &mut screen, &hung);
    insta::assert_snapshot!("gpus_hung_80x24_roles", screen.roles(80, 24));
    let machine = gpus(2);
    let mut screen = bench(&machine);
    text(&mut screen, &machine, (120, 40));
    screen.now = moment(screen.now, 75);
    insta::assert_snapshot!("gpus_stale_120x40", screen.text(120, 40));
}

#[test]
fn instances_of_mig_say_what_they_lack() {
    let mut mig = gpus(1);
    let parent = mig.header.gpus.get_mut(&key(0)).unwrap();
    parent.mig = Some(true);
    for (at, name) in ["NVIDIA H100 MIG 3g.40gb", "NVIDIA H100 MIG 2g.20gb", "NVIDIA H100 MIG 1g.10gb"].iter().enumerate() {
        let mut facts = facts(name, (40 - 15 * at as u64) * GB);
        facts.lacks.extend(["util", "power_mw", "temp", "sm_mhz"].map(|field| (field.to_owned(), Lack::NotSupported)));
        mig.header.gpus.insert(GpuKey { gpu: 0, mig: Some(u32::try_from(at).unwrap()) }, facts);
    }
    let mig = mig.change(|_, sample| {
        for at in 0..3 {
            let memory = Some((3 + u64::from(at)) * GB);
            sample.gpus.insert(GpuKey { gpu: 0, mig: Some(at) }, GpuReading { memory, ..GpuReading::default() });
        }
    });
    let mut screen = bench(&mig);
    screen.press(Key::Down);
    keep("mig", &mut screen, &mig);
}

#[test]
fn without_a_gpu_the_machine_has_curves() {
    let mut none = gpus(0);
    none.header.driver_version = None;
    none.header.cuda = None;
    none.sample = Box::new(|ms| Some(Sample { driver: Driver::Absent, ..host(ms) }));
    let mut screen = bench(&none);
    keep("none", &mut screen, &none);
    for (driver, wanted) in [
        (Driver::Starting, "the driver is being asked"),
        (Driver::Forbidden { says: "no permission".to_owned() }, "we may not ask it: no permission"),
        (Driver::Mismatch { says: "mismatch".to_owned() }, "was updated and not loaded anew"),
        (Driver::NotLoaded { says: "not loaded".to_owned() }, "its kernel module is not loaded"),
        (Driver::Broken { says: "unknown error".to_owned() }, "its answer makes no sense: unknown error"),
    ] {
        let machine = Machine {
            sample: Box::new(move |ms| Some(Sample { driver: driver.clone(), ..host(ms) })),
            header: none.header.clone(),
            xids: Vec::new(),
        };
        let mut screen = bench(&machine);
        let seen = text(&mut screen, &machine, (120, 40));
        assert!(seen.replace('\n', "").split_whitespace().collect::<Vec<_>>().join(" ").contains(wanted), "{seen}");
    }
}

#[test]
fn before_the_first_sample_it_says_so() {
    let mut bench = Bench::on(&story());
    bench.tell(Msg::Machine(News::Sampler(Source::Runner)));
    bench.type_in("4");
    insta::assert_snapshot!("gpus_starting_80x24", bench.text(80, 24));
    bench.tell(Msg::Machine(News::Sampler(Source::Nobody("can't start the sampler: no space left".to_owned()))));
    assert!(bench.text(80, 24).contains("nobody samples the machine: can't start the sampler"));
}

#[test]
fn without_colours_and_without_unicode_it_says_the_same() {
    let machine = gpus(8);
    let mut bench = bench(&machine);
    bench.state.machine.gpus.cursor = Some(at(1_900));
    bench.state.machine.gpus.held = Some(bench.now.as_millisecond());
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    let seen = text(&mut bench, &machine, (80, 24));
    assert!(seen.is_ascii(), "{seen}");
    insta::assert_snapshot!("gpus_eight_80x24_ascii", seen);
    bench.theme = Theme::embedded("dark", Depth::Mono, Glyphs::UNICODE).unwrap();
    insta::assert_snapshot!("gpus_eight_120x40_mono", text(&mut bench, &machine, (120, 40)));
}

#[test]
fn every_size_can_be_drawn() {
    let (eight, none) = (gpus(16), Machine { sample: Box::new(|ms| Some(host(ms))), header: header(0), xids: Vec::new() });
    for machine in [&eight, &none] {
        let mut bench = bench(machine);
        for keys in ["", "a", "[", "o", "o"] {
            bench.type_in(keys);
            for cols in (0..=100).step_by(7) {
                // every other one of the rows, of the next columns the others
                for rows in (cols % 2..=26).step_by(2) {
                    bench.frame(cols, rows);
                }
            }
            for (cols, rows) in [(40, 10), (41, 11), (100, 30), (190, 44), (191, 48), (300, 100), (218, 300)] {
                text(&mut bench, machine, (cols, rows));
            }
        }
    }
}

#[test]
fn the_cursor_reads_the_past_and_esc_follows_again() {
    let machine = gpus(8);
    let mut bench = bench(&machine);
    let size = (120, 40);
    assert!(text(&mut bench, &machine, size).contains("gpus ─"));
    bench.press(Key::Left);
    let seen = text(&mut bench, &machine, size);
    assert!(seen.contains("human of vllm_core-0002.1") && seen.contains("10 s a column"), "{seen}");
    assert_eq!(bench.state.machine.gpus.cursor, Some(bench.now.as_millisecond() / 10_000 * 10_000));
    bench.press(Key::Left);
    bench.press(Key::PageUp);
    let before = bench.state.machine.gpus.cursor.unwrap();
    // what is under the cursor stays there when columns change, and while time goes on
    bench.now = moment(bench.now, 300);
    bench.type_in("-");
    assert!(text(&mut bench, &machine, size).contains("30 s a column"));
    assert_eq!(bench.state.machine.gpus.cursor, Some(before));
    bench.type_in("+");
    let seen = text(&mut bench, &machine, size);
    assert!(seen.contains("Esc follows"), "{seen}");
    bench.press(Key::Esc);
    assert_eq!((bench.state.machine.gpus.cursor, bench.state.machine.gpus.held, bench.state.screen), (None, None, Screen::Machine));
    assert!(!text(&mut bench, &machine, size).contains("Esc follows"));
    bench.press(Key::Esc);
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn marks_and_borders_are_gone_to_and_the_whole_run_fits() {
    let machine = Machine { xids: vec![(at(1_850), Xid { gpu: 3, code: 79 })], ..gpus(8) };
    let mut bench = bench(&machine);
    let size = (120, 40);
    text(&mut bench, &machine, size);
    bench.type_in("[");
    assert_eq!(bench.state.machine.gpus.cursor, Some(at(1_850) / 10_000 * 10_000));
    assert!(text(&mut bench, &machine, size).contains("gpu 3: Xid 79, fell off the bus: reboot"));
    bench.type_in("]]");
    assert!(bench.state.note.as_ref().unwrap().1.text.contains("no mark and no border of a stage after this"));
    bench.type_in("z");
    let window = bench.state.machine.gpus.window(bench.now.as_millisecond()).unwrap();
    assert!(window.from_ms() <= at(0) && window.to_ms > bench.now.as_millisecond(), "{window:?}");
    bench.type_in("z");
    let seen = text(&mut bench, &machine, size);
    assert!(seen.contains("│agent"), "{seen}");
    // a click puts the cursor, one on a row chooses its GPU
    let row = seen.lines().position(|line| line.contains("gpu 5")).unwrap();
    bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: 3, y: u16::try_from(row).unwrap() }));
    let seen = text(&mut bench, &machine, size);
    assert!(seen.contains(" gpu 5 ─"), "{seen}");
    let stages = seen.lines().position(|line| line.contains(" stages ")).unwrap();
    bench.tell(Msg::Mouse(Mouse { did: Did::Click, x: 60, y: u16::try_from(stages).unwrap() }));
    let window = bench.state.machine.gpus.window(bench.now.as_millisecond()).unwrap();
    assert_eq!(window.column(bench.state.machine.gpus.cursor.unwrap()), Some(60 - 1 - 20));
}

#[test]
fn a_run_that_is_over_opens_at_its_whole_time_and_g_goes_to_now() {
    let machine = gpus(2);
    let mut bench = Bench::on(&runs::finished());
    let [first, last] = [bench.state.run.created, bench.state.run.at].map(|at| at.unwrap().as_millisecond());
    bench.now = moment(bench.now, 18_000);
    machine.tell(&mut bench);
    bench.type_in("4");
    let seen = text(&mut bench, &machine, (120, 40));
    let window = bench.state.machine.gpus.window(bench.now.as_millisecond()).unwrap();
    assert!(window.from_ms() <= first && window.to_ms >= last && window.to_ms < last + 3_600_000, "{window:?} of {first} to {last}");
    assert!(seen.contains("│a") && seen.contains("G: now"), "{seen}");
    bench.type_in("G");
    assert_eq!(bench.state.machine.gpus.cursor, Some(bench.now.as_millisecond() / window.step_ms * window.step_ms));
    bench.type_in("+");
    bench.press(Key::Esc);
    assert_eq!((bench.state.machine.gpus.cursor, bench.state.machine.gpus.window(bench.now.as_millisecond())), (None, Some(window)));
    bench.press(Key::Esc);
    assert_eq!(bench.state.screen, Screen::Queue);
}

#[test]
fn a_gap_is_a_gap() {
    let machine = gpus(8);
    let mut bench = bench(&machine);
    let size = (120, 40);
    text(&mut bench, &machine, size);
    bench.type_in("z");
    text(&mut bench, &machine, size);
    bench.state.machine.gpus.cursor = Some(at(1_350));
    bench.state.machine.gpus.held = Some(bench.now.as_millisecond());
    let seen = text(&mut bench, &machine, size);
    assert!(seen.contains("nothing was sampled then"), "{seen}");
    let column = 1 + 20 + bench.state.machine.gpus.window(bench.now.as_millisecond()).unwrap().column(at(1_350)).unwrap();
    let util = seen
        .lines()
        .find(|line| line.trim_start().starts_with("util ") && line.contains('/'))
        .or_else(|| seen.lines().find(|line| line.trim_start().starts_with("util ")));
    assert_eq!(util.unwrap().chars().nth(column).unwrap_or(' '), ' ', "{seen}");
}

#[test]
fn readings_and_table_leave_the_terminal_as_text() {
    use isobench_tui::ui::Effect;
    use isobench_tui::ui::outside::What;
    let machine = gpus(3);
    let mut bench = bench(&machine);
    text(&mut bench, &machine, (120, 40));
    let copied = |bench: &mut Bench, key: char| match bench.press(Key::Char(key)).pop() {
        Some(Effect::Outside(errand)) => match errand.what {
            What::Text { text, .. } => text,
            other => unreachable!("{other:?}"),
        },
        other => unreachable!("{other:?}"),
    };
    insta::assert_snapshot!("gpus_copied_table", copied(&mut bench, 'y'));
    bench.press(Key::Left);
    text(&mut bench, &machine, (120, 40));
    insta::assert_snapshot!("gpus_copied_cursor", copied(&mut bench, 'y'));
    assert!(copied(&mut bench, 'Y').contains("gpu 2 H100 80GB HBM3: util"));
}

#[test]
fn processes_have_a_page_and_the_docker_half_is_one_key_away() {
    let machine = gpus(2);
    let mut bench = bench(&machine);
    text(&mut bench, &machine, (80, 24));
    bench.type_in("o");
    let seen = text(&mut bench, &machine, (80, 24));
    for wanted in ["VLLM::EngineCore", "vllm_core-0002.1 human", "foreign: user bob", "unknown (host pid)", "cpu 1284 %"] {
        assert!(seen.contains(wanted), "{wanted}\n{seen}");
    }
    bench.type_in("o");
    assert!(text(&mut bench, &machine, (80, 24)).contains("disks ─"));
    bench.type_in("o");
    assert!(text(&mut bench, &machine, (80, 24)).contains("gpus ─"));
}

/// A desk whose cursor stands in the human's arm, so many seconds after the run began.
fn desk(seconds: u64, log: &str) -> Desk {
    let mut desk = Desk::on(&story());
    desk.size = (120, 40);
    std::fs::write(desk.path(2, 1, Stage::Human, "out"), log).unwrap();
    let machine = gpus(8);
    machine.tell(&mut desk.bench);
    desk.type_in("4---");
    text(&mut desk.bench, &machine, (120, 40));
    desk.bench.state.machine.gpus.cursor = Some(at(seconds) / 10_000 * 10_000);
    desk.bench.state.machine.gpus.held = Some(desk.bench.now.as_millisecond());
    desk
}

fn note(desk: &Desk) -> String {
    desk.bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

#[test]
fn enter_opens_the_log_at_that_second() {
    let now = moment(runs::base(), story().now());
    let line = |ago: u64| {
        let at: Timestamp = now - jiff::SignedDuration::from_secs(ago as i64);
        format!("INFO {} [core.py:58] {ago} s before the end\nand on\n", at.strftime("%m-%d %H:%M:%S"))
    };
    let log: String = (0..=180).rev().map(line).collect();
    let mut desk = desk(story().now() - 100, &log);
    desk.press(Key::Enter);
    let seen = desk.wait_search();
    assert_eq!(desk.bench.state.screen, Screen::Log);
    assert!(note(&desk).starts_with("the first line that says "), "{}", note(&desk));
    let marked = desk.bench.state.log.mark.unwrap();
    let cursor = desk.bench.state.machine.gpus.cursor.unwrap();
    let ago = (now.as_millisecond() - cursor) / 1000;
    assert_eq!(
        log.get(usize::try_from(marked).unwrap()..).unwrap().lines().next().unwrap(),
        line(ago.unsigned_abs()).lines().next().unwrap()
    );
    assert!(seen.contains(&format!("{ago} s before the end")), "{seen}");
}

#[test]
fn a_log_without_times_is_opened_at_an_estimate_that_says_so() {
    let mut log_desk = desk(story().now() - 100, &crate::log_desk::numbered(2000));
    log_desk.press(Key::Enter);
    let seen = log_desk.wait_search();
    assert!(
        note(&log_desk).contains("say no times: an estimate, 4") && note(&log_desk).contains("of the stage's time had passed"),
        "{}",
        note(&log_desk)
    );
    assert!(seen.contains("line 10") && !seen.contains("came since"), "{seen}");
    // all times lie before it
    let mut desk = desk(story().now() - 20, "2026-11-21 10:00:55,100 begins\nand says no more\n");
    desk.press(Key::Enter);
    desk.wait_search();
    assert!(note(&desk).is_empty() || note(&desk).contains("an estimate") || note(&desk).starts_with("no line says"), "{}", note(&desk));
}

#[test]
fn of_an_agent_its_step_is_opened() {
    let mut story = runs::agent_running();
    story.wait(30);
    let mut bench = Bench::on(&story);
    let machine = gpus(1);
    machine.tell(&mut bench);
    bench.type_in("4---");
    text(&mut bench, &machine, (120, 40));
    bench.press(Key::Left);
    bench.press(Key::Left);
    bench.press(Key::Left);
    bench.press(Key::Enter);
    assert_eq!(bench.state.screen, Screen::Agent);
    bench.trail(7, 2, "running.json", 41);
    let note = bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default();
    assert!(note.starts_with("the step next to ") || note.starts_with("an estimate: step "), "{note}");
}
