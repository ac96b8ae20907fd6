//! The terminal as the loops of the screens use it: what comes from it, and frames for it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::style::Color;
use termina::Event;
use termina::escape::csi::{Csi, DecModeSetting, DecPrivateMode, DecPrivateModeCode, Mode};
use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use tokio::time::{Instant, sleep_until, timeout};

use super::away::{Away, Program, Went};
use super::bell::Rang;
use super::chosen::Chosen;
use super::input::Input;
use super::pace::{Cause, Pace};
use super::painter::{Painter, Updates};
use super::setup::{ScreenError, io_error};
use super::signals::{Meant, Signals};
use super::terminal::{self, Terminal};
use super::{bell, job, keys};
use crate::host::environment::variable;
use crate::theme::Theme;
use crate::theme::palette::Rgb;
use crate::ui::state::Pointer;
use crate::ui::{Key, Mouse};

/// How long the answer to our question is waited for before we leave: later it would be text for the shell.
const ANSWER: Duration = Duration::from_millis(150);

/// A signal of the terminal's keys comes no later than this after they were pressed.
const LATE: Duration = Duration::from_millis(200);

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
    /// Something that whoever sits there should know, in a sentence.
    Remark(String),
    /// The program that had the terminal has ended, and we have it again; where it did not end well, a sentence.
    Back(Option<String>),
    /// We are to go to the background: [`Console::suspend`].
    Stop,
    /// Nothing that anybody must know.
    Nothing,
    /// The terminal is gone, or somebody wants us gone.
    Gone,
}

/// Our questions, of which that about synchronised output comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// It was asked then, and nothing came back so far.
    Asked(Instant),
    /// It was answered, or never asked.
    Over,
}

/// The terminal, its input, and the one writer to it.
pub(super) struct Console {
    /// What it is drawn with.
    pub theme: Theme,
    chosen: Chosen,
    painter: Painter,
    terminal: Terminal,
    pointer: Pointer,
    /// `None` while somebody else has the terminal.
    input: Option<Input>,
    /// Who that is.
    away: Option<Away>,
    /// When we got it back.
    back: Option<Instant>,
    signals: Signals,
    pace: Pace,
    /// Why a frame is due.
    due: Option<Cause>,
    /// What the loop was last told by [`hear`](Self::hear): changes come of it.
    cause: Cause,
    question: Question,
    /// When it rang last.
    rang: Rang,
}

impl Console {
    /// Takes the terminal, with the theme asked for by name, if any was. To be called inside the runtime.
    pub(super) fn take(theme: Option<&str>) -> Result<Self, ScreenError> {
        let chosen = Chosen::begin(theme)?;
        let theme = chosen.theme();
        let signals = Signals::catch().map_err(io_error("catch signals"))?;
        let pointer = Pointer::default();
        let terminal = Terminal::take(pointer).map_err(io_error("take the terminal"))?;
        let (cols, rows) = terminal::size();
        let mut painter = Painter::start(cols, rows).map_err(io_error("start the painter"))?;
        let now = Instant::now();
        let mut question = Question::Over;
        if let Some(bytes) = terminal::questions(variable("TERM").as_deref()) {
            painter.ask(bytes);
            question = Question::Asked(now);
        }
        let input = Some(Input::listen().map_err(io_error("listen to the terminal"))?);
        let (pace, due, cause) = (Pace::new(now), Some(Cause::Input), Cause::Data);
        let (away, back, rang) = (None, None, Rang::default());
        Ok(Self { theme, chosen, painter, terminal, pointer, input, away, back, signals, pace, due, cause, question, rang })
    }

    /// The next thing that the terminal has to say; input comes first. May be dropped while it waits.
    pub(super) async fn hear(&mut self) -> Heard {
        self.cause = Cause::Data;
        if self.away.is_some() {
            return self.hear_away().await;
        }
        let frame = self.due.filter(|_| self.painter.is_idle()).map(|cause| self.pace.next(Instant::now(), cause));
        tokio::select! {
            biased;
            event = next(&mut self.input) => self.heard(event),
            meant = self.signals.next() => self.signalled(meant),
            () = terminal::broke() => Heard::Gone,
            () = self.chosen.changed() => self.themes_changed(),
            result = self.painter.drained() => if result.is_ok() { Heard::Nothing } else { Heard::Gone },
            () = at(frame) => Heard::Frame,
        }
    }

