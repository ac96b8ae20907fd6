//! Pulls and prunes, disturbed: whoever works is killed, the engine is killed, the registry is cut off, the disk is full.
//! Nothing that was there before is lost, what is left says what happened, and the next start finishes it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::engine::images::{Content, Layer, Packed};
use crate::engine::proxy::{Mood, Proxy};
use crate::engine::registry::{Pushed, Registry};
use crate::engine::{Driver, Engine, Options};
use crate::support::{BINARY, folder, wait_for, wait_until};

const MB: u64 = 1_000_000;

/// An engine, a registry and what makes trouble between them. The engine is disturbed: none of it is shared.
struct Place {
    engine: Engine,
    registry: Registry,
    proxy: Proxy,
    root: PathBuf,
    _gone: tempfile::TempDir,
}

impl Place {
    fn new(options: Options) -> Option<Self> {
        let (gone, root) = folder();
        let engine = Engine::start(&root, Driver::Vfs, options)?;
        let registry = Registry::start(&root)?;
        let proxy = Proxy::start(registry.port());
        Some(Self { engine, registry, proxy, root, _gone: gone })
    }

    /// Where it is written whose an image is.
    fn state(&self) -> PathBuf {
        self.root.join("state/docker")
    }

    /// A worker with an order in a folder of its own.
    fn work(&self, worker: &str, folder: &str, order: &Value) -> Work {
        let folder = self.root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(self.state()).unwrap();
        fs::write(folder.join("order.json"), order.to_string()).unwrap();
        let mut command = Command::new(BINARY);
        command.arg(worker).arg(&folder).current_dir(&self.root).stdin(Stdio::null());
        command.env("DOCKER_HOST", self.engine.socket()).env("DOCKER_CONFIG", self.root.join("config")).env_remove("DOCKER_CONTEXT");
        command.env("XDG_STATE_HOME", self.root.join("xdg")).env("XDG_CONFIG_HOME", self.root.join("xdg"));
        command.stdout(fs::File::create(folder.join("said")).unwrap()).stderr(fs::File::create(folder.join("errors")).unwrap());
        Work { process: command.spawn().unwrap(), folder }
    }

    fn pull(&self, folder: &str, reference: &str) -> Work {
        let order = json!({"run": "r1", "item": "i1", "images": [reference], "state": self.state()});
        self.work("pull-images", folder, &order)
    }

    fn prune(&self, folder: &str, scope: &str) -> Work {
        self.work("prune-images", folder, &json!({"scope": scope, "state": self.state()}))
    }

    /// Ids of the images that there are.
    fn images(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.engine.says(&["images", "-aq", "--no-trunc"]).lines().map(str::to_owned).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// What was written of whose an image is: the events of a reference.
    fn events(&self, reference: &str) -> Vec<String> {
        let text = fs::read_to_string(self.state().join("images.jsonl")).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["reference"] == reference).map(|line| line["event"].as_str().unwrap().to_owned()).collect()
    }

    /// Images that take the engine a while to remove, each of its own layers; the last of them is the one that somebody else's
    /// container uses.
    fn filled(&self) -> Vec<Pushed> {
        let image = |n: usize| -> Vec<Packed> {
            let lower = Layer::new().busybox().many(&format!("usr/{n}"), 400, 100);
            [lower, Layer::new().text("a", &n.to_string()), Layer::new().text("b", &n.to_string())].iter().map(Layer::pack).collect()
        };
        let images: Vec<Pushed> = (0..8).map(|n| self.registry.push_packed(&format!("many/of:{n}"), &image(n))).collect();
        for image in &images {
            self.engine.says(&["pull", "-q", &self.registry.reference(&image.name)]);
        }
        let used = self.registry.reference(&images[7].name);
        self.engine.says(&["run", "-d", "--network=none", "--stop-signal=KILL", "--name=somebodys", &used, "sleep", "1000"]);
        images
    }
}

/// A worker at work.
struct Work {
    process: Child,
    folder: PathBuf,
}

impl Work {
    fn progress(&self) -> Option<Value> {
        read(&self.folder.join("progress.json"))
    }

    /// Waits until it is over by itself: that it exits with 0 says that it could do its own job.
    fn end(mut self) -> Value {
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {}", fs::read_to_string(self.folder.join("errors")).unwrap());
        read(&self.folder.join("outcome.json")).unwrap()
    }

