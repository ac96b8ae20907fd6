//! The arms of an item side by side, or one below the other where the frame is narrow: how each stands, its phases, what its
//! server says.

mod figures;
mod phases;

use jiff::Timestamp;

use super::canvas::{Words, role};
use crate::domain::ArmPhase;
use crate::text::{duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::bench::{Arm, Arms, Now, Row};
use crate::ui::{Mood, Said};

/// From so many columns on the arms stand side by side.
const BESIDE: usize = 96;

/// Columns between two of them.
const GAP: usize = 3;

/// Rows of what is known of an arm, side by side, at most: nothing is left out but what no person would read.
const NOTES: usize = 16;

/// The arms in lines of so many columns; none where nothing is measured.
pub fn lines(glyphs: &Glyphs, arms: &Arms<'_>, cols: usize, now: Timestamp) -> Vec<Words> {
    if arms.arms.is_empty() {
        return Vec::new();
    }
    match (arms.in_containers, cols >= BESIDE) {
        (false, is_wide) => plain(arms, cols, is_wide),
        (true, true) => beside(glyphs, arms, cols, now),
        (true, false) => below(glyphs, arms, cols, now),
    }
}

/// One line, or one an arm: all that is known of arms that are no containers.
fn plain(arms: &Arms<'_>, cols: usize, is_wide: bool) -> Vec<Words> {
    let each = column(arms.arms.len(), cols);
    let notes = |arm: &Arm<'_>, cols: usize| wrapped(arm.notes.iter(), cols, 2);
    let fits = |arm: &Arm<'_>| arm.notes.is_empty() && summary(arm).width() <= each;
    if is_wide || arms.arms.iter().all(fits) {
        let blocks: Vec<Vec<Words>> = arms.arms.iter().map(|arm| std::iter::once(summary(arm)).chain(notes(arm, each)).collect()).collect();
        return joined(blocks, each);
    }
    let arm = |arm: &Arm<'_>| std::iter::once(summary(arm)).chain(notes(arm, cols)).collect::<Vec<_>>();
    arms.arms.iter().flat_map(arm).collect()
}

/// The time that it took, or takes so far.
fn took(arm: &Arm<'_>) -> String {
    let says = if arm.is_live { duration::clock } else { duration::short };
    arm.took.map_or_else(String::new, |took| format!(" {}", says(took)))
}

/// `human     done 6m12s`.
fn summary(arm: &Arm<'_>) -> Words {
    let took = took(arm);
    Words::of(Role::Text, format!("{:<10}", arm.name)).add(role(arm.stands.mood), arm.stands.text.as_str()).add(Role::Muted, took)
}

/// The arms as columns, each part of them in the same rows.
fn beside(glyphs: &Glyphs, arms: &Arms<'_>, cols: usize, now: Timestamp) -> Vec<Words> {
    let each = column(arms.arms.len(), cols);
    let phases = arms.phases();
    let wanted = figures::wanted(arms);
    let part = |of: &dyn Fn(&Arm<'_>) -> Vec<Words>| joined(arms.arms.iter().map(of).collect(), each);
    let mut lines = part(&|arm| head(glyphs, arm, each));
    lines.extend(part(&|arm| standing(glyphs, arm, each, NOTES)));
    if !phases.is_empty() {
        lines.push(Words::new());
        lines.extend(part(&|arm| phases::rows(glyphs, arm, &phases, arms.longest(), each)));
    }
    if !wanted.is_empty() {
        lines.push(Words::new());
        lines.extend(part(&|arm| figures::rows(glyphs, arm, (arms, &wanted), each, now)));
    }
    let rest = part(&|arm| rest(arm, each));
    if !rest.is_empty() {
        lines.push(Words::new());
        lines.extend(rest);
    }
    // a line of a program needs more columns than an arm has
    let tail = |arm: &Arm<'_>| tail(arm, &format!("{} ", arm.name), cols);
    lines.extend(arms.arms.iter().filter_map(tail));
    lines.extend(pulled(arms));
    lines
}

/// The arms one below the other, the one that runs first.
fn below(glyphs: &Glyphs, arms: &Arms<'_>, cols: usize, now: Timestamp) -> Vec<Words> {
    let wanted = figures::wanted(arms);
    let one = |arm: &Arm<'_>| {
        let mut lines = head(glyphs, arm, cols);
        lines.extend(standing(glyphs, arm, cols, usize::MAX));
        lines.extend(figures::short(glyphs, arm, (arms, &wanted), cols, now));
        lines.extend(phases::short(glyphs, arm, arms.longest(), cols));
        lines.extend(rest(arm, cols));
        lines.extend(tail(arm, "", cols));
        lines
    };
    let mut lines: Vec<Words> = arms.arms.iter().filter(|arm| arm.is_live).flat_map(one).collect();
    lines.extend(arms.arms.iter().filter(|arm| !arm.is_live).flat_map(one));
    lines.extend(pulled(arms));
    lines
}

/// What the stage before them pulled.
fn pulled(arms: &Arms<'_>) -> Option<Words> {
    arms.pulled.as_ref().map(|pulled| Words::of(Role::Muted, "pulled  ").add(Role::Text, pulled.as_str()))
}

/// `human ───── done 6m12s`, and the image.
fn head(glyphs: &Glyphs, arm: &Arm<'_>, cols: usize) -> Vec<Words> {
    let took = took(arm);
    let stands = arm.stands.text.as_str();
    let taken = width::width(arm.name) + width::width(stands) + width::width(&took) + 2;
    let image = arm.image.as_deref().unwrap_or_default();
    // in one row where that leaves a rule that is worth it
    let is_beside = cols >= 72 && taken + width::width(image) + 6 <= cols;
    let between = if is_beside && !image.is_empty() { format!(" {image} ") } else { String::from(" ") };
    let rule = glyphs.rule.repeat(cols.saturating_sub(taken + width::width(&between) - 1));
    let heading = Words::of(if arm.is_live { Role::Strong } else { Role::Text }, arm.name)
        .add(Role::Muted, between)
        .add(Role::Faint, rule)
        .add(role(arm.stands.mood), format!(" {stands}"))
        .add(Role::Muted, took);
    if is_beside || image.is_empty() {
        return vec![heading];
    }
    vec![heading, Words::of(Role::Muted, width::middle(image, cols).into_owned())]
}

/// What it does now, or why it has no numbers; of one that has nothing else all that is to be known of it.
fn standing(glyphs: &Glyphs, arm: &Arm<'_>, cols: usize, most: usize) -> Vec<Words> {
    match &arm.now {
        Some(now) => at_work(glyphs, now, cols),
        None => wrapped(arm.notes.iter().filter(|said| comes_first(arm, said)), cols, most),
    }
}

/// Whether a note stands before phases and figures.
fn comes_first(arm: &Arm<'_>, said: &Said) -> bool {
    arm.now.is_none() && (arm.phases.is_empty() || said.mood == Mood::Bad)
}

/// The phase with its clock, and its bar.
fn at_work(glyphs: &Glyphs, now: &Now<'_>, cols: usize) -> Vec<Words> {
    let mut lines: Vec<Words> = Vec::new();
    for words in wrapped(now.says.iter(), cols, NOTES) {
        match lines.last_mut() {
            // both in one row where that is wide enough
            Some(last) if last.width() + 3 + words.width() <= cols => {
                *last = std::mem::take(last).add(Role::Muted, format!(" {} ", glyphs.dot)).join(words);
            }
            _ => lines.push(words),
        }
    }
    lines.extend(now.row.iter().flat_map(|row| bar(glyphs, row, cols)));
    lines
}

/// `━━━━━━────  340/1000 · 41.2/s · 16 s left`; what does not fit beside the bar stands below it.
fn bar(glyphs: &Glyphs, row: &Row<'_>, cols: usize) -> Vec<Words> {
    let says = row.figures.join(&format!(" {} ", glyphs.dot));
    let label = if row.label.is_empty() { None } else { Some(Words::of(Role::Muted, width::clip(row.label, cols).into_owned())) };
    let Some(share) = row.share else {
        let words = Words::of(Role::Text, says);
        return label.into_iter().chain([words]).collect();
    };
    let is_beside = width::width(&says) + 2 + 10 <= cols;
    let room = if is_beside { (cols - width::width(&says) - 2).min(48) } else { cols };
    let words = shares(glyphs, &[(share, Role::Live)], room);
    let lines = if is_beside {
        vec![words.add(Role::Strong, format!("  {says}"))]
    } else {
        vec![words, Words::of(Role::Strong, width::clip(&says, cols).into_owned())]
    };
    // a wide row says what it is about
    lines.into_iter().chain(label.filter(|_| cols >= 36)).collect()
}

/// Shares of so many columns, one after another, on a track.
fn shares(glyphs: &Glyphs, shares: &[(f64, Role)], cols: usize) -> Words {
    let (mut words, mut sum, mut at) = (Words::new(), 0.0, 0);
    for (share, role) in shares.iter().filter(|(share, _)| *share > 0.0) {
        sum += share;
        let end = columns(sum, cols).max(at + 1).min(cols);
        words = words.add(*role, glyphs.bar_of(*role).repeat(end - at));
        at = end;
    }
    words.add(Role::Track, glyphs.track.repeat(cols - at))
}

/// A share of so many columns.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to the columns of a screen"
)]
fn columns(share: f64, cols: usize) -> usize {
    (cols as f64 * share.clamp(0.0, 1.0)).round() as usize
}

