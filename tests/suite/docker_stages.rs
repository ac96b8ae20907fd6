//! The stages `pull` and `clean` of whole runs, with a real engine and a registry.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use isobench_tui::host::disk;
use rustix::fs::FallocateFlags;
use serde_json::{Value, json};

use crate::campaign::{Campaign, json_of, said};
use crate::engine::images::{Content, Layer};
use crate::engine::proxy::Proxy;
use crate::engine::registry::Registry;
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_for, wait_until};

const MB: u64 = 1_000_000;

/// Counts how often it worked.
const AGENT: &str = r#"echo "$item" >>"$CAMPAIGN/worked"; echo cost=50 >engine.sh"#;

/// Fails where its images are not there.
const ARM: &str = r#". ./engine.sh; for image in $(cat "$CAMPAIGN/images" | sed "s/{item_id}/$item/"); do docker image inspect "$image" >/dev/null || exit 3; done
echo "latency: $cost ms""#;

/// A campaign whose arms need these images.
fn campaign(engine: &Engine, items: usize, images: &[String], more: &str) -> Campaign {
    let mut campaign = Campaign::new(items, AGENT, ARM);
    fs::write(campaign.root.join("images"), images.join("\n")).unwrap();
    campaign.config("", "", &format!("images = {}\n{more}", json!(images)));
    campaign.env.push(("DOCKER_HOST".to_owned(), engine.socket()));
    campaign
}

fn worked(campaign: &Campaign) -> Vec<String> {
    fs::read_to_string(campaign.root.join("worked")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// How the last stage of this name ended.
fn ended(campaign: &Campaign, nth: usize, stage: &str) -> Value {
    let of = |fact: &Value| fact["item"] == campaign.id(nth) && fact["stage"] == stage;
    campaign.facts_of("stage_finished").into_iter().rfind(of).unwrap_or_default()["outcome"].clone()
}

fn has(engine: &Engine, image: &str) -> bool {
    engine.docker(&["image", "inspect", image]).status.success()
}

fn noise(path: &str, mb: u64) -> Layer {
    Layer::new().file(path, mb * MB, Content::Noise)
}

#[test]
fn images_are_there_when_the_arms_run_and_go_when_nobody_needs_them_and_no_others_do() {
    let (_gone, root) = folder();
    for driver in [Driver::Vfs, Driver::Overlay2] {
        let (Some(engine), Some(registry)) = (Engine::start(&root, driver, Options::default()), Registry::shared(&root)) else { continue };
        let of = |name: &str| registry.reference(&format!("stages/{name}").to_lowercase());
        let tag = format!("{driver:?}");
        registry.push(&format!("stages/base:{tag}").to_lowercase(), &[noise("base", 2)]);
        registry.push(&format!("stages/there:{tag}").to_lowercase(), &[noise("there", 1)]);
        for nth in [1, 2] {
            registry
                .push(&format!("stages/bench:{tag}-c-000{nth}").to_lowercase(), &[noise("base", 2), noise(&format!("own{tag}{nth}"), 3)]);
        }
        let images = [of(&format!("bench:{tag}-{{item_id}}")), of(&format!("base:{tag}")), of(&format!("there:{tag}"))];
        engine.import_busybox("foreign");
        engine.says(&["pull", "-q", &images[2]]);
        let campaign = campaign(&engine, 2, &images, "");
        let output = campaign.run(&["run", "--headless"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("pull: 2 images, "), "{}", said(&output));
        let progress = json_of(&campaign.stage_dir(1, 1, "pull").join("progress.json"));
        assert_eq!(progress["images"].as_array().unwrap().len(), 3, "{progress}");
        let pulled = ended(&campaign, 1, "pull")["detail"]["images"].clone();
        let present: Vec<bool> = pulled.as_array().unwrap().iter().map(|image| image["was_present"] == true).collect();
        assert_eq!(present, [false, false, true], "{pulled}");
        assert_eq!(
            ended(&campaign, 1, "clean")["detail"]["removed"],
            1,
            "the second item needs the base: {}",
            ended(&campaign, 1, "clean")
        );
        assert_eq!(ended(&campaign, 2, "clean")["detail"]["removed"], 2, "{}", ended(&campaign, 2, "clean"));
        for image in ["c-0001", "c-0002"].map(|id| images[0].replace("{item_id}", id)).iter().chain([&images[1]]) {
            assert!(!has(&engine, image), "{image} is still there");
        }
        assert!(has(&engine, "foreign") && has(&engine, &images[2]), "what was there is somebody else's");
        campaign.assert_nothing_left();
    }
}

#[test]
fn what_a_live_run_of_another_checkout_needs_stays_and_the_plan_says_whose_it_is() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    registry.push("stages/both:1", &[noise("both", 1)]);
    registry.push("stages/one:1", &[noise("one", 1)]);
    let [both, one] = ["stages/both:1", "stages/one:1"].map(|name| registry.reference(name));
    let other = campaign(&engine, 1, std::slice::from_ref(&both), "");
    other.agent("gate in\necho cost=50 >engine.sh");
    let mut live = other.spawn(&["run", "--headless"]);
    other.at_gate(1, "in");
    let ours = campaign(&engine, 1, &[both.clone(), one.clone()], "");
    assert_eq!(ours.headless(), Some(0));
    assert_eq!(ended(&ours, 1, "clean")["detail"]["removed"], 1, "{}", ended(&ours, 1, "clean"));
    assert!(has(&engine, &both) && !has(&engine, &one));
    let plan = || said(&ours.run(&["prune", "--dry-run"]));
    let run = other.folder().run_id().0;
    let says = format!("c-0001 of run {} in {} needs it", run.rsplit('-').next().unwrap(), other.root.canonicalize().unwrap().display());
    assert!(plan().contains(&says), "{says}: {}", plan());
    other.open(1, "in");
    assert_eq!(live.wait().unwrap().code(), Some(0));
    assert!(has(&engine, &both), "the other's run found it there, and so it is not its own");
    assert!(!plan().contains("needs it"), "{}", plan());
    assert_eq!(ours.run(&["prune", "--yes"]).status.code(), Some(0));
    assert!(!has(&engine, &both));
}

#[test]
fn nothing_is_pulled_where_a_later_image_is_known_to_be_missing() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    registry.push("stages/first:1", &[noise("first", 1)]);
    let campaign =
        campaign(&engine, 1, &[registry.reference("stages/first:1"), registry.reference("stages/nowhere:1")], "unmeasured = true");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.item(1)["class"], "image_missing");
    assert!(!has(&engine, &registry.reference("stages/first:1")) && !campaign.root.join("state/docker/images.jsonl").exists());
}

