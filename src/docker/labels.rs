//! The labels of containers that runs of ours start: they say of which run, item, attempt and stage a container is.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::domain::{ItemId, Stage, Whose};

/// The run's id.
pub const RUN: &str = "isobench-tui.run";
/// The item's id.
pub const ITEM: &str = "isobench-tui.item";
/// The attempt's number.
pub const ATTEMPT: &str = "isobench-tui.attempt";
/// The stage's word.
pub const STAGE: &str = "isobench-tui.stage";

/// How many digits of a container's id are shown, as docker does.
const SHOWN: usize = 12;

/// Whose a container is, by its labels. One that lacks a label, or whose labels make no sense, is none of ours.
pub fn whose(id: &str, name: Option<&str>, labels: &HashMap<String, String, impl BuildHasher>) -> Whose {
    of_labels(labels).unwrap_or_else(|| container(id, name))
}

/// A container that is none of ours.
pub fn container(id: &str, name: Option<&str>) -> Whose {
    Whose::Container { id: id.get(..SHOWN).unwrap_or(id).to_owned(), name: name.map(str::to_owned) }
}

fn of_labels(labels: &HashMap<String, String, impl BuildHasher>) -> Option<Whose> {
    let item = ItemId(labels.get(ITEM)?.clone());
    let run = labels.get(RUN).filter(|run| !run.is_empty())?.clone();
    let stage = Stage::from_name(labels.get(STAGE)?)?;
    let n = labels.get(ATTEMPT)?.parse().ok()?;
    item.unfit().is_none().then_some(Whose::Stage { run, item, n, stage })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [(&str, &str); 4] = [(RUN, "2026-11-22_01-02-03-beef"), (ITEM, "vllm.core-0001"), (ATTEMPT, "2"), (STAGE, "candidate")];

    fn of(labels: &[(&str, &str)]) -> Whose {
        let labels: HashMap<String, String> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        whose("0123456789abcdef", Some("bench"), &labels)
    }

    #[test]
    fn four_labels_make_a_container_a_stages() {
        let item = ItemId("vllm.core-0001".to_owned());
        let stage = Whose::Stage { run: "2026-11-22_01-02-03-beef".to_owned(), item, n: 2, stage: Stage::Candidate };
        assert_eq!(of(&OURS), stage);
    }

    #[test]
    fn one_that_lacks_one_or_makes_no_sense_is_nobodys_of_ours() {
        let other = Whose::Container { id: "0123456789ab".to_owned(), name: Some("bench".to_owned()) };
        for left_out in 0..OURS.len() {
            let some: Vec<_> = OURS.into_iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, label)| label).collect();
            assert_eq!(of(&some), other, "without {left_out}");
        }
        for (name, bad) in [(ATTEMPT, "two"), (STAGE, "lunch"), (ITEM, "../x"), (RUN, "")] {
            let labels = OURS.map(|label| if label.0 == name { (name, bad) } else { label });
            assert_eq!(of(&labels), other, "{name}={bad}");
        }
    }
}
