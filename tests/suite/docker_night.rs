//! Whole nights: campaigns whose arms are containers of a real engine, made of images with a stand-in for vLLM in them.
#![expect(clippy::string_slice, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

mod images;
mod kills;
mod machine;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use isobench_tui::domain::{ArmPhase, ArmProgress};
use serde_json::{Value, json};

use crate::campaign::{Campaign, json_of, said};
use crate::engine::registry::Registry;
use crate::engine::vllm::{Vllm, stand_in};
use crate::engine::{Driver, Engine, Options};
use crate::support::{folder, wait_for, wait_until};

/// A token of a known value: it may be in the environment of processes and containers, and nowhere else.
const TOKEN: &str = "hf_nightly0123456789secret";

/// An agent that makes a token twice as fast, and says nothing.
const GOOD_AGENT: &str = "echo \"$item\" >>\"$CAMPAIGN/worked\"; sed -i 's/^STEP_MS = .*/STEP_MS = 8/' vllm/engine.py";

/// The commands by which humans measured, as small as they can be.
const SERVING: &str = "python benchmarks/benchmark_serving.py --backend vllm --model meta-llama/Llama-3.1-8B-Instruct --dataset-name random \
    --random-input-len 64 --random-output-len 12 --num-prompts 24 --request-rate 40";
const LATENCY: &str =
    "python benchmarks/benchmark_latency.py --model facebook/opt-125m --input-len 32 --output-len 8 --num-iters 5 --num-iters-warmup 2";
const THROUGHPUT: &str = "python benchmarks/benchmark_throughput.py --model facebook/opt-125m --num-prompts 64";

/// What an item is measured by, and what is in its images.
#[derive(Clone)]
struct Bench {
    command: String,
    version: &'static str,
    /// Lines of `/etc/stand-in` in the image of the human's commit, and in that of its parent.
    human: String,
    parent: String,
    has_scripts: bool,
}

impl Bench {
    fn new(version: &'static str, command: &str) -> Self {
        Self { command: command.to_owned(), version, human: String::new(), parent: String::new(), has_scripts: true }
    }

    /// Told to the stand-in in both images.
    fn told(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.human);
        lines.clone_into(&mut self.parent);
        self
    }

    fn image(&self, told: &str, step: usize) -> Vllm {
        Vllm { told: told.to_owned(), has_scripts: self.has_scripts, ..Vllm::new(self.version, engine_py(step)) }
    }
}

/// The package's file, `step` commits after the first: each human makes a token 2 ms faster.
fn engine_py(step: usize) -> String {
    format!("\"\"\"What a token costs.\"\"\"\n\n\n# in milliseconds\nSTEP_MS = {}\n\n\ndef step():\n    return STEP_MS\n", 24 - 2 * step)
}

/// A campaign over images, with its engine and its registry.
struct Night {
    campaign: Campaign,
    engine: Engine,
    registry: Registry,
    _root: tempfile::TempDir,
}

impl Night {
    /// `None`, and counted: this machine can't run one.
    fn new(benches: &[Bench], agent: &str, more: &str) -> Option<Self> {
        Self::on(benches, agent, more, Options::default())
    }

    fn on(benches: &[Bench], agent: &str, more: &str, options: Options) -> Option<Self> {
        let (guard, root) = folder();
        let program = stand_in()?;
        let engine = Engine::start(&root, Driver::Vfs, options)?;
        let registry = Registry::shared(&root)?;
        let mut campaign = Campaign::new(0, agent, "exit 9");
        campaign.env.push(("DOCKER_HOST".to_owned(), engine.socket()));
        campaign.env.push(("HF_TOKEN".to_owned(), TOKEN.to_owned()));
        push(&mut campaign, &registry, &program, benches);
        let night = Self { campaign, engine, registry, _root: guard };
        night.configure(&night.registry.reference("night"), "", more);
        Some(night)
    }

