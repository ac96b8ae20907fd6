//! The thread that reads trajectories: what it tells, and what it tells again.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use isobench_tui::domain::{AttemptId, RunId};
use isobench_tui::ledger::RunFolder;
use isobench_tui::shell::Places;
use isobench_tui::shell::reader::Reader;
use isobench_tui::text::mask::Masker;
use isobench_tui::ui::message::Look;
use isobench_tui::ui::{Focus, Msg};
use tokio::sync::mpsc;

use crate::screen_runs::id;

#[test]
fn a_trajectory_that_the_state_no_longer_holds_is_told_from_its_first_step() {
    let root = tempfile::tempdir().unwrap();
    let folder = RunFolder::of(root.path(), &RunId("2026-11-21_09-30-12-3fa9".to_owned()));
    std::fs::create_dir_all(folder.path()).unwrap();
    for item in [id(1), id(2)] {
        let item = root.path().join("items").join(&item.0);
        std::fs::create_dir_all(&item).unwrap();
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trae/accepted.json");
        std::fs::copy(fixture, item.join("trajectory.json")).unwrap();
    }
    let (news_from, mut news) = mpsc::channel(32);
    let (ledger, _ledger) = mpsc::channel(1);
    let places = Places::ours(folder, root.path().join("items"));
    let reader = Reader::start(places, Masker::new([] as [(&str, &str); 0], []), news_from, ledger).unwrap();
    let [one, two] = [1, 2].map(|item| AttemptId { item: id(item), n: 1 });
    let focus = |live: Option<&AttemptId>| Some(Focus { trail: Some(one.clone()), live: live.cloned(), ..Focus::default() });
    let mut told = || loop {
        if let Some(Msg::Trail(trail)) = news.blocking_recv() {
            return (trail.attempt, trail.from, trail.steps.is_empty());
        }
    };
    reader.look(Look { focus: focus(None), held: Vec::new(), ..Look::default() });
    assert_eq!(told(), (one.clone(), 0, false));
    // another wish came and went before the thread saw it: the file did not change, and the state holds nothing
    reader.look(Look::default());
    reader.look(Look { focus: focus(None), held: Vec::new(), ..Look::default() });
    assert_eq!(told(), (one.clone(), 0, false));
    // what is held is not told again: it would come first
    reader.look(Look { focus: focus(Some(&two)), held: vec![one.clone()], ..Look::default() });
    assert_eq!(told(), (two.clone(), 0, false));
}
