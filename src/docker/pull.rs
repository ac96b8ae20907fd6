//! Images are pulled in a process of its own, `pull-images FOLDER`, under the pull stage's keeper: what it is told
//! (`order.json`), and what it leaves (`outcome.json`). What it says meanwhile is `domain::PullProgress`, in `progress.json`.

mod ask;
mod fault;
mod one;
pub mod progress;
mod work;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::prune::Keep;
use crate::domain::{FailureClass, ImagePull, PullDetail, Shortage};
pub use work::PullImages;

/// What is to be pulled, within the folder that `pull-images` gets.
pub const ORDER: &str = "order.json";

/// How far it is (`domain::PullProgress`), within the same folder.
pub const PROGRESS: &str = "progress.json";

/// How it ended, within the same folder. It is written once, at the end.
pub const OUTCOME: &str = "outcome.json";

/// `order.json`: what is to be pulled. It holds no secret: credentials come from the docker config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullOrder {
    /// Id of the run that wants the images, for the record of whose they are.
    pub run: String,
    /// Id of the item that wants them.
    pub item: String,
    /// The images, with tag or digest, in the order in which they are pulled, one at a time.
    pub images: Vec<String>,
    /// `<root>/state/docker`: whose images they are is recorded there (`images.jsonl`), and manifests are kept there.
    pub state: PathBuf,
    /// How often each image is tried at most; 0 counts as 1.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// For how long a pull may be silent, in s: then neither its stream nor the free space of the disk moved, and it is
    /// begun again.
    #[serde(default = "stall")]
    pub stall_s: u64,
    /// Time for all images together, frozen time not counted, in ms; `None` for as long as it takes. A keeper's own
    /// budget should be some seconds longer, so that the end is told by us.
    #[serde(default)]
    pub budget_ms: Option<u64>,
    /// Whether nothing is pulled where the images don't fit on the disk: then it ends as [`PullEnd::Short`].
    #[serde(default)]
    pub must_fit: bool,
    /// Images that somebody waits for: where there is no room, it is said what a prune would free that leaves these.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// Images in which nothing is left to measure: they are not pulled, unless the registry means another image by the name.
    #[serde(default)]
    pub measured: Vec<MeasuredImage>,
    /// Folders whose `.env` holds secrets: their values are shown nowhere.
    #[serde(default)]
    pub dot_env: Vec<PathBuf>,
}

/// An image in which everything that a run would measure was measured by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredImage {
    /// Its name, as it stands in `images`.
    pub reference: String,
    /// Its id, where that was known.
    pub id: Option<String>,
    /// Digest of its manifest, where that was known.
    pub digest: Option<String>,
}

/// `outcome.json`: how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullOutcome {
    /// How.
    #[serde(flatten)]
    pub end: PullEnd,
    /// How far each image of the order came.
    pub images: Vec<ImagePull>,
    /// Those that are there now.
    pub detail: PullDetail,
    /// Where the engine keeps its images, where that is on this machine: there is looked for room again.
    #[serde(default)]
    pub disk: Option<PathBuf>,
    /// How long all of it took, frozen time included, in ms.
    pub duration_ms: u64,
}

/// How pulling ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum PullEnd {
    /// All images are there.
    Done,
    /// They don't fit on the disk, and nothing was pulled (only where `must_fit` asked for that).
    Short {
        /// What is missing.
        shortage: Shortage,
    },
    /// TERM came: what was on its way was cancelled.
    Stopped,
    /// An image will not come. The class of one that did not come in its time is `timeout_pull`.
    Failed {
        /// The cause.
        class: FailureClass,
        /// In a sentence: what happened, where, what to do.
        why: String,
        /// The image that it was about; `None` where it was about none, as where there is no engine.
        image: Option<String>,
        /// When it is worth trying again, where the registry said so (a rate limit).
        until: Option<Timestamp>,
    },
}

const fn attempts() -> u32 {
    3
}

const fn stall() -> u64 {
    120
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn an_order_says_only_what_is_not_usual() {
        let order = r#"{"run":"r","item":"i","images":["a/b:1"],"state":"/x/state/docker"}"#;
        let order: PullOrder = serde_json::from_str(order).unwrap();
        assert_eq!((order.attempts, order.stall_s, order.budget_ms, order.must_fit), (3, 120, None, false));
    }

    #[test]
    fn an_end_is_read_as_it_is_written() {
        let end = PullEnd::Failed { class: FailureClass::RateLimit, why: "w".to_owned(), image: None, until: Some(Timestamp::UNIX_EPOCH) };
        let outcome = PullOutcome { end, images: Vec::new(), detail: PullDetail::default(), disk: None, duration_ms: 7 };
        let written = serde_json::to_string(&outcome).unwrap();
        assert!(written.contains(r#""end":"failed","class":"rate_limit""#), "{written}");
        assert_eq!(serde_json::from_str::<PullOutcome>(&written).unwrap(), outcome);
    }
}