    /// Writes the configuration: where the images come from, lines for `[agent]`, and tables, of which the first lines are for `[docker]`.
    fn configure(&self, from: &str, agent: &str, more: &str) {
        let root = self.campaign.root.display();
        let tag = tag_of(&self.campaign.root);
        let text = format!(
            "[agent]\nname = \"script\"\ncommand = [\"sh\", \"{root}/agent.sh\", \"{{item_id}}\", \"{{item_dir}}\"]\n{agent}\n\
             [arms]\nengine = \"docker\"\n[retry]\nbackoff_s = 0.1\n[docker]\nhuman = \"{from}/vllm-bench-{tag}:{{human}}\"\n\
             baseline = \"{from}/vllm-baseline-{tag}:baseline-{{parent12}}\"\ncache = \"{root}/models\"\nmounts = []\nshm_gib = 0.1\n{more}\n"
        );
        fs::write(self.campaign.root.join("isobench-tui.toml"), text).unwrap();
    }

    /// Runs it to its end; its exit code must be this one.
    fn run(&self, code: i32) {
        let output = self.campaign.run(&["run", "--headless"]);
        assert_eq!(output.status.code(), Some(code), "{}\n{:#?}", said(&output), self.ends());
    }

    /// Starts it as a child of ours; returns once the run has begun.
    fn spawn(&self) -> Child {
        let runner = self.campaign.spawn(&["run", "--headless"]);
        wait_until("the run to begin", || !self.campaign.folders().is_empty() && !self.campaign.facts_of("runner_started").is_empty());
        runner
    }

    /// The newest attempt's stages and how they ended, for messages.
    fn ends(&self) -> Vec<String> {
        let ends = self.campaign.facts_of("stage_finished");
        ends.iter().map(|end| format!("{} {} {}", end["item"], end["stage"], end["outcome"])).collect()
    }

    /// How the last stage of this name ended.
    fn ended(&self, nth: usize, stage: &str) -> Value {
        let of = |fact: &Value| fact["item"] == self.campaign.id(nth) && fact["stage"] == stage;
        self.campaign.facts_of("stage_finished").into_iter().rfind(of).unwrap_or_default()["outcome"].clone()
    }

    /// Waits until an arm is in a phase or behind it; returns what it says of itself.
    fn in_phase(&self, nth: usize, attempt: u32, stage: &str, phase: ArmPhase) -> ArmProgress {
        let path = self.campaign.stage_dir(nth, attempt, stage).join("progress.json");
        wait_for(&format!("{stage} to come to {}: {:?}", phase.name(), self.ends().last()), || {
            let progress: ArmProgress = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
            (progress.phase()? >= phase).then_some(progress)
        })
    }

    /// The result of an arm, as the 3-way runner would have left it.
    fn result(&self, nth: usize, arm: &str) -> Value {
        let sha = self.campaign.item(nth)["human"].as_str().unwrap().chars().take(8).collect::<String>();
        let run = self.campaign.folder().run_id().0;
        json_of(&self.campaign.root.join("results").join(run).join(format!("{sha}_{arm}_result.json")))
    }

    /// Containers of the engine, whatever state they are in.
    fn containers(&self) -> String {
        self.engine.says(&["ps", "-a", "--filter", "label=isobench-tui.run", "--format", "{{.ID}} {{.Status}} {{.Names}}"])
    }

    /// No container, process, worktree or image is left, and the token is nowhere to be read.
    fn assert_clean(&self) {
        self.campaign.assert_nothing_left();
        assert_eq!(self.containers(), "", "a container is left over");
        assert_eq!(self.engine.says(&["ps", "-aq"]), "", "a container without our label is left over");
        assert_eq!(self.engine.says(&["images", "-q"]), "", "an image is left over");
        self.assert_secret(&[]);
    }

