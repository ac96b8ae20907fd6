//! `prune` and its worker against real engines: what goes, what stays, and what happens when somebody or something comes between.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::engine::images::{Content, Layer};
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::{BINARY, folder, wait_for, wait_until};

const MB: u64 = 1_000_000;

/// A way to an engine that can hold removals back, and say that somebody else prunes.
struct Gate {
    socket: PathBuf,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    asked: usize,
    allowed: usize,
    /// How many questions whether it prunes are still answered with yes.
    busy: usize,
}

impl Gate {
    fn new(root: &Path, engine: &Engine, allowed: usize, busy: usize) -> Self {
        let socket = root.join("gate.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let shared = Arc::new((Mutex::new(State { asked: 0, allowed, busy }), Condvar::new()));
        let (to, state) = (engine.socket().trim_start_matches("unix://").to_owned(), Arc::clone(&shared));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (to, state) = (to.clone(), Arc::clone(&state));
                std::thread::spawn(move || pass(client, &to, &state));
            }
        });
        Self { socket, shared }
    }

    fn socket(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    fn asked(&self) -> usize {
        self.shared.0.lock().unwrap().asked
    }

    /// Lets so many removals through in all.
    fn allow(&self, allowed: usize) {
        self.shared.0.lock().unwrap().allowed = allowed;
        self.shared.1.notify_all();
    }
}

