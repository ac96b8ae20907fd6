//! `${VAR}` and `${VAR:-default}` in the strings of a YAML file, by the harness's rules: an unset variable is its
//! default or nothing, an empty one is set.

use serde_json::Value;

/// Where variables come from: the environment, then `.env`.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Expands every string of a value.
pub fn expand(value: &mut Value, variables: Variables<'_>) {
    match value {
        Value::String(text) if text.contains("${") => *text = expand_text(text, variables),
        Value::Array(list) => list.iter_mut().for_each(|value| expand(value, variables)),
        Value::Object(object) => object.values_mut().for_each(|value| expand(value, variables)),
        _ => {}
    }
}

/// Expands one text. What is no `${NAME}` or `${NAME:-default}` stays as it is; what a variable holds is not expanded
/// again.
pub fn expand_text(text: &str, variables: Variables<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let closed = after.split_once('}').and_then(|(inside, behind)| Some((variable(inside)?, behind)));
        if let Some(((name, default), behind)) = closed {
            out.push_str(&variables(name).unwrap_or_else(|| default.to_owned()));
            rest = behind;
        } else {
            out.push_str("${");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Name and default of what stands between the braces.
fn variable(inside: &str) -> Option<(&str, &str)> {
    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let fits = starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some((name, default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_as_the_harness_expands_them() {
        let variables = |name: &str| match name {
            "SET" => Some("there".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${SET}".to_owned()),
            _ => None,
        };
        let cases = [
            ("${SET}", "there"),
            ("a ${SET} b ${UNSET:-c} d", "a there b c d"),
            ("${UNSET}", ""),
            ("${EMPTY:-default}", ""),
            ("${NESTED}", "${SET}"),
            ("${UNSET:-a:-b}", "a:-b"),
            ("$SET {SET} ${", "$SET {SET} ${"),
            ("${not a name} ${1A}", "${not a name} ${1A}"),
            ("", ""),
        ];
        for (text, wanted) in cases {
            assert_eq!(expand_text(text, &variables), wanted, "{text}");
        }
    }
}
