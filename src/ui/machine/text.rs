//! The machine as plain text, for whoever takes it out of the terminal.

use std::fmt::Write as _;

use super::gpus::{Page, readout};
use super::{Disk, Engine, Image, Owner, told};
use crate::domain::RunId;
use crate::text::bytes;
use crate::ui::state::State;

/// What is under the cursor of the curves, or what the part that is shown says.
pub(in crate::ui) fn seen(state: &State) -> String {
    if state.machine.gpus.page() == Page::Docker { all(state) } else { readout::text(state) }
}

/// GPUs, disks, what pulls will need, and images.
pub(in crate::ui) fn all(state: &State) -> String {
    let machine = &state.machine;
    let mut text = if state.machine.gpus.latest.is_some() { readout::table(state) } else { String::new() };
    for disk in machine.disks.iter().flat_map(|seen| &seen.what) {
        let _ = writeln!(text, "{}: {} free of {} ({})", uses(disk), bytes(disk.free), bytes(disk.total), disk.path);
    }
    for said in told::forecast(machine) {
        let _ = writeln!(text, "{}", said.text);
    }
    match machine.engine.as_ref().map(|seen| &seen.what) {
        Some(Engine::Here(here)) => {
            let _ = writeln!(text, "docker: {}, {}", here.driver, here.root);
            for image in &here.images {
                let size = image.bytes.map_or_else(|| "size unknown".to_owned(), bytes);
                let _ = writeln!(text, "{} {} {size}, {}", image.id, name(image), belongs(image, &state.run_id).join(", "));
            }
        }
        Some(Engine::Away { says, todo }) => {
            let _ = writeln!(text, "{says}\n{todo}");
        }
        None => {}
    }
    text
}

/// What lies on a file system: `docker, state`.
pub fn uses(disk: &Disk) -> String {
    disk.uses.iter().map(|of| of.name()).collect::<Vec<_>>().join(", ")
}

/// The first of an image's names, and how many more there are.
pub fn name(image: &Image) -> String {
    match image.names.as_slice() {
        [] => "<no name>".to_owned(),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one} +{}", more.len()),
    }
}

/// Whose an image is, who waits for it, who uses it; the most telling first.
pub fn belongs(image: &Image, here: &RunId) -> Vec<String> {
    let mut says = Vec::new();
    match image.containers {
        0 => {}
        1 => says.push("in use".to_owned()),
        n => says.push(format!("in use by {n}")),
    }
    match image.needed_by.as_slice() {
        [] => {}
        [one] => says.push(format!("{one} waits for it")),
        [one, more @ ..] => says.push(format!("{one} +{} wait for it", more.len())),
    }
    says.push(match &image.owner {
        Owner::Others => "not ours".to_owned(),
        Owner::Ours { item, run } if *run == here.0 && !item.is_empty() => format!("pulled for {item}"),
        Owner::Ours { run, .. } => format!("pulled by {run}"),
        Owner::Uncertain => "perhaps ours (cut off)".to_owned(),
    });
    says
}
