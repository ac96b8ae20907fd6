//! The patch is the difference between two trees, whatever the agent did to get there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what went wrong by failing")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::campaign::{Campaign, GOOD_ARM, json_of};
use crate::support::skip;

/// Runs one item with this agent to a good end; the arm prints what the engine costs.
fn patched(agent: &str) -> Campaign {
    let campaign = Campaign::new(1, agent, GOOD_ARM);
    let code = campaign.headless();
    assert_eq!(code, Some(0), "{:#}", campaign.item(1));
    campaign.assert_nothing_left();
    campaign
}

fn changed(campaign: &Campaign) -> Vec<String> {
    let targets = json_of(&campaign.item_dir(1).join("diff_targets.json"));
    targets["changed"].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_edit_is_the_patch_and_applies_to_the_parent() {
    let campaign = patched("echo cost=50 >engine.sh");
    assert_eq!(changed(&campaign), ["engine.sh"]);
    assert!(campaign.patch(1).contains("-cost=100\n+cost=50\n"), "{}", campaign.patch(1));
    campaign.git(&["checkout", "-q", &campaign.commits[0]]);
    campaign.git(&["apply", "--check", &campaign.item_dir(1).join("model_patch.diff").display().to_string()]);
}

#[test]
fn an_edit_of_the_same_length_in_the_second_of_the_checkout_is_seen() {
    for _ in 0..2 {
        // the check comes in a later second than the edit, as it does behind a real agent
        let campaign = patched("printf 'cost=050\\n' | head -c 9 >engine.sh; sleep 1.1");
        assert!(campaign.patch(1).contains("+cost=050\n"), "{}", campaign.patch(1));
    }
}

#[test]
fn committed_work_counts_like_uncommitted_work() {
    let campaign = patched("echo cost=50 >engine.sh; git -c user.name=a -c user.email=a@b commit -qam work; echo 'x = 1' >new.py");
    assert_eq!(changed(&campaign), ["engine.sh", "new.py"]);
}

#[test]
fn the_worktree_holds_no_history_to_look_the_answer_up_in() {
    let campaign = patched(
        "git log --all --format=%s >\"$CAMPAIGN/log\"; git cat-file -e $(cat \"$CAMPAIGN/human\") 2>/dev/null && touch \"$CAMPAIGN/found\"; echo cost=50 >engine.sh",
    );
    assert_eq!(fs::read_to_string(campaign.root.join("log")).unwrap(), "Initial state\n");
    assert!(!campaign.root.join("found").exists());
}

#[test]
fn a_git_folder_deleted_or_made_anew_changes_nothing() {
    for agent in [
        "rm -rf .git; echo cost=50 >engine.sh",
        "rm -rf .git; echo cost=50 >engine.sh; git init -q; git add -A; git -c user.name=a -c user.email=a@b commit -qm anew",
        "rm -rf .git; echo nonsense >.git; echo cost=50 >engine.sh",
        "git update-ref -d HEAD; rm .git/index; echo cost=50 >engine.sh; git checkout -q --orphan other",
    ] {
        let campaign = patched(agent);
        assert_eq!(changed(&campaign), ["engine.sh"], "{agent}");
    }
}

#[test]
fn a_repository_inside_the_worktree_does_not_spoil_the_patch() {
    let empty = patched("echo cost=50 >engine.sh; git init -q inner; echo 'y = 1' >inner/y.py");
    assert!(changed(&empty).contains(&"engine.sh".to_owned()));
    let full = patched(
        "echo cost=50 >engine.sh; git init -q inner; cd inner; echo 'y = 1' >y.py; git add -A; git -c user.name=a -c user.email=a@b commit -qm inner",
    );
    assert!(changed(&full).contains(&"engine.sh".to_owned()));
}

#[test]
fn binary_files_renames_links_modes_and_odd_names_survive() {
    let agent = r#"echo cost=50 >engine.sh
git mv other.py renamed.py; head -c 3000 /dev/urandom >blob.bin
ln -s engine.sh link.sh; chmod +x engine.sh
echo a >'with space.py'; echo a >'grün.py'; echo a >"$(printf 'new\nline.py')"; echo a >'"quoted".py'; echo a >'a b'
rm noise.txt"#;
    let campaign = patched(agent);
    let mut names = changed(&campaign);
    names.sort();
    let mut wanted =
        ["\"quoted\".py", "a b", "blob.bin", "engine.sh", "grün.py", "link.sh", "new\nline.py", "noise.txt", "renamed.py", "with space.py"];
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    // the candidate's checkout took it, and the arm ran in it
    assert_eq!(campaign.item(1)["verdict"]["agent"], 50.0);
    campaign.git(&["checkout", "-q", &campaign.commits[0]]);
    campaign.git(&["apply", &campaign.item_dir(1).join("model_patch.diff").display().to_string()]);
    let repo = campaign.root.join("repo");
    assert!(repo.join("grün.py").exists() && repo.join("new\nline.py").exists() && !repo.join("noise.txt").exists());
    assert_eq!(fs::metadata(repo.join("blob.bin")).unwrap().len(), 3000);
    assert_eq!(fs::metadata(repo.join("engine.sh")).unwrap().permissions().mode() & 0o111, 0o111);
}

#[test]
fn ignored_files_and_scratch_stay_out_and_tracked_ones_that_are_ignored_stay_in() {
    let mut campaign = Campaign::new(0, "", GOOD_ARM);
    fs::write(campaign.root.join("repo/.gitignore"), "build/\n*.log\nkept.py\n").unwrap();
    fs::write(campaign.root.join("repo/kept.py"), "k = 1\n").unwrap();
    campaign.commit("ignores");
    fs::write(campaign.root.join("repo/engine.sh"), "cost=99\n").unwrap();
    let human = campaign.commit("human");
    campaign.plan(&[(campaign.id(1), human)]);
    campaign.agent(
        r#"echo cost=50 >engine.sh; mkdir -p build .bench_scratch sub; echo x >build/x.py; echo x >run.log; echo x >.bench_scratch/x.py
echo 'k = 2' >kept.py; echo x >trajectory.json; echo x >sub/trajectory.json; git diff >model_patch.diff
git add -A; git -c user.name=a -c user.email=a@b commit -qm work; mkdir -p "$dir"; echo mine >"$dir/model_patch.diff""#,
    );
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    assert_eq!(changed(&campaign), ["engine.sh", "kept.py", "sub/trajectory.json"]);
    // the agent's own patch file is kept beside ours
    assert_eq!(fs::read_to_string(campaign.item_dir(1).join("agent_patch.diff")).unwrap(), "mine\n");
    campaign.assert_nothing_left();
}

#[test]
fn a_worktree_made_read_only_is_still_checked_and_removed() {
    let mut campaign = Campaign::new(1, "mkdir -p deep/er; echo x >deep/er/x.py; echo cost=50 >engine.sh; chmod -R a-w .", GOOD_ARM);
    if !campaign.as_nobody() {
        skip("neither an ordinary user nor able to become one: modes mean nothing to root");
        return;
    }
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    assert_eq!(changed(&campaign), ["deep/er/x.py", "engine.sh"]);
    campaign.assert_nothing_left();
}

#[test]
fn a_worktree_left_over_from_before_is_not_reused() {
    let campaign = Campaign::new(1, "gate agent; ls >\"$CAMPAIGN/seen\"; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.ctl(&["quit-now"]);
    crate::support::wait_until("the runner to leave", || campaign.runner().is_none());
    // what a crash, or a person, left where the next attempt's worktree goes
    let trees = campaign.root.join(".work/worktrees").join(campaign.folder().run_id().0);
    for name in ["c-0001.2", "c-0001.2.human", "c-0001.2.candidate"] {
        fs::create_dir_all(trees.join(name).join(".git")).unwrap();
        fs::write(trees.join(name).join("left.py"), "left over\n").unwrap();
    }
    campaign.open(1, "agent");
    assert_eq!(campaign.resume(), Some(0));
    assert!(!fs::read_to_string(campaign.root.join("seen")).unwrap().contains("left.py"));
    assert_eq!(changed(&campaign), ["engine.sh"]);
    campaign.assert_nothing_left();
}

#[test]
fn the_clone_is_left_as_it_was() {
    let campaign = Campaign::good(2);
    let look = || (campaign.git(&["status", "--porcelain"]), campaign.git(&["for-each-ref"]), campaign.git(&["worktree", "list"]));
    let before = look();
    assert_eq!(campaign.headless(), Some(0));
    assert_eq!(look(), before);
}

#[test]
fn a_clone_with_settings_of_its_own_gives_the_same_patch() {
    let plain = patched("echo cost=50 >engine.sh").patch(1);
    let campaign = Campaign::good(1);
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.external", "/bin/false"),
        ("color.ui", "always"),
        ("core.fsmonitor", "/bin/false"),
        ("core.hooksPath", "/nowhere"),
        ("diff.context", "9"),
        ("core.abbrev", "40"),
    ] {
        campaign.git(&["config", key, value]);
    }
    assert_eq!(campaign.headless(), Some(0), "{:#}", campaign.item(1));
    let index = |patch: &str| patch.lines().filter(|line| !line.starts_with("index ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(index(&campaign.patch(1)), index(&plain));
}
