//! A line of the labels file: what a person said of a finding. Labels grow from real use, and the rules are measured on them.

use jiff::Timestamp;

use crate::domain::{Finding, Level};

/// The first line of the file.
pub const HEADER: &str = "at,run,item,attempt,agent,model,detector,level,first_step,last_step,verdict,by,says";

/// What a person says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The agent was stuck, as the finding says.
    Right,
    /// It was not.
    Wrong,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// When it was said.
    pub at: Timestamp,
    /// The run's id.
    pub run: String,
    /// The item.
    pub item: String,
    /// Which attempt of the item, from 1.
    pub attempt: u32,
    /// The agent.
    pub agent: String,
    /// Its model; empty where it is not known.
    pub model: String,
    /// The detector's number: `D3`.
    pub detector: String,
    /// The finding's level, as [`Level::name`].
    pub level: String,
    /// The step with which it began.
    pub first_step: u32,
    /// The step at which it reached its level.
    pub last_step: u32,
    /// What the person says.
    pub verdict: Verdict,
    /// Who says it: user and host.
    pub by: String,
    /// The finding's sentence.
    pub says: String,
}

/// Why a line is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It has another number of fields.
    #[error("{0} fields, where a label has 13")]
    Fields(usize),
    /// A quote is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// A field holds something else.
    #[error("'{value}' is no {field}")]
    Field {
        /// Which one.
        field: &'static str,
        /// What it holds.
        value: String,
    },
}

impl Verdict {
    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

impl Label {
    /// Fills in what a finding knows.
    #[must_use]
    pub fn of(mut self, finding: &Finding) -> Self {
        finding.detector.id().clone_into(&mut self.detector);
        finding.level.name().clone_into(&mut self.level);
        (self.first_step, self.last_step) = (finding.first_step, finding.last_step);
        self.says.clone_from(&finding.says);
        self
    }

    /// The line, its newline included.
    pub fn line(&self) -> String {
        let numbers = [self.attempt, self.first_step, self.last_step].map(|number| number.to_string());
        let [attempt, first_step, last_step] = &numbers;
        let at = self.at.to_string();
        let fields = [
            &at,
            &self.run,
            &self.item,
            attempt,
            &self.agent,
            &self.model,
            &self.detector,
            &self.level,
            first_step,
            last_step,
            self.verdict.name(),
            &self.by,
            &self.says,
        ];
        let mut line = fields.map(quoted).join(",");
        line.push('\n');
        line
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Result<Self, LabelError> {
        let fields = fields(line)?;
        let count = fields.len();
        let Ok(fields) = <[String; 13]>::try_from(fields) else { return Err(LabelError::Fields(count)) };
        let [at, run, item, attempt, agent, model, detector, level, first_step, last_step, verdict, by, says] = fields;
        let wrong = |field, value: &str| LabelError::Field { field, value: value.to_owned() };
        let number = |field, value: &str| value.parse::<u32>().ok().ok_or_else(|| wrong(field, value));
        let levels = [Level::None, Level::Note, Level::Warn, Level::Stuck];
        if !levels.iter().any(|known| known.name() == level) {
            return Err(wrong("level", &level));
        }
        Ok(Self {
            at: at.parse().ok().ok_or_else(|| wrong("time", &at))?,
            attempt: number("attempt", &attempt)?,
            first_step: number("step", &first_step)?,
            last_step: number("step", &last_step)?,
            verdict: match verdict.as_str() {
                "right" => Verdict::Right,
                "wrong" => Verdict::Wrong,
                _ => return Err(wrong("verdict", &verdict)),
            },
            run,
            item,
            agent,
            model,
            detector,
            level,
            by,
            says,
        })
    }
}

/// A field as it stands in the file: in quotes where it must be, one line always, and never the beginning of a formula.
fn quoted(field: &str) -> String {
    let field = crate::text::clean::line(field);
    if field.contains([',', '"']) || field.starts_with([' ', '=', '+', '-', '@']) || field.ends_with(' ') {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

fn fields(line: &str) -> Result<Vec<String>, LabelError> {
    let line = line.trim_end_matches(['\n', '\r']);
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let Some(field) = fields.last_mut() else { break };
        match char {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => field.push(char),
        }
    }
    if is_quoted { Err(LabelError::Quote) } else { Ok(fields) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may")]

    use proptest::prelude::*;

    use super::*;
    use crate::domain::Detector;

    fn label(says: &str) -> Label {
        Label {
            at: "2026-11-21T09:30:12Z".parse().unwrap(),
            run: "2026-11-21_09-30-12-ab12".to_owned(),
            item: "vllm_core-0007".to_owned(),
            attempt: 1,
            agent: "trae".to_owned(),
            model: "gpt-5".to_owned(),
            detector: "D3".to_owned(),
            level: "stuck".to_owned(),
            first_step: 4,
            last_step: 9,
            verdict: Verdict::Wrong,
            by: "anna@box".to_owned(),
            says: says.to_owned(),
        }
    }

    #[test]
    fn a_line_has_the_fields_of_the_header() {
        let line = label("it says \"no\", again").line();
        assert_eq!(
            line,
            "2026-11-21T09:30:12Z,2026-11-21_09-30-12-ab12,vllm_core-0007,1,trae,gpt-5,D3,stuck,4,9,wrong,anna@box,\"it says \"\"no\"\", again\"\n"
        );
        assert_eq!(HEADER.split(',').count(), 13);
    }

    #[test]
    fn a_finding_fills_it_in() {
        let finding = Finding {
            detector: Detector::TextPeriod,
            level: Level::Warn,
            first_step: 7,
            last_step: 8,
            says: "one sentence".to_owned(),
            hint: String::new(),
            evidence: vec![],
            cleared: None,
        };
        let label = label("").of(&finding);
        assert_eq!((label.detector.as_str(), label.level.as_str(), label.first_step, label.last_step), ("D5", "warn", 7, 8));
        assert_eq!(label.says, "one sentence");
    }

    #[test]
    fn what_is_no_label_is_said() {
        let said = |line: &str| Label::parse(line).unwrap_err().to_string();
        assert_eq!(said("a,b"), "2 fields, where a label has 13");
        assert_eq!(said("\"a"), "a quote is not closed");
        assert_eq!(said(HEADER), "'level' is no level");
        assert_eq!(said(&label("x").line().replace(",wrong,", ",maybe,")), "'maybe' is no verdict");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(says in "\\PC{0,60}", item in "[a-z,\" =+@-]{0,20}") {
            let written = Label { item, ..label(&says) };
            let read = Label::parse(&written.line()).unwrap();
            prop_assert_eq!(read.line(), written.line());
            prop_assert_eq!(written.line().lines().count(), 1);
        }

        #[test]
        fn any_line_is_read_or_refused(line in "[ -~\\n]{0,200}") {
            let _ = Label::parse(&line);
        }
    }
}
