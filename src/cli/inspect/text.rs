//! A trajectory as a log for people.

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::agent::open::Opened;
use crate::detect::Human;
use crate::detect::kind::Kinds;
use crate::domain::{Finding, Level, Remark, Reply, Step};
use crate::report::steps::{Totals, end, format_name};
use crate::report::verdict::{masked, masked_finding, watch};
use crate::text::mask::Masker;
use crate::text::width::clip;
use crate::text::{clean, count, duration, tokens};
use crate::ui::step::{How, Shown, ShownCall};

/// Lines of a thought.
const THOUGHT: usize = 40;

/// Lines of a result that went well.
const RESULT: usize = 3;

/// Lines of one that did not, from its end: there the error stands.
const FAILURE: usize = 8;

/// Columns of one line of a result.
const COLS: usize = 200;

/// Columns before the text of a step: its time, number and letter.
const MARGIN: usize = 30;

/// Writes trajectories.
pub(super) struct Log<'a, W> {
    out: &'a mut W,
    masker: &'a Masker,
    colour: bool,
    zone: TimeZone,
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
    text: String,
}

impl<'a, W: Write> Log<'a, W> {
    pub(super) fn new(out: &'a mut W, masker: &'a Masker, colour: bool) -> Self {
        Self { out, masker, colour, zone: TimeZone::system() }
    }

    /// One run: what it is, its steps with what the detectors say of them, its end.
    pub(super) fn run(&mut self, path: &Path, run: &Opened, human: Option<Human>) -> io::Result<()> {
        self.head(path, run)?;
        let mut said = said(run, human, self.masker).into_iter().peekable();
        let mut kinds = Kinds::default();
        for step in &run.steps {
            self.step(step, &mut kinds)?;
            while let Some(said) = said.next_if(|said| said.step.is_some_and(|at| at <= step.index)) {
                self.line("", said.ink, &said.text)?;
            }
        }
        writeln!(self.out)?;
        for said in said {
            self.plain(said.ink, &said.text)?;
        }
        self.foot(run)
    }

    fn head(&mut self, path: &Path, run: &Opened) -> io::Result<()> {
        let model = run.model.as_deref().filter(|model| !model.is_empty()).unwrap_or("model not told");
        let instance = run.instance.as_deref().map(|id| format!(", instance {id}")).unwrap_or_default();
        let said = format!("{}: {} ({}), {model}{instance}", path.display(), run.format.agent(), format_name(run.format));
        let said = clean::shown(&self.masker.mask(&said)).into_owned();
        self.plain(Ink::Bold, &said)?;
        let task = run.task.as_deref().map(|task| clean::first_line(&self.masker.mask(task))).filter(|task| !task.is_empty());
        if let Some(task) = task {
            self.plain(Ink::Dim, &format!("task: {}", clip(&task, COLS)))?;
        }
        writeln!(self.out)
    }

    fn step(&mut self, step: &Step, kinds: &mut Kinds) -> io::Result<()> {
        let shown = Shown::of(step, kinds, self.masker);
        let within = step.within.as_ref().map_or("", |_| "(subagent) ");
        let mut thought = shown.thought.iter().map(String::as_str).skip_while(|line| line.is_empty());
        let first = thought.next().unwrap_or_default();
        let letter = shown.kind.letter();
        let head = format!("{:<19} {:>6} {letter}  ", self.time(step.at), step.index);
        self.line(&head, Ink::Plain, &format!("{within}{first}"))?;
        let rest: Vec<&str> = thought.collect();
        for line in rest.iter().take(THOUGHT) {
            self.line("", Ink::Plain, line)?;
        }
        if rest.len() > THOUGHT {
            self.line("", Ink::Dim, &format!("… {} more lines", rest.len() - THOUGHT))?;
        }
        for call in &shown.calls {
            self.call(call, step.reply)?;
        }
        for said in &shown.harness {
            self.line("", Ink::Warn, &format!("harness: {said}"))?;
        }
        match &shown.error {
            Some(error) => self.line("", Ink::Bad, &format!("error: {error}")),
            None => Ok(()),
        }
    }

