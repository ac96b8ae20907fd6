//! The terminal's modes: taken at the start, given back on every way out.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr, ttyname};
use tokio::sync::Notify;

use crate::host::environment::variable;
use crate::ui::state::Pointer;

/// Alternate screen, no cursor, pasted text marked as such.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";

/// Mouse buttons and wheel told, in SGR form.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";

/// The mouse left to the terminal.
const NO_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The way back; ends a synchronised update that was cut off.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// What a program that had the terminal may have left behind when it was killed: keys and keypad in their other modes, more
/// of the mouse than we ask for, reports of focus, other encodings of keys (xterm's and kitty's), a region that scrolls alone,
/// letters that are inserted, a cursor of its own.
const CALM: &[u8] =
    b"\x1b[?1l\x1b>\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1015l\x1b[>4;0m\x1b[=0;1u\x1b[r\x1b[4l\x1b[?6l\x1b[?7h\x1b[0 q\x1b(B";

/// The questions which background the terminal has (OSC 11), and whether it knows mode 2026, synchronised output (DECRQM).
const QUESTIONS: &[u8] = b"\x1b]11;?\x1b\\\x1b[?2026$p";

/// How long a terminal that takes nothing may hold us up when we leave.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether the terminal is ours at the moment: the painter and the panic hook must know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What gives the terminal back. A panic anywhere must find it.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

/// The first panic of another thread than the loop's, in a sentence.
static BROKEN: OnceLock<String> = OnceLock::new();

/// Told when there is one.
static BROKE: Notify = Notify::const_new();

#[derive(Debug)]
struct Held {
    before: Termios,
    output: File,
}

/// The terminal in our modes; gives it back when dropped.
#[derive(Debug)]
pub struct Terminal(());

impl Terminal {
    /// Takes the terminal. A panic of this thread gives it back before it says anything.
    pub fn take(pointer: Pointer) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let ours = thread::current().id();
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                // another thread's panic must not tear the screen: the loop ends first
                if thread::current().id() == ours || !is_taken() {
                    give_back();
                    before(info);
                } else {
                    let _ = BROKEN.set(sentence(info));
                    BROKE.notify_one();
                }
            }));
        });
        if is_taken() {
            // its settings are now ours, and no way back
            return Err(io::Error::other("another screen of this program has it"));
        }
        let held = Held { before: tcgetattr(io::stdin())?, output: output()? };
        *HELD.lock().map_err(|_poisoned| io::Error::other("another thread broke while it had the terminal"))? = Some(held);
        let terminal = Self(());
        terminal.enter(pointer)?;
        Ok(terminal)
    }

    /// Into our modes, also when we are in them: somebody else may have left them.
    pub fn enter(&self, pointer: Pointer) -> io::Result<()> {
        let held = HELD.lock().map_err(|_poisoned| io::Error::other("another thread broke while it had the terminal"))?;
        let Some(held) = &*held else { return Ok(()) };
        let mut raw = held.before.clone();
        raw.make_raw();
        // true first: from here on whatever happens gives it back
        TAKEN.store(true, Ordering::SeqCst);
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        let end = Instant::now() + PATIENCE;
        write(&held.output, &[ENTER, mouse(pointer)].concat(), || Instant::now() < end)
    }

    /// Back into our modes after somebody else had the terminal, whatever they left it in.
    pub fn come_back(&self, pointer: Pointer) -> io::Result<()> {
        self.enter(pointer)?;
        let held = HELD.lock().map_err(|_poisoned| io::Error::other("another thread broke while it had the terminal"))?;
        let term = variable("TERM");
        let Some(held) = held.as_ref().filter(|_| knows_sequences(term.as_deref())) else { return Ok(()) };
        let end = Instant::now() + PATIENCE;
        write(&held.output, &[CALM, mouse(pointer)].concat(), || Instant::now() < end)
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

/// The bytes that take the mouse, or leave it to the terminal.
pub const fn mouse(pointer: Pointer) -> &'static [u8] {
    match pointer {
        Pointer::Ours => MOUSE,
        Pointer::Terminal => NO_MOUSE,
    }
}

/// What we ask at the start; `None` for terminals that would show the questions. To be asked before the screen is erased.
pub fn questions(term: Option<&str>) -> Option<&'static [u8]> {
    knows_sequences(term).then_some(QUESTIONS)
}

/// Whether a terminal of this name passes over what it does not know, where others would show it.
pub fn knows_sequences(term: Option<&str>) -> bool {
    !matches!(term, None | Some("" | "dumb" | "linux"))
}

/// Columns and rows. A terminal that does not know its size has 80 by 24 of them.
pub fn size() -> (u16, u16) {
    let (cols, rows) = tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
    (if cols == 0 { 80 } else { cols }, if rows == 0 { 24 } else { rows })
}

/// Whether the terminal is in our modes.
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Waits for a panic of another thread. May be dropped while it waits.
pub async fn broke() {
    BROKE.notified().await;
}

/// That panic in a sentence, if there was one.
pub fn broken() -> Option<&'static str> {
    BROKEN.get().map(String::as_str)
}

fn sentence(info: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let payload = info.payload();
    let says = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let says = says.unwrap_or("it said nothing");
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    format!("the screen's {} thread broke{place}: {says}", thread.name().unwrap_or("unnamed"))
}

/// Writes to the terminal through a file of our own, so that not to wait for it is nobody else's setting.
pub fn output() -> io::Result<File> {
    let stdout = io::stdout();
    let own = ttyname(stdout.as_fd(), Vec::new()).and_then(|name| {
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        open(name.as_c_str(), flags, Mode::empty())
    });
    match own {
        Ok(own) => Ok(File::from(own)),
        // in a container the terminal may have no name
        Err(_) => stdout.as_fd().try_clone_to_owned().map(File::from),
    }
}

/// Writes everything, as long as the terminal is worth waiting for; what it takes at once it gets in any case.
pub fn write(mut terminal: &File, mut bytes: &[u8], is_worth_it: impl Fn() -> bool) -> io::Result<()> {
    while !bytes.is_empty() {
        match terminal.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let a_while = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
                let _ = poll(&mut [PollFd::new(terminal, PollFlags::OUT)], Some(&a_while));
            }
            Err(error) => return Err(error),
        }
        if !bytes.is_empty() && !is_worth_it() {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(())
}

fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let Ok(held) = HELD.try_lock() else { return };
    let Some(Held { before, output }) = &*held else { return };
    let end = Instant::now() + PATIENCE;
    if write(output, LEAVE, || Instant::now() < end).is_err() {
        // nobody reads: what waits there is thrown away, so that the way back is not behind it
        let _ = tcflush(output, QueueSelector::OFlush);
        let _ = write(output, LEAVE, || false);
    }
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
}
