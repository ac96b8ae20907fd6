//! What the machine does, in sentences and figures: on its own screen, and in short beside the item that runs.

use jiff::Timestamp;

use super::{Engine, Forecast, LaterPulls, Machine, NextPull, Prune, Pruner, Pull};
use crate::domain::{Bar, ImagePull, LayerPull, LayerState, Need, PruneEnd, PruneScope, PullPhase, Shortage};
use crate::text::{self, bytes, duration};
use crate::ui::words::between;
use crate::ui::{Mood, Said};

/// Silence of a pull that is worth a word, in ms.
const QUIET: u64 = 20_000;

/// Workers write several times a second: when nothing came for so long, in ms, what they wrote is old.
const STALE: u64 = 4_000;

/// File systems are looked at every second, the engine every five: three of that, in ms.
pub const OLD_DISKS: u64 = 3_000;
/// The same of the engine.
pub const OLD_ENGINE: u64 = 15_000;

/// A pull or a prune in figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// What it is about.
    pub name: String,
    /// How much of it is done; `None` where that is not known.
    pub share: Option<f64>,
    /// Its figures, the most important first.
    pub figures: Vec<String>,
    /// When it is ended, where it may not take as long as it takes.
    pub timeout: Option<String>,
    /// What else is worth knowing about it, in a sentence.
    pub note: Option<String>,
    /// What happens now, or what is wrong.
    pub now: Option<Said>,
    /// For how long nothing was heard of it, in ms, where that is too long.
    pub unheard: Option<u64>,
}

/// The pull.
pub fn pull(pull: &Pull, now: Timestamp) -> Told {
    let progress = &pull.progress;
    let age = between(progress.at, now);
    let timeout = progress.left_ms.map(|left| format!("times out in {}", duration::clock(left.saturating_sub(age))));
    let unheard = (age >= STALE).then_some(age);
    let Some(image) = progress.live().or_else(|| progress.images.iter().rev().find(|image| image.phase != PullPhase::Waiting)) else {
        return Told { timeout, unheard, ..Told::default() };
    };
    let mut figures: Vec<String> = image.bar.map(percent).into_iter().collect();
    figures.extend(image.download.filter(|_| !image.phase.is_over()).map(|bar| format!("{} downloaded", of(bar))));
    figures.extend(image.rate.filter(|rate| *rate > 0 && unheard.is_none()).map(|rate| format!("{}/s", bytes(rate))));
    figures
        .extend(image.eta_ms.filter(|_| !image.phase.is_over()).map(|left| format!("{} left", duration::clock(left.saturating_sub(age)))));
    let timeout = timeout.filter(|_| !image.phase.is_over());
    let note = image.unforecast.as_ref().filter(|_| image.bar.is_none()).map(|why| format!("how large it is, is not known: {why}"));
    let share = image.bar.map(share);
    Told { name: image.reference.clone(), share, figures, timeout, note, now: pull_now(pull, image, now), unheard }
}

/// `image 2 of 3`, and which try it is.
pub fn place(pull: &Pull) -> String {
    let images = &pull.progress.images;
    let live = pull.progress.live();
    let at = images.iter().position(|image| Some(image) == live).map_or(images.len(), |at| at + 1);
    let mut says = if images.len() > 1 { format!("image {at} of {}", images.len()) } else { String::new() };
    if let Some(image) = live.filter(|image| image.attempt > 1) {
        says = format!("{says}{}try {} of {}", if says.is_empty() { "" } else { " · " }, image.attempt, image.attempts);
    }
    says
}

/// What a pull does now, or what is wrong with it.
fn pull_now(pull: &Pull, image: &ImagePull, now: Timestamp) -> Option<Said> {
    let tried = |at: u32| format!("try {at} of {}", image.attempts);
    Some(match &image.phase {
        PullPhase::Retrying { at, why } => {
            Said::new(Mood::Warn, format!("{why}; {} in {}", tried(image.attempt + 1), duration::clock(between(now, *at))))
        }
        PullPhase::Failed { why, .. } => Said::new(Mood::Bad, format!("failed: {why}")),
        PullPhase::Waiting => Said::new(Mood::Quiet, "waits"),
        PullPhase::Asking => Said::new(Mood::Live, "asking the registry whether it is there, and how large"),
        PullPhase::Present => Said::new(Mood::Good, "the engine has it already"),
        PullPhase::Spared => Said::new(Mood::Good, "not pulled: what is measured in it is known"),
        PullPhase::Done => Said::new(Mood::Good, "it is here"),
        PullPhase::Pulling => {
            let quiet = image.quiet_ms.saturating_add(between(pull.progress.at, now));
            let copies = image.layers.iter().any(|layer| matches!(layer.state, LayerState::CopyingParent { .. }));
            if image.stalled || (quiet >= QUIET && !copies) {
                return Some(Said::new(Mood::Warn, stalled(pull, quiet)));
            }
            Said::new(Mood::Live, layers_now(image)?)
        }
    })
}

