//! The rules of texts, stand-ins, budgets and answers over steps made by hand: what fires each at which step, what comes close
//! and must not, and what ends it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::format_collect, reason = "a test may")]

use isobench_tui::detect::{Context, Human, Watch};
use isobench_tui::domain::{Detector, Finding, Level, Reply, Step, ToolCall, ToolResult, Usage};

use crate::support::{shared, skip};

/// A step that is over; `index` is given by [`steps`].
fn text(thought: &str) -> Step {
    Step {
        index: 0,
        at: None,
        thought: thought.to_owned(),
        calls: Vec::new(),
        usage: Usage { input: 1000, output: 100, cached: 0 },
        error: None,
        finish: None,
        harness: Vec::new(),
        reply: Reply::Complete,
        within: None,
    }
}

fn call(name: &str, args: &serde_json::Value, ok: bool, answer: &str) -> Step {
    let result = Some(ToolResult { ok, text: answer.to_owned() });
    let calls = vec![ToolCall { id: "1".to_owned(), name: name.to_owned(), args: args.to_string(), result }];
    Step { calls, ..text("") }
}

fn bash(command: &str, answer: &str) -> Step {
    call("bash", &serde_json::json!({ "command": command }), true, answer)
}

fn create(path: &str, content: &str) -> Step {
    let args = serde_json::json!({ "command": "create", "path": path, "file_text": content });
    call("str_replace_based_edit_tool", &args, true, "File created successfully")
}

fn watch(context: Context, mut steps: Vec<Step>) -> Watch {
    steps.iter_mut().zip(1..).for_each(|(step, index)| step.index = index);
    let mut watch = Watch::new(context);
    watch.take(&steps, 0, true, true);
    watch
}

/// What one detector found: level, first and last step, and the step that ended it.
type Seen = (Level, u32, u32, Option<u32>);

fn seen(detector: Detector, steps: Vec<Step>) -> Vec<Seen> {
    let watch = watch(Context::default(), steps);
    let of = |finding: &&Finding| finding.detector == detector;
    watch.findings().into_iter().filter(of).map(|found| (found.level, found.first_step, found.last_step, found.cleared)).collect()
}

/// The finding after each step, as the runner sees it grow.
fn levels(detector: Detector, steps: &[Step]) -> Vec<Level> {
    let of = |count: usize| {
        let found = seen(detector, steps[..count].to_vec());
        found.iter().filter(|(.., cleared)| cleared.is_none()).map(|(level, ..)| *level).max().unwrap_or_default()
    };
    (1..=steps.len()).map(of).collect()
}

fn told(detector: Detector, steps: Vec<Step>) -> Finding {
    let watch = watch(Context::default(), steps);
    watch.findings().into_iter().rfind(|finding| finding.detector == detector).unwrap().clone()
}

const CHANT: &str = "I need to actually use the tools now.\n";

#[test]
fn d5_one_answer_that_chants_is_stuck_at_its_step() {
    let steps = vec![
        text("Let me look."),
        text(&CHANT.repeat(3)),
        text(&format!("Well.\n{}", CHANT.repeat(32))),
        bash("ls", "a.py"),
        text(&CHANT.repeat(5)),
    ];
    assert_eq!(seen(Detector::TextPeriod, steps.clone()), [(Level::Stuck, 3, 3, Some(4)), (Level::Stuck, 5, 5, None)]);
    let told = told(Detector::TextPeriod, steps[..3].to_vec());
    assert_eq!(told.says, "one sentence is repeated 32 times in one answer of 100 tokens");
    assert_eq!(told.evidence[0].text, "32 times: I need to actually use the tools now.");
}

#[test]
fn d5_what_a_text_quotes_is_a_note() {
    let other: String = (0..40).map(|n| format!("The {n}th thing that I see is of no interest here.\n")).collect();
    assert_eq!(seen(Detector::TextPeriod, vec![text(&format!("{}{other}", CHANT.repeat(4)))]), [(Level::Note, 1, 1, None)]);
}

