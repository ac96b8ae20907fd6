//! The loop: input first, then facts and files, then at most thirty frames a second.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::bell;
use super::console::{Console, Heard};
use super::effects;
use super::labels::{About, LabelsFile};
use super::leftover;
use super::log::LogReader;
use super::looks::Looks;
use super::machine::Looker;
use super::outside::{self, Outside, Ready};
use super::pager::Pager;
use super::places::Places;
use super::reader::Reader;
use super::setup::{Begin, Facts, Folded, ScreenError, Setup, io_error};
use crate::domain::AttemptId;
use crate::host::clock;
use crate::host::environment::variable;
use crate::ledger::{By, RunFolder, RunnerLock, Tail};
use crate::text::clean;
use crate::ui::compare::{Against, Parted, Wanted, Who};
use crate::ui::labels::Label;
use crate::ui::message::{Looked, Part, Sight};
use crate::ui::state::{Bell, Start};
use crate::ui::{Effect, Left, Msg, State, update};
use crate::view;

/// How often it is asked for a container that was left, while one may be.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// How long the first frame waits for the files that it is about.
const FLICKER: Duration = Duration::from_millis(150);

/// What the loop waits for.
enum Woken {
    /// The terminal has something to say.
    Heard(Heard),
    /// News of a reader or a starter.
    News(Option<Msg>),
    /// The ledger may have grown.
    Ledger,
    /// Somebody else's run was folded anew.
    Folded(Option<Box<Folded>>),
    /// Something is ready to leave the terminal.
    Outside(Option<Ready>),
    /// A second went by.
    Second,
}

/// Everything that the loop owns.
struct Screen<'a> {
    source: Source,
    elsewhere: Option<PathBuf>,
    /// What is shown first, until something is.
    begin: Option<Begin>,
    state: State,
    reader: Reader,
    pager: Pager,
    log: LogReader,
    looker: Option<Looker>,
    labels: Option<LabelsFile>,
    places: Places,
    outside: Outside,
    ready: mpsc::Receiver<Ready>,
    by: By,
    console: &'a mut Console,
    news: mpsc::Receiver<Msg>,
    news_from: mpsc::Sender<Msg>,
    ledger: mpsc::Receiver<()>,
    /// When it was last asked for a container that was left.
    asked: Option<Instant>,
}

/// Who tells what happens in the run.
enum Source {
    /// Its ledger.
    Ours { folder: RunFolder, tail: Tail, looks: Looks },
    /// Somebody who folds it elsewhere; `None`: it is all told.
    Others(Option<mpsc::Receiver<Folded>>),
}

/// What somebody else's run has to tell, when it does.
async fn folded(source: &mut Source) -> Option<Folded> {
    match source {
        Source::Others(Some(folded)) => folded.recv().await,
        Source::Ours { .. } | Source::Others(None) => std::future::pending().await,
    }
}

/// Shows the run until somebody leaves.
pub(super) async fn show(console: &mut Console, setup: Setup) -> Result<Left, ScreenError> {
    // its state is large, and is moved once
    Box::pin(Screen::open(console, setup)?.stay()).await
}

impl<'a> Screen<'a> {
    fn open(console: &'a mut Console, setup: Setup) -> Result<Self, ScreenError> {
        let now = clock::now();
        let source = match setup.facts {
            Facts::Ledger(folder) => {
                let looks = Looks::of(setup.state_home.as_deref(), &folder, &setup.by);
                Source::Ours { tail: Tail::new(folder.events()), looks, folder }
            }
            Facts::Folded(folded) => Source::Others(Some(folded)),
        };
        let (labels, by) = (setup.root.as_deref().map(LabelsFile::of), setup.by.clone());
        let mut state = State::new(Start {
            run_id: setup.run_id,
            by: setup.by,
            word: format!("s{}-{:x}", std::process::id(), now.as_microsecond()),
            zone: TimeZone::system(),
            masker: setup.masker.clone(),
            limits: setup.limits,
            access: setup.access,
            now,
        });
        state.path = setup.path.as_deref().map(clean::path);
        state.bell = if variable(bell::VARIABLE).is_some_and(|value| value == "off") { Bell::Muted } else { Bell::Rings };
        state.base = setup.begin.base;
        let (news_from, news) = mpsc::channel(32);
        let (ledger_from, ledger) = mpsc::channel(1);
        let places = setup.places;
        if let Some(machine) = &setup.machine {
            state.machine.arms = machine.arms.clone();
        }
        let looker = setup.machine.map(|machine| Looker::start(machine, places.clone(), news_from.clone()));
        let looker = looker.transpose().map_err(io_error("start to look at the machine"))?;
        let log = LogReader::start(places.clone(), setup.masker.clone(), news_from.clone()).map_err(io_error("start the log reader"))?;
        let (ready_from, ready) = mpsc::channel(1);
        let outside = Outside::new(setup.masker.clone(), TimeZone::system(), setup.state_home, ready_from);
        let pager = Pager::start(places.clone(), setup.masker.clone(), news_from.clone()).map_err(io_error("start the pager"))?;
        let reader = Reader::start(places.clone(), setup.masker, news_from.clone(), ledger_from).map_err(io_error("start the reader"))?;
        console.changed();
        let (elsewhere, begin) = (setup.elsewhere, Some(setup.begin));
        Ok(Self {
            source,
            elsewhere,
            begin,
            state,
            reader,
            pager,
            log,
            looker,
            labels,
            places,
            outside,
            ready,
            by,
            console,
            news,
            news_from,
            ledger,
            asked: None,
        })
    }