#[test]
fn nothing_is_removed_where_the_policy_says_never() {
    let (_gone, root) = folder();
    let (Some(engine), Some(registry)) = (Engine::start(&root, Driver::Overlay2, Options::default()), Registry::shared(&root)) else {
        return;
    };
    registry.push("stages/never:1", &[noise("never", 1)]);
    let image = registry.reference("stages/never:1");
    let campaign = campaign(&engine, 1, std::slice::from_ref(&image), "prune = \"never\"");
    assert_eq!(campaign.headless(), Some(0));
    assert!(has(&engine, &image));
    assert_eq!(
        ended(&campaign, 1, "clean"),
        json!({"end": "done", "duration_ms": ended(&campaign, 1, "clean")["duration_ms"], "detail": {"of": "nothing"}})
    );
}

/// A file that leaves so many MB free beside it.
fn ballast(data: &Path, free_mb: u64) -> PathBuf {
    let path = data.join("ballast");
    let file = fs::File::options().create(true).append(true).mode(0o600).open(&path).unwrap();
    let size = disk::room_in(data).unwrap().bytes - free_mb * MB;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size).unwrap();
    path
}

#[test]
fn an_item_without_room_waits_while_the_others_go_on_and_is_taken_up_when_there_is_room() {
    let (_gone, root) = folder();
    let engine = Engine::start(&root, Driver::Vfs, Options::on_own_disk(100));
    let (Some(engine), Some(registry)) = (engine, Registry::shared(&root)) else { return };
    for (nth, mb) in [(1, 20), (2, 1), (3, 70)] {
        registry.push(&format!("stages/room:c-000{nth}"), &[noise(&format!("room{nth}"), mb)]);
    }
    let ballast = ballast(&engine.data(), 15);
    let campaign = campaign(&engine, 3, &[registry.reference("stages/room:{item_id}")], "");
    campaign.detached();
    let says = campaign.wait_fact("attempt_finished", |fact| fact["status"] == "deferred")["why"].as_str().unwrap().to_owned();
    assert!(says.starts_with("needs ") && says.ends_with(" free, and there is nothing to prune"), "{says}");
    campaign.wait_fact("attempt_finished", |fact| fact["item"] == "c-0003");
    campaign.wait_state("waiting");
    assert_eq!(campaign.statuses(), ["waiting", "done", "failed"]);
    let status = campaign.status();
    assert!(status["why"].as_str().unwrap().contains(&says), "{}", status["why"]);
    assert!(
        status["items"][0]["why_not"].as_str().unwrap().contains(&says) && status["items"][0]["room"]["needs"].as_u64() > Some(20 * MB)
    );
    let never = status["items"][2].clone();
    assert!(never["class"] == "no_space" && never["why"].as_str().unwrap().contains("the whole disk of"), "{}", never["why"]);
    // who waits is not forgotten by who takes over
    campaign.kill(campaign.runner().unwrap());
    let mut taken_over = campaign.spawn(&["run", "--resume", "--headless"]);
    wait_until("the next runner", || campaign.runner() == i32::try_from(taken_over.id()).ok());
    assert_eq!(campaign.statuses()[0], "waiting");
    fs::remove_file(ballast).unwrap();
    campaign.wait_end();
    taken_over.wait().unwrap();
    assert_eq!(campaign.statuses(), ["done", "done", "failed"]);
    let from: Vec<Value> = campaign.facts_of("attempt_started").into_iter().filter(|fact| fact["item"] == "c-0001").collect();
    assert_eq!(from.last().unwrap()["from"], "pull");
    assert_eq!(worked(&campaign), ["c-0001", "c-0002", "c-0003"], "no agent worked twice");
}

