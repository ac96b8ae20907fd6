//! On what an arm was measured, and where numbers come from that were not measured now.

use serde::{Deserialize, Serialize};

/// The machine of a measurement, as far as it decides how fast something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Models of its GPUs that the arm could use, sorted: `NVIDIA H100 80GB HBM3`. Empty where it used none.
    pub gpus: Vec<String>,
    /// The UUIDs of these GPUs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uuids: Vec<String>,
    /// Version of NVIDIA's driver: `550.54.15`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Its host name.
    pub host: String,
}

/// An arm that was not measured: its numbers are those of an older result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reused {
    /// The result file that was taken.
    pub file: String,
    /// The run of ours that measured it; `None` for a result of ISO-Bench's own scripts: on which machine it was measured
    /// nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was measured, as the file says: local time, `YYYY-MM-DD HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Machine {
    /// How it differs from another in what decides the speed, in words: `GPU … / …`. Nothing: measurements on both compare.
    /// Where neither has a GPU the host decides.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let gpus = |machine: &Self| if machine.gpus.is_empty() { "no GPU".to_owned() } else { machine.gpus.join(" + ") };
        let driver = |machine: &Self| machine.driver.clone().unwrap_or_else(|| "unknown".to_owned());
        let mut found = Vec::new();
        if self.gpus != other.gpus {
            found.push(format!("GPU {} / {}", gpus(self), gpus(other)));
        } else if self.gpus.is_empty() && self.host != other.host {
            found.push(format!("host {} / {}", self.host, other.host));
        } else if !self.gpus.is_empty() && self.driver != other.driver {
            found.push(format!("driver {} / {}", driver(self), driver(other)));
        }
        found
    }
}

impl Reused {
    /// In words: `taken from /…/0123abcd_human_result.json of run 2026-11-21_09-30-12-3fa9, measured 2026-11-21 09:41:00`.
    pub fn says(&self) -> String {
        let run = self.run.as_ref().map_or(String::new(), |run| format!(" of run {run}"));
        let at = self.at.as_ref().map_or(String::new(), |at| format!(", measured {at}"));
        let machine = if self.run.is_none() { ", on an unknown machine" } else { "" };
        format!("taken from {}{run}{at}{machine}", self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_and_driver_decide_and_the_host_where_there_is_no_gpu() {
        let machine = |gpus: &[&str], driver: Option<&str>, host: &str| Machine {
            gpus: gpus.iter().map(|gpu| (*gpu).to_owned()).collect(),
            driver: driver.map(str::to_owned),
            host: host.to_owned(),
            ..Machine::default()
        };
        let (one, other) = (machine(&["H100"], Some("550"), "a"), machine(&["H100"], Some("550"), "b"));
        assert!(one.differences(&other).is_empty(), "the same card in another box is as fast");
        assert_eq!(one.differences(&machine(&["A100"], Some("550"), "a")), ["GPU H100 / A100"]);
        assert_eq!(one.differences(&machine(&["H100", "H100"], Some("550"), "a")), ["GPU H100 / H100 + H100"]);
        assert_eq!(one.differences(&machine(&["H100"], None, "a")), ["driver 550 / unknown"]);
        assert_eq!(machine(&[], None, "a").differences(&machine(&[], Some("550"), "b")), ["host a / b"]);
        assert!(machine(&[], None, "a").differences(&machine(&[], Some("550"), "a")).is_empty());
    }
}
