//! Agents that leave links, endless or huge files where we read and write: none may hold up the runner, fill its memory,
//! copy what is not theirs or make us write elsewhere.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use isobench_tui::agent::live::Reading;
use isobench_tui::artifact::ItemFolder;
use isobench_tui::host::files::{self, Links};

use crate::campaign::{Campaign, GOOD_ARM, json_of};
use crate::support::{folder, skip};

/// A campaign of one item whose agent does this and then its work; it must end well.
fn ends_well(agent: &str, configured: &str) -> Campaign {
    let campaign = Campaign::new(1, &format!("{agent}\necho cost=50 >engine.sh"), GOOD_ARM);
    campaign.config("", configured, "");
    assert_eq!(campaign.headless(), Some(0), "{:#?}", campaign.facts_of("stage_finished"));
    campaign
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[test]
fn a_file_whose_reads_wait_is_an_error() {
    // regular to `stat`, and a read waits for the kernel's next message
    if fs::File::open("/proc/kmsg").is_err() {
        skip("/proc/kmsg can't be opened here");
        return;
    }
    // whatever message there is may be read; in the end there is none, and that is an error and no wait
    let _ = files::read(Path::new("/proc/kmsg"), 1, Links::Followed).unwrap_err();
    let campaign = ends_well("ln -s /proc/kmsg \"$dir/trajectory.json\"; ln -s /proc/kmsg \"$dir/model_patch.diff\"", "");
    assert!(!is_there(&campaign.item_dir(1).join("trajectory.json")));
}

#[test]
fn links_that_an_agent_made_are_never_copied() {
    let agent = "mkdir \"$CAMPAIGN/mine\"; echo precious >\"$CAMPAIGN/mine/1.json\"\n\
                 ln -s \"$CAMPAIGN/mine\" \"$dir/openhands_events\"; ln -s \"$CAMPAIGN/mine/1.json\" \"$dir/claude_code_stream.jsonl\"\n\
                 ln -s \"$CAMPAIGN/mine/1.json\" \"$dir/model_patch.diff\"; ln -s \"$CAMPAIGN/mine/1.json\" trajectory.json";
    let campaign = ends_well(agent, "trajectory = \"{worktree}/trajectory.json\"");
    let item = campaign.item_dir(1);
    for name in ["openhands_events", "claude_code_stream.jsonl", "agent_patch.diff", "trajectory.json"] {
        assert!(!is_there(&item.join(name)), "{name} is left out");
    }
    let kept: Vec<_> = fs::read_dir(&item).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.iter().all(|path| fs::symlink_metadata(path).unwrap().is_file()), "{kept:?}");
    assert!(kept.iter().all(|path| !fs::read_to_string(path).unwrap().contains("precious")), "{kept:?}");
    assert_eq!(fs::read_to_string(campaign.root.join("mine/1.json")).unwrap(), "precious\n");
}

#[test]
fn the_link_of_ours_becomes_a_file() {
    let agent = "echo '{\"agent_steps\": [], \"model\": \"m\"}' >trajectory.json";
    let campaign = ends_well(agent, "trajectory = \"{worktree}/trajectory.json\"");
    let kept = campaign.item_dir(1).join("trajectory.json");
    assert!(fs::symlink_metadata(&kept).unwrap().is_file());
    assert_eq!(json_of(&campaign.item_dir(1).join("run_summary.json")).pointer("/meta/model_full").unwrap(), "m");
}

#[test]
fn nothing_is_written_where_an_item_folder_became_a_link() {
    let agent = "mkdir \"$CAMPAIGN/victim\"\n\
                 for name in journal.json model_patch.diff run_summary.json; do echo precious >\"$CAMPAIGN/victim/$name\"; done\n\
                 ln -s /nowhere \"$CAMPAIGN/victim/trajectory.json\"\n\
                 mv \"$dir\" \"$dir.x\"; ln -s \"$CAMPAIGN/victim\" \"$dir\"; echo cost=50 >engine.sh";
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    assert_eq!(campaign.headless(), Some(1));
    let item = campaign.item(1);
    assert_eq!(item["class"], "agent_crashed", "{item:#}");
    assert!(item["why"].as_str().unwrap().contains("replaced its item folder by a link to"), "{item:#}");
    let mut left: Vec<_> =
        fs::read_dir(campaign.root.join("victim")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["journal.json", "model_patch.diff", "run_summary.json", "trajectory.json"]);
    for name in ["journal.json", "model_patch.diff", "run_summary.json"] {
        assert_eq!(fs::read_to_string(campaign.root.join("victim").join(name)).unwrap(), "precious\n", "{name}");
    }
}

#[test]
fn a_patch_of_terabytes_is_left_out() {
    // no memory holds it: read whole, it ends the runner
    let campaign = ends_well("truncate -s 4T \"$dir/model_patch.diff\"; truncate -s 4T \"$dir/trajectory.json\"", "");
    let item = campaign.item_dir(1);
    assert!(campaign.patch(1).contains("+cost=50") && !is_there(&item.join("agent_patch.diff")));
}

