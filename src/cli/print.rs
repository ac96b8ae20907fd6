//! `print`: what isobench-tui goes by, for people and for scripts.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::print_keys::{self, KeysArgs};
use super::print_prompt::{self, PromptArgs};
use super::print_themes::{self, ThemesArgs};
use super::settings::{self, SettingsArgs};
use super::{Format, find, for_stdout, usage};
use crate::artifact::{analysis, task_file};
use crate::config::{Config, Origin, Resolution};
use crate::exit::Exit;
use crate::host::environment;
use crate::text::mask::{Masker, is_secret};

/// `print`
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Every setting with its value and where it comes from; the text can be loaded as isobench-tui.toml
    Config(ConfigArgs),
    /// Every key of the screens: where it works, what it does
    Keys(KeysArgs),
    /// What the agent would be asked about an item; where that comes from is said on stderr
    Prompt(PromptArgs),
    /// What a program of `[judge] command` must print, as JSON Schema
    JudgeSchema,
    /// Our own template of a prompt, to start one from (prompt.template)
    Template,
    /// The themes of the screen, each in its own colours; with a name its file, to start one of your own from
    Themes(ThemesArgs),
}

/// `print config`
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn print(root: Option<&Path>, what: &What) -> anyhow::Result<Exit> {
    match what {
        What::Config(args) => Ok(config(root, args)),
        What::Keys(args) => print_keys::keys(args),
        What::Prompt(args) => print_prompt::prompt(root, args),
        What::JudgeSchema => {
            // a closed pipe is no failure of ours
            let _ = std::io::stdout().lock().write_all(analysis::SCHEMA.as_bytes());
            Ok(Exit::Well)
        }
        What::Template => print_prompt::template(),
        What::Themes(args) => Ok(print_themes::themes(args)),
    }
}

fn config(root: Option<&Path>, args: &ConfigArgs) -> Exit {
    let checkout = match find::checkout(root) {
        Ok(checkout) => checkout,
        Err(says) => return usage(says),
    };
    let resolution = match settings::resolved(&checkout, &args.settings) {
        Ok(resolution) => resolution,
        Err(error) => return usage(error),
    };
    let found = Found::of(&resolution);
    let rows = rows(&resolution);
    let text = match args.format {
        Format::Text => format!("{}\n{}", found.text(), toml(&rows)),
        Format::Json => {
            let row = |row: &Row| (row.key.clone(), json!({"value": row.value, "origin": row.origin.to_string()}));
            let mut whole = found.json();
            whole.insert("config".to_owned(), Value::Object(rows.iter().map(row).collect()));
            format!("{:#}\n", Value::Object(whole))
        }
    };
    // a closed pipe is no failure of ours
    let _ = std::io::stdout().lock().write_all(for_stdout(&text).as_bytes());
    Exit::Well
}

/// A setting.
struct Row {
    key: String,
    value: Value,
    origin: Origin,
}

/// The settings, in the order of the structs, secrets masked.
fn rows(resolution: &Resolution) -> Vec<Row> {
    let masker = masker(resolution);
    let row = |(key, value): (String, Value)| {
        let origin = resolution.origins.get(&key).cloned().unwrap_or(Origin::Default);
        Row { value: masked(&key, value, &masker), key, origin }
    };
    resolution.config.leaves().into_iter().map(row).collect()
}

/// Hides what a variable of a secret's name holds, and all that stands in `.env` but what a setting was taken from.
pub(super) fn masker(resolution: &Resolution) -> Masker {
    let taken: BTreeSet<&str> = resolution.origins.values().flat_map(Origin::variables).filter(|name| !is_secret(name)).collect();
    let file = environment::secrets(&resolution.checkout.env_folders()).into_iter().filter(|(name, _)| !taken.contains(name.as_str()));
    Masker::new(environment::variables(), file)
}

fn masked(key: &str, value: Value, masker: &Masker) -> Value {
    match value {
        // one of a few words of ours
        Value::String(text) if Config::has_few_words(key) => Value::String(text),
        Value::String(text) => Value::String(masker.mask(&text).into_owned()),
        Value::Array(list) => list.into_iter().map(|value| masked(key, value, masker)).collect(),
        Value::Object(pairs) => pairs.into_iter().map(|(name, value)| (name, masked(key, value, masker))).collect(),
        value => value,
    }
}

