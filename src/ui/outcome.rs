//! What came of an item: patch, ladder, numbers, verdict.

use super::words::{number, percent};
use super::{Mood, Said};
use crate::bench::score::direction;
use crate::domain::rung::{breaks, reached};
use crate::domain::{
    Answer, Arm, Direction, FailureClass, Flag, Metric, Quadrant, Rung, RungAnswer, Samples, ScoreDetail, SecretAt, SoftVerdict, Stage,
    Standing, Verdict,
};
use crate::measured::arms::{STAGES, merged};
use crate::model::item::Asked;
use crate::model::{Attempt, Item, ItemState};
use crate::text;

/// What came of the newest attempt, ready to be laid out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemOutcome {
    /// How far its success holds, in a sentence, once the attempt is over.
    pub conclusion: Option<Said>,
    /// The patch in a few words.
    pub patch: Option<String>,
    /// Whether there is one: something was changed.
    pub has_patch: bool,
    /// What the agent was asked, in a few words; no result by itself.
    pub asked: Option<String>,
    /// What the GPUs took in its stages, in a few words.
    pub energy: Option<String>,
    /// The ladder.
    pub rungs: Vec<RungAnswer>,
    /// What makes it suspicious, in a sentence.
    pub doubts: Option<String>,
    /// One row a metric.
    pub rows: Vec<Row>,
    /// What is noise in them, in a few words.
    pub noise: Option<String>,
    /// The comparison in a sentence.
    pub verdict: Option<Said>,
    /// What a judge said, and the quadrant that it makes with the hard class.
    pub judged: Option<Said>,
    /// The judge's reasons, and who judged.
    pub judge_says: Option<String>,
    /// Why something could not be compared.
    pub why_not: Vec<String>,
    /// The item's own sentence, which is told before all this.
    pub told: Option<String>,
    /// The class in which that sentence is put.
    pub class: Option<FailureClass>,
}

/// A metric over the arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name, with its unit.
    pub name: String,
    /// Human, baseline, agent.
    pub cells: [Option<String>; 3],
    /// Agent against human and against baseline.
    pub against: [Option<(String, Mood)>; 2],
    /// Which way is better, where that is known.
    pub better: Option<Direction>,
}

impl ItemOutcome {
    /// Of an item's newest attempt.
    pub fn of(item: &Item) -> Self {
        let Some(attempt) = item.last_attempt() else { return Self::default() };
        let score = attempt.score();
        let verdicts = score.map(|score| score.verdicts.as_slice()).unwrap_or_default();
        Self {
            conclusion: conclusion(item, attempt),
            patch: attempt.check().map(|check| {
                if check.files == 0 {
                    "no changes".to_owned()
                } else {
                    format!("{}, +{} -{}", text::count(check.files as usize, "file"), check.added, check.removed)
                }
            }),
            has_patch: attempt.check().is_some_and(|check| check.files > 0),
            asked: attempt.asked.as_ref().map(asked),
            energy: energy(attempt),
            rungs: attempt.rungs(),
            doubts: doubts(item, attempt),
            rows: rows(verdicts, attempt),
            noise: score.map(|_| noise(attempt)),
            verdict: match score {
                Some(score) => comparison(score).map(|said| doubted(said, attempt)),
                None => alone(attempt),
            },
            judged: score.and_then(judged),
            judge_says: score.and_then(|score| score.soft.as_ref()).map(judge_says),
            why_not: score.map(unsaid).unwrap_or_default(),
            told: item.why().map(str::to_owned),
            class: class(item),
        }
    }

    /// Whether nothing came of it yet; how its agent ended is no result.
    pub const fn is_empty(&self) -> bool {
        self.patch.is_none() && self.rungs.is_empty() && self.rows.is_empty() && self.verdict.is_none() && self.why_not.is_empty()
    }
}

/// `no real success, though the agent ended well: there is no patch`. The evidence stands at the rung, and the item's own
/// sentence above it.
fn conclusion(item: &Item, attempt: &Attempt) -> Option<Said> {
    attempt.end.as_ref()?;
    let rungs = attempt.rungs();
    let exited = rungs.iter().any(|found| found.rung == Rung::Exited && found.answer == Answer::Yes);
    let though = if exited && attempt.agent_failure().is_none() { ", though the agent ended well" } else { "" };
    let no_success = |why: String| Some(Said::new(Mood::Bad, format!("no real success{though}: {why}")));
    match rungs.iter().find(|found| breaks(found)) {
        Some(found) if found.answer == Answer::No => return no_success(missing(found.rung).to_owned()),
        Some(found) if class(item).is_none() => {
            return Some(Said::new(
                Mood::Warn,
                format!("nobody knows whether it is a real success{though}: '{}' is unchecked", found.rung),
            ));
        }
        Some(_) | None => {}
    }
    if let Some(class) = class(item) {
        return no_success(class.name().to_owned());
    }
    reached(&rungs).filter(|rung| *rung == Rung::BeyondNoise)?;
    if attempt.tainted().contains(&Arm::Human) {
        return Some(Said::new(
            Mood::Warn,
            "a valid result, and nobody knows how it stands against the human's commit: that arm is tainted",
        ));
    }
    Some(match attempt.score().and_then(|score| score.verdicts.first()?.standing) {
        Some(Standing::Beats | Standing::Similar) => Said::new(Mood::Good, "a real success: every rung that is checked holds"),
        Some(Standing::Worse) => Said::new(Mood::Warn, "a valid result, but worse than the human's commit"),
        None => Said::new(Mood::Calm, "a valid result; nothing tells how it stands against the human's commit"),
    })
}

