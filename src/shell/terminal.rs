//! The terminal's modes: taken at the start, given back on every way out.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use crate::ui::state::Pointer;

/// Alternate screen, no cursor, pasted text marked as such, mouse buttons and wheel told in SGR form.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1000h\x1b[?1006h";

/// The way back; ends a synchronised update that was cut off.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Whether the terminal is ours at the moment: the panic hook must know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal in our modes; gives it back when dropped.
#[derive(Debug)]
pub struct Terminal(());

impl Terminal {
    /// Takes the terminal. A panic of this thread gives it back before it says anything.
    pub fn take() -> io::Result<Self> {
        let ours = thread::current().id();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // another thread's panic must not tear the screen: the loop sees its channel end
            if thread::current().id() == ours {
                give_back();
                before(info);
            } else if !TAKEN.load(Ordering::SeqCst) {
                before(info);
            }
        }));
        let terminal = Self(());
        terminal.enter()?;
        Ok(terminal)
    }

    /// Into our modes.
    pub fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        write(ENTER)
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn point(&self, pointer: Pointer) {
        let _ = write(match pointer {
            Pointer::Ours => b"\x1b[?1000h\x1b[?1006h",
            Pointer::Terminal => b"\x1b[?1006l\x1b[?1000l",
        });
    }

    /// Out of them, for a while.
    pub fn leave(&self) {
        give_back();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = write(LEAVE);
        let _ = disable_raw_mode();
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
