//! Arguments in, exit code out.

mod browse;
mod compare;
mod ctl;
mod detect;
mod doctor;
mod find;
mod home;
mod inspect;
mod item;
mod ls;
mod others;
mod page;
mod parse;
mod print;
mod print_keys;
mod print_prompt;
mod print_themes;
mod prune;
mod read;
mod report;
mod run;
mod screen;
mod select;
mod settings;
mod start;
mod status;
mod table;
mod trajectory;
mod watch;
mod watched;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::text::clean;

/// Launch and watch ISO-Bench from one terminal. Without a command: opens the run that is live here, else the start screen.
#[derive(Debug, Parser)]
#[command(name = "isobench-tui", version, about, max_term_width = 100, after_help = EXITS)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The harness folder, the one that holds state/ [default: found upwards from here]
    #[arg(long, global = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// What the exit codes mean (`exit.rs`).
const EXITS: &str = "\
Exit codes:
  0  all well
  1  some items failed (run and demo only)
  2  the command line, the plan or the configuration is wrong
  3  nothing is runnable after preflight
  4  another runner holds the run
  5  isobench-tui could not do its own job
  6  what was asked for was refused, or did not come in time
  7  the run has no runner
  8  there is no such run";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the embedded campaign: real git, real processes, no GPU, Docker or network
    Demo(DemoArgs),
    /// Run a plan, commit by commit
    Run(RunArgs),
    /// Open a run on the screen [default: the live or the last run]
    Attach {
        /// The run's id, the start of it, its folder, or `last`
        run: Option<String>,
    },
    /// List the runs of this checkout, the newest last
    Ls {
        /// How to say it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Say how a run stands, now or once something came [default: the live or the last run]
    Status(status::StatusArgs),
    /// Send a verb to a run, and wait for its answer
    Ctl(ctl::CtlArgs),
    /// Say what an agent did, step by step: a trajectory of any agent that we know, or an item's folder
    Inspect(inspect::InspectArgs),
    /// Say which agents got stuck, and at what step: the detectors over trajectories, one line each
    Detect(detect::DetectArgs),
    /// Follow a run that ISO-Bench's own scripts make, or made: nothing of it is changed
    Watch(watch::WatchArgs),
    /// Read captured benchmark output: kind, numbers, true cause of a failure
    Parse(parse::ParseArgs),
    /// Say how runs went: harness trees, result folders, runs of ours
    Report(report::ReportArgs),
    /// Look at plan, clone, agent, keys, folders, disks and this machine, and say what to do; starts nothing
    Doctor(doctor::DoctorArgs),
    /// Remove images that nobody waits for from Docker's disk: what goes and why first, then one by one
    Prune(prune::PruneArgs),
    /// Print what isobench-tui goes by
    #[command(subcommand)]
    Print(print::What),
    /// Write a shell's completions to stdout: `isobench-tui completions bash >~/.local/share/bash-completion/completions/isobench-tui`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to stdout: `isobench-tui man | man -l -`
    Man,
    /// Keeps one stage's processes (started by the runner)
    #[command(hide = true)]
    Keeper {
        /// The stage's folder
        stage: PathBuf,
    },
    /// Becomes a pager or an editor that ends with us (started by the screen)
    #[command(hide = true)]
    Become(crate::host::mortal::Args),
    /// Looks at an item's patch (started by the check stage)
    #[command(hide = true)]
    CheckPatch(crate::runner::CheckPatch),
    /// Pulls images (started by the pull stage)
    #[command(hide = true)]
    PullImages(crate::docker::pull::PullImages),
    /// Runs an arm in a container (started by the arm's stage)
    #[command(hide = true)]
    RunArm(crate::docker::arm::RunArm),
    /// Removes what an order says from the Docker engine (started by the clean stage and by the screen)
    #[command(hide = true)]
    PruneImages(crate::docker::prune::PruneImages),
    /// Looks at the machine once a second and writes what it sees (started by the runner and by the screen)
    #[command(hide = true)]
    SampleMachine(crate::sampler::SampleMachine),
    /// The demo's scripted agent (started by the demo's runner)
    #[command(hide = true)]
    DemoAgent(crate::demo::agent::Args),
    /// The demo's benchmark (started by the demo's runner)
    #[command(hide = true)]
    DemoBench(crate::demo::bench::Args),
}

/// How a reader says things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// `run`
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
struct RunArgs {
    /// The plan: JSON, YAML, or a list of commits [default: state/plan.json of the harness, or the only plan there]
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    settings: settings::SettingsArgs,
    /// Only the items of these commits (sha, the start of one, or item id)
    #[arg(long, value_name = "SHA", num_args = 1.., conflicts_with = "resume")]
    only: Vec<String>,
    /// Only the items that failed in an earlier run: its id, or a folder of ISO-Bench's own below state/runs/
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    failed_of: Option<String>,
    /// Only the items that never came to an end in an earlier run; with --failed-of both
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    missing_of: Option<String>,
    /// Clone the plan's repository first if it is not there
    #[arg(long, conflicts_with = "resume")]
    clone: bool,
    /// Start a new run even where one of the same plan and agent is unfinished
    #[arg(long, conflicts_with = "resume")]
    new: bool,
    /// Continue an unfinished run [default: the last]
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["config", "bench_cfg", "agent", "model", "via", "on_stuck"])]
    resume: Option<String>,
    /// Run here without a screen, until the end; prints a table
    #[arg(long)]
    headless: bool,
    /// Start the run in the background and leave
    #[arg(long, conflicts_with = "headless")]
    detach: bool,
    /// How a headless run says its end
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Leave a pause of the run as it is (set by verbs that start a runner)
    #[arg(long, hide = true, requires = "resume")]
    keep_pause: bool,
    /// Lead a session of its own (set for runners in the background)
    #[arg(long, hide = true, requires = "headless")]
    own_session: bool,
}

