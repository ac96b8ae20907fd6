//! The command by which a human measured, as words: variables, the benchmark, its arguments.

use super::script::is_name;
use crate::text::clean;

/// What parts commands of a shell, and what sends their output elsewhere, as words of their own, which nobody writes by hand.
const PARTS: &str = "\u{1};";
/// See [`PARTS`].
const REDIRECTS: &str = "\u{1}>";

/// How a comment ends.
const COMMENT: char = '\n';

/// Which GPUs a command may see is the container's business: there they count from 0.
const NOT_SET: [&str; 2] = ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"];

/// What stands before a benchmark and says nothing of it.
const BEFORE: [&str; 6] = ["env", "time", "-m", "-u", "vllm", CLI_MODULE];

/// The module of vLLM's program.
const CLI_MODULE: &str = "vllm.entrypoints.cli.main";

/// The benchmark that is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// `benchmarks/NAME` of vLLM's repository.
    Script(String),
    /// `vllm bench NAME`.
    Cli(String),
}

/// An argument: its name, with dashes, and the words that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// The arguments, in the order written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arguments(pub(super) Vec<Argument>);

/// The command, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) environment: Vec<(String, String)>,
    pub(super) program: Program,
    pub(super) arguments: Arguments,
    /// What was left out of it, and why.
    pub(super) notes: Vec<String>,
}

impl Arguments {
    /// Words as arguments, and the words before the first.
    pub(super) fn read(words: &[String]) -> (Self, Vec<String>) {
        let (mut arguments, mut before) = (Vec::<Argument>::new(), Vec::new());
        for word in words {
            match (is_argument(word), arguments.last_mut()) {
                (true, _) => {
                    let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
                    arguments.push(Argument { name: spelled(name), values: value.map(str::to_owned).into_iter().collect() });
                }
                (false, Some(argument)) => argument.values.push(word.clone()),
                (false, None) => before.push(word.clone()),
            }
        }
        (Self(arguments), before)
    }

    /// The value of the last argument of this name: that one counts. Empty where it has none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let argument = self.0.iter().rev().find(|argument| argument.name == name)?;
        Some(argument.values.first().map_or("", String::as_str))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The number of the last argument of one of these names.
    pub(super) fn number(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| self.get(name)?.parse().ok())
    }

    /// Takes out all arguments of this name, and returns the value of the last.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let value = self.get(name).map(str::to_owned);
        self.0.retain(|argument| argument.name != name);
        value
    }

    /// Takes out those of which this is so.
    pub(super) fn take_if(&mut self, mut is_so: impl FnMut(&Argument) -> bool) -> Vec<Argument> {
        let (taken, kept) = std::mem::take(&mut self.0).into_iter().partition(|argument| is_so(argument));
        self.0 = kept;
        taken
    }

    /// Gives an argument this one value: in its old place where it has one.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let value = vec![value.to_owned()];
        match self.0.iter_mut().rev().find(|argument| argument.name == name) {
            Some(argument) => argument.values = value,
            None => self.0.push(Argument { name: name.to_owned(), values: value }),
        }
    }

    /// As words again.
    pub(super) fn words(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().flat_map(|argument| std::iter::once(&argument.name).chain(&argument.values)).cloned()
    }
}

/// Names of these arguments, for a sentence.
pub(super) fn names(arguments: &[Argument]) -> String {
    arguments.iter().map(|argument| argument.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether a word names an argument: a number below zero does not.
fn is_argument(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic()))
}

/// vLLM takes `--input_len` for `--input-len` since 0.5, and did not before.
fn spelled(name: &str) -> String {
    if name.starts_with("--") { name.replace('_', "-") } else { name.to_owned() }
}

/// Reads it; the error says what is wrong with it.
pub(super) fn read(command: &str) -> Result<Command, String> {
    let of = || clean::line(command);
    let words = shlex::split(&with_operators(command)).ok_or_else(|| format!("the quotes of the command do not pair: {}", of()))?;
    let parts: Vec<(Vec<String>, bool)> =
        words.split(|word| word == PARTS).map(not_redirected).filter(|(part, _)| !part.is_empty()).collect();
    let Some((part, is_redirected, at)) = parts.iter().find_map(|(part, redirected)| Some((part, *redirected, benchmark_at(part)?))) else {
        let is_sglang = words.iter().any(|word| word.contains("sglang"));
        let why =
            if is_sglang { "it is a benchmark of SGLang, and arms in containers are of vLLM" } else { "it names no benchmark of vLLM" };
        return Err(format!("{why}: {}: correct it in the file of arms.mapping", of()));
    };
    let mut notes = Vec::new();
    if parts.len() > 1 {
        notes.push("other commands that stand beside the benchmark's were left out".to_owned());
    }
    if is_redirected {
        notes.push("redirections were left out: what is printed is read".to_owned());
    }
    let (before, from) = part.split_at_checked(at).unwrap_or((&[], part));
    let name = from.first().map_or("", String::as_str);
    let (program, from) = if name == "bench" {
        (Program::Cli(from.get(1).cloned().unwrap_or_default()), from.get(2..))
    } else {
        (Program::Script(base(name).to_owned()), from.get(1..))
    };
    let environment = environment(before, &mut notes);
    let (arguments, stray) = Arguments::read(from.unwrap_or_default());
    if !stray.is_empty() {
        notes.push(format!("words that are no arguments were left out: {}", clean::line(&stray.join(" "))));
    }
    Ok(Command { environment, program, arguments, notes })
}