/// `nothing moved for 2:05, tries again at 2:30`.
fn stalled(pull: &Pull, quiet: u64) -> String {
    let again = match pull.stall_ms {
        Some(stall) if quiet < stall => format!(", tries again at {}", duration::clock(stall)),
        _ => ", tries again".to_owned(),
    };
    format!("nothing moved for {}{again}", duration::clock(quiet))
}

/// What happens to the layers.
fn layers_now(image: &ImagePull) -> Option<String> {
    let layers = &image.layers;
    let at = |found: &LayerPull| layers.iter().position(|layer| layer == found).map_or(0, |at| at + 1);
    let place = |layer: &LayerPull| format!("layer {} of {}", at(layer), layers.len());
    let extracted = layers.iter().find_map(|layer| match layer.state {
        LayerState::CopyingParent { copied, total } => {
            let so_far = total.map_or_else(|| bytes(copied), |total| of(Bar { done: copied, total }));
            Some(format!("copying parent layer {so_far} ({})", place(layer)))
        }
        LayerState::Extracting { .. } => Some(format!("extracting {}", place(layer))),
        _ => None,
    });
    let coming = layers.iter().filter(|layer| matches!(layer.state, LayerState::Downloading { .. })).count();
    let coming = (coming > 0).then(|| format!("downloading {}", text::count(coming, "layer")));
    match (extracted, coming) {
        (Some(extracted), Some(coming)) => Some(format!("{extracted}, {coming}")),
        (found, None) | (None, found) => found,
    }
}

/// What becomes of one layer, and how much of it is done.
pub fn layer(layer: &LayerPull) -> (Mood, String, Option<f64>) {
    let part = |done: u64, total: Option<u64>| total.map(|total| Bar { done, total });
    let with = |word: &str, bar: Option<Bar>| bar.map_or_else(|| word.to_owned(), |bar| format!("{word} {}", of(bar)));
    match layer.state {
        LayerState::Present => (Mood::Quiet, "already here".to_owned(), None),
        LayerState::Waiting => (Mood::Quiet, "waits".to_owned(), None),
        LayerState::Downloading { current } => {
            let bar = part(current, layer.compressed);
            (Mood::Live, with("downloading", bar), bar.map(share))
        }
        LayerState::Downloaded => (Mood::Calm, "downloaded".to_owned(), None),
        LayerState::CopyingParent { copied, total } => {
            let bar = part(copied, total);
            (
                Mood::Live,
                bar.map_or_else(|| format!("copying parent {}", bytes(copied)), |bar| format!("copying parent {}", of(bar))),
                bar.map(share),
            )
        }
        LayerState::Extracting { current } => {
            let bar = current.and_then(|current| part(current, layer.compressed));
            (Mood::Live, with("extracting", bar), bar.map(share))
        }
        LayerState::Done => (Mood::Good, "done".to_owned(), None),
    }
}

/// The prune.
pub fn prune(prune: &Prune, now: Timestamp) -> Told {
    let progress = &prune.progress;
    let (all, promised) = (progress.plan.going().count(), progress.plan.promised());
    let age = between(progress.at, now);
    let is_over = progress.end.is_some();
    let mut figures = vec![format!("{} of {all}", progress.done)];
    let said = if promised > 0 { of(Bar { done: progress.promised, total: promised }) } else { bytes(progress.promised) };
    match progress.freed {
        Some(freed) => figures.extend([format!("{} freed", bytes(freed)), format!("{said} promised")]),
        None => figures.push(format!("{said} promised")),
    }
    if !is_over && prune.is_live {
        figures.extend(progress.rate.map(|rate| format!("{}/s", bytes(rate))));
        figures.extend(progress.eta_ms.map(|left| format!("{} left", duration::clock(left.saturating_sub(age)))));
    }
    // a large image may take long to go: what counts is what was promised, where that is known
    let share = if promised > 0 {
        share(Bar { done: progress.promised, total: promised })
    } else {
        share(Bar { done: progress.done as u64, total: all as u64 })
    };
    let unheard = (!is_over && prune.is_live && age >= STALE).then_some(age);
    let note = progress.cut_off.clone();
    Told { name: scope(progress.plan.scope).to_owned(), share: Some(share), figures, timeout: None, note, now: prune_now(prune), unheard }
}