    async fn stay(mut self) -> Result<Left, ScreenError> {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.wait_for_files().await;
        let mut left = self.look_at_runner().or(self.read_ledger()).or(self.look_at_keeper());
        self.read_labels();
        if let Source::Ours { looks, folder, .. } = &mut self.source {
            effects::read_earlier(folder.clone(), self.news_from.clone());
            let looked = looks.before(clock::now());
            self.change(Msg::Looked(looked));
        }
        if let Some(root) = self.elsewhere.take() {
            self.change(Msg::Elsewhere(root));
        }
        while left.is_none() {
            let woken = tokio::select! {
                biased;
                heard = self.console.hear() => Woken::Heard(heard),
                _ = self.ledger.recv() => Woken::Ledger,
                folded = folded(&mut self.source) => Woken::Folded(folded.map(Box::new)),
                msg = self.news.recv() => Woken::News(msg),
                ready = self.ready.recv() => Woken::Outside(ready),
                _ = seconds.tick() => Woken::Second,
            };
            left = self.wake(woken).await;
        }
        self.remember_look();
        self.console.settle().await?;
        Ok(left.unwrap_or(Left::Detached))
    }

    /// Somebody else's files are read in a moment as a rule: a frame without the fold or its steps would only flicker.
    async fn wait_for_files(&mut self) {
        let mut until = Instant::now() + FLICKER;
        while matches!(self.source, Source::Others(_)) && self.state.shown_trail().is_none() {
            tokio::select! {
                biased;
                folded = folded(&mut self.source) => {
                    let is_whole = folded.as_ref().is_none_or(|folded| !folded.is_unread);
                    self.take_over(folded);
                    if is_whole {
                        // there may be no steps
                        until = until.min(Instant::now() + FLICKER / 4);
                    }
                }
                msg = self.news.recv() => match msg {
                    Some(msg) => drop(self.tell(msg).await),
                    None => return,
                },
                () = sleep_until(until) => return,
            }
        }
    }

    async fn wake(&mut self, woken: Woken) -> Option<Left> {
        match woken {
            Woken::Heard(Heard::Key(key)) => self.tell(Msg::Key(key)).await,
            Woken::Heard(Heard::Mouse(mouse)) => self.tell(Msg::Mouse(mouse)).await,
            Woken::Heard(Heard::Paste(text)) => self.tell(Msg::Paste(text)).await,
            Woken::Heard(Heard::Frame) => self.paint(),
            Woken::Heard(Heard::Remark(says)) => self.tell(Msg::Failed(says)).await,
            Woken::Heard(Heard::Stop) => self.suspend().await,
            Woken::Heard(Heard::Back(Some(says))) => self.tell(Msg::Failed(says)).await,
            Woken::Heard(Heard::Nothing | Heard::Back(None)) | Woken::News(None) | Woken::Outside(None) => None,
            Woken::Outside(Some(ready)) => self.take_outside(ready).await,
            // the run goes on
            Woken::Heard(Heard::Gone) => Some(Left::Detached),
            Woken::News(Some(msg)) => self.tell(msg).await,
            Woken::Ledger => self.read_ledger(),
            Woken::Folded(folded) => self.take_over(folded.map(|folded| *folded)),
            Woken::Second => {
                if matches!(&self.source, Source::Ours { looks, .. } if looks.is_due()) {
                    self.remember_look();
                }
                let left = self.look_at_runner().or(self.read_ledger()).or(self.look_at_keeper());
                self.look_at_container();
                if let Some(name) = self.outside.at_work().map(str::to_owned) {
                    self.change(Msg::Succeeded(format!("{name}: still being read")));
                }
                if self.state.ticks() { left.or(self.tell(Msg::Tick).await) } else { left }
            }
        }
    }