/// What else is to be known of it.
fn rest(arm: &Arm<'_>, cols: usize) -> Vec<Words> {
    wrapped(arm.notes.iter().filter(|said| !comes_first(arm, said)), cols, NOTES)
}

/// What it printed last.
fn tail(arm: &Arm<'_>, whose: &str, cols: usize) -> Option<Words> {
    let (from, line) = arm.tail?;
    let label = format!("{whose}{from}  ");
    let room = cols.saturating_sub(label.len());
    Some(Words::of(Role::Muted, label).add(Role::Text, width::clip(line, room).into_owned()))
}

/// Sentences over so many rows at most, all together.
fn wrapped<'a>(notes: impl Iterator<Item = &'a Said>, cols: usize, most: usize) -> Vec<Words> {
    let rows = |said: &'a Said| {
        let mood: Mood = said.mood;
        width::wrap(&said.text, cols, most.min(6)).into_iter().map(move |line| Words::of(role(mood), line))
    };
    notes.flat_map(rows).take(most).collect()
}

/// Columns of each of so many.
const fn column(arms: usize, cols: usize) -> usize {
    let arms = if arms == 0 { 1 } else { arms };
    cols.saturating_sub(GAP * (arms - 1)) / arms
}

/// Blocks side by side, each of so many columns.
fn joined(blocks: Vec<Vec<Words>>, each: usize) -> Vec<Words> {
    let rows = blocks.iter().map(Vec::len).max().unwrap_or(0);
    let mut blocks: Vec<_> = blocks.into_iter().map(Vec::into_iter).collect();
    let mut row = || {
        let (mut line, mut edge) = (Words::new(), 0);
        for (at, block) in blocks.iter_mut().enumerate() {
            let Some(words) = block.next() else { continue };
            let begin = at * (each + GAP);
            line = line.add(Role::Text, " ".repeat(begin - edge));
            edge = begin + words.width();
            line = line.join(words);
        }
        line
    };
    (0..rows).map(|_| row()).collect()
}

/// Whether its time is one in which something is measured.
const fn counts(phase: ArmPhase) -> bool {
    matches!(phase, ArmPhase::Bench)
}
