#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::artifact::ArtifactError;
use crate::domain::{Standing, Target};

const SHA: &str = "021f76e4f49861b2e9ea9ccff06a46d577e3c548";

/// A file with this text, below a folder of its own.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn read<T>(text: &str, read: fn(&Path) -> Result<Rows<T>, ArtifactError>) -> Result<Rows<T>, String> {
    let (_folder, path) = file("metrics.json", text);
    read(&path).map_err(|error| error.to_string())
}

fn soft(value: &Value) -> Rows<SoftRow> {
    read(&value.to_string(), soft_metrics).unwrap()
}

#[test]
fn hard_metrics_are_read_as_the_project_writes_them() {
    let text = r#"[
      {"commit": "021f76e4", "tool": "trae_gpt5", "hard_classification": "beats", "primary_metric": "ttft", "primary_pct": 12.5,
       "throughput_pct": null, "ttft_pct": 12.5},
      {"commit": "021f76e4", "tool": "codex", "hard_classification": "NO_DATA", "primary_metric": "none", "primary_pct": NaN},
      {"commit": "099e2f1c", "tool": "claude_code", "hard_classification": "worse", "primary_pct": -7}
    ]"#;
    let found = read(text, hard_metrics).unwrap();
    assert_eq!(found.without, [] as [&str; 0]);
    let seen: Vec<_> = found.rows.iter().map(|row| (row.tool.as_str(), row.standing, row.metric.as_deref(), row.pct)).collect();
    assert_eq!(
        seen,
        [
            ("trae_gpt5", Some(Standing::Beats), Some("ttft"), Some(12.5)),
            ("codex", None, None, None),
            ("claude_code", Some(Standing::Worse), None, Some(-7.0))
        ]
    );
    assert_eq!(found.rows.first().map(|row| (row.ttft_pct, row.throughput_pct)), Some((Some(12.5), None)));
}

#[test]
fn hard_metrics_are_found_in_every_shape_that_people_keep_them_in() {
    let row = json!({"commit": "021f76e4", "tool": "codex", "hard_classification": "Similar", "primary_pct": "1.5"});
    let bare = json!({"hard_classification": "similar", "primary_pct": 1.5});
    let line = row.to_string();
    let shapes = [
        row.to_string(),
        json!([row]).to_string(),
        json!({"rows": [row], "made_by": "me"}).to_string(),
        json!({"vllm": {"results": [row]}}).to_string(),
        json!({"021f76e4": {"codex": bare}}).to_string(),
        json!({"codex": {"021f76e4": bare}}).to_string(),
        format!("\u{feff}[{line}]"),
        format!("{line}\n\n{line}\n"),
    ];
    for shape in shapes {
        let found = read(&shape, hard_metrics).unwrap();
        let row = found.rows.first().unwrap_or_else(|| panic!("{shape}: {found:?}"));
        let seen = (row.commit.as_str(), row.tool.as_str(), row.standing, row.pct);
        assert_eq!(seen, ("021f76e4", "codex", Some(Standing::Similar), Some(1.5)), "{shape}");
        assert_eq!(found.without, [] as [&str; 0], "{shape}");
    }
}

