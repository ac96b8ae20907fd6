//! Large files of lines: what is found by a light look, and read by pages, is what the whole reader finds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isobench_tui::agent::open::{Format, Opened, open};
use isobench_tui::agent::paged::{Grown, Index, Paged};
use isobench_tui::domain::Step;
use isobench_tui::report::steps;
use isobench_tui::report::verdict::Verdict;
use isobench_tui::text::find::{Meaning, Pattern};
use isobench_tui::text::mask::Masker;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

use crate::support::shared;

/// Numbers that come in no order, the same each time.
struct Dice(TestRng);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.0.next_u32()).unwrap() % most.max(1)
    }
}

fn dice() -> Dice {
    Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn lines_in(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            lines_in(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
}

/// Fixtures and samples that are read by pages where they are large.
fn samples() -> Vec<(PathBuf, Paged)> {
    let mut files = Vec::new();
    lines_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut files);
    if let Some(shared) = shared() {
        lines_in(&shared.join("trajectories"), &mut files);
    }
    files.sort();
    files.into_iter().filter_map(|path| Paged::open(&path, 0).unwrap().map(|paged| (path, paged))).collect()
}

/// A step without what depends on how far around it is read.
fn bare(step: &Step, with_answers: bool) -> Step {
    let mut step = step.clone();
    step.reply = isobench_tui::domain::Reply::Complete;
    for call in &mut step.calls {
        // the number of Codex's thread before the item's
        call.id = call.id.rsplit(':').next().unwrap_or_default().to_owned();
    }
    if !with_answers {
        step.within = None;
        step.calls.retain(|call| !call.name.is_empty());
        step.calls.iter_mut().for_each(|call| call.result = None);
        // tokens are told for many steps at once
        step.usage = isobench_tui::domain::Usage::default();
    }
    step
}

fn assert_same(path: &Path, told: &[Step], wanted: &[Step], with_answers: bool) {
    assert_eq!(told.len(), wanted.len(), "{}", path.display());
    for (told, wanted) in told.iter().zip(wanted) {
        assert_eq!(bare(told, with_answers), bare(wanted, with_answers), "{}", path.display());
    }
}

#[test]
fn steps_begin_where_the_whole_reader_says() {
    let (mut seen, mut formats) = (0, Vec::new());
    for (path, paged) in samples() {
        let whole = open(&path).unwrap().remove(0).steps;
        let index = paged.index(|_| true).unwrap().unwrap();
        assert_eq!(index.len(), whole.len(), "{}", path.display());
        assert_same(&path, &paged.read(&index, 0..index.len()).unwrap(), &whole, true);
        seen += 1;
        if !formats.contains(&paged.format()) {
            formats.push(paged.format());
        }
    }
    assert!(seen > 20 && formats.len() == 5, "{seen} files, {formats:?}");
}

#[test]
fn any_window_holds_the_steps_that_stand_there() {
    let mut dice = dice();
    for (path, paged) in samples() {
        let index = paged.index(|_| true).unwrap().unwrap();
        let whole = open(&path).unwrap().remove(0).steps;
        for _ in 0..12 {
            let start = dice.below(whole.len());
            let end = (start + 1 + dice.below(40)).min(whole.len());
            let told = paged.read(&index, start..end).unwrap();
            assert_same(&path, &told, &whole[start..end], false);
            // an answer that is there is the right one, and of all that there are hardly any is too far away
            for (told, wanted) in told.iter().zip(&whole[start..end]) {
                for (told, wanted) in told.calls.iter().zip(wanted.calls.iter().filter(|call| !call.name.is_empty())) {
                    assert!(told.result.is_none() || told.result == wanted.result, "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn transcripts_one_behind_the_other_are_each_read_for_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = dice();
    let mut repeated = 0;
    for (path, _) in samples() {
        let mut bytes = fs::read(&path).unwrap();
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        // a line that stands twice in one transcript tells no other one, nor does an end before the beginning
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if lines.iter().filter(|line| **line == lines[0]).count() > 1 {
            continue;
        }
        repeated += 1;
        let whole = open(&path).unwrap().remove(0).steps;
        let copy = folder.path().join("copies.jsonl");
        fs::write(&copy, bytes.repeat(3)).unwrap();
        let paged = Paged::open(&copy, 0).unwrap().unwrap();
        let index = paged.index(|_| true).unwrap().unwrap();
        let wanted: Vec<Step> = whole
            .iter()
            .cycle()
            .take(whole.len() * 3)
            .enumerate()
            .map(|(at, step)| Step { index: u32::try_from(at + 1).unwrap(), ..step.clone() })
            .collect();
        assert_same(&path, &paged.read(&index, 0..index.len()).unwrap(), &wanted, true);
        if !whole.is_empty() {
            let start = dice.below(wanted.len());
            let end = (start + 20).min(wanted.len());
            assert_same(&path, &paged.read(&index, start..end).unwrap(), &wanted[start..end], false);
        }
    }
    assert!(repeated > 20);
}

/// A stream of so many steps, each with a call and its answer; steps begin at the second line.
fn stream(path: &Path, steps: usize, answer: &str) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    writeln!(file, r#"{{"type":"system","subtype":"init","session_id":"s","model":"m"}}"#).unwrap();
    for n in 0..steps {
        writeln!(file, r#"{{"type":"assistant","message":{{"id":"m{n}","model":"m","content":[{{"type":"text","text":"step {n}"}},{{"type":"tool_use","id":"t{n}","name":"Bash","input":{{"command":"echo {n}"}}}}]}},"session_id":"s"}}"#).unwrap();
        writeln!(file, r#"{{"type":"user","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{n}","content":"{answer} {n}"}}]}},"session_id":"s"}}"#).unwrap();
    }
}

#[test]
fn a_file_of_many_pieces_is_read_from_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    // several pieces, lines across their borders
    stream(&path, 20_000, &"x".repeat(150));
    let paged = Paged::open(&path, 0).unwrap().unwrap();
    assert!(paged.len() > 4 << 20);
    let mut told = 0;
    let index = paged
        .index(|upto| {
            told = upto;
            true
        })
        .unwrap()
        .unwrap();
    assert_eq!((index.len(), told), (20_000, paged.len()));
    for start in [0, 1, 31, 32, 33, 9_999, 19_990] {
        let steps = paged.read(&index, start..start + 10).unwrap();
        for (at, step) in steps.iter().enumerate() {
            let n = start + at;
            assert_eq!((step.index as usize, step.thought.as_str()), (n + 1, format!("step {n}").as_str()));
            let result = step.calls[0].result.as_ref().unwrap();
            assert!(result.text.ends_with(&format!(" {n}")) && step.calls.len() == 1);
        }
    }
    let edge = paged.beginning(100_000).unwrap();
    assert!(edge.steps.len() > 100 && edge.steps[0].thought == "step 0" && edge.model.as_deref() == Some("m"));
    let edge = paged.end(100_000).unwrap();
    assert!(edge.steps.len() > 100 && edge.steps.last().unwrap().thought == "step 19999" && edge.state.is_some());
    assert_eq!(paged.index(|_| false).unwrap(), None, "who does not want to wait gets nothing");
}

#[test]
fn a_window_is_bounded_by_steps_and_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    stream(&path, 1000, &"x".repeat(1000));
    let paged = Paged::open(&path, 0).unwrap().unwrap();
    let index = paged.index(|_| true).unwrap().unwrap();
    assert_eq!(index.around(500, 100, 400, u64::MAX), 400..800);
    assert_eq!(index.around(0, 100, 400, u64::MAX), 0..400);
    assert_eq!(index.around(999, 100, 400, u64::MAX), 899..1000);
    let few = index.around(500, 100, 400, 20_000);
    assert!(few.contains(&500) && few.len() > 5 && few.len() < 20, "{few:?}");
    assert_eq!(index.around(500, 100, 400, 0), 500..501);
    assert_eq!(index.around(5000, 100, 400, 0), 999..1000);
}

#[test]
fn lines_are_searched_by_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    stream(&path, 5000, "fine");
    let paged = Paged::open(&path, 0).unwrap().unwrap();
    let index = paged.index(|_| true).unwrap().unwrap();
    let needle = memchr::memmem::Finder::new(b"fine 77");
    let wanted: Vec<usize> = (0..5000).filter(|n: &usize| n.to_string().starts_with("77")).collect();
    for from in [0, 1, 770, 4999, 5000] {
        let (mut found, mut read, mut told) = (Vec::new(), 0, from);
        let take = |steps: Vec<Step>, upto: usize| {
            assert!(told <= upto, "it goes forwards");
            told = upto;
            read += steps.len();
            let holds = |step: &&Step| step.calls.iter().any(|call| call.result.as_ref().unwrap().text.contains("fine 77"));
            found.extend(steps.iter().filter(holds).map(|step| step.index as usize - 1));
            true
        };
        paged.hunt(&index, from, |line| needle.find(line).is_some(), take).unwrap();
        let wanted: Vec<usize> = wanted.iter().copied().filter(|step| *step >= from).collect();
        assert_eq!((found, told), (wanted, 5000), "from {from}");
        assert!(read < 500, "only what may hold it is read: {read}");
    }
    // who has enough is asked no more
    let mut asked = 0;
    let enough = |_: Vec<Step>, _| {
        asked += 1;
        false
    };
    paged.hunt(&index, 0, |line| needle.find(line).is_some(), enough).unwrap();
    assert_eq!(asked, 1);
}

#[test]
fn a_search_of_lines_passes_over_no_word_of_a_step() {
    let mut words = 0;
    for (path, paged) in samples() {
        let index = paged.index(|_| true).unwrap().unwrap();
        let whole = open(&path).unwrap().remove(0).steps;
        let lines = fs::read(&path).unwrap();
        let text = |step: &Step| {
            let calls = step.calls.iter().flat_map(|call| {
                let result = call.result.as_ref().map(|result| result.text.clone()).unwrap_or_default();
                [call.name.clone(), call.args.clone(), result]
            });
            let own = [step.thought.clone(), step.error.clone().unwrap_or_default(), step.harness.join("\n")];
            own.into_iter().chain(calls).collect::<Vec<_>>().join("\n")
        };
        let mut dice = dice();
        for _ in 0..3 {
            let Some(step) = whole.get(dice.below(whole.len())) else { continue };
            let said = text(step);
            let all: Vec<&str> = said.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| word.len() > 3).collect();
            let Some(word) = all.get(dice.below(all.len())) else { continue };
            // what its own JSON escapes is none of its words
            let word = word.trim_start_matches(['n', 't', 'r', 'u']);
            let Ok(pattern) = Pattern::new(&format!("\"{word}\", <"), Meaning::Text) else { continue };
            let Some((_, holds)) = pattern.in_json().filter(|(word, _)| !paged.writes(word)) else { continue };
            words += 1;
            let any_case = !word.chars().any(char::is_uppercase);
            let said_in = |step: &Step| if any_case { text(step).to_lowercase().contains(word) } else { text(step).contains(word) };
            let wanted: Vec<u32> = whole.iter().filter(|step| said_in(step)).map(|step| step.index).collect();
            let mut read = Vec::new();
            let take = |steps: Vec<Step>, _| {
                read.extend(steps.iter().map(|step| step.index));
                true
            };
            paged.hunt(&index, 0, |line| holds.is_match(line), take).unwrap();
            assert!(wanted.iter().all(|step| read.contains(step)), "{}: {word} in {wanted:?}, read {read:?}", path.display());
            assert!(lines.len() as u64 == paged.len() && read.is_sorted(), "{read:?}");
        }
    }
    assert!(words > 60, "{words}");
}

/// The file as it is now, and its index.
fn looked(paged: &Paged) -> Arc<Index> {
    paged.indexed(|| true).unwrap().unwrap()
}

#[test]
fn a_file_that_grows_is_looked_at_from_where_the_last_look_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.jsonl");
    let mut dice = dice();
    for (sample, _) in samples() {
        let bytes = fs::read(&sample).unwrap();
        if bytes.len() > 300_000 {
            continue;
        }
        // somewhere, also in the middle of a line
        let mut ends: Vec<usize> = (0..4).map(|_| 4096.min(bytes.len()) + dice.below(bytes.len().saturating_sub(4096))).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        ends.dedup();
        fs::write(&path, &bytes[..ends[0].min(bytes.len())]).unwrap();
        let Some(mut paged) = Paged::open(&path, 0).unwrap() else { continue };
        looked(&paged);
        for end in &ends[1..] {
            // written on, as its agent does
            let mut file = fs::File::options().append(true).open(&path).unwrap();
            file.write_all(&bytes[usize::try_from(paged.len()).unwrap()..*end]).unwrap();
            drop(file);
            match paged.grown(&path, 0).unwrap() {
                Grown::On(grown) => paged = *grown,
                other => panic!("{}: {other:?}", sample.display()),
            }
            let index = looked(&paged);
            let anew = paged.index(|_| true).unwrap().unwrap();
            assert_eq!(*index, anew, "{} up to {end} of {ends:?}", sample.display());
        }
        assert!(matches!(paged.grown(&path, 0).unwrap(), Grown::Not));
    }
}

#[test]
fn of_a_file_that_grew_only_the_new_lines_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.jsonl");
    stream(&path, 5000, "fine");
    let paged = Paged::open(&path, 0).unwrap().unwrap();
    assert_eq!(looked(&paged).len(), 5000);
    let before = fs::read(&path).unwrap();
    stream(&path, 5010, "fine");
    let Grown::On(grown) = paged.grown(&path, 0).unwrap() else { panic!("it only grew") };
    let looks = std::cell::Cell::new(0);
    // what was looked at before is told by no progress
    assert_eq!(grown.looked(), 0);
    let index = grown.indexed(|| {
        looks.set(looks.get() + 1);
        true
    });
    assert!(index.unwrap().unwrap().len() == 5010 && looks.get() <= 3, "{}", looks.get());
    // written anew with the same beginning of the same length, it is another text
    fs::write(&path, [&before[..before.len() - 40], &b"x".repeat(80)[..]].concat()).unwrap();
    assert!(matches!(grown.grown(&path, 0).unwrap(), Grown::Anew(Some(_))));
}

#[test]
fn a_file_that_was_cut_or_replaced_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
    stream(&path, 100, "fine");
    let paged = Paged::open(&path, 0).unwrap().unwrap();
    looked(&paged);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let Grown::Anew(Some(cut)) = paged.grown(&path, 0).unwrap() else { panic!("it was cut") };
    assert!(looked(&cut).len() < 60);
    assert!(matches!(cut.grown(&path, 1 << 30).unwrap(), Grown::Not));
    // longer, and of the same beginning: but another file
    fs::write(&other, [&whole[..], &whole[whole.len() / 2..]].concat()).unwrap();
    fs::rename(&other, &path).unwrap();
    assert!(matches!(cut.grown(&path, 0).unwrap(), Grown::Anew(Some(_))));
    assert!(matches!(cut.grown(&path, 1 << 30).unwrap(), Grown::Anew(None)));
}

#[test]
fn small_packed_and_other_files_are_not_read_by_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    stream(&path, 10, "fine");
    assert!(Paged::open(&path, 0).unwrap().is_some_and(|paged| paged.format() == Format::ClaudeStream));
    assert!(Paged::open(&path, 1 << 20).unwrap().is_none());
    let packed = folder.path().join("a.jsonl.gz");
    let mut encoder = flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    encoder.write_all(&fs::read(&path).unwrap()).unwrap();
    encoder.finish().unwrap();
    assert!(Paged::open(&packed, 0).unwrap().is_none());
    fs::write(&path, "no trajectory at all\n").unwrap();
    assert!(Paged::open(&path, 0).unwrap().is_none());
}

