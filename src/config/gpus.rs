//! Which GPUs the arms use.

use std::fmt;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `arms.gpus`: a list of the driver's numbers, or `"visible"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ArmGpus {
    /// Those of `CUDA_VISIBLE_DEVICES`, else all of the machine.
    #[default]
    Visible,
    /// These, as `nvidia-smi` counts them; none where the list is empty.
    Numbers(Vec<u32>),
}

/// The word for [`ArmGpus::Visible`].
const VISIBLE: &str = "visible";

impl Serialize for ArmGpus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Visible => serializer.serialize_str(VISIBLE),
            Self::Numbers(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ArmGpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = ArmGpus;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of GPUs as nvidia-smi counts them: [0, 1], [] for none, or \"visible\"")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ArmGpus, E> {
        if word == VISIBLE { Ok(ArmGpus::Visible) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ArmGpus, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = list.next_element()? {
            numbers.push(number);
        }
        Ok(ArmGpus::Numbers(numbers))
    }
}
