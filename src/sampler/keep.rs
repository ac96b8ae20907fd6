//! What is kept of the one-second samples: the last two hours as they are, and what is older packed, where an arm ran. The file
//! is cut at a header, so that nothing in it is written anew. First what is packed has its name, then the shorter file takes
//! the longer one's: whoever dies in between leaves samples twice, and none is lost.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::clock::Moment;
use super::write::{Lines, moment};
use crate::domain::StageOutcome;
use crate::ledger::{RunFolder, regular};
use crate::model::{Follower, StageState};
use crate::telemetry::Files;

/// One-second samples are kept for so long, in ms.
const KEPT_MS: i64 = 2 * 3_600_000;

/// Time between two cuts in ms.
const EVERY_MS: i64 = 1_800_000;

/// Kept before and after an arm, in ms.
const AROUND_MS: i64 = 60_000;

/// A time by its first and last moments, in ms of Unix time.
type Time = (i64, i64);

/// Cuts the file now and then. The work is done by a thread, so that no sample waits for a disk.
#[derive(Debug)]
pub(super) struct Keep {
    files: Files,
    /// When the next cut is due, in ms since boot.
    due: i64,
    work: Option<JoinHandle<io::Result<Option<Shorter>>>>,
}

/// The new file, before it has the name.
#[derive(Debug)]
struct Shorter {
    path: PathBuf,
    file: File,
    /// The number of the old file in its file system.
    of: u64,
    /// It holds what the old file held up to here, in bytes.
    copied: u64,
}

impl Keep {
    /// For the files of a folder; the first cut comes soon, for what a predecessor left.
    pub(super) const fn new(files: Files, now: Moment) -> Self {
        Self { files, due: now.up + AROUND_MS, work: None }
    }

    /// Begins a cut where one is due, and ends one that is done. `seconds` is the file that is cut.
    pub(super) fn look(&mut self, now: Moment, seconds: &mut Lines) {
        if let Some(work) = self.work.take_if(|work| work.is_finished()) {
            let worked = work.join().unwrap_or_else(|_| Err(io::Error::other("a defect of isobench-tui")));
            let done = worked.and_then(|shorter| shorter.map_or(Ok(()), |shorter| take_over(shorter, seconds)));
            if let Err(error) = done {
                eprintln!("isobench-tui: can't cut {}: {error}; it grows until that works", seconds.path().display());
            }
        } else if self.work.is_none() && now.up >= self.due {
            self.due = now.up + EVERY_MS;
            let files = self.files.clone();
            let before = now.at - KEPT_MS;
            let cut = move || shorten(&files, before, &arms(&files.0)?);
            self.work = thread::Builder::new().name("keep".to_owned()).spawn(cut).ok();
        }
    }
}

/// When arms ran, and a minute around them, by the ledger of the folder. A folder without one has no arms.
fn arms(folder: &Path) -> io::Result<Vec<Time>> {
    let run = Follower::load(&RunFolder::at(folder.to_owned()))?;
    let attempts = run.items.iter().flat_map(|item| &item.attempts);
    let own = attempts.flat_map(|attempt| attempt.stages.iter().filter(|record| record.ran_in == attempt.n));
    let span = |began: Timestamp, outcome: Option<&StageOutcome>| {
        let from = began.as_millisecond();
        let to = outcome.map_or(i64::MAX, |outcome| from.saturating_add_unsigned(outcome.duration_ms).saturating_add(AROUND_MS));
        (from - AROUND_MS, to)
    };
    let times = own.filter(|record| record.stage.arm().is_some()).flat_map(|record| {
        let last = if let StageState::Ended(outcome) = &record.state { Some(outcome) } else { None };
        let before = record.before().map(|(began, outcome)| span(began, Some(outcome)));
        before.chain([span(record.began, last)])
    });
    Ok(times.collect())
}

/// Packs what is older than `before` and lies in `kept`, and copies the rest. `None`: there is nothing that old.
fn shorten(files: &Files, before: i64, kept: &[Time]) -> io::Result<Option<Shorter>> {
    let path = files.seconds();
    let mut old = BufReader::new(regular::open(File::options().read(true), &path)?);
    let of = old.get_ref().metadata()?.ino();
    let cut = last_header(&mut old, before)?;
    if cut == 0 {
        return Ok(None);
    }
    old.rewind()?;
    pack(files, &mut old.by_ref().take(cut), kept)?;
    old.seek(SeekFrom::Start(cut))?;
    let path = aside(&path);
    let mut file = make(&path)?;
    let copied = cut + io::copy(&mut old, &mut file)?;
    // the name must not be there before the bytes
    file.sync_data()?;
    Ok(Some(Shorter { path, file, of, copied }))
}

