//! `[docker]`: the arms' containers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::images::filled;
use crate::domain::{ItemId, Repair, Stage};

/// `[docker]`: arms in containers (`arms.engine = "docker"`). The defaults are ISO-Bench's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DockerConfig {
    /// Who owns the images at their registry, `{org}` of the names.
    pub org: String,
    /// The image of the human's commit; `{org}` and the words of `arms.images` are filled in.
    pub human: String,
    /// The image of the parent commit; the agent's patch is applied in a container of it.
    pub baseline: String,
    /// The folder of this machine in which Hugging Face keeps models: the containers share it.
    pub cache: PathBuf,
    /// More that the containers see, `here:there` or `here:there:ro`; what begins with no slash lies below the repository's root.
    pub mounts: Vec<String>,
    /// Variables of this program's environment, or of `.env`, that the containers get: tokens.
    pub pass: Vec<String>,
    /// Other variables of the containers, `NAME=value`.
    pub set: Vec<String>,
    /// GiB of shared memory.
    pub shm_gib: f64,
    /// Whether the containers share the machine's memory segments (`--ipc=host`).
    pub ipc_host: bool,
    /// Models that are served in place of others, which the result names.
    pub models: BTreeMap<String, String>,
    /// Which known defects of old benchmarks are repaired; each repair is named in the result.
    pub repairs: Vec<Repair>,
    /// Arguments of the server, where the benchmark's command does not say otherwise.
    pub server_args: Vec<String>,
    /// Folders of the images in which vLLM's repository may lie.
    pub sources: Vec<String>,
}

impl Default for DockerConfig {
    fn default() -> Self {
        let text = |text: &str| text.to_owned();
        let llama = |name: &str, instead: &str| (format!("meta-llama/{name}"), format!("meta-llama/{instead}"));
        let bamba = |name: &str| (format!("ibm-ai-platform/{name}"), text("meta-llama/Meta-Llama-3-8B-Instruct"));
        Self {
            org: text("anonymous"),
            human: text("{org}/vllm-bench:{human}"),
            baseline: text("{org}/vllm-baseline:baseline-{parent12}"),
            cache: PathBuf::from("~/.cache/huggingface"),
            mounts: vec![text("data/sharegpt_dataset.json:/data/sharegpt_dataset.json:ro")],
            pass: ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].map(text).to_vec(),
            set: Vec::new(),
            shm_gib: 16.0,
            ipc_host: false,
            models: [
                llama("Llama-3.1-8B-Instruct", "Meta-Llama-3-8B-Instruct"),
                llama("Llama-3.1-70B-Instruct", "Meta-Llama-3-70B-Instruct"),
                bamba("Bamba-9B"),
                bamba("Bamba-9B-v2"),
            ]
            .into(),
            repairs: Repair::ALL.to_vec(),
            server_args: ["--max-model-len", "4096", "--disable-log-requests"].map(text).to_vec(),
            sources: ["/vllm-workspace", "/workspace/vllm", "/workspace", "/app/vllm", "/app", "/opt/vllm", "/root/vllm", "/vllm"]
                .map(text)
                .to_vec(),
        }
    }
}

impl DockerConfig {
    /// The image of an arm; `None` where its name asks for a commit that is not known.
    pub fn image(&self, stage: Stage, item: &ItemId, human: &str, parent: &str) -> Option<String> {
        let template = if stage == Stage::Human { &self.human } else { &self.baseline };
        let template = template.replace("{org}", &self.org);
        filled(&template, item, human, parent)
    }

    /// The images of all arms, each once.
    pub fn images(&self, item: &ItemId, human: &str, parent: &str) -> Vec<String> {
        let mut images: Vec<String> =
            [Stage::Human, Stage::Baseline].into_iter().filter_map(|stage| self.image(stage, item, human, parent)).collect();
        images.dedup();
        images
    }
}
