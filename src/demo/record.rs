//! TRAE's trajectory file, written the way TRAE writes it: whole, in place, at every save.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use jiff::Zoned;
use serde_json::{Value, json};

/// What Python's text files buffer before they write.
const CHUNK: usize = 8 * 1024;

/// The run's fields that do not change.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) task: String,
    pub(super) provider: &'static str,
    pub(super) model: String,
    pub(super) max_steps: u32,
}

/// How the run ended.
#[derive(Debug)]
pub(super) struct Finale {
    pub(super) success: bool,
    pub(super) final_result: String,
    pub(super) seconds: f64,
}

/// The recorder of one run. Elements are kept as text: they do not change, and the file is written twice a step.
#[derive(Debug)]
pub(super) struct Recorder {
    path: PathBuf,
    head: Head,
    start_time: String,
    interactions: Vec<String>,
    steps: Vec<String>,
}

impl Recorder {
    /// Starts recording, with a first save.
    pub(super) fn start(path: PathBuf, head: Head) -> Self {
        let recorder = Self { path, head, start_time: now(), interactions: Vec::new(), steps: Vec::new() };
        recorder.save(None);
        recorder
    }

    /// The model answered.
    pub(super) fn interaction(&mut self, element: &Value) {
        self.interactions.push(indented(element));
        self.save(None);
    }

    /// A step is over.
    pub(super) fn step(&mut self, element: &Value) {
        self.steps.push(indented(element));
        self.save(None);
    }

    /// The run is over.
    pub(super) fn finish(&self, finale: &Finale) {
        self.save(Some(finale));
    }

    /// A failed save is said, and the run goes on.
    fn save(&self, finale: Option<&Finale>) {
        if let Err(error) = self.write(finale) {
            println!("Warning: Failed to save trajectory to {}: {error}", self.path.display());
        }
    }

    fn write(&self, finale: Option<&Finale>) -> io::Result<()> {
        let end_time = finale.map_or_else(String::new, |_| now());
        let mut text = String::new();
        for (name, value) in [
            ("task", json!(self.head.task)),
            ("start_time", json!(self.start_time)),
            ("end_time", json!(end_time)),
            ("provider", json!(self.head.provider)),
            ("model", json!(self.head.model)),
            ("max_steps", json!(self.head.max_steps)),
        ] {
            text.push_str(if text.is_empty() { "{\n" } else { ",\n" });
            let _ = write!(text, "  \"{name}\": {value}");
        }
        for (name, elements) in [("llm_interactions", &self.interactions), ("agent_steps", &self.steps)] {
            let _ = write!(text, ",\n  \"{name}\": [");
            for (at, element) in elements.iter().enumerate() {
                text.push_str(if at == 0 { "\n    " } else { ",\n    " });
                text.push_str(element);
            }
            text.push_str(if elements.is_empty() { "]" } else { "\n  ]" });
        }
        let success = finale.is_some_and(|finale| finale.success);
        let result = finale.map_or(Value::Null, |finale| json!(finale.final_result));
        let seconds = json!(finale.map_or(0.0, |finale| finale.seconds));
        let _ = write!(text, ",\n  \"success\": {success},\n  \"final_result\": {result},\n  \"execution_time\": {seconds}\n}}");
        let mut file = File::create(&self.path)?;
        text.as_bytes().chunks(CHUNK).try_for_each(|chunk| file.write_all(chunk))
    }
}

/// An element of a list, two levels deep. Strings hold no line ends of their own: JSON escapes them.
fn indented(element: &Value) -> String {
    format!("{element:#}").replace('\n', "\n    ")
}

/// The time in TRAE's form: local, without an offset.
pub(super) fn now() -> String {
    Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
