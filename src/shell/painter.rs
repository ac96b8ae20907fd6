//! The one writer to the terminal. A frame is made only when the last one has drained.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::encode;

/// What the terminal shows, and the thread that writes to it.
#[derive(Debug)]
pub struct Painter {
    shown: Buffer,
    spare: Buffer,
    bytes: SyncSender<Vec<u8>>,
    drained: mpsc::Receiver<io::Result<()>>,
    state: Busy,
    erase: Erase,
}

/// Whether a frame is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Busy {
    /// The last frame has arrived.
    Idle,
    /// It is on its way.
    Writing,
}

/// Whether the next frame begins with an erased screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Erase {
    /// It does: what the terminal shows is unknown.
    First,
    /// It does not.
    No,
}

impl Painter {
    /// Starts the writing thread.
    pub fn start(cols: u16, rows: u16) -> io::Result<Self> {
        let terminal = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (bytes, frames) = sync_channel(1);
        let (done, drained) = mpsc::channel(1);
        thread::Builder::new().name("painter".to_owned()).spawn(move || write_frames(terminal, &frames, &done))?;
        let empty = Buffer::empty(Rect::new(0, 0, cols, rows));
        Ok(Self { shown: empty.clone(), spare: empty, bytes, drained, state: Busy::Idle, erase: Erase::First })
    }

    /// Whether the terminal has taken the last frame.
    pub fn is_idle(&self) -> bool {
        self.state == Busy::Idle
    }

    /// The terminal's size changed, or somebody else wrote on it: the next frame is a whole one.
    pub fn start_over(&mut self, cols: u16, rows: u16) {
        let area = Rect::new(0, 0, cols, rows);
        self.shown = Buffer::empty(area);
        self.spare = Buffer::empty(area);
        self.erase = Erase::First;
    }

    /// Draws a frame and sends what changed. To be called when idle.
    pub fn paint<T>(&mut self, draw: impl FnOnce(&mut Buffer) -> T) -> T {
        self.spare.reset();
        let drawn = draw(&mut self.spare);
        let mut bytes = encode::changes(&self.shown, &self.spare);
        if self.erase == Erase::First {
            bytes.splice(0..0, *b"\x1b[0m\x1b[2J");
            self.erase = Erase::No;
        }
        if !bytes.is_empty() && self.bytes.try_send(bytes).is_ok() {
            self.state = Busy::Writing;
        }
        std::mem::swap(&mut self.shown, &mut self.spare);
        drawn
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

fn write_frames(mut terminal: File, frames: &Receiver<Vec<u8>>, done: &mpsc::Sender<io::Result<()>>) {
    while let Ok(bytes) = frames.recv() {
        let written = write_all(&mut terminal, &bytes);
        if done.blocking_send(written).is_err() {
            return;
        }
    }
}

/// Writes everything, also to a terminal that somebody made non-blocking.
fn write_all(terminal: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match terminal.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
