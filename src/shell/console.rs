//! The terminal as the loops of the screens use it: what comes from it, and frames for it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseButton, MouseEvent, MouseEventKind};
use futures_core::Stream;
use ratatui::buffer::Buffer;
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{Signal as Caught, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::keys;
use super::painter::Painter;
use super::setup::{ScreenError, io_error};
use super::terminal::Terminal;
use crate::theme::{Depth, EMBEDDED, Glyphs, Theme};
use crate::ui::mouse::Did;
use crate::ui::state::Pointer;
use crate::ui::{Key, Mouse};

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// What the terminal has to say.
#[derive(Debug)]
pub(super) enum Heard {
    /// A key.
    Key(Key),
    /// The mouse.
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// It is time for a frame.
    Frame,
    /// Nothing that anybody must know.
    Nothing,
    /// The terminal is gone, or somebody wants us gone.
    Gone,
}

/// Whether the screen is up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    /// It is.
    Fresh,
    /// Something changed.
    Stale,
}

/// The terminal, its input, and the one writer to it.
pub(super) struct Console {
    /// What it is drawn with.
    pub theme: Theme,
    theme_name: String,
    painter: Painter,
    terminal: Terminal,
    input: EventStream,
    signals: [Caught; 3],
    drawn: Drawn,
    next_frame: Instant,
}

impl Console {
    /// Takes the terminal. To be called inside the runtime.
    pub(super) fn take(theme_name: &str) -> Result<Self, ScreenError> {
        let variable = |name: &str| std::env::var(name).ok();
        let theme = Theme::embedded(theme_name, Depth::of(variable), Glyphs::of(variable))?;
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
        let [term, hup, int] = kinds.map(|kind| signal(kind).map_err(io_error("catch signals")));
        let signals = [term?, hup?, int?];
        let terminal = Terminal::take().map_err(io_error("take the terminal"))?;
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        let painter = Painter::start(cols, rows).map_err(io_error("start the painter"))?;
        let (input, drawn, next_frame) = (EventStream::new(), Drawn::Stale, Instant::now());
        Ok(Self { theme, theme_name: theme_name.to_owned(), painter, terminal, input, signals, drawn, next_frame })
    }

    /// The next thing that the terminal has to say; input comes first. May be dropped while it waits.
    pub(super) async fn hear(&mut self) -> Heard {
        tokio::select! {
            biased;
            event = next_event(&mut self.input) => self.heard(event),
            () = caught(&mut self.signals) => Heard::Gone,
            result = self.painter.drained() => if result.is_ok() { Heard::Nothing } else { Heard::Gone },
            () = sleep_until(self.next_frame), if self.drawn == Drawn::Stale && self.painter.is_idle() => Heard::Frame,
        }
    }

    fn heard(&mut self, event: Option<io::Result<Event>>) -> Heard {
        match event {
            Some(Ok(Event::Key(event))) => keys::key(&event).map_or(Heard::Nothing, Heard::Key),
            Some(Ok(Event::Mouse(event))) => mouse(event).map_or(Heard::Nothing, Heard::Mouse),
            Some(Ok(Event::Paste(text))) => Heard::Paste(text),
            Some(Ok(Event::Resize(..))) => {
                self.start_over();
                Heard::Nothing
            }
            Some(Ok(_)) => Heard::Nothing,
            Some(Err(_)) | None => Heard::Gone,
        }
    }

    /// Something changed: a frame is to be drawn.
    pub(super) fn changed(&mut self) {
        self.drawn = Drawn::Stale;
    }

    /// Draws a frame, when [`hear`](Self::hear) said that it is time for one.
    pub(super) fn paint<T>(&mut self, draw: impl FnOnce(&mut Buffer, &Theme) -> T) -> T {
        let theme = &self.theme;
        let drawn = self.painter.paint(|buffer| draw(buffer, theme));
        self.next_frame = Instant::now() + FRAME;
        self.drawn = Drawn::Fresh;
        drawn
    }

    /// The next frame is a whole one: the size changed, or somebody else wrote on the screen.
    pub(super) fn start_over(&mut self) {
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        self.painter.start_over(cols, rows);
        self.changed();
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn point(&mut self, pointer: Pointer) {
        // written by the painter's thread or not at all: there is one writer
        self.terminal.point(pointer);
    }

    /// Draws with the next theme from now on, and says which that is.
    pub(super) fn next_theme(&mut self) -> &str {
        let at = EMBEDDED.iter().position(|(name, _)| *name == self.theme_name).map_or(0, |at| (at + 1) % EMBEDDED.len());
        let variable = |name: &str| std::env::var(name).ok();
        if let Some((name, _)) = EMBEDDED.get(at)
            && let Ok(theme) = Theme::embedded(name, Depth::of(variable), Glyphs::of(variable))
        {
            self.theme = theme;
            (*name).clone_into(&mut self.theme_name);
        }
        self.changed();
        &self.theme_name
    }

    /// To the background, and back.
    pub(super) async fn suspend(&mut self) {
        self.painter.settle().await;
        self.terminal.leave();
        let _ = kill_current_process_group(Signal::TSTP);
        // here we are again
        if self.terminal.enter().is_ok() {
            self.start_over();
        }
    }

    /// Waits a little for the last frame, so that it does not land behind what is written next.
    pub(super) async fn settle(&mut self) {
        self.painter.settle().await;
    }
}

/// What the mouse did; `None` for what means nothing here.
fn mouse(event: MouseEvent) -> Option<Mouse> {
    let did = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Did::Click,
        MouseEventKind::ScrollUp => Did::WheelUp,
        MouseEventKind::ScrollDown => Did::WheelDown,
        _ => return None,
    };
    Some(Mouse { did, x: event.column, y: event.row })
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
