//! The testbed itself: what it promises to the tests of Docker.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

use std::time::{Duration, Instant};

use crate::engine::images::{Content, Layer, Room, shapes};
use crate::engine::proxy::{Mood, Proxy};
use crate::engine::registry::{Pushed, Registry};
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_until};

const MB: u64 = 1_000_000;

#[test]
fn an_image_put_into_the_registry_is_pulled_and_its_container_runs() {
    let (_gone, root) = folder();
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let (Some(engine), Some(registry)) = (Engine::shared(&root, driver), Registry::shared(&root)) else { continue };
        let name = format!("testbed/runs:{driver:?}").to_lowercase();
        let lower = Layer::new().busybox().text("etc/kept", "kept").text("etc/gone", "gone").pack();
        let upper = Layer::new().many("opt/small", 50, 100).without("etc/gone").pack();
        let pushed = registry.push_packed(&name, &[lower, upper]);
        let reference = registry.reference(&pushed.name);
        engine.says(&["pull", &reference]);
        assert_eq!(engine.says(&["image", "inspect", "-f", "{{.Id}}", &reference]), pushed.id);
        let by_digest = engine.says(&["image", "inspect", "-f", "{{join .RepoDigests \" \"}}", &reference]);
        assert!(by_digest.contains(&pushed.digest), "{by_digest}");
        let seen =
            engine.says(&["run", "--rm", "--network=none", &reference, "/bin/sh", "-c", "cat /etc/kept; ls /etc /opt/small | wc -l"]);
        // the file, and: two folders' names, a line between them, one file left in /etc, and what docker itself puts there
        assert!(seen.starts_with("kept"), "{seen}");
        let gone = engine.docker(&["run", "--rm", "--network=none", &reference, "/bin/cat", "/etc/gone"]);
        assert!(String::from_utf8_lossy(&gone.stderr).contains("can't open '/etc/gone'"), "{gone:?}");
        engine.says(&["rmi", &reference]);
    }
}

#[test]
fn layers_are_as_big_and_as_dense_as_they_were_ordered() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    let layers = [
        Layer::new().busybox().file("a", 3 * MB, Content::Half).pack(),
        Layer::new().file("b", 2 * MB, Content::Zeros).many("small", 50, 700).pack(),
        Layer::new().text("tiny", "tiny").pack(),
        Layer::new().file("c", MB, Content::Noise).without("a").pack(),
    ];
    let pushed = registry.push_packed("testbed/layers:1", &layers);
    let [first, second, third, fourth] = &*pushed.layers else { unreachable!("four layers") };
    assert!(first.compressed * 3 / 2 < first.files && second.compressed * 10 < second.files, "{pushed:?}");
    assert!(fourth.compressed >= fourth.files && third.files == 4 && third.tar == 2048, "{pushed:?}");
    assert_eq!(pushed.room.layers, first.files + second.files + 4 + MB);
    assert_eq!(pushed.room.tree, pushed.room.layers - 3 * MB);
    let up_to_third = 3 * first.files + 2 * second.files + third.files;
    assert_eq!(pushed.room.copies, up_to_third + pushed.room.tree);
}

/// The reference's arithmetic: on vfs an image takes the sum over its layers of the whole tree so far, and a container two more trees.
#[test]
fn what_an_image_takes_is_what_its_layers_say() {
    let (_gone, root) = folder();
    let Some(registry) = Registry::shared(&root) else { return };
    let images: Vec<_> = shapes().iter().map(|(name, layers)| registry.push(&format!("testbed/{name}:1"), layers)).collect();
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let Some(engine) = Engine::start(&root, driver, Options::on_own_disk(600)) else { continue };
        let copies = |promised: Room| if driver == Driver::Vfs { promised.copies } else { promised.layers };
        // the first of all makes files of the engine's own, which stay
        engine.import_busybox("testbed/first:1");
        engine.says(&["run", "--rm", "--network=none", "testbed/first:1", "true"]);
        let before = engine.used();
        for image in &images {
            let reference = registry.reference(&image.name);
            engine.says(&["pull", "-q", &reference]);
            close(image, engine.used() - before, copies(image.blocks));
            engine.says(&["create", "--name=cc", "--network=none", &reference]);
            let two_more = if driver == Driver::Vfs { 2 * image.blocks.tree } else { 0 };
            close(image, engine.used() - before, copies(image.blocks) + two_more);
            engine.says(&["rm", "cc"]);
            engine.says(&["rmi", &reference]);
            wait_until("what was taken to be given back", || engine.used() < before + MB / 2);
        }
    }
}

