//! Two threads over a list: reading is half waiting for the disk and half looking for quotes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::bytes::Scratch;

/// Threads at most: a report runs beside the benchmark that it is about.
const MOST: usize = 2;

/// Does the work for each task, and returns what came of it in the order of the tasks. A panic in one goes on here.
pub(super) fn each<T: Sync, R: Send>(tasks: &[T], work: impl Fn(&T, &mut Scratch) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let (mut done, mut scratch) = (Vec::new(), Scratch::default());
        while let Some((at, task)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            tasks.get(at).map(|task| (at, task))
        } {
            done.push((at, work(task, &mut scratch)));
        }
        done
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST).min(tasks.len());
    let mut done: Vec<(usize, R)> = if threads < 2 {
        run()
    } else {
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
            let mut done = run();
            for other in others {
                match other.join() {
                    Ok(more) => done.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        })
    };
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
