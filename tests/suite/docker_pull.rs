//! `pull-images` with a real engine and a real registry: what it says while it pulls, how it ends, and what it writes of
//! whose the image is, whatever happens in between.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isobench_tui::docker::pull::{PullEnd, PullOutcome};
use isobench_tui::domain::{Bar, FailureClass, LayerState, PullPhase, PullProgress};
use serde_json::{Value, json};

use crate::engine::images::{Content, Layer};
use crate::engine::proxy::{Mood, Proxy};
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_until};

const MB: u64 = 1_000_000;

/// A pull takes no longer than this, however busy the machine is.
const WITHIN: Duration = Duration::from_mins(4);

/// A `pull-images`, watched: the bar of each `progress.json` is held against the one before.
struct Pull {
    folder: PathBuf,
    child: Child,
    last: Option<Bar>,
    download: u64,
    /// All phases that were seen, without the same twice.
    phases: Vec<PullPhase>,
    copied: u64,
    looks: usize,
    stalled: bool,
}

impl Pull {
    fn start(root: &Path, engine: &Engine, images: &[&str], more: &Value) -> Self {
        let name = (0..99).map(|n| root.join(format!("pull-{n}"))).find(|folder| !folder.exists());
        let stage = name.unwrap();
        fs::create_dir_all(&stage).unwrap();
        let mut order = json!({"run": "r", "item": "i", "images": images, "state": root.join("state/docker")});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(stage.join("order.json"), order.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_isobench-tui"));
        command.arg("pull-images").arg(&stage).env("DOCKER_HOST", engine.socket()).env("DOCKER_CONFIG", root.join("nobody"));
        let out = fs::File::create(stage.join("out")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(out).spawn().unwrap();
        Self { folder: stage, child, last: None, download: 0, phases: Vec::new(), copied: 0, looks: 0, stalled: false }
    }

    fn progress(&self) -> Option<PullProgress> {
        let text = fs::read_to_string(self.folder.join("progress.json")).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// A look at the first image.
    fn look(&mut self) {
        let Some(progress) = self.progress() else { return };
        self.looks += 1;
        let image = &progress.images[0];
        if let Some(bar) = image.bar {
            assert!(bar.done <= bar.total && (bar.done < bar.total || image.phase == PullPhase::Done), "{bar:?} {:?}", image.phase);
            if let Some(last) = self.last {
                assert_eq!(last.total, bar.total, "the total moved");
                assert!(last.done <= bar.done, "{last:?} became {bar:?}");
            }
            self.last = Some(bar);
        } else {
            assert!(self.last.is_none(), "the bar is gone");
        }
        self.download = image.download.map_or(0, |bar| bar.done);
        self.stalled |= image.stalled;
        let copied = image.layers.iter().filter_map(|layer| match layer.state {
            LayerState::CopyingParent { copied, total } => {
                assert!(total.is_none_or(|total| copied <= total), "{layer:?}");
                Some(copied)
            }
            _ => None,
        });
        self.copied = copied.max().unwrap_or_default().max(self.copied);
        let kind = |phase: &PullPhase| std::mem::discriminant(phase);
        if self.phases.last().map(kind) != Some(kind(&image.phase)) {
            self.phases.push(image.phase.clone());
        }
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        loop {
            self.look();
            if is_so(self) {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before: {what}; {}", self.said());
            assert!(begun.elapsed() < WITHIN, "waited for {what}: {:?}", self.phases);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{} {}", read("out"), read("outcome.json"))
    }

    fn retried(&self) -> Option<&str> {
        self.phases.iter().rev().find_map(|phase| match phase {
            PullPhase::Retrying { why, .. } => Some(why.as_str()),
            _ => None,
        })
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ended.
    fn end(&mut self) -> PullOutcome {
        let begun = Instant::now();
        let status = loop {
            self.look();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < WITHIN, "it does not end: {:?}", self.phases);
            std::thread::sleep(Duration::from_millis(20));
        };
        self.look();
        assert!(status.success(), "{status}: {}", self.said());
        serde_json::from_str(&fs::read_to_string(self.folder.join("outcome.json")).unwrap()).unwrap()
    }

    fn ends_well(&mut self) -> PullOutcome {
        let outcome = self.end();
        assert_eq!(outcome.end, PullEnd::Done, "{}", self.said());
        outcome
    }

    fn fails(&mut self) -> (FailureClass, String) {
        match self.end().end {
            PullEnd::Failed { class, why, .. } => (class, why),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `images.jsonl`: event, whether it was there, id.
fn records(root: &Path) -> Vec<(String, Option<bool>, Option<String>)> {
    let text = fs::read_to_string(root.join("state/docker/images.jsonl")).unwrap_or_default();
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["run"].as_str(), line["item"].as_str()), (Some("r"), Some("i")));
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        (text("event").unwrap(), line["present"].as_bool(), text("id"))
    };
    text.lines().map(read).collect()
}

fn pulling() -> (String, Option<bool>, Option<String>) {
    ("pulling".to_owned(), Some(false), None)
}

fn pulled(id: &str, present: bool) -> (String, Option<bool>, Option<String>) {
    ("pulled".to_owned(), Some(present), Some(id.to_owned()))
}

/// Some layers to be downloaded, each of so many bytes.
fn layers(count: usize, bytes: u64) -> Vec<Layer> {
    (0..count).map(|n| Layer::new().file(&format!("f{n}"), bytes, Content::Noise)).collect()
}

#[test]
fn a_pull_is_shown_to_its_end_and_then_is_ours() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::start(&root) else { return };
    let mut shape = vec![Layer::new().file("base", 150 * MB, Content::Zeros), Layer::new().file("noise", 8 * MB, Content::Noise)];
    shape.extend((0..5).map(|n| Layer::new().text(&format!("tiny{n}"), "tiny")));
    let pushed = registry.push("pull/shown:1", &shape);
    let proxy = Proxy::start(registry.port());
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let here = root.join(format!("{driver:?}"));
        // what is copied is told by the room that goes, which others would take and give back meanwhile
        let Some(engine) = Engine::start(&here, driver, Options::on_own_disk(2000)) else { continue };
        let reference = registry.reference(&pushed.name);
        let mut pull = Pull::start(&here, &engine, &[&reference], &json!({}));
        let outcome = pull.ends_well();
        let image = &outcome.detail.images[0];
        assert_eq!((image.id.as_str(), image.digest.as_deref(), image.was_present), (&*pushed.id, Some(&*pushed.digest), false));
        assert_eq!(image.downloaded, pushed.layers.iter().map(|layer| layer.compressed).sum::<u64>());
        assert_eq!(pull.copied > 0, driver == Driver::Vfs, "{driver:?}: {} copied", pull.copied);
        assert!(pull.phases.contains(&PullPhase::Pulling) && pull.phases.last() == Some(&PullPhase::Done), "{:?}", pull.phases);
        let ended = &outcome.images[0];
        assert_eq!(ended.bar.map(|bar| bar.done), ended.bar.map(|bar| bar.total));
        assert_eq!(ended.layers.len(), 7);
        assert!(ended.layers.iter().all(|layer| layer.state == LayerState::Done), "{:?}", ended.layers);
        let room = if driver == Driver::Vfs { pushed.room.copies } else { pushed.room.layers };
        assert!(image.need.unwrap().stays.abs_diff(room) * 20 < room, "{:?} of {room}", image.need);
        assert_eq!(records(&here), [pulling(), pulled(&pushed.id, false)]);

        let again = Pull::start(&here, &engine, &[&reference], &json!({})).ends_well();
        assert!(again.detail.images[0].was_present && again.images[0].phase == PullPhase::Present, "{again:?}");
        assert_eq!(records(&here).len(), 2, "what was there is nobody's news");

        // the same image by another name: it was there
        let by_proxy = proxy.reference(&pushed.name);
        Pull::start(&here, &engine, &[&by_proxy], &json!({})).ends_well();
        assert_eq!(records(&here)[2..], [pulling(), pulled(&pushed.id, true)]);
    }
}

#[test]
fn what_will_not_come_is_said_at_once_and_why() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::start(&root)) else {
        return;
    };
    let reference = registry.reference("pull/none:1");
    let (class, why) = Pull::start(&root, &engine, &[&reference], &json!({})).fails();
    assert_eq!(class, FailureClass::ImageMissing);
    assert!(why.contains(&format!("has no {reference}: build and push it")), "{why}");
    let (class, why) = Pull::start(&root, &engine, &["org/a:{human}"], &json!({})).fails();
    assert_eq!(class, FailureClass::ImageMissing, "{why}");
    assert_eq!(records(&root), []);

    registry.stop();
    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({"attempts": 2}));
    let (class, why) = pull.fails();
    assert_eq!(class, FailureClass::RegistryDown);
    assert!(why.contains("did not answer docker") && why.contains("connection refused"), "{why}");
    assert!(pull.retried().unwrap().contains("connection refused"), "{:?}", pull.phases);
    let image = &pull.progress().unwrap().images[0];
    assert!(image.bar.is_none() && image.unforecast.as_deref().unwrap().ends_with("docker is asked without a forecast"), "{image:?}");
    assert_eq!(records(&root), [pulling()]);

