//! Runs that are somebody else's on the screens of ours: a thread reads and folds their files, and the screen takes what it
//! tells.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, watch};

use super::{find, trajectory};
use crate::agent::open::Opened;
use crate::artifact::Checkout;
use crate::domain::{ItemId, RunId};
use crate::import::{self, Imported};
use crate::model::Run;
use crate::report::verdict;
use crate::shell::{Begin, Facts, Folded, ItemPlace, Items, Places, Setup};
use crate::text::mask::Masker;
use crate::ui::Screen;
use crate::ui::message::Sight;
use crate::ui::state::{Access, Limits, Others};

/// What is read of somebody else's.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// A trajectory, or an item's folder.
    pub(super) path: PathBuf,
    /// Of a file with several runs, the one to begin with.
    pub(super) instance: Option<String>,
}

/// What the screen needs to know of these files. The error is a sentence.
pub(super) fn setup(root: Option<&Path>, opening: &Opening) -> Result<Setup, String> {
    let path = &opening.path;
    let masker = trajectory::masker(root, [path.as_path()]);
    let real = path.canonicalize().map_err(|error| format!("{}: {error}", crate::text::clean::path(path)))?;
    let checkout = find::checkout(root).ok().or_else(|| Checkout::find(&real).ok().flatten());
    let (runs, folded) = mpsc::channel(1);
    let (places, items) = watch::channel(Items::default());
    let work = Work { opening: opening.clone(), masker: masker.clone(), runs, places };
    thread::Builder::new().name("others".to_owned()).spawn(move || work.run()).map_err(|error| format!("can't start a thread: {error}"))?;
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Setup {
        run_id: RunId(crate::text::clean::line(&name)),
        path: Some(real.clone()),
        facts: Facts::Folded(folded),
        places: Places::others(if real.is_dir() { real } else { real.parent().map(Path::to_owned).unwrap_or_default() }, items),
        root: checkout.map(|checkout| checkout.root),
        elsewhere: None,
        begin: Begin { screen: Screen::Agent, item: opening.instance.clone().map(ItemId) },
        by: find::me(),
        state_home: find::state_home(),
        masker,
        limits: Limits::default(),
        access: Access::Others(Others::Files),
    })
}

/// The thread's part.
struct Work {
    opening: Opening,
    masker: Masker,
    runs: mpsc::Sender<Folded>,
    places: watch::Sender<Items>,
}

/// Nobody looks any more.
struct Deaf;

impl Work {
    fn run(self) {
        let _ = self.tell();
    }

    fn tell(&self) -> Result<(), Deaf> {
        let path = &self.opening.path;
        let opened = trajectory::read(path, &self.masker);
        let Imported { mut run, items, .. } = match (trajectory::item_folder(path), &opened) {
            (Some(folder), _) => {
                let import = import::import(&[folder.to_owned()], None);
                let found = import.runs.into_iter().find(|run| !run.items.is_empty());
                found.unwrap_or_else(|| import::bare(path, opened.as_deref().unwrap_or_default()))
            }
            (None, Ok(runs)) => import::bare(path, runs),
            (None, Err(_)) => import::bare(path, &[]),
        };
        let trouble = opened.as_ref().err().map(|refused| self.masker.mask(&refused.to_string()).into_owned());
        let runs = opened.unwrap_or_default();
        self.places.send_replace(Arc::new(places(path, &run, items, &runs)));
        self.send(run.clone(), trouble.clone())?;
        for opened in &runs {
            let Some(item) = item_of(&run, opened) else { continue };
            let human = trajectory::human(trajectory::journal(path).as_ref());
            let watch = verdict::watch(opened, human);
            let masker = &self.masker;
            run = import::detected::tell(
                run,
                &item,
                &watch,
                |finding| verdict::masked_finding(finding, masker),
                |remark| verdict::masked(remark, masker),
            );
        }
        self.send(run, trouble)
    }

    fn send(&self, run: Run, trouble: Option<String>) -> Result<(), Deaf> {
        self.runs.blocking_send(Folded { run, runner: Sight::Gone, trouble }).map_err(|_gone| Deaf)
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