    /// The token is in no file but those below folders of these names, and in nothing that is told.
    fn assert_secret(&self, but: &[&str]) {
        let mut folders = vec![self.campaign.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && !but.contains(&entry.file_name().to_str().unwrap()) {
                    folders.push(path);
                } else if kind.is_file() {
                    assert!(!has(&fs::read(&path).unwrap_or_default(), TOKEN), "the token is in {}", path.display());
                }
            }
        }
        for told in [&["status"][..], &["status", "--format", "json"], &["print", "config"]] {
            assert!(!said(&self.campaign.run(told)).contains(TOKEN), "{told:?} tells the token");
        }
        for format in ["table", "md", "csv", "json", "html"] {
            assert!(!self.report(format).contains(TOKEN), "the report as {format} tells the token");
        }
    }

    fn report(&self, format: &str) -> String {
        let run = self.campaign.folder().path().display().to_string();
        let output = self.campaign.run(&["report", &run, "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A word that no other campaign on the same registry has.
fn tag_of(root: &Path) -> String {
    let name: String = root.display().to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    name.to_lowercase()
}

/// Commits, plan, mapping and images of the items.
fn push(campaign: &mut Campaign, registry: &Registry, program: &Path, benches: &[Bench]) {
    let tag = tag_of(&campaign.root);
    let base = Vllm::base(program);
    let package = campaign.root.join("repo/vllm");
    fs::create_dir_all(&package).unwrap();
    for step in 0..=benches.len() {
        fs::write(package.join("engine.py"), engine_py(step)).unwrap();
        campaign.commit(&format!("step {step}"));
    }
    // the first commit of a campaign is before the package
    let commits = campaign.commits.split_off(1);
    let (mut mapping, mut plan) = (serde_json::Map::new(), Vec::new());
    for (nth, (bench, pair)) in benches.iter().zip(commits.windows(2)).enumerate() {
        let (parent, human) = (&pair[0], &pair[1]);
        plan.push((campaign.id(nth + 1), human.clone()));
        let model = bench.command.split_once("--model ").and_then(|(_, rest)| rest.split(' ').next());
        let line = json!({"commit_full": human, "benchmark_mode": "serving", "perf_command": bench.command, "model": model,
            "parent_commit": parent});
        mapping.insert(human[..8].to_owned(), line);
        let names = [format!("night/vllm-bench-{tag}:{human}"), format!("night/vllm-baseline-{tag}:baseline-{}", &parent[..12])];
        let packages = [bench.image(&bench.human, nth + 1), bench.image(&bench.parent, nth)];
        for (name, package) in names.iter().zip(packages) {
            registry.push_packed(name, &[base.clone(), package.package()]);
        }
    }
    campaign.plan(&plan);
    let folder = campaign.root.join("data/mappings");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("benchmark_mode_mapping.json"), Value::from(mapping).to_string()).unwrap();
}

/// Where something of an arm lies.
fn io(night: &Night, nth: usize, stage: &str, name: &str) -> PathBuf {
    night.campaign.stage_dir(nth, 1, stage).join("io").join(name)
}

#[test]
fn four_items_are_measured_in_containers_and_the_morning_says_so() {
    let mut moved = Bench::new("0.32.0", SERVING).told("mode = broken_transformers");
    moved.has_scripts = false;
    let benches = [Bench::new("0.9.2", SERVING), Bench::new("0.6.6", LATENCY), Bench::new("0.8.5", THROUGHPUT), moved];
    let Some(night) = Night::new(&benches, GOOD_AGENT, "") else { return };
    night.run(0);
    assert_eq!(night.campaign.statuses(), ["done"; 4]);
    for nth in 1..=4 {
        let item = night.campaign.item(nth);
        assert_eq!(item["verdict"]["standing"], "beats", "{item:#}");
        for (arm, stage) in [("human", "human"), ("baseline", "baseline"), ("agent", "candidate")] {
            let result = night.result(nth, arm);
            assert_eq!(result["status"], "success", "{result:#}");
            assert_eq!(result["human_commit_full"], item["human"]);
            let detail = night.ended(nth, stage)["detail"].clone();
            assert!(detail["image"].as_str().unwrap().starts_with("sha256:"), "{detail:#}");
        }
    }
    let repairs = |nth: usize| night.ended(nth, "candidate")["detail"]["repairs"].clone();
    assert_eq!((repairs(1), repairs(2), repairs(3)), (Value::Null, Value::Null, json!(["missing_lengths"])));
    assert_eq!(repairs(4), json!(["transformers", "moved_to_cli"]));
    let serving = night.ended(1, "human")["detail"].clone();
    assert_eq!(
        (serving["model"].as_str(), serving["model_run"].as_str()),
        (Some("meta-llama/Llama-3.1-8B-Instruct"), Some("meta-llama/Meta-Llama-3-8B-Instruct"))
    );
    let report: Value = serde_json::from_str(&night.report("json")).unwrap();
    assert!(report.to_string().contains("\"beats\""), "{report:#}");
    night.assert_clean();
}
