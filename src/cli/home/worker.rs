//! What the start screen has done for it: it reads runs, looks at plans and starts runners, each in a thread of its own,
//! so that none waits for another and the screen for none.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use tokio::sync::mpsc::{self, Sender};

use super::look;
use crate::artifact::Checkout;
use crate::cli::run::{self, demo_folder, make_demo, refusal, same_unfinished, start_lock, unfinished_says};
use crate::cli::select::whole;
use crate::cli::settings::{self, SettingsArgs};
use crate::cli::start::{resumable, start_runner};
use crate::cli::{doctor, find};
use crate::config::Resolution;
use crate::domain::{AttemptId, RunId, Stage};
use crate::host::clock;
use crate::ledger::{RunFolder, RunnerLock};
use crate::model::{Follower, Run, RunState};
use crate::report::status;
use crate::runner::Job;
use crate::shell::leftover;
use crate::ui::home::message::Beside;
use crate::ui::home::{Choice, Msg, News, RunCard, Seen, Summary, Wish};
use crate::ui::words::moment;

/// Wishes that may wait; nobody presses keys so fast.
const WISHES: usize = 64;

/// How often the list of runs is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// How often the engine is asked for a container that may be left.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Starts the threads of a start screen. They end when it does.
pub(super) fn start(checkout: Option<Checkout>) -> io::Result<(Sender<Wish>, mpsc::Receiver<Msg>)> {
    let (news_from, news) = mpsc::channel(WISHES);
    let (wishes_from, mut wishes) = mpsc::channel(WISHES);
    let (looks_from, looks) = sync_channel(WISHES);
    if let Some(checkout) = checkout.clone() {
        let (of_runs, of_looks, own) = (news_from.clone(), news_from.clone(), checkout.clone());
        let (cut_off_from, cut_off) = sync_channel(WISHES);
        let of_containers = news_from.clone();
        thread::Builder::new().name("runs".to_owned()).spawn(move || runs(&own, &cut_off_from, &of_runs))?;
        thread::Builder::new().name("containers".to_owned()).spawn(move || containers(&cut_off, &of_containers))?;
        thread::Builder::new().name("looks".to_owned()).spawn(move || look_on(&checkout, &looks, &of_looks))?;
    }
    thread::Builder::new().name("wishes".to_owned()).spawn(move || {
        while let Some(wish) = wishes.blocking_recv() {
            if let Err(says) = grant(wish, checkout.as_ref(), &looks_from, &news_from) {
                let _ = news_from.blocking_send(Msg::Failed(says));
            }
        }
    })?;
    Ok((wishes_from, news))
}

/// Hands a wish to whom it concerns.
fn grant(wish: Wish, checkout: Option<&Checkout>, looks: &SyncSender<Wish>, news: &Sender<Msg>) -> Result<(), String> {
    match wish {
        Wish::Find | Wish::Look(_) => {
            looks.try_send(wish).or_else(|_| if checkout.is_some() { Err("too much is asked for at once".to_owned()) } else { Ok(()) })
        }
        Wish::Start { .. } | Wish::Continue(_) | Wish::Demo => {
            let (checkout, news) = (checkout.cloned(), news.clone());
            let begin = move || {
                let begun = begin(&wish, checkout.as_ref());
                let masker = doctor::secrets(checkout.as_ref());
                let begun = match begun {
                    Ok(Ok(folder)) => News::Started(folder),
                    Ok(Err(says)) => News::Refused(masker.line(&says)),
                    Err(error) => News::Refused(masker.line(&format!("{error:#}"))),
                };
                let _ = news.blocking_send(begun.into());
            };
            thread::Builder::new()
                .name("begin".to_owned())
                .spawn(begin)
                .map(drop)
                .map_err(|error| format!("nothing can be started: {error}"))
        }
    }
}

/// Looks for plans and agents, and runs preflight: of several that wait, the newest.
fn look_on(checkout: &Checkout, wishes: &Receiver<Wish>, news: &Sender<Msg>) {
    let mut waiting = vec![Wish::Find];
    loop {
        if waiting.contains(&Wish::Find) && news.blocking_send(News::Found(look::found(checkout)).into()).is_err() {
            return;
        }
        let newest = waiting.drain(..).rev().find_map(|wish| match wish {
            Wish::Look(choice) => Some(choice),
            _ => None,
        });
        if let Some(choice) = newest
            && news.blocking_send(News::Looked(Box::new(look::look(checkout, choice))).into()).is_err()
        {
            return;
        }
        let Ok(next) = wishes.recv() else { return };
        waiting.push(next);
        waiting.extend(wishes.try_iter());
    }
}

/// Makes and starts what is wished. The inner error is a sentence.
fn begin(wish: &Wish, checkout: Option<&Checkout>) -> anyhow::Result<Result<RunFolder, String>> {
    match (wish, checkout) {
        (Wish::Start { choice, digest, beside }, Some(checkout)) => begin_plan(checkout, choice, digest, *beside),
        (Wish::Continue(id), Some(checkout)) => match resumable(RunFolder::of(&checkout.root, id))? {
            Ok(job) => run_on(&job).map(Ok),
            Err((_, says)) => Ok(Err(says)),
        },
        (Wish::Demo, _) => {
            let (resolution, chosen) = make_demo(&demo_folder(), &find::binary()?, 1.0, None)?;
            begin_looked(run::look(resolution, chosen))
        }
        _ => Ok(Err("there is no checkout here".to_owned())),
    }
}

