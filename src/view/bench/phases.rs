//! The phases of arms: rows on one scale of time, or a bar with words.

use super::{columns, counts, shares};
use crate::domain::{ArmPhase, PhaseSpan};
use crate::text::{arm, duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::Mood;
use crate::ui::bench::Arm;
use crate::view::canvas::Words;

/// Columns of a phase's name, and of its time.
const NAME: usize = 8;
/// See [`NAME`].
const TIME: usize = 7;

/// A row a phase, with where in the time of the longest arm it was.
pub(super) fn rows(glyphs: &Glyphs, of: &Arm<'_>, phases: &[ArmPhase], longest: u64, cols: usize) -> Vec<Words> {
    // one that did not begin has none
    if of.phases.is_empty() {
        return Vec::new();
    }
    let room = cols.saturating_sub(NAME + TIME + 1);
    let row = |phase: &ArmPhase| {
        let name = format!("{:<NAME$}", arm::phase(*phase));
        let Some(span) = of.phases.iter().find(|span| span.phase == *phase) else {
            let is_over = !of.is_live || of.phases.last().is_some_and(|last| last.phase > *phase);
            // one whose turn has not come yet has its name alone
            return Words::of(Role::Faint, if is_over { format!("{name}{:>TIME$}", "-") } else { name });
        };
        let ms = span.ms.unwrap_or(0);
        let (role, strength) = (role_of(of, span), if is_now(of, span) { Role::Strong } else { Role::Text });
        let (from, to) = (columns(share(span.from_ms, longest), room), columns(share(span.from_ms.saturating_add(ms), longest), room));
        // what took no time at all still has its place
        let (from, to) = if to > from { (from, to) } else { (from.min(room.saturating_sub(1)), (from + 1).min(room)) };
        let label = if is_now(of, span) { Role::Live } else { Role::Muted };
        Words::of(label, name)
            .add(strength, format!("{:>TIME$} ", duration::short(ms)))
            .add(Role::Faint, " ".repeat(from))
            .add(role, glyphs.bar_of(role).repeat(to.saturating_sub(from)))
    };
    phases.iter().map(row).collect()
}

/// The same as one bar, and what it is made of in words.
pub(super) fn short(glyphs: &Glyphs, of: &Arm<'_>, longest: u64, cols: usize) -> Vec<Words> {
    if of.phases.is_empty() {
        return Vec::new();
    }
    let parts: Vec<(f64, Role)> = of.phases.iter().map(|span| (share(span.ms.unwrap_or(0), longest), role_of(of, span))).collect();
    let mut lines = vec![shares(glyphs, &parts, cols)];
    let (mut line, between) = (Words::new(), format!(" {} ", glyphs.dot));
    for span in &of.phases {
        let word = Words::of(if is_now(of, span) { Role::Live } else { Role::Muted }, format!("{} ", arm::phase(span.phase)))
            .add(if is_now(of, span) { Role::Strong } else { Role::Text }, duration::short(span.ms.unwrap_or(0)));
        if line.width() > 0 && line.width() + width::width(&between) + word.width() > cols {
            lines.push(std::mem::take(&mut line));
        }
        line = if line.width() == 0 { word } else { line.add(Role::Faint, between.clone()).join(word) };
    }
    lines.push(line);
    lines
}

/// Whether it goes on.
fn is_now(of: &Arm<'_>, span: &PhaseSpan) -> bool {
    of.now.is_some() && of.phases.last() == Some(span)
}

/// Where it failed, what goes on, what was measured, and what only led there.
fn role_of(of: &Arm<'_>, span: &PhaseSpan) -> Role {
    let is_last = of.phases.iter().rev().find(|span| span.phase != ArmPhase::Stop) == Some(span);
    match of.stands.mood {
        Mood::Bad if is_last => Role::Bad,
        _ if is_now(of, span) => Role::Live,
        _ if counts(span.phase) => Role::Accent,
        _ => Role::Muted,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bar has a hundred columns, not 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
