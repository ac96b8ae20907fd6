//! The loop: input first, then facts and files, then at most thirty frames a second.

use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_core::Stream;
use jiff::tz::TimeZone;
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{Signal as Caught, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::painter::Painter;
use super::places::Places;
use super::reader::Reader;
use super::setup::{ScreenError, Setup, io_error};
use super::terminal::Terminal;
use super::{effects, keys};
use crate::host::clock;
use crate::ledger::{RunFolder, RunnerLock, Tail};
use crate::theme::{Depth, Glyphs, Theme};
use crate::ui::message::Sight;
use crate::ui::state::Start;
use crate::ui::{Effect, Left, Msg, State, update};
use crate::view;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// What the loop waits for.
enum Woken {
    /// A terminal's event; `None`: the terminal is gone.
    Input(Option<io::Result<Event>>),
    /// Somebody wants us gone.
    Signal,
    /// News of a reader or a starter.
    News(Option<Msg>),
    /// The ledger may have grown.
    Ledger,
    /// A second went by.
    Second,
    /// The terminal took a frame.
    Drained(io::Result<()>),
    /// It is time for a frame.
    Frame,
}

/// Whether the screen is up to date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drawn {
    /// It is.
    Fresh,
    /// Something changed.
    Stale,
}

/// Everything that the loop owns.
struct Screen {
    folder: RunFolder,
    root: PathBuf,
    state: State,
    theme: Theme,
    tail: Tail,
    reader: Reader,
    painter: Painter,
    terminal: Terminal,
    input: EventStream,
    signals: [Caught; 3],
    news: mpsc::Receiver<Msg>,
    news_from: mpsc::Sender<Msg>,
    ledger: mpsc::Receiver<()>,
    drawn: Drawn,
    next_frame: Instant,
}

/// Shows the run until somebody leaves.
pub fn run(setup: Setup) -> Result<Left, ScreenError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io_error("start the loop"))?;
    runtime.block_on(async { Screen::open(setup)?.stay().await })
}

impl Screen {
    fn open(setup: Setup) -> Result<Self, ScreenError> {
        let variable = |name: &str| std::env::var(name).ok();
        let theme = Theme::embedded(&setup.theme, Depth::of(variable), Glyphs::of(variable))?;
        let now = clock::now();
        let state = State::new(Start {
            run_id: setup.folder.run_id(),
            by: setup.by,
            word: format!("s{}-{:x}", std::process::id(), now.as_microsecond()),
            zone: TimeZone::system(),
            masker: setup.masker.clone(),
            limits: setup.limits,
            access: setup.access,
            now,
        });
        let (news_from, news) = mpsc::channel(32);
        let (ledger_from, ledger) = mpsc::channel(1);
        let places = Places::new(setup.folder.clone(), setup.items);
        let reader = Reader::start(places, setup.masker, news_from.clone(), ledger_from).map_err(io_error("start the reader"))?;
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        let [term, hup, int] = kinds.map(|kind| signal(kind).map_err(io_error("catch signals")));
        let signals = [term?, hup?, int?];
        let terminal = Terminal::take().map_err(io_error("take the terminal"))?;
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        let painter = Painter::start(cols, rows).map_err(io_error("start the painter"))?;
        let tail = Tail::new(setup.folder.events());
        let input = EventStream::new();
        let (drawn, next_frame) = (Drawn::Stale, Instant::now());
        let (folder, root) = (setup.folder, setup.root);
        Ok(Self { folder, root, state, theme, tail, reader, painter, terminal, input, signals, news, news_from, ledger, drawn, next_frame })
    }

    async fn stay(mut self) -> Result<Left, ScreenError> {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut left = self.look_at_runner().or(self.read_ledger()).or(self.look_at_keeper());
        while left.is_none() {
            let woken = tokio::select! {
                biased;
                event = next_event(&mut self.input) => Woken::Input(event),
                () = caught(&mut self.signals) => Woken::Signal,
                result = self.painter.drained() => Woken::Drained(result),
                _ = self.ledger.recv() => Woken::Ledger,
                msg = self.news.recv() => Woken::News(msg),
                _ = seconds.tick() => Woken::Second,
                () = sleep_until(self.next_frame), if self.drawn == Drawn::Stale && self.painter.is_idle() => Woken::Frame,
            };
            left = self.wake(woken).await;
        }
        self.painter.settle().await;
        Ok(left.unwrap_or(Left::Detached))
    }