/// Within 1 %, dockerd's own notes apart: a dozen small files a layer.
fn close(image: &Pushed, found: u64, promised: u64) {
    let notes = 60_000 * (image.layers.len() as u64 + 2);
    println!("{}: {found} bytes, {promised} promised", image.name);
    assert!(found.abs_diff(promised) < promised / 100 + notes, "{}: {found} bytes, {promised} promised", image.name);
}

#[test]
fn an_engine_and_a_registry_that_are_killed_start_again_with_what_they_had() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options::default()) else { return };
    let Some(registry) = Registry::start(&root) else { return };
    let image = [Layer::new().busybox()];
    let reference = registry.reference(&registry.push("testbed/killed:1", &image).name);
    registry.stop();
    let refused = engine.docker(&["pull", &reference]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("connection refused"), "{refused:?}");
    registry.start_again();
    engine.says(&["pull", &reference]);
    engine.says(&["run", "-d", "--network=none", "--stop-signal=KILL", "--name=cc", &reference, "sleep", "1000"]);
    engine.kill();
    assert!(!engine.docker(&["version"]).status.success());
    engine.start_again();
    assert!(engine.says(&["image", "ls", "-q"]).len() == 12);
    assert_eq!(engine.says(&["inspect", "-f", "{{.State.Running}}", "cc"]), "false");
    // what is left alive is ended with the engine
    engine.says(&["start", "cc"]);
    let shim = || processes(&root).iter().any(|words| words.contains("containerd-shim"));
    assert!(shim(), "{:?}", processes(&root));
    engine.kill();
    assert!(shim());
    drop((engine, registry));
    assert_eq!(processes(&root), [""; 0]);
    assert!(!std::fs::read_to_string("/proc/self/mounts").unwrap().contains(root.to_str().unwrap()));
}

/// Those that name this folder.
fn processes(folder: &std::path::Path) -> Vec<String> {
    let read = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("cmdline")).ok();
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(read);
    all.map(|words| words.replace('\0', " ")).filter(|words| words.contains(folder.to_str().unwrap())).collect()
}

#[test]
fn a_proxy_slows_cuts_hangs_and_answers_in_the_registrys_place() {
    let (_gone, root) = folder();
    let env = vec![("ISOBENCH_OF_A_TEST".to_owned(), "1".to_owned())];
    let Some(engine) = Engine::start(&root, Driver::Vfs, Options { env, ..Options::default() }) else { return };
    let Some(registry) = Registry::shared(&root) else { return };
    let pushed = registry.push("testbed/slow:1", &[Layer::new().file("a", 2 * MB, Content::Noise)]);
    let proxy = Proxy::start(registry.port());
    let reference = proxy.reference(&pushed.name);
    let pull = || {
        let output = engine.docker(&["pull", &reference]);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };

    proxy.throttle(2_000_000);
    let begun = Instant::now();
    pull().unwrap();
    // sent no faster than that, however long all else took
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
    assert!(proxy.passed() > 2 * MB && reference.contains(&proxy.port().to_string()));
    proxy.throttle(0);
    engine.says(&["rmi", &reference]);

    let headers = vec![("Retry-After".to_owned(), "60".to_owned())];
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#.to_owned();
    proxy.is(Mood::Answer { status: 429, headers, body });
    assert!(pull().unwrap_err().contains("toomanyrequests: You have reached your pull rate limit."));
    proxy.is(Mood::Cut);
    // whoever still sends while the other side hangs up hears of it in other words
    let cut = pull().unwrap_err();
    assert!(["EOF", "connection reset by peer", "broken pipe"].iter().any(|says| cut.contains(says)), "{cut}");

    proxy.is(Mood::Hang);
    let mut hangs = engine.command(&["pull", &reference]).stdout(std::process::Stdio::null()).spawn().unwrap();
    assert!(hangs.try_wait().unwrap().is_none());
    proxy.is(Mood::Through);
    hangs.wait().unwrap();
    pull().unwrap();
    engine.says(&["rmi", &reference]);

    let before = proxy.passed();
    proxy.cut_after(MB);
    let mut cut = engine.command(&["pull", &reference]).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("so much to have passed", || proxy.passed() >= before + MB);
    // dockerd would try again for a minute
    cut.kill().unwrap();
    cut.wait().unwrap();
    assert!(proxy.passed() < before + pushed.layers.iter().map(|layer| layer.compressed).sum::<u64>());
}
