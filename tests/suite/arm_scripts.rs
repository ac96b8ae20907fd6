//! The script of an arm, run by real shells against stand-ins for Python, server and client: with the tools of the machine, and
//! with those of busybox alone.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use isobench_tui::bench::arm::script::script;
use isobench_tui::bench::arm::{ArmPlan, Question, plan};
use isobench_tui::domain::Repair;

use crate::support::{folder, lives, pid_in, skip, wait_for, wait_until};

/// Whose tools the image has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tools {
    Machine,
    Busybox,
}

/// Python, as far as the script asks it: `PACKAGE` is where vLLM lies, `HERE` holds the programs that it runs.
const PYTHON: &str = r#"
case $1 in
-c)
    case $2 in
    *has_location*) [ -d "$PACKAGE" ] || exit 1; echo "$PACKAGE"; echo 0.9.2 ;;
    *) echo transformers==4.55.0 ;;
    esac ;;
-m)
    module=$2
    shift 2
    case $module in
    pip) echo "$*" >"$HERE/repaired" ;;
    *api_server) exec /bin/sh "$HERE/server" "$@" ;;
    *) exec /bin/sh "$HERE/cli" "$@" ;;
    esac ;;
*) exec /bin/sh "$HERE/client" "$@" ;;
esac"#;

/// A server that answers until it gets TERM.
const SERVER: &str =
    "echo $$ >\"$HERE/server.pid\"; trap 'echo stopped; rm -f \"$HERE/up\"; exit 0' TERM; touch \"$HERE/up\"; while :; do sleep 0.05; done";

/// What the machine's tools are, in the folder that is all of `PATH`.
const TOOLS: [&str; 11] = ["sh", "sleep", "grep", "dirname", "cat", "touch", "rm", "git", "patch", "md5sum", "wc"];

/// An image, and a folder that is shared with it.
struct Image {
    _folder: tempfile::TempDir,
    here: PathBuf,
    tools: Tools,
}

impl Image {
    fn new(tools: Tools) -> Self {
        let (folder, here) = folder();
        let image = Self { _folder: folder, here, tools };
        for name in ["io", "bin", "site/vllm/entrypoints/openai", "site/benchmarks"] {
            fs::create_dir_all(image.here.join(name)).unwrap();
        }
        image.write("site/vllm/entrypoints/openai/api_server.py", "");
        image.write("site/vllm/engine.py", "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\ni = 9\nj = 10\nk = 11\n");
        image.write("site/benchmarks/benchmark_serving.py", "");
        let bin = image.here.join("bin");
        match tools {
            Tools::Busybox => assert!(Command::new("busybox").args(["--install", "-s"]).arg(&bin).status().unwrap().success()),
            Tools::Machine => {
                for tool in TOOLS {
                    let found = ["/usr/bin", "/bin", "/usr/local/bin"].map(|folder| Path::new(folder).join(tool));
                    if let Some(path) = found.iter().find(|path| path.exists()) {
                        symlink(path, bin.join(tool)).unwrap();
                    }
                }
            }
        }
        image.program("python3", PYTHON);
        image.program("curl", "[ -e \"$HERE/up\" ]");
        image.write("server", SERVER);
        image.write("client", "printf '%s\\n' \"$@\"");
        image
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.here.join(name), text).unwrap();
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.here.join("bin").join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh{text}\n").replacen("#!/bin/sh", "#!/bin/sh\n", 1)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn start(&self, plan: &ArmPlan, patch: Option<&str>) -> Child {
        self.write("io/arm.sh", &script(plan, patch.is_some()));
        for name in ["marks", "out", "err", "server"] {
            self.write(&format!("io/{name}"), "");
        }
        if let Some(patch) = patch {
            self.write("io/agent.patch", patch);
        }
        let mut command = match self.tools {
            Tools::Machine => Command::new("/bin/sh"),
            Tools::Busybox => Command::new("busybox"),
        };
        if self.tools == Tools::Busybox {
            command.arg("sh");
        }
        command.arg(self.here.join("io/arm.sh")).env_clear().current_dir("/").stdin(Stdio::null());
        command.env("PATH", self.here.join("bin")).env("HERE", &self.here).env("PACKAGE", self.here.join("site/vllm"));
        command.env("ISOBENCH_PORT", "8123").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs it to its end: its exit code and its marks. It prints nothing itself.
    fn run(&self, plan: &ArmPlan, patch: Option<&str>) -> (Option<i32>, String) {
        let ended = self.start(plan, patch).wait_with_output().unwrap();
        assert_eq!((String::from_utf8_lossy(&ended.stdout).as_ref(), String::from_utf8_lossy(&ended.stderr).as_ref()), ("", ""));
        (ended.status.code(), self.marks())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.here.join(name)).unwrap_or_default()
    }

    /// The marks in one line, without what differs from run to run.
    fn marks(&self) -> String {
        let marks = self.read("io/marks");
        let kept = |line: &&str| !line.starts_with("python ") && *line != "vllm 0.9.2" && *line != "phase prepare";
        let bare = |line: &str| if line.starts_with("ready ") { "ready".to_owned() } else { line.to_owned() };
        marks.lines().filter(kept).map(bare).collect::<Vec<_>>().join(", ")
    }
}

