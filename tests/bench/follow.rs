//! What it costs to follow a trajectory that its agent rewrites whole 20 times a second, at its largest size.
//!
//! `cargo bench --bench follow [-- SECONDS]`. A Python process writes the last 20 steps of the largest sample again and again
//! as TRAE does (truncated in place, 8 KiB at a time); our reader, the one of runner and screen, looks at every change of the
//! file, more often than they do. Prints the share of a core; target 15 %. Needs `../shared` and python3.

#![expect(clippy::unwrap_used, reason = "a benchmark may")]
#![expect(clippy::cast_precision_loss, reason = "nanoseconds of a minute")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use isobench_tui::agent::live::Reading;
use rustix::time::{ClockId, clock_gettime};

/// Grows by a step at each write; begins anew 20 steps before the end.
const WRITER: &str = r#"
import json, sys, time
whole = json.load(open(sys.argv[1]))
steps, asked = whole["agent_steps"], whole["llm_interactions"]
n, due = 0, time.monotonic()
while True:
    at = len(steps) - 20 + n % 20
    n += 1
    text = json.dumps({**whole, "end_time": "", "agent_steps": steps[:at], "llm_interactions": asked[:at]}, indent=2, ensure_ascii=False)
    with open(sys.argv[2], "w", buffering=8192) as file:
        file.write(text)
    due += 0.05
    time.sleep(max(0, due - time.monotonic()))
"#;

fn processor() -> Duration {
    let at = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(at.tv_sec.try_into().unwrap(), at.tv_nsec.try_into().unwrap())
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10);
    let sample =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/trajectories/trae/public/gpt5_351steps_ctx_error_largest.trajectory.json");
    if !sample.is_file() {
        println!("skipped: ../shared is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trajectory.json");
    fs::copy(&sample, &path).unwrap();
    let mut writer = Command::new("python3").args(["-c", WRITER]).arg(&sample).arg(&path).spawn().unwrap();
    let mut reading = Reading::of(&path);
    reading.read_on().unwrap();
    let (began, used) = (Instant::now(), processor());
    let (mut looks, mut news, mut writes, mut last) = (0_u32, 0_u32, 0_u32, SystemTime::UNIX_EPOCH);
    while began.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(10));
        let Ok(changed) = fs::metadata(&path).and_then(|there| there.modified()) else { continue };
        if changed != last {
            last = changed;
            writes += 1;
        }
        looks += 1;
        news += u32::from(reading.read_on().unwrap().is_some());
    }
    let (wall, cpu) = (began.elapsed(), processor().saturating_sub(used));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let size = fs::metadata(&sample).unwrap().len() as f64 / 1e6;
    println!(
        "{size:.1} MB: {looks} looks, {writes} changes seen, {news} with news in {:.1} s: {:.1} % of a core, {:.1} ms a new state",
        wall.as_secs_f64(),
        100.0 * cpu.as_secs_f64() / wall.as_secs_f64(),
        1e3 * cpu.as_secs_f64() / f64::from(news.max(1)),
    );
}
