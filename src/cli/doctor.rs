//! `doctor`: preflight's table for the checkout as it is, and what the machine adds. It starts and changes nothing.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::run::root_of_plan;
use super::settings::{self, SettingsArgs};
use super::table::{masked, shown};
use super::{Format, find, print, read};
use crate::artifact::Checkout;
use crate::config::{Config, Resolution};
use crate::exit::Exit;
use crate::host::ask::{Asked, ask};
use crate::host::{clock, detach, environment};
use crate::runner::preflight::{About, Length, without_plan};
use crate::runner::{Check, Look, Preflight, Row, Surroundings, preflight};
use crate::text::mask::Masker;
use crate::theme::{Depth, Glyphs};

/// `doctor`
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The plan [default: as `run` takes it]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn doctor(root: Option<&Path>, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let (masker, checkout, mut found) = look(root, args);
    found.rows.extend(machine());
    let found = masked(found, &masker);
    let is_blocked = found.rows.iter().any(|row| row.check == Check::Blocked);
    let text = match args.format {
        Format::Json => {
            let items = found.items.iter().filter_map(|item| {
                let blocked = item.blocked.as_ref()?;
                Some(json!({"item_id": item.item, "human": item.human, "class": blocked.class, "why": blocked.why}))
            });
            let root = checkout.map(|checkout| checkout.root.display().to_string());
            let runnable = found.items.iter().filter(|item| item.blocked.is_none()).count();
            let value = json!({
                "root": root,
                "runnable": if is_blocked { 0 } else { runnable },
                "items": found.items.len(),
                "rows": found.rows,
                "blocked": items.collect::<Vec<_>>(),
            });
            serde_json::to_string_pretty(&value)? + "\n"
        }
        Format::Text => shown(&found),
    };
    read::written(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(if is_blocked { Exit::NothingRunnable } else { Exit::Well })
}

/// The table as far as it can be had: a row stands for what can't be read.
fn look(root: Option<&Path>, args: &DoctorArgs) -> (Masker, Option<Checkout>, Preflight) {
    let only = |rows| Preflight { rows, items: Vec::new(), git_dir: None, length: Length::Unknown };
    let of_plan = || args.plan.as_deref().filter(|_| root.is_none()).and_then(|plan| root_of_plan(plan).ok());
    let checkout = match find::checkout(root) {
        Ok(checkout) => Ok(checkout),
        Err(find::Lost::Nothing(says)) => of_plan().ok_or(says),
        Err(find::Lost::Unclear(says)) => Err(says),
    };
    let checkout = match checkout {
        Ok(checkout) => checkout,
        Err(says) => {
            let (says, fix) = says.rsplit_once(": ").unwrap_or((&says, "name it with --root"));
            return (secrets(None), None, only(vec![Row::blocked(About::Checkout, says, fix)]));
        }
    };
    let mut rows = vec![Row::ok(About::Checkout, checkout.root.display())];
    let resolution = match settings::resolved(&checkout, &args.settings) {
        Ok(resolution) => resolution,
        Err(error) => {
            rows.push(Row::blocked(About::Config, error.to_string(), "mend the file, or name another with --config or --bench-cfg"));
            return (secrets(Some(&checkout)), Some(checkout), only(rows));
        }
    };
    rows.extend(configuration(&resolution));
    let around = Surroundings::read(&checkout.env_folders());
    let look = Look { checkout: &resolution.checkout, config: &resolution.config, around: &around };
    let plan = settings::plan(&resolution, args.plan.as_deref());
    let read =
        plan.and_then(|path| settings::read_plan(&resolution, &path).map(|(plan, _)| (path, plan)).map_err(|error| error.to_string()));
    let found = match read {
        Ok((path, plan)) => {
            rows.push(Row::ok(About::Plan, path.display()));
            let mut found = preflight(&plan, &look);
            found.rows.splice(0..0, rows);
            found
        }
        Err(says) => {
            rows.push(Row::blocked(About::Plan, says, "mend it, or name another with --plan"));
            rows.extend(without_plan(&look));
            only(rows)
        }
    };
    (print::masker(&resolution), Some(resolution.checkout), found)
}

/// Which files the configuration is from, and what of them was not taken.
pub(super) fn configuration(resolution: &Resolution) -> Vec<Row> {
    let bench = resolution.bench.as_ref().map(|bench| bench.path.display().to_string());
    let files: Vec<String> = resolution.file.iter().map(|file| file.display().to_string()).chain(bench).collect();
    let says = if files.is_empty() { format!("neither {} nor a bench file: the defaults", Config::FILE) } else { files.join(", ") };
    let note = |note: &String| Row::warning(About::Config, note.clone(), "`isobench-tui print config` shows every value with its origin");
    [Row::ok(About::Config, says)].into_iter().chain(resolution.notes.iter().map(note)).collect()
}

/// Hides what is secret where no configuration says which values are none.
pub(super) fn secrets(checkout: Option<&Checkout>) -> Masker {
    let file = checkout.map(|checkout| environment::secrets(&checkout.env_folders())).unwrap_or_default();
    Masker::new(environment::variables(), file)
}

/// Rows about the machine, whatever is run on it.
fn machine() -> Vec<Row> {
    vec![git(), terminal_row(), logout(), wall_clock()]
}

fn git() -> Row {
    let fix = "install git, or put it on PATH";
    match ask(Command::new("git").arg("--version"), Duration::from_secs(5)) {
        Ok(Asked::Answered(output)) if output.status.success() => {
            let says = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            // `rev-parse --path-format` came with 2.31, in March 2021
            match version(&says) {
                Some(found) if found < (2, 31) => {
                    Row::blocked(About::Git, format!("{says} is too old: 2.31 is needed"), "install a newer git")
                }
                _ => Row::ok(About::Git, says),
            }
        }
        Ok(Asked::Answered(output)) => Row::blocked(About::Git, format!("git --version ended with {}", output.status), fix),
        Ok(Asked::TooSlow) => Row::warning(About::Git, "git did not say its version within 5 s", "is its disk slow, or a network's?"),
        Err(error) => Row::blocked(About::Git, format!("can't run git: {error}"), fix),
    }
}

fn version(says: &str) -> Option<(u32, u32)> {
    let mut parts = says.split_whitespace().nth(2)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn terminal_row() -> Row {
    let variable = |name: &str| std::env::var(name).ok();
    if !std::io::stdout().is_terminal() {
        return Row::ok(About::Terminal, "none here: the screen needs one, `run --headless` does not");
    }
    let term = variable("TERM").unwrap_or_default();
    let colours = match Depth::of(variable) {
        Depth::Mono => "no colours",
        Depth::Sixteen => "16 colours",
        Depth::TwoFiftySix => "256 colours",
        Depth::True => "24-bit colours",
    };
    let is_ascii = Glyphs::of(variable).is_ascii();
    let says = format!("TERM={term}, {colours}, {}", if is_ascii { "ASCII" } else { "UTF-8" });
    if term.is_empty() || term == "dumb" {
        return Row::warning(About::Terminal, says, "set TERM to what the terminal is, e.g. xterm-256color");
    }
    if is_ascii {
        return Row::warning(About::Terminal, says, "set LANG or LC_ALL to a UTF-8 locale, e.g. C.UTF-8, for finer drawing");
    }
    Row::ok(About::Terminal, says)
}

fn logout() -> Row {
    match detach::logout() {
        detach::Logout::Harmless => Row::ok(About::Logout, "a run in the background outlives it"),
        detach::Logout::NeedsScope => Row::ok(About::Logout, "a run in the background gets a scope of its own, and outlives it"),
        detach::Logout::Kills(says) => Row::warning(About::Logout, says, "do that before a run that is to outlive the connection"),
    }
}

/// Folders are named by the clock, and keys end by it.
fn wall_clock() -> Row {
    let now = clock::now();
    // the program's own age: no clock that is right shows less
    let earliest = jiff::Timestamp::from_second(1_763_683_200).unwrap_or(jiff::Timestamp::MIN);
    let says = now.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    if now < earliest {
        return Row::warning(
            About::Clock,
            format!("it is {says} by the clock here, and it can't be"),
            "set the clock (`timedatectl set-ntp true`)",
        );
    }
    Row::ok(About::Clock, says)
}