/// The same with the tools of the machine and with those of busybox.
fn with_each(check: impl Fn(&Image)) {
    check(&Image::new(Tools::Machine));
    if Command::new("busybox").arg("true").status().is_ok_and(|status| status.success()) {
        check(&Image::new(Tools::Busybox));
    } else {
        skip("there is no busybox");
    }
}

fn planned(command: &str) -> ArmPlan {
    let server_args = ["--max-model-len", "4096", "--disable-log-requests"].map(str::to_owned);
    let question = Question {
        perf_command: command,
        model: None,
        overrides: &BTreeMap::new(),
        repairs: &Repair::ALL,
        server_args: &server_args,
        sources: &[],
    };
    plan(&question).unwrap()
}

fn serving() -> ArmPlan {
    planned(
        "A=\"it's\" python benchmarks/benchmark_serving.py --model m --dataset-name random --random-input-len 8 --random-output-len 4 --title 'a \"b\" $(c) '\\''d'\\'' `e`'",
    )
}

#[test]
fn a_good_arm_starts_waits_measures_and_stops() {
    with_each(|image| {
        image.write("client", "printf '%s\\n' \"$@\" \"$A\"; echo 'bar' >&2; exit 3");
        let (code, marks) = image.run(&serving(), None);
        assert_eq!((code, marks.as_str()), (Some(3), "phase start, ready, phase ready, client 3, phase stop"));
        let told = image.read("io/out");
        let expected = "benchmarks/benchmark_serving.py\n--model\nm\n--dataset-name\nrandom\n--random-input-len\n8\n--random-output-len\n4\n--title\na \"b\" $(c) 'd' `e`\n--host\n127.0.0.1\n--port\n8123\nit's\n";
        assert_eq!((told.as_str(), image.read("io/err").as_str(), image.read("io/server").as_str()), (expected, "bar\n", "stopped\n"));
        assert!(image.read("io/marks").starts_with(&format!("phase prepare\npython {}/bin/python3\nvllm 0.9.2\n", image.here.display())));
        assert!(!lives(pid_in(&image.here.join("server.pid"))));
    });
}

#[test]
fn what_is_missing_is_named() {
    with_each(|image| {
        fs::rename(image.here.join("site"), image.here.join("elsewhere")).unwrap();
        assert_eq!(image.run(&serving(), None), (Some(91), "no vllm".to_owned()));
        fs::rename(image.here.join("elsewhere"), image.here.join("site")).unwrap();
        let sharegpt = ArmPlan { dataset: Some(format!("{}/none.json", image.here.display())), ..serving() };
        assert_eq!(image.run(&sharegpt, None), (Some(95), "no dataset".to_owned()));
        let caching = planned("python benchmarks/benchmark_prefix_caching.py --model m");
        assert_eq!(image.run(&caching, None), (Some(94), "phase start, no benchmarks, phase stop".to_owned()));
    });
}

