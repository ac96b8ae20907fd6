//! Scenario 1: a patch that dies in the benchmark. The agent tried its function without `set -u`, and claims success.

use super::{MEASURE, Scenario, say};

const OLD: &str = r#"    waiting=$1
    ORDER=
    while [ -n "$waiting" ]; do
        best=
        for entry in $waiting; do
            if [ -z "$best" ] || [ "${entry%%:*}" -lt "${best%%:*}" ]; then
                best=$entry
            fi
        done
        rest=
        for entry in $waiting; do
            if [ "$entry" != "$best" ]; then
                rest="$rest $entry"
            fi
        done
        ORDER="$ORDER ${best#*:}"
        waiting=$rest
    done
"#;
const NEW: &str = r#"    last=0
    for entry in $1; do
        position=${entry%%:*}
        eval "QUEUE_$position=\"\$QUEUE_$position ${entry#*:}\""
        if [ "$position" -gt "$last" ]; then
            last=$position
        fi
    done
    ORDER=
    position=1
    while [ "$position" -le "$last" ]; do
        eval "ORDER=\"\$ORDER\$QUEUE_$position\""
        position=$((position + 1))
    done
"#;

/// The scenario.
pub(super) fn scenario() -> Scenario {
    let turns = vec![
        say("Let me look at the project first.").view(""),
        say("The scheduler is the part I would suspect, and the driver shows how often it is called.")
            .view("engine/scheduler.sh")
            .bash("grep -n 'schedule\\|waiting\\|ORDER' engine/run.sh"),
        say("A measurement to compare with later.").bash(MEASURE),
        say("`schedule` is a selection sort over every token that waits: each pick scans the list, then copies it without the pick.").think(
            "With n tokens that is n scans and n copies. The keys are small integers, the position in the request, so this is a bucket sort \
             waiting to be written: one pass that appends to QUEUE_<position>, one pass that joins the queues in order. Equal positions keep \
             their order because appending does.",
            1,
            1,
        ),
        say("Writing the bucket version in place.").replace("engine/scheduler.sh", OLD, NEW),
        say("Syntax first.").bash("sh -n engine/scheduler.sh && echo syntax ok"),
        say("Now the function by itself: two requests of two and three tokens should come out interleaved, `1 2 1 2 2`.")
            .bash("sh -c '. ./engine/scheduler.sh; schedule \" 1:1 2:1 1:2 2:2 3:2\"; echo \"got:$ORDER\"'"),
        say("Exactly the interleaving I expected. A longer list, to be sure that order within a position survives.")
            .bash("sh -c '. ./engine/scheduler.sh; schedule \" 1:1 2:1 3:1 4:1 1:2 2:2 1:3 2:3 3:3\"; echo \"got:$ORDER\"'"),
        say("Stable as well. The diff is small and contained in one function.").bash("git diff --stat"),
        say(
            "The scheduler is linear now.\n\n## Summary\n- replaced the selection sort in `schedule` by one bucket a position\n- the order of equal \
             positions is kept\n- verified with two lists that the interleaving is the same; this should make scheduling many times faster",
        )
        .done(),
    ];
    Scenario { seconds: 8.0, max_steps: 200, turns }
}