/// The command, each operator of a shell in it a word of its own, also one that is glued to another word: `[PARTS]`, `[REDIRECTS]`.
/// Within quotes and comments there is none.
fn with_operators(command: &str) -> String {
    let mut text = String::with_capacity(command.len());
    let (mut within, mut is_escaped) = (None, false);
    for c in command.chars() {
        let is_bare = within.is_none() && !is_escaped;
        let is_closed = within == Some(c) && !is_escaped;
        is_escaped = c == '\\' && !is_escaped && !matches!(within, Some('\'' | COMMENT));
        let redirects = text.strip_suffix(' ').is_some_and(|text| text.ends_with(REDIRECTS));
        match c {
            // `>>`, `>|`, `2>&1`
            '<' | '>' | '|' | '&' if is_bare && redirects => {}
            '<' | '>' if is_bare => {
                // the number before it is no argument
                let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
                if !word.ends_with(|c: char| !c.is_whitespace()) {
                    text.truncate(word.len());
                }
                text.extend([" ", REDIRECTS, " "]);
            }
            ';' | '|' | '&' if is_bare => text.extend([" ", PARTS, " "]),
            // the end of a comment as well
            '\n' if is_bare || is_closed => {
                within = None;
                text.extend(["\n", PARTS, "\n"]);
            }
            _ => {
                let begins = is_bare && (matches!(c, '"' | '\'') || (c == '#' && !text.ends_with(|c: char| !c.is_whitespace())));
                within = if begins { Some(if c == '#' { COMMENT } else { c }) } else { within.filter(|_| !is_closed) };
                text.push(c);
            }
        }
    }
    text
}

/// Words without redirections and where these lead, and whether there were any.
fn not_redirected(words: &[String]) -> (Vec<String>, bool) {
    let before = std::iter::once("").chain(words.iter().map(String::as_str));
    let kept = words.iter().zip(before).filter(|(word, before)| *word != REDIRECTS && *before != REDIRECTS);
    let kept: Vec<String> = kept.map(|(word, _)| word.clone()).collect();
    let is_redirected = kept.len() < words.len();
    (kept, is_redirected)
}

/// Where the benchmark is named: its script, or the `bench` of `vllm bench`.
fn benchmark_at(words: &[String]) -> Option<usize> {
    let is_script = |word: &str| base(word).starts_with("benchmark") && has_ending(word);
    let is_cli = |before: &str| base(before) == "vllm" || before == CLI_MODULE;
    let pairs = words.iter().zip(std::iter::once("").chain(words.iter().map(String::as_str)));
    pairs.enumerate().find(|(_, (word, before))| is_script(word) || (*word == "bench" && is_cli(before))).map(|(at, _)| at)
}

fn has_ending(word: &str) -> bool {
    std::path::Path::new(word).extension().is_some_and(|ending| ending == "py")
}

