//! Threads that go over all steps of a trajectory of which the screen holds a window: what each step is, and where a text stands.
//! They are nice to everybody else, tell what they find as they find it, and end as soon as nobody wants it any more.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::agent::paged::{Index, Paged};
use crate::detect::kind::Kinds;
use crate::domain::{AttemptId, Step};
use crate::shell::seek::lines_with;
use crate::text::find::Pattern;
use crate::text::mask::Masker;
use crate::ui::Msg;
use crate::ui::marks::Mark;
use crate::ui::message::{MarkNews, SoughtNews};

/// How nice they are.
const NICE: i32 = 10;

/// How often they tell what they found.
const EVERY: Duration = Duration::from_millis(150);

/// The steps that are gone over.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub(super) attempt: AttemptId,
    pub(super) paged: Arc<Paged>,
    pub(super) index: Arc<Index>,
}

/// A thread that goes over steps. Who drops it wants no more of it.
#[derive(Debug)]
pub(super) struct Walk {
    is_wanted: Arc<AtomicBool>,
    /// The steps before this one were told.
    upto: Arc<AtomicUsize>,
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}

impl Walk {
    /// The steps before this one were told.
    pub(super) fn upto(&self) -> usize {
        self.upto.load(Ordering::Relaxed)
    }

    fn start(name: &str, from: usize, work: impl FnOnce(&Telling) + Send + 'static) -> io::Result<Self> {
        let walk = Self { is_wanted: Arc::new(AtomicBool::new(true)), upto: Arc::new(AtomicUsize::new(from)) };
        let telling = Telling { is_wanted: Arc::clone(&walk.is_wanted), upto: Arc::clone(&walk.upto) };
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // of this thread, and of those that it starts
            let _ = rustix::process::setpriority_process(None, NICE);
            work(&telling);
        })?;
        Ok(walk)
    }
}

/// The thread's end.
struct Telling {
    is_wanted: Arc<AtomicBool>,
    upto: Arc<AtomicUsize>,
}

impl Telling {
    fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// Tells something; whether somebody wants more.
    fn tell(&self, news: &mpsc::Sender<Msg>, msg: Msg, upto: usize) -> bool {
        let is_told = self.is_wanted() && news.blocking_send(msg).is_ok();
        if is_told {
            self.upto.store(upto, Ordering::Relaxed);
        }
        is_told
    }
}

/// Tells what the steps from one on are. Those before it were told to `kinds`. What can't be read any more is told by whoever reads
/// the windows.
pub(super) fn mark(steps: Steps, from: usize, kinds: &Arc<Mutex<Kinds>>, news: mpsc::Sender<Msg>) -> io::Result<Walk> {
    let kinds = Arc::clone(kinds);
    Walk::start("marks", from, move |telling| {
        let mut kinds = kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut marks, mut told, mut at) = (Vec::new(), from, None);
        let take = |some: Vec<Step>, upto: usize| {
            marks.extend(some.iter().map(|step| Mark::of(step, &mut kinds)));
            let is_due = at.is_none_or(|at: Instant| at.elapsed() >= EVERY) || upto == steps.index.len();
            if !is_due || marks.is_empty() {
                return telling.is_wanted();
            }
            at = Some(Instant::now());
            let marks = std::mem::take(&mut marks);
            let msg = Msg::Marked(MarkNews { attempt: steps.attempt.clone(), from: std::mem::replace(&mut told, upto), marks });
            telling.tell(&news, msg, upto)
        };
        let _ = steps.paged.every(&steps.index, from, take);
    })
}

/// Why a file can't be read, in words.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        // it is read by the length that it had
        io::ErrorKind::UnexpectedEof => "it was cut short while it was shown: open it again".to_owned(),
        _ => error.to_string(),
    }
}

/// Tells in which steps from one on a pattern stands.
pub(super) fn search(steps: Steps, from: usize, pattern: Pattern, masker: Masker, news: mpsc::Sender<Msg>) -> io::Result<Walk> {
    Walk::start("search", from, move |telling| {
        let all = steps.index.len();
        let (mut found, mut told, mut at) = (Vec::new(), from, None);
        let take = |some: Vec<Step>, upto: usize| {
            for step in some {
                let lines = lines_with(&step, &pattern, &masker);
                if lines > 0 {
                    found.push((step.index.saturating_sub(1) as usize, lines));
                }
            }
            let is_due = at.is_none_or(|at: Instant| at.elapsed() >= EVERY) || upto == all;
            if !is_due {
                return telling.is_wanted();
            }
            at = Some(Instant::now());
            let news_of = SoughtNews {
                attempt: steps.attempt.clone(),
                pattern: pattern.clone(),
                from: std::mem::replace(&mut told, upto),
                found: std::mem::take(&mut found),
                upto,
                is_all: upto == all,
            };
            telling.tell(&news, Msg::Sought(news_of), upto)
        };
        let done = match pattern.in_json().filter(|(word, _)| !steps.paged.writes(word)) {
            Some((_, holds)) => steps.paged.hunt(&steps.index, from, |line| holds.is_match(line), take),
            None => steps.paged.every(&steps.index, from, take),
        };
        if let Err(error) = done
            && telling.is_wanted()
        {
            let _ = news.blocking_send(Msg::Unsearched(steps.attempt, pattern, why(&error)));
        }
    })
}
