//! Functions without a body: new ones, and those that had one.

use crate::patch::{ChangedFile, Hunk, Mark};

/// What makes a function without a body one that is meant so, in its decorators, its class or its docstring.
const MEANT: [&str; 22] = [
    "abstract",
    "overload",
    "protocol",
    "abc",
    "base",
    "interface",
    "mixin",
    "no-op",
    "noop",
    "no op",
    "nothing",
    "null",
    "hook",
    "subclass",
    "override",
    "overrid",
    "optional",
    "default",
    "implemented by",
    "exception",
    "error",
    "register_fake",
];

/// The lines of such functions, each with what is wrong.
pub(super) fn stubs(file: &ChangedFile<'_>) -> Vec<(u32, String)> {
    file.hunks.iter().flat_map(of_hunk).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn of_hunk(hunk: &Hunk<'_>) -> Vec<(u32, String)> {
    let after: Vec<(u32, Mark, &str)> = (hunk.new_start..)
        .zip(hunk.lines.iter().filter(|(mark, _)| *mark != Mark::Removed))
        .map(|(at, (mark, line))| (at, *mark, *line))
        .collect();
    let mut found = Vec::new();
    for (start, (at, mark, line)) in after.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let Some(body) = body_of(after.get(start..).unwrap_or_default()) else { continue };
        let had_one = had_body(hunk, line);
        let is_whole_new = *mark == Mark::Added && !had_one;
        let is_stub = body.statements.len() == 1 && body.is_added && body.statements.first().is_some_and(|only| is_nothing(only, had_one));
        if !is_stub || !(is_whole_new || had_one) || is_meant(hunk, &after, start, &body.text) {
            continue;
        }
        let only = body.statements.first().copied().unwrap_or_default();
        let had = if had_one { ", which had a body" } else { "" };
        found.push((*at, format!("nothing but `{only}` in {name}(){had}")));
    }
    found
}

/// The name of the function whose definition begins here.
fn function(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("def ")?;
    let name = rest.split('(').next()?.trim();
    (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

struct Body<'a> {
    /// Its statements, a docstring and comments apart.
    statements: Vec<&'a str>,
    /// Whether the patch adds the first of them.
    is_added: bool,
    /// Signature, docstring and comments.
    text: String,
}

/// The body behind a definition, where its end can be seen too: in the next line with less indentation, or at the end of
/// what the patch adds.
fn body_of<'a>(lines: &[(u32, Mark, &'a str)]) -> Option<Body<'a>> {
    let level = indent(lines.first()?.2);
    let head = lines.iter().position(|(_, _, line)| line.trim_end().ends_with(':'))?;
    let mut body = Body { statements: Vec::new(), is_added: true, text: String::new() };
    for (_, _, line) in lines.get(..=head)? {
        body.text.push_str(line);
    }
    let mut quotes: Option<&str> = None;
    for (_, mark, line) in lines.get(head + 1..)? {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(end) = quotes {
            body.text.push_str(text);
            quotes = (!text.contains(end)).then_some(end);
            continue;
        }
        if indent(line) <= level {
            break;
        }
        let opened = ["\"\"\"", "'''"].into_iter().find(|mark| text.trim_start_matches(['r', 'f', 'R']).starts_with(mark));
        if let Some(mark) = opened {
            body.text.push_str(text);
            quotes = (text.matches(mark).count() < 2).then_some(mark);
        } else if text.starts_with('#') {
            body.text.push_str(text);
        } else {
            body.is_added &= *mark == Mark::Added;
            body.statements.push(text);
        }
    }
    Some(body)
}

/// A statement that does nothing. A function that is new may raise the error with words of its own: it says what it is for.
fn is_nothing(statement: &str, had_one: bool) -> bool {
    let statement = statement.split("  #").next().unwrap_or_default().trim();
    matches!(statement, "pass" | "..." | "raise NotImplementedError" | "raise NotImplementedError()")
        || (had_one && statement.starts_with("raise NotImplementedError("))
}

