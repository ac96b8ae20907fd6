//! What a comparison comes to, in words: only what was counted.

use super::align::{How, Row};
use super::patches::File;
use super::side::Side;
use crate::detect::aim::Act;
use crate::text::count;

/// Names that are told of files that only one side changes.
const NAMED: usize = 3;

/// Of more of them only the number is told.
const MANY: usize = 12;

/// The clauses: first what makes all others doubtful, such as another commit, which must not be cut where there is little room;
/// then the patches, then the steps.
pub(super) fn says(left: &Side, right: &Side, steps: &[Row], files: &[File]) -> Vec<String> {
    let problems = [left, right].into_iter().flat_map(|side| side.problems.iter().map(|problem| format!("{}: {problem}", side.name)));
    let mut says: Vec<String> = problems.collect();
    of_patches(&mut says, left, right, files);
    of_steps(&mut says, left, right, steps);
    says
}

fn of_patches(says: &mut Vec<String>, left: &Side, right: &Side, files: &[File]) {
    let changes = |side: &Side, file: fn(&File) -> bool| side.patch.is_some() && files.iter().any(file);
    match (changes(left, |file| file.left.is_some()), changes(right, |file| file.right.is_some())) {
        (false, false) => return says.push("neither has a patch".to_owned()),
        (true, false) => return says.push(format!("{} has no patch", right.name)),
        (false, true) => return says.push(format!("{} has no patch", left.name)),
        (true, true) => {}
    }
    let both = files.iter().filter(|file| file.left.is_some() && file.right.is_some()).count();
    if both == files.len() {
        says.push(if both == 1 { "the same file is changed".to_owned() } else { format!("the same {both} files are changed") });
    } else {
        says.push(format!("{both} of {} changed in both", count(files.len(), "file")));
        for (side, is_only) in
            [(left, (|file: &File| file.right.is_none()) as fn(&File) -> bool), (right, |file: &File| file.left.is_none())]
        {
            let only: Vec<&str> = files.iter().filter(|file| is_only(file)).map(|file| base(&file.path)).collect();
            if only.len() > MANY {
                says.push(format!("only {} changes {} others", side.name, only.len()));
            } else if !only.is_empty() {
                let more = only.len().saturating_sub(NAMED);
                let names = only.get(..NAMED.min(only.len())).unwrap_or_default().join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                says.push(format!("only {} changes {names}{more}", side.name));
            }
        }
    }
    let same: u32 = files.iter().map(|file| file.same).sum();
    let changed =
        |of: fn(&File) -> Option<&super::patches::Changes>| files.iter().filter_map(of).map(|file| file.added + file.removed).sum::<u32>();
    let (of_left, of_right) = (changed(|file| file.left.as_ref()), changed(|file| file.right.as_ref()));
    if same > 0 && same == of_left && same == of_right {
        says.push("the two patches are the same".to_owned());
    } else if same == 0 {
        says.push("no changed line is the same in both".to_owned());
    } else {
        let (left, right) = (&left.name, &right.name);
        says.push(format!(
            "{} % of {left}'s changed lines are {right}'s, {} % of {right}'s are {left}'s",
            share(same, of_left),
            share(same, of_right)
        ));
    }
    if let Some(torn) = files.iter().find(|file| file.is_torn) {
        says.push(format!("the two patches do not start from the same {}", base(&torn.path)));
    }
}

fn of_steps(says: &mut Vec<String>, left: &Side, right: &Side, rows: &[Row]) {
    let (Some(of_left), Some(of_right)) = (&left.steps, &right.steps) else { return };
    let alike = rows.iter().filter(|row| row.how != How::Alone).count();
    let parted = rows.iter().filter(|row| row.how == How::Parted).count();
    let same = rows.iter().filter(|row| row.how == How::Same).count() + parted;
    let in_words = match (same, parted) {
        (0, _) => String::new(),
        (_, 0) => format!(" ({same} in the same words)"),
        _ => format!(" ({same} in the same words, {parted} of them with another end)"),
    };
    says.push(format!("{alike} of {}'s {} and {}'s {} steps alike{in_words}", left.name, of_left.len(), right.name, of_right.len()));
    let never = |says: &mut Vec<String>, what: &str, did: &dyn Fn(&Side) -> bool| match (did(left), did(right)) {
        (true, false) => says.push(format!("{} never {what}", right.name)),
        (false, true) => says.push(format!("{} never {what}", left.name)),
        (false, false) => says.push(format!("neither ever {what}")),
        (true, true) => {}
    };
    // only well-known benchmarks are known as such: that neither ran one may be wrong
    let measures = |side: &Side| side.aims.iter().any(|aim| aim.is_benchmark);
    if measures(left) || measures(right) {
        never(says, "ran a benchmark", &measures);
    }
    never(says, "edited a file", &|side| side.aims.iter().any(|aim| aim.act == Act::Edit));
    never(says, "said that it was done", &|side| side.aims.iter().any(|aim| aim.act == Act::Finish));
}

/// In percent, down; 1 at least where there is something.
fn share(part: u32, of: u32) -> u64 {
    (u64::from(part) * 100 / u64::from(of).max(1)).max(u64::from(part > 0))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