    fn heard(&mut self, event: Option<Event>) -> Heard {
        let heard = match event {
            Some(Event::Key(event)) => keys::key(&event).map(Heard::Key),
            Some(Event::Mouse(event)) => keys::mouse(event).map(Heard::Mouse),
            Some(Event::Paste(text)) => Some(Heard::Paste(text)),
            Some(Event::Csi(Csi::Mode(Mode::ReportDecPrivateMode { mode, setting }))) => {
                self.answered(mode, setting);
                None
            }
            Some(Event::Osc(Osc::ChangeDynamicColors(DynamicColorNumber::TextBackgroundColor, colours))) => {
                self.lies_on(&colours);
                None
            }
            Some(_) => None,
            None => return Heard::Gone,
        };
        let Some(heard) = heard else { return Heard::Nothing };
        self.cause = Cause::Input;
        self.pace.heard(Instant::now());
        heard
    }

    fn lies_on(&mut self, colours: &[ColorOrQuery]) {
        let [ColorOrQuery::Color(colour)] = colours else { return };
        self.chosen.on(Rgb([colour.red, colour.green, colour.blue]).ground());
        self.take_theme();
    }

    fn take_theme(&mut self) {
        let theme = self.chosen.theme();
        if theme != self.theme {
            self.theme = theme;
            self.due = Some(Cause::Input);
        }
    }

    fn answered(&mut self, mode: DecPrivateMode, setting: DecModeSetting) {
        if mode != DecPrivateMode::Code(DecPrivateModeCode::SynchronizedOutput) {
            return;
        }
        self.question = Question::Over;
        // "permanently" either way means that it can't be switched
        if matches!(setting, DecModeSetting::Set | DecModeSetting::Reset) {
            self.painter.set_updates(Updates::Synchronised);
        }
    }

    fn signalled(&mut self, meant: Meant) -> Heard {
        match meant {
            // meant for the program that had the terminal a moment ago
            Meant::Interrupt | Meant::Stop if self.back.is_some_and(|back| back.elapsed() < LATE) => Heard::Nothing,
            Meant::End | Meant::Interrupt => Heard::Gone,
            Meant::Stop => Heard::Stop,
            Meant::Nothing => Heard::Nothing,
            Meant::Resize => {
                self.start_over();
                Heard::Nothing
            }
            Meant::Continue => {
                self.come_back();
                Heard::Nothing
            }
        }
    }

    /// Something changed: a frame is to be drawn.
    pub(super) fn changed(&mut self) {
        self.due = self.due.max(Some(self.cause));
    }

    /// Draws a frame, when [`hear`](Self::hear) said that it is time for one.
    pub(super) fn paint<T>(&mut self, draw: impl FnOnce(&mut Buffer, &Theme) -> T) -> T {
        let (theme, cause) = (&self.theme, self.due.take().unwrap_or(Cause::Data));
        let (drawn, bytes) = self.painter.paint(|buffer| {
            let drawn = draw(buffer, theme);
            if let Some(ground) = theme.ground {
                let bare = buffer.content.iter_mut().filter(|cell| cell.bg == Color::Reset);
                bare.for_each(|cell| cell.bg = ground);
            }
            drawn
        });
        self.pace.drawn(Instant::now(), cause, bytes);
        drawn
    }

    /// Rings with the next frame, once a second at most.
    pub(super) fn ring(&mut self) {
        if self.rang.may(Instant::now()) {
            self.painter.first(bell::RING);
            self.changed();
        }
    }

