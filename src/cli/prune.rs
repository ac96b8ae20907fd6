//! `prune`: first what goes and why, then one by one.

mod shown;

use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::shown::{Line, ending, told};
use super::start::on_terminal;
use super::{Format, find, for_stdout, print_line, read, tell, usage};
use crate::artifact::Checkout;
use crate::docker::prune::{PruneFolder, PruneOrder, PruneOutcome, Stop, Told, look, prune as work, was_cut_off};
use crate::docker::{Engine, disk};
use crate::domain::{PruneEnd, PrunePlan, PruneProgress, PruneScope};
use crate::exit::Exit;
use crate::host::{clock, files};
use crate::runner::keep;
use crate::text::clean;

/// `prune`
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(
    after_help = "An image that a container uses always stays, and so does one that a live run of this machine waits for, be it of\nanother checkout; --no-keep gives up the latter: `--scope all --no-keep` ends as `docker system prune -af` does. `--scope all`\nworks without a checkout too; `--scope run` needs one, for there it is written what is ours. Ctrl-C stops after what is being removed, a second one at once.\n\nExit codes: 0 all of it is gone, or you said no; 2 the command line is wrong, or --yes is missing without a terminal;\n5 docker is not there, may not be asked, or went away for good; 6 it was stopped, or docker refused some of it"
)]
pub(super) struct PruneArgs {
    /// What may go: images that runs of this checkout pulled (run), or all that no container uses (all)
    #[arg(long, value_enum, default_value_t = Scope::Run)]
    scope: Scope,
    /// With --scope all: volumes too, as `docker system prune --volumes` removes them
    #[arg(long)]
    volumes: bool,
    /// With --scope all: images that live runs wait for go too
    #[arg(long)]
    no_keep: bool,
    /// Only say what would go
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// `--scope`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// What runs of ours pulled.
    Run,
    /// Everything unused.
    All,
}

pub(super) fn prune(root: Option<&Path>, args: &PruneArgs) -> anyhow::Result<Exit> {
    let is_all = args.scope == Scope::All;
    if (args.volumes || args.no_keep) && !is_all {
        let flag = if args.volumes { "--volumes" } else { "--no-keep" };
        return Ok(usage(format!("{flag} goes with --scope all: with --scope run nothing goes but images that runs of ours pulled")));
    }
    if !args.dry_run && !args.yes && (args.format == Format::Json || !on_terminal()) {
        return Ok(usage("nobody can be asked here: add --yes to remove, or --dry-run to see what would go"));
    }
    let checkout = match find::checkout(root) {
        Ok(checkout) => Some(checkout),
        Err(find::Lost::Nothing(_)) if is_all => None,
        Err(says) => return Ok(usage(format!("{says}; without a checkout there is `prune --scope all`"))),
    };
    let state = checkout.as_ref().map(Checkout::docker);
    let root = checkout.as_ref().map(|checkout| checkout.root.as_path());
    let waited_for = || if args.no_keep { Vec::new() } else { keep::live(root) };
    let mut order = PruneOrder {
        scope: if is_all { PruneScope::All } else { PruneScope::Run },
        volumes: args.volumes,
        keep: waited_for(),
        state,
        dry_run: args.dry_run,
        ..PruneOrder::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let looked = runtime.block_on(async {
        let engine = Engine::connect().await.map_err(|error| error.to_string())?;
        let plan = look(&engine, &order).await.map_err(|error| error.to_string())?;
        let about = engine.about().await.map_err(|error| error.to_string())?;
        Ok::<_, String>((plan, disk::free(&about).map(|room| room.bytes).map_err(|error| error.to_string())))
    });
    let (plan, free) = match looked {
        Ok(looked) => looked,
        Err(says) => {
            tell(format_args!("isobench-tui: {says}"));
            return Ok(Exit::Internal);
        }
    };
    if let Some(says) = order.state.as_deref().and_then(was_cut_off) {
        tell(format_args!("isobench-tui: {says}: what it left is below"));
    }
    if args.format == Format::Text {
        let text = told(&plan, &free, read::terminal_width());
        read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))?;
    } else if args.dry_run {
        return json_out(&json!({ "plan": plan, "free": free.ok() })).map(|()| Exit::Well);
    }
    if args.dry_run || (plan.going().next().is_none() && args.format == Format::Text) {
        return Ok(Exit::Well);
    }
    if !args.yes && !is_agreed()? {
        print_line(format_args!("Nothing was removed."));
        return Ok(Exit::Well);
    }
    // a run may have begun while the question stood there
    order.keep = waited_for();
    let outcome = runtime.block_on(at_work(&order, &plan, args.format))?;
    if args.format == Format::Json {
        json_out(&json!({ "plan": plan, "outcome": outcome }))?;
    }
    Ok(match outcome.end {
        PruneEnd::Done if outcome.detail.refused == 0 => Exit::Well,
        PruneEnd::Done | PruneEnd::Stopped => Exit::Refused,
        PruneEnd::Failed { .. } => Exit::Internal,
    })
}

fn is_agreed() -> anyhow::Result<bool> {
    print!("Remove what goes? (y/N) ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn json_out(value: &serde_json::Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))
}

/// Removes what was agreed to, and says how far it is.
async fn at_work(order: &PruneOrder, plan: &PrunePlan, format: Format) -> anyhow::Result<PruneOutcome> {
    let folder = order.state.as_deref().map(|state| {
        let name = format!("{}-{}", clock::now().strftime("%Y-%m-%d_%H-%M-%S"), std::process::id());
        PruneFolder(PruneFolder::all(state).join(name))
    });
    // a disk that is full is why somebody prunes: what can't be written is said by the screen of nobody
    let keep = |path: Option<std::path::PathBuf>, bytes: Vec<u8>| {
        if let Some(path) = path
            && let Err(error) = files::replace(&path, &bytes)
        {
            tracing::warn!("can't write to {}: {error}", path.display());
        }
    };
    keep(folder.as_ref().map(PruneFolder::order), serde_json::to_vec(order)?);
    let (stop, wished) = watch::channel(Stop::No);
    let (mut interrupt, mut end, mut hangup) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let written = Told::default();
    let mut line = (format == Format::Text).then(Line::default);
    let mut say = |progress: &PruneProgress| {
        if let Some(folder) = &folder {
            written.write(folder, progress);
        }
        if let Some(line) = &mut line {
            line.say(progress);
        }
    };
    let mut outcome = {
        let mut work = std::pin::pin!(work(order, Some(plan), folder.as_ref().map(|folder| folder.0.clone()), &mut say, wished));
        loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                _ = interrupt.recv() => {}
                _ = end.recv() => {}
                _ = hangup.recv() => {}
            }
            let next = if *stop.borrow() == Stop::No { Stop::Between } else { Stop::Now };
            if next == Stop::Between && format == Format::Text {
                tell(format_args!("\nisobench-tui: stops after what is being removed; Ctrl-C again stops at once"));
            }
            stop.send_replace(next);
        }
    };
    if let PruneEnd::Failed { why, .. } = &mut outcome.end {
        *why = clean::line(why);
    }
    keep(folder.map(|folder| folder.outcome()), serde_json::to_vec(&outcome)?);
    if let Some(line) = line {
        line.end();
        for says in ending(&outcome) {
            print_line(format_args!("{says}"));
        }
    }
    Ok(outcome)
}
