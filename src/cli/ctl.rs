//! `ctl`: a verb for a start, and its answer.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;

use super::{find, print_line, read, start, tell, usage};
use crate::domain::{ItemId, Stage};
use crate::exit::Exit;
use crate::host::clock;
use crate::ledger::fact::Answer;
use crate::ledger::{Ask, Manifest, Request, RunFolder, RunnerLock, Verb};
use crate::model::{Follower, RunState};

/// How long an answer is waited for. A runner answers within a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// `ctl`
#[derive(Debug, Args)]
pub(super) struct CtlArgs {
    /// pause, resume, freeze, thaw, skip, stop, retry, retry-stage, move-up, move-down, add, remove, hold, unhold, quit, quit-now
    verb: String,
    /// The item it is about, by id or the start of its sha; for add, the commit [default: the live item]
    item: Option<String>,
    /// The run [default: the live or the last run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// For retry-stage: the stage to begin with [default: the one that failed]
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
}

pub(super) fn ctl(root: Option<&Path>, args: &CtlArgs) -> anyhow::Result<Exit> {
    let Some(verb) = Verb::from_name(&args.verb) else {
        let verbs: Vec<&str> = Verb::ALL.iter().map(|verb| verb.name()).collect();
        return Ok(usage(format!("there is no verb '{}': use one of {}", args.verb, verbs.join(", "))));
    };
    if let Some(item) = args.item.as_ref().filter(|_| verb.is_about_run()) {
        return Ok(usage(format!(
            "{} is about the whole run and takes no item: leave '{item}' out, or name a run with --run",
            verb.name()
        )));
    }
    let stage = match args.stage.as_deref().map(|name| (name, Stage::from_name(name))) {
        Some((name, None)) => {
            let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
            return Ok(usage(format!("there is no stage '{name}': use one of {}", stages.join(", "))));
        }
        Some((_, stage)) => stage,
        None => None,
    };
    let folder = match find::run(root, args.run.as_deref()) {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    let (item, commit) = if verb == Verb::Add { (None, args.item.clone()) } else { (args.item.clone().map(ItemId), None) };
    let ask = Ask { verb, item, stage, commit };
    let lives = RunnerLock::holder(&folder).is_some();
    if !lives && !verb.starts_runner() {
        let state = match read::load(&folder) {
            Ok(run) => run.state(false),
            Err(says) => return Ok(usage(says)),
        };
        let hint = if state == RunState::Finished { "it is finished" } else { "`isobench-tui run --resume` continues it" };
        tell(format_args!("isobench-tui: run {} has no runner, so there is nothing to {}: {hint}", folder.run_id(), verb.name()));
        return Ok(Exit::NoRunner);
    }
    if !lives && verb == Verb::Resume {
        return wake(&folder, false);
    }
    if let Err(error) = Manifest::read(&folder) {
        return Ok(usage(error));
    }
    let request = send(&folder, ask)?;
    if !lives {
        let exit = wake(&folder, true)?;
        if exit != Exit::Well {
            return Ok(exit);
        }
    }
    wait(&folder, &request)
}

/// Starts a runner for a run that has none.
fn wake(folder: &RunFolder, keep_pause: bool) -> anyhow::Result<Exit> {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(usage(error)),
    };
    start::start_runner(folder, Path::new(&manifest.root), keep_pause)?;
    print_line(format_args!("run {} goes on", folder.run_id()));
    Ok(Exit::Well)
}

fn send(folder: &RunFolder, ask: Ask) -> anyhow::Result<Request> {
    let id = format!("{}-{}", std::process::id(), clock::now().as_nanosecond());
    let request = Request { id, at: clock::now(), by: find::me(), ask };
    request.send(folder)?;
    Ok(request)
}

fn wait(folder: &RunFolder, request: &Request) -> anyhow::Result<Exit> {
    let mut follower = Follower::new(folder);
    let mut lives = true;
    let patience = Instant::now() + PATIENCE;
    while Instant::now() < patience {
        follower.catch_up()?;
        match follower.run.answers.get(&request.id) {
            Some((_, Answer::Done { says })) => {
                print_line(format_args!("{says}"));
                return Ok(Exit::Well);
            }
            Some((_, Answer::Refused { says })) => {
                tell(format_args!("isobench-tui: refused: {says}"));
                return Ok(Exit::Refused);
            }
            Some((_, Answer::Expired {})) => {
                tell(format_args!("isobench-tui: the runner ended before it could answer: send it again"));
                return Ok(Exit::Refused);
            }
            None if lives && RunnerLock::holder(folder).is_none() => {
                // it ended in the moment in which it was asked; its last facts may just have come
                follower.catch_up()?;
                lives = false;
                if follower.run.answers.contains_key(&request.id) {
                    continue;
                }
                if !request.ask.verb.outlives_runner() {
                    tell(format_args!("isobench-tui: the runner ended before it could answer"));
                    return Ok(Exit::NoRunner);
                }
                wake(folder, true)?;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    tell(format_args!("isobench-tui: no answer within {} s; the request stays in {}", PATIENCE.as_secs(), folder.requests().display()));
    Ok(Exit::NoRunner)
}
