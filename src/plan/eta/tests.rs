#![expect(clippy::panic, reason = "tests")]

mod rounds;

use proptest::prelude::*;

use super::*;

const STAGES: [Stage; 5] = [Stage::Worktree, Stage::Agent, Stage::Human, Stage::Candidate, Stage::Clean];

/// An item that took so many seconds a stage, in their order, as far as it came.
fn item(took: &[u64], is_whole: bool) -> PastItem {
    PastItem { commit: String::new(), took: STAGES.into_iter().zip(took.iter().map(|s| s * 1000)).collect(), is_whole }
}

fn past(agent: &str, items: Vec<PastItem>) -> Past {
    Past { repo: "r".to_owned(), agent: agent.to_owned(), model: "m".to_owned(), stages: STAGES.to_vec(), repeat: 1, items }
}

fn tasks(n: usize) -> Vec<Task<'static>> {
    (0..n).map(|place| Task { commit: "", from: Stage::Worktree, live: None, turns: Vec::new(), place }).collect()
}

fn queue(tasks: Vec<Task<'_>>) -> Queue<'_> {
    Queue { repo: "r", agent: "a", model: "m", stages: &STAGES, repeat: 1, tasks, workers: 0 }
}

fn estimated(tasks: Vec<Task<'_>>, own: &Past, earlier: &[Past]) -> Option<Left> {
    match estimate(&queue(tasks), own, earlier, Timestamp::UNIX_EPOCH) {
        Eta::Left(left) => Some(left),
        _ => None,
    }
}

fn seconds(left: &Left) -> (u64, u64) {
    (left.p50_ms / 1000, left.p90_ms / 1000)
}

#[test]
fn items_that_all_took_the_same_leave_no_doubt() {
    let own = past("a", vec![item(&[1, 60, 20, 20, 1], true); 5]);
    let left = estimated(tasks(10), &own, &[]).unwrap_or_else(|| panic!("known"));
    assert_eq!(seconds(&left), (1020, 1020));
    assert_eq!((left.from, left.lacks), (From { items: 5, runs: 0 }, Vec::new()));
}

#[test]
fn early_ends_are_part_of_history() {
    // four of five patches were empty: what is to come is no row of full benchmarks
    let mut items = vec![item(&[1, 60], true); 4];
    items.push(item(&[1, 60, 600, 600, 1], true));
    let left = estimated(tasks(100), &past("a", items), &[]).unwrap_or_else(|| panic!("known"));
    let all_early = 100 * 61_000;
    assert!(left.p50_ms > all_early && left.p50_ms < all_early + 100 * 1_201_000 / 2, "{left:?}");
    assert!(left.p90_ms > left.p50_ms * 5 / 4, "of five items little is known: {left:?}");
}

#[test]
fn without_history_there_is_no_number() {
    let nothing = Past::default();
    assert_eq!(estimate(&queue(tasks(3)), &nothing, &[], Timestamp::UNIX_EPOCH), Eta::NoHistory);
    assert_eq!(estimate(&queue(Vec::new()), &nothing, &[], Timestamp::UNIX_EPOCH), Eta::Over);
    // another agent's times are its own, and so are those of another repository
    let others = past("b", vec![item(&[1, 60, 20, 20, 1], true); 9]);
    let elsewhere = Past { repo: "q".to_owned(), ..past("a", vec![item(&[1, 60, 20, 20, 1], true); 9]) };
    assert_eq!(estimate(&queue(tasks(3)), &nothing, &[others, elsewhere], Timestamp::UNIX_EPOCH), Eta::NoHistory);
}

#[test]
fn earlier_runs_of_the_same_agent_stand_in_until_there_are_items_of_this_one() {
    let earlier = [past("a", vec![item(&[1, 60, 20, 20, 1], true); 5]), past("b", vec![item(&[1, 6000, 20, 20, 1], true); 5])];
    let left = estimated(tasks(2), &Past::default(), &earlier).unwrap_or_else(|| panic!("known"));
    assert_eq!((seconds(&left), left.from), ((204, 204), From { items: 0, runs: 1 }));
    let own = past("a", vec![item(&[1, 600, 20, 20, 1], true); 5]);
    let left = estimated(tasks(2), &own, &earlier).unwrap_or_else(|| panic!("known"));
    assert_eq!((seconds(&left), left.from), ((1284, 1284), From { items: 5, runs: 0 }));
}

#[test]
fn by_stage_the_benchmarks_of_other_agents_count_and_their_agents_do_not() {
    let own = past("a", vec![item(&[1, 60], false)]);
    let earlier = [past("b", vec![item(&[1, 6000, 20, 20, 1], true); 3])];
    let left = estimated(tasks(1), &own, &earlier).unwrap_or_else(|| panic!("known"));
    assert_eq!((seconds(&left), left.lacks), ((102, 102), Vec::new()));
    let left = estimated(tasks(1), &own, &[]).unwrap_or_else(|| panic!("known"));
    assert_eq!((seconds(&left), left.beside()), ((61, 61), ", and benchmarks of unknown length".to_owned()));
    assert_eq!(left.ends(true, &jiff::tz::TimeZone::UTC), "", "the end of what is known is not the queue's");
}

#[test]
fn a_benchmark_takes_what_it_took_with_the_same_image() {
    let own = past("a", vec![item(&[1, 60, 20, 20, 1], true); 5]);
    let mut same = item(&[1, 10, 500, 700, 1], true);
    same.commit = "c0ffee".to_owned();
    let earlier = [past("b", vec![same])];
    let task = Task { commit: "c0ffee", from: Stage::Worktree, live: None, turns: Vec::new(), place: 0 };
    let left = estimated(vec![task.clone()], &own, &earlier).unwrap_or_else(|| panic!("known"));
    assert_eq!(seconds(&left), (1 + 60 + 500 + 700 + 1, 1262));
    let other = estimated(vec![Task { commit: "other", ..task }], &own, &earlier).unwrap_or_else(|| panic!("known"));
    assert_eq!(seconds(&other), (102, 102));
}

#[test]
fn a_live_stage_is_judged_by_those_that_lasted_longer() {
    let items = (1..=10).map(|n| item(&[1, n * 100, 20, 20, 1], true)).collect();
    let own = past("a", items);
    let at = |for_ms, left_ms| {
        let live = Some(Live { for_ms, left_ms });
        estimated(vec![Task { commit: "", from: Stage::Agent, live, turns: Vec::new(), place: 0 }], &own, &[])
            .unwrap_or_else(|| panic!("known"))
    };
    let late = at(950_000, None);
    assert_eq!(seconds(&late), (50 + 41, 50 + 41), "only one lasted longer");
    // it outlasted them all: as long again at most, and never beyond its budget
    let outlasted = at(2_000_000, None);
    assert!((900..1100).contains(&seconds(&outlasted).0) && seconds(&outlasted).1 <= 2041, "{outlasted:?}");
    assert!(seconds(&at(2_000_000, Some(60_000))).1 <= 60 + 41);
    assert_eq!(seconds(&at(2_000_000, Some(0))), (41, 41));
}

#[test]
fn several_at_once_share_the_work() {
    let own = past("a", vec![item(&[1, 60, 20, 20, 1], true); 5]);
    let mut queue = queue(tasks(10));
    queue.workers = 5;
    let Eta::Left(left) = estimate(&queue, &own, &[], Timestamp::UNIX_EPOCH) else { panic!("known") };
    assert_eq!(seconds(&left), (204, 204));
}

#[test]
fn words_say_where_it_comes_from_and_when_it_ends() {
    let from = |items, runs| From { items, runs }.words();
    assert_eq!(from(12, 0), "from 12 items of this run");
    assert_eq!([from(0, 3), from(1, 1)], ["from 3 earlier runs", "from 1 item of this run and 1 earlier run"]);
    let h = 3_600_000;
    let at = "2026-11-21T23:10:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let left = Left { p50_ms: 5 * h, p90_ms: 8 * h, from: From::default(), lacks: Vec::new(), at };
    let utc = jiff::tz::TimeZone::UTC;
    assert_eq!((left.range(), left.ends(true, &utc)), ("5–8 h".to_owned(), ", 04:10–07:10".to_owned()));
    let until = next_time_of_day("06:00", at, &utc).unwrap_or(Timestamp::UNIX_EPOCH);
    assert_eq!(left.misses(until, &utc).as_deref(), Some("may not end by 06:00"));
    assert_eq!(left.at(at + jiff::SignedDuration::from_hours(4)).range(), "1–4 h");
    let days = Left { p90_ms: 40 * h, ..left };
    assert_eq!(days.ends(true, &utc), ", Sun 04:10–Mon 15:10");
}

proptest! {
    #[test]
    fn the_middle_is_never_beyond_nine_of_ten_and_more_items_never_take_less(
        took in prop::collection::vec(prop::collection::vec(0_u64..5000, 0..=5), 1..12),
        n in 1_usize..20,
        live_s in 0_u64..9000,
    ) {
        let own = past("a", took.iter().map(|took| item(took, true)).collect());
        let mut all = tasks(n);
        if let Some(first) = all.first_mut() {
            (first.from, first.live) = (Stage::Agent, Some(Live { for_ms: live_s * 1000, left_ms: None }));
        }
        let Some(left) = estimated(all.clone(), &own, &[]) else { return Ok(()) };
        prop_assert!(left.p50_ms <= left.p90_ms);
        all.push(Task { commit: "", from: Stage::Worktree, live: None, turns: Vec::new(), place: n });
        let Some(more) = estimated(all, &own, &[]) else { return Err(TestCaseError::fail("known before")) };
        prop_assert!(more.p50_ms >= left.p50_ms && more.p90_ms >= left.p90_ms);
    }
}
