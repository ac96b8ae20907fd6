//! The bare command: the run that is live here, else the start screen.

mod look;
mod worker;

use std::path::Path;

use jiff::tz::TimeZone;

use super::screen::{At, stay};
use super::start::on_terminal;
use super::{doctor, find, read, usage};
use crate::artifact::Checkout;
use crate::domain::RunId;
use crate::exit::Exit;
use crate::host::clock;
use crate::ledger::{RunFolder, RunnerLock};
use crate::shell::{HomeSetup, Sitting};
use crate::ui::home::{Left, Place, Start};

/// How the start screen begins.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The harness; `None` where there is none.
    pub(super) checkout: Option<Checkout>,
    /// Without one: what was looked for, in a sentence.
    pub(super) looked_for: String,
    /// The run that was shown before.
    pub(super) from: Option<RunId>,
    /// What went wrong before, in a sentence.
    pub(super) trouble: Option<String>,
}

impl Opening {
    /// Back from a run.
    pub(super) fn of(checkout: Option<Checkout>, run: &RunFolder) -> Self {
        Self { checkout, from: Some(run.run_id()), ..Self::default() }
    }
}

/// Without a command: the live run, else the start screen.
pub(super) fn open(root: Option<&Path>) -> anyhow::Result<Exit> {
    if !on_terminal() {
        return read::attach(root, None);
    }
    let opening = match find::or_demo(root) {
        Ok(checkout) => {
            let live = find::runs(&checkout).into_iter().rev().find(|run| RunnerLock::holder(run).is_some());
            if let Some(live) = live {
                return stay(At::Run(live));
            }
            Opening { checkout: Some(checkout), ..Opening::default() }
        }
        Err(find::Lost::Nothing(looked_for)) => Opening { looked_for, ..Opening::default() },
        Err(find::Lost::Unclear(says)) => return Ok(usage(says)),
    };
    stay(At::Home(opening))
}

/// Shows the start screen; what is to be shown next, if anything is.
pub(super) fn show(sitting: &mut Sitting, opening: Opening) -> anyhow::Result<Option<At>> {
    let Opening { checkout, looked_for, from, trouble } = opening;
    let root = checkout.as_ref().map(|checkout| checkout.root.clone());
    let masker = doctor::secrets(checkout.as_ref());
    let place = root.clone().map_or(Place::Nowhere(looked_for), Place::Checkout);
    let (wishes, news) = worker::start(checkout)?;
    let start = Start { place, from, trouble, zone: TimeZone::system(), masker, now: clock::now() };
    Ok(match sitting.home(HomeSetup { start, wishes, news })? {
        Left::Open(id) => root.map(|root| At::Run(RunFolder::of(&root, &id))),
        Left::Opened(folder) => Some(At::Run(folder)),
        Left::Inspect => root.map(At::Browse),
        Left::Quit => None,
    })
}
