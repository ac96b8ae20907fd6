//! What a patient agent does, and what only looks like it: polls, reruns, tries again, measures with and without a change; and
//! what tools say that refuse, do not come back, or stop an agent that ends by a text.

use isobench_tui::detect::{Context, Watch};
use isobench_tui::domain::{Detector, Level, Reply, Step, ToolCall, ToolResult, Usage};
use serde_json::{Value, json};

fn text(thought: &str, finish: Option<&str>, harness: &[&str]) -> Step {
    Step {
        index: 0,
        at: None,
        thought: thought.to_owned(),
        calls: Vec::new(),
        usage: Usage { input: 1000, output: 100, cached: 0 },
        error: None,
        finish: finish.map(str::to_owned),
        harness: harness.iter().map(|text| (*text).to_owned()).collect(),
        reply: Reply::Complete,
        within: None,
    }
}

fn call(name: &str, args: &Value, ok: bool, answer: &str) -> Step {
    let result = Some(ToolResult { ok, text: answer.to_owned() });
    let calls = vec![ToolCall { id: "1".to_owned(), name: name.to_owned(), args: args.to_string(), result }];
    Step { calls, ..text("", None, &[]) }
}

fn bash(command: &str, ok: bool, answer: &str) -> Step {
    call("Bash", &json!({ "command": command }), ok, answer)
}

fn edit(path: &str, ok: bool, answer: &str) -> Step {
    call("Edit", &json!({ "file_path": path, "old_string": path, "new_string": "x" }), ok, answer)
}

/// The highest level of one detector.
fn level(detector: Detector, steps: Vec<Step>) -> Level {
    let steps: Vec<Step> = steps.into_iter().zip(1..).map(|(step, index)| Step { index, ..step }).collect();
    let mut watch = Watch::new(Context::default());
    watch.take(&steps, 0, true, true);
    let found = watch.findings().into_iter().filter(|finding| finding.detector == detector);
    found.map(|finding| finding.level).max().unwrap_or_default()
}

fn times(count: usize, step: &Step) -> Vec<Step> {
    vec![step.clone(); count]
}

fn after(first: Step, then: Vec<Step>) -> Vec<Step> {
    std::iter::once(first).chain(then).collect()
}

#[test]
fn d8_looks_at_a_job_in_the_background_wait() {
    let d8 = Detector::IdenticalStep;
    let job = || bash("nohup pip install -e . > build.log 2>&1 &", true, "");
    for look in
        ["tail -n 2 build.log", "ps aux | grep ninja | wc -l", "nvidia-smi", "docker ps", "curl -s localhost:8000/health", "squeue -u me"]
    {
        let look = bash(look, true, "the same");
        assert!(level(d8, after(job(), times(8, &look))) <= Level::Note, "{look:?}");
        assert_eq!(level(d8, after(job(), times(15, &look))), Level::Stuck, "it has an end");
        assert_eq!(level(d8, times(5, &look)), Level::Stuck, "nothing was started");
    }
    assert_eq!(level(d8, after(job(), times(5, &bash("cat src/a.py", true, "x = 1")))), Level::Stuck, "no log");
    assert_eq!(level(d8, after(bash("make && ls", true, ""), times(5, &bash("tail b.log", true, "x")))), Level::Stuck, "no job");
    let goes_on = call("terminal", &json!({ "command": "make" }), false, "[The command has no new output after 30 seconds.]");
    let empty = call("terminal", &json!({ "command": "", "is_input": true }), false, "[The command has no new output after 30 seconds.]");
    assert!(level(d8, after(goes_on, times(8, &empty))) <= Level::Note);
}

#[test]
fn d8_looks_with_a_pause_between_wait_too() {
    let look = |at: i64, pause: i64| {
        let at = jiff::Timestamp::from_second(1_700_000_000 + at * pause).ok();
        Step { at, ..bash("tail -1 out.log", true, "the same") }
    };
    assert!(level(Detector::IdenticalStep, (0..8).map(|at| look(at, 30)).collect()) <= Level::Note);
    assert_eq!(level(Detector::IdenticalStep, (0..8).map(|at| look(at, 5)).collect()), Level::Stuck);
}

