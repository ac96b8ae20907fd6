//! One image: tried until it is there, or until it is known that it will not come.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder, TagImageOptionsBuilder};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::MeasuredImage;
use super::ask::{Known, Unknown, plan};
use super::fault::{Again, Fault, Place};
use super::progress::Verdict;
use super::work::{Over, Work};
use crate::docker::forecast::{Driver, There};
use crate::docker::owners::Event;
use crate::docker::{DockerError, ImageName, prune, store};
use crate::domain::{FailureClass, PullPhase, PulledImage};
use crate::host::clock;
use crate::text::{bytes, clean, count, duration};

/// The longest pause between two tries, in s. It begins with one second, and doubles.
const LONGEST_PAUSE: u32 = 60;

/// How often it is looked whether the engine is back.
const KNOCK: Duration = Duration::from_secs(1);

/// How long an engine is waited for where no budget ends it, in ms.
const COMES_BACK_WITHIN: u64 = 600_000;

/// An image of the engine.
pub(super) struct Found {
    id: String,
    digest: Option<String>,
    tagged: Option<String>,
}

impl Work {
    /// Sees to it that the image at this place of the order is there.
    pub(super) async fn image(&mut self, at: usize, name: &ImageName, known: &Known, there: &There) -> Result<(), Over> {
        let began = clock::up_ms();
        let free = self.free();
        if let Some(found) = self.stays(at, name).await? {
            log(&format!("{name} is here already"));
            self.fold(at).say(PullPhase::Present);
            self.is_there(at, name, found, true, began, None);
            return Ok(());
        }
        match &known.facts {
            Ok(facts) => {
                let (forecast, layers) = plan(Driver::of(&self.about), facts, there);
                let here = layers.iter().filter(|layer| layer.is_present).count();
                let come: u64 = layers.iter().filter(|layer| !layer.is_present).filter_map(|layer| layer.compressed).sum();
                let stays = bytes(forecast.need.stays);
                log(&format!(
                    "{name}: {} ({here} here), {} to download, takes {stays} of the disk",
                    count(layers.len(), "layer"),
                    bytes(come)
                ));
                self.fold(at).plan(&facts.digest, &layers, Some(forecast.need));
            }
            Err(Unknown::Final(error)) => return Err(Over::Failed(at, Fault::refused(error))),
            Err(Unknown::Unasked(why)) => {
                let why = format!("{}: docker is asked without a forecast", self.masker.line(why));
                log(&format!("{name}: {why}"));
                self.fold(at).unforecast(&why);
            }
        }
        // an id that is here by another name is somebody's already
        let before = self.ids().await?;
        self.record(&Event::Pulling { reference: &name.to_string(), present: false })?;
        let found = self.tries(at, name, known).await?;
        let is_ours = self.fold(at).verdict() == Some(Verdict::Newer) && !before.contains(&found.id);
        let (digest, bytes_came) = (found.digest.clone().or_else(|| self.fold(at).digest().map(str::to_owned)), self.fold(at).fetched());
        let tagged = if is_ours { self.sign(name, &found).await } else { None };
        let (reference, digest, tagged) = (name.to_string(), digest.as_deref(), tagged.as_deref());
        self.record(&Event::Pulled { reference: &reference, id: &found.id, digest, bytes: bytes_came, present: !is_ours, tagged })?;
        self.fold(at).done();
        let took = duration::clock(clock::up_ms().saturating_sub(began));
        log(&format!("{name} is here: {} came in {took}", bytes(bytes_came)));
        self.is_there(at, name, found, false, began, free);
        self.tick();
        Ok(())
    }

    fn is_there(&mut self, at: usize, name: &ImageName, found: Found, was_present: bool, began: u64, free: Option<u64>) {
        let used = free.zip(self.free()).map(|(before, now)| before.saturating_sub(now));
        let duration_ms = clock::up_ms().saturating_sub(began);
        let fold = self.fold(at);
        let image = PulledImage {
            reference: name.to_string(),
            id: found.id,
            digest: found.digest.or_else(|| fold.digest().map(str::to_owned)),
            was_present,
            was_spared: false,
            downloaded: fold.fetched(),
            need: fold.need(),
            used,
            duration_ms,
        };
        self.there.push(image);
    }