    /// Gives the state a message and does what it wants done.
    async fn tell(&mut self, msg: Msg) -> Option<Left> {
        let effects = self.change(msg);
        let mut left = None;
        for effect in effects {
            let came_of_it = if effect == Effect::Suspend { self.suspend().await } else { self.perform(effect) };
            left = left.or(came_of_it);
        }
        left
    }

    async fn suspend(&mut self) -> Option<Left> {
        if let Some(says) = self.console.suspend().await {
            self.change(Msg::Failed(says.to_owned()));
        }
        None
    }

    /// Takes what a thread has made ready out of the terminal.
    async fn take_outside(&mut self, ready: Ready) -> Option<Left> {
        let says = self.outside.hand_out(ready, self.console).await?;
        self.tell(says.map_or_else(Msg::Failed, Msg::Succeeded)).await
    }

    fn change(&mut self, msg: Msg) -> Vec<Effect> {
        self.console.changed();
        update(&mut self.state, clock::now(), msg)
    }

    /// Does what needs no waiting. What came of it is told to the state, which wants nothing in return.
    fn perform(&mut self, effect: Effect) -> Option<Left> {
        let came_of_it = match effect {
            Effect::Leave(left) => return Some(left),
            Effect::Compare(attempt, against) => return Some(self.compared(&attempt, &against)),
            Effect::Look(look) => {
                self.pager.look(look.clone());
                self.reader.look(look);
                None
            }
            Effect::Send(request) => self.folder().and_then(|folder| effects::send(folder, &request)),
            Effect::StartRunner => self.folder().and_then(|folder| {
                effects::start_runner(folder, self.news_from.clone()).err().map(|error| Msg::Unstarted(error.to_string()))
            }),
            Effect::Page(wish) => {
                self.pager.page(wish);
                None
            }
            Effect::Log(wish) => {
                self.log.read(wish);
                None
            }
            Effect::Machine(errand) => {
                if let Some(looker) = &self.looker {
                    looker.perform(*errand);
                }
                None
            }
            Effect::Label(label) => Some(self.keep_label(label)),
            Effect::Ring => {
                self.console.ring();
                None
            }
            Effect::Pointer(pointer) => {
                self.console.point(pointer);
                None
            }
            Effect::NextTheme => Some(Msg::Succeeded(format!("theme: {}", self.console.next_theme()))),
            Effect::Redraw => {
                self.console.start_over();
                None
            }
            Effect::Outside(errand) => {
                let material = outside::material(*errand, &self.state, &self.console.theme, &self.places);
                material.and_then(|(way, material)| self.outside.begin(way, material)).err().map(Msg::Failed)
            }
            Effect::Suspend => None,
        };
        if let Some(msg) = came_of_it {
            self.change(msg);
        }
        None
    }

    /// What a comparison of an attempt needs to know.
    fn compared(&self, attempt: &AttemptId, against: &Against) -> Left {
        let path = |attempt: &AttemptId| Who::Path(self.places.item_folder(attempt));
        let right = match against {
            Against::Human => Who::Human,
            Against::Attempt(other) => path(other),
        };
        let wanted = Wanted { left: path(attempt), right };
        Left::Compare(Box::new(Parted { wanted, screen: self.state.screen, item: attempt.item.clone() }))
    }

    /// The run's folder, where it is one of ours.
    const fn folder(&self) -> Option<&RunFolder> {
        match &self.source {
            Source::Ours { folder, .. } => Some(folder),
            Source::Others(_) => None,
        }
    }

    fn keep_label(&self, label: Box<Label>) -> Msg {
        let Some(labels) = &self.labels else {
            return Msg::Failed("no harness folder here or above these files: verdicts are kept in its state/tui/labels.csv".to_owned());
        };
        let about = About { id: &self.state.run_id, run: &self.state.run, by: &self.by, at: clock::now() };
        match labels.append(&label, &about) {
            Ok(()) => Msg::Labelled(label),
            Err(says) => Msg::Failed(says),
        }
    }

