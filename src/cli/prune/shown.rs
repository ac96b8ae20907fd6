//! A prune in words: the table before, the line while it works, the sentences after.

use std::io::{IsTerminal, Write};

use crate::cli::read;
use crate::docker::prune::{PruneOutcome, Words, kind, short};
use crate::domain::{Fate, PruneEnd, PrunePlan, PruneProgress, PruneScope, Thing};
use crate::report::table::{Columns, columns};
use crate::text::width::{clip, middle, width};
use crate::text::{bytes, clean, count, room};

/// Columns of a reason that are kept when a name is long.
const LONGEST_WHY: usize = 36;

/// Columns of a line that are neither name, size nor reason: `stays`, `container`, and two between each.
const BESIDE: usize = 5 + 9 + 4 * 2;

/// What goes and what stays, each with its reason, and the sums.
pub(super) fn told(plan: &PrunePlan, free: &Result<u64, String>, room: Option<usize>) -> String {
    let sizes: Vec<String> = plan.fates.iter().map(size).collect();
    let widest = sizes.iter().map(String::len).max().unwrap_or_default();
    // images of a queue differ in the end of their tags: a long name is cut in its middle
    let why = plan.fates.iter().map(|fate| width(&fate.why)).max().unwrap_or_default().min(LONGEST_WHY);
    let names = room.map_or(usize::MAX, |room| room.saturating_sub(BESIDE + widest + why).max(20));
    let row = |(fate, size): (&Fate, String)| {
        let goes = if fate.goes { "goes" } else { "stays" };
        [goes, kind(fate.thing), &middle(&short(fate), names), &format!("{size:>widest$}"), &fate.why].map(str::to_owned).to_vec()
    };
    let rows: Vec<Vec<String>> = plan.fates.iter().zip(sizes).map(row).collect();
    let mut text = String::new();
    if !rows.is_empty() {
        let shape = Columns { heads: ["", "what", "name", "size", "why"], shrink: &[], leave_out: &[] };
        text = columns(&shape, &rows, room) + "\n";
    }
    let (going, promised) = (plan.going().count(), plan.promised());
    if going == 0 {
        let says = match plan.scope {
            PruneScope::Run => "Nothing to remove: no image here was pulled by a run of this checkout and is waited for by nobody.",
            PruneScope::All => "Nothing to remove.",
        };
        return text + says + "\n";
    }
    let after = match free {
        Ok(free) => format!("{} free now, {} after", bytes(*free), bytes(free.saturating_add(promised))),
        Err(says) => says.clone(),
    };
    let unknown = plan.going().filter(|fate| fate.bytes.is_none() && matches!(fate.thing, Thing::Image)).count();
    let and = if unknown > 0 { format!(" and what {} of unknown size gives", count(unknown, "image")) } else { String::new() };
    text + &format!("{} of {} go, {}{and}: {after}\n", going, count(plan.fates.len(), "thing"), bytes(promised))
}

fn size(fate: &Fate) -> String {
    fate.bytes.map_or_else(|| "?".to_owned(), bytes)
}

/// How far it is: one line that is redrawn on a terminal, one line a thing elsewhere.
#[derive(Debug, Default)]
pub(super) struct Line {
    words: Words,
    is_drawn: bool,
    told_cut_off: bool,
}

impl Line {
    /// Says it.
    pub(super) fn say(&mut self, progress: &PruneProgress) {
        if let Some(says) = progress.cut_off.as_ref().filter(|_| !self.told_cut_off) {
            self.told_cut_off = true;
            let _ = writeln!(std::io::stderr(), "isobench-tui: {}: this one finishes it", clean::shown(says));
        }
        if std::io::stdout().is_terminal() {
            let text = clean::line(&room::pruning(progress, "  "));
            let room = read::terminal_width().unwrap_or(80).saturating_sub(1);
            let _ = write!(std::io::stdout(), "\r\u{1b}[K{}", clip(&text, room)).and_then(|()| std::io::stdout().flush());
            self.is_drawn = true;
            return;
        }
        for line in self.words.take(progress) {
            let _ = writeln!(std::io::stdout(), "{}", clean::shown(&line));
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        if self.is_drawn {
            let _ = write!(std::io::stdout(), "\r\u{1b}[K").and_then(|()| std::io::stdout().flush());
        }
    }
}

/// What came of it, in lines.
pub(super) fn ending(outcome: &PruneOutcome) -> Vec<String> {
    let detail = &outcome.detail;
    if let (PruneEnd::Stopped, 0, true, None) = (&outcome.end, detail.removed, outcome.left.is_empty(), detail.freed) {
        return vec!["Stopped before anything was removed; the same command goes on".to_owned()];
    }
    let freed = match detail.freed {
        Some(freed) => format!("{} freed on the disk ({} promised)", bytes(freed), bytes(detail.promised)),
        None if detail.removed == 0 => "nothing came back".to_owned(),
        None => format!("{} by the engine's word: its disk can't be seen from here", bytes(detail.promised)),
    };
    let refused = if detail.refused > 0 { format!(", {} refused", detail.refused) } else { String::new() };
    let mut lines = vec![format!("{} removed{refused}: {freed}", count(detail.removed, "thing"))];
    match &outcome.end {
        PruneEnd::Done => {}
        PruneEnd::Stopped => lines.push(format!("Stopped: {} left; the same command goes on", count(outcome.left.len(), "thing"))),
        PruneEnd::Failed { why, .. } => lines.push(format!("It could not go on: {why}; {} left", count(outcome.left.len(), "thing"))),
    }
    lines.extend(outcome.left.iter().take(20).map(|name| format!("  left  {name}")));
    lines.extend((outcome.left.len() > 20).then(|| format!("  … and {} more", outcome.left.len() - 20)));
    lines
}
