//! What an engine says of a pull becomes a bar that never goes back: over recorded streams, over look-alikes, and over
//! anything at all.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::Path;

use bollard::models::{CreateImageInfo, ProgressDetail};
use isobench_tui::docker::forecast::Driver;
use isobench_tui::docker::pull::progress::{Fold, Planned, Verdict};
use isobench_tui::domain::{ImagePull, LayerState, PullPhase};
use proptest::prelude::*;

use crate::support::{shared, skip};

/// The layers of the look-alikes: 12 digits, compressed, extracted.
const LAYERS: [(&str, u64, u64); 4] = [
    ("a0a1a2a3a4a5", 40_000_000, 100_000_000),
    ("b0b1b2b3b4b5", 60_000_000, 200_000_000),
    ("c0c1c2c3c4c5", 20_000_000, 50_000_000),
    ("d0d1d2d3d4d5", 109, 1_024),
];

/// Bytes that are free when a pull begins.
const FREE: u64 = 10_000_000_000;

fn fixture(name: &str) -> Vec<CreateImageInfo> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/docker").join(name);
    messages(&std::fs::read_to_string(path).unwrap()).into_iter().map(|(_, said)| said).collect()
}

/// The messages of a recorded stream, with the ms before which they came, where the file says so.
fn messages(text: &str) -> Vec<(u64, CreateImageInfo)> {
    let message = |line: &str| {
        let (before, json) = line.split_at(line.find('{')?);
        let seconds: f64 = before.trim().parse().unwrap_or_default();
        Some((ms(seconds), serde_json::from_str(json).ok()?))
    };
    text.lines().filter_map(message).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times of a recording")]
fn ms(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}

fn planned(layers: &[(&str, u64, u64)], present: usize) -> Vec<Planned> {
    let layer = |(at, (id, compressed, extracted)): (usize, &(&str, u64, u64))| Planned {
        digest: format!("sha256:{id}{}", "0".repeat(52)),
        compressed: Some(*compressed),
        extracted: Some(*extracted),
        is_present: at < present,
    };
    layers.iter().enumerate().map(layer).collect()
}

/// A fold that checks itself after each step.
struct Checked {
    fold: Fold,
    last: ImagePull,
    at_ms: u64,
}

impl Checked {
    fn new(driver: Driver, layers: Option<&[Planned]>) -> Self {
        let mut fold = Fold::new("registry.test:5000/bench/vllm:0f1e2d3c", driver, 3, 120_000);
        if let Some(layers) = layers {
            fold.plan("sha256:9e9e", layers, None);
        }
        let last = fold.image(0);
        let mut checked = Self { fold, last, at_ms: 1 };
        checked.fold.sampled(0, Some(FREE));
        checked.fold.begin(0, 1);
        checked.look();
        checked
    }

    fn look(&mut self) -> &ImagePull {
        let now = self.fold.image(self.at_ms);
        for (was, is) in [(self.last.bar, now.bar), (self.last.download, now.download)] {
            let (Some(was), Some(is)) = (was, is) else {
                assert_eq!(was.is_some(), is.is_some(), "a total came or went");
                continue;
            };
            assert_eq!(was.total, is.total, "the total moved");
            assert!(was.done <= is.done && is.done <= is.total, "{was:?} became {is:?}");
        }
        if let Some(bar) = now.bar {
            assert_eq!(bar.done == bar.total, now.phase == PullPhase::Done, "full is what is there, and nothing else");
        }
        assert_eq!(now.layers.len(), self.last.layers.len().max(now.layers.len()), "no layer is forgotten");
        self.last = now;
        &self.last
    }

    fn hear(&mut self, said: &CreateImageInfo) -> &ImagePull {
        self.at_ms += 10;
        self.fold.heard(self.at_ms, said);
        self.look()
    }

    fn sample(&mut self, ms: u64, free: Option<u64>) -> &ImagePull {
        self.at_ms += ms;
        self.fold.sampled(self.at_ms, free);
        self.look()
    }

    fn state(&self, id: &str) -> LayerState {
        self.last.layers.iter().find(|layer| layer.id == id).unwrap_or_else(|| panic!("no layer {id}")).state
    }

    fn done(&mut self) {
        self.fold.done();
        let now = self.look().clone();
        assert_eq!(now.bar.map(|bar| bar.total), now.bar.map(|bar| bar.done));
        assert_eq!(now.download.map(|bar| bar.total), now.download.map(|bar| bar.done));
        assert!(now.layers.iter().all(|layer| matches!(layer.state, LayerState::Done | LayerState::Present)), "{:?}", now.layers);
    }
}

#[test]
fn recorded_streams_give_a_bar_that_never_goes_back() {
    let Some(shared) = shared() else { return };
    let names = [
        "pull_vfs.txt",
        "pull_vfs_big.txt",
        "pull_overlay2.txt",
        "pull_uptodate.txt",
        "pull_enospc_vfs.jsonl",
        "pull_enospc_overlay2.jsonl",
        "pull_errors.txt",
        "recon_pull_containerd_store.jsonl",
    ];
    for name in names {
        let Ok(text) = std::fs::read_to_string(shared.join("docker").join(name)) else {
            skip(&format!("../shared/docker/{name} is not here"));
            continue;
        };
        let messages = messages(&text);
        let mut sizes: Vec<(String, u64)> = Vec::new();
        for (_, said) in &messages {
            let (Some(id), Some("Pulling fs layer" | "Waiting" | "Downloading")) = (said.id.clone(), said.status.as_deref()) else {
                continue;
            };
            let total = said.progress_detail.as_ref().and_then(|detail| detail.total).unwrap_or(0).unsigned_abs();
            match sizes.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = total.max(*known),
                None => sizes.push((id, total)),
            }
        }
        let layers: Vec<(&str, u64, u64)> = sizes.iter().map(|(id, bytes)| (id.as_str(), *bytes, bytes * 3)).collect();
        let plan = planned(&layers, 0);
        let is_well = text.contains("Status: ");
        for driver in [Driver::Vfs, Driver::Shared] {
            for plan in [Some(plan.as_slice()), None] {
                let mut checked = Checked::new(driver, plan);
                let mut before = messages.first().map(|(at, _)| *at).unwrap_or_default();
                for (at, said) in &messages {
                    checked.sample(at.saturating_sub(before), Some(FREE - (at % 1000) * 1_000_000));
                    before = *at;
                    checked.hear(said);
                }
                assert_eq!(checked.fold.verdict().is_some(), is_well, "{name}");
                assert!(checked.fold.take_words().is_empty(), "{name}: all of it is known");
                if is_well {
                    checked.done();
                }
            }
        }
    }
}