#[test]
fn what_is_told_of_a_large_file_is_what_is_told_of_a_small_one() {
    for (path, paged) in samples() {
        let whole = open(&path).unwrap().remove(0);
        let by_pages = Opened::paged(Arc::new(paged)).unwrap();
        assert_eq!((by_pages.len(), by_pages.steps.len()), (whole.len(), 0));
        let line = |opened: &Opened| -> Value {
            let mut line = Vec::new();
            steps::write(&mut line, opened, &Masker::default()).unwrap();
            serde_json::from_slice(&line).unwrap()
        };
        let (told, wanted) = (line(&by_pages), line(&whole));
        let thoughts =
            |line: &Value| -> Vec<Value> { line["steps"].as_array().unwrap().iter().map(|step| step["thought"].clone()).collect() };
        assert_eq!(thoughts(&told), thoughts(&wanted), "{}", path.display());
        assert_eq!((&told["agent"], &told["totals"]["errors"]), (&wanted["agent"], &wanted["totals"]["errors"]), "{}", path.display());
        let verdict = |opened: &Opened| Verdict::of(&path, opened, None, &Masker::default()).unwrap();
        let (told, wanted) = (verdict(&by_pages), verdict(&whole));
        assert_eq!((told.findings, told.alarms, told.level), (wanted.findings, wanted.alarms, wanted.level), "{}", path.display());
    }
}
