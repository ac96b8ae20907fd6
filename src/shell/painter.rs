//! The one writer to the terminal. A frame is made only when the last one has drained.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::{encode, terminal};

/// Below this many bytes a frame arrives at once anyway.
const SMALL: usize = 256;

/// Begins a whole frame.
const ERASE: &[u8] = b"\x1b[0m\x1b[2J";

/// What the terminal shows, and the thread that writes to it.
#[derive(Debug)]
pub struct Painter {
    shown: Buffer,
    spare: Buffer,
    bytes: SyncSender<Vec<u8>>,
    drained: mpsc::Receiver<io::Result<()>>,
    state: Busy,
    first: Vec<u8>,
    updates: Updates,
}

/// Whether a frame is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Busy {
    /// The last frame has arrived.
    Idle,
    /// It is on its way.
    Writing,
}

/// Whether a terminal shows a frame only when it has all of it (mode 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// It said that it does.
    Synchronised,
    /// It does not, or did not say.
    Plain,
}

impl Painter {
    /// Starts the writing thread.
    pub fn start(cols: u16, rows: u16) -> io::Result<Self> {
        let output = terminal::output()?;
        let (bytes, frames) = sync_channel::<Vec<u8>>(1);
        let (done, drained) = mpsc::channel(1);
        thread::Builder::new().name("painter".to_owned()).spawn(move || write_frames(&output, &frames, &done))?;
        let empty = Buffer::empty(Rect::new(0, 0, cols, rows));
        let (state, first, updates) = (Busy::Idle, Vec::new(), Updates::Plain);
        let mut painter = Self { shown: empty.clone(), spare: empty, bytes, drained, state, first, updates };
        painter.start_over(cols, rows);
        Ok(painter)
    }

    /// Whether the terminal has taken the last frame.
    pub fn is_idle(&self) -> bool {
        self.state == Busy::Idle
    }

    /// How the terminal shows frames.
    pub const fn set_updates(&mut self, updates: Updates) {
        self.updates = updates;
    }

    /// Writes these bytes before the next frame.
    pub fn first(&mut self, bytes: &[u8]) {
        self.first.extend(bytes);
    }

    /// Asks the terminal something, before the screen is erased: one that does not know the question may show it.
    pub fn ask(&mut self, question: &[u8]) {
        self.first.splice(0..0, question.iter().copied());
    }

    /// The terminal's size changed, or somebody else wrote on it: the next frame is a whole one.
    pub fn start_over(&mut self, cols: u16, rows: u16) {
        let area = Rect::new(0, 0, cols, rows);
        self.shown = Buffer::empty(area);
        self.spare = Buffer::empty(area);
        if !self.first.ends_with(ERASE) {
            self.first(ERASE);
        }
    }

    /// Draws a frame and sends what changed. To be called when idle. Also tells how many bytes that are.
    pub fn paint<T>(&mut self, draw: impl FnOnce(&mut Buffer) -> T) -> (T, usize) {
        self.spare.reset();
        let drawn = draw(&mut self.spare);
        let mut bytes = std::mem::take(&mut self.first);
        bytes.extend(encode::changes(&self.shown, &self.spare));
        if bytes.len() > SMALL && self.updates == Updates::Synchronised {
            bytes.splice(0..0, *b"\x1b[?2026h");
            bytes.extend(b"\x1b[?2026l");
        }
        let len = bytes.len();
        if len > 0 && self.bytes.try_send(bytes).is_ok() {
            self.state = Busy::Writing;
        }
        std::mem::swap(&mut self.shown, &mut self.spare);
        (drawn, len)
    }

    /// Waits until the frame on its way has arrived. Never returns while none is.
    pub async fn drained(&mut self) -> io::Result<()> {
        if self.state == Busy::Idle {
            return std::future::pending().await;
        }
        let result = self.drained.recv().await;
        self.state = Busy::Idle;
        result.unwrap_or_else(|| Err(io::Error::other("the writer to the terminal is gone")))
    }

    /// Waits a little for the frame on its way, so that it does not land behind what is written next.
    pub async fn settle(&mut self) {
        let _ = tokio::time::timeout(Duration::from_millis(300), async {
            if self.state == Busy::Writing {
                let _ = self.drained().await;
            }
        })
        .await;
    }
}

fn write_frames(output: &std::fs::File, frames: &Receiver<Vec<u8>>, done: &mpsc::Sender<io::Result<()>>) {
    while let Ok(bytes) = frames.recv() {
        // a frame for a terminal that was given back is dropped: a whole one follows if we come back
        let written = match terminal::write(output, &bytes, terminal::is_taken) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            written => written,
        };
        if done.blocking_send(written).is_err() {
            return;
        }
    }
}
