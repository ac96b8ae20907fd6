//! What agents are asked: the template language, what our own template says and does not say, copies of earlier
//! prompts, and `print prompt`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use isobench_tui::agent::prompt::{DEFAULT, NOT_KNOWN, Template, Word, bullets};
use isobench_tui::artifact::{Checkout, PlanFile};
use isobench_tui::config::Config;
use isobench_tui::domain::ItemId;
use isobench_tui::runner::create::digest;
use isobench_tui::runner::prompt::{Prompts, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::campaign::{Campaign, GOOD_AGENT, GOOD_ARM, json_of, said};
use crate::support::{folder, shared};

fn rendered(text: &str, values: &[(Word, &str)]) -> String {
    let value = |word| values.iter().find(|(named, _)| *named == word).map(|(_, value)| (*value).to_owned());
    Template::parse(text).unwrap().render(value)
}

fn wrong(text: &str) -> String {
    Template::parse(text).unwrap_err().to_string()
}

#[test]
fn words_are_replaced_by_their_values_and_braces_in_values_mean_nothing() {
    let values = [(Word::Model, "m{repo}"), (Word::Repo, "vllm")];
    assert_eq!(rendered("{repo}: {model} on {{x}} {repo}{repo}", &values), "vllm: m{repo} on {x} vllmvllm");
    assert_eq!(rendered("a {model} b {{", &[]), format!("a {NOT_KNOWN} b {{"));
    assert_eq!(rendered("{model}", &[(Word::Model, " \n")]), NOT_KNOWN, "a blank value is none");
}

#[test]
fn sections_stay_where_their_word_has_a_value_or_has_none() {
    let text = "a{?model} {model}{?repo}/{repo}{/repo}{/model}{!model} none{/model}.";
    assert_eq!(rendered(text, &[(Word::Model, "m"), (Word::Repo, "r")]), "a m/r.");
    assert_eq!(rendered(text, &[(Word::Model, "m")]), "a m.");
    assert_eq!(rendered(text, &[(Word::Repo, "r")]), "a none.");
}

#[test]
fn lines_of_marks_alone_leave_no_blank_line() {
    let text =
        "{# a remark\nof two lines, with {words} #}\none\n  {?model}  \n  two {model}\n{/model}\nthree {# here #}\n{!model}\nno\n{/model}";
    assert_eq!(rendered(text, &[(Word::Model, "m")]), "one\n  two m\nthree \n");
    assert_eq!(rendered(text, &[]), "one\nthree \nno\n");
    assert_eq!(rendered("{?model}\r\n{model}\r\n{/model}\r\nend", &[(Word::Model, "m")]), "m\r\nend");
}

#[test]
fn a_wrong_template_is_told_by_place_and_the_nearest_right_word() {
    assert_eq!(wrong("one\ntwo é {perf_comand}"), "2:7: there is no word {perf_comand}: did you mean {perf_command}? ({{ for a brace)");
    assert_eq!(wrong("{modle}").split(": ").nth(2), Some("did you mean {model}? ({{ for a brace)"));
    let lists = wrong("{nothing_like_it}");
    assert!(Word::ALL.iter().all(|word| lists.contains(word.name())), "{lists}");
    for (text, says) in [
        ("x {model", "1:3: a '{' without its '}'"),
        ("{mo\ndel}", "1:1: a '{' without its '}'"),
        ("a }", "1:3: a '}' without its '{'"),
        ("{ model }", "1:1: there is no word { model }: did you mean {model}?"),
        ("{}", "1:1: there is no word {}: the words are worktree"),
        ("\n{?model} x", "2:1: this section has no end: close it with {/model}"),
        ("{?model}{?repo}{/model}{/repo}", "1:16: {/model} closes no section: the open one ends with {/repo}"),
        ("{/model}", "1:1: {/model} closes no section: none is open"),
        ("a {# b", "1:3: this remark has no end"),
        (" {# b #}\n ", "1:1: the template is empty"),
        ("{?modle}x{/modle}", "1:1: there is no word {modle}"),
    ] {
        assert!(wrong(text).starts_with(says), "{text:?} gives {}", wrong(text));
    }
}

#[test]
fn every_word_has_a_name_of_its_own_and_is_told_of_in_our_template() {
    let names: BTreeSet<&str> = Word::ALL.iter().map(|word| word.name()).collect();
    assert_eq!(names.len(), Word::ALL.len());
    for name in names {
        assert!(Template::parse(&format!("{{{name}}}")).is_ok(), "{name}");
        assert!(DEFAULT.contains(name), "{name} is not told of");
    }
}

#[test]
fn lists_are_bullet_lines() {
    assert_eq!(bullets(&["a", " b "]).unwrap(), "- a\n- b");
    assert_eq!(bullets::<&str>(&[]), None);
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_an_error_at_a_place_in_it(text in "[a{}?!/#\\n modelrp]{0,60}") {
        match Template::parse(&text) {
            Ok(template) => { template.render(|_| Some("v".to_owned())); }
            Err(error) => prop_assert!(error.line <= text.matches('\n').count() + 1 && error.column >= 1),
        }
    }

    #[test]
    fn text_with_its_braces_doubled_comes_out_as_it_was(text in "\\PC{1,80}x") {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        prop_assert_eq!(Template::parse(&doubled).unwrap().render(|_| None), text);
    }
}

#[test]
fn our_template_reads_well_whatever_is_known() {
    let template = Template::parse(DEFAULT).unwrap();
    assert!(Word::HUMAN.iter().all(|word| !template.names(*word)), "our template never shows the human's solution");
    let always = [(Word::Worktree, "/w"), (Word::Repo, "vllm"), (Word::ThresholdPct, "5"), (Word::Scratch, "/w/.bench_scratch")];
    let optional = [
        Word::Model,
        Word::BenchmarkMode,
        Word::PerfCommand,
        Word::Metric,
        Word::Constraints,
        Word::TargetFiles,
        Word::TimeBudget,
        Word::MaxSteps,
        Word::Task,
    ];
    for known in 0..(1_u32 << optional.len()) {
        let value = |word: Word| {
            let at = optional.iter().position(|optional| *optional == word);
            match at {
                Some(at) => (known & (1 << at) != 0).then(|| format!("VALUE{at}")),
                None => always.iter().find(|(named, _)| *named == word).map(|(_, value)| (*value).to_owned()),
            }
        };
        let text = template.render(value);
        assert!(!text.contains(NOT_KNOWN), "{text}");
        assert!(!text.contains("\n\n\n") && !text.contains(['{', '}']) && text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
        for at in 0..optional.len() {
            assert_eq!(text.contains(&format!("VALUE{at}")), known & (1 << at) != 0, "{text}");
        }
        assert_eq!(text.contains("No benchmark command is on record"), known & (1 << 2) == 0);
    }
}

/// The prompts of a harness folder by its configuration.
fn prompts(root: &Path, config: &Config) -> Prompts {
    Prompts::read(&Checkout::at(root.to_owned()), config, "https://github.com/vllm-project/vllm.git", "vllm_core").unwrap()
}

fn ask(prompts: &Prompts, item: &str, human: &str) -> String {
    let worktree = Path::new("/h/.work/worktrees/r").join(format!("{item}.1"));
    let item_dir = Path::new("/h/state/runs/vllm/trae/gpt-5/2026-11-21_10-00-00").join(item);
    let item = ItemId(item.to_owned());
    prompts.of(&Subject { item: &item, human, parent: "", git_dir: None, worktree: &worktree, item_dir: &item_dir }).unwrap().text
}

/// Item folders of real runs, each with its `prompt.json`.
fn real_items(shared: &Path) -> Vec<(PathBuf, Value)> {
    let mut open = vec![shared.join("corpus/state/runs")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        if folder.join("prompt.json").is_file() && folder.join("task.txt").is_file() {
            let prompt = json_of(&folder.join("prompt.json"));
            found.push((folder, prompt));
            continue;
        }
        open.extend(fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    assert!(!found.is_empty(), "the corpus holds no items");
    found
}

#[test]
fn our_template_gives_nothing_of_the_humans_solution_away_for_any_real_item() {
    let Some(shared) = shared() else { return };
    let mut targets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, prompt) in real_items(&shared) {
        let human: String = prompt["commits"]["human"].as_str().unwrap().chars().take(8).collect();
        let files = prompt["target_files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned());
        targets.entry(human).or_default().extend(files);
    }
    let root = shared.join("corpus");
    let prompts = prompts(&root, &Config::default());
    assert_eq!(prompts.gives_away(), Vec::<&str>::new());
    let mapping = json_of(&root.join("mappings/benchmark_mode_mapping.json"));
    let (plan, _) = PlanFile::read(&root.join("state/plan.json")).unwrap();
    assert_eq!(plan.items.len(), 96);
    let (mut checked, mut with_command) = (0, 0);
    for item in &plan.items {
        let text = ask(&prompts, &item.item_id.0, &item.human);
        let short: String = item.human.chars().take(8).collect();
        assert!(!text.contains(&short), "{}: the human's sha", item.item_id);
        let entry = &mapping[&short];
        let command = entry["perf_command"].as_str().unwrap_or_default();
        for file in targets.get(&short).into_iter().flatten().filter(|file| !command.contains(file.as_str())) {
            assert!(!text.contains(file.as_str()), "{}: {file}", item.item_id);
            checked += 1;
        }
        assert!(!text.contains("Model: unknown"), "{}", item.item_id);
        for known in ["perf_command", "model"].map(|field| entry[field].as_str()).into_iter().flatten().filter(|word| *word != "unknown") {
            assert!(text.contains(known), "{}: lacks {known}: {text}", item.item_id);
        }
        with_command += usize::from(!command.is_empty());
        assert!(text.contains("No public API breakage") && text.contains("source code of vllm,"), "{text}");
        assert!(!text.contains(NOT_KNOWN), "{text}");
    }
    assert!(checked > 90 && with_command == 93, "checked {checked} paths, {with_command} commands");
}

#[test]
fn every_real_prompt_is_copied_with_nothing_left_of_its_old_worktree() {
    let Some(shared) = shared() else { return };
    let mut config = Config::default();
    config.prompt.source = isobench_tui::domain::PromptSource::Copy;
    let items = real_items(&shared);
    let mut runs: BTreeSet<PathBuf> = BTreeSet::new();
    for (folder, _) in &items {
        runs.insert(folder.parent().unwrap().to_owned());
    }
    let mut copied = 0;
    for run in runs {
        config.prompt.from = Some(run.display().to_string());
        let prompts = prompts(&shared.join("corpus"), &config);
        for (folder, prompt) in items.iter().filter(|(folder, _)| folder.starts_with(&run)) {
            let item = folder.file_name().unwrap().to_str().unwrap();
            let text = ask(&prompts, "new-item", prompt["commits"]["human"].as_str().unwrap());
            let old = fs::read_to_string(folder.join("task.txt")).unwrap();
            assert!(!text.contains("/worktrees/vllm_core") && !text.contains("/worktrees/sglang_core"), "{}: {text}", folder.display());
            assert!(
                text.starts_with("I've uploaded a python code repository in the directory /h/.work/worktrees/r/new-item.1.\n"),
                "{text}"
            );
            // nothing else changed: with the first line's path put back, it is the old text
            let path = old.lines().next().unwrap().trim_end_matches('.').rsplit(' ').next().unwrap();
            assert_eq!(text.replace("/h/.work/worktrees/r/new-item.1", path), old, "{item}");
            copied += 1;
        }
    }
    assert!(copied > 250, "{copied}");
}

/// A harness item folder as ISO-Bench leaves it, made by hand.
fn harness_item(root: &Path, run: &str, item: &str, human: &str, task: &str) -> PathBuf {
    let folder = root.join("state/runs").join(run).join(item);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("prompt.json"), json!({"task": "t", "commits": {"pre": "", "human": human}}).to_string()).unwrap();
    fs::write(folder.join("journal.json"), json!({"status": "success", "commits": {"pre": "", "human": human}}).to_string()).unwrap();
    fs::write(folder.join("task.txt"), task).unwrap();
    folder
}

fn copying(from: Option<&str>) -> Config {
    let mut config = Config::default();
    config.prompt.source = isobench_tui::domain::PromptSource::Copy;
    config.prompt.from = from.map(str::to_owned);
    config
}

#[test]
fn a_prompt_of_iso_bench_goes_before_a_newer_one_of_ours() {
    let campaign = Campaign::good(1);
    let sha = campaign.commits[1].clone();
    let ours = |run: &str, text: &str, journal: Option<Value>| {
        let folder = harness_item(&campaign.root, run, "x", &sha, text);
        match journal {
            Some(journal) => fs::write(folder.join("journal.json"), journal.to_string()).unwrap(),
            None => fs::remove_file(folder.join("journal.json")).unwrap(),
        }
    };
    let of_ours = |source: &str| Some(json!({"commits": {"pre": "", "human": sha}, "isobench_tui": {"prompt": {"source": source}}}));
    campaign.config("", "", "[prompt]\nsource = \"copy\"");
    let copied = || {
        let output = campaign.run(&["print", "prompt", "c-0001"]);
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    ours("repo/script/default/2026-02-23_00-00-00", "ours\n", of_ours("template"));
    ours("repo/script/default/2026-03-23_00-00-00", "not said whose\n", None);
    let (text, told) = copied();
    assert_eq!(text, "not said whose\n", "the newest, where there is none of ISO-Bench's");
    assert!(told.contains("2026-03-23_00-00-00/x/task.txt, written by isobench-tui"), "{told}");
    ours("repo/trae/gpt-5/2026-01-22_00-00-00", "through the harness\n", of_ours("harness"));
    assert_eq!(copied().0, "through the harness\n");
    harness_item(&campaign.root, "repo/trae/gpt-5/2026-01-23_00-00-00", "x", &sha, "theirs\n");
    let (text, told) = copied();
    assert_eq!(text, "theirs\n");
    assert!(told.contains("2026-01-23_00-00-00/x/task.txt, written by ISO-Bench"), "{told}");
    let doctor = said(&campaign.run(&["doctor", "--format", "json"]));
    assert!(doctor.contains("ISO-Bench's own before ours"), "{doctor}");
    campaign.config("", "", "[prompt]\nsource = \"copy\"\nfrom = \"repo/script\"");
    assert_eq!(copied().0, "not said whose\n", "a named run is taken as it is");
}

#[test]
fn a_model_that_the_mapping_does_not_know_is_not_known() {
    let campaign = Campaign::good(1);
    let sha = campaign.commits[1].clone();
    let short: String = sha.chars().take(8).collect();
    fs::create_dir_all(campaign.root.join("data/mappings")).unwrap();
    let asked = |model: &str| {
        let mapping =
            json!({short.as_str(): {"commit_full": sha, "benchmark_mode": "serving", "perf_command": "bench serve", "model": model}});
        fs::write(campaign.root.join("data/mappings/benchmark_mode_mapping.json"), mapping.to_string()).unwrap();
        String::from_utf8(campaign.run(&["print", "prompt", "c-0001"]).stdout).unwrap()
    };
    assert!(asked("org/model-7b").contains("- Model: org/model-7b"));
    for unknown in ["unknown", "Unknown", "", " "] {
        let text = asked(unknown);
        assert!(text.contains("bench serve") && !text.contains("- Model:") && !text.contains("nknown"), "{text}");
    }
}

#[test]
fn the_newest_prompt_of_the_same_commit_is_copied() {
    let (_keep, root) = folder();
    let sha = "0d243f2a54fbd1c56da8a571f0899c30b6aba5d9";
    harness_item(&root, "vllm/trae/gpt-5/2026-01-02_00-00-00", "a", sha, "older\n");
    harness_item(&root, "vllm/claude_code/default/2026-01-23_21-19-19", "b", "0d243f2a", "newest\n");
    harness_item(&root, "vllm_core-1a2b3c4d", "c", sha, "legacy\n");
    harness_item(&root, "vllm/trae/gpt-5/2026-02-01_00-00-00", "d", "0d243f2b", "another commit\n");
    // this run's own, and what hangs a reader
    harness_item(&root, "vllm/trae/gpt-5/2026-11-21_10-00-00", "e", sha, "own\n");
    symlink(&root, root.join("state/runs/loop")).unwrap();
    let pipe = root.join("state/runs/pipe");
    fs::create_dir(&pipe).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe.join("task.txt"), rustix::fs::Mode::RWXU).unwrap();

    // Subject's item folder lies below /h: only one of the same run's folder is left out
    let with = |from: Option<&str>| {
        let checkout = Checkout::at(root.clone());
        let prompts = Prompts::read(&checkout, &copying(from), "vllm", "t").map_err(|error| error.to_string())?;
        let subject = Subject {
            item: &ItemId("e".to_owned()),
            human: sha,
            parent: "",
            git_dir: None,
            worktree: Path::new("/w"),
            item_dir: &root.join("state/runs/vllm/trae/gpt-5/2026-11-21_10-00-00/e"),
        };
        prompts.of(&subject).map(|prompt| prompt.text).map_err(|error| error.to_string())
    };
    assert_eq!(with(None).as_deref(), Ok("newest\n"));
    assert_eq!(with(Some("")).as_deref(), Ok("newest\n"));
    assert_eq!(with(Some("vllm/trae")).as_deref(), Ok("older\n"));
    assert_eq!(with(Some("state/runs/vllm/trae")).as_deref(), Ok("older\n"));
    assert_eq!(with(Some("vllm_core-1a2b3c4d")).as_deref(), Ok("legacy\n"));
    let absolute = root.join("state/runs/vllm/trae/gpt-5/2026-01-02_00-00-00/a").display().to_string();
    assert_eq!(with(Some(&absolute)).as_deref(), Ok("older\n"));
    let none = with(Some("vllm/trae/gpt-5/2026-02-01_00-00-00")).unwrap_err();
    assert!(none.starts_with("no earlier prompt of commit 0d243f2a below ") && none.contains("prompt.source = \"template\""), "{none}");
    let nowhere = with(Some("vllm/nobody")).unwrap_err();
    assert!(nowhere.contains("prompt.from = \"vllm/nobody\"") && nowhere.contains("isobench-tui ls"), "{nowhere}");
}

#[test]
fn an_earlier_prompt_that_is_no_text_is_an_error_with_its_file() {
    let (_keep, root) = folder();
    let sha = "0d243f2a54fbd1c56da8a571f0899c30b6aba5d9";
    let item = harness_item(&root, "r/a/m/2026-01-02_00-00-00", "a", sha, "");
    fs::write(item.join("task.txt"), b"ok \xff").unwrap();
    let prompts = Prompts::read(&Checkout::at(root.clone()), &copying(None), "r", "t").unwrap();
    let subject = Subject {
        item: &ItemId("a".to_owned()),
        human: sha,
        parent: "",
        git_dir: None,
        worktree: Path::new("/w"),
        item_dir: Path::new("/i/a"),
    };
    let says = prompts.of(&subject).unwrap_err().to_string();
    assert!(says.contains("task.txt") && says.contains("no UTF-8 text: byte 3"), "{says}");
}

/// What the agent of an item was asked, and the fact about it.
fn asked(campaign: &Campaign, nth: usize) -> (String, Value) {
    let fact = campaign.facts_of("agent_asked").into_iter().find(|fact| fact["item"] == campaign.id(nth)).unwrap();
    (fs::read_to_string(campaign.item_dir(nth).join("task.txt")).unwrap(), fact)
}

/// A prompt without what differs between two runs.
fn placeless(campaign: &Campaign, nth: usize, text: &str) -> String {
    let tree = campaign.root.join(".work/worktrees").join(campaign.folder().run_id().0).join(format!("{}.1", campaign.id(nth)));
    assert!(text.contains(tree.to_str().unwrap()), "the prompt does not name the worktree: {text}");
    text.replace(tree.to_str().unwrap(), "{worktree}")
}

const MAPPING: &str = r#"{"SHA8": {"commit_full": "SHA", "benchmark_mode": "serving", "perf_command": "python bench.py --x {y}",
  "model": "some/model", "parent_commit": null}}"#;

const TASK: &str = "id: t\nname: Engine performance\ndescription: d\nrepo:\n  url: repo\noptimization_contract:\n  target_files: []\n  constraints:\n    - No API breakage\nscoring:\n  primary: functional_match\n";

fn with_mapping(campaign: &Campaign, nth: usize) {
    let sha = &campaign.commits[nth];
    fs::create_dir_all(campaign.root.join("data/mappings")).unwrap();
    let text = MAPPING.replace("SHA8", &sha.chars().take(8).collect::<String>()).replace("SHA", sha);
    fs::write(campaign.root.join("data/mappings/benchmark_mode_mapping.json"), text).unwrap();
    fs::create_dir_all(campaign.root.join("tasks")).unwrap();
    fs::write(campaign.root.join("tasks/t.yaml"), TASK).unwrap();
}

#[test]
fn the_agent_is_asked_by_our_template_and_it_is_on_record_everywhere() {
    let campaign = Campaign::good(1);
    with_mapping(&campaign, 1);
    assert_eq!(campaign.headless(), Some(0));
    let (text, fact) = asked(&campaign, 1);
    for says in ["python bench.py --x {y}", "some/model", "time to first token", "No API breakage", ".bench_scratch", "5 %"] {
        assert!(text.contains(says), "no {says} in {text}");
    }
    assert!(!text.contains(&campaign.commits[1]) && !text.contains("engine.sh") && !text.contains("commit 1"), "{text}");
    assert_eq!(fact["digest"], digest(placeless(&campaign, 1, &text).as_bytes()));
    let wanted = json!({"source": "template", "from": null, "digest": fact["digest"]});
    assert_eq!(json_of(&campaign.item_dir(1).join("journal.json"))["isobench_tui"]["prompt"], wanted);
    assert_eq!(campaign.item(1)["prompt"], wanted);
    let prompt = json_of(&campaign.item_dir(1).join("prompt.json"));
    assert_eq!((prompt["task"].as_str(), &prompt["constraints"]), (Some("Engine performance"), &json!(["No API breakage"])));
    assert_eq!(prompt["success"]["primary_metric"], "functional_match");
}

#[test]
fn two_agents_asked_the_same_have_one_digest_and_another_template_has_another() {
    let campaign = Campaign::good(1);
    let digest_of = || campaign.facts_of("agent_asked")[0]["digest"].clone();
    assert_eq!(campaign.headless(), Some(0));
    let first = digest_of();
    assert_eq!(campaign.run(&["run", "--headless", "--agent", "other", "--model", "gpt"]).status.code(), Some(0));
    assert_eq!(campaign.folders().len(), 2);
    assert_eq!(digest_of(), first);
    fs::write(campaign.root.join("own.txt"), "Make {worktree} faster: {human_message}{?model}{model}{/model}\n").unwrap();
    campaign.config("", "", "[prompt]\ntemplate = \"own.txt\"");
    let output = campaign.run(&["run", "--headless", "--new"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("shows the agent the human's solution (human_message)"), "{}", said(&output));
    let (text, fact) = asked(&campaign, 1);
    assert_eq!(placeless(&campaign, 1, &text), "Make {worktree} faster: commit 1\n");
    assert_ne!(fact["digest"], first);
    assert_eq!(fact["from"], campaign.root.join("own.txt").display().to_string());
}

#[test]
fn a_prompt_is_copied_from_a_run_of_ours_with_the_same_digest() {
    let campaign = Campaign::good(2);
    assert_eq!(campaign.headless(), Some(0));
    let (text, fact) = asked(&campaign, 2);
    let (first, text) = (campaign.folder().run_id().0, placeless(&campaign, 2, &text));
    campaign.config("", "", &format!("[prompt]\nsource = \"copy\"\nfrom = \"{first}\""));
    let output = campaign.run(&["run", "--headless", "--new", "--agent", "script"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (copied, copy) = asked(&campaign, 2);
    assert_eq!(placeless(&campaign, 2, &copied), text);
    assert_eq!((copy["source"].as_str(), &copy["digest"]), (Some("copy"), &fact["digest"]));
    assert!(copy["from"].as_str().unwrap().ends_with("/c-0002/task.txt"), "{copy}");
}

#[test]
fn a_prompt_is_copied_from_a_run_of_the_harness_and_an_item_without_one_is_blocked() {
    let campaign = Campaign::good(2);
    let text = "I've uploaded a python code repository in the directory /root/h/.work/worktrees/t/other-0007.\nTake /root/h/.work/worktrees/t/other-0007/.bench_scratch.\n";
    let short: String = campaign.commits[1].chars().take(8).collect();
    harness_item(&campaign.root, "repo/trae/gpt-5/2026-01-23_21-19-19", "other-0007", &short, text);
    campaign.config("", "", "[prompt]\nsource = \"copy\"");
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let (copied, _) = asked(&campaign, 1);
    assert_eq!(placeless(&campaign, 1, &copied), text.replace("/root/h/.work/worktrees/t/other-0007", "{worktree}"));
    let second = campaign.item(2);
    assert_eq!((second["status"].as_str(), second["class"].as_str()), (Some("blocked"), Some("no_prompt")));
    let why = second["why"].as_str().unwrap();
    assert!(why.starts_with("no earlier prompt of commit ") && why.contains("prompt.from"), "{why}");
}

#[test]
fn a_blocked_item_runs_once_its_cause_is_gone_and_it_is_asked_for_or_its_run_is_continued() {
    let campaign = Campaign::good(3);
    let give = |nth: usize| {
        let short: String = campaign.commits[nth].chars().take(8).collect();
        harness_item(&campaign.root, "repo/trae/gpt-5/2026-01-23_21-19-19", &format!("other-{nth:04}"), &short, "Make it fast.\n");
    };
    give(1);
    campaign.config("", "", "[prompt]\nsource = \"copy\"");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.statuses(), ["done", "blocked", "blocked"]);
    let refused = campaign.ctl_refused(&["retry", "c-0002"], 6);
    assert!(refused.contains("c-0002 is blocked: no earlier prompt of commit "), "{refused}");
    campaign.wait_end();
    give(2);
    campaign.ctl(&["retry", "c-0002"]);
    campaign.wait_end();
    assert_eq!(campaign.statuses(), ["done", "done", "blocked"]);
    give(3);
    assert_eq!(campaign.resume(), Some(0));
    assert_eq!(campaign.statuses(), ["done"; 3]);
    let queued = campaign.facts_of("item_requeued");
    let told: Vec<&Value> = queued.iter().map(|fact| &fact["why"]).collect();
    assert_eq!(told, ["asked for", "what blocked it is gone"], "{queued:#?}");
}

#[test]
fn a_wrong_template_is_told_before_the_run_with_its_place() {
    let campaign = Campaign::good(1);
    campaign.config("", "", "[prompt]\ntemplate = \"own.txt\"");
    fs::write(campaign.root.join("own.txt"), "Go\nto {worktre}\n").unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let place = format!("{}:2:4: there is no word {{worktre}}: did you mean {{worktree}}?", campaign.root.join("own.txt").display());
    assert!(said(&output).contains(&place), "{}", said(&output));
    assert_eq!(campaign.folders().len(), 0);
    let printed = campaign.run(&["print", "prompt", "c-0001"]);
    assert_eq!(printed.status.code(), Some(2));
    assert!(said(&printed).contains(&place), "{}", said(&printed));
    fs::remove_file(campaign.root.join("own.txt")).unwrap();
    let output = campaign.run(&["run", "--headless"]);
    assert!(output.status.code() == Some(3) && said(&output).contains("can't read the prompt template"), "{}", said(&output));
}

/// Every file of a campaign with its length.
fn files(campaign: &Campaign) -> BTreeSet<(PathBuf, u64)> {
    let mut open = vec![campaign.root.clone()];
    let mut found = BTreeSet::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let there = entry.metadata().unwrap();
            if there.is_dir() {
                open.push(entry.path());
            }
            found.insert((entry.path(), if there.is_dir() { 0 } else { there.len() }));
        }
    }
    found
}

#[test]
fn print_prompt_says_what_would_be_asked_and_writes_nothing() {
    let campaign = Campaign::good(2);
    with_mapping(&campaign, 1);
    let before = files(&campaign);
    let by_id = campaign.run(&["print", "prompt", "c-0001"]);
    let start: String = campaign.commits[1].chars().take(9).collect();
    let by_sha = campaign.run(&["print", "prompt", &start]);
    assert_eq!((by_id.status.code(), &by_id.stdout), (Some(0), &by_sha.stdout));
    let json = campaign.run(&["print", "prompt", "c-0001", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(files(&campaign), before);
    let text = String::from_utf8(by_id.stdout).unwrap();
    assert_eq!(json["text"], text);
    let told = String::from_utf8(by_id.stderr).unwrap();
    assert!(told.contains("template") && told.contains(json["digest"].as_str().unwrap()), "{told}");
    assert_eq!(campaign.headless(), Some(0));
    let (really, fact) = asked(&campaign, 1);
    assert_eq!(fact["digest"], json["digest"]);
    let shown = campaign.root.join(".work/worktrees/<run>/c-0001.1").display().to_string();
    assert_eq!(text.replace(&shown, "{worktree}"), placeless(&campaign, 1, &really));
}

#[test]
fn print_prompt_of_an_item_that_is_none_names_the_nearest() {
    let campaign = Campaign::good(2);
    let output = campaign.run(&["print", "prompt", "c-0003"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no item has the id or the commit c-0003: did you mean c-0001?"), "{}", said(&output));
    let output = campaign.run(&["print", "prompt", "c-0001", "--plan", "nowhere.json"]);
    assert!(output.status.code() == Some(2) && said(&output).contains("nowhere.json"), "{}", said(&output));
}

#[test]
fn print_prompt_with_the_harness_shows_what_it_wrote_last() {
    let campaign = Campaign::new(1, GOOD_AGENT, GOOD_ARM);
    campaign.config("", "via = \"harness\"", "");
    let none = campaign.run(&["print", "prompt", "c-0001"]);
    assert_eq!((none.status.code(), none.stdout.as_slice()), (Some(0), &b""[..]));
    assert!(said(&none).contains("ISO-Bench writes the prompt itself") && said(&none).contains("not written one"), "{}", said(&none));
    let sha = campaign.commits[1].clone();
    harness_item(&campaign.root, "repo/trae/gpt-5/2026-01-23_21-19-19", "x", &sha, "theirs\n");
    let ours = harness_item(&campaign.root, "repo/script/default/2026-02-23_21-19-19", "x", &sha, "ours\n");
    fs::write(ours.join("journal.json"), json!({"isobench_tui": {"prompt": {"source": "template"}}}).to_string()).unwrap();
    let last = campaign.run(&["print", "prompt", "c-0001"]);
    assert_eq!(String::from_utf8(last.stdout.clone()).unwrap(), "theirs\n", "{}", said(&last));
}

#[test]
fn the_printed_template_is_the_one_that_asks() {
    let campaign = Campaign::good(1);
    let printed = campaign.run(&["print", "template"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), DEFAULT);
    let ask = |campaign: &Campaign| campaign.run(&["print", "prompt", "c-0001"]).stdout;
    let ours = ask(&campaign);
    fs::write(campaign.root.join("own.txt"), DEFAULT).unwrap();
    campaign.config("", "", "[prompt]\ntemplate = \"own.txt\"");
    assert_eq!(ask(&campaign), ours);
}

#[test]
fn a_secret_in_a_prompt_is_hidden_where_it_is_printed() {
    let campaign = Campaign::good(1);
    fs::write(campaign.root.join(".env"), "SERVICE_TOKEN=sesame-sesame\nMODEL_FOLDER=/plain/words\n").unwrap();
    fs::write(campaign.root.join("own.txt"), "use sesame-sesame in /plain/words\n").unwrap();
    campaign.config("", "", "[prompt]\ntemplate = \"own.txt\"");
    for format in ["text", "json"] {
        let output = campaign.run(&["print", "prompt", "c-0001", "--format", format]);
        assert!(!said(&output).contains("sesame"), "{}", said(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("use ••• in /plain/words"), "{}", said(&output));
        assert!(said(&output).contains("holds the value of a secret"), "{}", said(&output));
    }
}

#[test]
fn a_template_that_asks_for_the_humans_commit_by_name_gets_it() {
    let campaign = Campaign::good(2);
    with_mapping(&campaign, 2);
    let tasks = campaign.root.join("tasks/t.yaml");
    fs::write(&tasks, TASK.replace("target_files: []", "target_files: [a.py, b.py]")).unwrap();
    let own = "{item_id} {human_commit}: {human_message}\n{human_files}\n{human_diff}\n{target_files}\n{task} {benchmark_mode} {time_budget} {max_steps}\n";
    fs::write(campaign.root.join("own.txt"), own).unwrap();
    campaign.config("", "max_steps = 7", "[budget]\nagent = 1.5\n[prompt]\ntemplate = \"own.txt\"");
    let output = campaign.run(&["print", "prompt", "c-0002"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        text.starts_with(&format!("c-0002 {}: commit 2\n- engine.sh\ndiff --git a/engine.sh b/engine.sh\n", campaign.commits[2])),
        "{text}"
    );
    assert!(text.contains("\n-cost=99\n+cost=98\n"), "{text}");
    assert!(text.ends_with("\n- a.py\n- b.py\nEngine performance serving 1.5 minutes 7\n"), "{text}");
    assert!(said(&output).contains("the human's solution: human_commit, human_message, human_files, human_diff"), "{}", said(&output));
}

#[test]
fn a_template_that_is_gone_while_the_run_goes_on_fails_the_item_and_starts_no_agent() {
    let campaign = Campaign::new(2, "echo ran >>$CAMPAIGN/ran; rm -f $CAMPAIGN/own.txt; echo cost=50 >engine.sh", GOOD_ARM);
    fs::write(campaign.root.join("own.txt"), "Make {worktree} faster.\n").unwrap();
    campaign.config("", "", "[prompt]\ntemplate = \"own.txt\"");
    assert_eq!(campaign.headless(), Some(1));
    assert_eq!(campaign.statuses(), ["done", "failed"]);
    let second = campaign.item(2);
    assert_eq!((second["class"].as_str(), second["verdict"].is_null()), (Some("no_prompt"), true));
    assert!(second["why"].as_str().unwrap().contains("can't make the prompt: can't read the prompt template"), "{second}");
    assert_eq!(fs::read_to_string(campaign.root.join("ran")).unwrap(), "ran\n");
    campaign.assert_nothing_left();
}