/// Adds what came meanwhile, and gives the shorter file the name.
fn take_over(mut shorter: Shorter, seconds: &mut Lines) -> io::Result<()> {
    let mut old = regular::open(File::options().read(true), seconds.path())?;
    // somebody removed the old one meanwhile: what is there now is short
    if old.metadata()?.ino() != shorter.of {
        return fs::remove_file(&shorter.path);
    }
    old.seek(SeekFrom::Start(shorter.copied))?;
    io::copy(&mut old, &mut shorter.file)?;
    fs::rename(&shorter.path, seconds.path())?;
    seconds.reopen()
}

/// Where the last stretch begins that begins no later than a moment.
fn last_header(lines: &mut impl BufRead, before: i64) -> io::Result<u64> {
    let (mut at, mut found, mut line) = (0, 0, Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        if moment(&line).is_some_and(|(t, is_header)| is_header && t <= before) {
            found = at;
        }
        at += line.len() as u64;
        line.clear();
    }
    Ok(found)
}

/// Packs the stretches that reach into a time that is kept, each from its header to the end of that time.
fn pack(files: &Files, lines: &mut impl BufRead, kept: &[Time]) -> io::Result<()> {
    // one name for all of them: what a killed sampler left is not left for ever
    let new = aside(&files.seconds().with_extension("gz"));
    let mut packed: Option<(i64, GzEncoder<BufWriter<File>>)> = None;
    let (mut stretch, mut line, mut last) = (Stretch::default(), Vec::new(), 0);
    loop {
        line.clear();
        let is_over = lines.read_until(b'\n', &mut line)? == 0;
        let said = moment(&line);
        if is_over || said.is_some_and(|(_, is_header)| is_header) {
            if let Some((from, to, bytes)) = stretch.kept(kept) {
                let (_, packed) = match &mut packed {
                    Some(packed) => packed,
                    none => none.insert((from, GzEncoder::new(BufWriter::new(make(&new)?), Compression::default()))),
                };
                packed.write_all(bytes)?;
                last = to;
            }
            stretch.clear();
        }
        if is_over {
            break;
        }
        if let Some((t, _)) = said {
            stretch.add(t, &line);
        }
    }
    let Some((from, packed)) = packed else { return Ok(()) };
    packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
    let path = files.packed(from, last);
    fs::rename(new, &path)?;
    // what one left that died before the file was cut: all of it was packed again
    let doubled = files.all_packed().into_iter().filter(|(begins, _, other)| *begins == from && *other != path);
    doubled.map(|(_, _, other)| other).try_for_each(fs::remove_file)
}

/// Lines from a header to the next.
#[derive(Debug, Default)]
struct Stretch {
    bytes: Vec<u8>,
    /// The moment of each line, and where it ends in `bytes`.
    lines: Vec<(i64, usize)>,
}

impl Stretch {
    fn add(&mut self, t: i64, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.lines.push((t, self.bytes.len()));
    }

    /// What of it is kept: its beginning, with its first and last moments.
    fn kept(&self, kept: &[Time]) -> Option<(i64, i64, &[u8])> {
        let ((from, _), (to, _)) = (self.lines.first()?, self.lines.last()?);
        let until = kept.iter().filter(|(begin, end)| begin <= to && from <= end).map(|(_, end)| *end).max()?;
        let (last, end) = self.lines.iter().take_while(|(t, _)| *t <= until).last()?;
        Some((*from, *last, self.bytes.get(..*end)?))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }
}

/// Where a file is written before it has its name.
fn aside(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    PathBuf::from(aside)
}

