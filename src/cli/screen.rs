//! A run on the screen.

use super::home::Opening;
use super::start::on_terminal;
use super::{find, others, print_line, usage};
use crate::artifact::Checkout;
use crate::exit::Exit;
use crate::host::environment;
use crate::ledger::{Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, RunState};
use crate::runner::job::Resolved;
use crate::shell::{Begin, Facts, Places, ScreenError, Setup, Sitting, themes};
use crate::text::mask::Masker;
use crate::ui::Left;
use crate::ui::state::{Access, Limits};

/// What is shown.
pub(super) enum At {
    /// A run.
    Run(RunFolder),
    /// The start screen.
    Home(Opening),
    /// Somebody else's files.
    Others(others::Opening),
}

/// Shows a run until its reader leaves.
pub(super) fn show(folder: &RunFolder) -> anyhow::Result<Exit> {
    if !on_terminal() {
        return Ok(usage("the screen needs a terminal: use `isobench-tui status`, or run with --headless"));
    }
    stay(At::Run(folder.clone()))
}

/// Shows one screen after another until the person leaves.
pub(super) fn stay(mut at: At) -> anyhow::Result<Exit> {
    // what can't be shown is said before the terminal is taken
    if let At::Run(folder) = &at
        && let Err(says) = setup(folder)
    {
        return Ok(usage(says));
    }
    if let At::Others(opening) = &at
        && let Err(says) = others::setup(None, opening)
    {
        return Ok(usage(says));
    }
    let mut sitting = match Sitting::take(environment::variable(themes::VARIABLE).as_deref()) {
        Ok(sitting) => sitting,
        Err(ScreenError::Themes(error)) => return Ok(usage(format!("{}: {error}", themes::VARIABLE))),
        Err(error) => return Err(error.into()),
    };
    // where `0` leads: the start screen that was shown before, else that of the run's own checkout
    let mut base: Option<Checkout> = None;
    loop {
        at = match at {
            At::Run(folder) => match setup(&folder) {
                Err(says) => At::Home(Opening { trouble: Some(says), ..Opening::of(base.clone(), &folder) }),
                Ok(setup) => {
                    let own = setup.root.clone().map(Checkout::at);
                    match sitting.run(setup)? {
                        Left::Home => At::Home(Opening::of(base.clone().or(own), &folder)),
                        Left::Quit | Left::Detached | Left::Stopped => {
                            drop(sitting);
                            farewell(&folder)?;
                            return Ok(Exit::Well);
                        }
                    }
                }
            },
            At::Others(opening) => match others::setup(None, &opening) {
                Err(says) => At::Home(Opening { trouble: Some(says), checkout: base.clone(), ..Opening::default() }),
                Ok(setup) => {
                    let own = setup.root.clone().map(Checkout::at);
                    match sitting.run(setup)? {
                        Left::Home => At::Home(Opening { checkout: base.clone().or(own), ..Opening::default() }),
                        Left::Quit | Left::Detached | Left::Stopped => return Ok(Exit::Well),
                    }
                }
            },
            At::Home(opening) => {
                base.clone_from(&opening.checkout);
                match super::home::show(&mut sitting, opening)? {
                    Some(folder) => At::Run(folder),
                    None => return Ok(Exit::Well),
                }
            }
        };
    }
}

/// What the screen of a run needs to know; the error is a sentence.
fn setup(folder: &RunFolder) -> Result<Setup, String> {
    let manifest = Manifest::look(folder).map_err(|error| error.to_string())?;
    let access = if manifest.is_newer() { Access::ReadOnly(manifest.format) } else { Access::Full };
    let config = Resolved::of(&manifest).map(|resolved| resolved.config).unwrap_or_default();
    let checkout = Checkout::at(manifest.root.into()).with_paths(&config.paths.state, &config.paths.work);
    let run = Follower::beginning(folder).map_err(|error| format!("can't read {}: {error}", folder.events().display()))?;
    Ok(Setup {
        run_id: folder.run_id(),
        path: None,
        facts: Facts::Ledger(folder.clone()),
        places: Places::ours(folder.clone(), checkout.items(&run.repo, &run.agent, &run.model, &manifest.harness_timestamp)),
        root: Some(checkout.root.clone()),
        elsewhere: std::env::current_dir().is_ok_and(|here| !here.starts_with(&checkout.repo_root)).then(|| checkout.root.clone()),
        begin: Begin::default(),
        by: find::me(),
        state_home: find::state_home(),
        masker: Masker::new(environment::variables(), environment::secrets(&checkout.env_folders())),
        limits: Limits { steps: config.agent.max_steps, tokens: config.limits.item_tokens },
        access,
    })
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
    // from another folder its id alone does not lead to it
    let here = find::checkout(None).is_ok_and(|checkout| folder.path().parent() == Some(&RunFolder::all(&checkout.root)));
    let named = if here { id.0 } else { folder.path().display().to_string() };
    let (state, all) = (state.name(), run.items.len());
    print_line(format_args!("run {}: {state}, {over} of {all} items are over; `isobench-tui attach {named}` {then}", folder.run_id()));
    Ok(())
}