/// The settings as a file of ours, each with its origin behind it.
fn toml(rows: &[Row]) -> String {
    let mut lines: Vec<(String, Option<String>)> = Vec::new();
    let mut table = "";
    for row in rows {
        let (of, name) = row.key.split_once('.').unwrap_or(("", &row.key));
        if of != table {
            lines.extend([(String::new(), None), (format!("[{of}]"), None)]);
            table = of;
        }
        lines.push((format!("{name} = {}", literal(&row.key, &row.value)), Some(row.origin.to_string())));
    }
    let wide = |line: &(String, Option<String>)| line.1.as_ref().map(|_| line.0.chars().count()).filter(|wide| *wide <= 60);
    let column = lines.iter().filter_map(wide).max().unwrap_or_default();
    let line = |(setting, origin): &(String, Option<String>)| match origin {
        Some(origin) => format!("{setting:<column$}  # {}\n", one_line(origin)),
        None => format!("{setting}\n"),
    };
    lines.iter().map(line).collect::<Vec<_>>().concat()
}

/// A value as TOML writes it. What is not set is written as the nothing that takes back what other files say.
fn literal(key: &str, value: &Value) -> String {
    match value {
        Value::Null if Config::is_number(key) => "0".to_owned(),
        Value::Null => "\"\"".to_owned(),
        Value::Object(pairs) if !pairs.is_empty() => {
            let pair = |(name, value): (&String, &Value)| format!("{} = {}", literal(key, &json!(name)), literal(key, value));
            format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        // JSON's strings are TOML's, but for one character that JSON may leave as it is
        value => value.to_string().replace('\u{7f}', "\\u007f"),
    }
}

/// A comment ends with its line, and a terminal must not be told anything by a file's name.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What lies around the configuration.
struct Found<'a> {
    resolution: &'a Resolution,
    plans: Vec<(PathBuf, String)>,
    task: Option<PathBuf>,
    env: Option<(PathBuf, Vec<String>)>,
}

impl<'a> Found<'a> {
    fn of(resolution: &'a Resolution) -> Self {
        let checkout = &resolution.checkout;
        let variables = settings::variables(checkout);
        let plans = checkout.plans().into_iter().map(|path| (path.clone(), settings::size(&path))).collect();
        let plan = settings::plan(resolution, None).ok().and_then(|path| settings::read_plan(resolution, &path).ok());
        let of_plan = || task_file::find(&checkout.root, &plan.as_ref()?.0.task_id, &variables).ok()?;
        let task = match &resolution.config.harness.task {
            Some(task) => Some(checkout.root.join(task)),
            None => of_plan().map(|task| task.path),
        };
        let env = checkout.env_folders().into_iter().map(|folder| folder.join(".env")).find(|path| path.is_file()).map(|path| {
            let names = environment::dot_env(&checkout.env_folders()).into_iter().map(|(name, _)| name);
            (path, names.collect::<BTreeSet<_>>().into_iter().collect())
        });
        Self { resolution, plans, task, env }
    }

    fn text(&self) -> String {
        let Resolution { checkout, file, bench, notes, .. } = self.resolution;
        let shown = |path: &Path| path.strip_prefix(&checkout.root).unwrap_or(path).display().to_string();
        let or_none = |path: Option<&PathBuf>| path.map_or_else(|| "none".to_owned(), |path| shown(path));
        let mut lines = vec![
            ("harness", checkout.root.display().to_string()),
            ("repository", checkout.repo_root.display().to_string()),
            ("settings", or_none(file.as_ref())),
            ("bench file", or_none(bench.as_ref().map(|bench| &bench.path))),
            ("task file", or_none(self.task.as_ref())),
        ];
        let plan = |(path, size): &(PathBuf, String)| ("plan", format!("{}: {size}", shown(path)));
        lines.extend(self.plans.iter().map(plan));
        lines.push(match &self.env {
            Some((path, names)) => (".env", format!("{}: {}", path.display(), names.join(", "))),
            None => (".env", "none".to_owned()),
        });
        lines.extend(notes.iter().map(|note| ("note", note.clone())));
        let line = |(what, says): &(&str, String)| format!("# {what:<11} {}\n", one_line(says));
        lines.iter().map(line).collect::<Vec<_>>().concat()
    }

    fn json(&self) -> Map<String, Value> {
        let Resolution { checkout, file, bench, notes, .. } = self.resolution;
        let env = self.env.as_ref().map(|(path, names)| json!({"path": path, "names": names}));
        let plans: Vec<Value> = self.plans.iter().map(|(path, size)| json!({"path": path, "holds": size})).collect();
        let whole = json!({
            "root": checkout.root,
            "repo_root": checkout.repo_root,
            "settings": file,
            "bench": bench.as_ref().map(|bench| &bench.path),
            "task": self.task,
            "plans": plans,
            "env": env,
            "notes": notes,
        });
        whole.as_object().cloned().unwrap_or_default()
    }
}
