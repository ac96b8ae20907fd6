//! `/metrics` of the server, asked once a second. What answers is code of an agent: it gets little time, and is read in
//! bounded pieces.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc::Sender;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// How long an answer may take.
const WITHIN: Duration = Duration::from_millis(900);

/// A longer answer is none, in bytes; those of vLLM have some ten thousand.
const LARGEST: usize = 4 << 20;

/// The paths: versions of vLLM differ in which one they only point away from.
const PATHS: [&str; 2] = ["/metrics", "/metrics/"];

/// An answer, or why there is none.
pub(super) type Scraped = Result<String, String>;

/// Asks on and on, until nobody listens.
pub(super) async fn scrape(port: u16, tell: Sender<Scraped>) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut paths = PATHS.into_iter().cycle();
    let mut path = paths.next().unwrap_or_default();
    loop {
        every.tick().await;
        let answer = match timeout(WITHIN, Box::pin(get(port, path))).await {
            Err(_late) => Err("it does not answer in time".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok((200, body))) => Ok(body),
            Ok(Ok((status, _))) => {
                path = paths.next().unwrap_or(path);
                Err(format!("it answers {status}"))
            }
        };
        if tell.send(answer).await.is_err() {
            return;
        }
    }
}

/// Asks as HTTP 1.0 does, so that the end of the answer is the end of the connection. Its status and body.
async fn get(port: u16, path: &str) -> io::Result<(u16, String)> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let question = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: text/plain\r\n\r\n");
    let mut left = question.as_bytes();
    while !left.is_empty() {
        stream.writable().await?;
        match stream.try_write(left) {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let (mut answer, mut piece) = (Vec::new(), [0; 16 << 10]);
    loop {
        stream.readable().await?;
        match stream.try_read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if answer.len() > LARGEST {
            return Err(io::Error::other("its answer is too long"));
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let none = || io::Error::other("its answer makes no sense");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(none)?;
    let status = head.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok()).ok_or_else(none)?;
    Ok((status, body.to_owned()))
}
