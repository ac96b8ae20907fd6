//! How long the charts of a run of 24 hours with 8 GPUs take to be opened, zoomed, moved and kept up to date.
//!
//! `cargo bench --bench charts [-- ROUNDS]`. Targets: opened, zoomed and moved within 100 ms at 200 columns. Beside them: what
//! reading the same hours from the one-second lines would take.

#![expect(clippy::unwrap_used, reason = "a benchmark may")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::time::Instant;

use isobench_tui::domain::Throttle;
use isobench_tui::telemetry::line::Encoder;
use isobench_tui::telemetry::rollup::Builder;
use isobench_tui::telemetry::{Curves, Files, GpuFacts, GpuKey, GpuReading, Header, HostReading, Sample, Window, read};

/// The first second of the run in ms of Unix time.
const BEGIN: i64 = 1_763_769_600_000;
const DAY_S: i64 = 86_400;
const GPUS: u32 = 8;
const COLUMNS: u16 = 200;

fn header() -> Header {
    let facts = |gpu| (GpuKey { gpu, mig: None }, GpuFacts { memory: Some(80 << 30), ..GpuFacts::default() });
    Header { v: 1, interval_ms: 1_000, cores: 128, gpus: (0..GPUS).map(facts).collect(), ..Header::default() }
}

/// A machine whose every reading changes every second: the dearest one.
fn sample(second: i64) -> Sample {
    let second = u32::try_from(second).unwrap();
    let wave = |gpu: u32, most: u32| (second * 7 + gpu * 13) % most;
    let gpu = |gpu: u32| {
        let reading = GpuReading {
            util: Some(wave(gpu, 101)),
            mem_util: Some(wave(gpu, 97)),
            memory: Some(u64::from(wave(gpu, 70_000)) << 20),
            power_mw: Some(90_000 + wave(gpu, 600_000)),
            limit_mw: Some(700_000),
            energy_mj: Some(u64::from(second) * 400_000),
            temp: Some(40 + wave(gpu, 40)),
            sm_mhz: Some(1_200 + wave(gpu, 780)),
            throttle: Some(Throttle(u64::from(wave(gpu, 2) * 4))),
            ..GpuReading::default()
        };
        (GpuKey { gpu, mig: None }, reading)
    };
    let host = HostReading { cpu: Some(wave(0, 1_000)), memory: Some(u64::from(wave(0, 9_000)) << 20), ..HostReading::default() };
    Sample { gpus: (0..GPUS).map(gpu).collect(), host, ..Sample::default() }
}

fn write(files: &Files) {
    let open = |path| BufWriter::new(File::create(path).unwrap());
    let mut seconds = open(files.seconds());
    let mut rolled = [(Builder::new(10_000), open(files.tens())), (Builder::new(60_000), open(files.minutes()))];
    let mut encoder = Encoder::default();
    for second in 0..DAY_S {
        let (t, sample) = (BEGIN + second * 1_000, sample(second));
        if second % 600 == 0 {
            writeln!(seconds, "{}", encoder.header(t, &header()).unwrap()).unwrap();
        }
        writeln!(seconds, "{}", encoder.sample(t, &sample, &[]).unwrap()).unwrap();
        for (builder, file) in &mut rolled {
            if let Some(bucket) = builder.add(t, &sample, &[]) {
                writeln!(file, "{}", serde_json::to_string(&bucket).unwrap()).unwrap();
            }
        }
    }
}

/// The median of so many rounds in ms.
fn timed(rounds: usize, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    *times.get(rounds / 2).unwrap()
}

fn window(step_ms: i64, end_s: i64) -> Window {
    let to_ms = (BEGIN + end_s * 1_000).div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
    Window { to_ms, step_ms, columns: COLUMNS }
}

fn main() {
    let rounds: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5).max(1);
    let folder = tempfile::tempdir().unwrap();
    let files = Files::of(folder.path());
    write(&files);
    for path in [files.seconds(), files.tens(), files.minutes()] {
        println!("{:>9} bytes  {}", fs::metadata(&path).unwrap().len(), path.file_name().unwrap().to_string_lossy());
    }
    println!("a run of 24 h with {GPUS} GPUs at {COLUMNS} columns, median of {rounds}, in ms:");
    println!("{:>8}  {:>8}  {:>8}  {:>10}", "column", "open", "moved", "next one");
    for step_ms in Window::STEPS {
        let open = timed(rounds, || {
            black_box(Curves::new([files.clone()]).chart(window(step_ms, DAY_S)).unwrap());
        });
        let mut curves = Curves::new([files.clone()]);
        let mut end_s = DAY_S / 2;
        let moved = timed(rounds, || {
            end_s -= step_ms / 1_000;
            black_box(curves.chart(window(step_ms, end_s)).unwrap());
        });
        let mut curves = Curves::new([files.clone()]);
        let mut second = DAY_S;
        curves.chart(window(step_ms, second)).unwrap();
        let next = timed(rounds, || {
            curves.add(0, BEGIN + second * 1_000, &header(), &sample(second), &[]);
            black_box(curves.chart(window(step_ms, second)).unwrap());
            second += 1;
        });
        println!("{:>6} s  {open:>8.1}  {moved:>8.1}  {next:>10.2}", step_ms / 1_000);
    }
    let all = timed(1, || {
        let mut builder = Builder::new(600_000);
        read::between(&files, BEGIN, i64::MAX, |t, _, sample, xids| {
            black_box(builder.add(t, sample, xids));
        })
        .unwrap();
    });
    println!("the same 24 h from the one-second lines: {all:.0} ms");
}
