//! What several runs say together (D18).

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use jiff::Timestamp;

use crate::agent::open::Opened;
use crate::agent::{End, Live};
use crate::artifact::Journal;
use crate::detect::systemic::{Batch, EndOfRun};
use crate::report::steps::duration_ms;
use crate::report::verdict::{Verdict, masked};
use crate::text::mask::Masker;

/// A run, judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// What is said of it.
    pub(super) verdict: Verdict,
    /// When it began.
    began: Option<Timestamp>,
    /// How it ended; `None` where it did not, or where a person ended it.
    end: Option<Ended>,
}

/// How a run ended, as far as runs are compared.
#[derive(Debug)]
struct Ended {
    steps: u32,
    duration_ms: Option<u64>,
    error: Option<String>,
    success: bool,
    rc: Option<i32>,
}

impl Judged {
    /// Of a run and of what the harness wrote about it.
    pub(super) fn of(verdict: Verdict, run: &Opened, journal: Option<&Journal>, masker: &Masker) -> Self {
        let began = run.started_at.or_else(|| run.steps.iter().find_map(|step| step.at));
        let error = match &run.state {
            Live::Ended(End::StepError(says) | End::Failed(says)) => Some(masker.mask(says).into_owned()),
            _ => None,
        };
        let is_over = !matches!(run.state, Live::WaitingForModel | Live::ToolsRunning | Live::Ended(End::Stopped(_)));
        let agent = journal.and_then(|journal| journal.agent.as_ref());
        let end = is_over.then(|| Ended {
            // where the file tells of no steps, nothing is known of them
            steps: verdict.steps.map_or(u32::MAX, |steps| u32::try_from(steps).unwrap_or(u32::MAX)),
            duration_ms: duration_ms(run),
            error,
            success: journal.map_or(run.state == Live::Ended(End::Accepted), |journal| journal.status == "success"),
            rc: agent.and_then(|agent| agent.returncode).and_then(|code| i32::try_from(code).ok()),
        });
        Self { verdict, began, end }
    }
}

/// Looks at the ends of the runs of a batch in the order in which they began, those of each agent and model by themselves,
/// and adds what is to be said of them to their alarms.
pub(super) fn systemic(judged: &mut [Judged], masker: &Masker) {
    let mut order: Vec<usize> = (0..judged.len()).collect();
    // the sort is stable: where no times are known, the order of names stays
    order.sort_by_key(|at| judged.get(*at).and_then(|judged| judged.began));
    let mut batches: HashMap<(&'static str, Option<String>), Batch> = HashMap::new();
    for at in order {
        let Some(Judged { verdict, end: Some(end), .. }) = judged.get_mut(at) else { continue };
        let item = Path::new(&verdict.path).parent().and_then(Path::file_name).and_then(OsStr::to_str);
        let label = verdict.instance.as_deref().or(item).unwrap_or(&verdict.path).to_owned();
        let told = EndOfRun {
            label: &label,
            steps: end.steps,
            duration_ms: end.duration_ms,
            error: end.error.as_deref(),
            success: end.success,
            rc: end.rc,
        };
        let batch = batches.entry((verdict.agent, verdict.model.clone())).or_default();
        verdict.alarms.extend(batch.take(&told).iter().map(|alarm| masked(alarm, masker)));
    }
}
