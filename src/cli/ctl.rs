//! `ctl`: a verb for a run, and its answer.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::item::{self, NoItem};
use super::watched::{Waited, Watched};
use super::{Format, find, for_stdout, print_line, read, start, tell, usage};
use crate::domain::{ItemId, OnStuck, Stage};
use crate::exit::Exit;
use crate::host::clock;
use crate::ledger::fact::Answer;
use crate::ledger::{Ask, Manifest, Request, RunFolder, RunnerLock, Verb};
use crate::model::{Follower, RunState};
use crate::report::by_command;
use crate::text::duration;

/// How long an answer is waited for where nothing else is said. A runner answers within a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fewer characters of a run's id may be anything.
const SHORTEST_START: usize = 4;

/// `ctl`
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit codes: 0 done, or sent with --no-wait; 6 refused, expired, or no answer in time; 7 no runner; 8 no such run;\n2 it can't be told which run or item is meant. resume, retry, retry-stage and add start a runner where there is none."
)]
pub(super) struct CtlArgs {
    /// pause, resume, freeze, thaw, skip, stop, retry, retry-stage, move-up, move-down, add, remove, hold, unhold, on-stuck, quit, quit-now
    verb: String,
    /// The run: its id, the start of it, or its folder; may be left out [default: the live or the last run]
    #[arg(value_name = "RUN")]
    first: Option<String>,
    /// The item: its id, or the start of its sha; for add the commit, for on-stuck mark, stop or skip [default: the live item]
    #[arg(value_name = "ITEM")]
    second: Option<String>,
    /// The run, where its name would be taken for an item's
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// For retry-stage: the stage to begin with [default: the one that failed]
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Wait no longer than this for the answer: 90s, 30m; a number alone is seconds [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, conflicts_with = "no_wait")]
    timeout: Option<Duration>,
    /// Leave as soon as it is sent
    #[arg(long)]
    no_wait: bool,
    /// How to say the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Wish {
    verb: Verb,
    /// Of `on-stuck`.
    policy: Option<OnStuck>,
}

/// Who is meant.
struct Target {
    folder: RunFolder,
    /// The item, or the commit to add, as it was written.
    word: Option<String>,
}

/// What became of the verb.
struct Said {
    /// The request's id, where one was sent.
    request: Option<String>,
    item: Option<ItemId>,
    /// `done`, `refused`, `expired`, or `none` where nobody answered.
    answer: &'static str,
    says: String,
    exit: Exit,
}

/// Leaves with what was found.
type Found<T> = Result<T, Exit>;