/// A run in the middle of a slow pull, and what it pulls from.
fn in_the_middle(root: &Path, engine: &Engine, name: &str) -> Option<(Campaign, Proxy, Registry)> {
    let registry = Registry::shared(root)?;
    registry.push(name, &[noise(name, 8)]);
    let proxy = Proxy::start(registry.port());
    proxy.throttle(400_000);
    let campaign = campaign(engine, 1, &[proxy.reference(name)], "[retry]\nbackoff_s = 0.1");
    campaign.detached();
    campaign.wait_fact("stage_started", |fact| fact["stage"] == "pull");
    let progress = campaign.stage_dir(1, 1, "pull").join("progress.json");
    wait_for("bytes", || {
        let text = fs::read(&progress).ok()?;
        let progress: Value = serde_json::from_slice(&text).ok()?;
        (progress["images"][0]["download"]["done"].as_u64()? > 0).then_some(())
    });
    Some((campaign, proxy, registry))
}

#[test]
fn whoever_looks_from_outside_is_told_how_far_a_pull_is_and_its_log_says_what_came() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    let Some((campaign, proxy, _registry)) = in_the_middle(&root, &engine, "stages/told:1") else { return };
    let said = said(&campaign.run(&["status"]));
    let line = said.lines().find(|line| line.starts_with("pull: ")).unwrap_or_default();
    assert!(line.starts_with(&format!("pull: {}: ", proxy.reference("stages/told:1"))) && line.contains(" of 8.4 MB came"), "{said}");
    let progress = campaign.status()["live"]["progress"].clone();
    assert_eq!(progress["images"][0]["phase"]["phase"], "pulling", "{progress}");
    proxy.throttle(0);
    campaign.wait_end();
    let log = |stage: &str| fs::read_to_string(campaign.stage_dir(1, 1, stage).join("out")).unwrap();
    let (pull, clean) = (log("pull"), log("clean"));
    assert!(pull.contains("1 layer (0 here), 8.") && pull.contains(" is here: 8."), "{pull}");
    assert!(clean.contains("1/1 image ") && clean.contains("1 thing removed"), "{clean}");
}