/// `412 Wh: agent 300 Wh, human 56.0 Wh, candidate 56.0 Wh`; of one stage alone its name.
fn energy(attempt: &Attempt) -> Option<String> {
    let all = attempt.energy()?;
    let own = attempt.stages.iter().filter(|record| record.ran_in == attempt.n);
    let parts: Vec<String> = own.filter_map(|record| Some(format!("{} {}", record.stage, text::energy(record.energy()?.wh())))).collect();
    Some(format!("{}: {}", all.words(), parts.join(", ")))
}

/// The class of an item that failed or can't run.
const fn class(item: &Item) -> Option<FailureClass> {
    match &item.state {
        ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } => Some(*class),
        _ => None,
    }
}

/// What is missing where a rung does not hold.
const fn missing(rung: Rung) -> &'static str {
    match rung {
        Rung::Exited => "the agent did not end well",
        Rung::Patch => "there is no patch",
        Rung::Source => "no source file was changed",
        Rung::Applies => "the patch does not apply",
        Rung::Parses => "a changed file can't be parsed",
        Rung::NoTemplate => "a placeholder stands where code should be",
        Rung::Server => "the server with the patch never got ready",
        Rung::Metrics => "the benchmark gave no numbers",
        Rung::BeyondNoise => "not better than the baseline beyond noise",
    }
}

/// `look twice: marked success in under 5 s; the agent looked at the human's commit`.
fn doubts(item: &Item, attempt: &Attempt) -> Option<String> {
    // of secrets it is said where
    let flags = attempt.flags().into_iter().filter(|flag| *flag != Flag::SecretInPatch).map(|flag| flag.says().to_owned());
    let doubts: Vec<String> = item.secrets().map(SecretAt::says).chain(flags).collect();
    (!doubts.is_empty()).then(|| format!("look twice: {}", doubts.join("; ")))
}

/// `template, digest 1a2b3c4d`: equal digests, equal questions.
fn asked(asked: &Asked) -> String {
    let digest = asked.digest.get(..8).map_or_else(String::new, |digest| format!(", digest {digest}"));
    format!("{}{digest}", asked.source.name())
}

fn compared(verdict: &Verdict) -> Row {
    let delta = |pct: Option<f64>, standing: Option<Standing>| {
        let mood = match standing {
            Some(Standing::Beats) => Mood::Good,
            Some(Standing::Worse) => Mood::Bad,
            Some(Standing::Similar) | None => Mood::Calm,
        };
        pct.map(|pct| (percent(pct), mood))
    };
    Row {
        name: named(&verdict.metric, &verdict.unit),
        cells: [verdict.human, verdict.baseline, Some(verdict.agent)].map(|value| value.map(number)),
        against: [delta(verdict.against_human_pct, verdict.standing), delta(verdict.against_baseline_pct, verdict.against_baseline())],
        better: Some(verdict.direction),
    }
}

/// The numbers that were compared, then those that are neither better nor worse, or that the agent has not.
fn rows(verdicts: &[Verdict], attempt: &Attempt) -> Vec<Row> {
    let mut rows: Vec<Row> = verdicts.iter().map(compared).collect();
    let names: std::collections::HashSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    rows.extend(measured(attempt).into_iter().filter(|row| !names.contains(&row.name)));
    rows
}

/// The numbers of the arms that ended so far, first those that can be better or worse.
fn measured(attempt: &Attempt) -> Vec<Row> {
    let arms = [Stage::Human, Stage::Baseline, Stage::Candidate].map(|stage| merged(attempt, stage).unwrap_or_default().metrics);
    let mut rows: Vec<Row> = Vec::new();
    let tells = |metric: &&Metric| direction(metric, false).is_some();
    for (at, metrics) in arms.iter().enumerate() {
        for metric in metrics.iter().filter(tells).chain(metrics.iter().filter(|metric| !tells(metric))) {
            let name = named(&metric.name, &metric.unit);
            let found = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
                rows.push(Row { name, cells: [None, None, None], against: [None, None], better: None });
                rows.len() - 1
            });
            if let Some(cell) = rows.get_mut(found).and_then(|row| row.cells.get_mut(at)) {
                *cell = Some(number(metric.value));
            }
        }
    }
    rows
}

/// `latency (ms)`, and `ttft_mean_ms` where the name says its unit itself.
fn named(name: &str, unit: &str) -> String {
    let is_told = name.strip_suffix(unit.replace('/', "_").as_str()).is_some_and(|before| before.ends_with('_'));
    if unit.is_empty() || is_told { name.to_owned() } else { format!("{name} ({unit})") }
}