    fn kill(mut self) -> PathBuf {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.folder.clone()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(path: &Path) -> Option<Value> {
    Some(serde_json::from_str(&fs::read_to_string(path).ok()?).unwrap())
}

/// What is known of an end: `end`, its class, its sentence, wherever in the outcome that stands.
fn end_of(outcome: &Value) -> (&str, &str, &str) {
    let end = if outcome["end"].is_string() { outcome } else { &outcome["end"] };
    let text = |key: &str| end[key].as_str().unwrap_or_default();
    (text("end"), text("class"), text("why"))
}

/// An image of 6 MB to download, in two layers.
fn slow(place: &Place) -> Pushed {
    let layers = [Layer::new().busybox().file("a", 3 * MB, Content::Noise), Layer::new().file("b", 3 * MB, Content::Noise)];
    let pushed = place.registry.push("slow/image:1", &layers);
    place.proxy.throttle(MB);
    pushed
}

#[test]
fn a_pull_whose_worker_is_killed_is_finished_by_the_next() {
    let Some(place) = Place::new(Options::default()) else { return };
    let pushed = slow(&place);
    let reference = place.proxy.reference(&pushed.name);
    let work = place.pull("first", &reference);
    wait_until("a part of it to have come", || place.proxy.passed() > MB);
    let folder = work.kill();
    assert!(read(&folder.join("outcome.json")).is_none());
    assert_eq!(place.events(&reference), ["pulling"]);
    place.proxy.throttle(0);
    let outcome = place.pull("second", &reference).end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    assert_eq!(place.events(&reference), ["pulling", "pulling", "pulled"]);
    assert_eq!(place.images(), [pushed.id]);
    place.engine.says(&["run", "--rm", "--network=none", &reference, "true"]);
}

#[test]
fn a_pull_outlives_its_engine() {
    let Some(place) = Place::new(Options::default()) else { return };
    let pushed = slow(&place);
    let reference = place.proxy.reference(&pushed.name);
    let work = place.pull("pull", &reference);
    wait_until("a part of it to have come", || place.proxy.passed() > MB);
    let before = bar(&work);
    place.engine.kill();
    let why = wait_for("why it does not go on", || {
        let image = &work.progress()?["images"][0];
        let phase = image["phase"]["phase"].as_str()?;
        (phase == "retrying").then(|| image["phase"]["why"].as_str().unwrap().to_owned())
    });
    assert!(why.contains("docker") || why.contains("engine"), "{why}");
    place.proxy.throttle(0);
    place.engine.start_again();
    let last = work.folder.clone();
    let outcome = work.end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    assert!(read(&last.join("progress.json")).unwrap()["images"][0]["bar"]["done"].as_u64().unwrap() >= before);
    assert_eq!(place.images(), [pushed.id]);
}

fn bar(work: &Work) -> u64 {
    wait_for("a bar", || work.progress()?["images"][0]["bar"]["done"].as_u64())
}

#[test]
fn a_pull_outlives_its_registry() {
    let Some(place) = Place::new(Options::default()) else { return };
    let pushed = slow(&place);
    let reference = place.proxy.reference(&pushed.name);
    let work = place.pull("pull", &reference);
    wait_until("a part of it to have come", || place.proxy.passed() > MB);
    place.proxy.is(Mood::Cut);
    place.registry.stop();
    place.proxy.throttle(0);
    place.registry.start_again();
    place.proxy.is(Mood::Through);
    let outcome = work.end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    assert_eq!(place.images(), [pushed.id]);
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_pull_loses_nothing() {
    let Some(place) = Place::new(Options::on_own_disk(60)) else { return };
    place.engine.import_busybox("somebodys:1");
    let before = (place.images(), place.engine.used());
    let layers: Vec<Layer> = (0..5).map(|n| Layer::new().file(&format!("f{n}"), 8 * MB, Content::Half)).collect();
    let pushed = place.registry.push("too/large:1", &layers);
    assert!(pushed.room.copies > 100 * MB);
    let reference = place.registry.reference(&pushed.name);
    let outcome = place.pull("pull", &reference).end();
    let (end, class, why) = end_of(&outcome);
    assert_eq!((end, class), ("failed", "no_space"), "{outcome}");
    assert!(why.contains("space") || why.contains("full"), "{why}");
    assert_eq!(place.images(), before.0);
    wait_until("what came to be gone", || place.engine.used() < before.1 + MB);
    assert_eq!(place.events(&reference), ["pulling"]);
}

#[test]
fn a_prune_whose_worker_is_killed_is_finished_by_the_next() {
    let Some(place) = Place::new(Options::default()) else { return };
    let images = place.filled();
    let work = place.prune("first", "all");
    wait_until("one to be gone", || place.images().len() < images.len());
    work.kill();
    let left = place.images();
    assert!(left.contains(&images[7].id));
    let outcome = place.prune("second", "all").end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    // as `docker system prune -af` leaves it
    assert_eq!(place.images(), [images[7].id.clone()]);
    assert_eq!(place.engine.says(&["system", "prune", "-af"]), "Total reclaimed space: 0B");
    assert_eq!(place.engine.says(&["inspect", "-f", "{{.State.Running}}", "somebodys"]), "true");
}

#[test]
fn a_prune_outlives_its_engine() {
    let Some(place) = Place::new(Options::default()) else { return };
    let images = place.filled();
    let work = place.prune("first", "all");
    wait_until("one to be gone", || place.images().len() < images.len());
    place.engine.kill();
    place.engine.start_again();
    let outcome = work.end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    // the container ended with its engine, and went with its image or stayed with it
    let left = place.images();
    assert!(left.is_empty() || left == [images[7].id.clone()], "{left:?}");
    assert_eq!(left.is_empty(), place.engine.says(&["ps", "-aq"]).is_empty());
}

#[test]
fn a_prune_of_ours_takes_nothing_of_anybody_elses() {
    let Some(place) = Place::new(Options::default()) else { return };
    let somebodys = place.filled();
    let pushed = slow(&place);
    place.proxy.throttle(0);
    let reference = place.proxy.reference(&pushed.name);
    // asked for while it was there: never ours
    let theirs = place.registry.reference(&somebodys[0].name);
    let order = json!({"run": "r1", "item": "i1", "images": [theirs, reference], "state": place.state()});
    let outcome = place.work("pull-images", "pull", &order).end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    assert_eq!(place.images().len(), somebodys.len() + 1);
    place.engine.says(&["create", "--network=none", "--name=stopped", &place.registry.reference(&somebodys[1].name)]);
    let outcome = place.prune("prune", "run").end();
    assert_eq!(end_of(&outcome).0, "done", "{outcome}");
    let mut left: Vec<String> = somebodys.into_iter().map(|image| image.id).collect();
    left.sort();
    assert_eq!(place.images(), left);
    assert_eq!(place.engine.says(&["ps", "-a", "--format", "{{.Names}}"]).lines().count(), 2);
}