    async fn wake(&mut self, woken: Woken) -> Option<Left> {
        match woken {
            Woken::Input(Some(Ok(event))) => self.take_event(&event).await,
            // the terminal is gone, or somebody wants us gone: the run goes on
            Woken::Input(_) | Woken::Signal | Woken::Drained(Err(_)) => Some(Left::Detached),
            Woken::Drained(Ok(())) => None,
            Woken::News(Some(msg)) => self.tell(msg).await,
            Woken::News(None) => None,
            Woken::Ledger => self.read_ledger(),
            Woken::Second => {
                let left = self.look_at_runner().or(self.read_ledger()).or(self.look_at_keeper());
                if self.state.ticks() { left.or(self.tell(Msg::Tick).await) } else { left }
            }
            Woken::Frame => self.paint(),
        }
    }

    async fn take_event(&mut self, event: &Event) -> Option<Left> {
        match event {
            Event::Key(event) => match keys::key(event) {
                Some(key) => self.tell(Msg::Key(key)).await,
                None => None,
            },
            Event::Resize(..) => {
                self.start_over();
                None
            }
            _ => None,
        }
    }

    /// Gives the state a message and does what it wants done.
    async fn tell(&mut self, msg: Msg) -> Option<Left> {
        let effects = self.change(msg);
        let mut left = None;
        for effect in effects {
            if effect == Effect::Suspend {
                self.suspend().await;
            } else {
                left = left.or(self.perform(effect));
            }
        }
        left
    }

    fn change(&mut self, msg: Msg) -> Vec<Effect> {
        self.drawn = Drawn::Stale;
        update(&mut self.state, clock::now(), msg)
    }

    /// Does what needs no waiting. What goes wrong is told to the state, which wants nothing in return.
    fn perform(&mut self, effect: Effect) -> Option<Left> {
        let went_wrong = match effect {
            Effect::Leave(left) => return Some(left),
            Effect::Look(focus) => {
                self.reader.look(focus);
                None
            }
            Effect::Send(request) => effects::send(&self.folder, &request),
            Effect::StartRunner => effects::start_runner(&self.folder, self.root.clone(), self.news_from.clone())
                .err()
                .map(|error| Msg::Failed(format!("no runner could be started: {error}"))),
            Effect::Suspend => None,
        };
        if let Some(msg) = went_wrong {
            self.change(msg);
        }
        None
    }

    fn read_ledger(&mut self) -> Option<Left> {
        let run = &mut self.state.run;
        let mut news = false;
        let result = self.tail.read_on(|line| {
            news = true;
            run.apply_line(line);
        });
        if let Err(error) = result {
            self.change(Msg::Trouble(format!("can't read {}: {error}", self.tail.path().display())));
        }
        if !news {
            return None;
        }
        let effects = self.change(Msg::Facts);
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    fn look_at_runner(&mut self) -> Option<Left> {
        let sight = RunnerLock::holder(&self.folder).map_or(Sight::Gone, Sight::Alive);
        if sight == self.state.runner {
            return None;
        }
        let effects = self.change(Msg::Runner(sight));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    /// Without a runner a stage may work on: its keeper outlives the runner.
    fn look_at_keeper(&mut self) -> Option<Left> {
        let live = self.state.run.live_stage().filter(|_| !self.state.has_runner());
        let sight = live.map_or(Sight::Gone, |(attempt, record)| effects::keeper(&self.folder, &attempt, record.stage));
        if sight == self.state.keeper {
            return None;
        }
        let effects = self.change(Msg::Keeper(sight));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    fn paint(&mut self) -> Option<Left> {
        let (state, theme, now) = (&self.state, &self.theme, clock::now());
        let layout = self.painter.paint(|buffer| view::draw(buffer, state, theme, now));
        self.next_frame = Instant::now() + FRAME;
        self.drawn = Drawn::Fresh;
        if layout == self.state.layout {
            return None;
        }
        // what depends on the room may now look different
        let effects = self.change(Msg::Laid(layout));
        effects.into_iter().fold(None, |left, effect| left.or(self.perform(effect)))
    }

    fn start_over(&mut self) {
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        self.painter.start_over(cols, rows);
        self.drawn = Drawn::Stale;
    }

    /// To the background, and back.
    async fn suspend(&mut self) {
        self.painter.settle().await;
        self.terminal.leave();
        let _ = kill_current_process_group(Signal::TSTP);
        // here we are again
        if self.terminal.enter().is_ok() {
            self.start_over();
        }
    }
}

/// The terminal's next event.
async fn next_event(input: &mut EventStream) -> Option<io::Result<Event>> {
    poll_fn(|context| Pin::new(&mut *input).poll_next(context)).await
}

/// Waits for any of the signals that end us.
async fn caught([term, hup, int]: &mut [Caught; 3]) {
    tokio::select! {
        _ = term.recv() => {}
        _ = hup.recv() => {}
        _ = int.recv() => {}
    }
}
