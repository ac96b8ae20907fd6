//! The images themselves, before anything of ours runs them.

use crate::engine::registry::Registry;
use crate::engine::vllm::{Vllm, stand_in};
use crate::engine::{Driver, Engine};
use crate::support::folder;

use super::engine_py;

/// A server and its client by hand, in a container of the engine; what the client prints.
const BY_HAND: &str = "vllm serve m --port 18431 >/tmp/server 2>&1 & until wget -q -O /dev/null http://127.0.0.1:18431/health 2>/dev/null; \
    do sleep 0.1; done; vllm bench serve --model m --port 18431 --dataset-name random --random-input-len 8 --random-output-len 4 --num-prompts 5; \
    wget -q -O - http://127.0.0.1:18431/metrics; cat /tmp/server";

#[test]
fn the_stand_in_serves_and_measures_in_a_container() {
    let (_gone, root) = folder();
    let (Some(program), Some(engine), Some(registry)) =
        (stand_in(), Engine::start(&root, Driver::Vfs, Default::default()), Registry::shared(&root))
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
