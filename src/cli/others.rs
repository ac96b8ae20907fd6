//! Runs that are somebody else's on the screens of ours: a thread reads and folds their files, and the screen takes what it
//! tells.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, watch};

use super::{find, trajectory};
use crate::agent::open::{self, Opened};
use crate::agent::paged::{LARGE, Paged};
use crate::artifact::Checkout;
use crate::domain::{ItemId, RunId};
use crate::import::{self, Imported};
use crate::model::Run;
use crate::report::verdict;
use crate::shell::{Begin, Facts, Folded, ItemPlace, Items, Places, Setup};
use crate::text::mask::Masker;
use crate::ui::Screen;
use crate::ui::state::{Access, Limits, Others};

/// What is read of somebody else's.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// A trajectory, or an item's folder.
    pub(super) path: PathBuf,
    /// Of a file with several runs, the one to begin with.
    pub(super) instance: Option<String>,
    /// How much of it.
    pub(super) extent: Extent,
}

/// How much is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Extent {
    /// One item, or one trajectory.
    #[default]
    One,
    /// The run, or the results, whose folder it is.
    Run,
}

/// What the screen needs to know of these files. The error is a sentence.
pub(super) fn setup(root: Option<&Path>, opening: &Opening) -> Result<Setup, String> {
    let path = &opening.path;
    let masker = trajectory::masker(root, [path.as_path()]);
    let real = path.canonicalize().map_err(|error| format!("{}: {error}", crate::text::clean::path(path)))?;
    let checkout = find::checkout(root).ok().or_else(|| Checkout::find(&real).ok().flatten());
    let (runs, folded) = mpsc::channel(1);
    let (places, items) = watch::channel(Items::default());
    // a file too large to be kept is not folded with an item's folder around it: what the harness says of it is small beside it
    let paged = if trajectory::item_folder(path).is_none() { Paged::open(&real, LARGE).ok().flatten().map(Arc::new) } else { None };
    let opening = Opening { path: if paged.is_some() { real.clone() } else { path.clone() }, ..opening.clone() };
    let work = Work { opening: opening.clone(), masker: masker.clone(), runs, places, paged: paged.clone() };
    thread::Builder::new().name("others".to_owned()).spawn(move || work.run()).map_err(|error| format!("can't start a thread: {error}"))?;
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Setup {
        machine: None,
        run_id: RunId(crate::text::clean::line(&name)),
        path: Some(real.clone()),
        facts: Facts::Folded(folded),
        places: match paged {
            Some(paged) => Places::others(real.parent().map(Path::to_owned).unwrap_or_default(), items).holding(real, paged),
            None => Places::others(if real.is_dir() { real } else { real.parent().map(Path::to_owned).unwrap_or_default() }, items),
        },
        root: checkout.map(|checkout| checkout.root),
        elsewhere: None,
        begin: Begin { screen: Screen::Agent, item: opening.instance.clone().map(ItemId), ..Begin::default() },
        by: find::me(),
        state_home: find::state_home(),
        masker,
        limits: Limits::default(),
        access: Access::Others(Others::Files),
    })
}

/// After so many agents of a run the screen is told what was found of them.
const TOLD: usize = 8;

/// A smaller file is read as soon as it is asked for, in bytes.
const SMALL: u64 = 256 << 10;
/// How often a file is looked at that is no trajectory yet.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

/// The thread's part.
struct Work {
    opening: Opening,
    masker: Masker,
    runs: mpsc::Sender<Folded>,
    places: watch::Sender<Items>,
    /// The trajectory, where it is too large to be kept.
    paged: Option<Arc<Paged>>,
}

/// Nobody looks any more.
struct Deaf;

impl Work {
    fn run(self) {
        let _ = self.tell();
    }

    fn tell(&self) -> Result<(), Deaf> {
        let path = &self.opening.path;
        if self.opening.extent == Extent::Run {
            return self.tell_run(path);
        }
        if let Some(paged) = &self.paged {
            return self.tell_paged(paged);
        }
        if let Some(item) = self.foretold() {
            // who shows the steps need not wait until they were judged
            let place = ItemPlace { path: path.clone(), instance: None };
            self.places.send_replace(Arc::new(HashMap::from([(item.clone(), place)])));
            let unread = Folded { is_unread: true, ..Folded::files(import::unread(&item), None) };
            self.runs.blocking_send(unread).map_err(|_gone| Deaf)?;
        }
        let mut seen = None;
        loop {
            let written = std::fs::metadata(path).ok().map(|there| (there.len(), there.modified().ok()));
            if seen != Some(written) {
                seen = Some(written);
                if self.tell_one(path)? {
                    return Ok(());
                }
            }
            // an agent may only be about to write it
            thread::sleep(LOOK);
            if self.runs.is_closed() {
                return Err(Deaf);
            }
        }
    }

    /// An item, or a trajectory; whether it is one by now.
    fn tell_one(&self, path: &Path) -> Result<bool, Deaf> {
        // the screen is up: what would be said on stderr is said there
        let (opened, cut_off) = match trajectory::quietly(path, &self.masker) {
            Ok((runs, cut_off)) => (Ok(runs), cut_off),
            Err(refused) => (Err(refused), None),
        };
        let Imported { mut run, items, .. } = match (trajectory::item_folder(path), &opened) {
            (Some(folder), _) => {
                let import = import::import(&[folder.to_owned()], None);
                let found = import.runs.into_iter().find(|run| !run.items.is_empty());
                found.unwrap_or_else(|| import::bare(path, opened.as_deref().unwrap_or_default()))
            }
            (None, Ok(runs)) => import::bare(path, runs),
            (None, Err(_)) => import::bare(path, &[]),
        };
        run = import::safe(run, &self.masker);
        let trouble = opened.as_ref().err().map(|refused| self.masker.mask(&refused.to_string()).into_owned()).or(cut_off);
        let is_one = opened.is_ok() || !run.items.is_empty();
        let runs = opened.unwrap_or_default();
        self.places.send_replace(Arc::new(places(path, &run, items, &runs)));
        self.send(run.clone(), trouble.clone())?;
        for opened in &runs {
            let Some(item) = item_of(&run, opened) else { continue };
            run = self.judged(run, path, &item, opened);
        }
        self.send(run, trouble)?;
        Ok(is_one)
    }

