//! A run on the screen.

use std::path::{Path, PathBuf};

use super::home::Opening;
use super::others::Extent;
use super::start::on_terminal;
use super::{browse, compare, find, others, print_line, usage, watch};
use crate::artifact::Checkout;
use crate::config::ArmImages;
use crate::docker::prune::Keep;
use crate::domain::{AttemptId, ItemId};
use crate::exit::Exit;
use crate::host::{environment, private};
use crate::ledger::{Manifest, RunFolder, RunnerLock};
use crate::model::{Follower, RunState};
use crate::runner::job::Resolved;
use crate::runner::keep;
use crate::shell::{Begin, Browser, Facts, MachineSetup, Places, ScreenError, Setup, Sitting, themes};
use crate::text::mask::Masker;
use crate::ui::apart::Apart;
use crate::ui::browse::{Left as BrowseLeft, Place, Whole};
use crate::ui::compare::{Left as CompareLeft, Parted, Who};
use crate::ui::state::{Access, Base, Limits};
use crate::ui::{Left, Mood, Said, Screen};

/// What is shown.
pub(super) enum At {
    /// A run.
    Run(RunFolder),
    /// The start screen.
    Home(Opening),
    /// Somebody else's files.
    Others(others::Opening),
    /// Everything below a folder.
    Browse(PathBuf),
    /// The same, as it was left.
    Browser,
    /// A run that somebody else makes.
    Watch(watch::Opening),
}

/// Shows a run until its reader leaves.
pub(super) fn show(folder: &RunFolder) -> anyhow::Result<Exit> {
    if !on_terminal() {
        return Ok(usage("the screen needs a terminal: use `isobench-tui status`, or run with --headless"));
    }
    stay(At::Run(folder.clone()))
}

/// Shows one screen after another until the person leaves.
pub(super) fn stay(at: At) -> anyhow::Result<Exit> {
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
    if let At::Browse(folder) = &at
        && let Err(error) = std::fs::read_dir(folder)
    {
        return Ok(usage(format!("can't read {}: {error}", crate::text::clean::path(folder))));
    }
    if let At::Watch(opening) = &at
        && let Err(says) = opening.check()
    {
        return Ok(usage(says));
    }
    let sitting = match Sitting::take(environment::variable(themes::VARIABLE).as_deref()) {
        Ok(sitting) => sitting,
        Err(ScreenError::Themes(error)) => return Ok(usage(format!("{}: {error}", themes::VARIABLE))),
        Err(error) => return Err(error.into()),
    };
    // what a screen that was killed left behind; whoever waits for the first frame does not wait for this
    let _ = std::thread::Builder::new().name("sweep".to_owned()).spawn(private::sweep);
    Stay { sitting, base: None, browser: None, begin: None, farewell: None }.on(at)
}

/// One screen after another.
struct Stay {
    sitting: Sitting,
    /// Where `0` leads: the start screen that was shown before, else that of the run's own checkout.
    base: Option<Checkout>,
    /// The browser that things are opened from: it goes on reading behind them.
    browser: Option<Browser>,
    /// What is shown first of what is opened next.
    begin: Option<Begin>,
    /// The run that is left for good, of which something is said.
    farewell: Option<RunFolder>,
}