#[test]
fn the_copies_of_a_recorded_vfs_pull_are_seen_by_the_free_space() {
    let Some(shared) = shared() else { return };
    let read = |name: &str| std::fs::read_to_string(shared.join("docker").join(name)).ok();
    let (Some(stream), Some(disk)) = (read("pull_vfs_big.txt"), read("df_vfs_pull.txt")) else {
        return skip("the recorded VFS pull is not here");
    };
    let used =
        disk.lines().filter_map(|line| line.split_once(' ')).map(|(at, mb)| (ms(at.parse().unwrap()), mb.trim().parse::<u64>().unwrap()));
    let mut happens: Vec<(u64, Result<u64, CreateImageInfo>)> = used.map(|(at, mb)| (at, Ok(mb * 1_000_000))).collect();
    happens.extend(messages(&stream).into_iter().map(|(at, said)| (at, Err(said))));
    happens.sort_by_key(|(at, _)| *at);
    let begin = happens[0].0;
    let mut checked = Checked::new(Driver::Vfs, None);
    let mut most: BTreeMap<String, u64> = BTreeMap::new();
    let mut quietest = 0;
    for (at, what) in happens {
        checked.at_ms = at - begin + 1;
        let image = match what {
            Ok(used) => checked.sample(0, Some(60_000_000_000 - used)),
            Err(said) => checked.hear(&said),
        };
        quietest = image.quiet_ms.max(quietest);
        for layer in &image.layers {
            if let LayerState::CopyingParent { copied, .. } = layer.state {
                let known = most.entry(layer.id.clone()).or_default();
                *known = copied.max(*known);
            }
        }
    }
    let large = most.values().filter(|copied| **copied > 500_000_000).count();
    assert!(large >= 2, "copies of the layers below were seen: {most:?}");
    assert!(quietest < 8_000, "each copy takes eight seconds without a word, and the disk moves: {quietest} ms");
}

