//! The runs of a checkout, one row a run: `ls`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::item::seconds;
use super::joined;
use super::status::eta;
use super::table::{Columns, columns};
use crate::domain::RunId;
use crate::model::{Energy, Item, ItemState, Run};
use crate::plan::Eta;
use crate::text::{clean, duration};

/// A run as it is listed.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: RunId,
    /// Its folder.
    pub folder: PathBuf,
    /// What was found there; the error says what is wrong with it.
    pub found: Result<Summary, String>,
}

/// A run in short.
#[derive(Debug)]
pub struct Summary {
    state: &'static str,
    over: usize,
    all: usize,
    items: BTreeMap<&'static str, usize>,
    failed: BTreeMap<&'static str, usize>,
    without_agent: usize,
    agent: String,
    model: String,
    created: Option<Timestamp>,
    finished: Option<Timestamp>,
    /// From its first fact to its end, or to what is known last, in ms.
    wall_ms: u64,
    worked_ms: u64,
    energy: Option<Energy>,
    runner: Option<u32>,
    eta: Eta,
    /// That a container of it is left, and what to do.
    left: Option<String>,
}

impl Summary {
    /// Of a run; `runner` is the pid of the runner that holds it, if one does.
    pub fn of(run: &Run, runner: Option<u32>, now: Timestamp) -> Self {
        let clock = if runner.is_some() { now } else { run.at.unwrap_or(now) };
        let (mut items, mut failed) = (BTreeMap::new(), BTreeMap::new());
        for item in &run.items {
            *items.entry(item.status()).or_default() += 1;
            if let ItemState::Failed { class, .. } | ItemState::Blocked { class, .. } = &item.state {
                *failed.entry(class.name()).or_default() += 1;
            }
        }
        let wall = run.created.map(|created| run.finished.unwrap_or(clock).duration_since(created).as_millis());
        Self {
            state: run.state(runner.is_some()).name(),
            over: run.items.iter().filter(|item| item.is_over()).count(),
            all: run.items.len(),
            items,
            failed,
            without_agent: run.items.iter().filter(|item| item.is_done_without_agent()).count(),
            agent: run.agent.clone(),
            model: run.model.clone(),
            created: run.created,
            finished: run.finished,
            wall_ms: wall.and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default(),
            worked_ms: run.items.iter().map(|item: &Item| item.worked_ms(clock)).sum(),
            energy: run.energy(),
            runner,
            eta: Eta::Over,
            left: None,
        }
    }

    /// The same with how long it still takes.
    #[must_use]
    pub fn with_eta(self, eta: Eta) -> Self {
        Self { eta, ..self }
    }

    /// The same with the container that nobody looks after, in a sentence.
    #[must_use]
    pub fn with_left(self, left: Option<String>) -> Self {
        Self { left, ..self }
    }

    /// How many items are in each state, and of what they failed.
    pub fn counts(&self) -> Value {
        json!({
            "items": self.items,
            "count": self.all,
            "over": self.over,
            "failed": self.failed,
            "done_with_failed_agent": self.without_agent,
        })
    }

    /// What did not go well, in a few words.
    fn bad(&self) -> String {
        let count = |status: &'static str| (self.items.get(status).copied().unwrap_or_default(), status);
        let counts = ["failed", "blocked", "stopped", "interrupted"].map(count);
        let told = counts.into_iter().chain([(self.without_agent, "with an agent that failed")]).filter(|(n, _)| *n > 0);
        told.map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// `2h10m`, `2h10m, 5–8 h left`
    fn took(&self) -> String {
        let took = duration::short(self.wall_ms);
        match &self.eta {
            Eta::Left(left) => format!("{took}, {} left{}", left.range(), left.beside_short()),
            Eta::Over | Eta::NoHistory => took,
        }
    }

    fn json(&self) -> Value {
        let how = json!({
            "agent": self.agent,
            "model": self.model,
            "created": self.created,
            "finished": self.finished,
            "duration_s": self.created.map(|_| seconds(self.wall_ms)),
            "worked_s": seconds(self.worked_ms),
            "eta": eta(&self.eta),
            "energy_wh": self.energy.map(Energy::wh),
            "runner": self.runner,
            "left_behind": self.left,
            "broken": null,
        });
        joined([json!({"state": self.state}), self.counts(), how])
    }

    fn row(&self, id: &RunId, zone: &TimeZone) -> Vec<String> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            id.0.clone(),
            self.state.to_owned(),
            format!("{}/{}", self.over, self.all),
            or_dash(Some(self.bad()).filter(|bad| !bad.is_empty())),
            self.agent.clone(),
            self.model.clone(),
            or_dash(self.created.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())),
            or_dash(self.created.map(|_| self.took())),
            or_dash(self.runner.map(|pid| pid.to_string())),
        ]
    }
}

/// The runs as JSON, in the order given.
pub fn json(runs: &[Listed]) -> Value {
    let one = |run: &Listed| {
        let head = json!({"run": run.id, "folder": run.folder});
        let rest = match &run.found {
            Ok(found) => found.json(),
            Err(why) => json!({"state": "broken", "broken": why}),
        };
        joined([head, rest])
    };
    Value::Array(runs.iter().map(one).collect())
}

/// The runs as a table below its head, in the order given, and what was left behind. `room` is the width of the terminal, if there is one: there
/// columns become narrower, and those that matter least are left out.
pub fn table(runs: &[Listed], zone: &TimeZone, room: Option<usize>) -> String {
    const COLUMNS: Columns<9> = Columns {
        heads: ["run", "state", "over", "not well", "agent", "model", "began", "took", "runner"],
        // the id tells when it began; who ran it matters less than what came of it
        shrink: &[(3, 12), (5, 6), (4, 6)],
        leave_out: &[6, 5, 4, 8, 7],
    };
    let row = |run: &Listed| match &run.found {
        Ok(found) => found.row(&run.id, zone),
        // a sentence is no column: it may be as long as it is
        Err(why) => vec![run.id.0.clone(), "broken".to_owned(), why.clone()],
    };
    let safe = |cell: String| clean::shown(&cell).into_owned();
    let rows: Vec<Vec<String>> = runs.iter().map(|run| row(run).into_iter().map(safe).collect()).collect();
    let left = runs.iter().filter_map(|run| Some((&run.id, run.found.as_ref().ok()?.left.as_ref()?)));
    left.fold(columns(&COLUMNS, &rows, room), |table, (id, says)| table + &format!("run {id}: {}\n", clean::shown(says)))
}
