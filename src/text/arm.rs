//! An arm in a container, in sentences.

use jiff::Timestamp;

use super::duration;
use crate::domain::{ArmPhase, ArmProgress, OutsidePause, ProgressRow};

/// The phase in the reader's words.
pub const fn phase(phase: ArmPhase) -> &'static str {
    match phase {
        ArmPhase::Warmup => "warm-up",
        other => other.name(),
    }
}

/// `weights 62 %, 12 s left`, `bench 340/1000, 41.2/s, KV 63 %`, `start 0:42, ends in 14:18 at the latest`: how far it is, as
/// told at a moment.
pub fn line(progress: &ArmProgress, now: Timestamp) -> String {
    let Some(span) = progress.phases.last() else { return "starts".to_owned() };
    let name = phase(span.phase);
    if let Some(since) = progress.paused {
        let outside = if progress.is_paused_outside() { " from outside" } else { "" };
        return format!("{name}, paused{outside} for {}", duration::clock(between(since, now)));
    }
    let mut parts: Vec<String> = progress.row.as_ref().map(|row| of_row(row, span.phase)).unwrap_or_default();
    if parts.is_empty() {
        parts.push(duration::clock(under_way(progress, now)));
        let limit = progress.deadline.filter(|_| span.phase < ArmPhase::Stop);
        parts.extend(limit.map(|at| format!("{} at most", duration::clock(between(now, at)))));
    } else {
        let age = between(progress.at, now);
        parts.extend(left(progress.row.as_ref(), age));
    }
    let kv = progress.figures.as_ref().and_then(|figures| figures.kv_pct).filter(|_| span.phase >= ArmPhase::Ready);
    parts.extend(kv.map(|kv| format!("KV {kv:.0} %")));
    format!("{name} {}", parts.join(", "))
}

/// `its container is paused from outside: …`, and once it goes on for how long it was: what whoever watches is told of pauses that nobody
/// of us asked for.
pub fn outside(progress: &ArmProgress) -> Option<String> {
    let OutsidePause { to, ms, .. } = progress.outside?;
    let id = progress.container.as_deref().unwrap_or("ID");
    if to.is_none() {
        let cost = if progress.measures() { ", and its numbers will prove nothing" } else { "" };
        return Some(format!("its container is paused from outside{cost}: `docker unpause {id}` lets it go on"));
    }
    let before = progress.before.map_or(0, |before| before.outside_ms);
    let cost = match progress.measures() {
        true if ms > before => ": its numbers prove nothing",
        true => " before it measured",
        false => "",
    };
    Some(format!("its container was paused from outside for {}{cost}", duration::short(ms)))
}

/// `bench 34 %`, `start`: the same in a few columns.
pub fn brief(progress: &ArmProgress) -> String {
    let name = progress.phase().map_or("starts", phase);
    let row = progress.row.as_ref().and_then(|row| Some((row.done, row.total.filter(|total| *total > 0)?)));
    row.map_or_else(|| name.to_owned(), |(done, total)| format!("{name} {} %", percent(done, total)))
}

/// Time in the phase under way, in ms.
pub fn under_way(progress: &ArmProgress, now: Timestamp) -> u64 {
    progress.phases.last().map_or(0, |span| between(progress.started, now).saturating_sub(span.from_ms))
}

/// What is done of a row: in percent where it is only a way to somewhere, in pieces where each one is a measurement; its rate.
pub fn of_row(row: &ProgressRow, phase: ArmPhase) -> Vec<String> {
    let done = match row.total {
        Some(total) if total > 0 && phase < ArmPhase::Ready => format!("{} %", percent(row.done, total)),
        Some(total) if total > 0 => format!("{}/{total}", row.done),
        _ => row.done.to_string(),
    };
    let rate = row.rate.filter(|rate| rate.is_finite() && *rate > 0.0 && phase >= ArmPhase::Ready);
    std::iter::once(done).chain(rate.map(self::rate)).collect()
}

