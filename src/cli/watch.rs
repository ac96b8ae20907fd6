//! `watch PATH`: a run that ISO-Bench's own scripts make, or made, on the screens of ours. Nothing below PATH is written.

mod plain;
mod target;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::{mpsc, watch};

use self::target::{Target, Which};
use super::screen::{self, At};
use super::start::on_terminal;
use super::{Format, find, tell, trajectory, usage};
use crate::artifact::Checkout;
use crate::config::ArmImages;
use crate::domain::{ItemId, RunId};
use crate::exit::Exit;
use crate::host::clock;
use crate::host::private::Private;
use crate::import::follow::{Around, Follow, Now, Says, Sight, ThreeWay};
use crate::shell::{Begin, Facts, Folded, ItemPlace, Items, Places, Setup};
use crate::text::mask::Masker;
use crate::ui::state::{Access, Limits, Others};
use crate::ui::{Mood, Said, message};

/// `watch`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it was read, and where it was followed, to its end; 7 it is not at its end, and nobody works on it;\n8 its folder was removed or renamed meanwhile; 2 there is no such path, or nothing in it can be followed"
)]
pub(super) struct WatchArgs {
    /// A run folder (state/runs/REPO/AGENT/MODEL/TIME), one above it or the checkout (then its newest run), or a folder of
    /// results of the three-way runner
    path: PathBuf,
    /// The plan that the run uses [default: told by its process, or by its items]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// The log of the script that makes it [default: looked for in the checkout]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print instead of opening the screen, a line a change [default: the screen on a terminal, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Print how it stands now, and end
    #[arg(long)]
    once: bool,
}

/// What is watched.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    target: Target,
    around: Around,
    masker: Masker,
    /// What is shown first.
    item: Option<ItemId>,
    /// A folder of ours for what benchmarks print, while the screen is there.
    kept: Option<PathBuf>,
}

/// How often the files are looked at while somebody works, and while nobody does.
const LOOK: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_secs(1);

/// How often a newer run is looked for.
const NEWER: Duration = Duration::from_secs(3);

pub(super) fn watch(root: Option<&Path>, args: &WatchArgs) -> anyhow::Result<Exit> {
    let mut opening = match Opening::of(root, args) {
        Ok(opening) => opening,
        Err(says) => return Ok(usage(says)),
    };
    if args.format.is_none() && !args.once && on_terminal() {
        // without it only the arms' output is not shown
        let kept = Private::new().ok();
        opening.kept = kept.as_ref().map(|kept| kept.path().to_owned());
        return screen::stay(At::Watch(opening));
    }
    plain::print(&opening, args.format.unwrap_or(Format::Text), args.once)
}

impl Opening {
    fn of(root: Option<&Path>, args: &WatchArgs) -> Result<Self, String> {
        for (option, file) in [("--plan", &args.plan), ("--log", &args.log)] {
            if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
                return Err(format!("{option} {}: there is no such file", crate::text::clean::path(file)));
            }
        }
        let (target, item) = target::target(&args.path)?;
        let place = target.place().to_owned();
        let checkout = match root {
            Some(root) => Some(find::checkout(Some(root)).map_err(|lost| lost.to_string())?),
            None => place.ancestors().find(|there| there.exists()).and_then(|there| Checkout::find(there).ok().flatten()),
        };
        let known = checkout.as_ref().map(|checkout| checkout.root.join("state"));
        let around = Around { checkout, plan: args.plan.clone(), log: args.log.clone() };
        let masker = trajectory::masker_with(root, known.as_deref().into_iter().chain([args.path.as_path()]), around.secrets());
        Ok(Self { target, around, masker, item, kept: None })
    }

    /// Whether it can be watched at all. The error is a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(plan) = &self.around.plan {
            crate::artifact::PlanFile::read(plan).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// What the screen needs to know of it.
pub(super) fn setup(opening: &Opening) -> Result<Setup, String> {
    opening.check()?;
    let (runs, folded) = mpsc::channel(1);
    let (places, items) = watch::channel(Items::default());
    let (log, log_from) = watch::channel(None);
    let work = Work { watched: Watched::new(opening), runs, places, log };
    let name = work.watched.name();
    thread::Builder::new().name("watch".to_owned()).spawn(move || work.run()).map_err(|error| format!("can't start a thread: {error}"))?;
    let screen = if opening.item.is_some() { crate::ui::Screen::Agent } else { crate::ui::Screen::Queue };
    Ok(Setup {
        run_id: RunId(name),
        facts: Facts::Folded(folded),
        places: Places::watched(opening.target.place().to_owned(), items, log_from),
        path: None,
        root: opening.around.checkout.as_ref().map(|checkout| checkout.root.clone()),
        elsewhere: None,
        machine: opening.around.checkout.as_ref().map(|checkout| screen::machine(checkout, ArmImages::default())),
        begin: Begin { screen, item: opening.item.clone(), ..Begin::default() },
        by: find::me(),
        state_home: find::state_home(),
        masker: opening.masker.clone(),
        limits: Limits::default(),
        access: Access::Others(Others::Harness),
    })
}

/// What is watched, as far as it was read.
struct Watched {
    which: Which,
    opening: Opening,
    subject: Subject,
    asked: Option<Instant>,
}

/// Who makes it.
enum Subject {
    /// Nobody yet: there is no run.
    Nothing,
    /// `prepare`.
    Run(Box<Follow>),
    /// A runner of benchmarks.
    Results(Box<ThreeWay>),
}

