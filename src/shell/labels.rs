//! What people say of findings: one file for all runs of a harness, a line a verdict, only ever appended to.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::OFlags;

use crate::detect::labels::{self, HEADER, Verdict};
use crate::domain::{AttemptId, Detector, ItemId, RunId};
use crate::host::files::{Links, read};
use crate::ledger::{By, RunFolder};
use crate::model::Run;
use crate::ui::labels::{Label, Meant};

/// A longer file is none of ours, in bytes: a hundred thousand verdicts are shorter.
const LONGEST: u64 = 64 << 20;

/// Who gives a verdict on an agent of which run.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The run's id.
    pub id: &'a RunId,
    /// The run.
    pub run: &'a Run,
    /// Who.
    pub by: &'a By,
    /// When.
    pub at: Timestamp,
}

/// The labels file of a harness: `state/tui/labels.csv`.
#[derive(Debug, Clone)]
pub struct LabelsFile {
    path: PathBuf,
}

impl LabelsFile {
    /// Below a harness root.
    pub fn of(root: &Path) -> Self {
        Self { path: RunFolder::all(root).join("labels.csv") }
    }

    /// What was said of the findings of a run, the last word last. No file: nothing. The error is a sentence.
    pub fn read(&self, run: &RunId) -> Result<Vec<(Meant, Verdict)>, String> {
        let bytes = match read(&self.path, LONGEST, Links::Followed) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("can't read what was said of findings: {}: {error}", self.path.display())),
        };
        Ok(String::from_utf8_lossy(&bytes).lines().filter_map(|line| meant(line, run)).collect())
    }

    /// Appends a verdict. The error is a sentence.
    pub fn append(&self, label: &Label, about: &About<'_>) -> Result<(), String> {
        self.write(&line(label, about)).map_err(|error| {
            let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            let why = if is_full { "the disk is full".to_owned() } else { error.to_string() };
            format!("the verdict could not be kept: {}: {why}", self.path.display())
        })
    }

    fn write(&self, line: &str) -> io::Result<()> {
        self.begin()?;
        let mut options = File::options();
        // a pipe in its place must not hold us up; a regular file does not know the flag
        options.read(true).append(true).create(true).mode(0o600).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let mut file = options.open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut text = String::new();
        let len = file.seek(SeekFrom::End(0))?;
        if len > LONGEST {
            // it would not be read again
            return Err(io::Error::other(format!("it is larger than {} MiB: move it away", LONGEST >> 20)));
        }
        if len == 0 {
            text.push_str(HEADER);
            text.push('\n');
        }
        file.seek(SeekFrom::Start(0))?;
        // somebody's torn line, or a quote that nobody closed, must not take ours along
        text.push_str(match end_of(&mut (&file).take(len))? {
            End { in_quotes: true, .. } => "\"\n",
            End { last: b'\n', .. } => "",
            End { .. } => "\n",
        });
        text.push_str(line);
        file.write_all(text.as_bytes())
    }

    /// Makes the file with its header, where there is none: it appears with it, so that of two writers only one brings it.
    fn begin(&self) -> io::Result<()> {
        if self.path.symlink_metadata().is_ok() {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let own = folder.join(format!(".labels.{}.{:?}", std::process::id(), std::thread::current().id()));
        let made = File::options().write(true).create(true).truncate(true).mode(0o600).open(&own);
        let linked = made.and_then(|mut file| {
            writeln!(file, "{HEADER}")?;
            fs::hard_link(&own, &self.path)
        });
        let _ = fs::remove_file(&own);
        match linked {
            // another one was faster, or this file system has no links: the first line then brings the header
            Err(error) if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::PermissionDenied => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// How a file of such lines ends.
struct End {
    in_quotes: bool,
    last: u8,
}

fn end_of(file: &mut impl Read) -> io::Result<End> {
    let mut end = End { in_quotes: false, last: b'\n' };
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let read = piece.get(..read).unwrap_or_default();
        let Some(last) = read.last() else { return Ok(end) };
        end.last = *last;
        end.in_quotes = read.iter().fold(end.in_quotes, |in_quotes, byte| in_quotes ^ (*byte == b'"'));
    }
}

/// The line of a verdict.
fn line(label: &Label, about: &About<'_>) -> String {
    let Label { attempt, finding, verdict } = label;
    let blank = labels::Label {
        at: about.at,
        run: about.id.0.clone(),
        item: attempt.item.0.clone(),
        attempt: attempt.n,
        agent: about.run.agent.clone(),
        model: about.run.model.clone(),
        detector: String::new(),
        level: String::new(),
        first_step: 0,
        last_step: 0,
        verdict: *verdict,
        by: about.by.words(),
        says: String::new(),
    };
    blank.of(finding).line()
}

/// The verdict of a line, where it is about this run. What is no verdict is somebody else's line.
fn meant(line: &str, run: &RunId) -> Option<(Meant, Verdict)> {
    let label = labels::Label::parse(line).ok().filter(|label| label.run == run.0)?;
    let detector = Detector::ALL.into_iter().find(|known| known.id() == label.detector)?;
    let attempt = AttemptId { item: ItemId(label.item), n: label.attempt };
    Some((Meant { attempt, detector, first_step: label.first_step }, label.verdict))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::{Finding, Level};

    fn label(first_step: u32, verdict: Verdict) -> Label {
        let finding = Finding {
            detector: Detector::Cycle,
            level: Level::Stuck,
            first_step,
            last_step: first_step + 9,
            says: "ls, \"cat\"\u{1b}]0;x\u{7} and\nls".to_owned(),
            hint: String::new(),
            evidence: Vec::new(),
            cleared: None,
        };
        Label { attempt: AttemptId { item: ItemId("vllm_core-0007".to_owned()), n: 2 }, finding, verdict }
    }

    fn keep(file: &LabelsFile, run: &str, label: &Label) -> Result<(), String> {
        let (id, by) = (RunId(run.to_owned()), By::Person { user: "ann".to_owned(), host: "box".to_owned(), tty: None });
        file.append(label, &About { id: &id, run: &Run::default(), by: &by, at: Timestamp::UNIX_EPOCH })
    }

    fn lines(file: &LabelsFile) -> Vec<String> {
        fs::read_to_string(&file.path).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn verdicts_come_back_and_the_last_one_counts() {
        let root = tempfile::tempdir().unwrap();
        let file = LabelsFile::of(root.path());
        let run = RunId("a".to_owned());
        assert_eq!(file.read(&run), Ok(Vec::new()));
        keep(&file, "a", &label(3, Verdict::Right)).unwrap();
        keep(&file, "b", &label(5, Verdict::Right)).unwrap();
        keep(&file, "a", &label(3, Verdict::Wrong)).unwrap();
        let read = file.read(&run).unwrap();
        let attempt = label(3, Verdict::Right).attempt;
        let meant = Meant { attempt: attempt.clone(), detector: Detector::Cycle, first_step: 3 };
        assert_eq!(read, [(meant.clone(), Verdict::Right), (meant, Verdict::Wrong)]);
        let mut labels = crate::ui::labels::Labels::default();
        labels.extend(read);
        assert_eq!(labels.verdict(&attempt, &label(3, Verdict::Right).finding), Some(Verdict::Wrong));
        let lines = lines(&file);
        assert_eq!((lines.len(), lines.first().map(String::as_str)), (4, Some(HEADER)));
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')), "{lines:?}");
    }

    #[test]
    fn of_many_writers_one_brings_the_header_and_no_line_is_lost() {
        let root = tempfile::tempdir().unwrap();
        let file = LabelsFile::of(root.path());
        let ready = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (file, ready) = (&file, &ready);
                scope.spawn(move || {
                    ready.wait();
                    keep(file, "a", &label(n, Verdict::Right)).unwrap();
                });
            }
        });
        let lines = lines(&file);
        assert_eq!((lines.len(), lines.iter().filter(|line| *line == HEADER).count()), (9, 1), "{lines:#?}");
        assert_eq!((lines.first().map(String::as_str), file.read(&RunId("a".to_owned())).unwrap().len()), (Some(HEADER), 8));
        assert_eq!(fs::read_dir(root.path().join("state/tui")).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_torn_line_and_lines_of_others_take_nothing_along() {
        let root = tempfile::tempdir().unwrap();
        let file = LabelsFile::of(root.path());
        keep(&file, "a", &label(3, Verdict::Right)).unwrap();
        let whole = fs::read_to_string(&file.path).unwrap();
        fs::write(&file.path, format!("{whole}a comment\n\u{0},,\"\n2026-11-21T09:30:12Z,a,x")).unwrap();
        keep(&file, "a", &label(4, Verdict::Wrong)).unwrap();
        assert_eq!(file.read(&RunId("a".to_owned())).unwrap().len(), 2);
        // a quote that nobody closed ends before our line, for a reader that lets a field go over lines too
        fs::write(&file.path, format!("{whole}2026-11-21T09:30:12Z,a,\"x")).unwrap();
        keep(&file, "a", &label(4, Verdict::Wrong)).unwrap();
        let written = fs::read_to_string(&file.path).unwrap();
        assert_eq!((written.matches('"').count() % 2, file.read(&RunId("a".to_owned())).unwrap().len()), (0, 2), "{written}");
        assert!(written.contains(",a,\"x\"\n"), "{written}");
        // an empty file gets its header with the first line
        fs::write(&file.path, "").unwrap();
        keep(&file, "a", &label(4, Verdict::Wrong)).unwrap();
        assert_eq!(lines(&file).first().map(String::as_str), Some(HEADER));
    }

    #[test]
    fn what_cant_be_kept_is_said_in_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        let file = LabelsFile::of(root.path());
        fs::create_dir_all(&file.path).unwrap();
        let why = keep(&file, "a", &label(3, Verdict::Right)).unwrap_err();
        assert!(why.starts_with("the verdict could not be kept: ") && why.contains("state/tui/labels.csv: "), "{why}");
        assert!(file.read(&RunId("a".to_owned())).unwrap_err().starts_with("can't read what was said of findings: "));
        fs::remove_dir(&file.path).unwrap();
        // what is always full
        std::os::unix::fs::symlink("/dev/full", &file.path).unwrap();
        assert!(keep(&file, "a", &label(3, Verdict::Right)).unwrap_err().contains("it is no regular file"));
        fs::remove_file(&file.path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &file.path, rustix::fs::Mode::RWXU).unwrap();
        assert!(keep(&file, "a", &label(3, Verdict::Right)).is_err(), "a pipe without a reader holds nobody up");
        fs::remove_file(&file.path).unwrap();
        File::create(&file.path).unwrap().set_len(LONGEST + 1).unwrap();
        assert!(keep(&file, "a", &label(3, Verdict::Right)).unwrap_err().ends_with("it is larger than 64 MiB: move it away"));
        let in_the_way = root.path().join("file");
        fs::write(&in_the_way, "").unwrap();
        assert!(keep(&LabelsFile::of(&in_the_way), "a", &label(3, Verdict::Right)).is_err());
    }
}
