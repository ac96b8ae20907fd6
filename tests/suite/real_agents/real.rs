//! A campaign whose agent is a real program, alone in a network namespace with a model server that answers from a script.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_ARM, json_of};
use crate::pty::Pty;
use crate::support::{skip, wait_for, wait_until};

/// Names the folder with `claude` and `codex`; `tests/run --agents` sets it.
const AGENTS: &str = "ISOBENCH_AGENTS";

/// The keys that the agents are given, which nothing of ours may write down.
pub(super) const KEY: &str = "sk-fake-0123456789abcdefghij";

/// What the agents of whoever runs the tests listen to begins so.
const OF_AGENTS: [&str; 6] = ["ANTHROPIC_", "CLAUDE", "CODEX_", "OPENAI_", "IS_SANDBOX", "PYTHONPATH"];

/// A real program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// Claude Code.
    Claude,
    /// OpenAI's Codex CLI.
    Codex,
}

impl Program {
    /// Its kind as the configuration names it.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Claude => "claude_code",
            Self::Codex => "codex_cli",
        }
    }

    /// Its file.
    const fn file(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
        }
    }

    /// Its tool for shell commands.
    pub(super) const fn shell(self) -> &'static str {
        match self {
            Self::Claude => "Bash",
            Self::Codex => "exec_command",
        }
    }

    /// Its tool that writes a file.
    pub(super) const fn writer(self) -> &'static str {
        match self {
            Self::Claude => "Write",
            Self::Codex => "apply_patch",
        }
    }

    /// The model that it is asked for here.
    pub(super) const fn model(self) -> &'static str {
        match self {
            Self::Claude => "claude-sonnet-5-5",
            Self::Codex => "gpt-5.5",
        }
    }

    /// What our file of its steps is called in an item's folder.
    pub(super) const fn steps_file(self) -> &'static str {
        match self {
            Self::Claude => "claude_code_stream.jsonl",
            Self::Codex => "codex_rollout.jsonl",
        }
    }
}

/// One item, one program, one script.
pub(super) struct Real {
    /// The campaign around it.
    pub(super) campaign: Campaign,
    /// The program.
    pub(super) program: Program,
    script: PathBuf,
}

impl Real {
    /// `None`, said and counted, where this machine can't do it.
    pub(super) fn new(program: Program, script: &str) -> Option<Self> {
        let agents = agents(program)?;
        let campaign = Campaign::below("ISO-Bench/ISO-Bench", 1, "", GOOD_ARM);
        let script = scripts().join(format!("{script}.json"));
        let mut real = Self { campaign, program, script };
        let path = format!("{}:{}", agents.display(), std::env::var("PATH").unwrap());
        real.campaign.env.push(("PATH".to_owned(), path));
        real.campaign.task_file();
        real.log_in();
        real.config("", "");
        Some(real)
    }

    /// The same with answers of the test's own.
    pub(super) fn answering(program: Program, answers: &Value) -> Option<Self> {
        let mut real = Self::new(program, "tools")?;
        real.script = real.campaign.root.join("script.json");
        fs::write(&real.script, answers.to_string()).unwrap();
        Some(real)
    }

    /// What a person would have set up for the program: its key in `.env`, its configuration in its home.
    fn log_in(&self) {
        let env = match self.program {
            Program::Claude => format!(
                "ANTHROPIC_API_KEY={KEY}\nANTHROPIC_BASE_URL=http://127.0.0.1:8377\nIS_SANDBOX=1\nCLAUDE_CODE_MAX_RETRIES=1\n\
                 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1\nDISABLE_TELEMETRY=1\n"
            ),
            Program::Codex => format!("OPENAI_API_KEY={KEY}\n"),
        };
        fs::write(self.campaign.root.join(".env"), env).unwrap();
        if self.program == Program::Codex {
            let server = "http://127.0.0.1:8377/v1";
            // it waits for its analytics to be gone, five seconds where there is no network
            let config = format!(
                "model = \"gpt-5.5\"\nmodel_provider = \"scripted\"\n[analytics]\nenabled = false\n[model_providers.scripted]\n\
                 name = \"scripted\"\nbase_url = \"{server}\"\nwire_api = \"responses\"\nenv_key = \"OPENAI_API_KEY\"\n\
                 request_max_retries = 1\nstream_max_retries = 1\n"
            );
            fs::create_dir_all(self.home()).unwrap();
            fs::write(self.home().join("config.toml"), config).unwrap();
        }
    }

    /// Where the program keeps its own configuration.
    pub(super) fn home(&self) -> PathBuf {
        match self.program {
            Program::Claude => self.campaign.root.join("home/.claude"),
            Program::Codex => self.campaign.root.join(".codex_home/.codex"),
        }
    }

    /// Lines for `[agent]`, and tables.
    pub(super) fn config(&self, agent: &str, tables: &str) {
        let text = format!(
            "[agent]\nkind = \"{0}\"\nname = \"{0}\"\n{agent}\n[arms]\ncommand = [\"sh\", \"{1}\", \"{{item_id}}\", \"{{item_dir}}\"]\n\
             [retry]\ntransient = 0\n{tables}\n",
            self.program.kind(),
            self.campaign.root.join("arm.sh").display()
        );
        fs::write(self.campaign.root.join("isobench-tui.toml"), text).unwrap();
    }

