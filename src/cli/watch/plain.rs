//! A run that is watched without a screen: how it stands once, or a line a change.

use std::io::Write;
use std::thread;

use jiff::tz::TimeZone;

use super::{Opening, Watched, say_once};
use crate::cli::{Format, for_stdout, read, usage};
use crate::domain::RunId;
use crate::exit::Exit;
use crate::host::{clock, disk};
use crate::import::follow::{Now, Says, Sight};
use crate::model::{Item, Run, RunState};
use crate::plan::eta;
use crate::report::status::Ahead;
use crate::report::{self, Surroundings};
use crate::text::{clean, duration};

pub(super) fn print(opening: &Opening, format: Format, is_once: bool) -> anyhow::Result<Exit> {
    if let Err(says) = opening.check() {
        return Ok(usage(says));
    }
    let mut watched = Watched::new(opening);
    let mut told: Option<Now> = None;
    let mut said = Vec::new();
    loop {
        let now = watched.look();
        let is_read = now.is_some() && watched.patience(now.as_ref()).is_zero();
        if is_once && is_read {
            // what the detectors say of items that are over belongs to it
            continue;
        }
        let Some(now) = now else {
            if is_once {
                return Ok(usage(format!("{}: no run here yet", watched.name())));
            }
            say_once(&mut said, &[format!("{}: no run here yet: waiting for it", watched.name())]);
            thread::sleep(super::IDLE);
            continue;
        };
        let name = watched.name();
        if now.gone.is_some() {
            if told.as_ref() != Some(&now) {
                // it may be back in a moment, as where it was moved aside
                let text = match (format, &told) {
                    (Format::Json, _) => format!("{}\n", with(&name, opening, &now, |id, around| report::status(id, &now.run, around))),
                    (Format::Text, Some(before)) => changes(before, &now),
                    (Format::Text, None) => String::new(),
                };
                print_now(&text)?;
                told = Some(now);
                thread::sleep(super::IDLE);
                continue;
            }
            if format == Format::Text {
                print_now(&format!("\nwhat was known of it last:\n{}", whole(&name, opening, &now)))?;
            }
            return Ok(Exit::NoSuchRun);
        }
        if told.as_ref() != Some(&now) && !is_read {
            let text = match (format, &told) {
                (Format::Json, _) if is_once => pretty(&name, opening, &now)?,
                (Format::Json, _) => format!("{}\n", with(&name, opening, &now, |id, around| report::status(id, &now.run, around))),
                (Format::Text, None) => whole(&name, opening, &now),
                (Format::Text, Some(before)) => changes(before, &now),
            };
            print_now(&text)?;
            told = Some(now.clone());
        }
        if is_once {
            return Ok(Exit::Well);
        }
        if !is_read && matches!(now.sight, Sight::Absent(_)) {
            return Ok(if now.run.finished.is_some() { Exit::Well } else { Exit::NoRunner });
        }
        thread::sleep(watched.patience(Some(&now)));
    }
}

fn print_now(text: &str) -> anyhow::Result<()> {
    read::written(std::io::stdout().write_all(for_stdout(text).as_bytes()).and_then(|()| std::io::stdout().flush()))
}

/// What a reader of the status knows beside the fold.
fn with<T>(name: &str, opening: &Opening, now: &Now, tell: impl FnOnce(&RunId, &Surroundings<'_>) -> T) -> T {
    let folder = opening.target.place();
    let says: Vec<String> = now.says.iter().map(|says| says.text().to_owned()).collect();
    let at = clock::now();
    let ahead = Ahead { eta: eta::left(&now.run, &[], now.unnamed, at), zone: TimeZone::system(), until: None };
    let around = Surroundings {
        folder,
        runner: if let Sight::Alive(program) = &now.sight { u32::try_from(program.id.pid).ok() } else { None },
        orphan: None,
        has_ended: false,
        free: disk::room(folder).ok().map(|room| room.bytes),
        limits: report::Limits { steps: now.max_steps, tokens: None },
        hint: crate::ui::now::hint,
        newer_format: None,
        ahead: Some(&ahead),
        others: Some(report::status::Others { is_at_work: !matches!(now.sight, Sight::Absent(_)), says: &says }),
        now: at,
    };
    tell(&RunId(name.to_owned()), &around)
}

fn pretty(name: &str, opening: &Opening, now: &Now) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&with(name, opening, now, |id, around| report::status(id, &now.run, around)))? + "\n")
}

fn whole(name: &str, opening: &Opening, now: &Now) -> String {
    with(name, opening, now, |id, around| {
        let mut head = report::status::lines(id, &now.run, around);
        // the reason of an interruption stands in the first line
        head.extend(
            now.says
                .iter()
                .map(Says::text)
                .filter(|says| !head.iter().any(|line| line.contains(says)))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        );
        let head = joined(head.iter().map(|line| clean::shown(line).into_owned()));
        format!("{head}\n{}", report::table(&now.run, around, read::terminal_width()))
    })
}

/// A line each for what is another thing than before.
fn changes(before: &Now, now: &Now) -> String {
    let time = clock::now().to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string();
    let mut lines: Vec<String> = Vec::new();
    for item in &now.run.items {
        let says = standing(item);
        if before.run.item(&item.id).map(standing).as_ref() != Some(&says) {
            lines.push(format!("{}: {says}", item.id));
        }
    }
    lines.extend(now.says.iter().filter(|says| !before.says.contains(says)).map(|says| says.text().to_owned()));
    let state = |now: &Now| state(&now.run, !matches!(now.sight, Sight::Absent(_)));
    if state(before) != state(now) {
        lines.push(format!("run {}", state(now).name()));
    }
    joined(lines.iter().map(|line| format!("{time}  {}", clean::shown(line))))
}

/// Lines, each with its end.
fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

fn state(run: &Run, is_at_work: bool) -> RunState {
    run.state(is_at_work)
}

/// Where an item stands, in a few words that change with its stage, its steps by the ten, its findings.
fn standing(item: &Item) -> String {
    let attempt = item.last_attempt();
    let again = attempt.filter(|attempt| attempt.n > 1).map(|attempt| format!(", attempt {}", attempt.n)).unwrap_or_default();
    let stage = item.live_stage().map(|record| format!(" {}", record.stage)).unwrap_or_default();
    let worst = attempt.and_then(|attempt| attempt.worst()).filter(|worst| worst.level >= crate::domain::Level::Warn);
    let found = worst.map(|worst| format!(", {}: {}", worst.level.name(), worst.says)).unwrap_or_default();
    let why = item.why().map(|why| format!(": {why}")).unwrap_or_default();
    let took = if item.is_over() { format!(" in {}", duration::short(item.worked_ms(clock::now()))) } else { String::new() };
    format!("{}{stage}{took}{again}{found}{why}", item.status())
}
