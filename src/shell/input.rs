//! What comes from the terminal: a thread reads its bytes, a parser makes keys and answers of them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, pipe};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use termina::{Event, Parser};
use tokio::sync::mpsc;

/// After an escape byte alone for this long it is the key, and not the beginning of another one: over a slow line the
/// bytes of an arrow key may come one by one. Short, because who presses the key waits for as long.
const ESCAPE: Duration = Duration::from_millis(8);

/// What is unfinished after so much silence stays so: its end was lost, or somebody pressed Alt with `]`, `P` or `O`. It is
/// dropped, or it would swallow every key that follows.
const UNFINISHED: Duration = Duration::from_millis(300);

/// An answer to a question of ours begins as no key does, and may come in parts over a slow line: its rest must not
/// become keys either.
const ANSWER: Duration = Duration::from_secs(3);

/// The same for a paste, which may be large and come over a slow line: the rest of one must not become keys.
const PASTE: Duration = Duration::from_secs(3);

/// More bytes than this are kept of nothing; a larger paste is passed over whole.
const LARGEST: usize = 1 << 20;

/// What begins a paste, and what ends it.
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// The byte of the key Esc, with which sequences begin too.
const ESCAPED: u8 = 0x1b;

/// The byte of Ctrl-C. No sequence holds it, so that within one somebody pressed the key.
const INTERRUPT: u8 = 0x03;

/// Events that wait for the loop; more stay in the terminal.
const EVENTS: usize = 64;

/// The keys of a terminal. The thread ends when this is dropped.
#[derive(Debug)]
pub struct Input {
    events: mpsc::Receiver<Event>,
    ends: PipeWriter,
    thread: thread::JoinHandle<()>,
}

/// What a wait ended with.
enum Came {
    /// Bytes can be read.
    Bytes,
    /// Nothing for a while.
    Silence,
    /// Nobody wants to hear more.
    End,
}

impl Input {
    /// Listens to standard input.
    pub fn listen() -> io::Result<Self> {
        let terminal = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let (ended, writer) = pipe()?;
        let (sender, events) = mpsc::channel(EVENTS);
        let thread = thread::Builder::new().name("input".to_owned()).spawn(move || {
            // the terminal is gone: the end of the channel says so
            let _ = read(terminal, &ended, &sender);
        })?;
        Ok(Self { events, ends: writer, thread })
    }

    /// Listens no more. When this returns the thread takes no key from whoever listens next.
    pub fn end(self) {
        let Self { events, ends, thread } = self;
        drop(events);
        drop(ends);
        let _ = thread.join();
    }

    /// The next event; `None` once the terminal is gone. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

/// Bytes in, events out. Whatever comes, the next key after a silence has its effect.
#[derive(Debug, Default)]
struct Keys {
    parser: Parser,
    /// What came since the last event: the parser may hold it, and does not tell.
    pending: Vec<u8>,
    within: Within,
    events: VecDeque<Event>,
}

/// What the pending bytes are a part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    /// A key, a letter, an answer.
    #[default]
    Key,
    /// A paste.
    Paste,
    /// A paste that is too large: only its end is looked for.
    LargePaste,
}

impl Keys {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // the parser would take both for one key, and what follows for letters
            if *byte == ESCAPED && self.pending == [ESCAPED] {
                self.silence();
            }
            self.pending.push(*byte);
            if self.within == Within::LargePaste {
                if self.pending.ends_with(PASTE_ENDS) {
                    self.forget();
                } else if self.pending.len() > LARGEST {
                    self.pending.drain(..self.pending.len() - PASTE_ENDS.len());
                }
                continue;
            }
            if self.within == Within::Key && self.pending.ends_with(PASTE_BEGINS) {
                self.within = Within::Paste;
            }
            self.parser.parse(&[*byte], true);
            self.gather();
            if self.pending.len() > LARGEST {
                let is_paste = self.within == Within::Paste;
                self.forget();
                self.within = if is_paste { Within::LargePaste } else { Within::Key };
            }
        }
    }

    /// How long the next byte is waited for; `None`: without end, because nothing is unfinished.
    fn patience(&self) -> Option<Duration> {
        match (self.within, self.pending.as_slice()) {
            (Within::Paste | Within::LargePaste, _) => Some(PASTE),
            (Within::Key, []) => None,
            (Within::Key, b"\x1b") => Some(ESCAPE),
            (Within::Key, bytes) if bytes.starts_with(b"\x1b[?") || bytes.starts_with(b"\x1b]1") => Some(ANSWER),
            (Within::Key, _) => Some(UNFINISHED),
        }
    }

    /// Nothing came for that long.
    fn silence(&mut self) {
        if self.within == Within::Key {
            // an escape byte alone is a key
            self.parser.parse(&[], false);
            self.gather();
        }
        let interrupted = self.pending.contains(&INTERRUPT);
        self.forget();
        if interrupted {
            self.take(&[INTERRUPT]);
        }
    }

    fn gather(&mut self) {
        while let Some(event) = self.parser.pop() {
            self.pending.clear();
            self.within = Within::Key;
            self.events.push_back(event);
        }
    }

    fn forget(&mut self) {
        self.parser = Parser::default();
        self.pending = Vec::new();
        self.within = Within::Key;
    }
}

