//! `run-arm FOLDER`: runs the container that `order.json` there describes, and says how that goes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{sleep, timeout};

use super::ended::{says, write};
use super::fault::Fault;
use super::life::{Container, Over};
use super::pauses::{Paused, pauses};
use super::printed::Printed;
use super::scrape::{Scraped, scrape};
use super::seen::Seen;
use super::{ArmEnd, ArmOrder, ArmOutcome, IO, ORDER, OUTCOME, SIGNALS, made, sweep};
use crate::docker::{About, DockerError, Engine};
use crate::domain::{ArmPhase, FailureClass};
use crate::host::files::{self, Links};
use crate::host::{clock, environment};
use crate::text::clean;
use crate::text::mask::Masker;

/// A larger order is none of ours, in bytes.
const LARGEST: u64 = 4 << 20;

/// How often the container's files are looked at.
const LOOK: Duration = Duration::from_millis(150);

/// So many looks take whatever was printed.
const LOOKS: u32 = 256;

/// After this many ms a pause that the engine did not take is asked for again.
const ASK_AGAIN_MS: u64 = 1_000;

/// For so long an engine may be busy with a container that nobody waits for any more, in ms.
const NAME_IS_KEPT_MS: u64 = 900_000;

/// A container that was killed is gone within this time, or is left to its removal.
const DIES_WITHIN: Duration = Duration::from_secs(20);

/// `run-arm`: what an arm's stage runs.
#[derive(Debug, clap::Args)]
pub struct RunArm {
    /// The stage's folder, with `order.json`
    folder: PathBuf,
}

/// An arm at work.
struct Arm {
    seen: Seen,
    folder: PathBuf,
    pause: Signal,
    go_on: Signal,
    /// Whether somebody wants it paused, and when the engine was last asked for that.
    wants_pause: bool,
    asked_up_ms: u64,
    /// When the engine last did what we asked for.
    obeyed: Timestamp,
    engine: Option<Engine>,
    /// The container that is being made. It is waited for in any case: nobody else knows of it.
    making: Option<JoinHandle<Result<String, DockerError>>>,
    container: Option<Container>,
    printed: Option<Printed>,
    image_id: Option<String>,
    image_digest: Option<String>,
}

impl RunArm {
    /// Runs it. An error is one of ours: how the arm went stands in `outcome.json`.
    pub fn run(self) -> io::Result<()> {
        let order: ArmOrder = serde_json::from_slice(&files::read(&self.folder.join(ORDER), LARGEST, Links::Refused)?)?;
        // one of an earlier try would be taken for ours
        match std::fs::remove_file(self.folder.join(OUTCOME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut term = signal(SignalKind::terminate())?;
            let mut arm = Arm::new(order, self.folder.clone())?;
            let end = tokio::select! {
                biased;
                _ = term.recv() => Err(ArmEnd::Stopped),
                end = arm.all() => end,
            };
            let end = arm.end(end.unwrap_or_else(|end| end)).await;
            let outcome = arm.outcome(end);
            log(&says(&outcome.end));
            write(&self.folder.join(OUTCOME), &serde_json::to_vec_pretty(&outcome)?)?;
            arm.tidy().await;
            Ok(())
        })
    }
}

impl Arm {
    fn new(order: ArmOrder, folder: PathBuf) -> io::Result<Self> {
        let folders: Vec<_> = order.dot_env.iter().map(PathBuf::as_path).collect();
        // what it is given is a secret, whatever its name is
        let secrets = environment::secrets(&folders).into_iter().chain(made::passed(&order));
        let masker = Masker::new(environment::variables(), secrets);
        Ok(Self {
            pause: signal(SignalKind::user_defined1())?,
            go_on: signal(SignalKind::user_defined2())?,
            wants_pause: false,
            asked_up_ms: 0,
            obeyed: clock::now(),
            engine: None,
            making: None,
            container: None,
            printed: None,
            image_id: None,
            image_digest: None,
            seen: Seen::new(order, folder.clone(), masker),
            folder,
        })
    }

