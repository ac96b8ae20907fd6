//! A file that is rewritten whole: after any sequence of states, half-written ones too, it tells what the last good one does.
#![no_main]

use isobench_tui::agent::trae::{Taken, Trajectory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // states are parted by a byte that no JSON holds
    let states: Vec<&[u8]> = data.split(|byte| *byte == 0).take(8).collect();
    let mut followed = Trajectory::new();
    let mut good = None;
    for state in &states {
        let taken = followed.take(state);
        let mut alone = Trajectory::new();
        let is_torn = alone.take(state) == Taken::Torn;
        assert_eq!(taken == Taken::Torn, is_torn, "whether a state is whole does not depend on those before");
        if !is_torn {
            good = Some(alone);
        }
        if let Some(alone) = &good {
            assert_eq!(followed.steps(), alone.steps());
            assert_eq!(followed.totals(), alone.totals());
            assert_eq!(followed.state(), alone.state());
        }
    }
});