    fn read_labels(&mut self) {
        let Some(labels) = &self.labels else { return };
        let read = labels.read(&self.state.run_id);
        self.change(match read {
            Ok(given) => Msg::Labels(given),
            Err(says) => Msg::Trouble(Part::Labels, Some(says)),
        });
    }

    fn read_ledger(&mut self) -> Option<Left> {
        let Source::Ours { tail, .. } = &mut self.source else { return None };
        let run = &mut self.state.run;
        let mut news = false;
        let result = tail.read_on(|line| {
            news = true;
            run.apply_line(line);
        });
        let trouble = result.err().map(|error| format!("can't read {}: {error}", tail.path().display()));
        if trouble.as_ref() != self.state.troubles.get(&Part::Ledger) {
            self.change(Msg::Trouble(Part::Ledger, trouble));
        }
        if !news {
            return None;
        }
        self.told()
    }

    /// Somebody else's run as it is now, in the place of what it was.
    fn take_over(&mut self, folded: Option<Folded>) -> Option<Left> {
        let Some(Folded { run, runner, trouble, run_id, max_steps, says, unnamed, is_old, is_unread }) = folded else {
            self.source = Source::Others(None);
            return None;
        };
        self.state.run = run;
        self.state.limits.steps = max_steps;
        self.state.unnamed = unnamed;
        self.state.is_unread = is_unread;
        if let Some(run_id) = run_id {
            self.state.run_id = run_id;
        }
        if is_old {
            self.state.hears_nothing_new();
        }
        if says != self.state.told {
            self.change(Msg::Told(says));
        }
        if trouble.as_ref() != self.state.troubles.get(&Part::Ledger) {
            self.change(Msg::Trouble(Part::Ledger, trouble));
        }
        if runner != self.state.runner {
            self.change(Msg::Runner(runner));
        }
        self.told()
    }

    /// Says that there are new facts, and does what comes of it.
    fn told(&mut self) -> Option<Left> {
        let mut effects = self.change(Msg::Facts);
        // files of which nothing is known yet have nothing to begin with
        if !self.state.run.items.is_empty()
            && let Some(Begin { screen, item, .. }) = self.begin.take()
        {
            effects.extend(self.change(Msg::Begin(screen, item)));
        }
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    /// What happens from now on is news at the next look.
    fn remember_look(&mut self) {
        let Source::Ours { looks, .. } = &mut self.source else { return };
        if let Err(why) = looks.keep(clock::now()) {
            self.change(Msg::Looked(Looked::Unknown(why)));
        }
    }

    fn look_at_runner(&mut self) -> Option<Left> {
        let sight = RunnerLock::holder(self.folder()?).map_or(Sight::Gone, Sight::Alive);
        if sight == self.state.runner {
            return None;
        }
        let effects = self.change(Msg::Runner(sight));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    /// Without a runner a stage may work on: its keeper outlives the runner.
    fn look_at_keeper(&mut self) -> Option<Left> {
        let folder = self.folder()?;
        let live = self.state.run.live_stage().filter(|_| !self.state.has_runner());
        let sight = live.map_or(Sight::Gone, |(attempt, record)| effects::keeper(folder, &attempt, record.stage));
        if sight == self.state.keeper {
            return None;
        }
        let effects = self.change(Msg::Keeper(sight));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    /// Without runner and keeper the container of an arm may be left.
    fn look_at_container(&mut self) {
        let may_be = |folder: &&RunFolder| !self.state.has_runner() && leftover::may_be(folder, &self.state.run);
        let Some(folder) = self.folder().filter(may_be).cloned() else {
            self.asked = None;
            if self.state.troubles.contains_key(&Part::Container) {
                self.change(Msg::Trouble(Part::Container, None));
            }
            return;
        };
        if self.asked.is_none_or(|at| at.elapsed() >= ASK_AGAIN) {
            self.asked = Some(Instant::now());
            effects::look_for_container(folder, self.news_from.clone());
        }
    }

    fn paint(&mut self) -> Option<Left> {
        let (state, now) = (&self.state, clock::now());
        let (layout, spots) = self.console.paint(|buffer, theme| view::draw(buffer, state, theme, now));
        if layout == self.state.layout {
            // where things stand changes nothing that is drawn
            self.state.spots = spots;
            return None;
        }
        // what depends on the room may now look different
        let effects = self.change(Msg::Laid(layout, spots));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }
}