#[test]
fn on_vfs_a_layer_that_sits_at_its_first_value_copies_those_below() {
    let mut checked = Checked::new(Driver::Vfs, Some(&planned(&LAYERS, 0)));
    let total = checked.last.bar.unwrap().total;
    let compressed = 120_000_109;
    // each layer is written with all of those below it
    assert_eq!(total, compressed + 100_000_000 + 300_000_000 + 350_000_000 + 350_001_024);
    let mut copied = Vec::new();
    let mut free = FREE;
    for said in fixture("pull_copies.jsonl") {
        checked.hear(&said);
        let id = said.id.clone().unwrap_or_default();
        let LayerState::CopyingParent { copied: nothing, total: Some(parents) } =
            (match checked.last.layers.iter().find(|layer| layer.id == id) {
                Some(layer) => layer.state,
                None => continue,
            })
        else {
            continue;
        };
        if copied.iter().any(|(known, _)| *known == id) {
            continue;
        }
        assert_eq!(nothing, 0);
        let before = checked.last.bar.unwrap().done;
        for part in 1..=4 {
            checked.sample(30_000, Some(free - parents * part / 4));
            assert_eq!(checked.state(&id), LayerState::CopyingParent { copied: parents * part / 4, total: Some(parents) });
            assert_eq!((checked.last.quiet_ms, checked.last.stalled), (0, false), "the disk moves");
            assert_eq!(checked.last.bar.unwrap().done, before + parents * part / 4);
        }
        free -= parents;
        copied.push((id, parents));
    }
    let expected = [("b0b1b2b3b4b5", 100_000_000), ("c0c1c2c3c4c5", 300_000_000), ("d0d1d2d3d4d5", 350_000_000)];
    assert_eq!(copied, expected.map(|(id, bytes)| (id.to_owned(), bytes)));
    assert_eq!(checked.fold.verdict(), Some(Verdict::Newer));
    assert_eq!(checked.fold.fetched(), compressed);
    checked.done();
}

#[test]
fn a_copy_that_does_not_move_stalls_and_somebody_elses_writing_does_not_hide_it() {
    let mut checked = Checked::new(Driver::Vfs, Some(&planned(&LAYERS, 0)));
    let stream = fixture("pull_copies.jsonl");
    let at = stream.iter().position(|said| said.id.as_deref() == Some("b0b1b2b3b4b5") && said.status.as_deref() == Some("Extracting"));
    for said in &stream[..=at.unwrap()] {
        checked.hear(said);
    }
    checked.sample(119_000, Some(FREE));
    assert!(!checked.last.stalled && checked.last.quiet_ms == 119_000, "{:?}", checked.last.quiet_ms);
    checked.sample(1_000, Some(FREE - 1_000_000));
    assert!(checked.last.stalled, "one megabyte in two minutes is somebody's log");
    checked.sample(1_000, Some(FREE - 50_000_000));
    assert!(!checked.last.stalled, "it goes on");
    // far more than there was to write
    for part in 1..200 {
        checked.sample(1_000, Some(FREE - 50_000_000 - part * 40_000_000));
    }
    assert!(checked.last.stalled, "what goes now is not ours: {}", checked.last.quiet_ms);
}

