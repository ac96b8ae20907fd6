//! The images themselves, before anything of ours runs them, and when they are not needed.

use std::fs;

use serde_json::Value;

use super::{Bench, GOOD_AGENT, LATENCY, Night, engine_py};
use crate::engine::registry::Registry;
use crate::engine::vllm::{Vllm, stand_in};
use crate::engine::{Driver, Engine, Options};
use crate::support::folder;

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