#[test]
fn d6_answers_that_are_cut_off_in_a_row() {
    let cut = |finish: &str| Step { finish: Some(finish.to_owned()), ..text("") };
    let steps = [cut("length"), cut("incomplete"), cut("max_tokens"), cut("MAX_TOKENS")];
    assert_eq!(levels(Detector::TruncatedOutput, &steps), [Level::None, Level::Note, Level::Warn, Level::Stuck]);
    let again = [&steps[..3], &[bash("ls", "a")], &steps[..1]].concat();
    assert_eq!(seen(Detector::TruncatedOutput, again), [(Level::Warn, 1, 3, Some(4))]);
    // an answer with a call did something, however it ended; and one that ended by itself was not cut off
    let with_call = Step { finish: Some("length".to_owned()), ..bash("ls", "a") };
    assert_eq!(seen(Detector::TruncatedOutput, vec![cut("length"), with_call.clone(), cut("length"), with_call]), []);
    assert_eq!(seen(Detector::TruncatedOutput, vec![cut("length"), cut("stop"), cut("length"), cut("tool_calls"), cut("length")]), []);
    // an API that fails in between changes nothing
    let failed = Step { error: Some("503".to_owned()), ..text("") };
    assert_eq!(levels(Detector::TruncatedOutput, &[cut("length"), failed, cut("length")]), [Level::None, Level::None, Level::Note]);
}

#[test]
fn d7_texts_that_say_the_same() {
    let say = |n: u32| text(&format!("The patch is complete and not empty: it has {n} lines. All tasks are done."));
    let steps: Vec<Step> = (1..=5).map(say).collect();
    assert_eq!(levels(Detector::SayAgain, &steps), [Level::None, Level::Note, Level::Warn, Level::Warn, Level::Stuck]);
    let again = [&steps[..3], &[bash("ls", "a")], &steps[..2]].concat();
    assert_eq!(seen(Detector::SayAgain, again), [(Level::Warn, 1, 3, Some(4)), (Level::Note, 5, 6, None)]);
    let others = [
        "I look at the scheduler first.",
        "Now the block manager is next.",
        "The tests of it are in another folder.",
        "What remains is a benchmark.",
    ];
    assert_eq!(seen(Detector::SayAgain, others.map(text).to_vec()), []);
    assert_eq!(seen(Detector::SayAgain, vec![text(""); 6]), [], "nothing said is nothing said again");
}

/// A person says something else each time; a script says the same.
#[test]
fn d7_an_answer_to_a_person_is_none_to_the_words_before() {
    let told = |words: &str| Step { harness: vec![words.to_owned()], ..text("It is done as you asked, and the tests pass.") };
    let people = ["Thanks. And the cache?", "What of the second file?", "Is the README right?", "Good. Any other place?"];
    assert_eq!(seen(Detector::SayAgain, people.map(told).to_vec()), []);
    assert_eq!(seen(Detector::NoToolCall, people.map(told).to_vec()), []);
    let script = ["Continue (1 of 9).", "Continue (2 of 9).", "Continue (3 of 9)."];
    assert_eq!(levels(Detector::SayAgain, &script.map(told)), [Level::None, Level::Note, Level::Warn]);
}

#[test]
fn d1_thanks_are_no_refusal() {
    let finish =
        |words: &str| Step { harness: vec![words.to_owned()], ..call("finish", &serde_json::json!({ "message": "done" }), true, "done") };
    let people = ["Thanks, now the README", "Great! Next: speed up the loader", "And the same for the tests"];
    assert_eq!(seen(Detector::RefusedFinish, people.map(finish).to_vec()), []);
    let script = [finish("ERROR! Your Patch is empty."), finish("ERROR! Your Patch is empty."), finish("ERROR! Your Patch is empty.")];
    assert_eq!(levels(Detector::RefusedFinish, &script).last(), Some(&Level::Stuck));
}

#[test]
fn d16_calls_as_text() {
    let lost = || text("<minimax:tool_call>\n<invoke name=\"bash\">\n<parameter name=\"command\">ls</parameter>\n</invoke>");
    let steps: Vec<Step> = (0..6).map(|_| lost()).collect();
    assert_eq!(levels(Detector::CallAsText, &steps), [Level::Note, Level::Note, Level::Warn, Level::Warn, Level::Warn, Level::Stuck]);
    assert!(told(Detector::CallAsText, steps).hint.contains("--tool-call-parser"));
    let real = || bash("ls", "a");
    let again = vec![lost(), lost(), real(), real(), real(), real(), real(), lost()];
    assert_eq!(seen(Detector::CallAsText, again), [(Level::Note, 1, 2, Some(7)), (Level::Note, 8, 8, None)]);
    let quotes = || text("The parser reads `<tool_call>` now, and bash was used to test it.");
    assert_eq!(seen(Detector::CallAsText, vec![real(), quotes(), quotes(), quotes()]), []);
    // the same text beside a real call is a thought
    assert_eq!(seen(Detector::CallAsText, vec![Step { thought: lost().thought, ..real() }; 4]), []);
}