    /// The image at this place of the order, where nothing is left to measure in what the registry means by its name, and the
    /// engine does not have it anyway.
    pub(super) async fn spared(&mut self, at: usize, name: &ImageName, known: &Known) -> Result<Option<PulledImage>, Over> {
        let Some((reference, facts)) = self.order.images.get(at).zip(known.facts.as_ref().ok()) else { return Ok(None) };
        let is_it = |measured: &&MeasuredImage| {
            // the containerd image store takes the digest for the id
            let ids = [&facts.id, &facts.digest];
            let same_digest = || measured.digest.as_ref() == Some(&facts.digest);
            measured.reference == *reference && measured.id.as_ref().map_or_else(same_digest, |id| ids.contains(&id))
        };
        let Some(measured) = self.order.measured.iter().find(is_it) else { return Ok(None) };
        let image = PulledImage {
            reference: name.to_string(),
            id: measured.id.clone().unwrap_or_else(|| facts.id.clone()),
            digest: Some(facts.digest.clone()),
            was_spared: true,
            ..PulledImage::default()
        };
        Ok(self.find(name).await?.is_none().then_some(image))
    }

    /// Tries until it is there.
    async fn tries(&mut self, at: usize, name: &ImageName, known: &Known) -> Result<Found, Over> {
        let attempts = self.order.attempts.max(1);
        let mut attempt = 1;
        loop {
            let fault = match self.attempt(at, name, known, attempt).await? {
                Ok(found) => return Ok(found),
                Err(fault) => fault,
            };
            let fault = Fault { why: self.masker.line(&fault.why), ..fault };
            let fault = match (&known.login_error, fault.class) {
                (Some(error), FailureClass::ImageAccess) => {
                    Fault { why: format!("{} ({})", fault.why, self.masker.line(&error.to_string())), ..fault }
                }
                _ => fault,
            };
            // a registry that said when is asked again then, however often that was
            if fault.again == Again::Never || attempt >= attempts {
                return Err(Over::Failed(at, fault));
            }
            log(&format!("try {attempt} of {attempts}: {}", fault.why));
            match fault.again {
                Again::Never => {}
                Again::Soon => self.pause(at, pause(attempt), &fault).await?,
                Again::Back => self.engine_is_back(at, &fault).await?,
                Again::At(until) => {
                    let until = match until {
                        Some(until) => Some(until),
                        // HEAD is no pull, and its answer says until when
                        None => self.registry.exists(name).await.err().and_then(|error| error.reset()),
                    };
                    let wait = until.map(|until| until.duration_since(clock::now()));
                    let wait = wait.map_or(pause(attempt), |wait| wait.max(SignedDuration::ZERO) + SignedDuration::from_secs(1));
                    if self.left_ms().is_some_and(|left| wait.as_millis() > i128::from(left)) {
                        return Err(Over::Limited(at, fault, until));
                    }
                    self.pause(at, wait, &fault).await?;
                }
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// One try: the engine's stream to its end. Nothing stands between it and us but the fold.
    async fn attempt(&mut self, at: usize, name: &ImageName, known: &Known, attempt: u32) -> Result<Result<Found, Fault>, Over> {
        let disk = clean::path(&self.about.root);
        let place = Place { image: name, disk: &disk };
        let options = CreateImageOptionsBuilder::default().from_image(&name.from_image()).tag(name.tag()).build();
        let engine = self.engine.clone();
        let mut stream = std::pin::pin!(engine.patient().create_image(Some(options), None, known.credentials.clone()));
        let now = self.clock.now();
        self.sample(at);
        self.fold(at).begin(now, attempt);
        self.tick();
        loop {
            tokio::select! {
                said = stream.next() => match said {
                    Some(Ok(said)) => {
                        let now = self.clock.now();
                        self.fold(at).heard(now, &said);
                    }
                    Some(Err(error)) => return Ok(Err(Fault::of(&error, &place))),
                    None => break,
                },
                () = self.ticks.next() => {
                    self.sample(at);
                    self.tick();
                    for word in self.fold(at).take_words() {
                        log(&self.masker.line(&word));
                    }
                    self.in_time(at)?;
                    let now = self.clock.now();
                    if self.fold(at).is_stalled(now) {
                        self.fold(at).stands_still();
                        return Ok(Err(Fault::stalled(self.order.stall_s, &place)));
                    }
                }
            }
        }
        match self.find(name).await {
            Ok(found) => Ok(found.ok_or_else(|| Fault::early(&place))),
            Err(Over::NoDocker(error)) if error.is_passing() => Ok(Err(Fault::early(&place))),
            Err(over) => Err(over),
        }
    }

    /// The engine's image of a name, once no prune works that does not know yet that we need it.
    async fn stays(&mut self, at: usize, name: &ImageName) -> Result<Option<Found>, Over> {
        let mut was_told = false;
        loop {
            let found = self.find(name).await?;
            let Some(who) = found.as_ref().and_then(|_| prune::at_work(&self.order.state)) else { return Ok(found) };
            let why = format!("{who} works, and may take {name} away: waits for its end");
            if !was_told {
                log(&why);
                was_told = true;
            }
            let fault = Fault { class: FailureClass::Unknown, why, again: Again::Soon };
            self.pause(at, SignedDuration::from_secs(1), &fault).await?;
        }
    }

    /// The engine's image of a name.
    pub(super) async fn find(&mut self, name: &ImageName) -> Result<Option<Found>, Over> {
        match self.engine.quick().inspect_image(&name.to_string()).await {
            Ok(image) => {
                let tagged = store::tagged(&image);
                let digests = image.repo_digests.unwrap_or_default();
                let own = digests.iter().find_map(|digest| digest.strip_prefix(&format!("{}@", name.from_image())));
                Ok(Some(Found { id: clean::line(&image.id.unwrap_or_default()), digest: own.map(clean::line), tagged }))
            }
            Err(error) => match DockerError::of(&error, "its images") {
                error if error.is_no_such() => Ok(None),
                error => Err(Over::NoDocker(error)),
            },
        }
    }

    /// Gives what has just come the name that it has. To people nothing changes; the engine notes the moment, which nobody's pull
    /// sets and no removal leaves: so it is told from the same image that somebody removes and pulls again. `None` where that
    /// can't be done: it is pulled by digest, the engine's pulls set the moment too, or it does not answer.
    async fn sign(&self, name: &ImageName, found: &Found) -> Option<String> {
        let reference = name.to_string();
        let engine = self.engine.quick();
        if name.digest().is_some() || found.tagged.is_some() {
            return None;
        }
        let options = TagImageOptionsBuilder::default().repo(&name.from_image()).tag(name.tag()).build();
        engine.tag_image(&found.id, Some(options)).await.ok()?;
        let signed = engine.inspect_image(&reference).await.ok()?;
        store::tagged(&signed).filter(|_| signed.id.as_deref() == Some(&found.id))
    }

    /// The ids of all that the engine has.
    async fn ids(&mut self) -> Result<HashSet<String>, Over> {
        let options = ListImagesOptionsBuilder::default().all(true).build();
        let listed = self.engine.quick().list_images(Some(options)).await;
        let listed = listed.map_err(|error| Over::NoDocker(DockerError::of(&error, "its images")))?;
        Ok(listed.into_iter().map(|image| image.id).collect())
    }

    /// Waits, visibly.
    async fn pause(&mut self, at: usize, wait: SignedDuration, fault: &Fault) -> Result<(), Over> {
        let until = clock::now().checked_add(wait).unwrap_or(Timestamp::MAX);
        self.fold(at).say(PullPhase::Retrying { at: until, why: fault.why.clone() });
        self.tick();
        // not by the wall clock, which may be set back by hours meanwhile
        let (began, wait_ms) = (clock::up_ms(), u64::try_from(wait.as_millis()).unwrap_or_default());
        while clock::up_ms().saturating_sub(began) < wait_ms {
            self.ticks.next().await;
            self.tick();
            self.in_time(at)?;
        }
        Ok(())
    }

    /// Waits until the engine answers again, as long as the budget allows.
    async fn engine_is_back(&mut self, at: usize, fault: &Fault) -> Result<(), Over> {
        let began = self.clock.now();
        loop {
            self.pause(at, SignedDuration::try_from(KNOCK).unwrap_or(SignedDuration::from_secs(1)), fault).await?;
            if self.connect().await.is_ok() {
                return Ok(());
            }
            if self.clock.now().saturating_sub(began) > COMES_BACK_WITHIN {
                return Err(Over::Failed(at, fault.clone()));
            }
        }
    }
}

/// A line for whoever reads the stage's output. On a full disk it is lost, and nothing else is.
pub(super) fn log(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// How long it waits behind a try.
fn pause(attempt: u32) -> SignedDuration {
    let seconds = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(LONGEST_PAUSE).clamp(1, LONGEST_PAUSE);
    SignedDuration::from_secs(i64::from(seconds))
}