fn begin_plan(checkout: &Checkout, choice: &Choice, digest: &str, beside: Beside) -> anyhow::Result<Result<RunFolder, String>> {
    let resolution: Resolution = settings::resolved(checkout, &SettingsArgs::of_agent(choice.agent.as_deref()))?;
    let chosen = whole(&resolution, choice.plan.clone())?;
    if chosen.digest != digest {
        return Ok(Err(format!("{} was changed since it was looked at: look at it again", choice.plan.display())));
    }
    // nobody else looks between our look and our start
    let alone = start_lock(&checkout.root);
    if beside == Beside::Never
        && let Some((folder, run)) = same_unfinished(&resolution, &chosen)
    {
        return Ok(Err(format!("{}: begun meanwhile; Enter asks again", unfinished_says(&folder, &run))));
    }
    let begun = begin_looked(run::look(resolution, chosen));
    drop(alone);
    begun
}

fn begin_looked(looked: run::Looked) -> anyhow::Result<Result<RunFolder, String>> {
    if let Some((_, why)) = refusal(&looked.found) {
        return Ok(Err(format!("nothing can be run: {why}")));
    }
    match run::make(looked)? {
        Ok(job) => run_on(&job).map(Ok),
        Err(says) => Ok(Err(says)),
    }
}

fn run_on(job: &Job) -> anyhow::Result<RunFolder> {
    start_runner(&job.folder, false)?;
    Ok(job.folder.clone())
}

/// A run, and the stage in which it was cut off; `None` where it goes on, or is over.
type CutOff = (RunFolder, Option<(AttemptId, Stage)>);

/// Asks the engine which of the runs that were cut off left a container, again and again: it may take its time, and nothing else waits.
fn containers(cut_off: &Receiver<CutOff>, news: &Sender<Msg>) {
    let mut left: HashMap<RunId, (CutOff, Option<String>)> = HashMap::new();
    loop {
        let next = match cut_off.recv_timeout(ASK_AGAIN) {
            Ok(next) => vec![next],
            Err(RecvTimeoutError::Timeout) => left.values().map(|(of, _)| of.clone()).collect(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for (folder, stage) in next {
            let id = folder.run_id();
            let says = stage.as_ref().and_then(|(attempt, stage)| leftover::of_stage(&folder, attempt, *stage, "c"));
            let known = left.remove(&id).and_then(|(_, known)| known);
            if says != known && news.blocking_send(News::Left(id.clone(), says.clone()).into()).is_err() {
                return;
            }
            if stage.is_some() {
                left.insert(id, ((folder, stage), says));
            }
        }
    }
}

/// What was last seen of a run.
struct Known {
    mark: (Option<u64>, Option<SystemTime>, Option<u32>),
    /// The fold of a run that is being written.
    follower: Option<Follower>,
    /// The stage in which it was cut off.
    cut_off: Option<(AttemptId, Stage)>,
}

/// Tells the runs, and what changes in them, the newest first.
fn runs(checkout: &Checkout, cut_off: &SyncSender<CutOff>, news: &Sender<Msg>) {
    let mut listed: Option<Vec<RunId>> = None;
    let mut known: HashMap<RunId, Known> = HashMap::new();
    while !news.is_closed() {
        let folders: Vec<RunFolder> = find::runs(checkout).into_iter().rev().collect();
        let ids: Vec<RunId> = folders.iter().map(RunFolder::run_id).collect();
        if listed.as_ref() != Some(&ids) {
            known.retain(|id, _| ids.contains(id));
            if news.blocking_send(News::Listed(ids.clone()).into()).is_err() {
                return;
            }
            listed = Some(ids);
        }
        for folder in &folders {
            let id = folder.run_id();
            let there = fs::metadata(folder.events()).ok();
            let runner = RunnerLock::holder(folder);
            let mark = (there.as_ref().map(fs::Metadata::len), there.and_then(|there| there.modified().ok()), runner);
            if known.get(&id).is_some_and(|known| known.mark == mark) {
                continue;
            }
            let (follower, was_cut_off) = known.remove(&id).map_or((None, None), |known| (known.follower, known.cut_off));
            let (seen, follower) = read(folder, follower, runner);
            let live = follower.as_ref().and_then(|follower| follower.run.live_stage());
            let is_cut_off = live.filter(|_| runner.is_none()).map(|(attempt, record)| (attempt, record.stage));
            if is_cut_off != was_cut_off {
                // of more than an engine can be asked for the oldest are left out
                let _ = cut_off.try_send((folder.clone(), is_cut_off.clone()));
            }
            known.insert(id.clone(), Known { mark, follower: follower.filter(|_| runner.is_some()), cut_off: is_cut_off });
            if news.blocking_send(News::Run(Box::new(RunCard { id, seen, left: None })).into()).is_err() {
                return;
            }
        }
        thread::sleep(EVERY);
    }
}

fn read(folder: &RunFolder, follower: Option<Follower>, runner: Option<u32>) -> (Seen, Option<Follower>) {
    let mut follower = follower.unwrap_or_else(|| Follower::new(folder));
    match follower.catch_up() {
        Ok(_) => {
            let run = leftover::as_it_stands(folder, &follower.run);
            let summary = Summary::of(&run, runner, why(&run, runner));
            (Seen::Read(Box::new(summary)), Some(follower))
        }
        Err(error) => (Seen::Broken(format!("can't read {}: {error}", folder.events().display())), None),
    }
}

/// Why a run does not go on, in a sentence.
fn why(run: &Run, runner: Option<u32>) -> Option<String> {
    let state = run.state(runner.is_some());
    if state != RunState::Interrupted {
        return status::waits(run, state);
    }
    let when = |at| moment(at, clock::now(), &TimeZone::system());
    Some(match &run.runner {
        None => "no runner yet".to_owned(),
        Some(last) => match &last.stopped {
            Some((why, at)) => format!("runner gone since {}: {why}", when(*at)),
            None => format!("runner gone after {}, without a word", when(run.at.unwrap_or(last.since))),
        },
    })
}