fn read(mut terminal: File, ended: &PipeReader, events: &mpsc::Sender<Event>) -> io::Result<()> {
    let mut keys = Keys::default();
    let mut block = [0; 4096];
    loop {
        match wait(&terminal, ended, keys.patience())? {
            Came::End => return Ok(()),
            Came::Silence => keys.silence(),
            Came::Bytes => match terminal.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(n) => keys.take(block.get(..n).unwrap_or_default()),
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => continue,
                Err(error) => return Err(error),
            },
        }
        while let Some(event) = keys.events.pop_front() {
            if events.blocking_send(event).is_err() {
                return Ok(());
            }
        }
    }
}

fn wait(terminal: &File, ended: &PipeReader, patience: Option<Duration>) -> io::Result<Came> {
    let time = patience.map(|time| Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: i64::from(time.subsec_nanos()) });
    let mut both = [PollFd::new(ended, PollFlags::IN), PollFd::new(terminal, PollFlags::IN)];
    match poll(&mut both, time.as_ref()) {
        Ok(0) => Ok(Came::Silence),
        Ok(_) if both.first().is_some_and(|ended| !ended.revents().is_empty()) => Ok(Came::End),
        Ok(_) => Ok(Came::Bytes),
        // a signal of ours: what waits goes on waiting
        Err(rustix::io::Errno::INTR) => wait(terminal, ended, patience),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "tests")]

    use proptest::prelude::*;
    use termina::escape::csi::{Csi, DecModeSetting, Mode};
    use termina::event::KeyCode;

    use super::*;

    fn events(parts: &[&[u8]]) -> Vec<Event> {
        let mut keys = Keys::default();
        for part in parts {
            keys.take(part);
        }
        keys.events.into()
    }

    const BEGINNINGS: [&[u8]; 9] =
        [b"\x1b]", b"\x1bP", b"\x1b[<0;1", b"\x1b[200~abc", b"\x1b[12;3", b"\x1bO", b"\xe2\x82", b"\x1b[?20", b"\x1b]\xff\x1b"];

    #[test]
    fn what_stays_unfinished_swallows_no_key_after_it() {
        for beginning in BEGINNINGS {
            let mut keys = Keys::default();
            keys.take(beginning);
            assert!(keys.patience().is_some() && keys.events.is_empty(), "{beginning:?}");
            keys.silence();
            assert_eq!(keys.patience(), None, "{beginning:?}");
            keys.take(b"q");
            assert_eq!(keys.events, [Event::Key(KeyCode::Char('q').into())], "{beginning:?}");
        }
    }

    #[test]
    fn an_interrupt_within_it_gets_through() {
        for beginning in BEGINNINGS {
            let mut keys = Keys::default();
            keys.take(beginning);
            keys.take(b"\x03");
            keys.silence();
            let seen = keys.events.iter().filter(|event| matches!(event, Event::Key(key) if key.code == KeyCode::Char('c'))).count();
            assert_eq!(seen, 1, "{beginning:?}");
        }
    }

    #[test]
    fn an_escape_alone_is_the_key() {
        let mut keys = Keys::default();
        keys.take(b"\x1b");
        assert_eq!(keys.patience(), Some(ESCAPE));
        keys.silence();
        assert_eq!((&keys.events, keys.patience()), (&[Event::Key(KeyCode::Escape.into())].into(), None));
    }

    #[test]
    fn an_escape_before_a_sequence_is_the_key_too() {
        let seen = events(&[b"\x1b\x1b[A\x1b\x1b[?2026;2$y\x1b\x1bq"]);
        let [Event::Key(first), Event::Key(up), Event::Key(second), Event::Csi(_), Event::Key(third), Event::Key(alt)] = seen[..] else {
            panic!("{seen:?}")
        };
        assert_eq!([first.code, second.code, third.code], [KeyCode::Escape; 3]);
        assert_eq!((up.code, alt.code), (KeyCode::Up, KeyCode::Char('q')), "Alt with a letter stays one key");
    }

    #[test]
    fn a_paste_that_is_too_large_is_passed_over_to_its_end() {
        let mut keys = Keys::default();
        keys.take(PASTE_BEGINS);
        keys.take(&vec![b'q'; 3 * LARGEST]);
        assert!(keys.pending.len() <= LARGEST + 1);
        keys.take(PASTE_ENDS);
        keys.take(b"\x1b[200~short\x1b[201~");
        assert_eq!(keys.events, [Event::Paste("short".to_owned())]);
    }

    #[test]
    fn an_answer_amid_keys_holds_none_of_them_back() {
        for parts in [&[b"a\x1b[?2026;2$yb\x1b[A".as_slice()][..], &[b"a\x1b[?20", b"26;2$", b"yb\x1b", b"[A"]] {
            let events = events(parts);
            let [Event::Key(a), Event::Csi(Csi::Mode(Mode::ReportDecPrivateMode { setting, .. })), Event::Key(b), Event::Key(up)] =
                events[..]
            else {
                panic!("{events:?}")
            };
            assert_eq!((a.code, b.code, up.code), (KeyCode::Char('a'), KeyCode::Char('b'), KeyCode::Up));
            assert_eq!(setting, DecModeSetting::Reset);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(parts in proptest::collection::vec(proptest::collection::vec(prop_oneof![
            4 => proptest::sample::select(b"\x1b[]?<>M;:$yucRmOP0123456789~ \\\x07".to_vec()), 1 => any::<u8>()], 0..24), 0..8)) {
            let mut keys = Keys::default();
            for part in parts {
                keys.take(&part);
                keys.silence();
                prop_assert_eq!(keys.patience(), None);
                keys.events.clear();
                keys.take(b"q");
                prop_assert_eq!(&keys.events, &[Event::Key(KeyCode::Char('q').into())]);
            }
        }
    }
}