    /// Puts a script with the program's name before it on the path: `"$REAL"` is the program.
    pub(super) fn wrap(&mut self, script: &str) {
        let bin = self.campaign.root.join("bin");
        fs::create_dir(&bin).unwrap();
        let path = bin.join(self.program.file());
        let real = agents(self.program).unwrap().join(self.program.file());
        fs::write(&path, format!("#!/bin/sh\nREAL={}\n{script}\n", real.display())).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let before = self.campaign.env.iter_mut().find(|(name, _)| name == "PATH").unwrap();
        before.1 = format!("{}:{}", bin.display(), before.1);
    }

    /// The program that we test, with its model server, where there is no other network.
    fn alone(&self, arguments: &[&str]) -> Command {
        let mut command = unshare();
        let inner = self.campaign.command(arguments);
        command.arg("python3").arg(server()).arg(&self.script).arg(self.log_path());
        command.arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null()).current_dir(&self.campaign.root);
        self.campaign.dress(&mut command);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        for (name, _) in std::env::vars().filter(|(name, _)| OF_AGENTS.iter().any(|of| name.starts_with(of))) {
            command.env_remove(name);
        }
        command
    }

    /// Runs the item to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.alone(&[&["run", "--headless"], arguments].concat()).output().unwrap()
    }

    /// Starts the run, to be looked at while it goes.
    pub(super) fn start(&self) -> Child {
        let said = fs::File::create(self.campaign.root.join("said")).unwrap();
        let mut command = self.alone(&["run", "--headless"]);
        // the model server stays as long as the child is ours
        command.stdin(Stdio::piped()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
    }

    /// The screen of the run in a terminal of its own, outside of that network.
    pub(super) fn screen(&self, cols: u16, rows: u16) -> Pty {
        Pty::spawn(&self.campaign.command(&["attach"]), cols, rows)
    }

    fn log_path(&self) -> PathBuf {
        self.campaign.root.join("asked")
    }

    /// What the model server was asked, as it is on record: the questions of the script only.
    pub(super) fn asked(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log_path()).unwrap_or_default();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|asked| asked["kind"] == "main").collect()
    }

    /// Waits until the model is asked what this gate of the script stands before.
    pub(super) fn at_gate(&self, gate: &str) {
        let said = self.campaign.root.join("said");
        let words = || fs::read_to_string(&said).unwrap_or_default();
        wait_until(&format!("the gate {gate}; the runner says: {}", words()), || self.gate(gate).exists());
    }

    /// Lets the model answer.
    pub(super) fn open(&self, gate: &str) {
        fs::write(self.gate(&format!("{gate}.go")), "").unwrap();
    }

    fn gate(&self, name: &str) -> PathBuf {
        self.campaign.root.join(format!("asked.{name}"))
    }

    /// The item's folder.
    pub(super) fn item_dir(&self) -> PathBuf {
        let runs = format!("repo/{}", self.program.kind());
        let model = fs::read_dir(self.campaign.root.join("state/runs").join(&runs)).unwrap().next().unwrap().unwrap();
        self.campaign.item_dir_of(&format!("{runs}/{}", model.file_name().to_string_lossy()), 1)
    }

    /// A file of the item's folder.
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.item_dir().join(name)).unwrap()
    }

    /// The item's journal.
    pub(super) fn journal(&self) -> Value {
        json_of(&self.item_dir().join("journal.json"))
    }

    /// The agent's end as the ledger has it.
    pub(super) fn agents_end(&self) -> Value {
        let end = self.campaign.facts_of("stage_finished").into_iter().find(|fact| fact["stage"] == "agent");
        end.map_or_else(|| json!(null), |fact| fact["outcome"].clone())
    }

    /// The trajectory as `inspect --format json` tells it.
    pub(super) fn inspected(&self) -> Value {
        let path = self.item_dir().join(self.program.steps_file());
        let output = self.campaign.run(&["inspect", &path.display().to_string(), "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", crate::campaign::said(&output)))
    }

    /// Waits until so many steps are on record.
    pub(super) fn wait_steps(&self, steps: u64) {
        wait_until(&format!("step {steps}"), || self.campaign.item(1)["steps"].as_u64() >= Some(steps));
    }

    /// Nothing is left of the item but its files, and none of those has the agent's key.
    pub(super) fn assert_clean(&self) {
        self.campaign.assert_nothing_left();
        for path in files_below(&self.campaign.root.join("state")) {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(KEY), "{}", path.display());
        }
    }

    /// Processes of the agent's stage, whatever they made of their names.
    pub(super) fn processes(&self) -> Vec<i32> {
        let runner = self.campaign.runner();
        self.campaign.processes().into_iter().filter(|pid| Some(*pid) != runner && *pid != self.campaign.keeper()).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn server() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/model_server/server.py")
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/model_server/scripts")
}

/// `unshare` with a network of its own: as root, or as root of a user namespace.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.arg(if rustix::process::getuid().is_root() { "-n" } else { "-rn" });
    command
}

/// The folder of the real programs.
fn agents(program: Program) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(AGENTS).map(PathBuf::from) else {
        skip("the real agents run with tests/run --agents");
        return None;
    };
    if !folder.join(program.file()).exists() {
        skip(&format!("{} was not installed into {}", program.file(), folder.display()));
        return None;
    }
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        skip("there are no network namespaces here (unshare -n), and no real agent runs with a way out");
        return None;
    }
    Some(folder)
}

/// Waits for a child that must end by itself, and returns its exit code.
pub(super) fn code_of(mut child: Child) -> Option<i32> {
    drop(child.stdin.take());
    wait_for("the runner to end", || child.try_wait().unwrap()).code()
}