fn pass(mut client: UnixStream, to: &str, (state, changed): &(Mutex<State>, Condvar)) {
    let Ok(mut server) = UnixStream::connect(to) else { return };
    let (mut from, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut bytes = vec![0; 1 << 16];
    while let Ok(n @ 1..) = client.read(&mut bytes) {
        let mut now = state.lock().unwrap();
        if bytes.starts_with(b"POST /images/prune") && now.busy > 0 {
            now.busy -= 1;
            let says = r#"{"message":"a prune operation is already running"}"#;
            let head = "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
            let _ = client.write_all(format!("{head} {}\r\n\r\n{says}", says.len()).as_bytes());
            break;
        }
        if bytes.starts_with(b"DELETE /") {
            now.asked += 1;
            let mine = now.asked;
            now = changed.wait_while(now, |now| now.allowed < mine).unwrap();
        }
        drop(now);
        if server.write_all(&bytes[..n]).is_err() {
            break;
        }
    }
    let _ = (server.shutdown(Shutdown::Both), client.shutdown(Shutdown::Both));
}

/// A checkout whose runs pulled these images.
fn checkout(root: &Path, pulled: &[(&str, &str)]) -> PathBuf {
    let checkout = root.join("checkout");
    fs::create_dir_all(checkout.join("state/docker")).unwrap();
    fs::write(checkout.join("isobench-tui.toml"), "").unwrap();
    let mut lines = Vec::new();
    for (reference, id) in pulled {
        let (at, run, item) = ("2026-11-21T12:00:00Z", "2026-11-21_09-30-12-1f2e", "vllm_core-1");
        lines.push(json!({"at":at,"run":run,"item":item,"event":"pulling","reference":reference,"present":false}));
        lines.push(json!({"at":at,"run":run,"item":item,"event":"pulled","reference":reference,"id":id,"digest":"","bytes":1}));
    }
    let lines: String = lines.into_iter().map(|line| line.to_string() + "\n").collect();
    fs::write(checkout.join("state/docker/images.jsonl"), lines).unwrap();
    checkout
}

fn prune(root: &Path, socket: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("prune").arg("--root").arg(root.join("checkout")).args(arguments).stdin(Stdio::null());
    command.env("DOCKER_HOST", socket).env("XDG_CONFIG_HOME", root.join("config")).env("XDG_STATE_HOME", root.join("state-home"));
    command
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn outcome(output: &Output) -> Value {
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    said["outcome"].clone()
}

/// Images that share a base and differ above it, pulled; their names and ids.
fn pull(engine: &Engine, registry: &Registry, tests: &str, names: &[&str]) -> Vec<(String, String)> {
    let base = || Layer::new().busybox().file("base", 4 * MB, Content::Half);
    let one = |(n, name): (usize, &&str)| {
        let layers = [base(), Layer::new().file(name, (10 + n as u64) * MB, Content::Half)];
        let pushed = registry.push(&format!("{tests}/{name}:1"), &layers);
        let reference = registry.reference(&pushed.name);
        engine.says(&["pull", "-q", &reference]);
        (reference, pushed.id)
    };
    names.iter().enumerate().map(one).collect()
}

fn ids(engine: &Engine) -> Vec<String> {
    let mut ids: Vec<String> = engine.says(&["images", "-aq", "--no-trunc"]).lines().map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn ours(pulled: &[(String, String)]) -> Vec<(&str, &str)> {
    pulled.iter().map(|(name, id)| (name.as_str(), id.as_str())).collect()
}

fn end(mut child: Child) -> Output {
    wait_until("its end", || child.try_wait().unwrap().is_some());
    child.wait_with_output().unwrap()
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

#[test]
fn scope_run_leaves_what_is_somebody_elses_and_what_is_used() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Vfs, Options::default()), Registry::shared(&root)) else { return };
    let pulled = pull(&engine, &registry, "prune-run", &["free", "used", "renamed", "foreign"]);
    checkout(&root, &ours(&pulled[..3]));
    engine.says(&["create", "--name", "theirs", "--network=none", &pulled[1].0, "/bin/true"]);
    engine.says(&["tag", &pulled[2].1, "mine:1"]);
    let dry = prune(&root, &engine.socket(), &["--dry-run"]).output().unwrap();
    let text = out(&dry);
    for why in ["run 1f2e pulled it", "used by container theirs (stopped)", "also named mine:1, not by us", "pulled by somebody else"] {
        assert!(text.contains(why), "{text}");
    }
    assert_eq!(ids(&engine).len(), 4, "a dry run removes nothing");
    let asked = prune(&root, &engine.socket(), &[]).output().unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    let done = prune(&root, &engine.socket(), &["--yes"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let mut stays: Vec<String> = pulled[1..].iter().map(|(_, id)| id.clone()).collect();
    stays.sort();
    assert_eq!(ids(&engine), stays);
    assert_eq!(engine.says(&["ps", "-a", "--format", "{{.Names}}"]), "theirs");
    let written = fs::read_to_string(root.join("checkout/state/docker/images.jsonl")).unwrap();
    let last: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["id"]), (&json!("removed"), &json!(pulled[0].1)));
}

#[test]
fn scope_all_ends_as_dockers_own_prune_does() {
    let (_gone, root) = folder();
    let [one, two] = ["one", "two"].map(|name| root.join(name));
    let (Some(registry), Some(ours), Some(twin)) = (
        Registry::shared(&root),
        Engine::start(&one, Driver::Vfs, Options::default()),
        Engine::start(&two, Driver::Vfs, Options::default()),
    ) else {
        return;
    };
    for engine in [&ours, &twin] {
        let pulled = pull(engine, &registry, "prune-all", &["a", "b", "c", "d"]);
        // several repositories; no name; used by what runs, and by what does not
        engine.says(&["tag", &pulled[0].1, "other/name:1"]);
        engine.import_busybox("local:1");
        engine.says(&["run", "-d", "--name", "runs", "--network=none", "-v", "kept:/kept", &pulled[1].0, "/bin/sleep", "1000"]);
        engine.says(&["create", "--name", "stopped", "--network=none", "-v", "named:/named", "-v", "/nobody", &pulled[2].0, "/bin/true"]);
        engine.says(&["commit", "stopped"]);
        engine.says(&["volume", "create", "alone"]);
    }
    checkout(&root, &[]);
    let done = prune(&root, &ours.socket(), &["--scope", "all", "--volumes", "--yes"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    twin.says(&["system", "prune", "-af", "--volumes"]);
    let state = |engine: &Engine| {
        let sorted = |arguments: &[&str]| {
            let mut lines: Vec<String> = engine.says(arguments).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        [
            sorted(&["images", "-a", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"]),
            sorted(&["ps", "-a", "--format", "{{.Names}}"]),
            sorted(&["volume", "ls", "--format", "{{.Name}}"]),
            sorted(&["network", "ls", "--format", "{{.Name}}"]),
        ]
    };
    let (left, expected) = (state(&ours), state(&twin));
    assert_eq!(left, expected);
    assert_eq!((left[0].len(), &left[2]), (1, &vec!["kept".to_owned()]), "what is used stays");
    for engine in [ours, twin] {
        engine.says(&["rm", "-f", "runs"]);
    }
}

#[test]
fn what_is_promised_is_what_the_disk_gives_back() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let Some(engine) = Engine::start(&root, driver, Options::on_own_disk(1000)) else { return };
        let pulled = pull(&engine, &registry, "prune-freed", &["a", "b", "c"]);
        checkout(&root, &ours(&pulled[..2]));
        let done = prune(&root, &engine.socket(), &["--yes", "--format", "json"]).output().unwrap();
        let outcome = outcome(&done);
        let [promised, freed] = ["promised", "freed"].map(|what| outcome["detail"][what].as_u64().unwrap());
        assert!(freed.abs_diff(promised) * 100 <= promised, "{driver:?}: promised {promised}, freed {freed}");
        assert_eq!(ids(&engine), [pulled[2].1.clone()]);
    }
}

#[test]
fn it_stops_between_two_images_and_says_what_is_left() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    let pulled = pull(&engine, &registry, "prune-stop", &["a", "b", "c"]);
    checkout(&root, &ours(&pulled));
    let gate = Gate::new(&root, &engine, 1, 0);
    let child = prune(&root, &gate.socket(), &["--yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the second removal", || gate.asked() == 2);
    signal(&child, rustix::process::Signal::INT);
    // it says so once it heard it
    let mut child = child;
    let mut said = [0; 1];
    child.stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
    gate.allow(usize::MAX);
    let ended = end(child);
    let text = out(&ended);
    assert_eq!(ended.status.code(), Some(6), "{ended:?}");
    assert!(text.contains("2 things removed") && text.contains("Stopped: 1 thing left"), "{text}");
    assert_eq!(ids(&engine).len(), 1);
}

#[test]
fn one_that_was_killed_is_told_and_finished_by_the_next() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    let pulled = pull(&engine, &registry, "prune-killed", &["a", "b", "c"]);
    checkout(&root, &ours(&pulled));
    let gate = Gate::new(&root, &engine, 1, 0);
    let mut child = prune(&root, &gate.socket(), &["--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the second removal", || gate.asked() == 2);
    let prunes = root.join("checkout/state/docker/prunes");
    let progress = || {
        let folder = fs::read_dir(&prunes).ok()?.flatten().next()?.path();
        serde_json::from_slice::<Value>(&fs::read(folder.join("progress.json")).ok()?).ok()
    };
    wait_for("its own word that one is gone", || progress().filter(|progress| progress["done"] == 1));
    child.kill().unwrap();
    child.wait().unwrap();
    let next = prune(&root, &engine.socket(), &["--yes"]).output().unwrap();
    let told = String::from_utf8_lossy(&next.stderr).into_owned();
    assert!(told.contains("was cut off after 1 of 3"), "{told}");
    assert_eq!(next.status.code(), Some(0), "{next:?}");
    assert_eq!(ids(&engine), [""; 0]);
    let last = prune(&root, &engine.socket(), &["--yes"]).output().unwrap();
    assert!(out(&last).contains("Nothing to remove") && last.stderr.is_empty(), "{last:?}");
}

#[test]
fn somebody_elses_prune_is_waited_for_and_an_engine_that_went_away_too() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    let pulled = pull(&engine, &registry, "prune-away", &["a", "b", "c"]);
    checkout(&root, &ours(&pulled));
    let gate = Gate::new(&root, &engine, 1, 2);
    // the worker, as a stage starts it
    let stage = root.join("stage");
    let order = json!({"scope": "run", "state": root.join("checkout/state/docker"), "run": "2026-11-21_09-30-12-1f2e"});
    fs::create_dir_all(&stage).unwrap();
    fs::write(stage.join("order.json"), order.to_string()).unwrap();
    let worker = Command::new(BINARY).arg("prune-images").arg(&stage).env("DOCKER_HOST", gate.socket()).spawn().unwrap();
    let progress = || serde_json::from_slice::<Value>(&fs::read(stage.join("progress.json")).ok()?).ok();
    let waits = |what: &str| progress().filter(|progress| progress["waits"].as_str().is_some_and(|waits| waits.contains(what)));
    wait_for("that it waits for a prune", || waits("somebody else's prune"));
    wait_until("the second removal", || gate.asked() == 2);
    engine.kill();
    gate.allow(usize::MAX);
    wait_for("that it waits for docker", || waits("docker, which went away"));
    engine.start_again();
    let ended = end(worker);
    assert!(ended.status.success(), "{ended:?}");
    let outcome: Value = serde_json::from_slice(&fs::read(stage.join("outcome.json")).unwrap()).unwrap();
    assert_eq!((&outcome["end"]["end"], &outcome["detail"]["removed"]), (&json!("done"), &json!(3)), "{outcome}");
    assert_eq!(ids(&engine), [""; 0]);
}

#[test]
fn no_engine_is_a_sentence() {
    let (_gone, root) = folder();
    checkout(&root, &[]);
    let ended = prune(&root, "unix:///nowhere/docker.sock", &["--dry-run"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(5), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("there is no docker here"), "{ended:?}");
}

#[test]
fn what_somebody_removed_and_pulled_again_is_his() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    let pushed: Vec<_> = ["again", "named", "ours"]
        .into_iter()
        .map(|name| registry.push(&format!("prune-signed/{name}:1"), &[Layer::new().busybox().file(name, MB, Content::Half)]))
        .collect();
    let references: Vec<String> = pushed.iter().map(|pushed| registry.reference(&pushed.name)).collect();
    checkout(&root, &[]);
    let stage = root.join("pulls");
    fs::create_dir_all(&stage).unwrap();
    let order = json!({"run": "r", "item": "i", "images": references, "state": root.join("checkout/state/docker")});
    fs::write(stage.join("order.json"), order.to_string()).unwrap();
    let mut pull = Command::new(BINARY);
    pull.arg("pull-images").arg(&stage).env("DOCKER_HOST", engine.socket()).env("DOCKER_CONFIG", root.join("nobody"));
    assert!(pull.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
    let dry = out(&prune(&root, &engine.socket(), &["--dry-run"]).output().unwrap());
    assert_eq!(dry.matches("run r pulled it").count(), 3, "{dry}");
    engine.says(&["pull", "-q", &references[2]]);
    engine.says(&["rmi", &references[0]]);
    engine.says(&["pull", "-q", &references[0]]);
    engine.says(&["tag", &references[1], &references[1]]);
    let done = prune(&root, &engine.socket(), &["--yes"]).output().unwrap();
    assert_eq!(out(&done).matches("named or pulled again by somebody else").count(), 2, "{done:?}");
    let mut stays: Vec<String> = pushed[..2].iter().map(|pushed| pushed.id.clone()).collect();
    stays.sort();
    assert_eq!(ids(&engine), stays);
}