impl Stay {
    fn on(mut self, mut at: At) -> anyhow::Result<Exit> {
        loop {
            let next = match at {
                At::Run(folder) => self.run(&folder)?,
                At::Others(opening) => self.others(&opening)?,
                At::Watch(opening) => self.watch(&opening)?,
                At::Home(opening) => self.home(opening)?,
                At::Browse(folder) => Some(self.begin_browser(&folder)),
                At::Browser => self.browse()?,
            };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        // what is said at the end is said once the terminal is given back
        let told = self.farewell.take();
        drop(self);
        told.map_or(Ok(()), |folder| farewell(&folder))?;
        Ok(Exit::Well)
    }

    fn run(&mut self, folder: &RunFolder) -> anyhow::Result<Option<At>> {
        let begin = self.begin.take().unwrap_or_default();
        let base = begin.base;
        let setup = match setup(folder) {
            Err(says) => return Ok(Some(self.back(says, || Opening::of(None, folder)))),
            Ok(setup) => Setup { begin, ..setup },
        };
        let (root, own) = (setup.root.clone(), setup.root.clone().map(Checkout::at));
        Ok(match self.sitting.run(setup)? {
            Left::Home if self.browser.is_some() => Some(At::Browser),
            Left::Home => Some(At::Home(Opening::of(self.base.clone().or(own), folder))),
            Left::Next(screen) => Some(self.beside(1, screen)),
            Left::Previous(screen) => Some(self.beside(-1, screen)),
            Left::Compare(parted) => self.compare(*parted, root, base)?.then(|| At::Run(folder.clone())),
            Left::Quit | Left::Detached | Left::Stopped => {
                self.farewell = Some(folder.clone());
                None
            }
        })
    }

    fn others(&mut self, opening: &others::Opening) -> anyhow::Result<Option<At>> {
        let mut setup = match others::setup(None, opening) {
            Err(says) => return Ok(Some(self.back(says, Opening::default))),
            Ok(setup) => setup,
        };
        if let Some(begin) = self.begin.take() {
            setup.begin = Begin { item: begin.item.clone().or(setup.begin.item), ..begin };
        }
        let base = setup.begin.base;
        let (root, own) = (setup.root.clone(), setup.root.clone().map(Checkout::at));
        Ok(match self.sitting.run(setup)? {
            Left::Home if self.browser.is_some() => Some(At::Browser),
            Left::Home => Some(At::Home(Opening { checkout: self.base.clone().or(own), ..Opening::default() })),
            Left::Next(screen) => Some(self.beside(1, screen)),
            Left::Previous(screen) => Some(self.beside(-1, screen)),
            Left::Compare(parted) => self.compare(*parted, root, base)?.then(|| At::Others(opening.clone())),
            Left::Quit | Left::Detached | Left::Stopped => None,
        })
    }

    fn watch(&mut self, opening: &watch::Opening) -> anyhow::Result<Option<At>> {
        let mut setup = match watch::setup(opening) {
            Err(says) => return Ok(Some(self.back(says, Opening::default))),
            Ok(setup) => setup,
        };
        if let Some(begin) = self.begin.take() {
            setup.begin = begin;
        }
        let base = setup.begin.base;
        let (root, own) = (setup.root.clone(), setup.root.clone().map(Checkout::at));
        Ok(match self.sitting.run(setup)? {
            Left::Compare(parted) => self.compare(*parted, root, base)?.then(|| At::Watch(opening.clone())),
            Left::Home | Left::Next(_) | Left::Previous(_) => {
                Some(At::Home(Opening { checkout: self.base.clone().or(own), ..Opening::default() }))
            }
            Left::Quit | Left::Detached | Left::Stopped => None,
        })
    }

    /// A comparison; whether its reader came back, to where it was left for.
    fn compare(&mut self, parted: Parted, root: Option<PathBuf>, base: Base) -> anyhow::Result<bool> {
        self.begin = compare::part(&mut self.sitting, parted, root)?.map(|begin| Begin { base, ..begin });
        Ok(self.begin.is_some())
    }

    /// Where one lands that could not be opened: where it was asked for.
    fn back(&mut self, says: String, opening: impl FnOnce() -> Opening) -> At {
        if let Some(browser) = &mut self.browser {
            browser.browse.remark(Said::new(Mood::Bad, says));
            return At::Browser;
        }
        At::Home(Opening { trouble: Some(says), checkout: self.base.clone(), ..opening() })
    }

    fn home(&mut self, opening: Opening) -> anyhow::Result<Option<At>> {
        self.base.clone_from(&opening.checkout);
        self.browser = None;
        super::home::show(&mut self.sitting, opening)
    }

    fn begin_browser(&mut self, folder: &Path) -> At {
        match browse::browser(None, folder) {
            Ok(browser) => {
                self.browser = Some(browser);
                At::Browser
            }
            Err(says) => self.back(says, Opening::default),
        }
    }

    fn browse(&mut self) -> anyhow::Result<Option<At>> {
        let Some(browser) = &mut self.browser else { return Ok(None) };
        Ok(match self.sitting.browse(browser)? {
            BrowseLeft::Item(place) => Some(self.open(&place, Screen::Agent)),
            BrowseLeft::Run(Whole::Ours(run)) => {
                self.begin = Some(Begin { base: Base::Run, ..Begin::default() });
                Some(At::Run(RunFolder::at(run)))
            }
            BrowseLeft::Run(Whole::Others(path)) => {
                self.begin = Some(Begin { base: Base::Run, ..Begin::default() });
                Some(At::Others(others::Opening { path, instance: None, extent: Extent::Run }))
            }
            BrowseLeft::Compare(left, right) => {
                let [left, right] = [left, right].map(|place| Who::Path(browse::path_of(&place)));
                match compare::show(&mut self.sitting, left, right, None)? {
                    CompareLeft::Back => Some(At::Browser),
                    CompareLeft::Gone => None,
                }
            }
            BrowseLeft::Home => {
                let checkout = Checkout::find(&browser.browse.folder).ok().flatten().or_else(|| self.base.clone());
                let looked_for = format!("no harness folder at or above {}", crate::text::clean::path(&browser.browse.folder));
                Some(At::Home(Opening { checkout, looked_for, ..Opening::default() }))
            }
            BrowseLeft::Quit => None,
        })
    }

    /// The item that stands beside the one that is open, on the same screen.
    fn beside(&mut self, by: isize, screen: Screen) -> At {
        let Some(browser) = &mut self.browser else { return At::Browser };
        let Some(place) = browser.browse.beside(by).map(|row| row.place.clone()) else { return At::Browser };
        browser.browse.select(&place);
        self.open(&place, screen)
    }

    /// An item of the browser on the screens of a run.
    fn open(&mut self, place: &Place, screen: Screen) -> At {
        let (nth, of) = self.browser.as_ref().and_then(|browser| browser.browse.nth(place)).unwrap_or((1, 1));
        let begin = Begin { screen, item: browse::item_of(place), base: Base::Item { nth, of } };
        let (extent, path, instance) = match place {
            Place::Ours { run, .. } => {
                self.begin = Some(begin);
                return At::Run(RunFolder::at(run.clone()));
            }
            Place::Item(path) => (Extent::One, path.clone(), None),
            Place::Loose { path, instance } => (Extent::One, path.clone(), instance.clone()),
            Place::Measured { folder, .. } => (Extent::Run, folder.clone(), None),
        };
        let screen = if extent == Extent::Run && screen == Screen::Agent { Screen::Benchmark } else { screen };
        self.begin = Some(Begin { screen, ..begin });
        At::Others(others::Opening { path, instance, extent })
    }
}

/// Where the files of an item of a run of ours lie that its agent left.
pub(super) fn item_folder(run: &Path, item: &ItemId, n: u32) -> Option<PathBuf> {
    let places = setup(&RunFolder::at(run.to_owned())).ok()?.places;
    Some(places.item_folder(&AttemptId { item: item.clone(), n }))
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
        machine: Some(machine(&checkout, config.arm_images())),
        begin: Begin::default(),
        by: find::me(),
        state_home: find::state_home(),
        masker: Masker::new(environment::variables(), environment::secrets(&checkout.env_folders())),
        limits: Limits { steps: config.agent.max_steps, tokens: config.limits.item_tokens, until: config.limits.until },
        access,
    })
}

/// Where the machine of a checkout is looked at.
pub(super) fn machine(checkout: &Checkout, arms: ArmImages) -> MachineSetup {
    MachineSetup {
        state: checkout.state.clone(),
        work: Some(checkout.work.clone()),
        docker: Some(checkout.docker()),
        arms,
        keep: keep_of,
        binary: find::binary().unwrap_or_default(),
    }
}

/// What live runs wait for, seen from the checkout whose folder for Docker this is.
fn keep_of(docker: &Path) -> Vec<Keep> {
    keep::live(docker.ancestors().nth(2))
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
