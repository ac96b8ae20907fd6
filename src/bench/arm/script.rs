//! The script that runs in the container, for any POSIX shell.
//!
//! It prints nothing itself: client and server write to files of the folder `docker::arm::INSIDE`, and it tells what it does by
//! lines of the file `marks` there, each appended at once:
//!
//! | mark | means |
//! |---|---|
//! | `phase NAME` | a phase of [`crate::domain::ArmPhase`] began |
//! | `python PATH` | the Python that has vLLM |
//! | `vllm VERSION` | its version |
//! | `patch applied HOW` | how the patch was taken: `git`, `p1`, `p0`, `forced`; `patch refused` |
//! | `patch uncompiled N` | so many of its files would have to be compiled, and are not |
//! | `repaired NAME` | a repair that was made inside |
//! | `server crashed CODE` | it ended before it answered |
//! | `ready SECONDS` | it answered after so long |
//! | `client CODE` | how the client ended |
//! | `no NAME` | something that is needed is not in the image: `python`, `vllm`, `benchmarks` |

use super::ArmPlan;

/// The script, and whether the image gets the agent's patch first, which lies at `{INSIDE}/agent.patch`.
pub fn script(plan: &ArmPlan, is_patched: bool) -> String {
    let _ = (plan, is_patched);
    String::new()
}