#[test]
fn a_server_that_crashes_is_told_from_one_that_does_not_take_an_argument_of_ours() {
    with_each(|image| {
        image.write("server", "echo 'ValueError: no'; exit 5");
        assert_eq!(image.run(&serving(), None), (Some(93), "phase start, server crashed 5".to_owned()));
        let refuses = "case $* in *--disable-log-requests*) echo 'api_server.py: error: unrecognized arguments: --disable-log-requests'; exit 2 ;; *--max-model-len*) echo 'ValueError: User-specified max_model_len (4096) is greater than the derived'; exit 1 ;; esac\n";
        image.write("server", &format!("{refuses}{SERVER}"));
        let (code, marks) = image.run(&serving(), None);
        let refused = [("--disable-log-requests", 69), ("--max-model-len", 145)];
        let refused = refused.map(|(argument, bytes)| format!("server without {argument}, again server {bytes}, ")).concat();
        let expected = format!("phase start, {refused}ready, phase ready, client 0, phase stop");
        assert_eq!((code, marks), (Some(0), expected));
    });
}

#[test]
fn a_server_that_dies_while_it_is_measured_is_told() {
    with_each(|image| {
        image.write("server", "touch \"$HERE/up\"; while [ ! -e \"$HERE/asked\" ]; do sleep 0.05; done; exit 6");
        // as a client does whose connections are closed
        image.write("client", "touch \"$HERE/asked\"; sleep 0.5; exit 1");
        assert_eq!(
            image.run(&serving(), None),
            (Some(1), "phase start, ready, phase ready, server died 6, client 1, phase stop".to_owned())
        );
    });
}

#[test]
fn a_script_that_moved_or_is_missing_is_the_cli_s() {
    with_each(|image| {
        image.write("client", "echo 'DEPRECATED: This script has been moved to the vLLM CLI.'; exit 1");
        image.write("cli", "echo \"$*\"");
        let marks = "phase start, ready, phase ready, repaired moved_to_cli, client 0, phase stop";
        assert_eq!(image.run(&serving(), None), (Some(0), marks.to_owned()));
        assert!(image.read("io/out").contains("bench serve --model m --dataset-name random"), "{}", image.read("io/out"));
        let latency = planned("python benchmarks/benchmark_latency.py --model m");
        let marks = "phase start, no benchmarks, repaired moved_to_cli, client 0, phase stop";
        assert_eq!(image.run(&latency, None), (Some(0), marks.to_owned()));
        let not_allowed = ArmPlan { may_repair: vec![Repair::Transformers], ..latency };
        assert_eq!(image.run(&not_allowed, None).0, Some(94));
    });
}

#[test]
fn transformers_is_installed_again_once_and_what_was_printed_before_is_told_apart() {
    with_each(|image| {
        let says = "echo \"ModuleNotFoundError: No module named 'transformers.utils'\" >&2; exit 1";
        image.write("server", &format!("[ -e \"$HERE/repaired\" ] || {{ {says}; }}\n{SERVER}"));
        let marks = "phase start, repaired transformers, again server 58, ready, phase ready, client 0, phase stop";
        assert_eq!(image.run(&serving(), None), (Some(0), marks.to_owned()));
        assert!(image.read("repaired").contains("--force-reinstall --no-deps transformers==4.55.0"));
        image.write("site/benchmarks/benchmark_latency.py", "");
        image.write("client", &format!("echo begun; {says}"));
        let latency = planned("python benchmarks/benchmark_latency.py --model m");
        let marks = "phase start, repaired transformers, again out 6, again err 58, client 1, phase stop";
        assert_eq!(image.run(&latency, None), (Some(1), marks.to_owned()));
    });
}

/// A patch of `vllm/engine.py`: its first line, and its last.
fn patch(first: &str, last: &str) -> String {
    format!(
        "diff --git a/vllm/engine.py b/vllm/engine.py\n--- a/vllm/engine.py\n+++ b/vllm/engine.py\n@@ -1,3 +1,3 @@\n-{first}\n+a = 100\n b = 2\n c = 3\n@@ -9,3 +9,3 @@\n i = 9\n j = 10\n-{last}\n+k = 1100\n"
    )
}

