//! Rows without secrets and without anything that a terminal would obey: every outside word passes here, once.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Compared, ItemRow, ResultRow, Study};
use crate::domain::{Cause, Metric, RungAnswer};
use crate::text::clean;
use crate::text::mask::Masker;

/// What an outside word becomes.
struct Safe<'a> {
    masker: &'a Masker,
}

impl Study {
    /// The same with every word safe to show.
    #[must_use]
    pub fn safe(mut self, masker: &Masker) -> Self {
        let safe = Safe { masker };
        for item in &mut self.items {
            safe.item(item);
        }
        for result in &mut self.results {
            safe.result(result);
        }
        for row in &mut self.compared {
            safe.compared(row);
        }
        self.coverage.missing.iter_mut().for_each(|sha| safe.name(sha));
        for agent in &mut self.coverage.by_agent {
            safe.name(&mut agent.agent);
            safe.name(&mut agent.model);
            agent.missing.iter_mut().for_each(|sha| safe.name(sha));
        }
        for (path, says) in &mut self.problems {
            safe.path(path);
            safe.sentence(says);
        }
        self
    }
}

impl Safe<'_> {
    /// A name: two that differ stay different.
    fn name(&self, text: &mut String) {
        let is_plain = text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
        let masked = self.masker.mask(text);
        if !is_plain || matches!(masked, std::borrow::Cow::Owned(_)) {
            *text = clean::shown(&masked).into_owned();
        }
    }

    /// A quotation.
    fn sentence(&self, text: &mut String) {
        *text = self.masker.quoted(text);
    }

    fn path(&self, path: &mut PathBuf) {
        let mut name = path.display().to_string();
        if let std::borrow::Cow::Owned(masked) = self.masker.mask(&name) {
            name = masked;
            *path = PathBuf::from(name);
        }
    }

    fn cause(&self, cause: Option<&mut Cause>) {
        if let Some(cause) = cause {
            self.sentence(&mut cause.evidence);
        }
    }

    /// All words of something that JSON can hold.
    fn fields<T: Serialize + DeserializeOwned + Default>(&self, of: &mut T) {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&*of) else { return };
        for field in fields.values_mut() {
            if let Value::String(text) = field {
                self.name(text);
            }
        }
        *of = serde_json::from_value(Value::Object(fields)).unwrap_or_default();
    }

    fn metrics<'m>(&self, metrics: impl IntoIterator<Item = &'m mut Metric>) {
        for metric in metrics {
            self.name(&mut metric.name);
            self.name(&mut metric.unit);
        }
    }

    fn rungs(&self, rungs: &mut [RungAnswer]) {
        for rung in rungs {
            self.sentence(&mut rung.evidence);
        }
    }

    fn item(&self, item: &mut ItemRow) {
        for text in [&mut item.item_id, &mut item.human, &mut item.repo, &mut item.agent, &mut item.model, &mut item.run, &mut item.status]
        {
            self.name(text);
        }
        item.terminal_error.iter_mut().for_each(|text| self.sentence(text));
        self.cause(item.failure.as_mut());
        self.rungs(&mut item.rungs);
        self.path(&mut item.folder);
    }

    fn result(&self, result: &mut ResultRow) {
        for text in [&mut result.commit, &mut result.agent, &mut result.status, &mut result.run] {
            self.name(text);
        }
        result.model.iter_mut().chain(&mut result.model_run).for_each(|text| self.name(text));
        if let Some(work) = &mut result.workload {
            self.fields(work);
        }
        self.metrics(&mut result.metrics);
        self.cause(result.failure.as_mut());
        self.path(&mut result.file);
    }

    fn compared(&self, row: &mut Compared) {
        for text in [&mut row.commit, &mut row.agent, &mut row.model, &mut row.run] {
            self.name(text);
        }
        row.model_run.iter_mut().chain(row.arms.iter_mut().map(|(_, status)| status)).for_each(|text| self.name(text));
        self.metrics(row.key.iter_mut().chain(&mut row.rate));
        self.cause(row.failure.as_mut());
        for verdict in &mut row.verdicts {
            self.name(&mut verdict.metric);
            self.name(&mut verdict.unit);
        }
        row.why_not.iter_mut().chain(&mut row.incomparable).for_each(|text| self.sentence(text));
        row.hard_from.iter_mut().for_each(|path| self.path(path));
        if let Some(soft) = &mut row.soft {
            soft.approach.iter_mut().chain(&mut soft.says).for_each(|text| self.sentence(text));
            self.name(&mut soft.by);
        }
    }
}