    fn call(&mut self, call: &ShownCall, reply: Reply) -> io::Result<()> {
        let name = if call.name.is_empty() { "(a call that was not seen)" } else { &call.name };
        let word = if call.word == call.name { String::new() } else { format!(" {}", call.word) };
        self.line("", Ink::Bold, &format!("> {name}{word}  {}", clip(&call.gist, COLS)))?;
        let Some(result) = &call.result else {
            let says = if reply == Reply::ToolsRunning { "no answer yet" } else { "never answered" };
            return self.line("", Ink::Warn, &format!("  {says}"));
        };
        let lines: Vec<&String> = result.lines.iter().filter(|line| !line.trim().is_empty()).collect();
        let (most, ink, word) = match result.how {
            How::Well => (RESULT, Ink::Dim, "ok"),
            How::Badly => (FAILURE, Ink::Bad, "failed"),
        };
        let hidden = lines.len().saturating_sub(most);
        let fold = if hidden > 0 { format!(" … {hidden} more lines") } else { String::new() };
        let shown: Vec<&String> = match result.how {
            How::Well => lines.into_iter().take(most).collect(),
            How::Badly => lines.into_iter().skip(hidden).collect(),
        };
        self.line("", ink, &format!("  {word}{fold}"))?;
        shown.into_iter().try_for_each(|line| self.line("", Ink::Dim, &format!("    {}", clip(line, COLS))))
    }

    fn foot(&mut self, run: &Opened) -> io::Result<()> {
        let (state, reason) = end(&run.state);
        let reason = reason.map(|reason| format!(": {}", clean::first_line(&self.masker.mask(reason)))).unwrap_or_default();
        let ink = match state {
            "completed" => Ink::Good,
            "error" => Ink::Bad,
            _ => Ink::Warn,
        };
        self.plain(ink, &format!("end: {state}{reason}"))?;
        let totals = Totals::of(run);
        let mut tools: Vec<(&String, &u64)> = totals.calls_by_tool.iter().filter(|(name, _)| !name.is_empty()).collect();
        tools.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let tools: Vec<String> =
            tools.into_iter().map(|(name, count)| format!("{} {count}", clean::first_line(&self.masker.mask(name)))).collect();
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let known = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), tokens);
        let parts = [
            totals.steps.map_or_else(|| "steps not told".to_owned(), |steps| count(number(steps), "step")),
            format!(
                "{}{}",
                count(number(totals.calls), "call"),
                if tools.is_empty() { String::new() } else { format!(" ({})", tools.join(", ")) }
            ),
            count(number(totals.errors), "error"),
            format!("tokens: {} in, {} out", known(totals.input_tokens), known(totals.output_tokens)),
            crate::report::steps::duration_ms(run).map_or_else(|| "duration not told".to_owned(), duration::short),
        ];
        self.plain(Ink::Plain, &parts.join("; "))
    }

    fn time(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(String::new, |at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// A line of a step. All texts are clean before they come here.
    fn line(&mut self, head: &str, ink: Ink, text: &str) -> io::Result<()> {
        if head.is_empty() && text.is_empty() {
            return writeln!(self.out);
        }
        let text = self.inked(ink, text);
        writeln!(self.out, "{}", format!("{head:<MARGIN$}{text}").trim_end())
    }

    fn plain(&mut self, ink: Ink, text: &str) -> io::Result<()> {
        let text = self.inked(ink, text);
        writeln!(self.out, "{text}")
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
fn said(run: &Opened, human: Option<Human>, masker: &Masker) -> Vec<Said> {
    let watch = watch(run, human);
    let finding = |finding: &Finding| {
        let finding = masked_finding(finding, masker);
        let ink = match finding.level {
            Level::Stuck => Ink::Bad,
            Level::Warn => Ink::Warn,
            Level::Note | Level::None => Ink::Plain,
        };
        let since = if finding.first_step < finding.last_step { format!(" since step {}", finding.first_step) } else { String::new() };
        let about = format!("{} {}", finding.detector.id(), finding.detector.title());
        let text = format!("{}: {about}{since}: {}", finding.level.name(), sentences(&finding.says, &finding.hint));
        Said { step: Some(finding.last_step), ink, text }
    };
    let remark = |word: &str, ink: Ink, remark: &Remark| {
        let remark = masked(remark, masker);
        let text = format!("{word}: {} {}: {}", remark.detector.id(), remark.detector.title(), sentences(&remark.says, &remark.hint));
        Said { step: remark.step, ink, text }
    };
    let mut all: Vec<Said> = watch.findings().into_iter().map(finding).collect();
    all.extend(watch.alarms().into_iter().map(|alarm| remark("alarm", Ink::Bad, alarm)));
    all.extend(watch.badges().into_iter().map(|badge| remark("badge", Ink::Plain, badge)));
    all.sort_by_key(|said| said.step.unwrap_or(u32::MAX));
    all
}

fn sentences(says: &str, hint: &str) -> String {
    if hint.is_empty() { says.to_owned() } else { format!("{says} — {hint}") }
}