#[test]
fn a_patch_goes_in_whole_or_says_how() {
    with_each(|image| {
        let offline = || planned("python benchmarks/benchmark_latency.py --model m");
        image.write("site/benchmarks/benchmark_latency.py", "");
        let before = image.read("site/vllm/engine.py");
        let with = |patch: &str| {
            image.write("site/vllm/engine.py", &before);
            let (code, marks) = image.run(&offline(), Some(patch));
            (code, marks, image.read("site/vllm/engine.py").matches("00\n").count())
        };
        let rest = "phase start, client 0, phase stop";
        let how = if image.tools == Tools::Machine { "git" } else { "p1" };
        assert_eq!(with(&patch("a = 1", "k = 11")), (Some(0), format!("patch applied {how}, {rest}"), 2));
        assert_eq!(
            with(&patch("a = 1", "k = 11").replace(" a/", " ").replace(" b/", " ")),
            (Some(0), format!("patch applied p0, {rest}"), 2)
        );
        let other = "--- a/vllm/other.py\n+++ b/vllm/other.py\n@@ -1 +1 @@\n-x\n+y\n";
        assert_eq!(with(&format!("{}{other}", patch("a = 1", "k = 11"))), (Some(0), format!("patch applied forced, {rest}"), 2));
        assert!(image.read("io/err").contains("AGENT_PATCH_APPLIED_FALLBACK"));
        assert_eq!(with(&patch("a = other", "k = other")), (Some(92), "patch refused".to_owned(), 0));
        assert!(image.read("io/err").contains("FAILED"), "{}", image.read("io/err"));
        let compiled = "diff --git a/csrc/x.cu b/csrc/x.cu\n--- a/csrc/x.cu\n+++ b/csrc/x.cu\n@@ -1 +1 @@\n-a\n+b\n";
        assert_eq!(with(compiled), (Some(92), "patch uncompiled 1, patch left_out 1, patch refused".to_owned(), 0));
        if image.tools == Tools::Machine {
            assert_eq!(with(&patch("a = 1", "k = other")), (Some(0), format!("patch applied forced, {rest}"), 1));
            let both = format!("{}{compiled}", patch("a = 1", "k = 11"));
            assert_eq!(with(&both), (Some(0), format!("patch uncompiled 1, patch left_out 1, patch applied git, {rest}"), 2));
            // somebody's repository around it is none of git's business
            assert!(Command::new("git").args(["init", "-q"]).arg(&image.here).status().unwrap().success());
            assert_eq!(with(&patch("a = 1", "k = 11")), (Some(0), format!("patch applied git, {rest}"), 2));
        }
    });
}

fn term(child: &Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
}

#[test]
fn term_ends_everything_wherever_it_comes() {
    with_each(|image| {
        image.write("client", "echo $$ >\"$HERE/client.pid\"; exec sleep 1000");
        let mut child = image.start(&serving(), None);
        let (server, client) = (pid_in(&image.here.join("server.pid")), pid_in(&image.here.join("client.pid")));
        term(&child);
        assert_eq!(child.wait().unwrap().code(), Some(143));
        wait_until("server and client to be gone", || !lives(server) && !lives(client));
        assert_eq!(image.marks(), "phase start, ready, phase ready, phase stop");
        // one that never answers, and does not hear
        fs::remove_file(image.here.join("server.pid")).unwrap();
        image.write("server", "trap '' TERM; echo $$ >\"$HERE/server.pid\"; while :; do sleep 0.05; done");
        let mut child = image.start(&serving(), None);
        let server = pid_in(&image.here.join("server.pid"));
        term(&child);
        let code = wait_for("the script's end", || child.try_wait().unwrap()).code();
        assert_eq!((code, image.marks().as_str()), (Some(143), "phase start, phase stop"));
        wait_until("the server to be gone", || !lives(server));
    });
}
