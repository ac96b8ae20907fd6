//! A trajectory as a log for people.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::agent::open::Opened;
use crate::cli::page;
use crate::detect::Human;
use crate::detect::kind::Kinds;
use crate::domain::{Detector, Finding, Level, Remark, Reply, Step};
use crate::report::head;
use crate::report::steps::end;
use crate::report::verdict::{masked, masked_finding, watch};
use crate::text::mask::Masker;
use crate::text::width::{clip, width};
use crate::text::{clean, count};
use crate::ui::step::{How, Shown, ShownCall};

/// Lines of a thought.
const THOUGHT: usize = 40;

/// Lines of a result that went well.
const RESULT: usize = 3;

/// Lines of one that did not, from its end: there the error stands.
const FAILURE: usize = 8;

/// Columns of what a call is about: a script that is written whole is not told whole.
const GIST: usize = 200;

/// Columns of the names in the head.
const NAME: usize = 10;

/// Writes trajectories.
pub(super) struct Log<'a, W> {
    out: &'a mut W,
    masker: &'a Masker,
    colour: bool,
    zone: TimeZone,
    columns: usize,
    /// Of the run that is told now.
    now: Now,
}

/// What is known of the run that is told.
#[derive(Debug, Default)]
struct Now {
    /// The digits of its last step.
    digits: usize,
    /// Whether it tells times, and the day that was told last.
    has_times: bool,
    day: Option<Date>,
    /// What stands before the next line: the step's time, number and letter, as long as nothing was said of it.
    head: Option<String>,
    /// In which step the harness said each of its messages first.
    harness: HashMap<String, u32>,
}

/// Colours of a terminal's own palette.
#[derive(Debug, Clone, Copy)]
enum Ink {
    Plain,
    Dim,
    Bold,
    Good,
    Warn,
    Bad,
}

/// What is said of a step beside the step.
struct Said {
    step: Option<u32>,
    ink: Ink,
    detector: Detector,
    text: String,
    hint: String,
}

impl<'a, W: Write> Log<'a, W> {
    pub(super) fn new(out: &'a mut W, masker: &'a Masker, colour: bool) -> Self {
        Self { out, masker, colour, zone: TimeZone::system(), columns: page::columns(), now: Now::default() }
    }

    /// One run: what it is, its steps with what the detectors say of them, its end.
    pub(super) fn run(&mut self, path: &Path, run: &Opened, human: Option<Human>) -> io::Result<()> {
        let watch = watch(run, human)?;
        let findings: Vec<Finding> = watch.findings().into_iter().map(|finding| masked_finding(finding, self.masker)).collect();
        let day = head::began(run).map(|at| at.to_zoned(self.zone.clone()).date());
        let last = run.steps.iter().map(|step| step.index).max().unwrap_or_default() as usize;
        let last = last.max(run.len());
        let has_times = run.steps.iter().any(|step| step.at.is_some()) || (run.pages.is_some() && run.started_at.is_some());
        self.now = Now { digits: last.to_string().len(), has_times, day, ..Now::default() };
        self.head(path, run, &findings)?;
        let remarks = |remarks: Vec<&Remark>| remarks.into_iter().map(|remark| masked(remark, self.masker)).collect::<Vec<_>>();
        let (alarms, badges) = (remarks(watch.alarms()), remarks(watch.badges()));
        let mut said = said(&findings, &alarms, &badges).into_iter().peekable();
        let mut hinted = HashSet::new();
        let mut kinds = Kinds::default();
        run.each(|step| {
            self.step(step, &mut kinds)?;
            while let Some(said) = said.next_if(|said| said.step.is_some_and(|at| at <= step.index)) {
                self.said(&said, &mut hinted)?;
            }
            Ok(())
        })?;
        writeln!(self.out)?;
        for said in said {
            self.said(&said, &mut hinted)?;
        }
        let ink = match end(&run.state).0 {
            "completed" => Ink::Good,
            "error" => Ink::Bad,
            _ => Ink::Warn,
        };
        let ended = head::ended(run, self.masker);
        self.hung("", ink, &format!("end: {ended}"))
    }