/// Whether the patch removes statements from below this very definition.
fn had_body(hunk: &Hunk<'_>, definition: &str) -> bool {
    let level = indent(definition);
    let before = hunk.lines.iter().filter(|(mark, _)| *mark != Mark::Added);
    let below = before.skip_while(|(_, line)| function(line) != function(definition) || indent(line) != level).skip(1);
    let mut inside = below.take_while(|(_, line)| line.trim().is_empty() || indent(line) > level || line.trim_start().starts_with(')'));
    inside.any(|(mark, line)| {
        let text = line.trim();
        let is_words = text.is_empty() || text.starts_with(['#', '"', '\'']);
        *mark == Mark::Removed && !is_words && !is_nothing(text, true) && text.ends_with([')', ']']) | text.contains(['=', ' '])
    })
}

/// Whether the function is meant to have no body.
fn is_meant(hunk: &Hunk<'_>, after: &[(u32, Mark, &str)], start: usize, text: &str) -> bool {
    let says = |text: &str| {
        let low = text.to_lowercase();
        MEANT.iter().any(|word| low.contains(word))
    };
    let level = after.get(start).map_or(0, |(_, _, line)| indent(line));
    let above = || after.get(..start).unwrap_or_default().iter().rev();
    let decorators = above().take_while(|(_, _, line)| line.trim_start().starts_with('@')).any(|(_, _, line)| says(line));
    let class = above().find(|(_, _, line)| indent(line) < level && line.trim_start().starts_with("class ")).map(|(_, _, line)| *line);
    decorators || says(text) || says(class.unwrap_or(if level > 0 { hunk.section } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::changed_files;

    fn found(body: &str) -> Vec<(u32, String)> {
        let diff = format!("diff --git a/v/a.py b/v/a.py\n--- a/v/a.py\n+++ b/v/a.py\n@@ -1,9 +1,9 @@ class Sampler(nn.Module):\n{body}");
        changed_files(&diff).iter().flat_map(stubs).collect()
    }

    #[test]
    fn a_function_that_lost_its_body_is_found() {
        let lost = found(
            "     def forward(self, x):\n         \"\"\"Samples.\"\"\"\n-        y = self.sample(x)\n-        return y\n+        pass\n \n     def g(self):\n",
        );
        assert_eq!(lost, [(1, "nothing but `pass` in forward(), which had a body".to_owned())]);
        let raises = found("     def f(self):\n-        return run(self)\n+        raise NotImplementedError(\"later\")\n");
        assert_eq!(raises.len(), 1, "{raises:?}");
    }

    #[test]
    fn a_new_function_without_a_body_is_found() {
        let new = found(
            " a = 1\n+\n+    def forward(\n+        self,\n+    ):\n+        # the fast way\n+        raise NotImplementedError\n+\n+    def g(self):\n+        return 1\n",
        );
        assert_eq!(new, [(3, "nothing but `raise NotImplementedError` in forward()".to_owned())]);
        assert_eq!(found(" a = 1\n+def f():\n+    ...\n").len(), 1);
    }

    #[test]
    fn what_is_meant_to_have_no_body_is_left_alone() {
        for body in [
            " a = 1\n+    @abstractmethod\n+    def f(self):\n+        raise NotImplementedError\n",
            " a = 1\n+    @overload\n+    def f(self): \n+        ...\n",
            " a = 1\n+class Backend(Protocol):\n+    def f(self):\n+        ...\n",
            " a = 1\n+class SamplerBase:\n+    def f(self):\n+        raise NotImplementedError\n",
            " a = 1\n+    def f(self):\n+        \"\"\"Hook for subclasses.\"\"\"\n+        pass\n",
            " a = 1\n+    def f(self):\n+        raise NotImplementedError(\"ROCm is not supported\")\n",
            "     def f(self):\n         try:\n-            g()\n+            h()\n         except ValueError:\n             pass\n",
            " a = 1\n+    def f(self):\n+        x = 1\n+        return x\n",
            "     def f(self):\n         pass\n+    a = 1\n",
        ] {
            assert!(found(body).is_empty(), "{body}: {:?}", found(body));
        }
    }
}
