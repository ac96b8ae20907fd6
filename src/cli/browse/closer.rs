//! A closer look at one item: how its agent ended, what was found, its steps in letters.

use std::path::Path;
use std::sync::mpsc::Receiver;

use tokio::sync::mpsc;

use crate::agent::open::Opened;
use crate::cli::trajectory;
use crate::detect::kind::Kinds;
use crate::domain::{Finding, Level, Remark};
use crate::report::episodes;
use crate::report::verdict;
use crate::text::mask::Masker;
use crate::ui::browse::{News, Place, Preview, Strip};
use crate::ui::detected::mood;
use crate::ui::detected::{Span, level_at, span};
use crate::ui::{Mood, Said};

/// Steps that are shown as letters.
const MOST: usize = 4000;

/// Findings that are told.
const FOUND: usize = 5;

/// Larger files are not looked at closer, in bytes.
const LARGEST: u64 = 64 << 20;

/// Looks at what is wanted: of several that wait, the newest.
pub(super) fn look_on(places: &Receiver<Place>, masker: &Masker, news: &mpsc::Sender<News>) {
    while let Ok(place) = places.recv() {
        let place = places.try_iter().last().unwrap_or(place);
        let preview = look(place, masker);
        if news.blocking_send(News::Preview(Box::new(preview))).is_err() {
            return;
        }
    }
}

fn look(place: Place, masker: &Masker) -> Preview {
    let (path, instance) = match &place {
        Place::Item(path) => (path.clone(), None),
        Place::Loose { path, instance } => (path.clone(), instance.clone()),
        Place::Ours { .. } => (super::path_of(&place), None),
        Place::Measured { .. } => {
            return Preview { place, strip: None, found: Vec::new(), end: Said::new(Mood::Quiet, "Enter opens it, with its steps") };
        }
    };
    if std::fs::metadata(&path).is_ok_and(|there| there.is_file() && there.len() > LARGEST) {
        return Preview { place, strip: None, found: Vec::new(), end: Said::new(Mood::Quiet, "a large one: Enter opens it") };
    }
    match trajectory::quietly(&path, masker) {
        Ok((runs, _)) => {
            let run = runs.iter().find(|run| instance.is_none() || run.instance == instance);
            run.map_or_else(|| nothing(place.clone()), |run| of(place.clone(), &path, run, masker))
        }
        Err(refused) => {
            let says = masker.line(&refused.to_string());
            Preview { place, strip: None, found: Vec::new(), end: Said::new(Mood::Quiet, says) }
        }
    }
}

const fn nothing(place: Place) -> Preview {
    Preview { place, strip: None, found: Vec::new(), end: Said { mood: Mood::Quiet, text: String::new() } }
}

fn of(place: Place, path: &Path, run: &Opened, masker: &Masker) -> Preview {
    let human = trajectory::human(trajectory::journal(path).as_ref());
    let Ok(watch) = verdict::watch(run, human) else { return nothing(place) };
    let findings: Vec<Finding> = watch.findings().into_iter().map(|finding| verdict::masked_finding(finding, masker)).collect();
    let said = |episodes: &episodes::Episodes<'_>| {
        let finding = episodes.worst;
        Said::new(mood(finding.level), format!("{} {}: {}", finding.detector.title(), episodes.when(), finding.says))
    };
    let mut found: Vec<Said> =
        episodes::of(&findings).iter().filter(|episodes| episodes.worst.level > Level::None).take(FOUND).map(said).collect();
    let remark = |mood: Mood, remark: &Remark| Said::new(mood, verdict::masked(remark, masker).says);
    found.extend(firsts(&watch.alarms()).map(|alarm| remark(Mood::Warn, alarm)));
    found.extend(firsts(&watch.badges()).map(|badge| remark(Mood::Quiet, badge)));
    Preview { place, strip: strip(run, &findings), found, end: end(run, masker) }
}

/// The first remark of each detector.
fn firsts<'a>(remarks: &'a [&'a Remark]) -> impl Iterator<Item = &'a Remark> {
    let is_first = |at: usize, one: &Remark| !remarks.iter().take(at).any(|before| before.detector == one.detector);
    remarks.iter().enumerate().filter(move |(at, one)| is_first(*at, one)).map(|(_, one)| *one)
}

fn end(run: &Opened, masker: &Masker) -> Said {
    let (state, reason) = crate::report::steps::end(&run.state);
    let mood = match state {
        "completed" => Mood::Good,
        "running" => Mood::Warn,
        _ => Mood::Bad,
    };
    let word = match state {
        "running" => "the file does not say how it ended",
        "completed" => "finished, by its own word",
        "max_steps" => "its step budget ran out",
        "unknown" => "without a word why",
        state => state,
    };
    let reason = reason.map(|reason| format!(": {}", masker.first_line(reason))).unwrap_or_default();
    Said::new(mood, format!("{word}{reason}"))
}

fn strip(run: &Opened, findings: &[Finding]) -> Option<Strip> {
    if run.steps.is_empty() || run.steps.len() > MOST {
        return None;
    }
    let mut kinds = Kinds::default();
    let spans: Vec<Span> = findings.iter().filter(|finding| finding.counts()).map(span).collect();
    Some(Strip { steps: run.steps.iter().map(|step| (kinds.of(step), level_at(&spans, step.index))).collect() })
}
