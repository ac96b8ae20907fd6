//! What stands under the cursor, in sentences; and the GPUs as plain text, for whoever takes them out of the terminal.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::bands::{self, Band};
use super::curves::Unit;
use super::{Gpus, Series, Subject, rows};
use crate::domain::Throttle;
use crate::telemetry::{Bucket, GpuBucket, GpuKey};
use crate::text::{duration, gpu};
use crate::ui::state::State;
use crate::ui::words::between;
use crate::ui::{Mood, Said};

/// `09:41:20`, with its day when that is not today's.
pub fn clock(ms: i64, now: Timestamp, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else { return "?".to_owned() };
    let (at, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let clock = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    if at.date() == today.date() { clock } else { format!("{} {clock}", at.date()) }
}

/// The day of a moment.
fn day(ms: i64, zone: &TimeZone) -> Option<Date> {
    Some(Timestamp::from_millisecond(ms).ok()?.to_zoned(zone.clone()).date())
}

/// The stage at the cursor.
pub fn band(state: &State) -> Option<Band> {
    let gpus = &state.machine.gpus;
    let window = gpus.window(state.now.as_millisecond())?;
    let from = gpus.cursor?.div_euclid(window.step_ms).saturating_mul(window.step_ms);
    bands::between(&bands::all(&state.run, state.now), from, from.saturating_add(window.step_ms)).cloned()
}

/// What stands under the cursor, the most important first; nothing without one.
pub fn lines(state: &State) -> Vec<Said> {
    let gpus = &state.machine.gpus;
    let (Some(cursor), Some(window)) = (gpus.cursor, gpus.window(state.now.as_millisecond())) else { return Vec::new() };
    // where several days are seen, today is one of them
    let is_long = day(window.from_ms(), &state.zone) != day(window.to_ms, &state.zone);
    let today = day(cursor, &state.zone).filter(|on| is_long && Some(*on) == day(state.now.as_millisecond(), &state.zone));
    let at = clock(cursor, state.now, &state.zone);
    let at = today.map_or_else(|| at.clone(), |on| format!("{on} {at}"));
    let step = if window.step_ms > 1000 { format!(", {} a column", duration::rough(window.step_ms.unsigned_abs())) } else { String::new() };
    let stage = band(state).map_or_else(
        || "no stage ran".to_owned(),
        |band| {
            let since = u64::try_from(cursor.saturating_sub(band.from)).unwrap_or_default();
            format!("{} of {}, {} after it began", band.stage, band.attempt, duration::age(since))
        },
    );
    let mut lines = vec![Said::new(Mood::Calm, format!("{at}  {stage}{step}"))];
    let Some(bucket) = gpus.under_cursor() else {
        lines.push(Said::new(Mood::Quiet, "nothing was sampled then"));
        return lines;
    };
    lines.extend(wrong(gpus, bucket, window.step_ms));
    match gpus.subject() {
        Subject::Gpu(key) => lines.extend(bucket.gpus.get(&key).map(|gpu| Said::new(Mood::Calm, values(key, gpu)))),
        Subject::Host => {}
    }
    lines.push(Said::new(Mood::Calm, host(gpus, bucket)));
    lines
}

/// What was wrong in a column: errors, lost GPUs, a silent driver, what held clocks down.
fn wrong(gpus: &Gpus, bucket: &Bucket, step_ms: i64) -> Vec<Said> {
    let mut says = Vec::new();
    for (_, xid) in &bucket.xid {
        let todo = gpu::xid_todo(xid.code).map_or_else(String::new, |todo| format!(": {todo}"));
        says.push(Said::new(Mood::Bad, format!("gpu {}: {}{todo}", xid.gpu, gpu::xid(xid.code))));
    }
    if bucket.silent_ms > 0 {
        says.push(Said::new(Mood::Warn, format!("the driver did not answer for {}", duration::age(bucket.silent_ms.into()))));
    }
    for (key, found) in &bucket.gpus {
        if found.lost {
            says.push(Said::new(Mood::Bad, gpu::lost(key.gpu).says));
        }
    }
    let throttled: Vec<String> = bucket.gpus.iter().filter_map(|(key, found)| Some((key, throttle(gpus, bucket, found, step_ms)?))).fold(
        Vec::new(),
        |mut all: Vec<String>, (key, words)| {
            // eight GPUs at their power limits are one sentence
            match all.iter_mut().find(|known| known.ends_with(&format!(": {words}"))) {
                Some(known) => {
                    let at = known.len() - words.len() - 2;
                    known.insert_str(at, &format!(" {key}"));
                }
                None => all.push(format!("gpu {key}: {words}")),
            }
            all
        },
    );
    let spoils = bucket.gpus.values().any(|gpu| gpu.throttle().has(Throttle::SPOILS));
    if !throttled.is_empty() {
        says.push(Said::new(if spoils { Mood::Warn } else { Mood::Quiet }, throttled.join("  ")));
    }
    says
}

/// `power cap 100 %, hw thermal 12 %` of the time that was sampled.
fn throttle(gpus: &Gpus, bucket: &Bucket, gpu: &GpuBucket, step_ms: i64) -> Option<String> {
    let interval = gpus.latest.as_ref().map_or(1000, |latest| latest.header.interval_ms.max(1));
    let sampled = u64::from(bucket.n).saturating_mul(interval).clamp(1, u64::try_from(step_ms).unwrap_or(1).max(1));
    let words: Vec<String> = Throttle::NAMED
        .iter()
        .filter_map(|(reason, name)| {
            let ms = gpu.throttle_ms.get(&reason.0)?;
            // of one sample alone nobody knows for how long
            Some(if *ms == 0 { (*name).to_owned() } else { format!("{name} {} %", (u64::from(*ms) * 100 / sampled).min(100)) })
        })
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// All readings of a GPU in a column.
fn values(key: GpuKey, gpu: &GpuBucket) -> String {
    let words: Vec<String> = Series::ALL
        .into_iter()
        .map(|series| match series.of(gpu) {
            Some(span) => format!("{} {}", series.name(), series.unit().spread(span)),
            None => format!("{} –", series.name()),
        })
        .collect();
    format!("gpu {key}: {}", words.join("  "))
}

fn host(gpus: &Gpus, bucket: &Bucket) -> String {
    let mut words = Vec::new();
    words.extend(bucket.cpu.map(|span| format!("cpu {}", Unit::Percent.spread(span))));
    words.extend(bucket.memory.map(|span| format!("memory {}", Unit::Bytes.says(span.mean))));
    if let Some([_, memory, io]) = bucket.pressure {
        words.push(format!("mem wait {}  io wait {}", Unit::Percent.says(memory.mean), Unit::Percent.says(io.mean)));
    }
    let folders = gpus.latest.iter().flat_map(|latest| latest.sample.disks.keys());
    words.extend(folders.filter_map(|folder| Some(format!("{folder} {} free", Unit::Bytes.says(bucket.disks.get(folder)?.mean)))));
    format!("machine: {}", if words.is_empty() { "–".to_owned() } else { words.join("  ") })
}

/// What is wrong now with the driver, a GPU or the sampler, each with what to do; the most important first.
pub fn troubles(state: &State, now: Timestamp) -> Vec<(Said, String)> {
    let gpus = &state.machine.gpus;
    let mut troubles = Vec::new();
    if let Some(super::Source::Nobody(why)) = &gpus.source {
        troubles.push((Said::new(Mood::Warn, format!("nobody samples the machine: {why}")), String::new()));
    }
    if let Some(ms) = gpus.silent_ms(now) {
        let silent = gpu::silent(ms);
        troubles.push((Said::new(Mood::Bad, silent.says), silent.todo));
    } else if let Some(ms) = gpus.stale_ms(now) {
        troubles.push((
            Said::new(Mood::Warn, format!("the newest sample is {} old: the sampler stands still or is gone", duration::age(ms))),
            String::new(),
        ));
    }
    if let Some(trouble) = gpus.driver().and_then(gpu::driver) {
        let mood = if gpus.driver() == Some(&crate::domain::Driver::Absent) { Mood::Quiet } else { Mood::Warn };
        troubles.push((Said::new(mood, trouble.says), trouble.todo));
    }
    let Some(latest) = &gpus.latest else { return troubles };
    for (key, _) in latest.sample.gpus.iter().filter(|(_, reading)| reading.lost) {
        let lost = gpu::lost(key.gpu);
        troubles.push((Said::new(Mood::Bad, lost.says), lost.todo));
    }
    let is_unknown = latest.sample.processes.values().any(|process| process.whose == crate::domain::Whose::Unknown);
    if latest.header.in_container && is_unknown {
        troubles.push((Said::new(Mood::Quiet, gpu::IN_CONTAINER), gpu::IN_CONTAINER_TODO.to_owned()));
    }
    troubles
}

/// What stands under the cursor, as text; without one the newest readings.
pub fn text(state: &State) -> String {
    if state.machine.gpus.cursor.is_none() {
        return table(state);
    }
    let mut text = String::new();
    for said in lines(state) {
        let _ = writeln!(text, "{}", said.text);
    }
    let subject = state.machine.gpus.subject();
    for row in rows::all(state).into_iter().filter(|row| row.subject != subject && row.subject != Subject::Host) {
        let _ = writeln!(text, "{}", row_text(&row));
    }
    text
}

/// The table and the processes as text.
pub fn table(state: &State) -> String {
    let gpus = &state.machine.gpus;
    let mut text = String::new();
    let at = gpus.cursor.or_else(|| gpus.latest.as_ref().map(|latest| latest.at.as_millisecond()));
    if let Some(at) = at {
        let _ = writeln!(text, "at {}", clock(at, state.now, &state.zone));
    }
    for (said, todo) in troubles(state, state.now) {
        let _ = writeln!(text, "{}{}{todo}", said.text, if todo.is_empty() { "" } else { "; " });
    }
    for row in rows::all(state) {
        let _ = writeln!(text, "{}", row_text(&row));
    }
    for process in rows::processes(state).iter().filter(|_| gpus.cursor.is_none()) {
        let pid = process.pid.map_or_else(String::new, |pid| format!("{pid} "));
        let on = if process.gpus.is_empty() { String::new() } else { format!(" on gpu {}", process.gpus) };
        let uses = if process.uses.is_empty() { String::new() } else { format!(", {}", process.uses) };
        let _ = writeln!(text, "{pid}{}{on}: {}{uses}, {}", process.name, process.memory, process.whose.text);
    }
    text
}

fn row_text(row: &rows::Row) -> String {
    let reading = &row.reading;
    let mut words = Vec::new();
    if reading.is_lost {
        words.push("lost".to_owned());
    }
    let is_gpu = row.subject != Subject::Host;
    let mut tell = |name: &str, unit: Unit, value: Option<f64>, of: Option<f64>| match (value, of) {
        (Some(value), Some(of)) => words.push(format!("{name} {} of {}", unit.says(value), unit.says(of))),
        (Some(value), None) => words.push(format!("{name} {}", unit.says(value))),
        (None, _) if is_gpu => words.push(format!("{name} –")),
        (None, _) => {}
    };
    #[expect(clippy::cast_precision_loss, reason = "bytes of a machine are far below 2^53")]
    let total = reading.total.map(|bytes| bytes as f64);
    tell(if is_gpu { "util" } else { "cpu" }, Unit::Percent, reading.util, None);
    tell("memory", Unit::Bytes, reading.memory, total);
    tell("power", Unit::Watts, reading.power, reading.limit);
    tell("temp", Unit::Celsius, reading.temp, None);
    tell("clock", Unit::Mhz, reading.mhz, None);
    words.extend(reading.pstate.map(|state| format!("P{state}")));
    words.extend(reading.throttle.map(Throttle::names).filter(|names| !names.is_empty()).map(|names| names.join(", ")));
    words.extend(row.users.iter().map(|user| user.text.clone()));
    let key = match row.subject {
        Subject::Gpu(key) => format!("gpu {key} "),
        Subject::Host => String::new(),
    };
    let name = if is_gpu { row.name.as_str() } else { "machine" };
    format!("{key}{name}: {}", words.join(", "))
}

/// How long ago the newest sample was taken, in ms.
pub fn age(gpus: &Gpus, now: Timestamp) -> Option<u64> {
    Some(between(gpus.latest.as_ref()?.at, now))
}
