//! Telemetry as files: samples found in the middle of them, and charts of any window.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]
#![expect(clippy::single_range_in_vec_init, reason = "one stretch of several")]

use std::fs;
use std::io::Write;
use std::path::Path;

use isobench_tui::telemetry::line::Encoder;
use isobench_tui::telemetry::read::{self, Follow};
use isobench_tui::telemetry::rollup::Builder;
use isobench_tui::telemetry::{Bucket, Curves, Files, GpuKey, GpuReading, Header, HostReading, Sample, Window, Xid};
use proptest::prelude::*;
use tempfile::TempDir;

/// A whole hour in ms of Unix time.
const BEGIN: i64 = 1_763_769_600_000;
const HEADER_EVERY: i64 = 600;

fn header() -> Header {
    Header { v: 1, interval_ms: 1_000, cores: 16, ..Header::default() }
}

/// The machine at a second: nothing of it says the same for long.
fn sample(second: i64) -> Sample {
    let whole = u32::try_from(second.rem_euclid(86_400)).unwrap();
    let gpu = |gpu: u32| {
        let energy_mj = Some(u64::from(whole) * 300_000 + u64::from(gpu));
        let reading = GpuReading { util: Some((whole + gpu) % 101), temp: Some(40 + whole / 7 % 40), energy_mj, ..GpuReading::default() };
        (GpuKey { gpu, mig: None }, reading)
    };
    let host = HostReading { cpu: Some(whole * 7 % 1000), ..HostReading::default() };
    Sample { gpus: (0..2).map(gpu).collect(), host, ..Sample::default() }
}

