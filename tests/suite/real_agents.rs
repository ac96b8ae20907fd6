//! The real Claude Code and the real Codex as our agent stage, against a model server that answers from a script.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what went wrong by failing")]

mod real;



use crate::campaign::said;
use real::{Program, Real};

/// Tools that work and one that fails, then a patch.
fn tools(program: Program) {
    let Some(real) = Real::new(program, "tools") else { return };
    let output = real.run(&[]);
    println!("{}", said(&output));
    println!("{:#}", real.campaign.item(1));
    println!("{:#}", real.journal());
    println!("{:#}", real.agents_end());
    println!("{:#}", real.inspected());
    println!("{:#?}", std::fs::read_dir(real.item_dir()).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>());
    println!("{:#?}", real.campaign.facts_of("agent_progressed"));
    println!("{}", real.read("model_patch.diff"));
    panic!("look");
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn claude_works_and_fails_with_its_tools() {
    tools(Program::Claude);
}

#[test]
#[ignore = "the real program: tests/run --agents"]
fn codex_works_and_fails_with_its_tools() {
    tools(Program::Codex);
}
