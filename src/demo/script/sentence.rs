//! Scenario 3: one sentence, 2,412 times over 75 steps, and not one tool call.

use super::{Scenario, Turn, say};

/// The sentence.
const SENTENCE: &str = "I need to actually use the tools now.";
/// How often it is said.
const TIMES: usize = 2_412;
/// In how many steps.
const STEPS: usize = 75;

/// The scenario.
pub(super) fn scenario() -> Scenario {
    let turns: Vec<Turn> = (0..STEPS)
        .map(|step| {
            // the first steps take one more each, until the count is exact
            let times = TIMES / STEPS + usize::from(step < TIMES % STEPS);
            say(vec![SENTENCE; times].join("\n"))
        })
        .collect();
    Scenario { seconds: 8.0, max_steps: 75, turns }
}