    /// Sends the terminal bytes that draw nothing, with the next frame.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.painter.first(bytes);
        self.changed();
    }

    /// The next frame is a whole one: the size changed, or somebody else wrote on the screen.
    pub(super) fn start_over(&mut self) {
        let (cols, rows) = terminal::size();
        self.painter.start_over(cols, rows);
        self.due = Some(Cause::Input);
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn point(&mut self, pointer: Pointer) {
        self.pointer = pointer;
        self.painter.first(terminal::mouse(pointer));
        self.changed();
    }

    /// Draws with the next theme from now on, and says which that is.
    pub(super) fn next_theme(&mut self) -> &str {
        self.chosen.next();
        self.take_theme();
        self.chosen.name()
    }

    fn themes_changed(&mut self) -> Heard {
        let remark = self.chosen.read_again();
        self.take_theme();
        remark.map_or(Heard::Nothing, Heard::Remark)
    }

    /// To the background, and back. Where no shell could bring us back we stay, and a sentence says so.
    pub(super) async fn suspend(&mut self) -> Option<&'static str> {
        if !job::can_stop() {
            return Some("no shell started this here that could bring it back: d leaves, `isobench-tui` shows the run again");
        }
        self.painter.settle().await;
        self.terminal.leave();
        job::stop();
        // the signal that continued us is on its way to us as well: once is enough
        let _ = timeout(Duration::from_secs(1), self.signals.continued()).await;
        self.come_back();
        None
    }

    /// Gives the terminal to a program until it ends, which [`hear`](Self::hear) tells. The error is a sentence.
    pub(super) async fn hand_over(&mut self, program: Program) -> Result<(), String> {
        let name = program.name();
        self.painter.settle().await;
        if let Some(input) = self.input.take() {
            input.end();
        }
        self.terminal.leave();
        match Away::start(program) {
            Ok(away) => {
                self.away = Some(away);
                Ok(())
            }
            Err(error) => {
                self.take_back();
                Err(format!("can't start {name}: {error}"))
            }
        }
    }

    /// What happens while somebody else has the terminal. May be dropped while it waits.
    async fn hear_away(&mut self) -> Heard {
        let Some(away) = &mut self.away else { return Heard::Nothing };
        let says = tokio::select! {
            biased;
            went = away.next() => match went {
                Went::Ended(says) => says,
                Went::Stopped => {
                    // the shell has the terminal until it continues both of us: that signal lets it go on, and nothing
                    // before it, as this thread may run a little further before the stop reaches it
                    if job::can_stop() {
                        job::stop();
                    } else {
                        away.go_on();
                    }
                    return Heard::Nothing;
                }
            },
            meant = self.signals.next() => return match meant {
                Meant::End => self.end_away(),
                Meant::Continue => {
                    away.go_on();
                    Heard::Nothing
                }
                // the program has its own opinion of these, and the size is asked for when we are back
                Meant::Interrupt | Meant::Stop | Meant::Resize | Meant::Nothing => Heard::Nothing,
            },
            () = terminal::broke() => return self.end_away(),
        };
        self.away = None;
        self.take_back();
        Heard::Back(says)
    }

    /// Ends the program with us. One that had to be killed left the terminal in its own modes: the way out is by ours.
    fn end_away(&mut self) -> Heard {
        self.away = None;
        let _ = self.terminal.come_back(self.pointer);
        Heard::Gone
    }

    /// The terminal is ours again.
    fn take_back(&mut self) {
        self.input = Input::listen().ok();
        self.back = Some(Instant::now());
        self.come_back();
    }

    fn come_back(&mut self) {
        // a terminal that went away meanwhile says so by the end of its input
        let _ = self.terminal.come_back(self.pointer);
        self.start_over();
    }

    /// Waits a little for the last frame and the terminal's last answer, so that they do not land behind what is written
    /// next. An error where the screen ended because a part of it broke.
    pub(super) async fn settle(&mut self) -> Result<(), ScreenError> {
        self.painter.settle().await;
        if let Question::Asked(at) = self.question
            && at.elapsed() < Duration::from_secs(1)
        {
            let _ = timeout(ANSWER, async {
                while self.question != Question::Over {
                    let Some(event) = next(&mut self.input).await else { return };
                    self.heard(Some(event));
                }
            })
            .await;
        }
        terminal::broken().map_or(Ok(()), |says| Err(ScreenError::Broken(says)))
    }
}

/// The next event; `None` where nobody listens any more.
async fn next(input: &mut Option<Input>) -> Option<Event> {
    match input {
        Some(input) => input.next().await,
        None => None,
    }
}

/// Waits for a moment; for none without end.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
