//! `print keys`: the keymap, for people and for scripts.

use std::fmt::Write as _;
use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{Format, for_stdout, read};
use crate::exit::Exit;
use crate::text::width::{fit, width};
use crate::ui::Action;
use crate::ui::keymap::{Binding, Group, KEYMAP, Place};

/// `print keys`
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Every place, in order.
const PLACES: [Place; 8] =
    [Place::Home, Place::Browse, Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Log, Place::Compare];

pub(super) fn keys(args: &KeysArgs) -> anyhow::Result<Exit> {
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&Value::Array(KEYMAP.iter().map(one).collect()))? + "\n",
        Format::Text => Group::ALL.into_iter().map(part).collect::<Vec<_>>().join("\n"),
    };
    read::written(std::io::stdout().write_all(for_stdout(&text).as_bytes()))?;
    Ok(Exit::Well)
}

fn one(binding: &Binding) -> Value {
    json!({
        "keys": binding.keys.iter().map(|key| key.label()).collect::<Vec<_>>(),
        "places": places(binding),
        "action": name(binding.action),
        "group": binding.group.title(),
        "help": binding.sentence(),
    })
}

/// A part of the help, aligned.
fn part(group: Group) -> String {
    let rows: Vec<[String; 4]> = KEYMAP
        .iter()
        .filter(|binding| binding.group == group)
        .map(|binding| [binding.keys_label(usize::MAX), where_it_is(binding), name(binding.action), binding.sentence().to_owned()])
        .collect();
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or_default();
    let widths = [widest(0), widest(1), widest(2)];
    let mut text = format!("{}\n", group.title());
    for [keys, places, action, help] in &rows {
        let [of_keys, of_places, of_action] = widths;
        let _ = writeln!(text, "  {}  {}  {}  {help}", fit(keys, of_keys), fit(places, of_places), fit(action, of_action));
    }
    text
}

fn places(binding: &Binding) -> Vec<String> {
    PLACES.iter().filter(|place| binding.is_in(**place)).map(|place| format!("{place:?}").to_lowercase()).collect()
}

fn where_it_is(binding: &Binding) -> String {
    let places = places(binding);
    match places.len() {
        all if all == PLACES.len() => "everywhere".to_owned(),
        5 if [Place::Queue, Place::Agent, Place::Result, Place::Machine, Place::Log].iter().all(|place| binding.is_in(*place)) => {
            "in a run".to_owned()
        }
        _ => places.join(" "),
    }
}

/// The action's own name as other words of ours are written: `RetryStage` is `retry-stage`, `Show(Log)` is `show-log`.
fn name(action: Action) -> String {
    let mut name = String::new();
    for char in format!("{action:?}").chars().filter(char::is_ascii_alphabetic) {
        if char.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(char.to_ascii_lowercase());
    }
    name
}
