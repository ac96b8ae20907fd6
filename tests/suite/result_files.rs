//! Result files of our own: read by the harness's readers, by our reports, and taken by other runs.
#![expect(clippy::string_slice, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use isobench_tui::artifact::Checkout;
use isobench_tui::artifact::result_file::{Findings, ImageOf, Sample, Written};
use isobench_tui::config::{ArmGpus, Config, Engine};
use isobench_tui::domain::{
    ArmDetail, AttemptId, FailureClass, Flag, ItemId, Machine, Metric, PullDetail, PulledImage, Reused, Stage, StageDetail, StageEnd,
    StageOutcome, Taint, TaintKind,
};
use isobench_tui::ledger::fact::{AttemptEnd, By};
use isobench_tui::ledger::{Body, Entry, Fact, Line, PlannedItem, RunFolder, RunPlan};
use isobench_tui::model::{Item, Run, StageState};
use isobench_tui::runner::conclude::Case;
use isobench_tui::runner::results::{ArmReport, mark, path, reused, write};
use isobench_tui::runner::{Job, containers};
use isobench_tui::text::mask::Masker;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT, json_of, said};
use crate::support::{BINARY, folder};

/// Prints what `vllm bench serve` prints; the second item's agent breaks the server.
const SERVING: &str = r#". ./engine.sh
[ "$item$cost" = c-000250 ] && { echo "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB" >&2; exit 1; }
echo "token=$SOME_API_KEY"
cat <<EOF
============ Serving Benchmark Result ============
Successful requests:                     100
Benchmark duration (s):                  $cost.00
Total input tokens:                      25600
Total generated tokens:                  6400
Request throughput (req/s):              10.00
Output token throughput (tok/s):         640.00
Total Token throughput (tok/s):          3200.00
---------------Time to First Token----------------
Mean TTFT (ms):                          $cost.50
Median TTFT (ms):                        $cost.40
P99 TTFT (ms):                           $cost.90
==================================================
EOF"#;

/// A reader by the reference's description of the runner's own: it knows nothing of us.
const READER: &str = r#"
import json, sys, time, pathlib
KEYS = ["human_commit", "human_commit_full", "parent_commit", "model", "status", "error", "duration_s", "metrics", "raw_output", "timestamp"]
for path in sorted(pathlib.Path(sys.argv[1]).glob("*_result.json")):
    sha8, arm, _ = path.name.split("_")
    result = json.loads(path.read_text())
    assert list(result)[:10] == KEYS, list(result)
    assert set(result) - set(KEYS) <= {"isobench_tui"}, list(result)
    assert result["human_commit"] == sha8 == result["human_commit_full"][:8]
    assert result["status"] in ("success", "error", "timeout") and isinstance(result["duration_s"], float)
    assert (result["error"] is None) == (result["status"] == "success")
    assert len(result["raw_output"]) <= (5000 if result["status"] == "success" else 10000)
    time.strptime(result["timestamp"], "%Y-%m-%d %H:%M:%S")
    metrics = result["metrics"]
    rate = metrics.get("output_token_throughput_tok_s", metrics.get("throughput_tok_s"))
    print(json.dumps({"commit": sha8, "arm": arm, "status": result["status"], "ttft": metrics.get("ttft_mean_ms"), "rate": rate}))
"#;

/// The run as it was when an arm had ended and that was not on record yet.
fn before_the_end(campaign: &Campaign, item: &ItemId, stage: Stage) -> (Run, StageOutcome) {
    let text = fs::read_to_string(campaign.folder().events()).unwrap();
    let mut run = Run::default();
    for line in text.lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        if fact["kind"] == "stage_finished" && fact["data"]["item"] == item.0 && fact["data"]["stage"] == stage.name() {
            break;
        }
        run.apply_line(Line::Text(0, line));
    }
    let whole = campaign.model();
    let record = whole.item(item).unwrap().last_attempt().unwrap().stage(stage).unwrap().clone();
    let StageState::Ended(outcome) = record.state else { unreachable!("it ended") };
    (run, outcome)
}