    /// All of it, but for TERM. What ends it early is an error.
    async fn all(&mut self) -> Result<ArmEnd, ArmEnd> {
        self.seen.come_to(ArmPhase::Create);
        self.seen.tell(true);
        let engine = self.connect().await?;
        self.sweep(&engine).await?;
        self.find_image(&engine).await?;
        let io = self.make_files()?;
        let port =
            made::free_port().map_err(|error| Fault::new(FailureClass::Unknown, format!("no port is free on this machine: {error}")))?;
        let body = made::body(&self.seen.order, &io, port);
        let id = self.make(&engine, body).await?;
        let container = Container { engine, id: id.clone() };
        self.seen.container = Some(id);
        self.container = Some(container.clone());
        self.seen.tell(true);
        self.hold_back().await;
        self.seen.come_to(ArmPhase::Prepare);
        self.obeyed = clock::now();
        container.start().await.map_err(|error| Fault::refused(&self.seen.order, "start", &error))?;
        let over = self.follow(&container, port).await?;
        self.judge(&container, over).await
    }

    async fn connect(&mut self) -> Result<Engine, Fault> {
        let connected = async {
            let engine = Engine::connect().await?;
            let about = engine.about().await?;
            Ok::<(Engine, About), DockerError>((engine, about))
        };
        let (engine, about) = connected.await.map_err(|error| Fault::absent(&error))?;
        if !about.is_local {
            return Err(Fault::remote(&about));
        }
        self.engine = Some(engine.clone());
        Ok(engine)
    }

    /// Clears away what workers of this run left that were killed.
    async fn sweep(&mut self, engine: &Engine) -> Result<(), Fault> {
        let left = sweep(engine, &self.seen.order.run, None).await;
        let left = left.map_err(|error| match error {
            DockerError::Refused { says, .. } => Fault::new(
                FailureClass::Unknown,
                format!("docker does not remove a container that this run left: {says}. Remove it by hand"),
            ),
            error => Fault::absent(&error),
        })?;
        if !left.is_empty() {
            log(&format!("{} removed that an earlier try left", crate::text::count(left.len(), "container")));
        }
        Ok(())
    }

    async fn find_image(&mut self, engine: &Engine) -> Result<(), Fault> {
        let asked = timeout(engine.quick().timeout(), engine.quick().inspect_image(&self.seen.order.image)).await;
        let asked = asked.map_err(|_late| DockerError::Silent("an image".to_owned()));
        let image = match asked.and_then(|asked| asked.map_err(|error| DockerError::of(&error, "an image"))) {
            Ok(image) => image,
            Err(error) if error.is_no_such() => return Err(Fault::no_image(&self.seen.order)),
            Err(error) => return Err(Fault::refused(&self.seen.order, "look for the image of", &error)),
        };
        self.image_id = image.id.as_deref().map(clean::line);
        self.image_digest = digest(&self.seen.order.image, &image.repo_digests.unwrap_or_default());
        Ok(())
    }

    /// The files that the container writes, and all that it is to see.
    fn make_files(&mut self) -> Result<PathBuf, Fault> {
        let io = std::path::absolute(self.folder.join(IO)).unwrap_or_else(|_| self.folder.join(IO));
        let printed = Printed::make(&io).map_err(|(path, error)| {
            let class = if files::is_full(&io) { FailureClass::NoSpace } else { FailureClass::Unknown };
            Fault::new(class, format!("can't make {}: {error}", clean::path(&path)))
        })?;
        self.printed = Some(printed);
        for mount in &self.seen.order.mounts {
            // the engine would say so too, after it has copied the whole image
            if let Err(error) = mount.from.metadata() {
                let (from, to) = (clean::path(&mount.from), clean::line(&mount.to));
                return Err(Fault::new(
                    FailureClass::Unknown,
                    format!("{from}, which the container is to see as {to}, can't be mounted: {error}"),
                ));
            }
        }
        Ok(io)
    }

    /// Makes the container. An engine goes on with one that a worker asked for which was killed, for minutes on VFS, and keeps
    /// its name until it is there: then it is removed.
    async fn make(&mut self, engine: &Engine, body: ContainerCreateBody) -> Result<String, Fault> {
        let began = clock::up_ms();
        loop {
            let (asked, name, body) = (engine.clone(), made::name(&self.seen.order), body.clone());
            let make = async move {
                let options = CreateContainerOptionsBuilder::default().name(&name).build();
                let made = asked.patient().create_container(Some(options), body).await;
                made.map(|made| made.id).map_err(|error| DockerError::of(&error, "a new container"))
            };
            #[expect(clippy::disallowed_methods, reason = "the engine goes on making it, whoever stops waiting: its answer is kept")]
            let making = tokio::spawn(make);
            let making = self.making.insert(making).await;
            self.making = None;
            match making.unwrap_or_else(|error| Err(DockerError::Broken(error.to_string()))) {
                Ok(id) => {
                    self.seen.trouble(None);
                    return Ok(id);
                }
                Err(DockerError::Refused { status: 409, says }) if clock::up_ms().saturating_sub(began) < NAME_IS_KEPT_MS => {
                    self.seen.trouble(Some(format!("docker is still busy with an earlier try: {says}")));
                    self.seen.tell(true);
                    sleep(LOOK).await;
                    self.sweep(engine).await?;
                }
                Err(error) => return Err(Fault::refused(&self.seen.order, "make", &error)),
            }
        }
    }