    engine.kill();
    let (class, why) = Pull::start(&root, &engine, &[&reference], &json!({})).fails();
    assert_eq!(class, FailureClass::NoDocker);
    assert!(why.contains("there is no docker here"), "{why}");
}

#[test]
fn a_registry_that_is_gone_for_a_while_is_asked_again_and_the_bar_waits() {
    let (_gone, root) = folder();
    // dockerd itself would try again for more than a minute, before it says that a layer does not come
    let env = vec![("DOCKERD_JSON".to_owned(), json!({"max-download-attempts": 1}).to_string())];
    let engine = Engine::start(&root, Driver::Overlay2, Options { env, ..Options::default() });
    let (Some(engine), Some(registry)) = (engine, Registry::start(&root)) else { return };
    let pushed = registry.push("pull/cut:1", &layers(2, 4 * MB));
    let proxy = Proxy::start(registry.port());
    let reference = proxy.reference(&pushed.name);
    proxy.throttle(2 * MB);
    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({"attempts": 9}));
    pull.until("some bytes", |pull| pull.download > MB);
    proxy.is(Mood::Answer { status: 503, headers: Vec::new(), body: "gone fishing".to_owned() });
    pull.until("another try", |pull| pull.retried().is_some());
    proxy.throttle(0);
    proxy.is(Mood::Through);
    let outcome = pull.ends_well();
    assert!(outcome.images[0].attempt > 1, "{outcome:?}");
    assert_eq!(records(&root), [pulling(), pulled(&pushed.id, false)]);
}

