//! What stands between an engine and its registry, and makes trouble. It knows connections, not HTTP: what it answers itself is the
//! same for every request.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What it does with what comes.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// Passes it on.
    Through,
    /// Accepts a connection and closes it at once.
    Cut,
    /// Keeps connections, and passes nothing on.
    Hang,
    /// Answers every request itself with this status, these header lines and this body.
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
}

struct Shared {
    to: u16,
    mood: Mutex<Mood>,
    open: Mutex<Vec<TcpStream>>,
    /// Bytes a second towards the engine; 0: as fast as it goes.
    rate: AtomicU64,
    /// When the next byte may go, for all connections together.
    next: Mutex<Instant>,
    passed: AtomicU64,
    /// Bytes after which it cuts by itself; 0: never.
    cut_at: AtomicU64,
    ends: AtomicBool,
}

/// The proxy: images are pulled from its port.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepts: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands in front of this port.
    pub(crate) fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            to,
            mood: Mutex::new(Mood::Through),
            open: Mutex::default(),
            rate: AtomicU64::new(0),
            next: Mutex::new(Instant::now()),
            passed: AtomicU64::new(0),
            cut_at: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        });
        let here = Arc::clone(&shared);
        let accepts = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if here.ends.load(Ordering::Relaxed) {
                    break;
                }
                let here = Arc::clone(&here);
                std::thread::spawn(move || here.serve(&stream));
            }
        });
        Self { port, shared, accepts: Some(accepts) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The whole name of an image behind it.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Bytes a second towards the engine, all connections together; 0: as fast as it goes.
    pub(crate) fn throttle(&self, rate: u64) {
        *self.shared.next.lock().unwrap() = Instant::now();
        self.shared.rate.store(rate, Ordering::Relaxed);
    }

    /// From now on. Connections that are open are closed, unless they shall hang: what comes next meets the new mood.
    pub(crate) fn is(&self, mood: Mood) {
        let hangs = matches!(mood, Mood::Hang);
        *self.shared.mood.lock().unwrap() = mood;
        if !hangs {
            self.shared.close_all();
        }
    }

    /// Cuts by itself once so many bytes more have gone to the engine.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.shared.cut_at.store(self.passed() + bytes, Ordering::Relaxed);
    }

    /// Bytes that have gone to the engine.
    pub(crate) fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        *self.shared.mood.lock().unwrap() = Mood::Cut;
        self.shared.close_all();
        // wakes the thread that accepts
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepts) = self.accepts.take() {
            let _ = accepts.join();
        }
    }
}

impl Shared {
    fn mood(&self) -> Mood {
        self.mood.lock().unwrap().clone()
    }

    fn close_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn serve(&self, client: &TcpStream) {
        self.open.lock().unwrap().push(client.try_clone().unwrap());
        match self.mood() {
            Mood::Cut => {}
            Mood::Answer { status, headers, body } => answer(client, status, &headers, &body),
            Mood::Through | Mood::Hang => self.pass(client),
        }
        let _ = client.shutdown(Shutdown::Both);
    }

    fn pass(&self, client: &TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.to)) else { return };
        self.open.lock().unwrap().push(server.try_clone().unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| self.copy(client, &server, false));
            self.copy(&server, client, true);
        });
    }

    /// One direction, until its end. `counted`: towards the engine, which is what is throttled.
    fn copy(&self, mut from: &TcpStream, mut to: &TcpStream, counted: bool) {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            while matches!(self.mood(), Mood::Hang) && !self.ends.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
            if counted {
                self.wait_for_turn(length as u64);
            }
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
            if counted {
                let passed = self.passed.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
                let cut_at = self.cut_at.load(Ordering::Relaxed);
                if cut_at > 0 && passed >= cut_at {
                    self.cut_at.store(0, Ordering::Relaxed);
                    *self.mood.lock().unwrap() = Mood::Cut;
                    self.close_all();
                }
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn wait_for_turn(&self, bytes: u64) {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == 0 {
            return;
        }
        let turn = {
            let mut next = self.next.lock().unwrap();
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_nanos(bytes * 1_000_000_000 / rate);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
    }
}

/// The same for each request of a connection; none of them has a body.
fn answer(mut client: &TcpStream, status: u16, headers: &[(String, String)], body: &str) {
    let length = body.len();
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let said = format!("HTTP/1.1 {status} As The Test Says\r\n{}Content-Length: {length}\r\n", headers.concat());
    let mut asked = Vec::new();
    let mut byte = [0];
    while client.read(&mut byte).is_ok_and(|length| length == 1) {
        asked.push(byte[0]);
        if asked.ends_with(b"\r\n\r\n") {
            let body = if asked.starts_with(b"HEAD ") { "" } else { body };
            if client.write_all(format!("{said}\r\n{body}").as_bytes()).is_err() {
                return;
            }
            asked.clear();
        }
    }
}
