//! A plan of the list: what would run it, whether it can, what would happen. And the demo.

use super::{Detail, LABEL, field, section, told};
use crate::domain::{Check, Row};
use crate::text::{count, width};
use crate::theme::{Glyphs, Role};
use crate::ui::home::card::BlockedItems;
use crate::ui::home::{AgentCard, Home, Looked, Place, PlanCard, told as sentences};
use crate::ui::words::sentence_case;
use crate::view::canvas::Words;

/// Columns of a check's word, and of what it is about.
const CHECK: usize = 9;
const ABOUT: usize = 10;

/// Ids of blocked items that are named.
const MOST: usize = 12;

/// The plan.
pub(super) fn detail(home: &Home, plan: &PlanCard, cols: usize, glyphs: &Glyphs) -> Detail {
    let name = Words::of(Role::Strong, plan.name.as_str());
    let size = match &plan.size {
        Ok(size) => size,
        Err(says) => {
            let (mut acts, mut lines) = (vec![Words::of(Role::Bad, "it can't be read")], Vec::new());
            acts.push(Words::of(Role::Muted, "mend it, then ").add(Role::Accent, "r").add(Role::Muted, " looks again"));
            told(&mut lines, Role::Text, says, cols);
            return Detail { title: (name, Words::new()), acts, lines };
        }
    };
    let right = Words::of(Role::Muted, format!("{} of {}", count(size.items, "item"), size.task));
    let mut lines = Vec::new();
    agent(&mut lines, home, cols, glyphs);
    let looked = home.look();
    if let Some(looked) = looked.filter(|looked| looked.refusal.is_some()) {
        // what keeps it back comes before what it would be run with
        lines.push(Words::new());
        table(&mut lines, looked, cols, glyphs);
        lines.push(Words::new());
        surroundings(&mut lines, home, &size.repo, cols);
        field(&mut lines, "time", Role::Text, &sentences::length(looked), cols);
        return Detail { title: (name, right), acts: acts(home, Some(looked), cols), lines };
    }
    surroundings(&mut lines, home, &size.repo, cols);
    if let Some(looked) = looked {
        field(&mut lines, "time", Role::Text, &sentences::length(looked), cols);
        lines.push(Words::new());
        happens(&mut lines, looked, cols, glyphs);
        lines.push(Words::new());
        table(&mut lines, looked, cols, glyphs);
    } else {
        lines.push(Words::new());
        lines.push(section(cols, "preflight", "looking…", glyphs.rule));
        told(&mut lines, Role::Muted, "plan, commits, agent, keys, folders, disks: nothing is changed by looking", cols);
    }
    Detail { title: (name, right), acts: acts(home, looked, cols), lines }
}

/// What to do next.
fn acts(home: &Home, looked: Option<&Looked>, cols: usize) -> Vec<Words> {
    let Some(looked) = looked else { return vec![Words::of(Role::Live, "looking whether it can run…")] };
    let mut lines = Vec::new();
    if let Some(refusal) = sentences::refusal(looked) {
        lines.extend(width::wrap(&refusal, cols, 3).into_iter().map(|line| Words::of(Role::Bad, line)));
        lines.push(Words::of(Role::Accent, "r").add(Role::Text, " looks again, once that is mended"));
        return lines;
    }
    let enter = Words::of(Role::Accent, "Enter");
    if let Some((run, summary)) = home.unfinished(looked) {
        let (state, verb) = match summary.runner {
            Some(_) => ("Running already", " opens it, or starts another"),
            None => ("Unfinished", " continues it, or starts another"),
        };
        let says = format!("{state}: {} of {} are over in run {}.", summary.over, count(summary.items, "item"), run.id);
        told(&mut lines, Role::Warn, &says, cols);
        lines.push(enter.add(Role::Text, verb));
        return lines;
    }
    let of = if looked.left_out() > 0 { format!(" of {}", looked.items) } else { String::new() };
    let what = if looked.runnable == 1 { format!("1 item{of}") } else { format!("{}{of} items", looked.runnable) };
    lines.push(enter.add(Role::Text, format!(" starts {what}")).add(Role::Muted, format!(", {}", looked.length)));
    lines
}

/// The agent that would work, with the others.
fn agent(lines: &mut Vec<Words>, home: &Home, cols: usize, glyphs: &Glyphs) {
    let Some(agent) = home.selected_agent() else {
        return field(lines, "agent", Role::Muted, "looking…", cols);
    };
    let of = |agent: &AgentCard| format!("{} {}", agent.name, agent.model);
    let mut words = Words::of(Role::Muted, width::fit("agent", LABEL)).add(Role::Strong, of(agent));
    words = words.add(Role::Muted, format!("  {}", agent.origin));
    lines.push(words);
    let others: Vec<String> = home.agents().iter().filter(|other| *other != agent).map(|other| other.name.clone()).collect();
    if !others.is_empty() {
        let text = format!("Tab {} {}", glyphs.arrow, others.join(&format!(" {} ", glyphs.dot)));
        field(lines, "", Role::Muted, &text, cols);
    }
}

/// What it is run with beside the agent.
fn surroundings(lines: &mut Vec<Words>, home: &Home, repo: &str, cols: usize) {
    let none = "none: the values of isobench-tui.toml and our defaults";
    match home.selected_agent().map(|agent| &agent.bench) {
        Some(Some(bench)) => field(lines, "bench", Role::Text, bench, cols),
        Some(None) => field(lines, "bench", Role::Muted, none, cols),
        None => {}
    }
    field(lines, "repo", Role::Text, repo, cols);
}