#[test]
fn a_pull_that_stands_still_is_begun_again() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::start(&root)) else {
        return;
    };
    let pushed = registry.push("pull/still:1", &layers(2, 4 * MB));
    let proxy = Proxy::start(registry.port());
    proxy.throttle(2 * MB);
    let mut pull = Pull::start(&root, &engine, &[&proxy.reference(&pushed.name)], &json!({"stall_s": 2, "attempts": 9}));
    pull.until("some bytes", |pull| pull.download > MB);
    proxy.is(Mood::Hang);
    pull.until("another try", |pull| pull.retried().is_some());
    assert!(pull.retried().unwrap().contains("stood still") && pull.stalled, "{:?}", pull.phases);
    proxy.throttle(0);
    proxy.is(Mood::Through);
    pull.ends_well();
    assert_eq!(records(&root), [pulling(), pulled(&pushed.id, false)]);
}

#[test]
fn a_pull_that_is_stopped_or_killed_leaves_nothing_and_begins_again() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::on_own_disk(200)) else { return };
    let Some(registry) = Registry::start(&root) else { return };
    let pushed = registry.push("pull/stopped:1", &layers(3, 5 * MB));
    let proxy = Proxy::start(registry.port());
    let reference = proxy.reference(&pushed.name);
    let before = engine.used();
    let given_back = || wait_until("what had come to be given back", || engine.used() < before + MB);
    proxy.throttle(3 * MB);

    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({}));
    pull.until("some bytes", |pull| pull.download > 3 * MB);
    pull.signal(rustix::process::Signal::TERM);
    assert_eq!(pull.end().end, PullEnd::Stopped);
    given_back();
    assert_eq!(records(&root), [pulling()]);

    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({}));
    pull.until("some bytes", |pull| pull.download > 3 * MB);
    pull.signal(rustix::process::Signal::KILL);
    pull.child.wait().unwrap();
    assert!(!pull.folder.join("outcome.json").exists());
    given_back();

    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({"budget_ms": 2_000}));
    let (class, why) = pull.fails();
    assert_eq!(class, FailureClass::TimeoutPull);
    assert!(why.contains("was not there after 2s") || why.contains("was not there after 2 s"), "{why}");
    assert!(pull.progress().unwrap().left_ms == Some(0));
    given_back();

    proxy.throttle(0);
    Pull::start(&root, &engine, &[&reference], &json!({})).ends_well();
    let all = records(&root);
    assert_eq!(all, [pulling(), pulling(), pulling(), pulling(), pulled(&pushed.id, false)]);
}