    /// Waits before the start while somebody wants it paused.
    async fn hold_back(&mut self) {
        while self.pause.recv().now_or_never().is_some() {
            self.wants_pause = true;
        }
        if self.wants_pause && self.go_on.recv().now_or_never().is_none() {
            self.seen.pause(true);
            self.seen.tell(true);
            self.go_on.recv().await;
            self.seen.pause(false);
        }
        self.wants_pause = false;
    }

    /// Follows what it prints, until it has ended.
    async fn follow(&mut self, container: &Container, port: u16) -> Result<Over, ArmEnd> {
        let mut over = std::pin::pin!(container.over());
        let mut metrics: Option<Receiver<Scraped>> = None;
        let (tell, mut paused) = mpsc::channel(16);
        #[expect(clippy::disallowed_methods, reason = "an engine that is away must not keep us from what is printed")]
        tokio::spawn(pauses(container.clone(), self.obeyed, tell));
        loop {
            let more = self.look();
            self.seen.tell(false);
            if let Some(late) = self.seen.late() {
                container.kill().await;
                let _ = timeout(DIES_WITHIN, over).await;
                return Err(late);
            }
            if self.seen.is_ready() && metrics.is_none() {
                let (tell, told) = mpsc::channel(1);
                #[expect(clippy::disallowed_methods, reason = "a server that does not answer must not keep us from what it prints")]
                tokio::spawn(scrape(port, tell));
                metrics = Some(told);
            }
            self.obey(container).await;
            tokio::select! {
                biased;
                _ = self.pause.recv() => (self.wants_pause, self.asked_up_ms) = (true, 0),
                _ = self.go_on.recv() => (self.wants_pause, self.asked_up_ms) = (false, 0),
                over = &mut over => return Ok(over),
                Some(told) = paused.recv() => self.hear(told),
                Some(scraped) = next(&mut metrics) => self.seen.scraped(scraped),
                // signals and connections are looked after when all else waits
                () = yield_now(), if more => {}
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Takes what was printed since the last look. Whether there is more.
    fn look(&mut self) -> bool {
        let Some(printed) = &mut self.printed else { return false };
        let more = printed.look(|stream, at, bytes| self.seen.take(stream, at, bytes));
        self.seen.printed = printed.bytes();
        more
    }

    /// Takes all that was printed. Somebody who could not be stopped may print on and on.
    fn drain(&mut self) {
        for _ in 0..LOOKS {
            if !self.look() {
                return;
            }
        }
    }

    /// Pauses it, or lets it go on, where somebody wants that.
    async fn obey(&mut self, container: &Container) {
        let up = clock::up_ms();
        if self.wants_pause == self.seen.is_paused() || up.saturating_sub(self.asked_up_ms) < ASK_AGAIN_MS {
            return;
        }
        self.asked_up_ms = up;
        let asked = if self.wants_pause { container.pause().await } else { container.unpause().await };
        match asked {
            Ok(()) => {
                self.obeyed = clock::now();
                self.seen.pause(self.wants_pause);
                self.seen.trouble(None);
            }
            Err(error) => {
                let what = if self.wants_pause { "can't be paused" } else { "can't go on" };
                self.seen.trouble(Some(format!("the container {what}: {error}")));
            }
        }
        self.seen.tell(true);
    }

    /// The engine paused it, or let it go on. What we ask for is no news.
    fn hear(&mut self, told: Paused) {
        if told.at > self.obeyed && !self.wants_pause && !self.seen.is_paused() {
            self.seen.pause_outside(told.is_paused, told.at);
            self.seen.tell(true);
        }
    }

    /// What its end means.
    async fn judge(&mut self, container: &Container, over: Over) -> Result<ArmEnd, ArmEnd> {
        self.drain();
        let fault = |class, why: String| Err(Fault::new(class, why).into());
        match over {
            Over::Removed => fault(FailureClass::Killed, "somebody removed the container while it ran".to_owned()),
            Over::Away(error) => {
                fault(FailureClass::NoDocker, format!("docker went away while the arm ran, and did not come back: {error}"))
            }
            // Docker is there again: the same once more is worth it
            Over::Ended { code: SIGNALS.., was_away: true, .. } => {
                fault(FailureClass::Killed, "docker was started again while the arm ran, which ended the container".to_owned())
            }
            Over::Ended { code, .. } if code < SIGNALS && !self.seen.marks.any => {
                let said = container.said().await;
                let said = if said.is_empty() { String::new() } else { format!(": {said}") };
                let io = clean::path(&self.folder.join(IO));
                fault(
                    FailureClass::Unknown,
                    format!(
                        "the container ended with {code} and wrote nothing into {io}{said}. Look whether docker sees that folder, and as root"
                    ),
                )
            }
            Over::Ended { code, oom, .. } => Ok(ArmEnd::Exited { code, oom }),
        }
    }

    /// Ends what still runs.
    async fn end(&mut self, end: ArmEnd) -> ArmEnd {
        self.seen.come_to(ArmPhase::Stop);
        self.seen.tell(true);
        if let (ArmEnd::Stopped, Some(container)) = (&end, &self.container) {
            container.stop().await;
        }
        self.drain();
        self.seen.pause(false);
        match end {
            ArmEnd::Failed { class, why } => ArmEnd::Failed { class, why: self.seen.masker.line(&why) },
            end => end,
        }
    }

    fn outcome(&mut self, end: ArmEnd) -> ArmOutcome {
        let duration_ms = self.seen.now_ms();
        self.seen.phases.end(duration_ms);
        self.seen.tell(true);
        ArmOutcome {
            end,
            container: self.container.as_ref().map(|container| container.id.clone()),
            image_id: self.image_id.clone(),
            image_digest: self.image_digest.clone(),
            phases: self.seen.phases.0.clone(),
            marks: self.seen.marks.lines.clone(),
            paused_ms: self.seen.paused_ms(),
            outside: self.seen.outside,
            before: self.seen.before,
            duration_ms,
        }
    }

    /// Removes the container, with what it wrote. One that the engine keeps is removed by whoever comes next.
    async fn tidy(&mut self) {
        let making = match self.making.take() {
            // the engine goes on with what it has begun, also for one that no longer listens
            Some(making) => making.await.ok().and_then(Result::ok),
            None => None,
        };
        let made = making.or_else(|| self.container.as_ref().map(|container| container.id.clone()));
        if let (Some(engine), Some(id)) = (&self.engine, made)
            && let Err(error) = sweep::remove(engine, &id).await
        {
            let says = format!("the container {} is still there, and is removed later: {error}", id.get(..12).unwrap_or(&id));
            log(&self.seen.masker.line(&says));
            self.seen.trouble(Some(says));
        }
        self.seen.tell(true);
    }
}

/// The next answer; never where nobody asks.
async fn next(metrics: &mut Option<Receiver<Scraped>>) -> Option<Scraped> {
    match metrics {
        Some(metrics) => metrics.recv().await,
        None => std::future::pending().await,
    }
}

/// The digest by which the registry of this name knows an image; any other registry's where that one's is not known.
fn digest(name: &str, known: &[String]) -> Option<String> {
    let name = name.split('@').next().unwrap_or_default();
    let repository = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(repository, _)| repository);
    let known = || known.iter().filter_map(|known| known.split_once('@'));
    known().find(|(of, _)| *of == repository).or_else(|| known().next()).map(|(_, digest)| clean::line(digest))
}

/// A line for whoever reads the stage's output. On a full disk it is lost, and nothing else is.
fn log(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_repository_of_the_name() {
        let known = ["a/b@sha256:1", "127.0.0.1:5000/a/b@sha256:2"].map(str::to_owned);
        let of = |name: &str| digest(name, &known);
        assert_eq!(of("127.0.0.1:5000/a/b:c").as_deref(), Some("sha256:2"));
        assert_eq!(of("127.0.0.1:5000/a/b").as_deref(), Some("sha256:2"));
        assert_eq!(of("a/b:c@sha256:1").as_deref(), Some("sha256:1"));
        assert_eq!(of("other:1").as_deref(), Some("sha256:1"));
        assert_eq!(digest("a/b", &[]), None);
    }
}
