//! What is known to be broken in benchmarks of old commits, and is repaired before they are measured. Each repair is named in
//! the result.

use serde::{Deserialize, Serialize};

/// A repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// A dataset of made-up prompts, or a command that names no lengths, gets them.
    MissingLengths,
    /// The sonnet dataset needs a file and a chat template that are not there: random prompts of the same lengths.
    SonnetToRandom,
    /// `transformers` can't be imported: it is installed again.
    Transformers,
    /// `benchmarks/benchmark_*.py` is not in the image, or only says that it was moved: `vllm bench …` in its place.
    MovedToCli,
    /// Arguments of the server that stand in the client's command go to the server.
    ServerArguments,
}

impl Repair {
    /// Every repair.
    pub const ALL: [Self; 5] = [Self::MissingLengths, Self::SonnetToRandom, Self::Transformers, Self::MovedToCli, Self::ServerArguments];

    /// The word used in files, in the configuration and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingLengths => "missing_lengths",
            Self::SonnetToRandom => "sonnet_to_random",
            Self::Transformers => "transformers",
            Self::MovedToCli => "moved_to_cli",
            Self::ServerArguments => "server_arguments",
        }
    }
}