fn prune_now(prune: &Prune) -> Option<Said> {
    let progress = &prune.progress;
    Some(match &progress.end {
        Some(PruneEnd::Done) if progress.refused.is_empty() => Said::new(Mood::Good, "done"),
        Some(PruneEnd::Done) => {
            Said::new(Mood::Warn, format!("done; {} could not be removed", text::count(progress.refused.len(), "thing")))
        }
        Some(PruneEnd::Stopped) => Said::new(Mood::Warn, "stopped between two; what is gone is gone"),
        Some(PruneEnd::Failed { why, .. }) => Said::new(Mood::Bad, format!("failed: {why}")),
        None if !prune.is_live => Said::new(Mood::Warn, "cut off: nobody works on it any more; D looks what is left"),
        None => match (&progress.waits, &progress.now) {
            (Some(waits), _) => Said::new(Mood::Warn, format!("waits: {waits}")),
            (None, Some(now)) => Said::new(Mood::Live, format!("removing {now}")),
            (None, None) => return None,
        },
    })
}

/// Which prune it is.
pub const fn scope(scope: PruneScope) -> &'static str {
    match scope {
        PruneScope::Run => "images of our runs",
        PruneScope::All => "everything unused",
    }
}

/// Who prunes, and how it is stopped.
pub fn pruner(prune: &Prune) -> (String, &'static str) {
    match &prune.by {
        Pruner::Stage(attempt) => (format!("clean stage of {}", attempt.item), "x stops it between two"),
        Pruner::Screen(_) => ("begun at a screen".to_owned(), "Esc stops it between two"),
        Pruner::Command(_) => ("isobench-tui prune".to_owned(), "Ctrl-C there stops it"),
    }
}

/// What the next pulls need, held against what is free.
pub fn forecast(machine: &Machine) -> Vec<Said> {
    let Forecast { next, later } = &machine.forecast;
    let free = machine.engine_disk().map(|disk| disk.free);
    let first = next.as_ref().map(|next| next_pull(machine, next, free));
    first.into_iter().chain(later.as_ref().filter(|later| later.images > 0).map(|later| later_pulls(next.as_ref(), later, free))).collect()
}

fn next_pull(machine: &Machine, next: &NextPull, free: Option<u64>) -> Said {
    let Some(need) = next.need else {
        let which = if is_coming(machine, next) { "this pull" } else { "the next pull" };
        let says = format!("{which}: {}, size not known yet", text::count(next.missing, "image"));
        return Said::new(Mood::Quiet, says);
    };
    let about = if need.is_estimate { "about " } else { "" };
    let (stays, most) = (bytes(need.stays), bytes(worst(need)));
    let peak = if most == stays { String::new() } else { format!(" (peak {most})") };
    let which = if is_coming(machine, next) { "this pull" } else { "the next pull" };
    let needs = format!("{which} needs {about}{stays}{peak}");
    // a part of it lies there by now
    if is_coming(machine, next) {
        return Said::new(Mood::Calm, needs);
    }
    let Some(free) = free else { return Said::new(Mood::Calm, needs) };
    match short(machine) {
        Some(shortage) => Said::new(Mood::Bad, format!("the next pull does not fit: {}", shortage_says(shortage, about))),
        None => Said::new(Mood::Calm, format!("{needs}: fits, {} stay free", bytes(free.saturating_sub(need.stays)))),
    }
}

/// What is missing for the next pull.
pub fn short(machine: &Machine) -> Option<Shortage> {
    let next = machine.forecast.next.as_ref().filter(|next| !is_coming(machine, next))?;
    let needs = worst(next.need?);
    let free = machine.engine_disk()?.free;
    (free < needs).then_some(Shortage { needs, free, prune_would_free: machine.here().and_then(|here| here.prune_frees) })
}

/// Whether its images come already: what they need is then no more held against what is free.
fn is_coming(machine: &Machine, next: &NextPull) -> bool {
    machine.pull.as_ref().is_some_and(|pull| pull.attempt.item == next.item)
}

/// At the worst moment.
fn worst(need: Need) -> u64 {
    need.peak.max(need.stays)
}

/// `needs 16.7 GB, 12.1 GB free, prune would free 9.8 GB`.
fn shortage_says(Shortage { needs, free, prune_would_free }: Shortage, about: &str) -> String {
    let prune = prune_would_free.map(|would| format!(", prune would free {}", bytes(would))).unwrap_or_default();
    format!("needs {about}{}, {} free{prune}", bytes(needs), bytes(free))
}