/// Writes the results of all arms of a run whose arms are local commands.
fn write_all(campaign: &Campaign, masker: &Masker) -> Job {
    let job = Job::open(campaign.folder(), Path::new(BINARY)).unwrap();
    for item in campaign.model().items {
        for stage in [Stage::Human, Stage::Baseline, Stage::Candidate] {
            let (run, outcome) = before_the_end(campaign, &item.id, stage);
            let attempt = AttemptId { item: item.id.clone(), n: 1 };
            let StageDetail::Arm(detail) = &outcome.detail else { unreachable!("it is an arm") };
            let case = Case { job: &job, run: &run, item: run.item(&item.id).unwrap(), attempt: &attempt, stage, masker };
            let printed = ["out", "err"].map(|name| job.folder.stage(&attempt, stage).join(name)).to_vec();
            let child = outcome.child.as_ref().unwrap();
            let report = ArmReport { end: &outcome.end, detail, child, image: None, command_digest: None, printed };
            write(&case, &report).unwrap();
        }
    }
    job
}

fn report(campaign: &Campaign, path: &Path) -> Value {
    let output = campaign.run(&["report", &path.display().to_string(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What two reports must agree on.
fn agreed(report: &Value) -> Vec<Value> {
    let short = |row: &Value| row["commit"].as_str().unwrap()[..8].to_owned();
    let results = report["results"].as_array().unwrap().iter().map(|row| {
        json!([
            short(row),
            row["arm"],
            row["type"],
            row["model"],
            row["status"],
            row["ok"],
            row["metrics"],
            row["failure"]["class"],
            row["flags"],
            row["workload"]
        ])
    });
    let compared = report["compared"].as_array().unwrap().iter().map(|row| {
        json!([
            short(row),
            row["type"],
            row["arms"],
            row["flags"],
            row["verdicts"],
            row["incomparable"],
            row["class"],
            row["failure"]["class"]
        ])
    });
    let mut all: Vec<Value> = results.chain(compared).collect();
    all.sort_by_key(Value::to_string);
    all
}

#[test]
fn our_results_say_the_same_to_the_harness_to_the_importer_and_of_the_run() {
    let mut campaign = Campaign::new(2, GOOD_AGENT, SERVING);
    let secret = "sk-0123456789abcdef0123456789";
    campaign.env.push(("SOME_API_KEY".to_owned(), secret.to_owned()));
    campaign.config("", "", "");
    campaign.headless();
    assert_eq!(campaign.statuses(), ["done", "failed"]);
    let job = write_all(&campaign, &Masker::new(vec![("SOME_API_KEY".to_owned(), secret.to_owned())], Vec::new()));
    let results = campaign.root.join("results").join(job.folder.run_id().0);
    let (run, files) = (report(&campaign, job.folder.path()), report(&campaign, &results));
    assert_eq!(agreed(&run), agreed(&files));
    assert_eq!(files["results"].as_array().unwrap().len(), 6);
    let read = Command::new("python3").args(["-c", READER, &results.display().to_string()]).output().unwrap();
    assert!(read.status.success(), "{}", said(&read));
    let rows: Vec<Value> = String::from_utf8(read.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 6);
    for row in &rows {
        let same =
            |other: &&Value| other["commit"].as_str().unwrap().starts_with(row["commit"].as_str().unwrap()) && other["arm"] == row["arm"];
        let told = run["results"].as_array().unwrap().iter().find(same).unwrap();
        assert_eq!(
            (&row["status"], &row["ttft"]),
            (&told["status"], told["metrics"].get("ttft_mean_ms").unwrap_or(&Value::Null)),
            "{told:#}"
        );
    }
    for entry in fs::read_dir(&results).unwrap() {
        let path = entry.unwrap().path();
        assert!(!fs::read_to_string(&path).unwrap().contains(secret), "{}", path.display());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(&results).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_tainted_an_arm_is_put_into_its_results_and_an_older_attempts_result_is_kept() {
    let campaign = Campaign::new(1, GOOD_AGENT, SERVING);
    campaign.headless();
    let masker = Masker::new(Vec::<(String, String)>::new(), Vec::new());
    let job = write_all(&campaign, &masker);
    let model = campaign.model();
    let (item, attempt) = (&model.items[0], AttemptId { item: model.items[0].id.clone(), n: 1 });
    let there = path(&job, item, isobench_tui::domain::Arm::Human);
    let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    let taint = Taint { kind: TaintKind::Xid, evidence: "GPU 0: Xid 79".to_owned(), from, to };
    mark(&job, item, &attempt, Stage::Human, &[taint]).unwrap();
    let own = job.folder.stage(&attempt, Stage::Human).join(there.file_name().unwrap());
    for path in [&there, &own] {
        let ours = json_of(path)["isobench_tui"].clone();
        assert_eq!((&ours["flags"][0], &ours["taints"][0]["evidence"]), (&json!("tainted"), &json!("GPU 0: Xid 79")), "{}", path.display());
    }
    // what lies there is of an attempt that is none of this run's
    let mut other = json_of(&there);
    other["isobench_tui"]["attempt"] = json!(7);
    fs::write(&there, other.to_string()).unwrap();
    write_all(&campaign, &masker);
    let aside = own.with_file_name(format!("older_{}", there.file_name().unwrap().to_string_lossy()));
    assert_eq!(json_of(&aside)["isobench_tui"]["attempt"], 7);
    assert_eq!(json_of(&there)["isobench_tui"]["attempt"], 1);
}

const HUMAN: &str = "0123456789abcdef0123456789abcdef01234567";
const PARENT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// A run of arms in containers whose images were pulled; nothing was measured.
fn pulled(root: &Path) -> (Job, Run) {
    let mut config = Config::default();
    config.arms.engine = Engine::Docker;
    config.arms.gpus = ArmGpus::Numbers(Vec::new());
    let mapping = json!({&HUMAN[..8]: {"commit_full": HUMAN, "perf_command": "vllm bench latency --model a/b --input-len 8 --output-len 8", "model": "a/b", "parent_commit": PARENT}});
    fs::create_dir_all(root.join("data/mappings")).unwrap();
    fs::write(root.join("data/mappings/benchmark_mode_mapping.json"), mapping.to_string()).unwrap();
    let item = ItemId("c-0001".to_owned());
    let planned = PlannedItem { item: item.clone(), human: HUMAN.to_owned(), parent: PARENT.to_owned(), blocked: None };
    let created = [
        Fact::RunCreated(RunPlan {
            plan: String::new(),
            digest: String::new(),
            selection: None,
            repo: "repo".to_owned(),
            task_id: "t".to_owned(),
            agent: "a".to_owned(),
            model: "m".to_owned(),
            stages: Stage::ALL.to_vec(),
            repeat: 1,
            items: vec![planned],
        }),
        Fact::AttemptStarted { item, n: 1, from: Stage::Pull },
    ];
    let mut run = Run::default();
    apply(&mut run, created);
    pull(&mut run, 1, &config);
    let job = Job {
        folder: RunFolder::at(root.join("state/tui/this-run")),
        checkout: Checkout::at(root.to_owned()),
        config,
        git_dir: None,
        task_id: "t".to_owned(),
        timestamp: String::new(),
        binary: PathBuf::from(BINARY),
    };
    (job, run)
}

fn apply(run: &mut Run, facts: impl IntoIterator<Item = Fact>) {
    for (seq, fact) in (run.seq + 1..).zip(facts) {
        run.apply(&Entry { seq, at: Timestamp::UNIX_EPOCH, up_ms: 0, body: Body::Known(Box::new(fact)) });
    }
}

/// The item's images come.
fn pull(run: &mut Run, n: u32, config: &Config) {
    let item = run.items[0].id.clone();
    let images = [Stage::Human, Stage::Baseline].map(|stage| PulledImage {
        reference: config.docker.image(stage, &item, HUMAN, PARENT).unwrap(),
        id: format!("sha256:{stage}"),
        ..PulledImage::default()
    });
    let detail = StageDetail::Pull(PullDetail { images: images.to_vec(), until: None });
    let outcome = StageOutcome { end: StageEnd::Done, child: None, duration_ms: 1, detail };
    let starting = Fact::StageStarting { item: item.clone(), n, stage: Stage::Pull, budget_ms: None };
    apply(run, [starting, Fact::StageFinished { item, n, stage: Stage::Pull, outcome }]);
}

/// Writes the human's result of another run.
fn another(job: &Job, run: &str, timestamp: &str, ours: &Findings) {
    let metrics = [Metric { name: "latency_avg_ms".to_owned(), value: 5.0, unit: "ms".to_owned() }];
    let ours = Findings { run: run.to_owned(), ..ours.clone() };
    let written = Written {
        human: HUMAN,
        parent: PARENT,
        model: Some("a/b"),
        status: "success",
        error: None,
        duration_s: 1.5,
        metrics: &metrics,
        marks: "",
        printed: "",
        timestamp,
        ours: &ours,
    };
    let folder = job.checkout.repo_root.join("results").join(run);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{}_human_result.json", &HUMAN[..8])), written.text()).unwrap();
}

/// What a result of the human's arm says that this run may take.
fn alike(job: &Job, item: &Item) -> Findings {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Findings {
        command: Some(containers::command_digest(&containers::plan_of(job, item).unwrap(), &job.config)),
        image: Some(ImageOf { name: "x".to_owned(), id: Some("sha256:human".to_owned()), digest: None }),
        machine: Some(Machine { host, ..Machine::default() }),
        ..Findings::default()
    }
}

#[test]
fn a_result_of_another_run_is_taken_where_command_image_and_machine_agree() {
    let (_gone, root) = folder();
    let (job, run) = pulled(&root);
    let item = &run.items[0];
    let alike = alike(&job, item);
    let of_this = Reused { file: String::new(), run: Some("this-run".to_owned()), at: None };
    let taken = || reused(&job, item, Stage::Human).map(|taken| taken.detail);
    assert_eq!(taken(), None, "there is none");
    let image = |id: &str| Some(ImageOf { id: Some(id.to_owned()), ..ImageOf::default() });
    for (what, other) in [
        ("command", Findings { command: Some("other".to_owned()), ..alike.clone() }),
        ("image", Findings { image: image("sha256:other"), ..alike.clone() }),
        ("machine", Findings { machine: Some(Machine { gpus: vec!["H100".to_owned()], ..Machine::default() }), ..alike.clone() }),
        ("nobody knows", Findings { machine: None, ..alike.clone() }),
        ("tainted", Findings { flags: vec![Flag::Tainted], ..alike.clone() }),
        ("our own, of which another run has a copy", Findings { reused: Some(of_this), ..alike.clone() }),
    ] {
        another(&job, "other-run", "2026-01-05 00:00:00", &other);
        assert_eq!(taken(), None, "{what}");
    }
    another(&job, "other-run", "2026-01-01 00:00:00", &alike);
    another(&job, "newer-run", "2026-01-02 00:00:00", &alike);
    another(&job, "this-run", "2026-01-03 00:00:00", &alike);
    let detail = taken().unwrap();
    let origin = detail.reused.clone().unwrap();
    assert_eq!((origin.run.as_deref(), origin.at.as_deref()), (Some("newer-run"), Some("2026-01-02 00:00:00")));
    assert_eq!(detail.metrics.first().map(|metric| metric.value), Some(5.0));
    assert_eq!(reused(&job, item, Stage::Candidate), None, "an agent's arm is always measured");
    assert_eq!(reused(&job, item, Stage::Baseline), None, "another arm");
    let (mut twice, _) = pulled(&root);
    twice.config.arms.repeat = 2;
    assert_eq!(reused(&twice, item, Stage::Human), None, "not measured as often");
}

#[test]
fn of_several_results_the_one_without_doubt_is_taken_then_the_one_measured_more_often_then_the_newest() {
    let (_gone, root) = folder();
    let (job, run) = pulled(&root);
    let item = &run.items[0];
    let alike = alike(&job, item);
    let of = |rounds: u32, flags: &[Flag]| {
        let samples = (1..=rounds).map(|round| Sample { round, ..Sample::default() }).collect();
        Findings { samples, flags: flags.to_vec(), ..alike.clone() }
    };
    let from = || reused(&job, item, Stage::Human).unwrap().detail.reused.unwrap().run.unwrap();
    another(&job, "whole", "2026-01-01 00:00:00", &of(2, &[]));
    another(&job, "newer", "2026-01-02 00:00:00", &of(2, &[]));
    another(&job, "once", "2026-01-03 00:00:00", &of(0, &[]));
    another(&job, "lost", "2026-01-04 00:00:00", &of(3, &[Flag::RoundFailed]));
    assert_eq!(from(), "newer");
    fs::remove_dir_all(root.join("results/newer")).unwrap();
    assert_eq!(from(), "whole");
    fs::remove_dir_all(root.join("results/whole")).unwrap();
    assert_eq!(from(), "once");
    fs::remove_dir_all(root.join("results/once")).unwrap();
    assert_eq!(from(), "lost", "better than none");
}

#[test]
fn what_a_person_wants_measured_again_is_whatever_comes_between() {
    let (_gone, root) = folder();
    let (job, mut run) = pulled(&root);
    another(&job, "other-run", "2026-01-01 00:00:00", &alike(&job, &run.items[0]));
    let is_taken = |run: &Run| reused(&job, &run.items[0], Stage::Human).is_some();
    assert!(is_taken(&run));
    let again = |run: &mut Run, n: u32, end: AttemptEnd, from: Stage, automatic: bool| {
        let item = run.items[0].id.clone();
        let mut facts = vec![Fact::AttemptFinished { item: item.clone(), n, end: end.clone() }];
        if !matches!(end, AttemptEnd::Interrupted { .. }) {
            let (why, by) = (String::new(), By::rule("retry"));
            facts.push(Fact::ItemRequeued { item: item.clone(), from, not_before: None, automatic, why, by });
        }
        facts.push(Fact::AttemptStarted { item, n: n + 1, from });
        apply(run, facts);
        // an arm that a person asks for again is pulled for, too
        if run.items[0].last_attempt().unwrap().pull().is_none() {
            pull(run, n + 1, &job.config);
        }
    };
    let gone = || AttemptEnd::Failed { class: FailureClass::ImageMissing, why: String::new() };
    again(&mut run, 1, AttemptEnd::Done, Stage::Human, false);
    assert!(!is_taken(&run), "a person wants it again");
    again(&mut run, 2, gone(), Stage::Pull, true);
    assert!(!is_taken(&run), "its image had to be pulled before");
    again(&mut run, 3, AttemptEnd::Interrupted { why: String::new() }, Stage::Pull, false);
    assert!(!is_taken(&run), "its runner was killed");
    again(&mut run, 4, AttemptEnd::Done, Stage::Baseline, false);
    assert!(is_taken(&run), "now a person wants another one");
    again(&mut run, 5, gone(), Stage::Pull, false);
    assert!(is_taken(&run), "all of it, and it was not measured before");
    let detail = StageDetail::Arm(ArmDetail::default());
    let outcome = StageOutcome { end: StageEnd::Done, child: None, duration_ms: 1, detail };
    let (item, stage) = (run.items[0].id.clone(), Stage::Human);
    let starting = Fact::StageStarting { item: item.clone(), n: 6, stage, budget_ms: None };
    apply(&mut run, [starting, Fact::StageFinished { item, n: 6, stage, outcome }]);
    again(&mut run, 6, AttemptEnd::Done, Stage::Pull, false);
    assert!(!is_taken(&run), "all of it again");
}