/// A new file for this user alone; what a killed sampler left there gives way.
fn make(path: &Path) -> io::Result<File> {
    let _ = fs::remove_file(path);
    File::options().append(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::host::gzip;
    use crate::telemetry::read::between;

    /// A line every ten minutes is a header, one every minute a sample: from 0 to so many minutes.
    fn written(files: &Files, minutes: i64) -> Vec<String> {
        let header =
            |t: i64| format!("{{\"t\":{t},\"header\":{{\"v\":1,\"boot\":\"\",\"pid\":1,\"interval_ms\":1,\"cores\":1,\"memory\":1}}}}\n");
        let sample = |t: i64| format!("{{\"t\":{t},\"is\":{{\"host\":{{\"cpu\":{}}}}}}}\n", t % 1000);
        let of = |minute: i64| if minute % 10 == 0 { header(minute * 60_000) } else { sample(minute * 60_000) };
        let lines: Vec<String> = (0..=minutes).map(of).collect();
        fs::write(files.seconds(), lines.concat()).unwrap();
        lines
    }

    fn unpacked(files: &Files) -> Vec<(i64, i64, String)> {
        let text = |path: PathBuf| String::from_utf8(gzip::unpack(File::open(path).unwrap(), 1 << 20).unwrap()).unwrap();
        files.all_packed().into_iter().map(|(from, to, path)| (from / 60_000, to / 60_000, text(path))).collect()
    }

    /// The minutes of the samples that readers find.
    fn read(files: &Files, from: i64, to: i64) -> Vec<i64> {
        let mut found = Vec::new();
        between(files, from * 60_000, to * 60_000, |t, _, _, _| found.push(t / 60_000)).unwrap();
        found
    }

    const fn minutes(from: i64, to: i64) -> (i64, i64) {
        (from * 60_000, to * 60_000)
    }

    #[test]
    fn what_is_older_is_packed_around_arms_and_the_rest_of_it_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        let lines = written(&files, 59);
        let mut seconds = Lines::open(files.seconds()).unwrap();
        // an arm from 13 to 15, another from 17 to 22, one that is too young to be packed; before: 35, so that 30 is the cut
        let kept = [minutes(13, 15), minutes(17, 22), minutes(44, i64::MAX / 60_000)];
        let shorter = shorten(&files, 35 * 60_000, &kept).unwrap().unwrap();
        // what came while the thread worked
        seconds.append("{\"t\":3600000}").unwrap();
        take_over(shorter, &mut seconds).unwrap();
        seconds.append("{\"t\":3601000}").unwrap();
        let left = format!("{}{{\"t\":3600000}}\n{{\"t\":3601000}}\n", lines[30..].concat());
        assert_eq!(fs::read_to_string(files.seconds()).unwrap(), left);
        assert_eq!(unpacked(&files), [(10, 22, lines[10..=22].concat())], "from the header before an arm to its end");
        let samples = |from, to| (from..=to).filter(|minute| minute % 10 != 0).collect::<Vec<i64>>();
        assert_eq!(read(&files, 0, 59), [samples(10, 22), samples(30, 59)].concat());
        assert_eq!(read(&files, 12, 14), [12, 13, 14]);
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2, "nothing else is left behind");
        assert!(shorten(&files, 29 * 60_000, &kept).unwrap().is_none(), "nothing is that old any more");
    }

    #[test]
    fn whoever_died_in_between_left_everything_and_the_next_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        let lines = written(&files, 39);
        let all = fs::read_to_string(files.seconds()).unwrap();
        let mut seconds = Lines::open(files.seconds()).unwrap();
        // packed, copied, and killed: the long file still has the name
        drop(shorten(&files, 15 * 60_000, &[minutes(2, 4), minutes(11, 39)]).unwrap());
        assert_eq!(fs::read_to_string(files.seconds()).unwrap(), all);
        assert_eq!(read(&files, 0, 39), (0..=39).filter(|minute| minute % 10 != 0).collect::<Vec<i64>>(), "none is told twice");
        let shorter = shorten(&files, 25 * 60_000, &[minutes(2, 4), minutes(11, 13)]).unwrap().unwrap();
        take_over(shorter, &mut seconds).unwrap();
        assert_eq!(fs::read_to_string(files.seconds()).unwrap(), lines[20..].concat());
        assert_eq!(unpacked(&files), [(0, 13, [&lines[0..=4], &lines[10..=13]].concat().concat())]);
    }

    #[test]
    fn torn_lines_and_a_clock_that_was_put_back_keep_nothing_from_being_cut() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        let text = "torn\n{\"t\":9000,\"header\":{}}\n{\"t\":9001}\n{\"t\":90\n{\"t\":1000,\"header\":{}}\n{\"t\":2000}\n";
        fs::write(files.seconds(), text).unwrap();
        let mut seconds = Lines::open(files.seconds()).unwrap();
        let shorter = shorten(&files, 1000, &[(9001, 9001)]).unwrap().unwrap();
        take_over(shorter, &mut seconds).unwrap();
        assert_eq!(fs::read_to_string(files.seconds()).unwrap(), "{\"t\":1000,\"header\":{}}\n{\"t\":2000}\n");
        assert_eq!(unpacked(&files), [(0, 0, "{\"t\":9000,\"header\":{}}\n{\"t\":9001}\n".to_owned())]);
        assert!(arms(folder.path()).unwrap().is_empty(), "a folder without a ledger has no arms");
    }
}
