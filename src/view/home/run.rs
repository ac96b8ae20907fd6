//! A run of the list: how it stands, what came of it, and what can be done with it.

use std::path::Path;

use jiff::Timestamp;

use super::{Detail, field, told};
use crate::text::{self, duration, width};
use crate::theme::{Glyphs, Role};
use crate::ui::home::{Home, Place, RunCard, Seen, Summary, told as sentences};
use crate::ui::now::ratio;
use crate::ui::words::moment;
use crate::view::canvas::{Words, role};
use crate::view::header::{COUNTED, state_role};

/// The run.
pub(super) fn detail(home: &Home, run: &RunCard, cols: usize, glyphs: &Glyphs, now: Timestamp) -> Detail {
    let id = Words::of(Role::Strong, run.id.0.as_str());
    let summary = match &run.seen {
        Seen::Unread => {
            return Detail { title: (id, Words::new()), acts: vec![Words::of(Role::Muted, "reading its ledger…")], lines: Vec::new() };
        }
        Seen::Broken(says) => {
            let mut lines = Vec::new();
            told(&mut lines, Role::Text, says, cols);
            let acts = vec![Words::of(Role::Bad, "it can't be read")];
            return Detail { title: (id, Words::of(Role::Bad, "broken")), acts, lines };
        }
        Seen::Read(summary) => summary,
    };
    Detail {
        title: (id, Words::of(state_role(summary.state), summary.state.name())),
        acts: vec![acts(summary)],
        lines: lines(home, (summary, run.left.as_deref()), cols, glyphs, now),
    }
}

fn acts(summary: &Summary) -> Words {
    let open = |words: Words| words.add(Role::Accent, "Enter").add(Role::Text, " opens it");
    if summary.is_interrupted() { open(Words::of(Role::Accent, "c").add(Role::Text, " continues it   ")) } else { open(Words::new()) }
}

fn lines(home: &Home, (summary, left): (&Summary, Option<&str>), cols: usize, glyphs: &Glyphs, now: Timestamp) -> Vec<Words> {
    let mut lines = Vec::new();
    if let Some(said) = sentences::stands(summary) {
        told(&mut lines, role(said.mood), &said.text, cols);
        lines.push(Words::new());
    }
    if let Some(left) = left {
        told(&mut lines, Role::Warn, left, cols);
        lines.push(Words::new());
    }
    lines.push(bar(summary, cols, glyphs));
    told_counts(&mut lines, summary, cols);
    lines.push(Words::new());
    if !summary.failures.is_empty() {
        lines.push(super::section(cols, "what failed", "", glyphs.rule));
        let widest = summary.failures.iter().map(|(class, _)| width::width(class.name())).max().unwrap_or_default();
        for (class, n) in &summary.failures {
            let name = width::fit(class.name(), widest);
            lines.push(Words::of(Role::Bad, format!("{n:>4}  ")).add(Role::Text, name));
        }
        lines.push(Words::new());
    }
    field(&mut lines, "agent", Role::Text, &format!("{} {}", summary.agent, summary.model), cols);
    let chosen = summary.selection.as_ref().map_or_else(String::new, |words| format!(", {words}"));
    field(&mut lines, "plan", Role::Text, &format!("{}{chosen}", from_root(home, &summary.plan)), cols);
    if let Some(at) = summary.created {
        field(&mut lines, "begun", Role::Text, &moment(at, now, &home.zone), cols);
    }
    match (summary.finished, summary.last) {
        (Some(at), _) => field(&mut lines, "ended", Role::Text, &moment(at, now, &home.zone), cols),
        (None, Some(at)) if summary.is_interrupted() => {
            field(&mut lines, "last seen", Role::Text, &moment(at, now, &home.zone), cols);
        }
        _ => {}
    }
    if summary.worked_ms > 0 {
        field(&mut lines, "worked", Role::Text, &duration::short(summary.worked_ms), cols);
    }
    let tokens = if summary.tokens > 0 { text::tokens(summary.tokens) } else { "none were told".to_owned() };
    field(&mut lines, "tokens", if summary.tokens > 0 { Role::Text } else { Role::Muted }, &tokens, cols);
    lines
}

/// A path as seen from the checkout.
fn from_root<'a>(home: &Home, path: &'a str) -> &'a str {
    let Place::Checkout(root) = &home.place else { return path };
    Path::new(path).strip_prefix(root).ok().and_then(Path::to_str).unwrap_or(path)
}

/// `2 done  3 failed  of 5`, over as many lines as it needs.
fn told_counts(lines: &mut Vec<Words>, summary: &Summary, cols: usize) {
    let mut line = Words::new();
    let doubt = |status: &str| match summary.without_agent {
        n if n > 0 && status == "done" => format!(" ({n} agent failed)"),
        _ => String::new(),
    };
    let pieces = summary.counts.iter().map(|(status, n)| (role_of(status), format!("{n} {status}{}", doubt(status))));
    // that one got stuck is no state of its own: the counts before it sum up
    let stuck = (summary.stuck > 0).then(|| (Role::Bad, format!("({} got stuck)", summary.stuck)));
    for (role, text) in pieces.chain([(Role::Muted, format!("of {}", summary.items))]).chain(stuck) {
        if line.width() > 0 && line.width() + 2 + width::width(&text) > cols {
            lines.push(std::mem::take(&mut line));
        }
        if line.width() > 0 {
            line = line.add(Role::Text, "  ");
        }
        line = line.add(role, text);
    }
    lines.push(line);
}

fn role_of(status: &str) -> Role {
    match status {
        "done" => Role::Good,
        "waiting" | "queued" => Role::Muted,
        status => COUNTED.iter().find(|(known, _)| *known == status).map_or(Role::Text, |(_, role)| *role),
    }
}

/// A bar of the items by status; what is still to come is track.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns of a terminal")]
fn bar(summary: &Summary, cols: usize, glyphs: &Glyphs) -> Words {
    let cols = cols.min(48);
    let to_come = ["waiting", "queued"];
    let (mut words, mut sum, mut drawn) = (Words::new(), 0, 0);
    for (status, n) in summary.counts.iter().filter(|(status, _)| !to_come.contains(status)) {
        sum += n;
        let end = ((ratio(sum as u64, summary.items as u64) * cols as f64).round() as usize).clamp((drawn + 1).min(cols), cols);
        let role = role_of(status);
        words = words.add(role, glyphs.bar_of(role).repeat(end - drawn));
        drawn = end;
    }
    words.add(Role::Track, glyphs.track.repeat(cols - drawn))
}
