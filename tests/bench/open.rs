//! How long trajectories take to be opened and followed, in processor time of the one thread that does it.
//!
//! `cargo bench --bench open [-- ROUNDS]`. Targets: all trajectories of the corpus and of the loops, unpacked, 200 MB/s a
//! core with the detectors; the largest in 40 ms with its JSON; a look at one of 3.7 MB that was written anew in 7 ms. Needs
//! `../shared`.

#![expect(clippy::unwrap_used, reason = "a benchmark may")]
#![expect(clippy::cast_precision_loss, reason = "counts of bytes")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use isobench_tui::agent::live::Reading;
use isobench_tui::agent::open::open;
use rustix::time::{ClockId, clock_gettime};

/// Trajectories below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, found);
        } else if name.ends_with("trajectory.json") || name.ends_with("trajectory.json.gz") {
            found.push(path);
        }
    }
}

/// Milliseconds of processor time that this takes.
fn timed(work: impl FnOnce()) -> f64 {
    let now = || {
        let at = clock_gettime(ClockId::ThreadCPUTime);
        at.tv_sec as f64 * 1e3 + at.tv_nsec as f64 / 1e6
    };
    let began = now();
    work();
    now() - began
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    *times.get(times.len() / 2).unwrap()
}

fn main() {
    let rounds: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if !shared.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    files(&shared.join("corpus/state/runs"), &mut found);
    files(&shared.join("loops/runs"), &mut found);
    let mut unpacked = Vec::new();
    let mut total = 0;
    for (n, path) in found.iter().enumerate() {
        let mut bytes = fs::read(path).unwrap();
        if path.extension().is_some_and(|extension| extension == "gz") {
            let packed = std::mem::take(&mut bytes);
            GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        }
        total += bytes.len();
        let to = folder.path().join(format!("{n}.json"));
        fs::write(&to, bytes).unwrap();
        unpacked.push(to);
    }
    let all = |_| {
        timed(|| {
            for path in &unpacked {
                std::hint::black_box(open(path).unwrap());
            }
        })
    };
    let took = median((0..rounds).map(all).collect());
    let megabytes = total as f64 / 1e6;
    println!("open: {} trajectories, {megabytes:.1} MB: {took:.0} ms, {:.0} MB/s", unpacked.len(), megabytes / took * 1e3);

    let largest = shared.join("trajectories/trae/public/gpt5_351steps_ctx_error_largest.trajectory.json");
    let took = median((0..rounds * 4).map(|_| timed(|| drop(std::hint::black_box(open(&largest).unwrap())))).collect());
    println!("open the largest, {:.1} MB: {took:.2} ms", fs::metadata(&largest).unwrap().len() as f64 / 1e6);

    // the file as it was one save earlier, and now: the last step was added
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(&largest).unwrap()).unwrap();
    let followed = folder.path().join("trajectory.json");
    let save = |steps: usize| {
        let mut file = whole.clone();
        for list in ["llm_interactions", "agent_steps"] {
            file.get_mut(list).and_then(serde_json::Value::as_array_mut).unwrap().truncate(steps);
        }
        serde_json::to_vec_pretty(&file).unwrap()
    };
    let saves: Vec<Vec<u8>> = (340..350).map(save).collect();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let mut reading = Reading::of(&followed);
        for save in &saves {
            fs::write(&followed, save).unwrap();
            times.push(timed(|| assert!(std::hint::black_box(reading.read_on().unwrap()).is_some())));
        }
        // the first look reads all
        let first = times.len() - saves.len();
        times.remove(first);
    }
    println!("look at {:.1} MB with one step more: {:.2} ms", saves.last().unwrap().len() as f64 / 1e6, median(times));
}
