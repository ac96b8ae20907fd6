//! The machine, whatever is run on it: git, terminal and language, what a logout does, the clock.

use std::io::IsTerminal;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::ask::{Asked, ask};
use crate::host::{clock, detach};
use crate::runner::Row;
use crate::runner::preflight::{About, Gpus};
use crate::theme::{Depth, Glyphs};

/// Rows about it.
pub(super) fn rows() -> Vec<Row> {
    [Some(git()), Some(terminal()), Some(locale()), Some(logout()), Some(wall_clock()), time_server()].into_iter().flatten().collect()
}

/// What the sampler saw, as its two lines say it; null where it saw nothing.
pub(super) fn told(gpus: &Gpus) -> Value {
    match gpus {
        Gpus::Seen(seen) => {
            let (header, sample) = seen.as_ref();
            json!({"header": header, "sample": sample})
        }
        Gpus::Unseen(_) => Value::Null,
    }
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

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn terminal() -> Row {
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
    let says = format!("TERM={term}, {colours}");
    if term.is_empty() || term == "dumb" {
        return Row::warning(About::Terminal, says, "set TERM to what the terminal is, e.g. xterm-256color");
    }
    Row::ok(About::Terminal, says)
}

/// What decides whether the screen may draw with more than ASCII.
fn locale() -> Row {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, variable(name).filter(|value| !value.is_empty())?)));
    let set = set.map_or_else(|| "neither LC_ALL nor LC_CTYPE nor LANG is set".to_owned(), |(name, value)| format!("{name}={value}"));
    if !Glyphs::of(variable).is_ascii() {
        return Row::ok(About::Locale, format!("{set}: UTF-8"));
    }
    let says = format!("{set}: ASCII");
    if std::io::stdout().is_terminal() {
        return Row::warning(About::Locale, says, "set LANG or LC_ALL to a UTF-8 locale, e.g. C.UTF-8, for finer drawing");
    }
    Row::ok(About::Locale, says)
}

fn logout() -> Row {
    let lingers = if detach::lingers() { " (this user lingers)" } else { "" };
    match detach::logout() {
        detach::Logout::Harmless => Row::ok(About::Logout, format!("a run in the background outlives it{lingers}")),
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

/// Whether somebody keeps the clock right; nothing where nobody can say.
fn time_server() -> Option<Row> {
    let mut asking = Command::new("timedatectl");
    asking.args(["show", "--property=NTP", "--property=NTPSynchronized"]);
    let Ok(Asked::Answered(output)) = ask(&mut asking, Duration::from_secs(3)) else { return None };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    kept(said.lines().find_map(|line| line.strip_prefix("NTPSynchronized="))?, said.lines().any(|line| line == "NTP=yes"))
}

fn kept(is_synchronised: &str, is_on: bool) -> Option<Row> {
    match (is_synchronised, is_on) {
        ("yes", _) => Some(Row::ok(About::Clock, "it is kept by a time server (NTP)")),
        ("no", true) => Some(Row::warning(
            About::Clock,
            "a time server is asked (NTP), and the clock is not in step with it yet",
            "wait a minute; else `timedatectl timesync-status` says more",
        )),
        ("no", false) => Some(Row::warning(
            About::Clock,
            "no time server keeps the clock (NTP): keys end by it, and logs of other machines will not fit",
            "`sudo timedatectl set-ntp true`; in a container the host does it",
        )),
        _ => None,
    }
}
