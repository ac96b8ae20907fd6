//! `run-arm` with a real engine: what it says while the container runs, how it ends, and that nothing is left behind, whatever
//! happens in between.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

mod ends;
mod rough;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use isobench_tui::docker::arm::{ArmEnd, ArmOutcome};
use isobench_tui::domain::{ArmPhase, ArmProgress, FailureClass};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_for, wait_until};

/// Of all arms here.
const IMAGE: &str = "arm:1";

/// What the arms get by their environment, and no file may hold.
const TOKEN: &str = "hf_open-sesame-12";

/// What the scripts use.
const WORDS: &str =
    "cd /isobench-tui; mark() { echo \"$*\" >>marks; }; until_there() { until [ -e \"$1\" ]; do busybox usleep 20000; done; }\n";

/// An engine with the image of the arms.
fn engine(root: &Path, options: Options) -> Option<Engine> {
    let engine = Engine::start(root, Driver::Overlay2, options)?;
    engine.import_busybox(IMAGE);
    Some(engine)
}

/// A `run-arm`, watched.
struct Worker {
    folder: PathBuf,
    child: Child,
}

impl Worker {
    fn start(root: &Path, engine: &Engine, script: &str, more: &Value) -> Self {
        Self::again(engine, &Self::ordered(root, script, more))
    }