pub(super) fn ctl(root: Option<&Path>, args: &CtlArgs) -> anyhow::Result<Exit> {
    let Some(verb) = Verb::from_name(&args.verb) else {
        let verbs: Vec<&str> = Verb::ALL.iter().map(|verb| verb.name()).collect();
        return Ok(usage(format!("there is no verb '{}': use one of {}", args.verb, verbs.join(", "))));
    };
    let stage = match args.stage.as_deref().map(|name| (name, Stage::from_name(name))) {
        Some((name, None)) => {
            let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
            return Ok(usage(format!("there is no stage '{name}': use one of {}", stages.join(", "))));
        }
        Some((_, Some(_))) if verb != Verb::RetryStage => {
            return Ok(usage(format!("--stage is for retry-stage, and {} begins with no stage", verb.name())));
        }
        Some((_, stage)) => stage,
        None => None,
    };
    let mut args = args.clone();
    let policy = match (verb == Verb::OnStuck).then(|| policy(&mut args)).transpose() {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let args = &args;
    let target = match target(root, verb, args) {
        Ok(target) => target,
        Err(exit) => return Ok(exit),
    };
    let said = match ask(&target, stage, Wish { verb, policy }, args)? {
        Ok(said) => said,
        Err(exit) => return Ok(exit),
    };
    answered(&target.folder, verb, &said, args.format)?;
    Ok(said.exit)
}

/// The policy behind `on-stuck`: the last word; the one before it names the run.
fn policy(args: &mut CtlArgs) -> Found<OnStuck> {
    let word = args.second.take().or_else(|| args.first.take()).unwrap_or_default();
    super::settings::on_stuck(&word).map_err(|says| usage(format!("on-stuck '{word}': {says}")))
}

/// Which run and which item the words mean.
fn target(root: Option<&Path>, verb: Verb, args: &CtlArgs) -> Found<Target> {
    if args.first.as_deref() == Some("") && args.run.is_none() {
        return Err(usage(format!("'' names neither a run nor an item: leave it out, or write {} RUN ITEM", verb.name())));
    }
    let named = |run: Option<&str>, word: Option<&String>| Ok(Target { folder: find::run(root, run)?, word: word.cloned() });
    match (args.run.as_deref(), &args.first, &args.second) {
        (run, None, _) => named(run, None),
        (_, _, Some(word)) | (Some(_), Some(word), None) if verb.is_about_run() => Err(takes_no_item(verb, word)),
        (Some(run), Some(_), Some(_)) => Err(usage(format!("--run {run} names the run, so that one word is left for the item"))),
        (Some(run), Some(word), None) => named(Some(run), Some(word)),
        (None, Some(run), Some(word)) => named(Some(run), Some(word)),
        // without a commit there is nothing to add: a word alone is one
        (None, Some(word), None) if verb == Verb::Add => named(None, Some(word)),
        (None, Some(word), None) if verb.is_about_run() => run_alone(root, verb, word),
        (None, Some(word), None) => either(root, word),
    }
}

fn takes_no_item(verb: Verb, word: &str) -> Exit {
    usage(format!("{} is about the whole run and takes no item: leave '{word}' out", verb.name()))
}

/// A word behind a verb that is about the whole run.
fn run_alone(root: Option<&Path>, verb: Verb, word: &str) -> Found<Target> {
    // people name an item from habit
    let is_item = || {
        let checkout = find::or_demo(root).ok()?;
        let run = Follower::load(&find::look_for(&checkout, None).ok()?).ok()?;
        item::choose(&run, word).ok()
    };
    if find::by_path(word).is_none() && is_item().is_some() {
        return Err(takes_no_item(verb, word));
    }
    Ok(Target { folder: find::run(root, Some(word))?, word: None })
}

/// A word that may be a run or an item.
fn either(root: Option<&Path>, word: &str) -> Found<Target> {
    let by_word = |word: &str| Ok(Target { folder: find::run(root, None)?, word: Some(word.to_owned()) });
    if let Some(folder) = find::by_path(word) {
        return Ok(Target { folder, word: None });
    }
    let checkout = find::or_demo(root).map_err(usage)?;
    let begins_so = |folder: &RunFolder| word.len() >= SHORTEST_START && folder.run_id().0.starts_with(word);
    if word != "last" && !find::runs(&checkout).iter().any(begins_so) {
        return by_word(word);
    }
    let usual = find::look_for(&checkout, None).ok().and_then(|folder| Follower::load(&folder).ok());
    let item = match usual.map(|run| item::choose(&run, word)) {
        Some(Ok(id)) => format!("the item {id}"),
        Some(Err(NoItem::Unclear(_))) => "an item".to_owned(),
        Some(Err(NoItem::Unknown(_))) | None => return Ok(Target { folder: find::run(root, Some(word))?, word: None }),
    };
    Err(usage(format!("'{word}' may be a run, and it may be {item}: write RUN ITEM, or name the run with --run")))
}

/// Sends the request and waits for its answer, with a runner where the verb wants one.
fn ask(target: &Target, stage: Option<Stage>, wish: Wish, args: &CtlArgs) -> anyhow::Result<Found<Said>> {
    let verb = wish.verb;
    let Target { folder, word } = target;
    let run = match read::load(folder) {
        Ok(run) => run,
        Err(says) => return Ok(Err(usage(says))),
    };
    let said = |answer, exit, says: String| Said { request: None, item: None, answer, says, exit };
    let lives = RunnerLock::holder(folder).is_some();
    if !lives && !verb.starts_runner() {
        let hint = if run.state(false) == RunState::Finished { "it is finished" } else { "`isobench-tui run --resume` continues it" };
        let says = format!("run {} has no runner, so there is nothing to {}: {hint}", folder.run_id(), verb.name());
        return Ok(Ok(said("none", Exit::NoRunner, says)));
    }
    if let Err(error) = Manifest::read(folder) {
        return Ok(Err(usage(error)));
    }
    if !lives && verb == Verb::Resume {
        return Ok(Ok(said("done", Exit::Well, wake(folder, false)?)));
    }
    let named = word.as_deref().filter(|_| verb != Verb::Add).map(|word| item::choose(&run, word)).transpose();
    let item = match named {
        Ok(item) => item,
        Err(NoItem::Unknown(says)) => return Ok(Ok(said("refused", Exit::Refused, says))),
        Err(unclear @ NoItem::Unclear(_)) => return Ok(Err(usage(unclear))),
    };
    let commit = word.clone().filter(|_| verb == Verb::Add);
    let patience = args.timeout.unwrap_or(PATIENCE);
    let mut watched = Watched::new(folder, Some(patience));
    let request = send(folder, Ask { verb, item: item.clone(), stage, commit, policy: wish.policy })?;
    if !lives {
        let says = wake(folder, true)?;
        if args.format == Format::Text {
            print_line(format_args!("{says}"));
        }
    }
    let (answer, exit, says) = if args.no_wait {
        ("none", Exit::Well, format!("sent to run {}; its answer is not waited for", folder.run_id()))
    } else {
        wait(&mut watched, folder, &request, patience)?
    };
    Ok(Ok(Said { request: Some(request.id), item, answer, says, exit }))
}

/// Starts a runner for a run that has none, and says so.
fn wake(folder: &RunFolder, keep_pause: bool) -> anyhow::Result<String> {
    start::start_runner(folder, keep_pause)?;
    Ok(format!("run {} goes on", folder.run_id()))
}

fn send(folder: &RunFolder, ask: Ask) -> anyhow::Result<Request> {
    let id = format!("{}-{}", std::process::id(), clock::now().as_nanosecond());
    let request = Request { id, at: clock::now(), by: find::me(), ask };
    request.send(folder)?;
    Ok(request)
}

fn wait(watched: &mut Watched, folder: &RunFolder, request: &Request, patience: Duration) -> anyhow::Result<(&'static str, Exit, String)> {
    let mut woken = false;
    loop {
        let (run, holder) = watched.look()?;
        match run.answers.get(&request.id) {
            Some((_, Answer::Done { says })) => return Ok(("done", Exit::Well, says.clone())),
            Some((_, Answer::Refused { says })) => return Ok(("refused", Exit::Refused, by_command(says))),
            Some((_, Answer::Expired {})) => {
                return Ok(("expired", Exit::Refused, "the runner ended before it could answer: send it again".to_owned()));
            }
            // it ended in the moment in which it was asked
            None if holder.is_none() && !request.ask.verb.outlives_runner() => {
                return Ok(("none", Exit::NoRunner, "the runner ended before it could answer".to_owned()));
            }
            None if holder.is_none() && !woken => {
                wake(folder, true)?;
                woken = true;
            }
            None => {}
        }
        if watched.wait() == Waited::TimeUp {
            let place = folder.requests();
            let says = format!("no answer within {} s; the request stays in {}", patience.as_secs(), place.display());
            return Ok(("none", Exit::Refused, says));
        }
    }
}

/// Says what became of it.
fn answered(folder: &RunFolder, verb: Verb, said: &Said, format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        let value = json!({
            "request": said.request,
            "verb": verb.name(),
            "run": folder.run_id(),
            "item": said.item,
            "answer": said.answer,
            "says": said.says,
        });
        let text = serde_json::to_string(&value)? + "\n";
        return read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()));
    }
    match (said.answer, said.exit) {
        (_, Exit::Well) => print_line(format_args!("{}", said.says)),
        ("refused", _) => tell(format_args!("isobench-tui: refused: {}", said.says)),
        _ => tell(format_args!("isobench-tui: {}", said.says)),
    }
    Ok(())
}
