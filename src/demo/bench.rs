//! The demo's benchmark: runs the engine of the current folder and prints what it took.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::DemoError;
use super::pace::scaled;

/// Seconds of measuring at speed 1.
const SECONDS: f64 = 1.0;
/// Rounds that are always measured.
const FEWEST: usize = 5;
/// Rounds after which the numbers do not get better.
const MOST: usize = 40;
/// Cells of the progress bar.
const BAR: usize = 20;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How much faster than real time the demo plays: fewer rounds.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// The requests to serve.
    #[arg(long, default_value = "data/requests.txt")]
    pub requests: String,
}

/// Measures the engine. `false` when the engine failed: its own words are on stderr then, and no number was printed.
pub fn measure(args: &Args) -> Result<bool, DemoError> {
    println!("engine: engine/run.sh, requests: {}", args.requests);
    println!("warming up");
    flush();
    let Some((first, requests)) = round(&args.requests)? else { return Ok(false) };
    let rounds = rounds(scaled(SECONDS, args.speed), first);
    println!("{requests} requests a round, {rounds} rounds; the average is that of the faster half, in processor time");
    flush();
    let start = Instant::now();
    let mut took = Vec::with_capacity(rounds);
    for done in 0..rounds {
        progress(done, rounds, start.elapsed());
        let Some((time, _)) = round(&args.requests)? else {
            eprintln!();
            return Ok(false);
        };
        took.push(time.as_secs_f64() * 1e3);
    }
    progress(rounds, rounds, start.elapsed());
    eprintln!();
    took.sort_by(f64::total_cmp);
    let kept = took.get(..took.len().div_ceil(2)).unwrap_or(&took);
    let average = kept.iter().sum::<f64>() / count(kept.len());
    let p99 = took.get((took.len() * 99 / 100).min(took.len().saturating_sub(1))).copied().unwrap_or_default();
    println!("latency_avg: {average:.2} ms");
    println!("latency_p99: {p99:.2} ms");
    println!("throughput: {:.1} req/s", count(requests) * 1e3 / average);
    flush();
    Ok(true)
}

/// One round: its time and the requests served, or `None` when the engine failed; its own words went to our stderr.
fn round(requests: &str) -> Result<Option<(Duration, usize)>, DemoError> {
    let start = Instant::now();
    let mut engine = Command::new("sh");
    engine.args(["engine/run.sh", requests]).stdin(Stdio::null()).stdout(Stdio::piped());
    let failed = |source| DemoError::Start { program: "sh", source };
    let mut engine = engine.spawn().map_err(failed)?;
    let mut said = String::new();
    if let Some(mut out) = engine.stdout.take() {
        // bytes that are no text count as nothing said
        let _ = out.read_to_string(&mut said);
    }
    let took = processor_time(&engine).unwrap_or_else(|| start.elapsed());
    let status = engine.wait().map_err(failed)?;
    let served = said.lines().filter(|line| line.contains(':')).count();
    if status.success() && served > 0 {
        return Ok(Some((took, served)));
    }
    eprintln!("engine/run.sh ended with {status}, {served} requests served");
    Ok(None)
}

/// The time that a child had a processor, once it has ended: other programs on the machine hardly count then. `None` where
/// the kernel does not say.
fn processor_time(child: &Child) -> Option<Duration> {
    let pid = Pid::from_child(child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).ok()?;
    let text = fs::read_to_string(format!("/proc/{}/schedstat", pid.as_raw_nonzero())).ok()?;
    text.split(' ').next()?.parse().ok().filter(|&time| time > 0).map(Duration::from_nanos)
}

/// As many rounds as fit, within bounds.
fn rounds(time: Duration, first: Duration) -> usize {
    let fit = time.as_micros() / first.as_micros().max(1);
    usize::try_from(fit).unwrap_or(MOST).clamp(FEWEST, MOST)
}

/// Rewrites one line of stderr, the way Python's tqdm does.
fn progress(done: usize, rounds: usize, time: Duration) {
    let percent = done * 100 / rounds.max(1);
    let full = done * BAR / rounds.max(1);
    let bar: String = (0..BAR).map(|at| if at < full { '█' } else { ' ' }).collect();
    let rate = count(done) / time.as_secs_f64().max(1e-6);
    eprint!("\rrounds: {percent:>3}%|{bar}| {done}/{rounds} [{:.1}s, {rate:.2}it/s]", time.as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "a few rounds or requests")]
fn count(n: usize) -> f64 {
    n as f64
}

/// Progress is for whoever watches: out at once, even into a file.
fn flush() {
    let _ = io::stdout().flush();
}
