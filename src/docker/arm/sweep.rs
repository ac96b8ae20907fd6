//! Containers of a run that nobody looks after any more: their worker was killed, or the machine lost its power.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::{KillContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use tokio::time::{Instant, sleep, timeout};

use crate::docker::{DockerError, Engine, labels};
use crate::domain::{AttemptId, RunId, Stage, Whose};
use crate::text::clean;

/// For how long the engine may be busy with a container, or away, before it is left to whoever comes next.
const WITHIN: Duration = Duration::from_secs(30);

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(200);

/// Removes the containers of a run, running or not, but for that of one stage, which somebody still looks after. Their
/// names. An error says what the engine refused; those before it are gone.
pub async fn sweep(engine: &Engine, run: &RunId, keep: Option<(&AttemptId, Stage)>) -> Result<Vec<String>, DockerError> {
    const ASKED: &str = "the containers of a run";
    let filters = HashMap::from([("label", vec![format!("{}={}", labels::RUN, run.0)])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let listed = timeout(engine.quick().timeout(), engine.quick().list_containers(Some(options))).await;
    let listed = listed.map_err(|_late| DockerError::Silent(ASKED.to_owned()))?;
    let mut removed = Vec::new();
    for container in listed.map_err(|error| DockerError::of(&error, ASKED))? {
        let Some(id) = container.id else { continue };
        let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
        let name = clean::line(name.trim_start_matches('/'));
        let whose = labels::whose(&id, Some(&name), &container.labels.unwrap_or_default());
        if !is_kept(&whose, keep) {
            remove(engine, &id).await?;
            removed.push(name);
        }
    }
    Ok(removed)
}

fn is_kept(whose: &Whose, keep: Option<(&AttemptId, Stage)>) -> bool {
    match (whose, keep) {
        (Whose::Stage { item, n, stage, .. }, Some((attempt, kept))) => *item == attempt.item && *n == attempt.n && *stage == kept,
        _ => false,
    }
}

/// Removes a container with what it wrote and its volumes without a name, whatever it is doing. One that is gone is removed.
pub(super) async fn remove(engine: &Engine, id: &str) -> Result<(), DockerError> {
    // an engine is slow to notice what it kills while it removes; one that does not run, or is paused, is none to be killed
    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
    let _ = timeout(engine.quick().timeout(), engine.quick().kill_container(id, Some(options))).await;
    let until = Instant::now() + WITHIN;
    loop {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let Err(error) = engine.patient().remove_container(id, Some(options)).await else { return Ok(()) };
        match DockerError::of(&error, "the removal of a container") {
            error if error.is_no_such() => return Ok(()),
            // 409: somebody removes it already; 500: its folder is still in use; else the engine is being started again
            error if Instant::now() < until && (error.is_passing() || matches!(error, DockerError::Refused { status: 409 | 500, .. })) => {
                sleep(AGAIN).await;
            }
            error => return Err(error),
        }
    }
}
