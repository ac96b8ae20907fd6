//! The whole suite over real runs whose end is known: the numbers that it has to reach, and that healthy runs of other agents
//! are left in peace. `cargo test --bench confusion` prints the table a detector.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use isobench_tui::agent::open;
use isobench_tui::detect::{Context, Watch};
use isobench_tui::domain::{Detector, Level};

use crate::support::{shared, skip};

/// The highest level of a file's runs.
fn level(path: &Path) -> Level {
    let of = |opened: open::Opened| {
        let mut watch = Watch::new(Context::default());
        watch.take(&opened.steps, 0, true, true);
        watch.level()
    };
    open::open(path).unwrap().into_iter().map(of).max().unwrap_or_default()
}

/// Verdicts over labelled runs.
#[derive(Debug, Default)]
struct Verdicts {
    stuck: usize,
    stuck_warned: usize,
    healthy_warned: usize,
    healthy_stuck: usize,
}

impl Verdicts {
    fn holds(&self, what: &str) {
        assert_eq!(self.healthy_stuck, 0, "{what}: a healthy run is called stuck: {self:?}");
        assert!(self.stuck_warned * 10 >= (self.stuck_warned + self.healthy_warned) * 9, "{what}: too many false warnings: {self:?}");
        assert!(self.stuck_warned * 10 >= self.stuck * 9, "{what}: too many stuck runs are missed: {self:?}");
    }
}

#[test]
fn the_labelled_runs_are_judged_as_they_should_be() {
    let Some(loops) = shared().map(|shared| shared.join("loops")) else { return };
    let Ok(labels) = std::fs::read_to_string(loops.join("labels.csv")) else { return skip("no labelled runs") };
    let (mut all, mut by_half) = (Verdicts::default(), [Verdicts::default(), Verdicts::default()]);
    for line in labels.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [file, source, _, _, _, label, _] = fields.as_slice() else { continue };
        let level = level(&loops.join(file));
        // by repository as well: a rule that holds on one of them only was fitted to it
        let half = usize::from(!source.contains("/vllm/"));
        for verdicts in [Some(&mut all), by_half.get_mut(half)].into_iter().flatten() {
            let is_stuck = *label == "stuck";
            verdicts.stuck += usize::from(is_stuck);
            verdicts.stuck_warned += usize::from(is_stuck && level >= Level::Warn);
            verdicts.healthy_warned += usize::from(!is_stuck && level >= Level::Warn);
            verdicts.healthy_stuck += usize::from(!is_stuck && level >= Level::Stuck);
        }
    }
    assert!(all.stuck > 0);
    all.holds("all");
    for half in &by_half {
        assert_eq!(half.healthy_stuck, 0, "{half:?}");
    }
}

#[test]
fn healthy_runs_of_other_agents_are_left_in_peace() {
    let Some(samples) = shared().map(|shared| shared.join("trajectories")) else { return };
    let mut looked_at = 0;
    for agent in ["claude-code", "codex", "openhands", "swe-agent", "mini-swe-agent"] {
        for folder in ["public", "generated"] {
            let Ok(entries) = std::fs::read_dir(samples.join(agent).join(folder)) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                // many of the files beside them are no trajectories
                let Ok(opened) = open::open(&path) else { continue };
                for opened in opened {
                    let mut watch = Watch::new(Context::default());
                    watch.take(&opened.steps, 0, true, true);
                    let found: Vec<_> = watch.findings().into_iter().filter(|finding| finding.level >= Level::Warn).collect();
                    assert!(found.is_empty(), "{}: {found:#?}", path.display());
                    looked_at += usize::from(!opened.steps.is_empty());
                }
            }
        }
    }
    assert!(looked_at > 20, "{looked_at} runs");
}

#[test]
fn what_is_found_is_the_same_live_and_afterwards() {
    let Some(shared) = shared() else { return };
    let path = shared.join("trajectories/trae/public/gpt5_130steps_todo_jsonedit_success.trajectory.json");
    let Ok(opened) = open::open(&path) else { return skip("no sample") };
    let steps = opened.into_iter().next().unwrap().steps;
    let mut whole = Watch::new(Context::default());
    whole.take(&steps, 0, true, true);
    let mut live = Watch::new(Context::default());
    for count in 1..=steps.len() {
        live.take(steps.get(..count).unwrap(), count - 1, true, false);
    }
    live.take(&steps, steps.len(), true, true);
    assert_eq!((live.findings(), live.alarms(), live.badges()), (whole.findings(), whole.alarms(), whole.badges()));
    assert!(whole.findings().iter().any(|finding| finding.detector == Detector::RefusedFinish && finding.level == Level::Stuck));
    for finding in whole.findings() {
        assert!(!finding.says.is_empty() && !finding.hint.is_empty() && finding.evidence.len() <= 6, "{finding:?}");
        let is_fit = |text: &str| text.chars().count() <= 200 && !text.contains(char::is_control);
        assert!(finding.evidence.iter().all(|evidence| is_fit(&evidence.text)), "{finding:?}");
    }
}