fn later_pulls(next: Option<&NextPull>, later: &LaterPulls, free: Option<u64>) -> Said {
    let LaterPulls { images, unknown, stays, is_estimate } = *later;
    let images = text::count(images, "image");
    if unknown == later.images {
        return Said::new(Mood::Quiet, format!("the rest: {images}, sizes not known yet"));
    }
    let about = if is_estimate || unknown > 0 { "about " } else { "" };
    let but = if unknown > 0 { format!(" ({unknown} of unknown size)") } else { String::new() };
    let left = free.map(|free| free.saturating_sub(next.and_then(|next| next.need).map_or(0, |need| need.stays)));
    let fits = match left {
        Some(left) if left >= stays => ": fits",
        Some(_) => ": too much at once",
        None => "",
    };
    Said::new(Mood::Quiet, format!("the rest: {images}, {about}{}{but}{fits}", bytes(stays)))
}

/// What everybody must know: the engine's disk is short for the next pull.
pub fn notice(machine: &Machine) -> Option<Said> {
    let shortage = short(machine)?;
    let next = machine.forecast.next.as_ref()?;
    let way = if shortage.prune_would_free.is_some_and(|would| would > 0) { "; 4 shows the disk, D prunes" } else { "; 4 shows the disk" };
    Some(Said::new(Mood::Warn, format!("no room for the images of {}: {}{way}", next.item, shortage_says(shortage, ""))))
}

/// Why the engine can't be asked, and what to do: two sentences. Nothing is wrong where no arm needs it.
pub fn away(machine: &Machine) -> Option<[Said; 2]> {
    let (is, todo_is) = if machine.arms.needs_docker() { (Mood::Bad, Mood::Calm) } else { (Mood::Quiet, Mood::Quiet) };
    match &machine.engine.as_ref()?.what {
        Engine::Here(_) => None,
        Engine::Away { says, todo } => Some([Said::new(is, says.as_str()), Said::new(todo_is, todo.as_str())]),
    }
}

/// The lines beside the item that runs: what is pulled or removed, and the disk. Empty while neither goes on.
pub fn beside(machine: &Machine, now: Timestamp) -> Vec<(&'static str, Told)> {
    let pull = machine.pull.as_ref().map(|found| ("pull", pull(found, now)));
    let prune = machine.live_prune().map(|found| ("prune", prune(found, now)));
    pull.into_iter().chain(prune).collect()
}

/// `docker disk  395 GB free of 1.0 TB`.
pub fn disk_line(machine: &Machine) -> Option<Said> {
    let disk = machine.engine_disk()?;
    let mood = if short(machine).is_some() { Mood::Bad } else { Mood::Quiet };
    Some(Said::new(mood, format!("disk  {} free of {}", bytes(disk.free), bytes(disk.total))))
}

/// Facts beside each other, as many in a row as fit.
pub fn rows(facts: &[String], cols: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for fact in facts {
        match rows.last_mut() {
            Some(row) if text::width::width(row) + 2 + text::width::width(fact) <= cols => {
                row.push_str("  ");
                row.push_str(fact);
            }
            _ => rows.push(fact.clone()),
        }
    }
    rows
}

/// `43 %`, and never 100 before the end.
fn percent(bar: Bar) -> String {
    let whole = if bar.total == 0 { 100 } else { u128::from(bar.done) * 100 / u128::from(bar.total) };
    format!("{} %", whole.min(100))
}

/// The share that is done.
#[expect(clippy::cast_precision_loss, reason = "a bar has some hundred columns")]
pub fn share(bar: Bar) -> f64 {
    if bar.total == 0 { 1.0 } else { bar.done as f64 / bar.total as f64 }
}

/// `5.1 of 12.3 GB`, `812 MB of 12.3 GB`.
pub fn of(Bar { done, total }: Bar) -> String {
    let (done, total) = (bytes(done.min(total)), bytes(total));
    match (done.split_once(' '), total.split_once(' ')) {
        (Some((figure, unit)), Some((_, other))) if unit == other || figure == "0" => format!("{figure} of {total}"),
        _ => format!("{done} of {total}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sizes_share_their_unit() {
        let of = |done, total| of(Bar { done, total });
        assert_eq!(of(5_100_000_000, 12_300_000_000), "5.1 of 12.3 GB");
        assert_eq!(of(812_000_000, 12_300_000_000), "812 MB of 12.3 GB");
        assert_eq!(of(0, 12_300_000_000), "0 of 12.3 GB");
    }

    #[test]
    fn a_bar_is_full_only_at_its_end() {
        let percent = |done, total| percent(Bar { done, total });
        assert_eq!([percent(0, 10), percent(9_999, 10_000), percent(10, 10), percent(0, 0)], ["0 %", "99 %", "100 %", "100 %"]);
    }

    #[test]
    fn facts_flow_into_rows() {
        let facts = ["43 %", "5.1 of 12.3 GB", "84.0 MB/s"].map(str::to_owned);
        assert_eq!(rows(&facts, 20), ["43 %  5.1 of 12.3 GB", "84.0 MB/s"].map(str::to_owned));
    }
}
