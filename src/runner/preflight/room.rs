//! Folders that are written, and the room on their disks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{About, Look, Row};
use crate::artifact::PlanFile;
use crate::config::Engine;
use crate::host::disk::{self, Room};
use crate::host::git::{self, Tree};
use crate::ledger::{PlannedItem, RunFolder};
use crate::text::bytes;

/// How long git gets to count the files of one commit.
const PATIENCE: Duration = Duration::from_secs(4);

/// The agent's checkout, and those of the arms beside it.
const CHECKOUTS: u64 = 4;

/// For what agents and builds leave, in bytes.
const SPARE: u64 = 1_000_000_000;

/// Whether what a run writes can be written; tried for real, and nothing is left.
pub(super) fn folders(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let checkout = look.checkout;
    let mut places = vec![RunFolder::all(&checkout.root), checkout.state.join("runs"), checkout.work.join("worktrees")];
    let results = checkout.repo_root.join("results");
    places.extend((look.config.arms.engine != Engine::Process || results.is_dir()).then_some(results));
    let refused = |path: &PathBuf| {
        let error = disk::try_writing(path).err()?;
        let fix = "make the folder writable, or name another harness folder with --root";
        Some(Row::blocked(About::Folders, format!("can't write in {}: {error}", path.display()), fix))
    };
    // an item refuses to write through such a link, hours later
    let agent = &look.config.agent;
    let items = plan.map(|plan| checkout.items(&plan.repo, &agent.name, &agent.model_name, ""));
    let led_out = items.and_then(|items| {
        let really = checkout.leads_out(&items)?;
        let says = format!("a link leads {} out of {} to {}", items.display(), checkout.state.join("runs").display(), really.display());
        Some(Row::blocked(About::Folders, says, "make it a folder, or move all of the state folder with paths.state"))
    });
    let rows: Vec<Row> = places.iter().filter_map(refused).chain(led_out).collect();
    if rows.is_empty() { vec![Row::ok(About::Folders, format!("{} can be written", named(&places, &checkout.root)))] } else { rows }
}

/// Paths, those inside the harness without it.
fn named(places: &[PathBuf], root: &Path) -> String {
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).display().to_string();
    places.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The room on each disk against the need of one item: an item leaves nothing but its files.
pub(super) fn disk(look: &Look<'_>, tree: Option<(&Path, &PlannedItem)>) -> Vec<Row> {
    let tree = tree.and_then(|(git_dir, item)| git::tree_of(git_dir, &item.parent, PATIENCE));
    let (state, work) = (&look.checkout.state, &look.checkout.work);
    let rooms = (disk::room(state), disk::room(work));
    match rooms {
        (Ok(on_state), Ok(on_work)) if on_state.device == on_work.device => vec![row("state and work", work, on_work, tree)],
        (on_state, on_work) => {
            let of = |what, path: &Path, room: std::io::Result<Room>, tree| match room {
                Ok(room) => row(what, path, room, tree),
                Err(error) => Row::warning(About::Disk, format!("can't tell the room for {}: {error}", path.display()), "look with `df`"),
            };
            // where nothing is checked out the files of items alone need room
            vec![of("work", work, on_work, tree), of("state", state, on_state, None)]
        }
    }
}

fn row(what: &str, path: &Path, room: Room, tree: Option<Tree>) -> Row {
    let free = format!("{what} ({}): {} free", path.display(), bytes(room.bytes));
    let one = tree.unwrap_or(Tree { bytes: 0, files: 0 });
    let needs = one.bytes.saturating_mul(CHECKOUTS).saturating_add(SPARE);
    let files = one.files.saturating_mul(CHECKOUTS).saturating_add(1000);
    let why = tree.map_or_else(String::new, |tree| format!(" (a checkout is {} in {} files)", bytes(tree.bytes), tree.files));
    let fix = format!("free space there, e.g. old worktrees in {}", path.join("worktrees").display());
    if room.bytes <= one.bytes.max(1 << 20) {
        return Row::blocked(About::Disk, format!("{free}; one item needs about {}{why}", bytes(needs)), fix);
    }
    match room.files {
        Some(left) if left <= one.files.max(10) => {
            return Row::blocked(
                About::Disk,
                format!("{free}, and room for {left} more files; one item needs about {files}{why}"),
                "remove files there (`df -i`)",
            );
        }
        Some(left) if left < files => {
            return Row::warning(
                About::Disk,
                format!("{free}, and room for {left} more files; one item needs about {files}{why}"),
                "remove files there (`df -i`)",
            );
        }
        _ => {}
    }
    if room.bytes < needs {
        return Row::warning(About::Disk, format!("{free}; one item needs about {}{why}", bytes(needs)), fix);
    }
    let left = room.files.map_or_else(String::new, |left| format!(", and room for {left} more files"));
    Row::ok(About::Disk, format!("{free}{left}; one item needs about {}{why}", bytes(needs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::preflight::Check;

    #[test]
    fn the_need_is_four_checkouts_and_a_gigabyte() {
        let tree = Tree { bytes: 500_000_000, files: 3000 };
        let room = |bytes, files| row("work", Path::new("/w"), Room { device: 1, bytes, unused: bytes, total: bytes, files }, Some(tree));
        let check = |bytes, files| room(bytes, files).check;
        assert_eq!((check(3_000_000_000, None), check(2_999_999_999, None)), (Check::Ok, Check::Warning));
        assert_eq!(check(500_000_000, None), Check::Blocked, "not even one checkout");
        assert_eq!(
            (check(u64::MAX, Some(13_000)), check(u64::MAX, Some(12_999)), check(u64::MAX, Some(3000))),
            (Check::Ok, Check::Warning, Check::Blocked)
        );
        assert!(
            room(2_000_000_000, None).sentence().contains("2.0 GB free; one item needs about 3.0 GB (a checkout is 500 MB in 3000 files)")
        );
    }
}
