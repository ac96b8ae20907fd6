//! Arbitrary steps into the detectors: what they find is bounded, a level is never taken back, and steps that come one by
//! one find the same as all at once.
#![no_main]

use std::collections::HashMap;

use isobench_tui::detect::{Context, Watch};
use isobench_tui::domain::{Detector, Level, Reply, Step, ToolCall, ToolResult, Usage};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Raw<'a> {
    thought: &'a str,
    calls: Vec<(u8, &'a str, Option<(bool, &'a str)>)>,
    error: Option<&'a str>,
    harness: Option<&'a str>,
    finish: u8,
    times: u8,
    within: bool,
    tokens: u16,
}

const TOOLS: [&str; 8] = ["bash", "str_replace_based_edit_tool", "task_done", "Read", "Edit", "shell", "sequentialthinking", ""];
const FINISH: [Option<&str>; 5] = [None, Some("stop"), Some("length"), Some("tool_calls"), Some("max_tokens")];
const MOST: usize = 2000;

fn steps(raw: &[Raw<'_>]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for one in raw {
        for _ in 0..one.times.max(1) {
            if steps.len() >= MOST {
                return steps;
            }
            let call = |(at, (tool, args, result)): (usize, &(u8, &str, Option<(bool, &str)>))| ToolCall {
                id: format!("{}-{at}", steps.len()),
                name: TOOLS[usize::from(*tool) % TOOLS.len()].to_owned(),
                args: if args.starts_with('{') { (*args).to_owned() } else { serde_json::json!({"command": args}).to_string() },
                result: result.map(|(ok, text)| ToolResult { ok, text: text.to_owned() }),
            };
            let calls: Vec<ToolCall> = one.calls.iter().take(20).enumerate().map(call).collect();
            steps.push(Step {
                index: u32::try_from(steps.len()).unwrap() + 1,
                at: None,
                thought: one.thought.to_owned(),
                usage: Usage { input: one.tokens.into(), output: one.tokens.into(), cached: 0 },
                error: one.error.map(str::to_owned),
                finish: FINISH[usize::from(one.finish) % FINISH.len()].map(str::to_owned),
                harness: one.harness.into_iter().map(str::to_owned).collect(),
                reply: Reply::Complete,
                within: one.within.then(|| "call".to_owned()),
                calls,
            });
        }
    }
    steps
}

fuzz_target!(|raw: Vec<Raw<'_>>| {
    let steps = steps(&raw);
    let mut whole = Watch::new(Context { max_steps: Some(100), ..Context::default() });
    whole.take(&steps, 0, true, true);
    assert!(whole.findings().len() <= steps.len() * Detector::ALL.len(), "{} findings", whole.findings().len());
    for finding in whole.findings() {
        assert!(finding.first_step <= finding.last_step && finding.last_step as usize <= steps.len(), "{finding:?}");
        assert!(!finding.says.is_empty() && finding.says.chars().count() < 2000 && finding.evidence.len() < 100, "{finding:?}");
        assert!(finding.level > Level::None, "{finding:?}");
    }
    let mut watch = Watch::new(Context { max_steps: Some(100), ..Context::default() });
    let mut reached: HashMap<(Detector, u32), Level> = HashMap::new();
    let mut level = Level::None;
    for n in 0..=steps.len() {
        watch.take(&steps[..n], n.saturating_sub(1), true, n == steps.len());
        assert!(watch.level() >= level, "a run's level is never taken back");
        level = watch.level();
        if n % 16 == 0 || n == steps.len() {
            let mut now: HashMap<(Detector, u32), Level> = HashMap::new();
            for finding in watch.findings() {
                let known = now.entry((finding.detector, finding.first_step)).or_default();
                *known = finding.level.max(*known);
            }
            for (key, before) in &reached {
                assert!(now.get(key).is_some_and(|now| now >= before), "{key:?} was {before:?}");
            }
            reached = now;
        }
    }
    assert_eq!(watch.findings(), whole.findings());
    assert_eq!(watch.alarms(), whole.alarms());
    assert_eq!(watch.badges(), whole.badges());
});