    fn head(&mut self, path: &Path, run: &Opened, findings: &[Finding]) -> io::Result<()> {
        let path = clean::shown(&self.masker.mask(&path.display().to_string())).into_owned();
        let path = self.inked(Ink::Bold, &path);
        writeln!(self.out, "{path}")?;
        let worst = findings.iter().map(|finding| finding.level).max().unwrap_or_default();
        for (name, text) in head::rows(run, findings, &self.zone, self.masker) {
            let ink = if name == "found" { ink_of(worst) } else { Ink::Plain };
            let text = if name == "task" { clip(&text, page::room(self.columns, NAME)).into_owned() } else { text };
            self.hung(&format!("{name:<NAME$}"), ink, &text)?;
        }
        writeln!(self.out)
    }

    fn step(&mut self, step: &Step, kinds: &mut Kinds) -> io::Result<()> {
        let shown = Shown::of(step, kinds, self.masker);
        self.day(step.at)?;
        let within = step.within.as_ref().map_or("", |_| "(subagent) ");
        self.now.head = Some(format!("{}{within}", self.margin(step.at, Some((step.index, shown.kind.letter())))));
        let mut thought: Vec<&str> = shown.thought.iter().map(String::as_str).skip_while(|line| line.trim().is_empty()).collect();
        let told = thought.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
        thought.truncate(told);
        for line in thought.iter().take(THOUGHT) {
            self.line(Ink::Plain, line)?;
        }
        if thought.len() > THOUGHT {
            self.line(Ink::Dim, &format!("… {}", more(thought.len() - THOUGHT)))?;
        }
        for call in &shown.calls {
            self.call(call, step.reply)?;
        }
        for said in &shown.harness {
            let text = match self.now.harness.get(said) {
                Some(first) => format!("harness: (the same as in step {first})"),
                None => format!("harness: {said}"),
            };
            self.now.harness.entry(said.clone()).or_insert(step.index);
            self.line(Ink::Warn, &text)?;
        }
        if let Some(error) = &shown.error {
            self.line(Ink::Bad, &format!("error: {error}"))?;
        }
        // nothing of all that
        match self.now.head {
            Some(_) => self.line(Ink::Dim, "(nothing)"),
            None => Ok(()),
        }
    }

    fn call(&mut self, call: &ShownCall, reply: Reply) -> io::Result<()> {
        let name = if call.name.is_empty() { "(a call that was not seen)" } else { &call.name };
        let word = if call.word == call.name { String::new() } else { format!(" {}", call.word) };
        let what = if call.gist.is_empty() { String::new() } else { format!("  {}", clip(&call.gist, GIST)) };
        self.line(Ink::Bold, &format!("> {name}{word}{what}"))?;
        let Some(result) = &call.result else {
            let says = if reply == Reply::ToolsRunning { "no answer yet" } else { "never answered" };
            return self.line(Ink::Warn, &format!("  {says}"));
        };
        let lines: Vec<_> = result.lines().filter(|line| !line.trim().is_empty()).collect();
        let (most, ink, word) = match result.how {
            How::Well => (RESULT, Ink::Dim, "ok"),
            How::Badly => (FAILURE, Ink::Bad, "failed"),
        };
        let hidden = lines.len().saturating_sub(most);
        let (before, after) = match result.how {
            _ if hidden == 0 => (String::new(), None),
            How::Well => (String::new(), Some(more(hidden))),
            How::Badly => (format!(", after {}", more(hidden)), None),
        };
        self.line(ink, &format!("  {word}{before}"))?;
        let skipped = if result.how == How::Badly { hidden } else { 0 };
        let room = page::room(self.columns, self.blank().len() + 4);
        for line in lines.into_iter().skip(skipped).take(most) {
            self.line(Ink::Dim, &format!("    {}", clip(&line, room)))?;
        }
        after.map_or(Ok(()), |after| self.line(Ink::Dim, &format!("    … {after}")))
    }

    /// What the detectors say; what to do is said once for each of them.
    fn said(&mut self, said: &Said, hinted: &mut HashSet<Detector>) -> io::Result<()> {
        let margin = if said.step.is_some() { self.blank() } else { String::new() };
        self.hung(&margin, said.ink, &said.text)?;
        if hinted.insert(said.detector) {
            self.hung(&format!("{margin}  "), said.ink, &said.hint)?;
        }
        Ok(())
    }

