//! `status`: how a run stands, now or once something came.

mod live;
mod rounds;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use self::live::Live;
use super::watched::{Waited, Watched};
use super::{Format, find, for_stdout, item, read, tell, usage};
use crate::config::Config;
use crate::domain::ItemId;
use crate::exit::Exit;
use crate::host::{clock, disk};
use crate::ledger::{Fact, LedgerError, Manifest, RunFolder, RunnerLock};
use crate::model::{Past, Run, RunState};
use crate::plan::eta::{self, next_time_of_day};
use crate::plan::next::{Limits, Next, next};
use crate::report::status::Ahead;
use crate::report::{self, Surroundings};
use crate::runner::job::Resolved;
use crate::shell::{effects, leftover};
use crate::telemetry::{self, Files};
use crate::text::{clean, duration};
use crate::ui::message::Sight;

/// `status`
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it was read, and what was waited for came; 6 the time was up, or the item was taken out of the\nqueue; 7 no runner is left to bring it; 8 no such run; 2 no such item, or the run can't be read"
)]
pub(super) struct StatusArgs {
    /// The run's id, the start of it, its folder, or `last`
    run: Option<String>,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Wait until the run is in this state, then say how it stands [without a state: until it is over]
    #[arg(long, value_enum, value_name = "STATE", num_args = 0..=1, default_missing_value = "over")]
    wait: Option<Goal>,
    /// Wait until this item is over: done, failed, blocked, skipped or stopped
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Wait no longer than this: 90s, 30m, 2h, 1d; a number alone is seconds [exit code 6 when the time is up]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Goal {
    /// The run is finished, or has no runner
    Over,
    /// Nothing is left to do
    Finished,
    /// Nothing runs until somebody resumes
    Paused,
    /// Stages run
    Running,
}

/// The same, with the item that was named.
enum Wanted {
    Run(Goal),
    Item(ItemId),
}

/// Whether it came.
enum Came {
    Yes,
    NotYet,
    /// It can't any more; the sentence and the exit code.
    Never(String, Exit),
}

pub(super) fn status(root: Option<&Path>, args: &StatusArgs) -> anyhow::Result<Exit> {
    let folder = match find::run(root, args.run.as_deref()) {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    if let Err(error @ LedgerError::Newer { .. }) = Manifest::read(&folder) {
        tell(format_args!("isobench-tui: {error}; what follows may lack something"));
    }
    let run = match read::load(&folder) {
        Ok(run) => run,
        Err(says) => return Ok(usage(says)),
    };
    let wanted = match (args.wait, &args.item) {
        (Some(goal), None) => Wanted::Run(goal),
        (Some(goal), Some(_)) if goal != Goal::Over => {
            return Ok(usage("--item waits until that item is over: leave the state behind --wait out"));
        }
        (_, Some(named)) => match item::choose(&run, named) {
            Ok(id) => Wanted::Item(id),
            Err(says) => return Ok(usage(says)),
        },
        (None, None) if args.timeout.is_some() => return Ok(usage("--timeout is for --wait or --item: name what is waited for")),
        (None, None) => {
            say(&folder, &run, args.format)?;
            return Ok(Exit::Well);
        }
    };
    let mut watched = Watched::new(&folder, args.timeout);
    let exit = match wait(&mut watched, &folder, &wanted, args.timeout) {
        Ok(exit) => exit,
        Err(error) => return Ok(usage(read::unreadable(&folder, &error))),
    };
    say(&folder, watched.run(), args.format)?;
    Ok(exit)
}

/// Waits; what is to be said beside the status is said.
fn wait(watched: &mut Watched, folder: &RunFolder, wanted: &Wanted, patience: Option<Duration>) -> std::io::Result<Exit> {
    let config = Manifest::look(folder).ok().and_then(|manifest| Resolved::of(&manifest).ok()).map(|found| found.config);
    let config = config.unwrap_or_default();
    loop {
        let (run, holder) = watched.look()?;
        match came(run, holder.is_some(), wanted, &config) {
            Came::Yes => return Ok(Exit::Well),
            Came::Never(says, exit) => {
                tell(format_args!("isobench-tui: run {}: {says}", folder.run_id()));
                return Ok(exit);
            }
            Came::NotYet => {}
        }
        if watched.wait() == Waited::TimeUp {
            let within = patience.map_or_else(String::new, |patience| format!(" within {} s", patience.as_secs()));
            tell(format_args!("isobench-tui: run {} is not {}{within}", folder.run_id(), wanted.words()));
            return Ok(Exit::Refused);
        }
    }
}

fn came(run: &Run, runner_lives: bool, wanted: &Wanted, config: &Config) -> Came {
    let state = run.state(runner_lives);
    let goal = match wanted {
        Wanted::Run(goal) => goal,
        Wanted::Item(id) => return item_came(run, runner_lives, id, config),
    };
    let is_there = match goal {
        // a runner that has just begun may not have said so yet: the ledger of a run that was continued still says finished
        Goal::Over => !runner_lives,
        Goal::Finished => !runner_lives && state == RunState::Finished,
        Goal::Paused => state == RunState::Paused,
        Goal::Running => state == RunState::Running,
    };
    if is_there {
        Came::Yes
    } else if runner_lives {
        Came::NotYet
    } else if state == RunState::Finished {
        Came::Never(format!("it is finished, and will not be {}", wanted.words()), Exit::NoRunner)
    } else {
        Came::Never(
            format!("it has no runner, and without one it will not be {}; `isobench-tui run --resume` continues it", wanted.words()),
            Exit::NoRunner,
        )
    }
}

fn item_came(run: &Run, runner_lives: bool, id: &ItemId, config: &Config) -> Came {
    let Some(item) = run.item(id) else {
        return Came::Never(format!("item {id} was taken out of the queue"), Exit::Refused);
    };
    if item.is_over() && !(runner_lives && is_tried_again(run, id, config)) {
        return Came::Yes;
    }
    if runner_lives {
        return Came::NotYet;
    }
    Came::Never(
        format!("it has no runner, and without one {id} stays {}; `isobench-tui run --resume` continues it", item.status()),
        Exit::NoRunner,
    )
}

/// Whether the runner is about to queue an item again that has just failed: that fact follows the item's end.
fn is_tried_again(run: &Run, id: &ItemId, config: &Config) -> bool {
    match next(run, &Limits { config, until: None, free: None }, clock::now()) {
        Next::Record(facts) => facts.iter().any(|fact| matches!(fact, Fact::ItemRequeued { item, .. } if item == id)),
        _ => false,
    }
}

impl Wanted {
    fn words(&self) -> &str {
        match self {
            Self::Run(Goal::Over) | Self::Item(_) => "over",
            Self::Run(Goal::Finished) => "finished",
            Self::Run(Goal::Paused) => "paused",
            Self::Run(Goal::Running) => "running",
        }
    }
}

/// Says how a run stands.
pub(super) fn say(folder: &RunFolder, run: &Run, format: Format) -> anyhow::Result<()> {
    let run = &*leftover::as_it_stands(folder, run);
    let runner = RunnerLock::holder(folder);
    let orphan = run.live_stage().filter(|_| runner.is_none()).map(|(attempt, record)| effects::keeper(folder, &attempt, record.stage));
    let manifest = Manifest::look(folder).ok();
    let config = manifest.as_ref().and_then(|manifest| Resolved::of(manifest).ok()).map(|found| found.config).unwrap_or_default();
    let (at, zone) = (clock::now(), TimeZone::system());
    let earlier = folder.path().parent().map(|runs| Past::read(runs, Some(&folder.run_id()))).unwrap_or_default();
    let since = run.runner.as_ref().map_or(at, |runner| runner.since);
    let until = config.limits.until.as_deref().filter(|_| !run.limits_lifted).and_then(|until| next_time_of_day(until, since, &zone));
    let is_at_work = runner.is_some() || matches!(orphan, Some(Sight::Alive(_)));
    // with nobody at work clocks stand at the last fact
    let eta = eta::left(run, &earlier, 0, if is_at_work { at } else { run.at.unwrap_or(at) });
    let ahead = Ahead { eta, zone, until };
    let around = Surroundings {
        folder: folder.path(),
        runner,
        orphan: match orphan {
            Some(Sight::Alive(pid)) => Some(pid),
            Some(Sight::Gone | Sight::Unseen) | None => None,
        },
        has_ended: run.live_stage().is_some_and(|(attempt, record)| leftover::has_ended(folder, &attempt, record.stage)),
        free: disk::room(folder.path()).ok().map(|room| room.bytes),
        limits: report::Limits { steps: config.agent.max_steps, tokens: config.limits.item_tokens },
        hint: crate::ui::now::hint,
        ahead: Some(&ahead),
        others: None,
        newer_format: manifest.filter(Manifest::is_newer).map(|manifest| manifest.format),
        now: at,
    };
    // what nobody looks after gets no further
    let live = Live::of(folder, run).filter(|_| is_at_work);
    let left = leftover::of_run(folder, run);
    // a file that can't be read is told by nobody: the run is what was asked for
    let latest = telemetry::read::latest(&Files::of(folder.path())).ok().flatten();
    let text = match format {
        Format::Json => {
            let mut status = serde_json::to_value(report::status(&folder.run_id(), run, &around))?;
            if let Value::Object(status) = &mut status {
                let machine = latest.as_ref().map(|latest| report::machine(latest, around.now));
                status.insert("machine".to_owned(), json!(machine));
                status.insert("left_behind".to_owned(), json!(left));
            }
            rounds::insert(&mut status, folder, run);
            if let (Some(live), Some(Value::Object(stage))) = (&live, status.get_mut("live")) {
                stage.insert(live.key().to_owned(), live.json());
            }
            serde_json::to_string_pretty(&status)? + "\n"
        }
        Format::Text => {
            let line = |line: String| format!("{}\n", clean::shown(&line));
            let head = report::status::lines(&folder.run_id(), run, &around).into_iter();
            let machine = latest.as_ref().filter(|_| runner.is_some()).map(|latest| report::machine_line(latest, around.now));
            let head: Vec<String> = head.chain(left).chain(live.and_then(|live| live.line(around.now))).chain(machine).map(line).collect();
            format!("{}\n{}", head.concat(), report::table(run, &around, read::terminal_width()))
        }
    };
    read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))
}
