//! `doctor`: preflight's table for the checkout as it is, and what the machine adds. It starts and changes nothing.

mod machine;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::run::root_of_plan;
use super::settings::{self, SettingsArgs};
use super::table::{masked, shown};
use super::{Format, find, print, read};
use crate::artifact::Checkout;
use crate::config::{Config, Resolution};
use crate::exit::Exit;
use crate::host::environment;
use crate::runner::preflight::{self, About, Gpus, Length, without_plan};
use crate::runner::{Check, Look, Preflight, Row, Surroundings};
use crate::shell::leftover::{self, Leftover};
use crate::text::mask::Masker;

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
    let (masker, checkout, mut found, gpus) = look(root, args);
    found.rows.extend(gpus.rows());
    if !found.rows.iter().any(|row| row.about == About::Docker) {
        let is_config_known = !found.rows.iter().any(|row| row.about == About::Config && row.check == Check::Blocked);
        found.rows.push(preflight::docker_beside(is_config_known));
    }
    found.rows.extend(checkout.iter().flat_map(left_behind));
    found.rows.extend(machine::rows());
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
                "machine": machine::told(&gpus),
            });
            serde_json::to_string_pretty(&value)? + "\n"
        }
        Format::Text => shown(&found),
    };
    read::written(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(if is_blocked { Exit::NothingRunnable } else { Exit::Well })
}

/// The table as far as it can be had: a row stands for what can't be read. And the GPUs.
fn look(root: Option<&Path>, args: &DoctorArgs) -> (Masker, Option<Checkout>, Preflight, Gpus) {
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
            return (secrets(None), None, only(vec![Row::blocked(About::Checkout, says, fix)]), Gpus::look());
        }
    };
    let mut rows = vec![Row::ok(About::Checkout, checkout.root.display())];
    let resolution = match settings::resolved(&checkout, &args.settings) {
        Ok(resolution) => resolution,
        Err(error) => {
            rows.push(Row::blocked(About::Config, error.to_string(), "mend the file, or name another with --config or --bench-cfg"));
            return (secrets(Some(&checkout)), Some(checkout), only(rows), Gpus::look());
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
            let mut found = preflight::preflight(&plan, &look);
            found.rows.splice(0..0, rows);
            found
        }
        Err(says) => {
            rows.push(Row::blocked(About::Plan, says, "mend it, or name another with --plan"));
            rows.extend(without_plan(&look));
            only(rows)
        }
    };
    let gpus = around.gpus().clone();
    (print::masker(&resolution), Some(resolution.checkout), found, gpus)
}

/// The containers that runs of the checkout left. That docker can't be asked stands in a row of its own.
fn left_behind(checkout: &Checkout) -> Vec<Row> {
    let left = leftover::of_checkout(&checkout.root).unwrap_or_default();
    let row = |left: &Leftover| {
        let way_on = format!("`isobench-tui run --resume {}`", left.run);
        Row::warning(About::Docker, format!("run {}: {}", left.run, left.says()), left.todo(&way_on))
    };
    left.iter().map(row).collect()
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