#[test]
fn a_class_that_we_do_not_know_is_none_and_is_told() {
    let rows = json!([
        {"commit": "021f76e4", "tool": "a", "hard_classification": "much better", "primary_pct": 80},
        {"commit": "021f76e5", "tool": "a", "hard_classification": 3},
        {"tool": "a", "hard_classification": "beats"},
        {"commit": "021f76e6", "hard_classification": "beats"},
        {"commit": null, "tool": [], "hard_classification": {}},
    ]);
    let found = read(&rows.to_string(), hard_metrics).unwrap();
    assert_eq!(found.rows.iter().map(|row| row.standing).collect::<Vec<_>>(), [None, None]);
    assert_eq!(
        found.without,
        [
            "row 1 (commit 021f76e4): hard_classification is 'much better', and may be beats, similar, worse or NO_DATA",
            "row 2 (commit 021f76e5): hard_classification is 3, and may be beats, similar, worse or NO_DATA",
            "row 3: no commit",
            "row 4 (commit 021f76e6): no tool: whose patch is it?",
            "row 5: no commit",
        ]
    );
    let other = read(r#"{"some": ["other", "file"]}"#, hard_metrics).unwrap();
    assert_eq!(other.without, ["no row with hard_classification: is this a hard_metrics.json?"]);
    assert_eq!([read("[]", hard_metrics), read("{}", hard_metrics)].map(|found| found.unwrap().without.len()), [0, 0]);
    for broken in ["", "[{", "not json", "[1] [2]"] {
        assert!(read(broken, hard_metrics).is_err(), "{broken}");
    }
}

fn quality(category: &Value) -> Value {
    json!({"human_patch_available": true,
        "bottleneck_target": {"category": category, "human_target": "a", "agent_target": "b", "discussion": "both cut \u{1b}[31mcopies\u{1b}[0m"},
        "approach_comparison": {"category": "valid_alternative", "discussion": "another way"},
        "speedup_likelihood": {"category": "likely_similar", "discussion": ""}})
}

#[test]
fn soft_metrics_are_read_as_the_project_writes_them() {
    let meta = json!({"agent": "trae", "model": "gpt-5", "model_full": "gpt-5-2025-08-07", "commits": {"pre": "0".repeat(40), "human": SHA},
        "item_id": "vllm_core-0001"});
    let found = soft(&json!([{"meta": meta, "patch_quality": quality(&json!("related_target"))}]));
    let row = found.rows.first().unwrap();
    assert_eq!((row.commit.as_str(), row.agent.as_str(), row.model.as_deref()), (SHA, "trae", Some("gpt-5")));
    assert_eq!(row.item_id.as_deref(), Some("vllm_core-0001"));
    assert_eq!(row.verdict.target, Target::RelatedTarget);
    assert_eq!(row.verdict.approach.as_deref(), Some("valid_alternative"));
    assert_eq!(row.verdict.says.as_deref(), Some("both cut copies"), "what a terminal would obey is gone");
}

#[test]
fn a_commit_is_found_however_it_is_written() {
    let pre = "1".repeat(40);
    for (commits, wanted) in [
        (json!(SHA), SHA),
        (json!({"human": SHA, "pre": pre}), SHA),
        (json!({"human": "021f76e4"}), "021f76e4"),
        (json!([SHA, pre]), SHA),
        (json!([{"human": SHA}]), SHA),
    ] {
        let found = soft(&json!({"meta": {"agent": "a", "commits": commits}, "patch_quality": quality(&json!("same_target"))}));
        assert_eq!(found.rows.first().map(|row| row.commit.as_str()), Some(wanted), "{commits}");
    }
    let flat = json!({"commit": SHA, "tool": "codex", "bottleneck_target": "same_target", "approach_comparison": null});
    assert_eq!(soft(&flat).rows.first().map(|row| (row.agent.clone(), row.verdict.approach.clone())), Some(("codex".to_owned(), None)));
    let keyed = soft(&json!({SHA: {"claude_code": {"patch_quality": quality(&json!("same_target"))}}}));
    assert_eq!(keyed.rows.first().map(|row| (row.commit.as_str(), row.agent.as_str())), Some((SHA, "claude_code")));
}

#[test]
fn what_is_no_verdict_is_told_with_its_reason() {
    let row = |patch_quality: Value| json!({"meta": {"agent": "a", "commits": {"human": "021f76e4"}}, "patch_quality": patch_quality});
    let words = "may be same_target, related_target, different_target, no_optimization";
    for (quality, wanted) in [
        (quality(&json!("other")), format!("bottleneck_target.category is 'other', and {words}")),
        (quality(&json!("sametarget")), format!("bottleneck_target.category is 'sametarget', and {words}")),
        (quality(&Value::Null), format!("bottleneck_target.category is null, and {words}")),
        (quality(&json!(["same_target"])), format!("bottleneck_target.category is a list, and {words}")),
        (json!({"bottleneck_target": null}), format!("bottleneck_target.category is null, and {words}")),
        (json!({}), format!("bottleneck_target.category is nothing, and {words}")),
        (Value::Null, "patch_quality holds no verdict".to_owned()),
        (json!([1]), "patch_quality holds no verdict".to_owned()),
    ] {
        let found = soft(&row(quality));
        assert_eq!((found.rows.len(), found.without), (0, vec![format!("row 1 (commit 021f76e4): {wanted}")]));
    }
    let found = soft(&json!([{"patch_quality": quality(&json!("same_target"))}, {"meta": {"agent": "a"}, "patch_quality": {}}]));
    assert_eq!(found.without, ["row 1: no agent: whose patch is it?", "row 2: neither commit nor item: what is it about?"]);
}

#[test]
fn an_item_s_own_verdict_is_of_the_item_in_whose_folder_it_lies() {
    let name = "state/analysis/vllm/trae/gpt-5/2026-01-23_21-19-19/vllm_core-0001/patch_quality.json";
    let (_folder, path) = file(name, &quality(&json!("same_target")).to_string());
    let row = |path: &Path| soft_metrics(path).unwrap().rows.first().cloned().unwrap();
    let found = row(&path);
    assert_eq!((found.commit.as_str(), found.agent.as_str(), found.model.as_deref()), ("", "trae", Some("gpt-5")));
    assert_eq!(found.item_id.as_deref(), Some("vllm_core-0001"));
    fs::write(path.with_file_name("analysis.json"), json!({"meta": {"commits": {"human": SHA}}}).to_string()).unwrap();
    assert_eq!(row(&path).commit, SHA, "the analysis beside it names the commit");
    fs::write(path.with_file_name("analysis.json"), "{").unwrap();
    assert_eq!(row(&path).commit, "");
}

#[test]
fn agents_have_one_name_whoever_names_them() {
    for (agent, model, wanted) in [
        ("codex", None, "codex_cli"),
        ("Claude-Code", None, "claude_code"),
        ("trae", Some("us-anthropic-claude-sonnet-4-5-20250929-v1-0"), "trae_sonnet"),
        ("trae", Some("gpt-5-2025-08-07"), "trae_gpt5"),
        ("trae", Some("qwen"), "trae"),
        ("trae_gpt5", None, "trae_gpt5"),
    ] {
        assert_eq!(tool(agent, model), wanted, "{agent}");
    }
}

#[test]
fn a_judge_s_verdict_is_read_in_both_forms() {
    let of = |value: &Value| judged(value.to_string().as_bytes(), "./judge").map(|(verdict, _)| verdict);
    let short = of(&json!({"target": "same_target", "approach": "similar_approach", "says": "yes", "extra": {"a": [1]}})).unwrap();
    assert_eq!(
        (short.target, short.approach.as_deref(), short.says.as_deref()),
        (Target::SameTarget, Some("similar_approach"), Some("yes"))
    );
    assert_eq!(short.by, "./judge");
    assert_eq!(of(&json!({"target": "no_optimization", "says": null})).map(|verdict| verdict.says), Ok(None));
    for wrapped in [quality(&json!("same_target")), json!({"meta": {}, "patch_quality": quality(&json!("same_target"))})] {
        let verdict = of(&wrapped).unwrap();
        assert_eq!((verdict.target, verdict.approach.as_deref()), (Target::SameTarget, Some("valid_alternative")));
        assert!(verdict.says.unwrap().starts_with("both cut"));
    }
}

#[test]
fn what_is_no_verdict_of_a_judge_is_told_with_its_place() {
    let says = |text: &str| judged(text.as_bytes(), "j").map(|_| ()).unwrap_err();
    for (text, wanted) in [
        ("", "it printed nothing: it must print one JSON object"),
        (" \n", "it printed nothing"),
        ("thinking…\n{\"target\": \"same_target\"}", "1: "),
        ("{\"target\": \"same_target\"}\n{\"target\": \"same_target\"}", "2: trailing characters"),
        ("{\"target\":\n \"same_targt\"}", "2: target: 'same_targt' is no target: it may be same_target, related_target"),
        ("{\"target\": 3}", "1: target: the number 3 stands here, and it must be text"),
        ("{\"target\": null}", "1: target: nothing (null) stands here"),
        ("{\"approach\": \"other\"}", "1: the field 'target' is missing"),
        ("{\"target\": \"same_target\",\n\"say\": \"x\"}", "2: "),
        ("{\"target\": \"same_target\", \"says\": [1]}", "1: says: a list stands here, and it must be text"),
        ("{\"target\": \"same_target\", \"target\": \"no_optimization\"}", "1: "),
        ("[]", "1: "),
        ("\"same_target\"", "1: "),
        ("{\"patch_quality\": {\"bottleneck_target\": {}}}", "1: patch_quality.bottleneck_target: the field 'category' is missing"),
        ("{\"patch_quality\": null}", "1: patch_quality: "),
        ("{\"bottleneck_target\": {\"category\": \"other\"}}", "1: bottleneck_target.category: 'other' is no target"),
    ] {
        let said = says(text);
        // the column is that of the value's end
        let place = said.strip_prefix("its output:").and_then(|rest| rest.split_once(':'));
        let short =
            place.map_or_else(|| said.clone(), |(line, rest)| format!("{line}: {}", rest.split_once(": ").map_or(rest, |(_, says)| says)));
        assert!(short.starts_with(wanted), "{text}\n  {said}\n  {wanted}");
    }
    assert!(judged(b"\xff\xfe", "j").is_err());
}

#[test]
fn the_schema_is_json_and_names_every_target() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let words = schema.pointer("/anyOf/0/properties/target/enum").unwrap().clone();
    assert_eq!(words, json!(Target::ALL.map(Target::name)));
    assert_eq!(schema.pointer("/anyOf/1/properties/patch_quality/properties/bottleneck_target/properties/category/enum"), Some(&words));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(same_target|beats|NO_DATA|NaN|021f76e4|\\PC{0,12})".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = "(meta|commits|human|agent|category|patch_quality|bottleneck_target|\\PC{0,6})";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_in_any_field_is_a_row_or_a_reason(values in proptest::collection::vec(any_value(), 12)) {
        let names = ["commit", "tool", "hard_classification", "primary_metric", "primary_pct", "ttft_pct"];
        let row: Value = Value::Object(names.iter().map(|name| (*name).to_owned()).zip(values.iter().cloned()).collect());
        let found = read(&json!([row]).to_string(), hard_metrics).unwrap();
        prop_assert!(found.rows.len() + found.without.len() >= 1);
        prop_assert!(found.rows.iter().all(|row| !row.commit.is_empty() && !row.tool.is_empty() && row.pct.is_none_or(f64::is_finite)));
        let names = ["bottleneck_target", "approach_comparison", "says"];
        let quality: Value = Value::Object(names.iter().map(|name| (*name).to_owned()).zip(values.iter().skip(6).cloned()).collect());
        let whole = json!({"meta": {"agent": values.get(9), "commits": values.get(10), "model": values.get(11)}, "patch_quality": quality});
        let found = read(&whole.to_string(), soft_metrics).unwrap();
        prop_assert!(found.rows.len() + found.without.len() >= 1);
        for text in [whole.to_string(), values.first().map(Value::to_string).unwrap_or_default()] {
            let _ = read(&text, soft_metrics);
            let _ = judged(text.as_bytes(), "j");
        }
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,NaInfty0-9a-z_ -]{0,80}") {
        let _ = judged(&bytes, "j");
        let _ = judged(text.as_bytes(), "j");
        let _ = read(&text, hard_metrics);
        let _ = read(&text, soft_metrics);
    }
}
