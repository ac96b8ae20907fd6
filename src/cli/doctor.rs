//! `doctor`: preflight's table for the checkout as it is, and what the machine adds. It starts and changes nothing.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::table::{blocked, lines, masked, terminal};
use super::{Format, find, read};
use crate::artifact::{Checkout, PlanFile};
use crate::config::Config;
use crate::exit::Exit;
use crate::host::ask::{Asked, ask};
use crate::host::{clock, detach};
use crate::runner::preflight::{About, without_plan};
use crate::runner::{Check, Look, Preflight, Row, Surroundings, preflight};
use crate::theme::{Depth, Glyphs};

/// `doctor`
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The plan [default: as `run` takes it]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// The configuration [default: isobench-tui.toml of the harness]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The agent [default: as configured]
    #[arg(long)]
    agent: Option<String>,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn doctor(root: Option<&Path>, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let (checkout, mut found) = look(root, args);
    found.rows.extend(machine());
    let masker = super::masker(checkout.as_ref().map_or(Path::new("."), |checkout| &checkout.root));
    found.rows = masked(&found.rows, &masker);
    let is_blocked = found.rows.iter().any(|row| row.check == Check::Blocked);
    let text = match args.format {
        Format::Json => {
            let items = found.items.iter().filter_map(|item| {
                let blocked = item.blocked.as_ref()?;
                Some(json!({"item_id": item.item, "human": item.human, "class": blocked.class, "why": masker.mask(&blocked.why)}))
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
        Format::Text => {
            let (columns, colour) = terminal(std::io::stdout());
            let mut text = lines(&found.rows, Some(columns.unwrap_or(80)), colour);
            text.extend(blocked(&found, &masker));
            text.join("\n") + "\n"
        }
    };
    read::written(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(if is_blocked { Exit::NothingRunnable } else { Exit::Well })
}

/// The table as far as it can be had: a row stands for what can't be read.
fn look(root: Option<&Path>, args: &DoctorArgs) -> (Option<Checkout>, Preflight) {
    let only = |rows| Preflight { rows, items: Vec::new(), git_dir: None };
    let checkout = match find::checkout(root) {
        Ok(checkout) => checkout,
        Err(says) => {
            let (says, fix) = says.split_once(": ").unwrap_or((&says, "name it with --root"));
            return (None, only(vec![Row::blocked(About::Checkout, says, fix)]));
        }
    };
    let mut rows = vec![Row::ok(About::Checkout, checkout.root.display())];
    let path = args.config.clone().unwrap_or_else(|| checkout.root.join(Config::FILE));
    let mut config = match Config::load(&path, args.config.is_some()) {
        Ok(config) => config,
        Err(error) => {
            rows.push(Row::blocked(About::Config, error.to_string(), "mend the file, or name another with --config"));
            return (Some(checkout), only(rows));
        }
    };
    if let Some(agent) = &args.agent {
        config.agent.name.clone_from(agent);
    }
    let there = if path.exists() { path.display().to_string() } else { format!("no {}: the defaults", Config::FILE) };
    rows.push(Row::ok(About::Config, there));
    let around = Surroundings::read(&checkout.root);
    let look = Look { checkout: &checkout, config: &config, around: &around };
    let plan = args.plan.clone().unwrap_or_else(|| checkout.default_plan());
    let found = match PlanFile::read(&plan) {
        Ok((read, _)) => {
            let mut found = preflight(&read, &look);
            rows.push(Row::ok(About::Plan, plan.display()));
            found.rows.splice(0..0, rows);
            found
        }
        Err(error) => {
            rows.push(Row::blocked(About::Plan, error.to_string(), "mend it, or name another with --plan"));
            rows.extend(without_plan(&look));
            only(rows)
        }
    };
    (Some(checkout), found)
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
