//! What to say about a word that we don't know: the nearest one that we do.

use super::Config;

/// Keys that went elsewhere, or that people bring along from `bench.yaml`, and the key of today.
const MOVED: [(&str, &str); 11] = [
    ("agent.task", "prompt.template"),
    ("agent.prompt", "prompt.template"),
    ("agent.default", "agent.kind"),
    ("agent.iterations", "agent.max_steps"),
    ("agent.max_budget_per_task", "agent.max_usd"),
    ("agent.time_budget_minutes", "budget.agent"),
    ("agents", "agent"),
    ("paths.state_root", "paths.state"),
    ("paths.work_root", "paths.work"),
    ("bench", "harness.bench"),
    ("task", "harness.task"),
];

/// The words that a key may have, where there are few.
pub(super) fn words(key: &str) -> Option<&'static [&'static str]> {
    Some(match key {
        "agent.kind" => &["trae", "codex", "codex_cli", "claude_code", "openhands", "command"],
        "agent.via" => &["direct", "harness"],
        "agent.on_stuck" => &["mark", "stop", "skip"],
        "prompt.source" => &["harness", "copy", "template"],
        "arms.engine" => &["process", "three_way", "docker"],
        "arms.prune" => &["run", "never", "all"],
        _ => return None,
    })
}

/// The word that was most likely meant; `None` where none is near.
pub fn nearest<'a>(word: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let wrong = plain(word);
    let letters = wrong.chars().count();
    let far = |right: &str| match strsim::damerau_levenshtein(&wrong, &plain(right)) {
        few if few <= (letters / 3).max(1) => Some(few),
        // the beginning of a word is one too: "claude"
        _ if letters >= 4 && plain(right).starts_with(&wrong) => Some(letters),
        _ => None,
    };
    right.into_iter().filter_map(|right| Some((far(right)?, right))).min_by_key(|(far, _)| *far).map(|(_, right)| right)
}

/// A sentence about a word that is none of a few.
pub(super) fn word(wrong: &str, right: &[&str]) -> String {
    let all = right.join(", ");
    match nearest(wrong, right.iter().copied()) {
        Some(right) => format!("did you mean {right}? It may be {all}"),
        None => format!("it may be {all}"),
    }
}

/// A sentence about a key that there is not, in a table or outside of all.
pub(super) fn key(table: Option<&str>, wrong: &str) -> String {
    let keys = Config::keys();
    let whole = table.map_or_else(|| wrong.to_owned(), |table| format!("{table}.{wrong}"));
    let unknown = format!("unknown key '{whole}'");
    if let Some((_, today)) = MOVED.iter().find(|(old, _)| *old == whole) {
        return format!("{unknown}: it is {today} here");
    }
    let split = |key: &'_ String| key.split_once('.').map(|(table, name)| (table.to_owned(), name.to_owned()));
    let tabled: Vec<(String, String)> = keys.iter().filter_map(split).collect();
    let homes: Vec<String> = tabled.iter().filter(|(_, name)| name == wrong).map(|(table, _)| format!("[{table}]")).collect();
    if !homes.is_empty() {
        return format!("{unknown}: {wrong} belongs to {}", homes.join(" or "));
    }
    let mut siblings: Vec<&str> = match table {
        Some(table) => tabled.iter().filter(|(home, _)| home == table).map(|(_, name)| name.as_str()).collect(),
        None => keys.iter().map(|key| key.split('.').next().unwrap_or(key)).collect(),
    };
    siblings.dedup();
    if let Some(near) = nearest(wrong, siblings.iter().copied()) {
        return match table {
            Some(table) => format!("{unknown}: did you mean {table}.{near}?"),
            None if keys.iter().any(|key| key == near) => format!("{unknown}: did you mean {near}?"),
            None => format!("{unknown}: did you mean [{near}]?"),
        };
    }
    let names: Vec<&str> = tabled.iter().map(|(_, name)| name.as_str()).collect();
    let elsewhere = nearest(wrong, names).and_then(|near| tabled.iter().find(|(_, name)| name == near));
    match (elsewhere, table) {
        (Some((table, name)), _) => format!("{unknown}: did you mean {table}.{name}?"),
        (None, Some(table)) => format!("{unknown}: [{table}] has {}", siblings.join(", ")),
        (None, None) => format!("{unknown}: `isobench-tui print config` shows all keys"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AgentKind;

    #[test]
    fn the_nearest_word_is_near() {
        let kinds = AgentKind::ALL.map(AgentKind::name);
        for (wrong, right) in [("claud_code", "claude_code"), ("claude", "claude_code"), ("Claude-Code", "claude_code"), ("tare", "trae")] {
            assert_eq!(nearest(wrong, kinds), Some(right), "{wrong}");
        }
        assert_eq!(nearest("robot", kinds), None);
        assert_eq!(nearest("", kinds), None);
    }

    #[test]
    fn the_words_of_a_key_are_those_of_its_type() {
        assert_eq!(words("agent.kind"), Some(AgentKind::ALL.map(AgentKind::name).as_slice()));
        for key in ["agent.kind", "agent.via", "agent.on_stuck", "prompt.source", "arms.engine", "arms.prune"] {
            for word in words(key).unwrap_or_default() {
                let (table, name) = key.split_once('.').unwrap_or_default();
                let text = format!("[{table}]\n{name} = \"{word}\"\n");
                assert!(toml::from_str::<Config>(&text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn each_wrong_key_gets_its_right_one() {
        let cases = [
            (Some("agent"), "task", "prompt.template"),
            (Some("agent"), "comand", "agent.command"),
            (Some("budget"), "max_steps", "belongs to [agent]"),
            (None, "max_steps", "belongs to [agent]"),
            (Some("limits"), "command", "belongs to [agent] or [arms]"),
            (None, "agnet", "[agent]"),
            (None, "repro", "did you mean repo?"),
            (None, "treshold_pct", "arms.threshold_pct"),
            (Some("retry"), "zzzzzz", "[retry] has transient, backoff_s"),
            (None, "zzzzzz", "print config"),
        ];
        for (table, wrong, says) in cases {
            let said = key(table, wrong);
            assert!(said.contains(says), "{said}");
        }
        for (_, today) in MOVED {
            assert!(today == "agent" || Config::keys().iter().any(|key| key == today), "{today}");
        }
    }
}
