//! Formats of lines.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
use isobench_tui::agent::claude::{Session, Stream};
use isobench_tui::agent::codex::{Exec, Rollout};
use std::fs;
#[test]
fn scratch() {
    for path in std::env::var("FILES").unwrap().split_whitespace() {
        let bytes = fs::read(path).unwrap();
        macro_rules! go {
            ($t:ty, $name:expr) => {{
                let mut r = <$t>::default();
                for l in bytes.split(|b| *b == b'\n') {
                    r.take(l);
                }
                let res: Vec<bool> = r.steps().iter().flat_map(|s| &s.calls).filter_map(|c| c.result.as_ref().map(|r| r.ok)).collect();
                println!(
                    "{} {} steps={} calls={} res={} bad={} {:?} {:?} model={:?} task={:?} {:?}..{:?} within={} harness={}",
                    $name,
                    path.rsplit('/').next().unwrap(),
                    r.steps().len(),
                    r.totals().calls,
                    res.len(),
                    res.iter().filter(|x| !**x).count(),
                    r.totals().usage,
                    r.state(),
                    r.model(),
                    r.task().map(|t| t.chars().take(50).collect::<String>()),
                    r.started_at(),
                    r.last_at(),
                    r.steps().iter().filter(|s| s.within.is_some()).count(),
                    r.steps().iter().map(|s| s.harness.len()).sum::<usize>()
                );
                if std::env::var("DEEP").is_ok() {
                    for s in r.steps() {
                        println!(
                            "   {} {:?} {:?} u={}/{} fin={:?} err={:?} har={:?} {:?}",
                            s.index,
                            s.within,
                            s.thought.chars().take(40).collect::<String>(),
                            s.usage.input,
                            s.usage.output,
                            s.finish,
                            s.error,
                            s.harness.iter().map(|h| h.chars().take(60).collect::<String>()).collect::<Vec<_>>(),
                            s.calls
                                .iter()
                                .map(|c| format!(
                                    "{} {} -> {:?}",
                                    c.name,
                                    c.args.chars().take(60).collect::<String>(),
                                    c.result.as_ref().map(|r| (r.ok, r.text.chars().take(30).collect::<String>()))
                                ))
                                .collect::<Vec<_>>()
                        );
                    }
                }
            }};
        }
        let vals: Vec<serde_json::Value> = bytes.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).take(3).collect();
        let f = |g: fn(&serde_json::Value) -> bool| vals.iter().any(g);
        let k = (f(Stream::looks_like), f(Session::looks_like), f(Exec::looks_like), f(Rollout::looks_like));
        match k {
            (true, false, false, false) => go!(Stream, "stream"),
            (false, true, false, false) => go!(Session, "session"),
            (false, false, true, false) => go!(Exec, "exec"),
            (false, false, false, true) => go!(Rollout, "rollout"),
            _ => {
                if let Some(r) = Stream::of_whole(&bytes) {
                    println!("whole {path} {:?} {:?} {} {:?}", r.state(), r.totals(), r.steps().len(), r.model())
                } else {
                    println!("?? {path} {k:?}")
                }
            }
        }
    }
}
