//! `print`: what a run would be made from.

use std::path::Path;

use clap::Subcommand;

use super::{find, print_prompt, usage};
use crate::config::Config;
use crate::exit::Exit;

/// `print`
#[derive(Debug, Subcommand)]
pub(super) enum PrintCommand {
    /// What the agent would be asked about an item, and where that comes from (on stderr)
    Prompt(print_prompt::PromptArgs),
    /// Our own template of a prompt, to start one from (prompt.template)
    Template,
}

pub(super) fn print(root: Option<&Path>, what: &PrintCommand) -> anyhow::Result<Exit> {
    match what {
        PrintCommand::Template => print_prompt::template(),
        PrintCommand::Prompt(args) => {
            let checkout = match find::checkout(root) {
                Ok(checkout) => checkout,
                Err(says) => return Ok(usage(says)),
            };
            let path = args.config.clone().unwrap_or_else(|| checkout.root.join(Config::FILE));
            let mut config = match Config::load(&path, args.config.is_some()) {
                Ok(config) => config,
                Err(error) => return Ok(usage(error)),
            };
            if let Some(agent) = &args.agent {
                config.agent.name.clone_from(agent);
            }
            print_prompt::prompt(&checkout, &config, args)
        }
    }
}