fn happens(lines: &mut Vec<Words>, looked: &Looked, cols: usize, glyphs: &Glyphs) {
    lines.push(section(cols, "what will happen", "", glyphs.rule));
    for says in sentences::will_happen(looked) {
        told(lines, Role::Text, &says, cols);
    }
}

/// Preflight's table.
fn table(lines: &mut Vec<Words>, looked: &Looked, cols: usize, glyphs: &Glyphs) {
    lines.push(section(cols, "preflight", &sentences::tally(looked), glyphs.rule));
    let (mut rows, own) = (sentences::table(looked), &looked.blocked);
    let first_ok = rows.iter().position(|row| row.check == Check::Ok).unwrap_or(rows.len());
    let well = rows.split_off(first_ok);
    for row in rows {
        table_row(lines, row, cols);
    }
    for blocked in own {
        blocked_row(lines, blocked, cols);
    }
    for row in well {
        table_row(lines, row, cols);
    }
}

/// `warning  keys      what was found` with the fix below.
fn table_row(lines: &mut Vec<Words>, row: &Row, cols: usize) {
    let role = match row.check {
        Check::Ok => Role::Good,
        Check::Warning => Role::Warn,
        Check::Blocked => Role::Bad,
    };
    let margin = margin(cols);
    let text = if row.check == Check::Ok { Role::Muted } else { Role::Text };
    let head = Words::of(role, width::fit(row.check.name(), CHECK)).add(Role::Muted, width::fit(row.about.name(), ABOUT));
    let room = cols.saturating_sub(margin).max(12);
    let mut says = width::wrap(&row.says, room, 12).into_iter();
    if margin == CHECK + ABOUT {
        lines.push(says.next().map_or_else(|| head.clone(), |first| head.clone().add(text, first)));
    } else {
        lines.push(head);
    }
    lines.extend(says.map(|line| Words::of(text, format!("{:margin$}{line}", ""))));
    let fix = row.fix.as_deref().map(|fix| width::wrap(fix, room.saturating_sub(2), 12)).unwrap_or_default();
    for (at, line) in fix.into_iter().enumerate() {
        let mark = if at == 0 { "> " } else { "  " };
        lines.push(Words::of(Role::Accent, format!("{:margin$}{mark}", "")).add(Role::Text, line));
    }
}

fn blocked_row(lines: &mut Vec<Words>, blocked: &BlockedItems, cols: usize) {
    let head = match blocked.items.as_slice() {
        [only] => only.clone(),
        items => count(items.len(), "item"),
    };
    lines.push(Words::of(Role::Bad, width::fit("blocked", CHECK)).add(Role::Text, head).add(Role::Muted, format!("  {}", blocked.class)));
    let room = cols.saturating_sub(CHECK).max(12);
    let mut texts = width::wrap(&blocked.why, room, 12);
    if blocked.items.len() > 1 {
        let mut ids: Vec<&str> = blocked.items.iter().take(MOST).map(String::as_str).collect();
        let more = format!("and {} more", blocked.items.len().saturating_sub(MOST));
        ids.extend((blocked.items.len() > MOST).then_some(more.as_str()));
        texts.extend(width::wrap(&ids.join(", "), room, 6));
    }
    lines.extend(texts.into_iter().map(|line| Words::of(Role::Text, format!("{:CHECK$}{line}", ""))));
}

/// Columns before the sentences: on a narrow screen they stand below their heads.
const fn margin(cols: usize) -> usize {
    if cols >= 56 { CHECK + ABOUT } else { 2 }
}

/// The demo.
pub(super) fn demo(home: &Home, cols: usize) -> Detail {
    let mut lines = Vec::new();
    let mut acts = Vec::new();
    if let Place::Nowhere(says) = &home.place {
        let says = says.split(": go there").next().unwrap_or(says);
        told(&mut acts, Role::Warn, "There is nothing of ISO-Bench here.", cols);
        told(&mut lines, Role::Text, &format!("{}.", sentence_case(says)), cols);
        told(&mut lines, Role::Text, "Go there, or name it: isobench-tui --root FOLDER.", cols);
        lines.push(Words::new());
    }
    if let (Place::Checkout(root), Some([])) = (&home.place, home.found.as_ref().map(|found| found.plans.as_slice())) {
        told(&mut acts, Role::Warn, &format!("There is no plan in {}.", root.join("state").display()), cols);
        let says =
            "ISO-Bench's `python -m bench.cli plan` writes one there; one that lies elsewhere is run by `isobench-tui run --plan FILE`.";
        told(&mut lines, Role::Text, says, cols);
        lines.push(Words::new());
    }
    acts.push(Words::of(Role::Accent, "Enter").add(Role::Text, " makes the demo and starts it"));
    let says = [
        "A small campaign of its own in a temporary folder: a git repository, six items, a scripted agent that does well, fails and gets \
         stuck, and benchmarks. Real git and real processes; no GPU, Docker, network or key is needed.",
        "It is kept: a bare `isobench-tui` finds it again where there is no checkout.",
    ];
    for says in says {
        told(&mut lines, Role::Text, says, cols);
    }
    Detail { title: (Words::of(Role::Strong, "demo"), Words::of(Role::Muted, "about 90 s")), acts, lines }
}
