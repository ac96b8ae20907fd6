//! The name of a process: what the kernel calls it, or what its command line runs where that says more. Arguments are left out:
//! they hold tokens and paths.

use crate::text::clean;

/// Longer names are cut, in characters.
const LONGEST: usize = 64;

/// The kernel cuts a name to so many bytes.
const COMM: usize = 15;

/// Programs that run somebody else's: with the version behind it (`python3.12`) it is the same program.
const INTERPRETERS: [&str; 9] = ["python", "pypy", "sh", "bash", "dash", "zsh", "node", "perl", "ruby"];

/// A name from `/proc/<pid>/comm` and the command line.
pub(super) fn of(comm: &str, arguments: &[String]) -> Option<String> {
    let full = full(comm, arguments);
    let full = clean::shown(&full);
    let mut name: String = full.chars().take(LONGEST).collect();
    if name.len() < full.len() {
        name.pop();
        name.push('…');
    }
    (!name.is_empty()).then_some(name)
}

fn full(comm: &str, arguments: &[String]) -> String {
    let comm = comm.trim_end_matches('\n');
    // a title that a program gave itself is one text: its first word
    let words = arguments.first().map_or("", |first| first.split(' ').next().unwrap_or_default());
    let program = base(words.trim_start_matches('-'));
    let is_interpreter = INTERPRETERS.contains(&program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
    match is_interpreter.then(|| runs(arguments.get(1..).unwrap_or_default())).flatten() {
        Some(Runs::Module(module)) => format!("{program} -m {module}"),
        // a script that is a program of its own (`#!`) is called by its name
        Some(Runs::Script(script)) if !comm.is_empty() && is_cut(comm, script) => script.to_owned(),
        Some(Runs::Script(script)) => format!("{program} {script}"),
        // PyTorch calls the first thread of every program `pt_main_thread`
        None if is_interpreter || is_cut(comm, program) => program.to_owned(),
        None => comm.to_owned(),
    }
}

/// Whether the kernel's name is this one, cut off where that is too long.
fn is_cut(comm: &str, name: &str) -> bool {
    comm == name || (comm.len() == COMM && name.starts_with(comm))
}

/// What an interpreter runs.
enum Runs<'a> {
    Module(&'a str),
    Script(&'a str),
}

fn runs(arguments: &[String]) -> Option<Runs<'_>> {
    let mut arguments = arguments.iter().map(String::as_str);
    loop {
        let argument = arguments.next()?;
        let Some(flags) = argument.strip_prefix('-') else { return Some(Runs::Script(base(argument))) };
        match flags.chars().last() {
            // `-um module`; a long option is none of these
            Some('m') if !flags.starts_with('-') => return arguments.next().map(Runs::Module),
            // a text to run is nobody's name, and may hold anything
            Some('c' | 'e') if !flags.starts_with('-') => return None,
            Some('W' | 'X' | 'o') if flags.len() == 1 => drop(arguments.next()),
            _ => {}
        }
    }
}

fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    fn name(comm: &str, line: &str) -> String {
        let arguments: Vec<String> = line.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        super::of(comm, &arguments).unwrap_or_default()
    }

    #[test]
    fn the_command_line_says_what_an_interpreter_runs() {
        let module = "python3 -m vllm.entrypoints.openai.api_server";
        assert_eq!(name("python3\n", "/usr/bin/python3|-m|vllm.entrypoints.openai.api_server|--api-key|sk-1"), module);
        assert_eq!(name("pt_main_thread", "python3|-u|-m|vllm.entrypoints.openai.api_server"), module);
        assert_eq!(
            name("python3.12", "python3.12|-W|ignore|/w/bench/benchmark_throughput.py|--model|x"),
            "python3.12 benchmark_throughput.py"
        );
        assert_eq!(name("vllm", "/opt/venv/bin/python3|/opt/venv/bin/vllm|serve|m"), "vllm");
        assert_eq!(name("benchmark_throu", "python|/w/benchmark_throughput.py"), "benchmark_throughput.py");
        assert_eq!(name("python3", "python3|-c|print('sk-secret')"), "python3");
        assert_eq!(name("python3", "python3"), "python3");
        assert_eq!(name("bash", "-bash"), "bash");
        assert_eq!(name("sh", "sh|-ec|export TOKEN=x; run"), "sh");
        assert_eq!(name("bash", "bash|-x|/w/run.sh|secret"), "bash run.sh");
        assert_eq!(name("node", "node|--max-old-space-size=4096|/usr/lib/x/cli.js"), "node cli.js");
    }

    #[test]
    fn other_programs_are_called_as_the_kernel_calls_them_and_in_full() {
        assert_eq!(name("VLLM::EngineCor", "VLLM::EngineCore_0"), "VLLM::EngineCore_0");
        assert_eq!(name("ray::IDLE", "ray::IDLE|||"), "ray::IDLE");
        assert_eq!(name("tritonserver", "/opt/tritonserver/bin/tritonserver|--token=x"), "tritonserver");
        assert_eq!(name("Xorg", "/usr/lib/xorg/Xorg|:0"), "Xorg");
        assert_eq!(name("kworker/0:1", ""), "kworker/0:1");
        assert_eq!(name("real", "another-name"), "real");
        assert_eq!(name("postgres", "postgres: writer process"), "postgres");
        assert_eq!(name("", ""), "");
    }

    #[test]
    fn a_name_obeys_no_terminal_and_ends() {
        assert_eq!(name("\u{1b}[2J", ""), "\\x1b[2J");
        let long = name("python3", &format!("python3|-m|{}", "ä".repeat(200)));
        assert_eq!((long.chars().count(), long.ends_with('…')), (64, true), "{long}");
    }
}
