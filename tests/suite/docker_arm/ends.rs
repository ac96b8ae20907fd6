//! How arms end.

use super::*;

/// The order's one thing that is not as usual.
#[expect(clippy::needless_pass_by_value, reason = "callers make it where they call")]
fn with(name: &str, value: Value) -> Value {
    json!({ name: value })
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let end = |script: &str| Worker::start(&root, &engine, script, &json!({})).end();
    assert_eq!(end("mark phase prepare; exit 3").end, exited(3));
    let killed = end("mark phase prepare; sleep 1000 & kill -SEGV $!; wait $!");
    assert_eq!(killed.end, exited(139), "its last command was ended by a signal");
    let mut worker = Worker::start(&root, &engine, "mark phase prepare; sleep 1000", &json!({}));
    worker.phase(ArmPhase::Prepare);
    let id = worker.container();
    worker.marks();
    engine.says(&["kill", "-s", "KILL", &id]);
    worker.ends(&exited(137));
    let mut worker = Worker::start(&root, &engine, "mark phase prepare; sleep 1000", &json!({}));
    let id = worker.container();
    worker.marks();
    engine.says(&["rm", "-f", &id]);
    // it is killed first, and perhaps still there when we ask
    assert_eq!(worker.fails(), (FailureClass::Killed, "somebody removed the container while it ran".to_owned()));
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn what_the_kernel_kills_for_its_memory_is_said_even_where_the_script_outlives_it() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    for (script, code) in [("busybox tail /dev/zero; exit 4", 4), ("exec busybox tail /dev/zero", 137)] {
        let script = format!("mark phase prepare; until_there go; {script}");
        let mut worker = Worker::start(&root, &engine, &script, &json!({}));
        worker.phase(ArmPhase::Prepare);
        let id = worker.container();
        worker.marks();
        engine.says(&["update", "--memory", "32m", "--memory-swap", "32m", &id]);
        worker.open("go");
        worker.ends(&ArmEnd::Exited { code, oom: true });
    }
}

#[test]
fn a_phase_that_takes_too_long_is_ended_and_named() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let late = |phase, limit_ms| ArmEnd::Late { phase, limit_ms };
    let start = "trap '' TERM; mark phase prepare; mark phase start; while :; do sleep 1; done";
    let mut worker = Worker::start(&root, &engine, start, &with("ready_ms", json!(700)));
    worker.ends(&late(ArmPhase::Start, 700));
    assert!(worker.progress().unwrap().deadline.is_some());
    let bench = "mark phase prepare; mark phase ready; mark phase bench; sleep 1000";
    let mut worker = Worker::start(&root, &engine, bench, &json!({"ready_ms": 60_000, "bench_ms": 600}));
    let outcome = worker.ends(&late(ArmPhase::Bench, 600));
    let bench = outcome.phases.iter().find(|span| span.phase == ArmPhase::Ready).unwrap().from_ms;
    assert!(outcome.duration_ms >= bench + 600, "{outcome:?}");
    // nothing is to be ready: all of it is the benchmark
    let mut worker =
        Worker::start(&root, &engine, "mark phase prepare; mark phase stop; sleep 1000", &json!({"kind": "latency", "bench_ms": 700}));
    worker.ends(&late(ArmPhase::Stop, 700));
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn what_can_not_be_run_is_said_with_what_to_do() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let fails = |more: &Value| Worker::start(&root, &engine, "mark phase prepare", more).fails();
    let (class, why) = fails(&with("image", json!("nobody:1")));
    assert!(class == FailureClass::ImageMissing && why.starts_with("nobody:1 is not here: somebody removed it"), "{why}");
    let missing = json!([{"from": root.join("nosuch"), "to": "/data/set.json", "read_only": true}]);
    let (_, why) = fails(&with("mounts", missing));
    assert!(why.contains("/nosuch, which the container is to see as /data/set.json, can't be mounted: No such file"), "{why}");
    assert!(!root.join("nosuch").exists());
    let (class, why) = fails(&with("gpus", json!(["GPU-1"])));
    assert!(
        class == FailureClass::GpuLost && why.starts_with("docker knows no GPUs: install the NVIDIA container toolkit"),
        "{class}: {why}"
    );
    let bare = root.join("bare.tar");
    fs::write(&bare, crate::engine::images::Layer::new().text("etc/nothing", "x").pack().tar()).unwrap();
    engine.says(&["import", bare.to_str().unwrap(), "bare:1"]);
    let (class, why) = fails(&with("image", json!("bare:1")));
    assert!(class == FailureClass::ArmCrashed && why.starts_with("bare:1 has no /bin/sh, which every arm needs"), "{why}");
    assert_eq!(containers(&engine), [""; 0]);
    engine.kill();
    let (class, why) = fails(&json!({}));
    assert!(class == FailureClass::NoDocker && why.contains("start Docker, or set DOCKER_HOST"), "{why}");
}