/// `demo`
#[derive(Debug, Args)]
struct DemoArgs {
    /// Folder to make it in; it is kept [default: a new one in the folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// How fast the scripted agent works: 1 is under 90 seconds in all
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
    /// What happens to an agent that is stuck: it is marked, or stopped and its patch benchmarked (stop), or stopped and
    /// its item skipped with the patch kept (skip) [default: mark]
    #[arg(long, value_parser = settings::on_stuck, value_name = "mark|stop|skip")]
    on_stuck: Option<crate::domain::OnStuck>,
    /// Run here without a screen, until the end; prints a table
    #[arg(long)]
    headless: bool,
    /// Start it in the background and leave
    #[arg(long, conflicts_with = "headless")]
    detach: bool,
    /// How a headless run says its end
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the program.
pub fn main() -> anyhow::Result<Exit> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wanted = !error.use_stderr();
            // a closed pipe behind --help is no failure of ours
            let _ = error.print();
            return Ok(if wanted { Exit::Well } else { Exit::Usage });
        }
    };
    crate::host::mortal::know();
    let root = cli.root.as_deref();
    match cli.command {
        None => home::open(root),
        Some(Command::Demo(args)) => run::demo(&args),
        Some(Command::Run(args)) => run::run(root, &args),
        Some(Command::Attach { run }) => read::attach(root, run.as_deref()),
        Some(Command::Ls { format }) => ls::ls(root, format),
        Some(Command::Status(args)) => status::status(root, &args),
        Some(Command::Print(what)) => print::print(root, &what),
        Some(Command::Ctl(args)) => ctl::ctl(root, &args),
        Some(Command::Inspect(args)) => inspect::inspect(root, &args),
        Some(Command::Watch(args)) => watch::watch(root, &args),
        Some(Command::Detect(args)) => detect::detect(root, &args),
        Some(Command::Parse(args)) => parse::parse(root, &args),
        Some(Command::Report(args)) => report::report(root, &args),
        Some(Command::Doctor(args)) => doctor::doctor(root, &args),
        Some(Command::Prune(args)) => prune::prune(root, &args),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "isobench-tui", &mut text);
            read::written(std::io::stdout().write_all(&text)).map(|()| Exit::Well)
        }
        Some(Command::Man) => read::written(manual(&mut std::io::stdout().lock())).map(|()| Exit::Well),
        Some(Command::Keeper { stage }) => {
            crate::host::keeper::keep(&stage)?;
            Ok(Exit::Well)
        }
        Some(Command::Become(args)) => {
            args.run();
            Ok(Exit::Internal)
        }
        Some(Command::CheckPatch(args)) => Ok(args.run().map(|()| Exit::Well)?),
        Some(Command::PullImages(args)) => Ok(args.run().map(|()| Exit::Well)?),
        Some(Command::RunArm(args)) => Ok(args.run().map(|()| Exit::Well)?),
        Some(Command::PruneImages(args)) => Ok(args.run().map(|()| Exit::Well)?),
        Some(Command::SampleMachine(args)) => Ok(args.run().map(|()| Exit::Well)?),
        Some(Command::DemoAgent(args)) => Ok(crate::demo::agent::play(&args).map(|()| Exit::Well)?),
        Some(Command::DemoBench(args)) => Ok(if crate::demo::bench::measure(&args)? { Exit::Well } else { Exit::ItemsFailed }),
    }
}

/// The manual: the page of the program, then one a command.
fn manual(out: &mut impl Write) -> std::io::Result<()> {
    let mut cli = Cli::command();
    cli.build();
    clap_mangen::Man::new(cli.clone()).render(out)?;
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        writeln!(out)?;
        clap_mangen::Man::new(command.clone()).render(out)?;
    }
    Ok(())
}

/// Says something to a person, who may sit at a terminal: what came out of a file, or out of an argument, must not steer
/// it. Whoever closed our stderr, a terminal hung up for one, does not want to hear it: no
/// reason for a run to end.
fn tell(says: std::fmt::Arguments<'_>) {
    draw(&clean::shown_lines(&says.to_string()));
}

/// Says a line in which nothing is anybody else's, or that was made safe before it got its colours.
fn draw(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Answers a person in a line; the same holds.
fn print_line(says: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{}", clean::shown_lines(&says.to_string()));
}

/// A text as a terminal may have it. A pipe gets it as it is: who reads there wants what was written.
fn for_stdout(text: &str) -> Cow<'_, str> {
    if std::io::stdout().is_terminal() { clean::shown_lines(text) } else { Cow::Borrowed(text) }
}

/// Says a usage error and what to do.
fn usage(says: impl std::fmt::Display) -> Exit {
    tell(format_args!("isobench-tui: {says}"));
    Exit::Usage
}
