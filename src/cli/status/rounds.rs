//! What the servers of arms in containers said of themselves, measurement by measurement: means over their time.

use serde_json::{Map, Value, json};

use crate::domain::Stage;
use crate::ledger::RunFolder;
use crate::model::{Item, Ran, Run};
use crate::shell::machine::figures;
use crate::ui::bench::{Figure, Which};

/// Puts `rounds` into each arm of each item of a status as JSON.
pub(super) fn insert(status: &mut Value, folder: &RunFolder, run: &Run) {
    let items = status.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
    for (value, item) in items.zip(&run.items) {
        let Some(arms) = value.get_mut("arms").and_then(Value::as_object_mut) else { continue };
        for record in item.last_attempt().into_iter().flat_map(|last| &last.stages) {
            let arm = record.stage.arm().and_then(|arm| arms.get_mut(arm.name()));
            if let Some(Value::Object(arm)) = arm {
                arm.insert("rounds".to_owned(), rounds(folder, item, record.stage));
            }
        }
    }
}

/// `[{"round": 1, "figures": {"running": 12.3, …}}, …]`, the last one last; without figures where no server said any.
fn rounds(folder: &RunFolder, item: &Item, stage: Stage) -> Value {
    let round = |(nth, ran): (u32, Ran)| {
        let which = Which::of(item, stage, ran);
        let curves = figures(&which.folder(folder.stage(&which.attempt, stage)));
        let means = Figure::ALL.into_iter().filter_map(|figure| Some((figure.key().to_owned(), json!(curves.mean(figure)?))));
        let means: Map<String, Value> = means.collect();
        json!({"round": nth, "figures": if means.is_empty() { Value::Null } else { Value::Object(means) }})
    };
    (1..).zip(item.ran(stage)).map(round).collect()
}
