//! A run on the screen.

use super::start::on_terminal;
use super::{find, print_line, usage};
use crate::artifact::Checkout;
use crate::exit::Exit;
use crate::host::environment;
use crate::ledger::{Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, RunState};
use crate::runner::job::Resolved;
use crate::shell::{self, ScreenError, Setup, themes};
use crate::text::mask::Masker;
use crate::ui::state::{Access, Limits};

/// Shows a run until its reader leaves.
pub(super) fn show(folder: &RunFolder) -> anyhow::Result<Exit> {
    if !on_terminal() {
        return Ok(usage("the screen needs a terminal: use `isobench-tui status`, or run with --headless"));
    }
    let manifest = match Manifest::look(folder) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(usage(error)),
    };
    let access = if manifest.is_newer() { Access::ReadOnly(manifest.format) } else { Access::Full };
    let config = Resolved::of(&manifest).map(|resolved| resolved.config).unwrap_or_default();
    let checkout = Checkout::at(manifest.root.into()).with_paths(&config.paths.state, &config.paths.work);
    let root = &checkout.root;
    let run = match Follower::beginning(folder) {
        Ok(run) => run,
        Err(error) => return Ok(usage(format!("can't read {}: {error}", folder.events().display()))),
    };
    let setup = Setup {
        folder: folder.clone(),
        root: root.clone(),
        items: checkout.items(&run.repo, &run.agent, &run.model, &manifest.harness_timestamp),
        by: find::me(),
        state_home: find::state_home(),
        masker: Masker::new(environment::variables(), environment::secrets(&checkout.env_folders())),
        limits: Limits { steps: config.agent.max_steps, tokens: config.limits.item_tokens },
        access,
        theme: environment::variable(themes::VARIABLE),
    };
    match shell::run(setup) {
        Ok(_) => {
            farewell(folder)?;
            Ok(Exit::Well)
        }
        Err(ScreenError::Themes(error)) => Ok(usage(format!("{}: {error}", themes::VARIABLE))),
        Err(error) => Err(error.into()),
    }
}

/// How the run stands when its reader leaves, and the command that comes back to it.
fn farewell(folder: &RunFolder) -> anyhow::Result<()> {
    let run = Follower::load(folder)?;
    let (id, state) = (folder.run_id(), run.state(RunnerLock::holder(folder).is_some()));
    let over = run.items.iter().filter(|item| item.is_over()).count();
    let then = match state {
        RunState::Finished => "shows it again",
        RunState::Interrupted => "shows it, `run --resume` continues it",
        _ => "shows it again; it goes on in the background",
    };
    print_line(format_args!("run {id}: {}, {over} of {} items are over; `isobench-tui attach {id}` {then}", state.name(), run.items.len()));
    Ok(())
}