#[test]
fn a_pull_goes_on_without_its_runner_and_the_next_one_takes_its_end() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    let Some((campaign, proxy, _registry)) = in_the_middle(&root, &engine, "stages/adopted:1") else { return };
    campaign.kill(campaign.runner().unwrap());
    let mut runner = campaign.spawn(&["run", "--resume", "--headless"]);
    campaign.wait_fact("stage_adopted", |fact| fact["stage"] == "pull");
    proxy.throttle(0);
    assert_eq!(runner.wait().unwrap().code(), Some(0), "{}", fs::read_to_string(campaign.root.join("said")).unwrap());
    assert_eq!(campaign.item(1)["attempts"], 1);
    campaign.assert_nothing_left();
}

#[test]
fn a_pull_whose_keeper_is_killed_is_begun_again_and_its_agent_is_not() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    let Some((campaign, proxy, _registry)) = in_the_middle(&root, &engine, "stages/cut:1") else { return };
    let keeper = campaign.keeper();
    campaign.kill(campaign.runner().unwrap());
    campaign.kill(keeper);
    proxy.throttle(0);
    assert_eq!(campaign.resume(), Some(0));
    let ends: Vec<Value> = campaign.facts_of("stage_finished").into_iter().filter(|fact| fact["stage"] == "pull").collect();
    assert_eq!((&ends[0]["outcome"]["end"], &ends[1]["outcome"]["end"]), (&json!("interrupted"), &json!("done")));
    assert_eq!(worked(&campaign).len(), 1);
    assert!(!has(&engine, &proxy.reference("stages/cut:1")), "it came with the second try, and went with clean");
    campaign.assert_nothing_left();
}

#[test]
fn a_pull_that_takes_too_long_or_is_stopped_ends_with_what_came() {
    let (_gone, root) = folder();
    let Some(engine) = Engine::start(&root, Driver::Overlay2, Options::default()) else { return };
    let Some((campaign, proxy, _registry)) = in_the_middle(&root, &engine, "stages/stopped:1") else { return };
    campaign.ctl(&["stop"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["stopped"]);
    campaign.config(
        "",
        "",
        &format!("images = [\"{}\"]\n[budget]\npull = 0.02\n[retry]\ntransient = 0", proxy.reference("stages/stopped:1")),
    );
    assert_eq!(campaign.run(&["run", "--new", "--headless"]).status.code(), Some(1));
    let late = campaign.item(1);
    assert_eq!(late["class"], "timeout_pull", "{}", late["why"]);
    assert!(late["why"].as_str().unwrap().contains(" of 8.4 MB of 127.0.0.1:"), "{}", late["why"]);
    assert_eq!(worked(&campaign).len(), 2);
}

#[test]
fn an_engine_that_goes_away_stops_the_queue_after_three_which_says_why() {
    let (_gone, root) = folder();
    let engine = Engine::start(&root, Driver::Overlay2, Options::default());
    let (Some(engine), Some(registry)) = (engine, Registry::shared(&root)) else { return };
    registry.push("stages/gone:1", &[noise("gone", 1)]);
    let campaign = campaign(&engine, 4, &[registry.reference("stages/gone:1")], "[breaker]\nprobe_minutes = 60");
    campaign.agent(&format!("[ $item = c-0001 ] && gate in\n{AGENT}"));
    campaign.detached();
    campaign.at_gate(1, "in");
    engine.kill();
    campaign.open(1, "in");
    campaign.wait_fact("breaker_opened", |fact| fact["class"] == "no_docker");
    let ends = campaign.facts_of("attempt_finished");
    assert!(ends.iter().all(|end| end["class"] == "no_docker" && end["why"].as_str().unwrap().contains("d.sock")), "{ends:?}");
    assert_eq!(ended(&campaign, 1, "clean")["end"], "failed", "nothing can be pruned there, and no item fails by it");
}