/// Writes as a sampler does: stretches of seconds since [`BEGIN`], each sampled at 0.3 s behind it.
struct Writer {
    folder: TempDir,
    encoder: Encoder,
    rolled: [(Builder, &'static str); 2],
}

impl Writer {
    fn new() -> Self {
        let rolled = [(Builder::new(10_000), "telemetry.10s.jsonl"), (Builder::new(60_000), "telemetry.60s.jsonl")];
        Self { folder: tempfile::tempdir().unwrap(), encoder: Encoder::default(), rolled }
    }

    fn of(stretches: &[std::ops::Range<i64>]) -> Self {
        let mut writer = Self::new();
        for stretch in stretches {
            writer.stretch(stretch.clone());
        }
        writer
    }

    fn files(&self) -> Files {
        Files::of(self.folder.path())
    }

    fn stretch(&mut self, seconds: std::ops::Range<i64>) {
        let mut lines = String::new();
        let mut rolled = [String::new(), String::new()];
        for second in seconds.clone() {
            let t = at(second);
            if second == seconds.start || second % HEADER_EVERY == 0 {
                lines += &(self.encoder.header(t, &header()).unwrap() + "\n");
            }
            let (sample, xids) = (sample(second), xids(second));
            lines += &(self.encoder.sample(t, &sample, &xids).unwrap() + "\n");
            for ((builder, _), rolled) in self.rolled.iter_mut().zip(&mut rolled) {
                if let Some(bucket) = builder.add(t, &sample, &xids) {
                    *rolled += &(serde_json::to_string(&bucket).unwrap() + "\n");
                }
            }
        }
        append(&self.files().seconds(), &lines);
        for ((_, name), rolled) in self.rolled.iter().zip(&rolled) {
            append(&self.folder.path().join(name), rolled);
        }
    }
}

fn append(path: &Path, text: &str) {
    fs::File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn at(second: i64) -> i64 {
    BEGIN + second * 1_000 + 300
}

fn xids(second: i64) -> Vec<Xid> {
    if second == 4_000 { vec![Xid { gpu: 1, code: 79 }] } else { Vec::new() }
}

fn between(files: &Files, from: i64, to: i64) -> Vec<(i64, Sample)> {
    let mut found = Vec::new();
    read::between(files, from, to, |t, header, sample, _| {
        assert_eq!(header.v, 1);
        found.push((t, sample.clone()));
    })
    .unwrap();
    found
}

fn wanted(seconds: impl Iterator<Item = i64>) -> Vec<(i64, Sample)> {
    seconds.map(|second| (at(second), sample(second))).collect()
}

#[test]
fn samples_are_found_in_the_middle_of_a_file() {
    let writer = Writer::of(&[0..5_000, 9_000..12_000]);
    let found = |from, to| between(&writer.files(), from, to);
    assert_eq!(found(at(10), at(12)), wanted(10..13), "both ends are in it");
    assert_eq!(found(at(10) + 1, at(12) - 1), wanted(11..12));
    assert_eq!(found(at(4_990), at(9_005)), wanted((4_990..5_000).chain(9_000..9_006)));
    assert_eq!(found(at(599), at(600)), wanted(599..601), "where a header stands");
    assert_eq!(found(at(11_999), i64::MAX), wanted(11_999..12_000));
    assert_eq!(found(i64::MIN, at(0)), wanted(0..1));
    assert!(found(at(6_000), at(8_000)).is_empty());
    assert!(found(at(13_000), i64::MAX).is_empty());
    assert!(between(&Files::of(Path::new("/nowhere")), 0, i64::MAX).is_empty(), "no file has no samples");
}

#[test]
fn a_clock_that_was_set_back_hides_nothing() {
    let writer = Writer::of(&[0..3_000, 2_800..6_000]);
    assert_eq!(between(&writer.files(), at(2_990), at(2_991)), wanted((2_990..2_992).chain(2_990..2_992)));
    assert_eq!(between(&writer.files(), at(2_700), at(2_701)), wanted(2_700..2_702));
    assert_eq!(between(&writer.files(), at(5_000), at(5_001)), wanted(5_000..5_002));
}

#[test]
fn behind_a_torn_line_the_next_header_is_waited_for() {
    let mut writer = Writer::of(&[0..100]);
    append(&writer.files().seconds(), "{\"t\":1763769700300,\"is\":{\"gpus\":{\"0\":{\"ut\n{\"t\":1763769701300,\"is\":{}}\n");
    writer.stretch(105..110);
    assert_eq!(between(&writer.files(), i64::MIN, i64::MAX), wanted((0..100).chain(105..110)));
    append(
        &writer.files().seconds(),
        "{\"t\":1763769800300,\"header\":{\"v\":2,\"boot\":\"\",\"pid\":1,\"interval_ms\":1000,\"cores\":1,\"memory\":1}}\n",
    );
    append(&writer.files().seconds(), "{\"t\":1763769801300,\"is\":{}}\n");
    assert_eq!(between(&writer.files(), at(109), i64::MAX), wanted(109..110), "of a newer version nothing is read");
}

#[test]
fn a_file_that_is_rewritten_is_followed_and_nothing_is_told_twice() {
    let mut writer = Writer::of(&[0..1_300]);
    let mut follow = Follow::new(&writer.files());
    let told = |follow: &mut Follow| {
        let mut all = Vec::new();
        follow.read_on(|t, _| all.push(t)).unwrap();
        all
    };
    assert_eq!(told(&mut follow), (1_200..1_300).map(at).collect::<Vec<_>>(), "from the last header on");
    assert!(told(&mut follow).is_empty());
    writer.stretch(1_300..1_302);
    assert_eq!(told(&mut follow), [at(1_300), at(1_301)]);
    // retention: a new file with the newer half, and more than was read
    writer.stretch(1_302..1_303);
    let path = writer.files().seconds();
    let text = fs::read_to_string(&path).unwrap();
    let half = text.find(&format!("{{\"t\":{},\"header\"", at(600))).unwrap();
    fs::write(path.with_extension("new"), &text[half..]).unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!(told(&mut follow), [at(1_302)]);
    let latest = follow.latest().unwrap();
    assert_eq!((latest.at.as_millisecond(), latest.sample), (at(1_302), sample(1_302)));
    fs::remove_file(&path).unwrap();
    assert!(told(&mut follow).is_empty());
}

/// The chart of a window by its definition.
fn columns(window: Window, seconds: impl Iterator<Item = i64>) -> Vec<Option<Bucket>> {
    let mut columns = vec![None; window.columns.into()];
    let mut builder = Builder::new(window.step_ms);
    let mut put = |bucket: Bucket| {
        if let Some(column) = window.column(bucket.t) {
            columns[column] = Some(bucket);
        }
    };
    for second in seconds {
        builder.add(at(second), &sample(second), &xids(second)).into_iter().for_each(&mut put);
    }
    builder.end().into_iter().for_each(put);
    columns
}

/// Roll-ups on the disk are rounded to hundredths.
fn assert_alike(found: &[Option<Bucket>], wanted: &[Option<Bucket>], of: &str) {
    assert_eq!(found.len(), wanted.len());
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let (Some(found), Some(wanted)) = (found, wanted) else {
            assert_eq!(found.is_some(), wanted.is_some(), "{of}: column {at}");
            continue;
        };
        let figures = |bucket: &Bucket| (bucket.t, bucket.n, bucket.gpus.values().map(|gpu| gpu.energy_mj).collect::<Vec<_>>());
        assert_eq!(figures(found), figures(wanted), "{of}: column {at}");
        let util = |bucket: &Bucket| bucket.gpus.values().filter_map(|gpu| gpu.util).collect::<Vec<_>>();
        for (found, wanted) in util(found).iter().zip(util(wanted)) {
            assert_eq!((found.n, found.least.to_bits(), found.most.to_bits()), (wanted.n, wanted.least.to_bits(), wanted.most.to_bits()));
            assert!((found.mean - wanted.mean).abs() < 0.02, "{of}: column {at}: {found:?} {wanted:?}");
        }
    }
}

#[test]
fn a_chart_of_any_step_is_what_its_samples_say() {
    let writer = Writer::of(&[0..5_003, 7_000..9_007]);
    let seconds = || (0..5_003).chain(7_000..9_007);
    for step_ms in Window::STEPS {
        for end in [5_100, 9_100] {
            let to_ms = (BEGIN + end * 1_000).div_euclid(step_ms) * step_ms + step_ms;
            let window = Window { to_ms, step_ms, columns: 50 };
            let chart = Curves::new([writer.files()]).chart(window).unwrap();
            assert_alike(&chart.columns, &columns(window, seconds()), &format!("{step_ms} ms"));
            assert_eq!((chart.rolled_ms, chart.reaches), (None, Some((BEGIN, at(9_006)))));
            let is_in = (window.from_ms()..to_ms).contains(&at(4_000));
            assert_eq!(chart.xids, if is_in { vec![(at(4_000), Xid { gpu: 1, code: 79 })] } else { vec![] }, "{step_ms} ms");
            assert_eq!(chart.header, Some(header()));
        }
    }
}

#[test]
fn a_chart_that_is_kept_up_to_date_equals_one_that_is_made_anew() {
    for step_ms in [1_000, 10_000, 60_000, 300_000] {
        let mut writer = Writer::of(&[0..1_234]);
        let mut curves = Curves::new([writer.files()]);
        let mut completed = 0;
        for second in [1_234, 1_264, 1_300, 1_700, 1_730] {
            let to_ms = (BEGIN + second * 1_000).div_euclid(step_ms) * step_ms + step_ms;
            let window = Window { to_ms, step_ms, columns: 20 };
            let chart = curves.chart(window).unwrap();
            let anew = Curves::new([writer.files()]).chart(window).unwrap();
            assert_alike(&chart.columns, &anew.columns, &format!("{step_ms} ms at {second}"));
            assert_eq!((chart.xids, chart.reaches), (anew.xids, anew.reaches));
            let next = second..second + 30;
            writer.stretch(next.clone());
            completed += next.map(|second| i32::from(curves.add(0, at(second), &header(), &sample(second), &xids(second)))).sum::<i32>();
        }
        assert!(completed > 0, "{step_ms} ms");
    }
}

#[test]
fn where_seconds_were_dropped_the_chart_shows_roll_ups_and_says_so() {
    let writer = Writer::of(&[0..2_000]);
    let path = writer.files().seconds();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[text.find(&format!("{{\"t\":{},\"header\"", at(1_200))).unwrap()..]).unwrap();
    let window = Window { to_ms: BEGIN + 1_220_000, step_ms: 1_000, columns: 40 };
    let chart = Curves::new([writer.files()]).chart(window).unwrap();
    assert_eq!(chart.rolled_ms, Some(10_000));
    let begins: Vec<i64> = chart.columns.iter().flatten().map(|column| (column.t - BEGIN) / 1_000).collect();
    let tens = [1_180, 1_190].iter().flat_map(|second| std::iter::repeat_n(*second, 10));
    assert_eq!(begins, tens.chain(1_200..1_220).collect::<Vec<_>>());
}

#[test]
fn what_a_screen_sampled_itself_stands_where_the_run_has_nothing() {
    let (run, own) = (Writer::of(&[0..100]), Writer::of(&[95..110, 200..300]));
    let window = Window { to_ms: BEGIN + 300_000, step_ms: 10_000, columns: 30 };
    let chart = Curves::new([run.files(), own.files()]).chart(window).unwrap();
    let many: Vec<u32> = chart.columns.iter().map(|column| column.as_ref().map_or(0, |column| column.n)).collect();
    assert_eq!(many[..12], [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0], "the run's own come first, nothing is counted twice");
    assert_eq!((many[19], many[20], many[29]), (0, 10, 10));
    assert_eq!(chart.reaches, Some((BEGIN, at(299))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn bytes_cut_anywhere_give_the_same_samples_up_to_the_cut(part in 0.0_f64..1.0) {
        let writer = Writer::of(&[0..40, 50..90]);
        let path = writer.files().seconds();
        let whole = between(&writer.files(), i64::MIN, i64::MAX);
        let bytes = fs::read(&path).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let cut = (bytes.len() as f64 * part) as usize;
        fs::write(&path, &bytes[..cut]).unwrap();
        let found = between(&writer.files(), i64::MIN, i64::MAX);
        let lines = bytes[..cut].split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let samples = lines.filter(|line| !line.windows(8).any(|word| word == b"\"header\"")).count();
        prop_assert_eq!(found.len(), samples);
        prop_assert!(whole.starts_with(&found));
        // and the last one is what a reader of the tail finds
        let latest = read::latest(&writer.files()).unwrap();
        prop_assert_eq!(latest.map(|latest| latest.at.as_millisecond()), found.last().map(|(t, _)| *t));
    }
}