/// Why the numbers of an attempt that is over stand alone, where nobody compared them.
fn alone(attempt: &Attempt) -> Option<Said> {
    attempt.end.as_ref()?;
    let has_numbers = |stage| merged(attempt, stage).is_some_and(|arm| !arm.metrics.is_empty());
    let is_alone = has_numbers(Stage::Candidate) && !has_numbers(Stage::Human);
    is_alone.then(|| Said::new(Mood::Warn, "incomparable: there are no numbers of the human's commit"))
}

/// `+ is better; one sample each`; one that was taken from another run may be the median of several.
fn noise(attempt: &Attempt) -> String {
    let counts = STAGES.into_iter().filter_map(|(stage, arm)| Some((arm, Samples::of(&merged(attempt, stage)?))));
    format!("+ is better; {}", Samples::words(&counts.collect::<Vec<_>>()))
}

/// The class in a sentence, or why there is none.
fn comparison(score: &ScoreDetail) -> Option<Said> {
    let primary = score.verdicts.first();
    let Some(why) = score.incomparable.as_ref().filter(|_| primary.is_some_and(|primary| primary.standing.is_none())) else {
        return primary.map(sentence);
    };
    let beside = primary.filter(|primary| primary.against_baseline_pct.is_some()).map(|primary| sentence(primary).text);
    let beside = beside.map_or_else(String::new, |beside| format!(" · {beside}"));
    Some(Said::new(Mood::Warn, format!("incomparable: {why}{beside}")))
}

/// A tainted number is compared, and proves nothing.
fn doubted(said: Said, attempt: &Attempt) -> Said {
    let arms: Vec<&str> = attempt.tainted().into_iter().map(Arm::name).collect();
    if arms.is_empty() { said } else { Said::new(Mood::Warn, format!("doubtful, tainted: {} · {}", arms.join(", "), said.text)) }
}

/// Why something could not be compared, but what the comparison's own sentence says. What is so of several arms is said once.
fn unsaid(score: &ScoreDetail) -> Vec<String> {
    let told = score.incomparable.as_deref().filter(|_| !score.verdicts.is_empty()).unwrap_or_default();
    let mut says: Vec<String> = Vec::new();
    for why in score.why_not.iter().filter(|why| !told.contains(why.as_str())) {
        let of_arm = why.split_once(": ").filter(|(arm, _)| [Arm::Human, Arm::Baseline, Arm::Agent].map(Arm::name).contains(arm));
        let known = of_arm.and_then(|(_, what)| says.iter_mut().find(|said| said.split_once(": ").is_some_and(|(_, said)| said == what)));
        match (of_arm, known) {
            (Some((arm, _)), Some(known)) => known.insert_str(known.find(": ").unwrap_or(0), &format!(", {arm}")),
            _ => says.push(why.clone()),
        }
    }
    says
}

/// `true success (Q1): same_target, similar_approach`.
fn judged(score: &ScoreDetail) -> Option<Said> {
    let soft = score.soft.as_ref()?;
    let approach = soft.approach.as_ref().map_or_else(String::new, |approach| format!(", {approach}"));
    let said = format!("{}{approach}", soft.target.name());
    let (mood, quadrant) = match score.quadrant {
        Some(quadrant @ Quadrant::TrueSuccess) => (Mood::Good, quadrant),
        Some(quadrant @ (Quadrant::GoodIntent | Quadrant::LuckyWin)) => (Mood::Warn, quadrant),
        Some(quadrant @ Quadrant::Failure) => (Mood::Bad, quadrant),
        None => return Some(Said::new(Mood::Calm, format!("judged {said}; no quadrant without a hard class"))),
    };
    Some(Said::new(mood, format!("{} ({}): judged {said}", quadrant.says(), quadrant.short())))
}

fn judge_says(soft: &SoftVerdict) -> String {
    let by = format!("by {}", soft.by);
    soft.says.as_ref().map_or_else(|| by.clone(), |says| format!("{says} ({by})"))
}

/// `worse than the human's commit by 33.5 %, better than the baseline by 19.5 % · latency_avg, lower is better`.
fn sentence(verdict: &Verdict) -> Said {
    let way = match verdict.direction {
        Direction::LowerIsBetter => "lower is better",
        Direction::HigherIsBetter => "higher is better",
    };
    let mood = match (verdict.standing, verdict.against_baseline()) {
        (Some(Standing::Worse), _) => Mood::Warn,
        (Some(Standing::Beats | Standing::Similar), None | Some(Standing::Beats)) => Mood::Good,
        _ => Mood::Calm,
    };
    let parts: Vec<String> = verdict.sides().into_iter().flatten().collect();
    if parts.is_empty() {
        return Said::new(Mood::Quiet, format!("{}: nothing to compare with", verdict.metric));
    }
    Said::new(mood, format!("{} · {}, {way}, {}", parts.join(", "), verdict.metric, verdict.samples()))
}
