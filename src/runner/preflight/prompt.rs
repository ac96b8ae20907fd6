//! Whether the texts that the agent is asked can be had.

use std::fs::File;

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::{Config, Via};
use crate::domain::PromptSource;
use crate::ledger::PlannedItem;

/// The row about the prompt, where there is something to say; an item that has none is blocked.
pub(super) fn prompt(look: &Look<'_>, _plan: Option<&PlanFile>, _items: &mut [PlannedItem]) -> Option<Row> {
    let prompt = &look.config.prompt;
    if look.config.agent.via == Via::Harness {
        return Some(Row::ok(About::Prompt, "ISO-Bench's own, written by it for each item"));
    }
    match prompt.source {
        PromptSource::Template => {
            let path = look.checkout.root.join(prompt.template.as_ref()?);
            let is_file = path.metadata().and_then(|there| {
                if there.is_file() { File::open(&path).map(|_| ()) } else { Err(std::io::Error::other("it is no file")) }
            });
            Some(match is_file {
                Ok(()) => Row::ok(About::Prompt, format!("template {}", path.display())),
                Err(error) => Row::blocked(
                    About::Prompt,
                    format!("can't read the template {}: {error}", path.display()),
                    format!("check prompt.template in {}, or leave it out for ours", Config::FILE),
                ),
            })
        }
        PromptSource::Copy => Some(prompt.from.as_ref().map_or_else(
            || {
                Row::blocked(
                    About::Prompt,
                    "prompt.source is copy, and no run is named to copy from",
                    "name one with prompt.from: its id, or a folder below state/runs/",
                )
            },
            |from| Row::ok(About::Prompt, format!("copied from {from}")),
        )),
        PromptSource::Harness => Some(Row::blocked(
            About::Prompt,
            "prompt.source is harness, and only ISO-Bench itself writes that prompt",
            "set agent.via = \"harness\", or another prompt.source",
        )),
    }
}
