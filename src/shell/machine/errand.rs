//! Prunes that are begun at the screen. They work under a keeper, so that a screen that is closed does not stop them.

use std::io;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::MachineSetup;
use crate::docker::prune::{Keep, PruneFolder, PruneOrder};
use crate::domain::{ItemId, PruneEnd, PrunePlan, PruneProgress};
use crate::host::clock;
use crate::host::files::{self, Links};
use crate::host::launch::{self, Environment, Found};
use crate::host::private::Private;
use crate::host::stage_folder::{Command, Spec};
use crate::text::clean;
use crate::ui::Msg;
use crate::ui::machine::prune::Order;
use crate::ui::machine::{Errand, News};

/// The subcommand that prunes.
const WORKER: &str = "prune-images";

/// Between two images it stops by itself; one that is copied by VFS may take long to go. In ms.
const GRACE: u64 = 3_600_000;

/// A larger file is none of ours, in bytes.
const LARGEST: u64 = 16 << 20;

/// Does one, and says what came of it.
pub(super) fn perform(errand: Errand, setup: &MachineSetup, needed: &[(ItemId, Vec<String>)], news: &mpsc::Sender<Msg>) {
    let msg = match errand {
        Errand::Look(_) => return,
        Errand::Plan(number, order) => {
            Some(Msg::Machine(News::Planned(number, plan(order, setup, needed).map(Box::new).map_err(|error| error.to_string()))))
        }
        Errand::Begin(order) => {
            begin(order, setup, needed).err().map(|error| Msg::Failed(format!("the prune could not be begun: {error}")))
        }
        Errand::Stop(folder) => Some(match stop(Path::new(&folder)) {
            Ok(()) => Msg::Succeeded("the prune stops after what it removes now".to_owned()),
            Err(error) => Msg::Failed(format!("the prune could not be stopped: {error}")),
        }),
    };
    if let Some(msg) = msg {
        let _ = news.blocking_send(msg);
    }
}

/// What is to be done, with all that waits for an image.
fn order(order: Order, setup: &MachineSetup, needed: &[(ItemId, Vec<String>)], dry_run: bool) -> PruneOrder {
    let own = needed.iter().flat_map(|(item, images)| {
        images.iter().map(move |reference| Keep { reference: reference.clone(), why: format!("{item} needs it next") })
    });
    let others = setup.docker.as_deref().map(setup.keep).unwrap_or_default();
    let Order { scope, volumes } = order;
    let state = setup.docker.clone();
    PruneOrder { scope, volumes, keep: own.chain(others).collect(), state, dry_run, ..PruneOrder::default() }
}

/// What a prune would do: its worker looks, and removes nothing.
fn plan(wish: Order, setup: &MachineSetup, needed: &[(ItemId, Vec<String>)]) -> io::Result<PrunePlan> {
    let private = Private::new()?;
    let folder = PruneFolder(private.path().to_owned());
    write(&folder, &order(wish, setup, needed, true))?;
    let mut worker = Process::new(std::env::current_exe()?);
    let ended = worker.arg(WORKER).arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let read = files::read(&folder.progress(), LARGEST, Links::Refused);
    let Ok(progress) = read.and_then(|bytes| serde_json::from_slice::<PruneProgress>(&bytes).map_err(io::Error::other)) else {
        let said = String::from_utf8_lossy(&ended.stderr);
        let last = clean::lines(&said).filter(|line| !line.is_empty()).last();
        return Err(io::Error::other(last.unwrap_or_else(|| format!("what would be removed was not told ({})", ended.status))));
    };
    match progress.end {
        Some(PruneEnd::Failed { why, .. }) => Err(io::Error::other(why)),
        _ => Ok(progress.plan),
    }
}

/// Begins a prune in a folder of its own, and stays until it is over: its keeper is our child.
fn begin(wish: Order, setup: &MachineSetup, needed: &[(ItemId, Vec<String>)]) -> Result<(), String> {
    let docker = setup.docker.as_deref().ok_or("no harness folder here or above: prunes are written to its state/docker")?;
    let name = format!("{}-{}", clock::now().strftime("%Y-%m-%d_%H-%M-%S"), std::process::id());
    let folder = PruneFolder(PruneFolder::all(docker).join(name));
    write(&folder, &order(wish, setup, needed, false)).map_err(|error| format!("{}: {error}", clean::path(folder.path())))?;
    let binary = std::env::current_exe().map_err(|error| error.to_string())?;
    let text = |path: &Path| path.display().to_string();
    let command =
        Command { argv: vec![text(&binary), WORKER.to_owned(), text(folder.path())], cwd: folder.path().to_owned(), ..Command::default() };
    let tag = format!("prune:{}", clean::path(folder.path()));
    let spec = Spec {
        tag,
        commands: vec![command],
        budget_ms: None,
        grace_ms: GRACE,
        oom_score_adj: None,
        pauses_itself: false,
        gpus: Vec::new(),
    };
    let kept = launch::launch(&binary, folder.path(), &spec, &Environment::Ours(Vec::new())).map_err(|error| error.to_string())?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(kept.ended()).map(drop).map_err(|error| error.to_string())
}

/// Asks a prune to stop between two things.
fn stop(folder: &Path) -> io::Result<()> {
    match launch::find(folder).map_err(io::Error::other)? {
        Found::Alive(kept) => {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(kept.stop()).map_err(io::Error::other)
        }
        Found::Ended(_) | Found::Lost(_) => Ok(()),
    }
}

fn write(folder: &PruneFolder, order: &PruneOrder) -> io::Result<()> {
    files::replace(&folder.order(), &serde_json::to_vec(order)?)
}