#[test]
fn a_script_that_leaves_no_mark_is_told_with_what_the_shell_said() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let mut worker = Worker::start(&root, &engine, "exit 0", &json!({}));
    let (_, why) = worker.fails();
    assert!(
        why.starts_with("the container ended with 0 and wrote nothing into /") && why.ends_with("sees that folder, and as root"),
        "{why}"
    );
    let mut worker = Worker::start(&root, &engine, "", &json!({}));
    // as where the engine sees another folder of that name
    let script = worker.folder.join("io/arm.sh");
    worker.end();
    fs::remove_file(script).unwrap();
    let (class, why) = Worker::again(&engine, &worker.folder).fails();
    assert!(class == FailureClass::Unknown && why.contains("can't open '/isobench-tui/arm.sh'"), "{why}");
}

#[test]
fn a_stop_ends_it_soon_whether_it_runs_or_is_paused() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let hears = "trap 'mark phase stop; exit 143' TERM; mark phase prepare; while :; do busybox usleep 20000; done";
    let mut worker = Worker::start(&root, &engine, hears, &json!({}));
    worker.marks();
    worker.signal(Signal::TERM);
    assert!(worker.ends(&ArmEnd::Stopped).marks.contains(&"phase stop".to_owned()), "it was not asked");
    let mut deaf = Worker::start(&root, &engine, "trap '' TERM; mark phase prepare; while :; do sleep 1; done", &json!({}));
    deaf.marks();
    deaf.signal(Signal::USR1);
    deaf.told("the pause", |progress| progress.paused.map(drop));
    deaf.signal(Signal::TERM);
    let outcome = deaf.ends(&ArmEnd::Stopped);
    assert!(outcome.paused_ms > 0, "{outcome:?}");
    assert_eq!(containers(&engine), [""; 0]);
}

#[test]
fn what_is_paused_stands_still_and_its_limits_with_it() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    let beats = "mark phase prepare; while [ ! -e go ]; do echo x >>out; busybox usleep 10000; done";
    let mut worker = Worker::start(&root, &engine, beats, &with("ready_ms", json!(3_000)));
    let id = worker.container();
    let before = worker.told("a limit", |progress| progress.deadline);
    worker.marks();
    worker.signal(Signal::USR1);
    worker.told("the pause", |progress| progress.paused.map(drop));
    assert_eq!(inspect(&engine, &id)["State"]["Status"], "paused");
    let beats = || fs::metadata(worker.io("out")).unwrap().len();
    let stands = beats();
    std::thread::sleep(std::time::Duration::from_millis(3_500)); // longer than the limit
    assert_eq!(beats(), stands, "it went on");
    worker.signal(Signal::USR2);
    let after = worker.told("the end of the pause", |progress| progress.deadline.filter(|_| progress.paused.is_none()));
    assert!(after.duration_since(before).as_millis() >= 3_500, "{before} became {after}");
    worker.open("go");
    let outcome = worker.ends(&exited(0));
    assert!(outcome.paused_ms >= 3_500 && outcome.duration_ms >= outcome.paused_ms, "{outcome:?}");
    assert_eq!(outcome.outside, None, "what we did ourselves is nobody else's doing");
    assert_eq!(outcome.frozen_ms(7), 7, "nobody knows when it measured");
}