#[test]
fn an_engine_that_is_killed_is_waited_for() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Vfs, Options::default()), Registry::start(&root)) else { return };
    let pushed = registry.push("pull/engine:1", &layers(3, 4 * MB));
    let proxy = Proxy::start(registry.port());
    proxy.throttle(3 * MB);
    let mut pull = Pull::start(&root, &engine, &[&proxy.reference(&pushed.name)], &json!({}));
    pull.until("some bytes", |pull| pull.download > 2 * MB);
    engine.kill();
    pull.until("that it is gone", |pull| pull.retried().is_some());
    assert!(pull.retried().unwrap().contains("docker broke off"), "{:?}", pull.phases);
    proxy.throttle(0);
    engine.start_again();
    let outcome = pull.ends_well();
    assert_eq!(outcome.detail.images[0].id, pushed.id);
    assert_eq!(records(&root), [pulling(), pulled(&pushed.id, false)]);
}

#[test]
fn a_disk_that_is_too_small_is_said_before_or_in_the_middle() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::on_own_disk(80)) else { return };
    let Some(registry) = Registry::start(&root) else { return };
    let pushed = registry.push("pull/full:1", &layers(3, 20 * MB));
    let reference = registry.reference(&pushed.name);
    // two that we pulled, and somebody waits for one of them
    let small = ["idle", "kept"].map(|name| {
        let pushed = registry.push(&format!("pull/{name}:1"), &[Layer::new().file(name, 5 * MB, Content::Noise)]);
        registry.reference(&pushed.name)
    });
    Pull::start(&root, &engine, &[&small[0], &small[1]], &json!({})).ends_well();
    let keep = json!([{"reference": small[1], "why": "item"}]);
    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({"must_fit": true, "keep": keep}));
    match pull.end().end {
        PullEnd::Short { shortage } => {
            assert!(shortage.needs > pushed.room.copies && shortage.free < 80 * MB, "{shortage:?}");
            let frees = shortage.prune_would_free.unwrap();
            assert!(frees.abs_diff(5 * MB) < MB, "{shortage:?}");
        }
        other => panic!("{other:?}"),
    }
    for image in small {
        engine.says(&["rmi", &image]);
    }
    fs::remove_file(root.join("state/docker/images.jsonl")).unwrap();
    let (class, why) = Pull::start(&root, &engine, &[&reference], &json!({})).fails();
    assert_eq!(class, FailureClass::NoSpace);
    assert!(why.contains("no space left on device") && why.contains(engine.data().to_str().unwrap()), "{why}");
    assert_eq!(records(&root), [pulling()]);
}

#[test]
fn a_registry_that_wants_no_more_is_waited_for_until_it_said() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::start(&root)) else {
        return;
    };
    let pushed = registry.push("pull/limit:1", &layers(1, MB));
    let proxy = Proxy::start(registry.port());
    let limited = |seconds: u32| Mood::Answer {
        status: 429,
        headers: vec![("Retry-After".to_owned(), seconds.to_string())],
        body: r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#.to_owned(),
    };
    let reference = proxy.reference(&pushed.name);
    proxy.is(limited(3600));
    match Pull::start(&root, &engine, &[&reference], &json!({"budget_ms": 60_000})).end().end {
        PullEnd::Failed { class: FailureClass::RateLimit, why, until: Some(_), .. } => {
            assert!(why.contains("wants no more pulls"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    proxy.is(limited(2));
    let mut pull = Pull::start(&root, &engine, &[&reference], &json!({"attempts": 9}));
    pull.until("that it waits", |pull| pull.retried().is_some());
    proxy.is(Mood::Through);
    pull.ends_well();
}

#[test]
fn two_pulls_of_one_image_at_once_both_end_well() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Vfs, Options::default()), Registry::start(&root)) else { return };
    let pushed = registry.push("pull/twice:1", &layers(3, 3 * MB));
    let proxy = Proxy::start(registry.port());
    proxy.throttle(4 * MB);
    let reference = proxy.reference(&pushed.name);
    let mut first = Pull::start(&root, &engine, &[&reference], &json!({}));
    first.until("some bytes", |pull| pull.download > MB);
    let mut second = Pull::start(&root, &engine, &[&reference], &json!({}));
    first.ends_well();
    second.ends_well();
    let all = records(&root);
    assert_eq!(all.iter().filter(|(event, ..)| event == "pulled").count(), 2, "{all:?}");
    assert!(all.contains(&pulled(&pushed.id, false)), "{all:?}");
}
