//! Signals as the screen understands them.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Caught, SignalKind, signal};

/// What a signal means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// Somebody wants us gone.
    End,
    /// The same, said by the terminal's keys to all that run on it.
    Interrupt,
    /// We are to go to the background.
    Stop,
    /// We were stopped, and now we go on.
    Continue,
    /// The terminal has another size.
    Resize,
    /// Nothing, but it would kill us uncaught, and leave the terminal as the screen needs it.
    Nothing,
}

/// Signals and their meanings.
const SIGNALS: [(SignalKind, Meant); 10] = [
    (SignalKind::terminate(), Meant::End),
    (SignalKind::hangup(), Meant::End),
    (SignalKind::interrupt(), Meant::Interrupt),
    (SignalKind::quit(), Meant::Interrupt),
    (SignalKind::from_raw(Signal::TSTP.as_raw()), Meant::Stop),
    (SignalKind::from_raw(Signal::CONT.as_raw()), Meant::Continue),
    (SignalKind::window_change(), Meant::Resize),
    (SignalKind::user_defined1(), Meant::Nothing),
    (SignalKind::user_defined2(), Meant::Nothing),
    (SignalKind::alarm(), Meant::Nothing),
];

/// The signals that reach us from now on.
#[derive(Debug)]
pub struct Signals(Vec<(Caught, Meant)>);

impl Signals {
    /// Catches them. To be called inside the runtime.
    pub fn catch() -> io::Result<Self> {
        SIGNALS.into_iter().map(|(kind, meant)| Ok((signal(kind)?, meant))).collect::<io::Result<_>>().map(Self)
    }

    /// The next one. May be dropped while it waits.
    pub async fn next(&mut self) -> Meant {
        self.one_of(|_| true).await
    }

    /// The one that continues us; the others stay for [`next`](Self::next).
    pub async fn continued(&mut self) {
        self.one_of(|meant| meant == Meant::Continue).await;
    }

    async fn one_of(&mut self, wanted: impl Fn(Meant) -> bool) -> Meant {
        poll_fn(|context| {
            let mut wanted = self.0.iter_mut().filter(|(_, meant)| wanted(*meant));
            wanted.find_map(|(caught, meant)| caught.poll_recv(context).is_ready().then_some(*meant)).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
