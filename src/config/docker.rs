//! `[docker]`: the arms' containers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::images::{self, filled};
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
        filled(&self.template(stage), item, human, parent)
    }

    /// The name of an arm's image, without the words of an item.
    pub(super) fn template(&self, stage: Stage) -> String {
        let template = if stage == Stage::Human { &self.human } else { &self.baseline };
        template.replace("{org}", &self.org)
    }

    /// What is wrong with it: the key, the part of its value that is, and why.
    pub(super) fn unfit(&self) -> Option<(&'static str, String, String)> {
        let names = [("docker.human", Stage::Human), ("docker.baseline", Stage::Baseline)];
        let name = names.into_iter().find_map(|(key, stage)| {
            let (part, says) = images::unfit(&self.template(stage))?;
            Some((key, part, says))
        });
        let mount = self.mounts.iter().find(|mount| Bind::of(mount).is_none()).map(|mount| {
            let says = format!("'{mount}' is no mount: write here:/there, or here:/there:ro");
            ("docker.mounts", mount.clone(), says)
        });
        let set = self.set.iter().find(|pair| pair.split_once('=').is_none_or(|(name, _)| name.is_empty())).map(|pair| {
            let says = format!("'{pair}' is no variable: write NAME=value; tokens belong to docker.pass, by their names alone");
            ("docker.set", pair.clone(), says)
        });
        let pass =
            self.pass.iter().find(|name| name.is_empty() || name.contains('=')).map(|name| {
                ("docker.pass", name.clone(), format!("'{name}' is no name of a variable: its value comes from the environment"))
            });
        name.or(mount).or(set).or(pass)
    }
}

/// A mount as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Here; what begins with no slash lies below the repository's root.
    pub from: &'a str,
    /// There: an absolute path.
    pub to: &'a str,
    /// Whether it can't be changed there.
    pub read_only: bool,
}

impl<'a> Bind<'a> {
    /// Reads `here:there` and `here:there:ro`.
    pub fn of(written: &'a str) -> Option<Self> {
        let (rest, read_only) = written.strip_suffix(":ro").map_or((written, false), |rest| (rest, true));
        let (from, to) = rest.rsplit_once(':')?;
        (!from.is_empty() && to.starts_with('/')).then_some(Self { from, to, read_only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_says_where_and_how() {
        let bind = |from, to, read_only| Some(Bind { from, to, read_only });
        assert_eq!(Bind::of("data/a.json:/data/a.json:ro"), bind("data/a.json", "/data/a.json", true));
        assert_eq!(Bind::of("/x y:/z"), bind("/x y", "/z", false));
        assert_eq!(["", "a", "a:b", ":/b", "/a:"].map(Bind::of), [None; 5]);
    }
}