#[test]
fn d8_what_passes_may_be_run_again_and_what_fails_may_not() {
    let d8 = Detector::IdenticalStep;
    let run = |ok, answer: &str| bash("python -m pytest -q tests/test_a.py", ok, answer);
    assert!(level(d8, times(8, &run(true, "48 passed in 3.1s"))) <= Level::Note);
    assert_eq!(level(d8, times(15, &run(true, "48 passed in 3.1s"))), Level::Stuck);
    assert_eq!(level(d8, times(5, &run(false, "1 failed, 47 passed in 3.1s"))), Level::Stuck);
    assert_eq!(level(d8, times(5, &run(true, "1 failed, 47 passed in 3.1s"))), Level::Stuck, "a pipe hides it");
    assert_eq!(level(d8, times(5, &bash("ls tests", true, "test_a.py"))), Level::Stuck, "it only reads");
}

#[test]
fn d8_what_fails_on_the_way_is_tried_again() {
    let d8 = Detector::IdenticalStep;
    let pip = |answer: &str| bash("pip install -q msgspec", false, answer);
    let broken = pip("WARNING: Retrying (Retry(total=4)) after connection broken by ReadTimeoutError");
    assert_eq!([3, 4, 5, 7].map(|count| level(d8, times(count, &broken))), [Level::None, Level::Note, Level::Warn, Level::Stuck]);
    assert_eq!(level(d8, times(5, &pip("ERROR: No matching distribution found for msgspec"))), Level::Stuck);
}

#[test]
fn d10_a_change_that_is_put_away_and_back_is_none() {
    let round = |stash: &str, back: &str| {
        let bench = |at: &str| bash("python bench.py", true, &format!("mean: {at} ms"));
        vec![bash(stash, true, ""), bench("3.4"), bash(back, true, ""), bench("2.9")]
    };
    let rounds = |stash: &str, back: &str| (0..7).flat_map(|_| round(stash, back)).collect::<Vec<_>>();
    assert!(level(Detector::StaleShare, rounds("git stash push -q", "git stash pop -q")) < Level::Note);
    assert!(level(Detector::StaleShare, rounds("git stash list", "git log -3")) >= Level::Warn);
}

#[test]
fn d12_every_agents_words_for_a_command_that_does_not_come_back() {
    let d12 = Detector::DeadTool;
    let commands = ["ls", "pwd", "echo a", "git status", "python -V"];
    let dead = |answer: &str| commands.map(|command| bash(command, false, answer)).to_vec();
    for answer in [
        "Command timed out after 2m 0.0s",
        "command timed out after 10000 milliseconds",
        "[Your command \"ls\" is NOT executed. The previous command is still running - You CANNOT send new commands]",
        "[The command has no new output after 30 seconds. You may wait longer]",
        "Command 'ls' timed out after 60 seconds",
        "The last command <command>ls</command> timed out and has been killed.",
        "The command 'ls' was cancelled because it took more than 30 seconds.",
    ] {
        assert_eq!(level(d12, dead(answer)), Level::Stuck, "{answer}");
        assert_eq!(level(d12, times(5, &bash("make", false, answer))), Level::None, "the same long command: {answer}");
    }
    let polls = |answer: &str| times(5, &call("terminal", &json!({ "command": "", "is_input": true }), false, answer));
    let waits = after(
        bash("make", false, "[The command has no new output after 30 seconds.]"),
        polls("[The command has no new output after 30 seconds.]"),
    );
    assert_eq!(level(d12, waits), Level::None, "one command that takes its time");
    let full = "OSError: [Errno 28] No space left on device";
    assert_eq!(
        level(d12, ["make", "python a.py", "git add -A", "git stash", "pip list"].map(|command| bash(command, true, full)).to_vec()),
        Level::Stuck
    );
    assert_eq!(level(d12, times(5, &bash("tail -1 old.log", true, full))), Level::None, "a log of another time");
}

