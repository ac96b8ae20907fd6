//! From the cursor to what was said at that second: the step of an agent, the line of a log.

use jiff::Timestamp;

use super::bands::Band;
use super::readout;
use crate::domain::Stage;
use crate::text::stamp::Frame;
use crate::ui::log::{self, Moment};
use crate::ui::state::State;
use crate::ui::{Mood, Said, ahead, moves};

/// Opens what the stage under the cursor wrote, at that second.
pub(super) fn open(state: &mut State) {
    let Some(cursor) = state.machine.gpus.cursor else {
        return state
            .remark(Said::new(Mood::Quiet, "left and right put the cursor; Enter opens the log of the stage under it at that second"));
    };
    let Some(band) = readout::band(state) else {
        return state.remark(Said::new(Mood::Quiet, "no stage ran then"));
    };
    let newest = state.run.item(&band.attempt.item).and_then(|item| item.last_attempt()?.stage(band.stage));
    if newest.is_none_or(|record| record.ran_in != band.attempt.n) {
        let says = format!("that was {}: the screens show the newest attempt of an item", band.attempt);
        return state.remark(Said::new(Mood::Quiet, says));
    }
    if let Some(row) = state.run.position(&band.attempt.item) {
        moves::select_row(state, row);
    }
    let moment = moment(state, &band, cursor.max(band.from));
    match band.stage {
        Stage::Agent => ahead::to_moment(state, moment),
        _ => log::moment::visit(state, moment),
    }
}

fn moment(state: &State, band: &Band, ms: i64) -> Moment {
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(state.now);
    let (passed, all) = (ms.saturating_sub(band.from), band.to.saturating_sub(band.from).max(1));
    Moment {
        attempt: band.attempt.clone(),
        stage: band.stage,
        at: at(ms),
        says: readout::clock(ms, state.now, &state.zone),
        frame: Frame { from: at(band.from), to: at(band.to), zone: state.zone.clone() },
        passed: u32::try_from(passed.saturating_mul(1000) / all).unwrap_or_default().min(1000),
    }
}