#[test]
fn on_overlay_nothing_is_copied_and_layers_that_are_there_cost_nothing() {
    let mut checked = Checked::new(Driver::Shared, Some(&planned(&LAYERS, 1)));
    assert_eq!(checked.last.bar.unwrap().total, 80_000_109 + 250_001_024);
    assert_eq!(checked.last.download.unwrap().total, 80_000_109);
    for said in fixture("pull_full_disk.jsonl") {
        let image = checked.hear(&said);
        assert!(!image.layers.iter().any(|layer| matches!(layer.state, LayerState::CopyingParent { .. })));
    }
    assert_eq!(checked.state("a0a1a2a3a4a5"), LayerState::Present);
    assert_eq!(checked.state("b0b1b2b3b4b5"), LayerState::Extracting { current: Some(41_000_000) });
    let done = 80_000_000 + 200_000_000 * 41 / 60;
    assert_eq!(checked.last.bar.unwrap().done, done);
    // the next try has to begin again, and the bar waits for it
    checked.fold.begin(checked.at_ms, 2);
    checked.look();
    assert_eq!((checked.state("b0b1b2b3b4b5"), checked.last.attempt), (LayerState::Waiting, 2));
    for said in fixture("pull_full_disk.jsonl").iter().take(6) {
        checked.hear(said);
    }
    assert_eq!(checked.last.bar.unwrap().done, done);
    assert_eq!(checked.fold.fetched(), 100_000_000, "what came twice came twice");
}

#[test]
fn the_containerd_store_counts_seconds_and_the_disk_tells_the_rest() {
    let mut checked = Checked::new(Driver::Shared, Some(&planned(&LAYERS[..3], 0)));
    let mut free = FREE;
    let mut moved = 0;
    for said in fixture("pull_seconds.jsonl") {
        checked.hear(&said);
        if said.status.as_deref() == Some("Extracting") {
            let id = said.id.clone().unwrap();
            assert_eq!(checked.state(&id), LayerState::Extracting { current: None });
            let before = checked.last.bar.unwrap().done;
            free -= 30_000_000;
            moved += u32::from(checked.sample(1_000, Some(free)).bar.unwrap().done > before);
        }
    }
    assert!(moved >= 3, "the bar moved while it extracted: {moved}");
    assert_eq!(checked.state("c0c1c2c3c4c5"), LayerState::Done, "and one that never said that it is extracted");
    checked.done();
}

#[test]
fn odd_words_are_kept_and_nothing_breaks() {
    for driver in [Driver::Vfs, Driver::Shared] {
        for plan in [Some(planned(&LAYERS, 0)), None] {
            let mut checked = Checked::new(driver, plan.as_deref());
            for said in fixture("pull_odd.jsonl") {
                checked.hear(&said);
            }
            assert_eq!(checked.fold.take_words(), ["Polishing", "What is this news"]);
            assert_eq!(checked.fold.take_words(), [""; 0]);
            assert_eq!(checked.state("c0c1c2c3c4c5"), LayerState::Present, "what comes late takes nothing back");
            assert_eq!(checked.state("eeeeeeeeeeee"), LayerState::Done, "a layer that no manifest named");
            checked.done();
        }
    }
}

#[test]
fn rate_and_time_left_come_from_what_was_seen() {
    let mut checked = Checked::new(Driver::Shared, Some(&planned(&LAYERS[..2], 0)));
    let said = |id: &str, status: &str, current: i64, total: i64| CreateImageInfo {
        id: Some(id.to_owned()),
        status: Some(status.to_owned()),
        progress_detail: Some(ProgressDetail { current: Some(current), total: Some(total) }),
        error_detail: None,
    };
    assert_eq!((checked.last.rate, checked.last.eta_ms), (None, None), "nothing is known yet");
    for part in 1..=4 {
        checked.hear(&said(LAYERS[0].0, "Downloading", part * 10_000_000, 40_000_000));
        checked.sample(990, Some(FREE));
    }
    assert!(checked.last.rate.unwrap().abs_diff(10_000_000) < 500_000, "{:?}", checked.last.rate);
    assert_eq!(checked.last.eta_ms, None, "nobody saw the disk at work");
    for part in 0..=4 {
        checked.hear(&said(LAYERS[0].0, "Extracting", part * 10_000_000, 40_000_000));
        checked.sample(490, Some(FREE));
    }
    checked.hear(&said(LAYERS[0].0, "Pull complete", 0, 0));
    assert_eq!(checked.last.rate, None, "nothing is downloaded");
    checked.sample(490, Some(FREE));
    for part in 1..=4 {
        checked.hear(&said(LAYERS[1].0, "Downloading", part * 10_000_000, 60_000_000));
        checked.sample(990, Some(FREE));
    }
    // 20 MB at 10 MB a second, then 200 MB at 50 MB a second
    let left = checked.last.eta_ms.unwrap();
    assert!((4_500..9_500).contains(&left), "{left} ms");
}

