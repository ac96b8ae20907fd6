//! A container of ours: how it is started, paused and ended, and how its end is learned, whatever the engine does meanwhile.

use std::time::Duration;

use bollard::models::{ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::{
    KillContainerOptionsBuilder, LogsOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder, WaitContainerOptions,
};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::docker::{DockerError, Engine};

/// For how long an engine may be away, or started again, before the arm is given up.
const AWAY: Duration = Duration::from_mins(1);

/// Between two looks whether it is back.
const AGAIN: Duration = Duration::from_millis(250);

/// Time between TERM and KILL when it is stopped, in s.
const GRACE_S: i32 = 3;

/// How long the engine may take to end a container.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// Lines of the engine's own log that are looked at.
const LINES: &str = "5";

/// A container, by its id.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) engine: Engine,
    pub(super) id: String,
}

/// How it came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// Its first process ended.
    Ended {
        /// The exit code; 128 + n after a signal.
        code: i64,
        /// Whether the kernel killed something of it for its memory limit.
        oom: bool,
        /// Whether the engine was gone meanwhile: one that is started again ends all containers, unless it was told not to.
        was_away: bool,
    },
    /// Somebody removed it.
    Removed,
    /// The engine went away and did not come back.
    Away(DockerError),
}

impl Container {
    /// Starts it.
    pub(super) async fn start(&self) -> Result<(), DockerError> {
        let started = self.engine.patient().start_container(&self.id, None::<StartContainerOptions>).await;
        started.map_err(|error| DockerError::of(&error, "the start of a container"))
    }

    /// Waits for its end. The engine may be started again meanwhile.
    pub(super) async fn over(&self) -> Over {
        let (mut since, mut was_away) = (None, false);
        loop {
            match self.state().await {
                Ok(state) if state.running == Some(true) || state.restarting == Some(true) => since = None,
                // `docker rm -f` kills it first
                Ok(state) if matches!(state.status, Some(ContainerStateStatusEnum::REMOVING | ContainerStateStatusEnum::DEAD)) => {
                    return Over::Removed;
                }
                Ok(state) => {
                    let (code, oom) = (state.exit_code.unwrap_or_default(), state.oom_killed == Some(true));
                    return Over::Ended { code, oom, was_away };
                }
                Err(error) if error.is_no_such() => return Over::Removed,
                Err(error) => {
                    was_away |= is_gone(&error);
                    if since.get_or_insert_with(Instant::now).elapsed() > AWAY {
                        return Over::Away(error);
                    }
                    sleep(AGAIN).await;
                    continue;
                }
            }
            let mut wait = std::pin::pin!(self.engine.patient().wait_container(&self.id, None::<WaitContainerOptions>));
            match wait.next().await {
                Some(Ok(_) | Err(bollard::errors::Error::DockerContainerWaitError { .. })) => {}
                // whoever was to answer broke off: it may be back before we ask again
                broken => {
                    let error = broken.and_then(Result::err).map(|error| DockerError::of(&error, "a container"));
                    was_away |= !matches!(error, Some(DockerError::Silent(_) | DockerError::Refused { .. }));
                    sleep(AGAIN).await;
                }
            }
        }
    }

    async fn state(&self) -> Result<ContainerState, DockerError> {
        let asked = timeout(self.engine.quick().timeout(), self.engine.quick().inspect_container(&self.id, None)).await;
        let asked = asked.map_err(|_late| DockerError::Silent("a container".to_owned()))?;
        Ok(asked.map_err(|error| DockerError::of(&error, "a container"))?.state.unwrap_or_default())
    }

    /// Freezes all that runs in it. One that is frozen, or has ended, is no error.
    pub(super) async fn pause(&self) -> Result<(), DockerError> {
        self.done("a pause", self.engine.quick().pause_container(&self.id)).await
    }

    /// Lets it go on. One that runs, or has ended, is no error.
    pub(super) async fn unpause(&self) -> Result<(), DockerError> {
        self.done("the end of a pause", self.engine.quick().unpause_container(&self.id)).await
    }

    async fn done(&self, asked: &str, question: impl Future<Output = Result<(), bollard::errors::Error>>) -> Result<(), DockerError> {
        let answer = timeout(self.engine.quick().timeout(), question).await.map_err(|_late| DockerError::Silent(asked.to_owned()))?;
        match answer.map_err(|error| DockerError::of(&error, asked)) {
            // 20.10 says 500 where newer ones say 409
            Err(DockerError::Refused { says, .. }) if says.contains("already paused") || says.contains("is not ") => Ok(()),
            answer => answer,
        }
    }

    /// Asks it to end, and kills it soon after.
    pub(super) async fn stop(&self) {
        // what is frozen hears nothing
        let _ = self.unpause().await;
        let options = StopContainerOptionsBuilder::default().t(GRACE_S).build();
        // whatever the answer is: it is removed by force
        let _ = timeout(ENDS_WITHIN, self.engine.patient().stop_container(&self.id, Some(options))).await;
    }

    /// Kills it.
    pub(super) async fn kill(&self) {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        let _ = timeout(ENDS_WITHIN, self.engine.quick().kill_container(&self.id, Some(options))).await;
    }

    /// The last lines that the engine kept of it, as one; empty where it kept none.
    pub(super) async fn said(&self) -> String {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LINES).build();
        let lines = async {
            let parts: Vec<_> = self.engine.quick().logs(&self.id, Some(options)).filter_map(async |part| part.ok()).collect().await;
            parts.iter().map(|part| part.to_string().trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
        };
        timeout(self.engine.quick().timeout(), lines).await.unwrap_or_default()
    }
}

/// Whether nobody is there to answer, which is more than that he is slow.
const fn is_gone(error: &DockerError) -> bool {
    matches!(error, DockerError::Absent(_) | DockerError::Gone(_) | DockerError::Unreachable(_))
}
