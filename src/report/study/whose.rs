//! Whose results these are: a folder of results, a row of an analysis and a run name their agent in their own ways.

/// Whether a label such as `trae_gpt5_0123`, `codex_cli` or `claude_code` is about this agent with this model: it begins
/// with the agent, and what is left, a date apart, is the model's or nothing.
pub(super) fn is_whose(label: &str, agent: &str, model: &str) -> bool {
    let label = plain(without_date(label));
    let (agent, model) = (plain(agent), plain(model));
    let Some(rest) = label.strip_prefix(agent.as_str()).filter(|_| !agent.is_empty()) else { return false };
    rest.is_empty() || model.contains(rest) || rest.contains(model.as_str()) && !model.is_empty()
}

/// `0123` of `trae_gpt5_0123`: January 23rd.
fn date(label: &str) -> Option<(&str, &str)> {
    let (_, date) = label.rsplit_once(['_', '-'])?;
    (date.len() == 4 && date.bytes().all(|byte| byte.is_ascii_digit())).then(|| date.split_at_checked(2)).flatten()
}

fn without_date(label: &str) -> &str {
    date(label).and_then(|_| Some(label.rsplit_once(['_', '-'])?.0)).unwrap_or(label)
}

/// Letters and digits alone, small.
fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_result_folders_name_agent_and_model() {
        assert!(is_whose("trae_gpt5_0123", "trae", "gpt-5"));
        assert!(is_whose("trae_sonnet45_0123", "trae", "us-anthropic-claude-sonnet-4-5-20250929-v1-0"));
        assert!(is_whose("codex_cli", "codex_cli", "default") && is_whose("claude_code", "claude_code", "default"));
        assert!(is_whose("codex_gpt5", "codex", "gpt-5"));
        assert!(!is_whose("trae_gpt5_0123", "trae", "us-anthropic-claude-sonnet-4-5-20250929-v1-0"));
        assert!(!is_whose("trae_gpt5", "codex", "gpt-5") && !is_whose("codex_cli", "codex", "gpt-4o") && !is_whose("x", "", ""));
    }

    #[test]
    fn a_date_is_four_digits_at_the_end() {
        assert_eq!((date("trae_gpt5_0123"), date("trae_gpt5"), date("0123")), (Some(("01", "23")), None, None));
    }
}
