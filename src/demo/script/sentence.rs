//! Scenario 3: one sentence, 2,412 times over 75 steps, and not one tool call.

use super::{Scenario, Turn, say};

/// The sentence.
const SENTENCE: &str = "I need to actually use the tools now.";
/// How often it is said.
const TIMES: usize = 2_412;
/// In how many steps.
const STEPS: usize = 75;
/// It begins with plans, in each of which the sentence stands once.
const PLANS: [&str; 5] = [
    "The task is to make the batching faster. I should look at `engine/batch.sh` first, and measure before I change anything.",
    "I have not looked at a file yet. The batching loop is probably where the time goes.",
    "Let me be careful: measure, read `engine/batch.sh`, edit, measure again.",
    "I was told that the task is not complete. I have described the plan and not begun it.",
    "Enough planning. The first call is a view of the repository.",
];

/// The scenario.
pub(super) fn scenario() -> Scenario {
    let plans = PLANS.iter().map(|plan| say(format!("{plan}\n{SENTENCE}")));
    let (times, steps) = (TIMES - PLANS.len(), STEPS - PLANS.len());
    let chants = (0..steps).map(|step| {
        // the first steps take one more each, until the count is exact
        let times = times / steps + usize::from(step < times % steps);
        say(vec![SENTENCE; times].join("\n"))
    });
    let turns: Vec<Turn> = plans.chain(chants).collect();
    Scenario { seconds: 8.0, max_steps: 75, turns }
}
