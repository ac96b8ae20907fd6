#[path = "../tests/suite/screen_runs.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
mod runs;
use isobench_tui::ledger::{By, RunFolder, Request};
use isobench_tui::domain::*;
use isobench_tui::shell::{run, Setup};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = std::env::temp_dir().join(format!("shot-{}", std::process::id()));
    let folder = RunFolder::of(&dir, &RunId("2026-11-21_09-30-12-3fa9".into()));
    let story = match args[1].as_str() { "queued" => runs::queued(), "agent" => runs::agent_running(), "paused" => runs::paused(), "finished" => runs::finished(), "interrupted" => runs::interrupted(), "breaker" => runs::breaker(), "many" => runs::many(2000), "sleep" => runs::agent_running(), _ => panic!() };
    let begin = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(story.now() as i64);
    let writer = story.write(&folder, begin);
    let items = dir.join("items");
    if let Some(trail) = args.get(2) {
        for n in [1, 4, 7] { let item = items.join(format!("vllm_core-{n:04}")); std::fs::create_dir_all(&item).unwrap(); 
        let mut text = std::fs::read_to_string(trail).unwrap();
        if n == 7 && args[1] != "sleep" { 
            let mut v: serde_json::Value = serde_json::from_str(&text).unwrap(); v["end_time"] = "".into(); 
            let s = v["agent_steps"].as_array_mut().unwrap(); let k = s.len().min(14); s.truncate(k);
            v["llm_interactions"].as_array_mut().unwrap().truncate(k + 1);
            text = serde_json::to_string_pretty(&v).unwrap(); }
        std::fs::write(item.join("trajectory.json"), text).unwrap(); }
    }
    for (item, n, stage) in [(7, 2, Stage::Agent), (2, 1, Stage::Baseline), (3, 1, Stage::Candidate), (2, 1, Stage::Human), (5,1,Stage::Candidate)] {
        let at = folder.stage(&AttemptId { item: runs::id(item), n }, stage); std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("out"), "INFO 11-21 09:41:02 \x1b[32mllm_engine.py:161\x1b[0m] Initializing an LLM engine (v0.6.3) with config: model='meta-llama/Llama-3.1-8B'\nINFO 11-21 09:41:09 model_runner.py:1060] Loading model weights took 14.9888 GB\nWarming up...\n\rProfiling iterations:  10%|#         | 3/30 [00:12<01:51]\rProfiling iterations:  40%|####      | 12/30 [00:50<01:14]").unwrap();
        std::fs::write(at.join("err"), "/usr/lib/python3/site.py:12: DeprecationWarning: pkg_resources\n").unwrap();
    }
    let keep = if args[1] == "interrupted" || args[1] == "finished" { drop(writer); None } else { Some(writer) };
    if keep.is_some() { 
        let mut w = keep.unwrap(); let f = folder.clone();
        std::thread::spawn(move || { let mut seen = 0; loop { std::thread::sleep(std::time::Duration::from_millis(300));
            let t = std::fs::read_to_string(f.requests()).unwrap_or_default();
            for l in t.lines().skip(seen) { seen += 1; let r: Request = serde_json::from_str(l).unwrap();
              let ans = isobench_tui::ledger::fact::Answer::Done { says: format!("{} will be done", r.ask.verb.name()) };
              w.append(jiff::Timestamp::now(), 0, isobench_tui::ledger::Fact::RequestAnswered { id: r.id, verb: r.ask.verb.name().into(), answer: ans }).unwrap(); } } });
    }
    let left = run(Setup { folder, root: dir.clone(), items, by: By::Person { user: "ann".into(), host: "box".into(), tty: None }, masker: Default::default(), limits: Default::default(), theme: std::env::var("THEME").unwrap_or("dark".into()) });
    println!("left: {left:?}");
    let _ = std::fs::remove_dir_all(dir);
}