#[test]
fn a_pause_before_anything_is_measured_is_told_from_one_meanwhile() {
    let (_gone, root) = folder();
    let Some(engine) = engine(&root, Options::default()) else { return };
    // far enough behind the pauses that nobody can take it for read late
    let script = "mark phase prepare; until_there go; sleep 2; mark phase bench; until_there on";
    let mut worker = Worker::start(&root, &engine, script, &json!({}));
    let id = worker.container();
    worker.marks();
    let pause = |worker: &mut Worker, is_ours: bool| {
        if is_ours {
            worker.signal(Signal::USR1);
            worker.told("our pause", |progress| progress.paused.map(drop));
            worker.signal(Signal::USR2);
        } else {
            engine.says(&["pause", &id]);
            worker.told("their pause", |progress| progress.is_paused_outside().then_some(()));
            engine.says(&["unpause", &id]);
        }
        worker.told("its end", |progress| progress.paused.is_none().then_some(()));
    };
    pause(&mut worker, true);
    pause(&mut worker, false);
    worker.open("go");
    worker.phase(ArmPhase::Bench);
    let progress = worker.progress().unwrap();
    let (before, outside) = (progress.before.unwrap(), progress.outside.unwrap());
    assert!(before.ours_ms > 0 && before.outside_ms == outside.ms, "{before:?} {outside:?}");
    pause(&mut worker, false);
    worker.open("on");
    let outcome = worker.ends(&exited(0));
    assert_eq!((outcome.frozen_ms(7), outcome.before), (0, Some(before)), "{outcome:?}");
    assert_eq!(outcome.paused_outside().unwrap().ms, outcome.outside.unwrap().ms - outside.ms, "{outcome:?}");
}

#[test]
fn a_pause_from_outside_is_told_does_not_count_and_is_known_at_the_end() {
    let (_gone, root) = folder();
    let live = ("DOCKERD_JSON".to_owned(), r#"{"live-restore": true}"#.to_owned());
    let Some(engine) = engine(&root, Options { env: vec![live], ..Options::default() }) else { return };
    let mut worker = Worker::start(&root, &engine, "mark phase prepare; until_there go", &with("ready_ms", json!(3_000)));
    let id = worker.container();
    let before = worker.told("a limit", |progress| progress.deadline);
    worker.marks();
    engine.says(&["pause", &id]);
    worker.told("the pause", |progress| progress.paused.filter(|_| progress.is_paused_outside()));
    std::thread::sleep(std::time::Duration::from_millis(3_500)); // longer than the limit
    engine.says(&["unpause", &id]);
    let (after, first) = worker.told("the end of the pause", |progress| {
        let outside = progress.outside.filter(|outside| outside.to.is_some() && progress.paused.is_none());
        Some((progress.deadline?, outside?))
    });
    assert!(first.ms >= 3_500 && after.duration_since(before).as_millis() >= 3_500, "{first:?}: {before} became {after}");
    // one that is over before anybody can look
    engine.says(&["pause", &id]);
    engine.says(&["unpause", &id]);
    let second = worker.told("the second pause", |progress| progress.outside.filter(|outside| outside.to > first.to));
    assert!(second.from == first.from && second.ms > first.ms, "{second:?} {first:?}");
    // and one that it is told of by an engine that was away meanwhile
    engine.kill();
    engine.start_again();
    engine.says(&["pause", &id]);
    worker.told("the third pause", |progress| progress.is_paused_outside().then_some(()));
    worker.signal(Signal::USR1);
    let ours = worker.told("our own pause", |progress| progress.paused.filter(|_| !progress.is_paused_outside()));
    worker.signal(Signal::USR2);
    worker.told("the end of all pauses", |progress| progress.paused.is_none().then_some(()));
    worker.open("go");
    let outcome = worker.ends(&exited(0));
    let outside = outcome.outside.unwrap();
    assert!(outside.ms > second.ms && outside.to.unwrap() <= ours && outcome.paused_ms >= outside.ms, "{outcome:?}");
}