#[test]
fn d11_tools_that_refuse_and_edits_that_fail_wherever_they_are_tried() {
    let d11 = Detector::ErrorWall;
    let refused = |count: usize, answer: &str, ok| (0..count).map(|at| bash(&format!("run{at}"), ok, answer)).collect::<Vec<_>>();
    let forbidden = "Claude requested permissions to use Bash, but you haven't granted it yet.";
    let all = [2, 3, 4, 7].map(|count| level(d11, refused(count, forbidden, false)));
    assert_eq!(all, [Level::None, Level::Note, Level::Warn, Level::Stuck]);
    assert_eq!(level(d11, refused(8, forbidden, true)), Level::None, "a text that works says so");
    let one_works = |at: usize| bash(&format!("run{at}"), at % 3 == 2, forbidden);
    assert_eq!(level(d11, (0..12).map(one_works).collect()), Level::None);
    let unknown = (0..7).map(|at| call(&format!("tool{at}"), &json!({ "a": at }), false, "Error: No such tool available: x")).collect();
    assert_eq!(level(d11, unknown), Level::Stuck);
    let edits = |count: usize| {
        (0..count).map(|at| edit(&format!("src/{}.py", "a".repeat(at + 1)), false, "String to replace not found")).collect::<Vec<_>>()
    };
    assert_eq!([2, 3, 5, 8].map(|count| level(d11, edits(count))), [Level::None, Level::Note, Level::Warn, Level::Stuck]);
    let mended = edits(4).into_iter().flat_map(|step| [step, edit("src/z.py", true, "done")]).collect();
    assert_eq!(level(d11, mended), Level::None);
}

#[test]
fn d15_little_but_git_for_long_is_churn_whatever_it_asks() {
    let git = |at: usize| bash(&format!("git show --stat HEAD~{at}"), true, &format!("commit {at}"));
    assert_eq!(level(Detector::VcsChurn, (0..24).map(git).collect()), Level::Warn);
    let reads = |at: usize| if at.is_multiple_of(3) { git(at) } else { bash(&format!("cat a{at}.py"), true, &format!("x{at}")) };
    assert_eq!(level(Detector::VcsChurn, (0..60).map(reads).collect()), Level::None);
    let edits = |at: usize| if at % 8 == 7 { edit("src/a.py", true, "done") } else { git(at) };
    assert_eq!(level(Detector::VcsChurn, (0..60).map(edits).collect()), Level::None);
}

#[test]
fn d1_a_hook_that_stops_an_end_by_text_refuses_it() {
    let d1 = Detector::RefusedFinish;
    let hook = |at: usize| {
        text(&format!("All is done, {at}."), Some("end_turn"), &["Stop hook feedback:\n- check.py: ERROR! Your Patch is empty."])
    };
    let work = |at: usize| bash(&format!("git show {at}"), true, &format!("commit {at}"));
    assert_eq!(level(d1, (0..4).flat_map(|at| [hook(at), work(at)]).collect()), Level::Stuck);
    assert_eq!(level(d1, vec![hook(0), work(0)]), Level::None, "once");
    let heeded = (0..5).flat_map(|at| [hook(at), edit(&format!("src/{at}.py"), true, "done")]).collect();
    assert_eq!(level(d1, heeded), Level::None, "it does something about it each time");
    let person = ["yes", "yes", "yes", "yes"].map(|word| text("Shall I go on?", Some("end_turn"), &[word])).to_vec();
    assert_eq!(level(d1, person), Level::None);
    let reminded = times(5, &text("I will.", Some("stop"), &["It seems that you have not completed the task."]));
    assert_eq!(level(d1, reminded), Level::None, "D3 counts those");
}

#[test]
fn d5_a_text_that_only_counts_on() {
    let counts = |count: usize| {
        (0..count).map(|at| format!("Attempt {at}: I will now call the tool to view the file.\n")).collect::<Vec<_>>().concat()
    };
    let d5 = |count, finish| level(Detector::TextPeriod, vec![text(&counts(count), Some(finish), &[])]);
    assert_eq!(d5(100, "length"), Level::Stuck);
    assert_eq!(d5(12, "length"), Level::None, "a few");
    assert_eq!(d5(100, "stop"), Level::None, "a list that somebody asked for");
    assert_eq!(d5(500, "stop"), Level::Warn, "nobody asked for that");
}
