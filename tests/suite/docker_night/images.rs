//! The images themselves, before anything of ours runs them, and when they are not needed.

use std::fs;

use isobench_tui::domain::ArmPhase;
use serde_json::Value;

use super::{Bench, GOOD_AGENT, LATENCY, Night, engine_py};
use crate::engine::registry::Registry;
use crate::engine::vllm::{Vllm, stand_in};
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_until};

/// A server and its client by hand, in a container of the engine; what the client prints.
const BY_HAND: &str = "vllm serve m --port 18431 >/tmp/server 2>&1 & until curl -fs -m 5 -o /dev/null http://127.0.0.1:18431/health 2>/dev/null; \
    do sleep 0.1; done; vllm bench serve --model m --port 18431 --dataset-name random --random-input-len 8 --random-output-len 4 --num-prompts 5; \
    curl http://127.0.0.1:18431/metrics; cat /tmp/server";

#[test]
fn the_stand_in_serves_and_measures_in_a_container() {
    let (_gone, root) = folder();
    let (Some(program), Some(engine), Some(registry)) =
        (stand_in(), Engine::start(&root, Driver::Vfs, Options::default()), Registry::shared(&root))
    else {
        return;
    };
    registry.push_packed("night/by-hand:1", &[Vllm::base(&program), Vllm::new("0.9.2", engine_py(0)).package()]);
    let said = engine.says(&["run", "--rm", "--network=host", &registry.reference("night/by-hand:1"), "sh", "-c", BY_HAND]);
    for line in [
        "Successful requests:                     5",
        "vllm:request_success_total{engine=\"0\",model_name=\"m\",finished_reason=\"length\"} 6",
        "Loading safetensors checkpoint shards: 100% Completed | 4/4",
        "Application startup complete.",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn a_second_run_takes_what_the_first_measured_and_the_humans_image_is_not_pulled() {
    let Some(night) = Night::new(&[Bench::new("0.9.2", LATENCY)], GOOD_AGENT, "") else { return };
    night.run(0);
    let first = night.campaign.folder().run_id().0;
    night.run(0);
    assert_ne!(night.campaign.folder().run_id().0, first);
    let came = |key: &str| {
        let images = night.ended(1, "pull")["detail"]["images"].clone();
        images.as_array().unwrap().iter().map(|image| image[key] == true).collect::<Vec<_>>()
    };
    assert_eq!((came("was_spared"), came("was_present")), (vec![true, false], vec![false, false]), "{:#}", night.ended(1, "pull"));
    for stage in ["human", "baseline"] {
        let ended = night.ended(1, stage);
        assert_eq!(
            (&ended["child"], ended["detail"]["reused"]["run"].as_str()),
            (&Value::Null, Some(first.as_str())),
            "{stage}: {ended:#}"
        );
    }
    assert_eq!(night.campaign.item(1)["verdict"]["standing"], "beats", "{:#}", night.campaign.item(1));
    let config = night.campaign.root.join("isobench-tui.toml");
    let anew = fs::read_to_string(&config).unwrap().replace("[arms]\n", "[arms]\nreuse = \"none\"\n");
    fs::write(config, anew).unwrap();
    night.run(0);
    assert_eq!(came("was_spared"), [false, false]);
    assert!(["human", "baseline"].iter().all(|stage| night.ended(1, stage)["detail"]["reused"].is_null()));
    night.assert_clean();
}

#[test]
fn images_that_went_are_there_again_before_an_arm_is_measured_again() {
    let bench = Bench { human: "start_ms = 8000".to_owned(), ..Bench::new("0.9.2", LATENCY) };
    let Some(night) = Night::new(&[bench], GOOD_AGENT, "") else { return };
    let mut runner = night.spawn();
    night.in_phase(1, 1, "human", ArmPhase::Weights);
    night.campaign.ctl(&["stop"]);
    wait_until("the runner's end", || runner.try_wait().unwrap().is_some());
    assert_eq!(night.engine.says(&["images", "-q"]), "", "its clean stage left an image");
    night.campaign.ctl(&["retry-stage", "c-0001"]);
    night.campaign.wait_end();
    assert_eq!(night.campaign.statuses(), ["done"], "{:#?}", night.ends());
    // what others measured stays, and what only they need is not pulled
    night.campaign.ctl(&["retry-stage", "c-0001", "--stage", "candidate"]);
    night.campaign.wait_end();
    assert_eq!(night.campaign.statuses(), ["done"], "{:#?}", night.ends());
    let began = |n: u64| {
        let facts = night.campaign.facts_of("stage_starting").into_iter().filter(|fact| fact["n"] == n);
        facts.map(|fact| fact["stage"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(began(2), ["pull", "human", "baseline", "candidate", "score", "clean"]);
    assert_eq!(began(3), ["pull", "candidate", "score", "clean"]);
    let pulled = night.ended(1, "pull")["detail"]["images"].clone();
    assert!(pulled.as_array().unwrap().len() == 1 && pulled[0]["reference"].as_str().unwrap().contains("baseline"), "{pulled:#}");
    night.assert_clean();
}