#[test]
fn a_model_is_a_name_and_holds_no_secret() {
    let stream = |model: &str| {
        format!("echo '{{\"type\":\"system\",\"subtype\":\"init\",\"model\":\"{model}\"}}' >\"$dir/claude_code_stream.jsonl\"")
    };
    let named = |model: &str| {
        let mut campaign = Campaign::new(1, &format!("{}; echo cost=50 >engine.sh", stream(model)), GOOD_ARM);
        campaign.env.push(("SOME_API_KEY".to_owned(), "sesame-open-0123456789".to_owned()));
        assert_eq!(campaign.headless(), Some(0));
        let text = fs::read_to_string(campaign.item_dir(1).join("prediction.jsonl")).unwrap();
        let summary = json_of(&campaign.item_dir(1).join("run_summary.json"));
        let prediction: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(prediction["model_name_or_path"].as_str().unwrap(), summary["meta"]["model_full"].as_str().unwrap());
        summary["meta"]["model_full"].as_str().unwrap().to_owned()
    };
    assert_eq!(named("claude-test-4"), "claude-test-4");
    let masked = named("m-sesame-open-0123456789");
    assert!(masked.starts_with("m-") && !masked.contains("sesame"), "{masked}");
    let configured = named("");
    assert_eq!(named("a\\nb"), configured);
    assert_eq!(named(&"x".repeat(201)), configured);
}

/// A message of Claude Code's.
fn message(n: usize) -> String {
    format!(
        "{{\"type\":\"assistant\",\"message\":{{\"id\":\"m{n}\",\"content\":[],\"usage\":{{\"input_tokens\":10,\"output_tokens\":1}}}}}}\n"
    )
}

#[test]
fn a_stream_is_read_on_however_large_it_grows() {
    let (_gone, item) = folder();
    let path = item.join("claude_code_stream.jsonl");
    fs::write(&path, message(1)).unwrap();
    let mut reading = Reading::new();
    reading.look(&item).unwrap();
    // a line of 300 MiB of nothing, which takes no room on the disk
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() + (300 << 20)).unwrap();
    file.write_all(format!("\n{}{}", message(2), message(3)).as_bytes()).unwrap();
    reading.look(&item).unwrap();
    assert!(reading.is_behind(), "one look takes a part");
    while reading.is_behind() {
        reading.look(&item).unwrap();
    }
    assert_eq!(reading.totals().steps, Some(3));
    file.write_all(message(4).as_bytes()).unwrap();
    reading.look(&item).unwrap();
    assert_eq!((reading.totals().steps, reading.totals().usage.input), (Some(4), 40));
}

#[test]
fn what_was_counted_stands_when_the_stream_becomes_a_device() {
    let say = |n: usize| format!("echo '{}' >>\"$dir/claude_code_stream.jsonl\"", message(n).trim_end());
    let agent = format!("{}; {}; gate read; ln -sf /dev/zero \"$dir/claude_code_stream.jsonl\"; echo cost=50 >engine.sh", say(1), say(2));
    let campaign = Campaign::new(1, &agent, GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "read");
    crate::support::wait_until("the steps to be counted", || campaign.item(1)["steps"] == 2);
    campaign.open(1, "read");
    campaign.wait_end();
    let item = campaign.item(1);
    assert_eq!((item["status"].as_str(), item["steps"].as_i64()), (Some("done"), Some(2)), "{item:#}");
}

#[test]
fn what_a_claude_printed_takes_no_second_room() {
    let mut campaign = Campaign::new(1, "exit 1", GOOD_ARM);
    let cli = campaign.root.join("claude");
    let line = message(1).trim_end().to_owned();
    fs::write(&cli, format!("#!/bin/sh\necho '{line}'; echo cost=50 >engine.sh\n")).unwrap();
    fs::set_permissions(&cli, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    campaign.env.push(("ANTHROPIC_API_KEY".to_owned(), "sesame-open-0123456789".to_owned()));
    campaign.config("", &format!("kind = \"claude_code\"\ncli = \"{}\"", cli.display()), "");
    assert_eq!(campaign.headless(), Some(0), "{:#?}", campaign.facts_of("stage_finished"));
    let item = campaign.item_dir_of("repo/script/sonnet", 1);
    assert!(fs::symlink_metadata(item.join("claude_code_stream.jsonl")).unwrap().is_file());
    let printed = campaign.stage_dir(1, 1, "agent").join("out");
    let of = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(of(&item.join("claude_code_stdout.txt")), of(&printed), "one file, two names");
    assert_eq!(of(&item.join("claude_code_stream.jsonl")), of(&printed));
    assert!(fs::read_dir(&item).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().ends_with(".new")));
}

#[test]
fn a_trajectory_of_millions_of_steps_takes_little_memory() {
    let (_gone, item) = folder();
    fs::write(item.join("trajectory.json"), format!("{{\"agent_steps\":[{}[]]}}", "[],".repeat(500_000))).unwrap();
    let mut reading = Reading::new();
    reading.look(&item).unwrap();
    assert_eq!(reading.totals().steps, Some(500_001), "all are counted");
    assert!(reading.steps().len() <= 100_000, "{} are kept", reading.steps().len());
}

#[test]
fn a_stream_of_very_many_steps_keeps_some_and_counts_all() {
    let (_gone, item) = folder();
    let lines: String = (0..100_100).map(message).collect();
    fs::write(item.join("claude_code_stream.jsonl"), lines).unwrap();
    let mut reading = Reading::new();
    reading.look(&item).unwrap();
    assert_eq!((reading.totals().steps, reading.totals().usage.input), (Some(100_100), 1_001_000));
    assert!(reading.steps().len() <= 100_000, "{} are kept", reading.steps().len());
}

#[test]
fn what_could_not_be_kept_leaves_nothing_beside_its_place() {
    let (_gone, above) = folder();
    let item = ItemFolder { path: above.join("c-0001") };
    item.begin("task", &serde_json::json!({})).unwrap();
    // a full disk refuses as this folder does
    fs::create_dir_all(item.path.join("trae_stdout.txt/in the way")).unwrap();
    fs::write(above.join("out"), "printed").unwrap();
    let _ = item.keep_output("trae", &above.join("out"), &above.join("err")).unwrap_err();
    assert!(!is_there(&item.path.join(".trae_stdout.txt.new")));
}