    /// A stage's folder as the runner makes it.
    fn ordered(root: &Path, script: &str, more: &Value) -> PathBuf {
        let name = (0..99).map(|n| root.join(format!("arm-{n}"))).find(|folder| !folder.exists());
        let stage = name.unwrap();
        fs::create_dir_all(stage.join("io")).unwrap();
        fs::set_permissions(stage.join("io"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(stage.join("io/arm.sh"), format!("{WORDS}{script}")).unwrap();
        let mut order = json!({
            "run": "2026-11-22_01-02-03-beef", "attempt": {"item": "c-0001", "n": 2}, "stage": "candidate", "image": IMAGE,
            "kind": "serving", "pass": ["HF_TOKEN", "NOT_SET"], "set": ["COLOUR=blue"], "mounts": [], "shm": 32 << 20,
            "ipc_host": false, "gpus": [], "ready_ms": null, "bench_ms": null,
        });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fs::write(stage.join("order.json"), order.to_string()).unwrap();
        stage
    }

    /// One more in the same folder.
    fn again(engine: &Engine, stage: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isobench-tui"));
        command.arg("run-arm").arg(stage).env("DOCKER_HOST", engine.socket()).env("HF_TOKEN", TOKEN);
        let out = fs::File::options().create(true).append(true).open(stage.join("out")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        Self { folder: stage.to_owned(), child }
    }

    fn progress(&self) -> Option<ArmProgress> {
        let text = fs::read_to_string(self.folder.join("progress.json")).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    fn io(&self, name: &str) -> PathBuf {
        self.folder.join("io").join(name)
    }

    /// Waits until the script has told something.
    fn marks(&self) {
        wait_until("the script", || fs::metadata(self.io("marks")).is_ok_and(|marks| marks.len() > 0));
    }

    /// Lets the script go on that waits for a file.
    fn open(&self, name: &str) {
        fs::write(self.io(name), "").unwrap();
    }

    /// Waits for what it tells.
    fn told<T>(&mut self, what: &str, look: impl Fn(&ArmProgress) -> Option<T>) -> T {
        wait_for(what, || {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before: {what}; {}", self.said());
            look(&self.progress()?)
        })
    }

    fn phase(&mut self, phase: ArmPhase) {
        self.told(phase.name(), |progress| (progress.phase() == Some(phase)).then_some(()));
    }

    /// The container, once it is made.
    fn container(&mut self) -> String {
        self.told("a container", |progress| progress.container.clone())
    }

    fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{} {}", read("out"), read("outcome.json"))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn killed(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
        assert!(!self.folder.join("outcome.json").exists());
    }

    /// How it ended.
    fn end(&mut self) -> ArmOutcome {
        let status = wait_for("the end of the worker", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}: {}", self.said());
        serde_json::from_str(&fs::read_to_string(self.folder.join("outcome.json")).unwrap()).unwrap()
    }

    fn ends(&mut self, end: &ArmEnd) -> ArmOutcome {
        let outcome = self.end();
        assert_eq!(outcome.end, *end, "{}", self.said());
        outcome
    }

    fn fails(&mut self) -> (FailureClass, String) {
        match self.end().end {
            ArmEnd::Failed { class, why } => (class, why),
            other => panic!("{other:?}: {}", self.said()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const fn exited(code: i64) -> ArmEnd {
    ArmEnd::Exited { code, oom: false }
}

fn containers(engine: &Engine) -> Vec<String> {
    engine.says(&["ps", "-aq"]).lines().map(str::to_owned).collect()
}

fn inspect(engine: &Engine, id: &str) -> Value {
    serde_json::from_str::<Value>(&engine.says(&["inspect", id])).unwrap()[0].clone()
}

const GOOD: &str = r#"mark phase prepare; mark "python $HF_TOKEN"; mark "vllm 0.6.3"; mark repaired transformers
[ "$COLOUR" = blue ] && [ "${NOT_SET-none}" = none ] && [ "$(cat /patch)" = patched ] && ! echo x 2>/dev/null >/patch || exit 9
mark phase start; echo "listens on $ISOBENCH_PORT" >>server
mark phase ready; until_there go; mark phase bench; echo "token: $HF_TOKEN" >>out; echo bar >>err; mark client 0
"#;

#[test]
fn a_good_arm_is_told_while_it_runs_and_leaves_its_output_and_no_container() {
    use ArmPhase::{Bench, Create, Prepare, Ready, Start, Stop};
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let patch = root.join("patch");
    fs::write(&patch, "patched").unwrap();
    let mounts = json!({"mounts": [{"from": patch, "to": "/patch", "read_only": true}]});
    let mut worker = Worker::start(&root, &engine, GOOD, &mounts);
    worker.phase(Ready);
    let id = worker.container();
    let found = inspect(&engine, &id);
    let labels = [("run", "2026-11-22_01-02-03-beef"), ("item", "c-0001"), ("attempt", "2"), ("stage", "candidate")];
    for (name, value) in labels {
        assert_eq!(found["Config"]["Labels"][format!("isobench-tui.{name}")], value, "{}", found["Config"]["Labels"]);
    }
    assert_eq!(found["Name"], "/isobench-2026-11-22_01-02-03-beef-c-0001.2-candidate");
    let env: Vec<&str> = found["Config"]["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let port = env.iter().find_map(|pair| pair.strip_prefix("ISOBENCH_PORT=")).unwrap().to_owned();
    assert!(env.contains(&&*format!("HF_TOKEN={TOKEN}")) && env.contains(&"COLOUR=blue"), "{env:?}");
    assert_eq!(found.to_string().matches(TOKEN).count(), 1, "more is known of it than the container needs");
    let host = &found["HostConfig"];
    assert_eq!((&host["NetworkMode"], &host["ShmSize"], &host["AutoRemove"]), (&json!("host"), &json!(32 << 20), &json!(false)));
    assert_eq!((&host["RestartPolicy"]["Name"], &host["LogConfig"]["Config"]["max-size"]), (&json!("no"), &json!("1m")));
    worker.open("go");
    let outcome = worker.ends(&exited(0));
    assert_eq!(containers(&engine), [""; 0]);
    let read = |name: &str| fs::read_to_string(worker.io(name)).unwrap();
    assert_eq!(
        (read("server"), read("out"), read("err")),
        (format!("listens on {port}\n"), format!("token: {TOKEN}\n"), "bar\n".to_owned())
    );
    for file in ["order.json", "progress.json", "outcome.json", "figures.jsonl", "out"] {
        let path = worker.folder.join(file);
        assert!(!fs::read_to_string(&path).unwrap().contains(TOKEN), "{file} holds the token");
        assert!(file == "order.json" || file == "out" || path.metadata().unwrap().permissions().mode() & 0o777 == 0o600, "{file}");
    }
    assert_eq!(worker.io("server").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(outcome.container.as_ref().unwrap().starts_with(&id) && outcome.image_id.unwrap().starts_with("sha256:"));
    let phases: Vec<ArmPhase> = outcome.phases.iter().map(|span| span.phase).collect();
    assert_eq!(phases, [Create, Prepare, Start, Ready, Bench, Stop]);
    assert!(outcome.phases.iter().all(|span| span.ms.is_some()) && outcome.paused_ms == 0);
    assert!(outcome.marks.contains(&"python •••".to_owned()) && outcome.marks.contains(&"client 0".to_owned()), "{:?}", outcome.marks);
    let progress = worker.progress().unwrap();
    assert_eq!(
        (progress.repairs, progress.printed),
        (vec!["transformers".to_owned()], (read("server").len() + read("out").len() + 4) as u64)
    );
}

#[test]
fn the_servers_figures_are_asked_for_and_kept() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    // some versions of vLLM only point from `/metrics` to `/metrics/`
    let serves = r#"mark phase prepare; mark phase start; busybox mkdir -p /www/metrics
    printf 'vllm:num_requests_running{model_name="m"} 3.0\nvllm:num_requests_waiting{model_name="m"} 7.0\n' >/www/metrics/index.html
    busybox httpd -p "127.0.0.1:$ISOBENCH_PORT" -h /www; mark phase ready; until_there go"#;
    let mut worker = Worker::start(&root, &engine, serves, &json!({}));
    let figures = worker.told("figures", |progress| progress.figures.clone());
    assert_eq!((figures.running, figures.waiting), (Some(3.0), Some(7.0)));
    wait_until("a second sample", || fs::read_to_string(worker.folder.join("figures.jsonl")).unwrap().lines().count() > 1);
    worker.open("go");
    worker.ends(&exited(0));
    let none = "mark phase prepare; mark phase ready; until_there go";
    let mut worker = Worker::start(&root, &engine, none, &json!({}));
    let says = worker.told("a word of that", |progress| progress.says.clone());
    assert!(says.starts_with("no figures of the server's /metrics: "), "{says}");
    worker.open("go");
    worker.ends(&exited(0));
}

#[test]
fn what_was_repaired_is_no_trouble_any_more_and_what_comes_after_it_may_be() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let repaired = r#"mark phase prepare; mark phase start; error="ModuleNotFoundError: No module named 'transformers.utils'"
    echo "$error" >>server; until_there repaired; mark "again server $(busybox wc -c <server)"
    until_there again; echo "loads" >>server; echo "$error" >>server; until_there go"#;
    let mut worker = Worker::start(&root, &engine, repaired, &json!({}));
    let broken = "ModuleNotFoundError: No module named 'transformers.utils'";
    let is_said = |progress: &ArmProgress| progress.says.as_deref().is_some_and(|says| says.contains(broken));
    worker.told("what is broken", |progress| is_said(progress).then_some(()));
    worker.open("repaired");
    worker.told("that it is repaired", |progress| progress.says.is_none().then_some(()));
    worker.open("again");
    worker.told("that it was no repair", |progress| is_said(progress).then_some(()));
    worker.open("go");
    worker.ends(&exited(0));
}