/// The variables before it; what else stands there is left out.
fn environment(before: &[String], notes: &mut Vec<String>) -> Vec<(String, String)> {
    let (mut environment, mut left_out) = (Vec::new(), Vec::new());
    for word in before {
        match word.split_once('=').filter(|(name, _)| is_name(name)) {
            Some((name, _)) if NOT_SET.contains(&name) => left_out.push(word.as_str()),
            Some((name, value)) => environment.push((name.to_owned(), value.to_owned())),
            None if BEFORE.contains(&base(word)) || base(word).starts_with("python") => {}
            None => left_out.push(word.as_str()),
        }
    }
    if !left_out.is_empty() {
        notes.push(format!("what stands before the benchmark was left out: {}", clean::line(&left_out.join(" "))));
    }
    environment
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    fn words(command: &str) -> (Program, String) {
        let command = read(command).unwrap();
        (command.program, command.arguments.words().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn scripts_and_the_cli_are_found_wherever_they_stand() {
        let script = |name: &str| Program::Script(name.to_owned());
        assert_eq!(words("python benchmark/benchmark_latency.py --model m"), (script("benchmark_latency.py"), "--model m".to_owned()));
        assert_eq!(words("/opt/venv/bin/python3.10 -u /a/b/benchmark_serving.py").0, script("benchmark_serving.py"));
        assert_eq!(words("vllm bench serve --port 1"), (Program::Cli("serve".to_owned()), "--port 1".to_owned()));
        assert_eq!(words("python -m vllm.entrypoints.cli.main bench latency").0, Program::Cli("latency".to_owned()));
        let parts = read("cd /vllm && numactl -N 0 A=1 CUDA_VISIBLE_DEVICES=0,1 python benchmark_x.py y | tee log").unwrap();
        assert_eq!((parts.program, parts.environment), (script("benchmark_x.py"), vec![("A".to_owned(), "1".to_owned())]));
        assert_eq!(parts.notes.len(), 3, "{:?}", parts.notes);
        assert!(parts.notes.iter().any(|note| note.contains("numactl -N 0 CUDA_VISIBLE_DEVICES=0,1")));
    }

    #[test]
    fn arguments_have_one_spelling_and_keep_their_values() {
        let line = "python benchmark_x.py --input_len=8 -tp 4 --goodput ttft:3 tpot:4 --seed -1 --flag --model '[ngram]'";
        let command = read(line).unwrap();
        let arguments = command.arguments;
        assert_eq!(
            arguments.words().collect::<Vec<_>>().join(" "),
            "--input-len 8 -tp 4 --goodput ttft:3 tpot:4 --seed -1 --flag --model [ngram]"
        );
        assert_eq!((arguments.get("--seed"), arguments.get("--flag"), arguments.get("--none")), (Some("-1"), Some(""), None));
        assert_eq!(arguments.number(&["--tensor-parallel-size", "-tp"]), Some(4));
    }

    #[test]
    fn operators_of_a_shell_end_the_command_wherever_they_stand_outside_of_quotes() {
        const LEFT_OUT: &str = "other commands that stand beside the benchmark's were left out";
        const REDIRECTED: &str = "redirections were left out: what is printed is read";
        let cases = [
            ("--rate 20; touch /x && echo $T | cat > /tmp/x", "--rate 20", &[LEFT_OUT][..]),
            ("--rate 20&&rm -r /", "--rate 20", &[LEFT_OUT]),
            ("--rate 20||rm", "--rate 20", &[LEFT_OUT]),
            ("--rate 20|tee log", "--rate 20", &[LEFT_OUT]),
            ("--rate 20& sleep 1", "--rate 20", &[LEFT_OUT]),
            ("--rate 20\nrm -r /", "--rate 20", &[LEFT_OUT]),
            ("--rate 20 # it's slow; so what\nrm", "--rate 20", &[LEFT_OUT]),
            ("--rate 20;", "--rate 20", &[]),
            ("--rate 20 >log 2>&1 --seed 2", "--rate 20 --seed 2", &[REDIRECTED]),
            ("--rate 20 2>> log; rm", "--rate 20", &[LEFT_OUT, REDIRECTED]),
            ("--rate 20 </dev/null &> log", "--rate 20", &[REDIRECTED]),
            ("--rate \\\n20 --seed 2", "--rate 20 --seed 2", &[]),
            (
                r#"--hf-overrides '{"a": "b;c"}' --x "d && e > f # g" --y \; --z h#i"#,
                r#"--hf-overrides {"a": "b;c"} --x d && e > f # g --y ; --z h#i"#,
                &[],
            ),
            (r#"--x "a \" ; b" --y 'c \' --z 1;rm"#, r#"--x a " ; b --y c \ --z 1"#, &[LEFT_OUT]),
        ];
        for (command, arguments, notes) in cases {
            let read = read(&format!("python benchmark_x.py {command}")).unwrap();
            assert_eq!(
                (read.arguments.words().collect::<Vec<_>>().join(" "), read.notes),
                (arguments.to_owned(), notes.iter().map(|note| (*note).to_owned()).collect()),
                "{command}"
            );
        }
    }

    #[test]
    fn what_is_no_benchmark_says_so() {
        assert!(read("python benchmark_x.py 'a").unwrap_err().contains("quotes"));
        assert!(read("python train.py").unwrap_err().contains("names no benchmark"));
        assert!(read("python -m sglang.bench_serving --port 1").unwrap_err().contains("SGLang"));
    }
}