    /// The item that the files will prove to be about, where that takes reading and their names say it. A file of lines may hold
    /// several runs.
    fn foretold(&self) -> Option<ItemId> {
        let path = &self.opening.path;
        let there = path.metadata().ok()?;
        let is_one = there.is_file() && there.len() > SMALL && path.extension().is_some_and(|end| end == "json" || end == "traj");
        // of a large one in an item's folder the steps are read by pages, long before all of it was
        let is_foretold = is_one || open::large(path).is_some();
        let named = is_foretold.then(|| trajectory::item_folder(path).unwrap_or(path));
        Some(ItemId(crate::text::clean::shown(&named?.file_name()?.to_string_lossy()).into_owned()))
    }

    /// A run folder, or a folder of results: what its files say, then what the detectors say of each agent.
    fn tell_run(&self, path: &Path) -> Result<(), Deaf> {
        let mut runs = import::import(&[path.to_owned()], crate::cli::report::clone(&[path.to_owned()]).as_deref()).runs;
        let at = runs.iter().position(|run| run.path == *path).unwrap_or_default();
        if runs.is_empty() {
            let says = format!("{}: nothing of a run is there any more", crate::text::clean::path(path));
            return self.send(Run::default(), Some(self.masker.mask(&says).into_owned()));
        }
        let Imported { mut run, items, .. } = runs.swap_remove(at);
        run = import::safe(run, &self.masker);
        let place = |(item, path): (&ItemId, &PathBuf)| (item.clone(), ItemPlace { path: path.clone(), instance: None });
        self.places.send_replace(Arc::new(items.iter().map(place).collect()));
        self.send(run.clone(), None)?;
        let order: Vec<ItemId> = run.items.iter().map(|item| item.id.clone()).collect();
        for (nth, item) in order.iter().enumerate() {
            let Some(path) = items.get(item) else { continue };
            let Ok((opened, _)) = trajectory::quietly(path, &self.masker) else { continue };
            for opened in opened.iter().take(1) {
                run = self.judged(run, path, item, opened);
            }
            if (nth + 1) % TOLD == 0 {
                self.send(run.clone(), None)?;
            }
        }
        self.send(run, None)
    }

    /// A trajectory too large to be kept: what its beginning and its end tell at once, and what all of it tells later.
    fn tell_paged(&self, paged: &Arc<Paged>) -> Result<(), Deaf> {
        let path = &self.opening.path;
        let unread = |error: std::io::Error| Some(format!("{}: {error}", crate::text::clean::path(path)));
        let opened = match Opened::edges(paged) {
            Ok(opened) => opened,
            Err(error) => return self.send(import::bare(path, &[]).run, unread(error)),
        };
        let edges = import::safe(import::bare(path, std::slice::from_ref(&opened)).run, &self.masker);
        self.places.send_replace(Arc::new(places(path, &edges, HashMap::new(), std::slice::from_ref(&opened))));
        self.send(edges.clone(), None)?;
        match Opened::paged(Arc::clone(paged)) {
            Ok(opened) => {
                let run = import::safe(import::bare(path, std::slice::from_ref(&opened)).run, &self.masker);
                match run.items.first().map(|item| item.id.clone()) {
                    Some(item) => self.send(self.judged(run, path, &item, &opened), None),
                    None => self.send(run, None),
                }
            }
            Err(error) => self.send(edges, unread(error)),
        }
    }

    /// With what the detectors say of an item. What they can't read any more is not judged.
    fn judged(&self, run: Run, path: &Path, item: &ItemId, opened: &Opened) -> Run {
        let human = trajectory::human(trajectory::journal(path).as_ref());
        let Ok(watch) = verdict::watch(opened, human) else { return run };
        let masker = &self.masker;
        let (finding, remark) = (|finding: &_| verdict::masked_finding(finding, masker), |remark: &_| verdict::masked(remark, masker));
        import::detected::tell(run, item, &watch, finding, remark)
    }

    fn send(&self, run: Run, trouble: Option<String>) -> Result<(), Deaf> {
        self.runs.blocking_send(Folded::files(run, trouble)).map_err(|_gone| Deaf)
    }
}

/// Where the items lie: in the harness's folders, or in the file that was opened.
fn places(path: &Path, run: &Run, items: HashMap<ItemId, PathBuf>, runs: &[Opened]) -> HashMap<ItemId, ItemPlace> {
    if !items.is_empty() {
        return items.into_iter().map(|(item, path)| (item, ItemPlace { path, instance: None })).collect();
    }
    let place = |opened: &Opened| Some((item_of(run, opened)?, ItemPlace { path: path.to_owned(), instance: opened.instance.clone() }));
    runs.iter().filter_map(place).collect()
}

/// The item that a trajectory became.
fn item_of(run: &Run, opened: &Opened) -> Option<ItemId> {
    match &opened.instance {
        Some(instance) => run.item(&ItemId(crate::text::clean::line(instance))).map(|item| item.id.clone()),
        None => run.items.first().map(|item| item.id.clone()),
    }
}
