//! Lines of `telemetry.jsonl`. A header begins a stretch of samples; what follows it are JSON Merge Patches (RFC 7396), each
//! on the machine as the line before it left it, the first one on nothing. Whoever begins to read in the middle waits for
//! the next header.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sample::{Header, Sample, Xid};

/// The newest version of the format that this program writes and reads.
pub const VERSION: u32 = 1;

/// One line as it lies on the disk: the beginning of a stretch, or a sample.
#[derive(Debug, Serialize, Deserialize)]
struct Written<'a> {
    /// When, in ms of Unix time. It comes first: whoever searches reads no further.
    t: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<Cow<'a, Header>>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    is: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    xid: Vec<Xid>,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// A stretch began: between it and what came before nothing was sampled.
    Header(i64, &'a Header),
    /// The machine at a moment, in ms of Unix time, and what happened since the sample before it.
    Sample(i64, &'a [Xid]),
}

/// Makes lines.
#[derive(Debug, Default)]
pub struct Encoder {
    last: Map<String, Value>,
}

/// Reads lines.
#[derive(Debug, Default)]
pub struct Decoder {
    header: Option<Header>,
    state: Value,
    xid: Vec<Xid>,
}

impl Encoder {
    /// A header; what follows is told from the beginning.
    pub fn header(&mut self, t: i64, header: &Header) -> serde_json::Result<String> {
        self.last.clear();
        serde_json::to_string(&Written { t, header: Some(Cow::Borrowed(header)), is: Map::new(), xid: Vec::new() })
    }

    /// A sample: what changed.
    pub fn sample(&mut self, t: i64, sample: &Sample, xid: &[Xid]) -> serde_json::Result<String> {
        let now = match serde_json::to_value(sample)? {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let is = difference(&self.last, &now);
        self.last = now;
        serde_json::to_string(&Written { t, header: None, is, xid: xid.to_vec() })
    }
}

impl Decoder {
    /// Takes the next line. `None`: it says nothing to us (torn, of a newer version, or no header came yet). Behind a torn line
    /// nobody knows what changed: the next header is waited for.
    pub fn take(&mut self, line: &str) -> Option<Said<'_>> {
        let Written { t, header, is, xid } = match serde_json::from_str(line) {
            Ok(written) => written,
            Err(_) if line.is_empty() => return None,
            Err(_) => {
                self.header = None;
                return None;
            }
        };
        if let Some(header) = header {
            self.state = Value::Object(Map::new());
            self.header = Some(header.into_owned()).filter(|header| header.v <= VERSION);
            return self.header.as_ref().map(|header| Said::Header(t, header));
        }
        self.header.as_ref()?;
        merge(self.state.as_object_mut()?, is);
        self.xid = xid;
        Some(Said::Sample(t, &self.xid))
    }

    /// The machine after the last line.
    pub fn sample(&self) -> Option<Sample> {
        Sample::deserialize(&self.state).ok()
    }

    /// What happened since the sample before.
    pub fn xids(&self) -> &[Xid] {
        &self.xid
    }

    /// The header of the stretch.
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }
}

/// The patch that makes `to` of `from`.
fn difference(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, now) in to {
        match (from.get(key), now) {
            (Some(before), now) if before == now => {}
            (Some(Value::Object(before)), Value::Object(now)) => {
                patch.insert(key.clone(), Value::Object(difference(before, now)));
            }
            (_, now) => {
                patch.insert(key.clone(), now.clone());
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// Applies a patch.
fn merge(state: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (value, state.get_mut(&key)) {
            (Value::Null, _) => {
                state.remove(&key);
            }
            (Value::Object(patch), Some(Value::Object(inner))) => merge(inner, patch),
            (value, _) => {
                state.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::telemetry::sample::{GpuKey, GpuReading};

    #[test]
    fn what_changed_is_told_and_what_went_is_gone() {
        let gpu = GpuKey { gpu: 0, mig: None };
        let reading = |util, temp| GpuReading { util, temp, ..GpuReading::default() };
        let sample = |reading| Sample { gpus: [(gpu, reading)].into(), ..Sample::default() };
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        assert_eq!(decoder.take(r#"{"t":1,"is":{}}"#), None, "before a header nothing makes sense");
        let header = Header { v: 1, ..Header::default() };
        assert!(decoder.take(&encoder.header(1, &header).unwrap()).is_some());
        for (t, state) in [sample(reading(Some(0), Some(40))), sample(reading(Some(97), Some(40))), sample(reading(None, Some(40)))]
            .into_iter()
            .enumerate()
        {
            let line = encoder.sample(i64::try_from(t).unwrap(), &state, &[]).unwrap();
            assert!(decoder.take(&line).is_some());
            assert_eq!(decoder.sample().unwrap(), state, "{line}");
        }
        let line = encoder.sample(4, &sample(reading(None, Some(40))), &[Xid { gpu: 0, code: 79 }]).unwrap();
        assert_eq!(line, r#"{"t":4,"xid":[{"gpu":0,"code":79}]}"#);
    }
}
