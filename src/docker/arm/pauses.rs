//! The pauses of a container as its engine tells them, whoever asked for them: none is too short to be seen.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

use super::life::Container;

/// Between two questions, where the engine is away.
const AGAIN: Duration = Duration::from_millis(500);

/// The engine paused the container, or let it go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paused {
    /// When.
    pub(super) at: Timestamp,
    /// Whether it is paused from then on.
    pub(super) is_paused: bool,
}

/// Tells them on and on from a moment, until nobody listens. An engine that broke off is asked for what it told nobody.
pub(super) async fn pauses(container: Container, mut since: Timestamp, tell: Sender<Paused>) {
    let of = |word: &str| word.to_owned();
    let filters = HashMap::from([
        (of("type"), vec![of("container")]),
        (of("container"), vec![container.id.clone()]),
        (of("event"), vec![of("pause"), of("unpause")]),
    ]);
    while !tell.is_closed() {
        let after = format!("{}.{:09}", since.as_second(), since.subsec_nanosecond());
        let options = EventsOptionsBuilder::default().since(&after).filters(&filters).build();
        let mut events = std::pin::pin!(container.engine.quick().events(Some(options)));
        while let Some(Ok(event)) = events.next().await {
            let at = event.time_nano.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
            // the last one is told again
            let Some(at) = at.filter(|at| *at > since) else { continue };
            since = at;
            if tell.send(Paused { at, is_paused: event.action.as_deref() == Some("pause") }).await.is_err() {
                return;
            }
        }
        sleep(AGAIN).await;
    }
}