const WORKTREE: &str = "/data/worktrees/vllm/vllm_core-0007";

#[test]
fn d13_packages_in_the_worktree() {
    let steps = [
        bash(&format!("cd {WORKTREE} && ls"), "README.md\nvllm\nsetup.py"),
        bash("python -c 'import vllm'", "ModuleNotFoundError: No module named 'torch'"),
        create(&format!("{WORKTREE}/torch/__init__.py"), "class Tensor: pass"),
        bash(&format!("mkdir -p {WORKTREE}/triton"), ""),
        bash("cat > triton/__init__.py <<'EOF'\ndef jit(f): return f\nEOF", ""),
        create(&format!("{WORKTREE}/torch/nn/__init__.py"), "class Module: pass"),
    ];
    assert_eq!(levels(Detector::StandInPackages, &steps), [Level::None, Level::None, Level::Note, Level::Warn, Level::Warn, Level::Stuck]);
    let told = told(Detector::StandInPackages, steps.to_vec());
    assert_eq!(told.says, "3 made-up files stand in for torch, triton (all inside the repository)");
    let evidence: Vec<&str> = told.evidence.iter().map(|evidence| evidence.text.as_str()).collect();
    assert_eq!(
        evidence,
        [
            "ModuleNotFoundError: No module named 'torch'",
            "torch: torch/__init__.py",
            "triton: triton/__init__.py",
            "torch: torch/nn/__init__.py"
        ]
    );
    // taken away, it is over; and it begins anew
    let rest = [bash("rm -rf torch triton", ""), create(&format!("{WORKTREE}/ray.py"), "")];
    assert_eq!(
        seen(Detector::StandInPackages, [&steps[..], &rest[..]].concat()),
        [(Level::Stuck, 3, 6, Some(7)), (Level::Note, 8, 8, None)]
    );
}

#[test]
fn d13_every_way_to_write_one() {
    let patch = "*** Begin Patch\n*** Add File: torch/__init__.py\n+x = 1\n*** End Patch";
    let ways = [
        call("apply_patch", &serde_json::json!({ "input": patch }), true, "ok"),
        call("shell", &serde_json::json!({ "command": ["bash", "-lc", format!("apply_patch <<'EOF'\n{patch}\nEOF")] }), true, "ok"),
        call("file_change", &serde_json::json!({ "changes": [{ "path": "torch/__init__.py", "kind": "add" }] }), true, "ok"),
        call("Write", &serde_json::json!({ "file_path": format!("{WORKTREE}/torch/__init__.py"), "content": "" }), true, "ok"),
        call("file_editor", &serde_json::json!({ "command": "create", "path": "/testbed/torch.py", "file_text": "" }), true, "ok"),
        bash("mkdir -p {torch,vllm}/nn", ""),
        bash("touch torch/__init__.py", ""),
        bash("echo 'x = 1' | tee torch/__init__.py", ""),
        bash("python - <<'EOF'\nopen('torch/__init__.py', 'w').write('')\nEOF", ""),
        bash("cd /srv/vllm && git status && cat > torch/__init__.py <<EOF\nEOF", ""),
        bash("cat > python/torch/__init__.py <<EOF\nEOF", ""),
        bash("cat > /tmp/stubs/torch/__init__.py <<EOF\nEOF", ""),
        bash("cat > bench.py <<EOF\nimport sys, types\nsys.modules['torch'] = types.ModuleType('torch')\nEOF", ""),
        bash("cat > bench.py <<EOF\nfor name in ['torch', 'x']:\n    sys.modules[name] = types.ModuleType(name)\nEOF", ""),
    ];
    for way in ways {
        let args = way.calls[0].args.clone();
        assert_eq!(seen(Detector::StandInPackages, vec![way]), [(Level::Note, 1, 1, None)], "{args}");
    }
}