impl Watched {
    fn new(opening: &Opening) -> Self {
        let mut watched = Self { which: Which::default(), opening: opening.clone(), subject: Subject::Nothing, asked: None };
        let (around, masker) = (opening.around.clone(), opening.masker.clone());
        match &opening.target {
            Target::Run(folder) => watched.subject = Subject::Run(Box::new(Follow::new(folder.clone(), around, masker))),
            Target::Results(folder) => {
                let mut results = ThreeWay::new(folder.clone(), around, masker);
                if let Some(kept) = &opening.kept {
                    results.keep_output(kept.clone());
                }
                watched.subject = Subject::Results(Box::new(results));
            }
            Target::Below(_) => watched.choose(None),
        }
        watched
    }

    /// The newest run below the folder that was named, where that is another one than before.
    fn choose(&mut self, now: Option<&Now>) {
        let Target::Below(above) = &self.opening.target else { return };
        if self.asked.is_some_and(|asked| asked.elapsed() < NEWER) {
            return;
        }
        self.asked = Some(Instant::now());
        let is_at_work = now.is_some_and(|now| now.run.live.is_some() && !matches!(now.sight, Sight::Absent(_)));
        let current = if let Subject::Run(follow) = &self.subject { Some(follow.folder().to_owned()) } else { None };
        self.which = Which::below(above, current.as_deref(), is_at_work);
        if let Some(newest) = self.which.chosen.clone().filter(|newest| current.as_ref() != Some(newest)) {
            let (around, masker) = (self.opening.around.clone(), self.opening.masker.clone());
            self.subject = Subject::Run(Box::new(Follow::new(newest, around, masker)));
        }
    }

    /// How people call it.
    fn name(&self) -> String {
        match &self.subject {
            Subject::Nothing => crate::text::clean::path(self.opening.target.place()),
            Subject::Run(follow) => follow.name(),
            Subject::Results(results) => results.name(),
        }
    }

    /// Looks at it. `None`: there is none yet.
    fn look(&mut self) -> Option<Now> {
        let (at, up_ms) = (clock::now(), clock::up_ms());
        let mut now = match &mut self.subject {
            Subject::Nothing => None,
            Subject::Run(follow) => Some(follow.look(at, up_ms)),
            Subject::Results(results) => Some(results.look(at)),
        };
        self.choose(now.as_ref());
        if let Some(now) = &mut now {
            now.says.extend(self.which.says().map(Says::Note));
        }
        now
    }

    /// How long to wait before the next look.
    fn patience(&self, now: Option<&Now>) -> Duration {
        match (now, &self.subject) {
            (Some(now), _) if now.gone.is_some() => IDLE,
            (_, Subject::Run(follow)) if !follow.is_caught_up() => Duration::ZERO,
            (Some(now), _) if !matches!(now.sight, Sight::Absent(_)) => LOOK,
            _ => IDLE,
        }
    }
}

/// The thread's part.
struct Work {
    watched: Watched,
    runs: mpsc::Sender<Folded>,
    places: watch::Sender<Items>,
    log: watch::Sender<Option<PathBuf>>,
}

/// Nobody looks any more.
struct Deaf;

impl Work {
    fn run(mut self) {
        let mut told: Option<(String, Option<Now>)> = None;
        loop {
            let now = self.watched.look();
            let patience = self.watched.patience(now.as_ref());
            let name = self.watched.name();
            if told.as_ref().is_none_or(|(before, told)| *told != now || *before != name) {
                if self.tell(&name, now.as_ref()).is_err() {
                    return;
                }
                told = Some((name, now));
            } else if self.runs.is_closed() {
                return;
            }
            thread::sleep(patience);
        }
    }

    fn tell(&self, name: &str, now: Option<&Now>) -> Result<(), Deaf> {
        let run_id = Some(RunId(name.to_owned()));
        let Some(now) = now else {
            let says = vec![Said::new(Mood::Quiet, "no run here yet: it is shown as soon as it begins")];
            let folded = Folded { run_id, says, ..Folded::files(crate::model::Run::default(), None) };
            return self.runs.blocking_send(folded).map_err(|_gone| Deaf);
        };
        let place = |(item, path): (&ItemId, &PathBuf)| (item.clone(), ItemPlace { path: path.clone(), instance: None });
        let places: HashMap<ItemId, ItemPlace> = now.items.iter().map(place).collect();
        if **self.places.borrow() != places {
            self.places.send_replace(Arc::new(places));
        }
        if *self.log.borrow() != now.log {
            self.log.send_replace(now.log.clone());
        }
        let runner = match &now.sight {
            Sight::Alive(program) => message::Sight::Alive(u32::try_from(program.id.pid).unwrap_or_default()),
            Sight::Unseen(_) => message::Sight::Unseen,
            Sight::Absent(_) => message::Sight::Gone,
        };
        let folded = Folded {
            run: now.run.clone(),
            runner,
            trouble: None,
            run_id,
            max_steps: now.max_steps,
            says: now.says.iter().map(said).collect(),
            unnamed: now.unnamed,
            is_old: now.is_catching_up,
            is_unread: false,
        };
        self.runs.blocking_send(folded).map_err(|_gone| Deaf)
    }
}

fn said(says: &Says) -> Said {
    match says {
        Says::Note(text) => Said::new(Mood::Quiet, text.as_str()),
        Says::Trouble(text) => Said::new(Mood::Warn, text.as_str()),
    }
}

/// Says a sentence on standard error once.
fn say_once(said: &mut Vec<String>, says: &[String]) {
    for says in says {
        if !said.contains(says) {
            tell(format_args!("isobench-tui: {says}"));
            said.push(says.clone());
        }
    }
}
