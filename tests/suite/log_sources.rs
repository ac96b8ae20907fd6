//! Which file the log screen opens, and what its tabs say: keys in, lines out, over real files.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;

use isobench_tui::domain::{FailureClass, Stage};
use isobench_tui::theme::Role;
use isobench_tui::ui::Key;

use crate::log_desk::Desk;
use crate::screen_runs as runs;

const PATCH: &str =
    "diff --git a/run.sh b/run.sh\nindex 1a2b..3c4d 100644\n--- a/run.sh\n+++ b/run.sh\n@@ -1,2 +1,2 @@\n same\n-slow\n+fast\n";

/// The roles' styles of the row that begins so.
#[track_caller]
fn style(desk: &mut Desk, row: &str) -> ratatui::style::Style {
    let buffer = desk.bench.frame(desk.size.0, desk.size.1);
    let at = desk.bench.text(desk.size.0, desk.size.1).lines().position(|line| line.trim_start().starts_with(row)).unwrap();
    buffer.cell((1, u16::try_from(at).unwrap())).unwrap().style()
}

#[test]
fn a_failed_item_opens_the_error_output_of_the_stage_that_failed() {
    let mut desk = Desk::on(&runs::finished());
    for stage in [Stage::Agent, Stage::Candidate] {
        fs::write(desk.path(3, 1, stage, "out"), "warming up\n").unwrap();
    }
    fs::write(desk.path(3, 1, Stage::Candidate, "err"), "QUEUE_1: parameter not set\n").unwrap();
    fs::write(desk.patch(3), PATCH).unwrap();
    fs::write(desk.run_log(), "the runner's words\n").unwrap();
    desk.type_in("G");
    assert!(desk.text().contains("6 shows what the arm wrote; r tries the stage again"));
    let text = desk.type_in("6");
    assert!(text.contains("parameter not set") && !text.contains("warming up"), "{text}");
    assert!(text.contains("agent  ✗ candidate  ✗ candidate err  patch  run log"), "{text}");
    // on a narrow screen the neighbours, as many as there is room for
    desk.size = (60, 20);
    let text = desk.text();
    assert!(text.contains("✗ candidate · ✗ candidate err · patch  3/5"), "{text}");
    desk.size = (40, 12);
    let text = desk.text();
    assert!(text.contains("✗ candidate err  3/5") && text.contains("end of 27 B"), "{text}");
}

#[test]
fn the_patch_of_a_done_item_is_shown_as_a_diff_from_its_beginning() {
    let mut desk = Desk::on(&runs::finished());
    desk.type_in("g");
    fs::write(desk.path(1, 1, Stage::Candidate, "out"), "latency: 1 ms\n").unwrap();
    fs::write(desk.patch(1), format!("{PATCH}{}", " more\n".repeat(100))).unwrap();
    assert!(desk.type_in("3G").contains("6 shows it"));
    let text = desk.type_in("6");
    assert!(text.contains("diff --git a/run.sh") && text.contains("candidate") && text.contains("patch"), "{text}");
    let theme = desk.bench.theme.clone();
    for (row, role) in
        [("diff", Role::Strong), ("--- a", Role::Muted), ("@@", Role::Accent), ("-slow", Role::Removed), ("+fast", Role::Added)]
    {
        assert_eq!(style(&mut desk, row).fg, theme.style(role).fg, "{row}");
    }
    desk.type_in("/fast");
    desk.press(Key::Enter);
    assert!(desk.wait_search().contains("+fast"));
    assert!(desk.bench.state.log.mark.is_some());
    // no patch, no tab: the arm tells most
    let text = desk.type_in("}");
    assert!(!text.contains("patch") && text.contains("candidate wrote nothing"), "{text}");
}

#[test]
fn a_patch_that_is_itself_the_cause_is_opened() {
    let mut story = runs::Story::of(1);
    story.failed(1, 1, Stage::Check, FailureClass::PatchDoesNotApply, "error: patch failed");
    let mut desk = Desk::on(&story);
    fs::write(desk.path(1, 1, Stage::Agent, "out"), "the agent's words\n").unwrap();
    fs::write(desk.patch(1), PATCH).unwrap();
    let text = desk.type_in("6");
    assert!(text.contains("+fast"), "{text}");
    assert!(desk.type_in("[").contains("the agent's words"));
}