#[test]
fn d13_what_a_repository_has_is_its_own() {
    let new = |path: &str| create(&format!("/testbed/{path}"), "x = 1");
    let known = [
        bash("ls", "numpy\nsetup.py"),
        bash("ls -la", "drwxr-xr-x 5 root root 4096 Jan 1 numpy"),
        bash("cd /testbed && find . -name '*.py' | head", "./numpy/core/x.py"),
        call("str_replace_editor", &serde_json::json!({ "command": "view", "path": "/testbed/numpy/core/x.py" }), true, "1 import os"),
        bash("sed -n 1,20p numpy/core/x.py", "import os"),
        bash("grep -rn 'def f' .", "./numpy/core/x.py:3:def f():"),
    ];
    for step in known {
        let said = step.calls[0].args.clone();
        let steps = vec![step, new("numpy/core/a.py"), new("numpy/core/b.py"), new("numpy/core/c.py")];
        assert_eq!(seen(Detector::StandInPackages, steps), [], "{said}");
    }
    let tracked = Context { tracked: Some(["numpy".to_owned()].into()), ..Context::default() };
    assert_eq!(watch(tracked, vec![new("numpy/core/a.py"), new("numpy/core/b.py")]).findings().len(), 0);
}

/// Where no shell says where it is, the files that are seen do.
#[test]
fn d13_the_root_is_learned_from_the_paths_that_are_seen() {
    let view = |path: String| call("str_replace_editor", &serde_json::json!({ "command": "view", "path": path }), true, "1 x");
    for root in ["/workspace/vllm", "/home/u/wt/vllm-1", "/root/repo", "/sgl-workspace/sglang"] {
        let package = if root.contains("sglang") { "python/sglang/srt" } else { "vllm/core" };
        let begin = [view(format!("{root}/{package}/a.py")), view(format!("{root}/{package}/b.py"))];
        let stub = |name: &str| create(&format!("{root}/{name}/__init__.py"), "x = 1");
        let made = [&begin[..], &[stub("torch"), stub("triton"), stub("ray")]].concat();
        assert_eq!(levels(Detector::StandInPackages, &made)[2..], [Level::Note, Level::Warn, Level::Stuck], "{root}");
        let new = |name: &str| create(&format!("{root}/{package}/{name}.py"), "x = 1");
        let own = [&begin[..], &[new("triton"), new("torch"), new("ray"), new("__init__")]].concat();
        assert_eq!(seen(Detector::StandInPackages, own), [], "{root}: files of its own package");
    }
    // nothing but the stand-ins tells: with the second one it is clear
    let alone = ["torch", "numpy", "ray"].map(|name| create(&format!("/workspace/vllm/{name}/__init__.py"), "x = 1"));
    assert_eq!(levels(Detector::StandInPackages, &alone), [Level::None, Level::Note, Level::Warn]);
    let other = [view("/root/work/pkg/a.py".to_owned()), view("/root/work/tool/b.py".to_owned())];
    let stubs = ["torch", "ray", "numpy"].map(|name| create(&format!("/root/work/{name}.py"), "x = 1"));
    let all = [&other[..], &stubs].concat();
    assert_eq!(levels(Detector::StandInPackages, &all)[2..], [Level::Note, Level::Warn, Level::Stuck], "no name is known");
}

#[test]
fn d13_a_file_more_in_a_package_is_none_made_up() {
    let new = |path: &str| create(&format!("/testbed/{path}"), "x = 1");
    let files = || vec![new("sklearn/cluster/_a.py"), new("sklearn/cluster/_b.py"), new("sklearn/cluster/_c.py")];
    assert_eq!(seen(Detector::StandInPackages, files()), [], "nobody said that there is none");
    for first in [new("sklearn/__init__.py"), bash("python -c 'import sklearn'", "ModuleNotFoundError: No module named 'sklearn'")] {
        let steps = [vec![first], files()].concat();
        assert_eq!(levels(Detector::StandInPackages, &steps).last(), Some(&Level::Stuck));
    }
    // what can be listed or entered is there: a file that stands for the whole is a new one then
    for known in [
        bash("ls sklearn", "__init__.py base.py cluster"),
        bash("find sklearn -name x", "sklearn/x"),
        bash("cd sklearn && pwd", "/testbed/sklearn"),
    ] {
        let said = known.calls[0].args.clone();
        let steps = vec![known, new("sklearn/__init__.py"), new("sklearn/cluster/__init__.py")];
        assert_eq!(seen(Detector::StandInPackages, steps), [], "{said}");
    }
    for unknown in [bash("ls torch || echo none", "none"), bash("ls docs", "torch"), bash("ls torch 2>/dev/null; ls", "setup.py")] {
        let said = unknown.calls[0].args.clone();
        assert_eq!(levels(Detector::StandInPackages, &[unknown, new("torch/__init__.py")]).last(), Some(&Level::Note), "{said}");
    }
}

