//! The stages on the time axis: which item was at which stage, from when to when.

use jiff::Timestamp;

use crate::domain::{AttemptId, ItemId, Stage};
use crate::model::{Run, StageState};

/// A stage in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The attempt in which it ran.
    pub attempt: AttemptId,
    /// The stage.
    pub stage: Stage,
    /// When it began, in ms of Unix time.
    pub from: i64,
    /// When it ended, in ms of Unix time; of one that runs the moment that was asked for.
    pub to: i64,
    /// Whether it runs.
    pub is_live: bool,
}

/// All stages of a run up to now, in the order in which they began.
pub fn all(run: &Run, now: Timestamp) -> Vec<Band> {
    let mut bands = Vec::new();
    for item in &run.items {
        for attempt in &item.attempts {
            // those that were taken over stand with the attempt in which they ran
            for record in attempt.stages.iter().filter(|record| record.ran_in == attempt.n) {
                let from = record.began.as_millisecond();
                let (to, is_live) = match &record.state {
                    // this very moment is its own too
                    StageState::Running { .. } => (now.as_millisecond().saturating_add(1), true),
                    StageState::Ended(outcome) => (from.saturating_add(i64::try_from(outcome.duration_ms).unwrap_or(i64::MAX)), false),
                };
                let attempt = AttemptId { item: item.id.clone(), n: attempt.n };
                bands.push(Band { attempt, stage: record.stage, from, to: to.max(from), is_live });
            }
        }
    }
    bands.sort_by_key(|band| band.from);
    bands
}

/// The stage that took most of a stretch of time, in ms of Unix time.
pub fn between(bands: &[Band], from: i64, to: i64) -> Option<&Band> {
    let share = |band: &Band| band.to.min(to).saturating_sub(band.from.max(from));
    // one that took no time at all still has its column
    let meets = |band: &&Band| band.from < to && (band.to > from || band.from >= from);
    bands.iter().filter(meets).max_by_key(|band| share(band))
}

/// The end of an item's id, which tells it from the others: `0007` of `vllm_core-0007`.
pub fn short(item: &ItemId) -> &str {
    item.0.rsplit(['-', '_', '/']).next().filter(|tail| tail.len() >= 2).unwrap_or(&item.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_took_most_of_a_column_has_it() {
        let band =
            |stage, from, to| Band { attempt: AttemptId { item: ItemId("a-0001".to_owned()), n: 1 }, stage, from, to, is_live: false };
        let bands = [band(Stage::Agent, 0, 6_000), band(Stage::Check, 6_000, 7_000), band(Stage::Human, 7_000, 30_000)];
        let of = |from, to| between(&bands, from, to).map(|band| band.stage);
        assert_eq!([of(0, 10_000), of(5_900, 8_000), of(30_000, 40_000)], [Some(Stage::Agent), Some(Stage::Human), None]);
        let empty = [band(Stage::Check, 5, 5)];
        assert_eq!(between(&empty, 0, 10).map(|band| band.stage), Some(Stage::Check));
    }

    #[test]
    fn an_item_has_a_short_name() {
        let of = |id: &str| short(&ItemId(id.to_owned())).to_owned();
        assert_eq!([of("vllm_core-0007"), of("plain"), of("a-1")], ["0007", "plain", "a-1"]);
    }
}
