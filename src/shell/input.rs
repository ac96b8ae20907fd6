//! What comes from the terminal: a thread reads its bytes, a parser makes keys and answers of them.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, pipe};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use termina::{Event, Parser};
use tokio::sync::mpsc;

/// After an escape byte alone for this long it is the key, and not the beginning of another one: over a slow line the
/// bytes of an arrow key may come one by one.
const ESCAPE: Duration = Duration::from_millis(25);

/// Events that wait for the loop; more stay in the terminal.
const EVENTS: usize = 64;

/// The keys of a terminal. The thread ends when this is dropped.
#[derive(Debug)]
pub struct Input {
    events: mpsc::Receiver<Event>,
    _thread: PipeWriter,
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
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            // the terminal is gone: the end of the channel says so
            let _ = read(terminal, &ended, &sender);
        })?;
        Ok(Self { events, _thread: writer })
    }

    /// The next event; `None` once the terminal is gone. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

fn read(mut terminal: File, ended: &PipeReader, events: &mpsc::Sender<Event>) -> io::Result<()> {
    let mut parser = Parser::default();
    let mut block = [0; 4096];
    let mut escaped = false;
    loop {
        match wait(&terminal, ended, escaped.then_some(ESCAPE))? {
            Came::End => return Ok(()),
            Came::Silence => {
                escaped = false;
                parser.parse(&[], false);
            }
            Came::Bytes => {
                let n = match terminal.read(&mut block) {
                    Ok(0) => return Ok(()),
                    Ok(n) => n,
                    Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => continue,
                    Err(error) => return Err(error),
                };
                let bytes = block.get(..n).unwrap_or_default();
                escaped = bytes.ends_with(b"\x1b");
                parser.parse(bytes, true);
            }
        }
        while let Some(event) = parser.pop() {
            if events.blocking_send(event).is_err() {
                return Ok(());
            }
        }
    }
}

fn wait(terminal: &File, ended: &PipeReader, patience: Option<Duration>) -> io::Result<Came> {
    let patience = patience.map(|time| Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) });
    let mut both = [PollFd::new(ended, PollFlags::IN), PollFd::new(terminal, PollFlags::IN)];
    match poll(&mut both, patience.as_ref()) {
        Ok(0) => Ok(Came::Silence),
        Ok(_) if both.first().is_some_and(|ended| !ended.revents().is_empty()) => Ok(Came::End),
        Ok(_) => Ok(Came::Bytes),
        // a signal of ours; an escape byte that waits goes on waiting
        Err(rustix::io::Errno::INTR) => wait(terminal, ended, patience.map(|_| ESCAPE)),
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
        let mut parser = Parser::default();
        for part in parts {
            parser.parse(part, true);
        }
        std::iter::from_fn(|| parser.pop()).collect()
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
            let mut parser = Parser::default();
            for part in parts {
                parser.parse(&part, true);
                parser.parse(&[], false);
                while parser.pop().is_some() {}
            }
        }
    }
}