#[test]
fn d13_what_comes_close() {
    let stub = "import sys, types\nsys.modules['torch'] = types.ModuleType('torch')\nsys.modules['triton'] = types.ModuleType('triton')";
    let script = || create(&format!("{WORKTREE}/.bench_scratch/test_opt.py"), stub);
    assert_eq!(seen(Detector::StandInPackages, vec![script()]), [(Level::Note, 1, 1, None)], "one small benchmark");
    let close = [
        create(&format!("{WORKTREE}/vllm/model_executor/models/transformers.py"), "x"),
        create(&format!("{WORKTREE}/vllm/attention/ops/triton/kernel.py"), "x"),
        create(&format!("{WORKTREE}/tests/triton/test_a.py"), "x"),
        create(&format!("{WORKTREE}/docker/torch.Dockerfile"), "x"),
        create(&format!("{WORKTREE}/bench.py"), "import sys, types\nsys.modules['vllm'] = types.ModuleType('vllm')"),
        create(&format!("{WORKTREE}/load.py"), "sys.modules[spec.name] = module\nassert 'torch' in sys.modules"),
        bash("pip install torch && pip download numpy -d /tmp/wheels", "ok"),
        bash("mkdir -p out/torch && python bench.py > out/torch/result.json", ""),
        call("Write", &serde_json::json!({ "file_path": format!("{WORKTREE}/torch/__init__.py"), "content": "" }), false, "refused"),
        bash("cat > /usr/lib/python3/dist-packages/numpy/x.py <<EOF\nEOF", ""),
    ];
    for step in close {
        let said = step.calls[0].args.clone();
        assert_eq!(seen(Detector::StandInPackages, vec![step]), [], "{said}");
    }
}

#[test]
fn d13_scripts_with_ever_more_stubs() {
    let script = |names: &[&str]| {
        let stubs: String = names.iter().map(|name| format!("sys.modules['{name}'] = types.ModuleType('{name}')\n")).collect();
        create(&format!("{WORKTREE}/.bench_scratch/test_opt.py"), &stubs)
    };
    let steps = [script(&["torch"]), script(&["torch", "gguf"]), script(&["torch", "gguf", "ray"])];
    assert_eq!(levels(Detector::StandInPackages, &steps), [Level::Note, Level::Note, Level::Warn]);
    let anew = [&steps[..], &[create(&format!("{WORKTREE}/.bench_scratch/test_opt.py"), "import torch")]].concat();
    assert_eq!(seen(Detector::StandInPackages, anew), [(Level::Warn, 1, 3, Some(4))]);
    // an edit that leaves the stubs as they are is none
    let args = serde_json::json!({
        "command": "str_replace", "path": format!("{WORKTREE}/b.py"),
        "old_str": "sys.modules['torch'] = t\nn = 1", "new_str": "sys.modules['torch'] = t\nn = 2"
    });
    assert_eq!(seen(Detector::StandInPackages, vec![call("str_replace_editor", &args, true, "ok")]), []);
}

#[test]
fn d19_budgets_are_told_at_their_parts() {
    let context = Context { max_steps: Some(10), max_tokens: Some(11_000), max_ms: Some(100_000), ..Context::default() };
    let at = |n: i64| Some(jiff::Timestamp::from_second(1_800_000_000 + n * 10).unwrap());
    let steps = (0..10).map(|n| Step { at: at(n), ..text("a") }).collect();
    let badges: Vec<(u32, String)> = watch(context, steps).badges().iter().map(|badge| (badge.step.unwrap(), badge.says.clone())).collect();
    let steps_of = |part: &str| badges.iter().filter(|(_, says)| says.contains(part)).map(|(step, _)| *step).collect::<Vec<_>>();
    assert_eq!((steps_of("steps:"), steps_of("tokens:"), steps_of("time:")), (vec![5, 8, 10], vec![5, 8, 10], vec![6, 9]));
    assert_eq!(badges[0].1, "50 % of its budget is used, steps: 5 of 10");
    assert_eq!(watch(Context::default(), vec![text("a"); 50]).badges().len(), 0, "no budget, no badge");
}