    /// Says the day where it is another one than before.
    fn day(&mut self, at: Option<Timestamp>) -> io::Result<()> {
        let Some(day) = at.map(|at| at.to_zoned(self.zone.clone()).date()).filter(|day| self.now.day != Some(*day)) else {
            return Ok(());
        };
        self.now.day = Some(day);
        let line = self.inked(Ink::Dim, &day.to_string());
        writeln!(self.out, "{line}")
    }

    /// What stands before the text of a step: its time, number and letter.
    fn margin(&self, at: Option<Timestamp>, step: Option<(u32, char)>) -> String {
        let time = at.map_or_else(String::new, |at| at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string());
        let time = if self.now.has_times { format!("{time:<8} ") } else { String::new() };
        let digits = self.now.digits;
        step.map_or_else(|| format!("{time}{:digits$}    ", ""), |(index, letter)| format!("{time}{index:>digits$} {letter}  "))
    }

    fn blank(&self) -> String {
        self.margin(None, None)
    }

    /// A line of a step, behind its number where it is the first one. All texts are clean before they come here.
    fn line(&mut self, ink: Ink, text: &str) -> io::Result<()> {
        if text.trim().is_empty() && self.now.head.is_none() {
            return writeln!(self.out);
        }
        let head = self.now.head.take().unwrap_or_else(|| self.blank());
        self.hung(&head, ink, text)
    }

    /// A text behind a head, wrapped; further lines begin below the text.
    fn hung(&mut self, head: &str, ink: Ink, text: &str) -> io::Result<()> {
        let cut = width(head);
        for (nth, line) in page::hang(head, text, self.columns).into_iter().enumerate() {
            let at = if nth == 0 { head.len() } else { cut };
            let (before, after) = line.split_at_checked(at).unwrap_or(("", &line));
            let after = self.inked(ink, after.trim_end());
            writeln!(self.out, "{before}{after}")?;
        }
        Ok(())
    }

    fn inked(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            _ if !self.colour => return text.to_owned(),
            Ink::Plain => return text.to_owned(),
            Ink::Dim => 2,
            Ink::Bold => 1,
            Ink::Good => 32,
            Ink::Warn => 33,
            Ink::Bad => 31,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Findings, alarms and badges in the order of the steps at which they are said; those without a step come last.
fn said(findings: &[Finding], alarms: &[Remark], badges: &[Remark]) -> Vec<Said> {
    let finding = |finding: &Finding| {
        let span = match (finding.first_step < finding.last_step, finding.is_open()) {
            (false, _) => String::new(),
            (true, true) => format!(" since step {}", finding.first_step),
            (true, false) => format!(" in steps {}-{}", finding.first_step, finding.last_step),
        };
        let about = format!("{} {}", finding.detector.id(), finding.detector.title());
        Said {
            step: Some(finding.last_step),
            ink: ink_of(finding.level),
            detector: finding.detector,
            text: format!("{}: {about}{span}: {}", finding.level.name(), finding.says),
            hint: finding.hint.clone(),
        }
    };
    let remark = |word: &str, ink: Ink, remark: &Remark| Said {
        step: remark.step,
        ink,
        detector: remark.detector,
        text: format!("{word}: {} {}: {}", remark.detector.id(), remark.detector.title(), remark.says),
        hint: remark.hint.clone(),
    };
    let mut all: Vec<Said> = findings.iter().map(finding).collect();
    all.extend(alarms.iter().map(|alarm| remark("alarm", Ink::Bad, alarm)));
    all.extend(badges.iter().map(|badge| remark("badge", Ink::Plain, badge)));
    all.sort_by_key(|said| said.step.unwrap_or(u32::MAX));
    all
}

const fn ink_of(level: Level) -> Ink {
    match level {
        Level::Stuck => Ink::Bad,
        Level::Warn => Ink::Warn,
        Level::Note | Level::None => Ink::Plain,
    }
}

fn more(lines: usize) -> String {
    count(lines, "more line")
}
