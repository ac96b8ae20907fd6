//! Containers: whose they are by their labels, and what they use by their control groups.

use std::os::unix::net::UnixListener;

use isobench_tui::docker::labels;
use isobench_tui::telemetry::GroupReading;

use super::*;
use crate::engine::{Driver, Engine};

/// A container of a test, that goes with it.
struct Contained<'a> {
    engine: &'a Engine,
    name: String,
}

impl<'a> Contained<'a> {
    fn run(engine: &'a Engine, name: &str, options: &[&str], script: &str) -> Self {
        let name = format!("whose-{}-{name}", std::process::id());
        let mut arguments = vec!["run", "-d", "--network", "none", "--name", &name];
        arguments.extend(options);
        arguments.extend(["whose-busybox", "sh", "-c", script]);
        engine.says(&arguments);
        Self { engine, name }
    }

    fn asked(&self, what: &str) -> String {
        self.engine.says(&["inspect", "-f", what, &self.name])
    }

    fn pid(&self) -> u32 {
        self.asked("{{.State.Pid}}").parse().unwrap()
    }

    fn other(&self, name: Option<&str>) -> Whose {
        Whose::Container { id: self.asked("{{.Id}}").get(..12).unwrap().to_owned(), name: name.map(str::to_owned) }
    }

    fn group(&self, attribution: &mut Attribution) -> Option<GroupReading> {
        attribution.groups().remove(&self.name)
    }
}

impl Drop for Contained<'_> {
    fn drop(&mut self) {
        self.engine.docker(&["rm", "-f", &self.name]);
    }
}

fn busybox(engine: &Engine) {
    if !engine.docker(&["image", "inspect", "whose-busybox"]).status.success() {
        engine.import_busybox("whose-busybox");
    }
}

const LOOP: &str = "while :; do :; done";

fn ours() -> Vec<String> {
    let labels = [(labels::RUN, "r-1"), (labels::ITEM, "vllm.core-1"), (labels::ATTEMPT, "2"), (labels::STAGE, "candidate")];
    labels.iter().flat_map(|(name, value)| ["--label".to_owned(), format!("{name}={value}")]).collect()
}

#[test]
fn a_containers_processes_are_its_stages_by_its_labels_or_the_containers() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::shared(&root, Driver::Vfs) else { return };
    busybox(&engine);
    let labels = ours();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let ours = Contained::run(&engine, "ours", &labels, "sleep 1000");
    let other = Contained::run(&engine, "other", &[], "sleep 1000 & sleep 1000; wait");
    let mut attribution = Attribution::start(Some(super::engine(&engine.socket())));
    let stage = Whose::of_tag("r-1/vllm.core-1.2/candidate").unwrap();
    // until the engine answered for the first time it is nobody's
    let first = wait_for("the engine's answer", || Some(attribution.of(ours.pid()).whose).filter(|whose| *whose != Whose::Unknown));
    assert_eq!(first, stage);
    let known = attribution.of(other.pid());
    assert_eq!((known.whose, known.user.as_deref()), (other.other(Some(&other.name)), Some("root")));
    let main = i32::try_from(other.pid()).unwrap();
    let child = wait_for("a process of its", || process::descendants(main).first().copied());
    assert_eq!(whose(&mut attribution, child), other.other(Some(&other.name)));
    assert_eq!(attribution.docker_root(), Some(engine.data()));
    let later = Contained::run(&engine, "later", &labels, "sleep 1000");
    let first = wait_for("the next look", || Some(attribution.of(later.pid()).whose).filter(|whose| *whose != Whose::Unknown));
    assert_eq!(first, stage, "one that began since the last look");
}

#[test]
fn an_engine_that_hangs_delays_names_and_nothing_else_and_one_that_is_absent_has_no_containers_of_ours() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::shared(&root, Driver::Vfs) else { return };
    busybox(&engine);
    let other = Contained::run(&engine, "silent", &[], "sleep 1000");
    let socket = root.join("silent.sock");
    let _silent = UnixListener::bind(&socket).unwrap();
    let mut silent = Attribution::start(Some(super::engine(&format!("unix://{}", socket.display()))));
    let sleep = Running::sleep();
    assert!(matches!(silent.of(sleep.pid()).whose, Whose::Foreign { .. }));
    let known = silent.of(other.pid());
    assert_eq!((known.name.as_deref(), known.user.as_deref(), known.whose), (Some("sleep"), Some("root"), Whose::Unknown));
    assert!(!silent.groups().contains_key(&other.name));
    let mut absent = without_engine();
    wait_until("no engine", || absent.of(other.pid()).whose == other.other(None));
}

#[test]
fn a_container_is_a_group_with_what_it_uses_for_as_long_as_it_runs() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::shared(&root, Driver::Vfs) else { return };
    busybox(&engine);
    let busy = Contained::run(&engine, "busy", &[], &format!("sleep 1000 & sleep 1000 & {LOOP}"));
    let mut attribution = Attribution::start(Some(super::engine(&engine.socket())));
    // the shell, and what it starts
    let is_whole = |group: &GroupReading| group.cpu.is_some() && group.pids == Some(3);
    let group = wait_for("two readings", || busy.group(&mut attribution).filter(is_whole));
    assert_eq!(group.whose, busy.other(Some(&busy.name)), "{group:?}");
    // docker's own counting
    let stats = engine.says(&["stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", &busy.name]);
    assert!(stats.starts_with("3 "), "{stats}");
    assert!(group.memory.is_some_and(|bytes| (10_000..20_000_000).contains(&bytes)), "{group:?} beside {stats}");
    wait_until("the loop to be seen at work", || busy.group(&mut attribution).and_then(|group| group.cpu).is_some_and(|cpu| cpu > 50));
    let idle = Contained::run(&engine, "idle", &[], "sleep 1000");
    wait_until("the other to be seen at rest", || idle.group(&mut attribution).and_then(|group| group.cpu).is_some_and(|cpu| cpu < 50));
    engine.says(&["restart", "-t", "0", &idle.name]);
    wait_until("it to be counted again", || idle.group(&mut attribution).is_some_and(|group| group.cpu.is_some() && group.pids == Some(1)));
    engine.says(&["kill", &busy.name]);
    wait_until("it to run no more", || busy.group(&mut attribution).is_none());
    assert!(idle.group(&mut attribution).is_some());
    engine.says(&["rm", "-f", &idle.name]);
    wait_until("it to be gone", || idle.group(&mut attribution).is_none());
}