#[test]
fn d20_a_look_at_the_answer() {
    let sha = "8f8f96a6bcd0123456789abcdef0123456789abc";
    let added = [
        "    self.cache = torch.empty((n, head_size))",
        "    return fused_add_rms_norm(x, residual)",
        "    if num_tokens <= self.max_capture_size:",
    ];
    let human = Human { sha: sha.to_owned(), added: added.map(str::to_owned).to_vec() };
    let context = || Context { human: Some(human.clone()), ..Context::default() };
    let badges =
        |context: Context, steps: Vec<Step>| watch(context, steps).badges().iter().map(|badge| badge.step.unwrap()).collect::<Vec<_>>();
    for command in [
        "git show 8f8f96a6 --stat",
        "git -C /x diff 8f8f96a6^..8f8f96a",
        "cd /x && git checkout 8F8F96A6 -- vllm/a.py",
        "git log -1 8f8f96a6bcd0123456789",
    ] {
        assert_eq!(badges(context(), vec![bash("ls", "a"), bash(command, "ok")]), [2], "{command}");
    }
    assert_eq!(badges(context(), vec![bash("git log -p -5", &added.join("\n+"))]), [1]);
    let close = [
        bash("git show 8f8f96", "ok"),
        bash("git show HEAD", added[0]),
        bash("echo 8f8f96a6", ""),
        bash("git show 8f8f96b6", "ok"),
        bash("cat vllm/a.py", &added.join("\n")),
    ];
    assert_eq!(badges(context(), close.to_vec()), Vec::<u32>::new());
    assert_eq!(badges(Context::default(), vec![bash("git show 8f8f96a6", "ok")]), Vec::<u32>::new(), "nobody knows the answer");
}

#[test]
fn pasted_loops_of_text_fire_and_the_others_do_not() {
    let Some(file) = shared().map(|shared| shared.join("loops/pasted_loops.jsonl")).filter(|file| file.exists()) else {
        return skip("no shared/loops/pasted_loops.jsonl");
    };
    let mut seen_kinds = [0, 0];
    for loaded in std::fs::read_to_string(file).unwrap().lines() {
        let pasted: serde_json::Value = serde_json::from_str(loaded).unwrap();
        let kind = pasted["kind"].as_str().unwrap();
        let repeats = usize::try_from(pasted["repeats"].as_u64().unwrap_or(400)).unwrap();
        let unit = pasted["unit"].as_str().unwrap();
        let block: String = (0..92).map(|n| format!("    let field_{n} = read(&path_{n})?;\n")).collect();
        let thought = match unit {
            "92-line block" => block.repeat(repeats),
            unit if kind.contains("NEGATIVE") => (0..repeats).map(|n| unit.replace("{i}", &n.to_string())).collect(),
            unit => unit.repeat(repeats),
        };
        let level = seen(Detector::TextPeriod, vec![text(&thought)]).first().map(|(level, ..)| *level);
        if kind.contains("text-loop") {
            seen_kinds[0] += 1;
            assert_eq!(level, Some(Level::Stuck), "{unit}");
        } else if kind.contains("NEGATIVE list") || kind.contains("NEGATIVE digits") {
            // the other negatives are about calls
            seen_kinds[1] += 1;
            assert_eq!(level, None, "{unit}");
        }
    }
    assert_eq!(seen_kinds, [5, 2]);
}

#[test]
fn nothing_in_a_field_breaks_a_rule() {
    let nasty = "\u{1b}]0;x\u{7}\u{1b}[2J\u{202e}<tool_call>\n".repeat(9);
    let args = serde_json::json!({ "command": "create", "path": format!("/testbed/torch/\u{1b}[2J{nasty}.py"), "file_text": nasty });
    let steps = vec![text(&nasty), call(&nasty, &args, true, &nasty), call("str_replace_editor", &args, true, &nasty), text(&nasty)];
    let watch = watch(Context { human: Some(Human::default()), max_steps: Some(2), ..Context::default() }, steps);
    let shown = watch
        .findings()
        .into_iter()
        .flat_map(|finding| finding.evidence.iter().map(|evidence| evidence.text.clone()).chain([finding.says.clone()]));
    for text in shown {
        assert!(isobench_tui::text::clean::is_clean(&text) && text.chars().count() < 400, "{text:?}");
    }
}