fn percent(done: u64, total: u64) -> u128 {
    u128::from(done.min(total)) * 100 / u128::from(total.max(1))
}

/// `41.2/s`, and `18 s each` of what takes longer than a second.
pub fn rate(rate: f64) -> String {
    if rate >= 100.0 {
        format!("{rate:.0}/s")
    } else if rate >= 1.0 {
        format!("{rate:.1}/s")
    } else {
        format!("{:.1} s each", 1.0 / rate)
    }
}

/// What is left of a row that was told so many ms ago.
pub fn left(row: Option<&ProgressRow>, age: u64) -> Option<String> {
    row.and_then(|row| row.left_ms).map(|left| format!("{} left", duration::rough(left.saturating_sub(age))))
}

fn between(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(since).as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::{FiguresFrom, PausedBefore, PhaseSpan, ServerFigures};

    fn progress(phase: ArmPhase) -> ArmProgress {
        let started: Timestamp = "2026-11-22T03:00:00Z".parse().unwrap();
        serde_json::from_value(serde_json::json!({
            "started": started, "at": "2026-11-22T03:01:40Z", "image": "org/vllm-bench:8a1f",
            "phases": [PhaseSpan { phase: ArmPhase::Create, from_ms: 0, ms: Some(58_000) }, PhaseSpan { phase, from_ms: 58_000, ms: None }],
        }))
        .unwrap()
    }

    #[test]
    fn each_phase_says_what_matters_in_it() {
        let now: Timestamp = "2026-11-22T03:01:42Z".parse().unwrap();
        let mut start = progress(ArmPhase::Start);
        assert_eq!(line(&start, now), "start 0:44");
        start.deadline = Some("2026-11-22T03:15:58Z".parse().unwrap());
        assert_eq!(line(&start, now), "start 0:44, 14:16 at most");
        start.paused = Some("2026-11-22T03:01:30Z".parse().unwrap());
        assert_eq!(line(&start, now), "start, paused for 0:12");
        assert_eq!(outside(&start), None);
        (start.container, start.outside) = (Some("1f2e".to_owned()), Some(OutsidePause { from: now, to: None, ms: 0 }));
        assert_eq!(line(&start, now), "start, paused from outside for 0:12");
        assert_eq!(outside(&start).unwrap(), "its container is paused from outside: `docker unpause 1f2e` lets it go on");
        start.outside = Some(OutsidePause { from: now, to: Some(now), ms: 42_000 });
        assert_eq!(outside(&start).unwrap(), "its container was paused from outside for 42 s");
        let mut paused = progress(ArmPhase::Warmup);
        (paused.outside, paused.before) = (start.outside, Some(PausedBefore { ours_ms: 0, outside_ms: 42_000 }));
        assert_eq!(outside(&paused).unwrap(), "its container was paused from outside for 42 s before it measured");
        paused.before = Some(PausedBefore::default());
        assert_eq!(outside(&paused).unwrap(), "its container was paused from outside for 42 s: its numbers prove nothing");
        let mut weights = progress(ArmPhase::Weights);
        let row =
            |done, total, rate| ProgressRow { label: String::new(), done, total: Some(total), rate: Some(rate), left_ms: Some(14_000) };
        weights.row = Some(row(5, 8, 0.4));
        assert_eq!(line(&weights, now), "weights 62 %, 12 s left");
        let mut bench = progress(ArmPhase::Bench);
        bench.row = Some(row(340, 1000, 41.23));
        let kv = serde_json::json!({"at": now, "from": FiguresFrom::Metrics, "kv_pct": 63.2});
        bench.figures = serde_json::from_value::<ServerFigures>(kv).ok();
        assert_eq!(line(&bench, now), "bench 340/1000, 41.2/s, 12 s left, KV 63 %");
        bench.row = Some(row(3, 15, 0.05));
        assert_eq!(line(&bench, now), "bench 3/15, 20.0 s each, 12 s left, KV 63 %");
    }
}