#[test]
fn what_the_disk_did_for_others_tells_how_long_it_takes_before_it_is_seen_at_work() {
    let mut checked = Checked::new(Driver::Shared, Some(&planned(&LAYERS[..1], 0)));
    let came = |current| CreateImageInfo {
        id: Some(LAYERS[0].0.to_owned()),
        status: Some("Downloading".to_owned()),
        progress_detail: Some(ProgressDetail { current: Some(current), total: Some(40_000_000) }),
        error_detail: None,
    };
    for part in 1..=2 {
        checked.hear(&came(part * 10_000_000));
        checked.sample(990, Some(FREE));
    }
    assert_eq!(checked.last.eta_ms, None);
    checked.fold.expect_disk_rate(Some(50_000_000));
    let eta = checked.look().eta_ms;
    assert!(eta > Some(2_000), "{eta:?}");
    assert_eq!(checked.fold.disk_rate(), Some(50_000_000));
}

fn any_number() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![Just(None), (0..70_i64).prop_map(Some), any::<i64>().prop_map(Some)]
}

fn any_message() -> impl Strategy<Value = CreateImageInfo> {
    let ids = prop_oneof![
        Just(None),
        (0..4_usize).prop_map(|at| Some(LAYERS[at].0.to_owned())),
        "[0-9a-f]{12}".prop_map(Some),
        ".*".prop_map(Some)
    ];
    let statuses = prop_oneof![
        Just("Pulling fs layer"),
        Just("Waiting"),
        Just("Downloading"),
        Just("Verifying Checksum"),
        Just("Download complete"),
        Just("Extracting"),
        Just("Pull complete"),
        Just("Already exists"),
        Just("Retrying in 3 seconds"),
        Just("Digest: sha256:1"),
        Just("Status: Downloaded newer image for x"),
        Just("Something else"),
    ];
    let detail = proptest::option::of((any_number(), any_number()).prop_map(|(current, total)| ProgressDetail { current, total }));
    (ids, proptest::option::weighted(0.95, statuses), detail).prop_map(|(id, status, progress_detail)| CreateImageInfo {
        id,
        status: status.map(str::to_owned),
        progress_detail,
        error_detail: None,
    })
}

#[derive(Debug, Clone)]
enum Step {
    Said(CreateImageInfo),
    Sampled(Option<u64>),
    Again,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any_message().prop_map(Step::Said),
        3 => proptest::option::of(prop_oneof![any::<u64>(), FREE - 1_000..FREE]).prop_map(Step::Sampled),
        1 => Just(Step::Again),
    ]
}

fn any_plan() -> impl Strategy<Value = Option<Vec<Planned>>> {
    let bytes = || prop_oneof![Just(None), (0..100_u64).prop_map(Some), any::<u64>().prop_map(Some)];
    let layer = (0..5_usize, bytes(), bytes(), any::<bool>()).prop_map(|(at, compressed, extracted, is_present)| Planned {
        digest: LAYERS.get(at).map_or("sha256:ffffffffffffff".to_owned(), |(id, ..)| format!("sha256:{id}00")),
        compressed,
        extracted,
        is_present,
    });
    proptest::option::weighted(0.9, proptest::collection::vec(layer, 0..7))
}

proptest! {
    #[test]
    fn no_order_and_no_number_takes_the_bar_back(
        copies in any::<bool>(), plan in any_plan(), steps in proptest::collection::vec(any_step(), 0..120),
    ) {
        let mut checked = Checked::new(if copies { Driver::Vfs } else { Driver::Shared }, plan.as_deref());
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Said(said) => drop(checked.hear(&said).clone()),
                Step::Sampled(free) => drop(checked.sample(250, free).clone()),
                Step::Again => {
                    checked.fold.begin(checked.at_ms, u32::try_from(at).unwrap());
                    checked.look();
                }
            }
        }
        checked.done();
    }
}
