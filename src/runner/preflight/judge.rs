//! The program that judges patches.

use super::{About, Look, Row, find_program};
use crate::config::Config;
use crate::runner::score::judge_program;

/// Whether the judge is there; nothing where none is configured. Without it items run as well as with it.
pub(super) fn judge(look: &Look<'_>) -> Option<Row> {
    let program = look.config.judge.command.first()?;
    let path = judge_program(&look.checkout.root, program);
    let fix = format!("check judge.command in {}, and PATH: patches are measured without a judge, and none is judged", Config::FILE);
    Some(match find_program(&path.display().to_string()) {
        Some(found) => {
            let seconds = look.config.judge.timeout_s;
            let limit = if seconds > 0.0 { format!("at most {seconds} s a patch") } else { "no limit of time".to_owned() };
            Row::ok(About::Judge, format!("{}, {limit}", found.display()))
        }
        None => Row::warning(About::Judge, format!("the judge's program '{}' is not there or not executable", path.display()), fix),
    })
}
