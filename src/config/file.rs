//! `isobench-tui.toml` as it is written: which keys, where, and whether they make sense.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, images, line_and_column, time_of_day, wrong};
use crate::domain::ItemId;

/// A larger file is no configuration, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The largest number that makes sense anywhere: minutes, seconds, dollars, percent.
const MOST: f64 = 1e7;

/// A file as it is written.
#[derive(Debug)]
pub(super) struct Written {
    /// The file.
    pub(super) path: PathBuf,
    /// Its values; defaults where it has none.
    pub(super) config: Config,
    /// The keys that it has, with the bytes where their values stand.
    places: BTreeMap<String, Range<usize>>,
    text: String,
}

impl Written {
    /// Reads a file; `None` when it is not there and was not asked for by name.
    pub(super) fn read(path: &Path, asked_for: bool) -> Result<Option<Self>, ConfigError> {
        match bytes(path) {
            Ok(bytes) => Self::parse(path, bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !asked_for => Ok(None),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    pub(super) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, ConfigError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = String::from_utf8_lossy(error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default());
            malformed(path, &before, before.len(), "the file is not UTF-8 here: save it as UTF-8".to_owned())
        })?;
        let mut file = Self { path: path.to_owned(), config: Config::default(), places: BTreeMap::new(), text };
        file.places = file.keys()?;
        file.config = toml::from_str(&file.text).map_err(|error| file.mistyped(&error))?;
        file.config.nothing_is_none();
        file.check()?;
        Ok(file)
    }

    /// Whether the file has this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// The keys that the file has, each with its line.
    pub(super) fn keys_with_lines(&self) -> impl Iterator<Item = (&str, usize)> {
        self.places.iter().map(|(key, place)| (key.as_str(), line_and_column(&self.text, place.start).0))
    }

    /// What is wrong with the value of a key.
    pub(super) fn unfit(&self, key: &str, says: &str) -> ConfigError {
        let at = self.places.get(key).map_or(0, |place| place.start);
        malformed(&self.path, &self.text, at, format!("{key}: {says}"))
    }

    /// What is wrong with a part of the value of a key, where that part stands in it as it is.
    fn unfit_part(&self, key: &str, part: &str, says: &str) -> ConfigError {
        let place = self.places.get(key).cloned().unwrap_or(0..0);
        let within = self.text.get(place.clone()).and_then(|value| value.find(part)).unwrap_or_default();
        malformed(&self.path, &self.text, place.start.saturating_add(within), format!("{key}: {says}"))
    }

    /// Every key, none of which may be unknown. Of several wrong ones the first is said.
    fn keys(&self) -> Result<BTreeMap<String, Range<usize>>, ConfigError> {
        let table = DeTable::parse(&self.text).map_err(|error| self.mistyped(&error))?;
        let (mut places, mut wrong) = (BTreeMap::new(), Vec::new());
        let known = Config::keys();
        for (name, value) in table.get_ref() {
            let word = name.get_ref().as_ref();
            let is_table = known.iter().any(|key| key.split_once('.').is_some_and(|(table, _)| table == word));
            match value.get_ref() {
                DeValue::Table(table) if is_table => look_into(word, table, &known, &mut places, &mut wrong),
                _ if is_table => {
                    wrong.push((value.span().start, format!("{word} is a table: write [{word}] and its keys below it")));
                }
                _ if known.iter().any(|key| key == word) => {
                    places.insert(word.to_owned(), value.span());
                }
                _ => wrong.push((name.span().start, wrong::key(None, word))),
            }
        }
        match wrong.into_iter().min() {
            Some((at, says)) => Err(malformed(&self.path, &self.text, at, says)),
            None => Ok(places),
        }
    }

    /// The parser's error, with the key that it is about, in words.
    fn mistyped(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        let about = self.places.iter().find(|(_, place)| place.start <= span.start && span.end <= place.end.max(place.start + 1));
        let says = plain(error.message());
        let says = about.map_or_else(|| says.clone(), |(key, _)| format!("{key}: {says}"));
        malformed(&self.path, &self.text, span.start, says)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let config = &self.config;
        if let Some(until) = &config.limits.until
            && time_of_day(until).is_none()
        {
            return Err(self.unfit("limits.until", &format!("'{until}' is no time of day; write it as \"08:00\"")));
        }
        if config.limits.run_usd.is_some() && config.limits.usd_per_mtok_input == 0.0 && config.limits.usd_per_mtok_output == 0.0 {
            return Err(self.unfit("limits.run_usd", "needs usd_per_mtok_input and usd_per_mtok_output to count by"));
        }
        if let Some(why) = ItemId(config.agent.name.clone()).unfit() {
            return Err(self.unfit("agent.name", &format!("'{}': {why}", config.agent.name)));
        }
        let with_nul = config.leaves().into_iter().find(|(_, value)| has_nul(value));
        if let Some((key, _)) = with_nul {
            return Err(self.unfit(&key, NUL));
        }
        let never_empty = [
            ("paths.state", config.paths.state.as_os_str().is_empty()),
            ("paths.work", config.paths.work.as_os_str().is_empty()),
            ("harness.python", config.harness.python.is_empty()),
            ("agent.model_name", config.agent.model_name.is_empty()),
        ];
        if let Some((key, _)) = never_empty.into_iter().find(|(_, empty)| *empty) {
            return Err(self.unfit(key, "it is empty: write something, or leave the key out"));
        }
        if let Some((part, says)) = config.arms.images.iter().find_map(|image| images::unfit(image)) {
            return Err(self.unfit_part("arms.images", &part, &says));
        }
        if let Some((key, part, says)) = config.docker.unfit() {
            return Err(self.unfit_part(key, &part, &says));
        }
        if config.arms.repeat == 0 {
            return Err(
                self.unfit("arms.repeat", "0: an arm is measured once at least; without arms leave arms.command and arms.engine out")
            );
        }
        let numbers = [
            ("agent.max_usd", config.agent.max_usd.unwrap_or_default()),
            ("agent.silence_s", config.agent.silence_s.unwrap_or_default()),
            ("arms.threshold_pct", config.arms.threshold_pct),
            ("arms.gpu_wait", config.arms.gpu_wait),
            ("judge.timeout_s", config.judge.timeout_s),
            ("budget.worktree", config.budget.worktree),
            ("budget.agent", config.budget.agent),
            ("budget.check", config.budget.check),
            ("budget.pull", config.budget.pull),
            ("budget.arm", config.budget.arm),
            ("budget.ready", config.budget.ready),
            ("budget.bench", config.budget.bench),
            ("docker.shm_gib", config.docker.shm_gib),
            ("limits.run_usd", config.limits.run_usd.unwrap_or_default()),
            ("limits.usd_per_mtok_input", config.limits.usd_per_mtok_input),
            ("limits.usd_per_mtok_output", config.limits.usd_per_mtok_output),
            ("retry.backoff_s", config.retry.backoff_s),
            ("breaker.probe_minutes", config.breaker.probe_minutes),
        ];
        match numbers.into_iter().find_map(|(key, number)| Some((key, out_of_range(number)?))) {
            Some((key, says)) => Err(self.unfit(key, &says)),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Nothing written, or a limit of 0, is no value: so that a person can take back what `bench.yaml` says.
    fn nothing_is_none(&mut self) {
        let paths = [
            &mut self.repo,
            &mut self.agent.config_file,
            &mut self.prompt.template,
            &mut self.harness.bench,
            &mut self.harness.task,
            &mut self.arms.mapping,
        ];
        for path in paths {
            path.take_if(|path| path.as_os_str().is_empty());
        }
        let texts = [
            &mut self.agent.model,
            &mut self.agent.cli,
            &mut self.agent.trajectory,
            &mut self.agent.profile,
            &mut self.prompt.from,
            &mut self.limits.until,
        ];
        for text in texts {
            text.take_if(|text| text.trim().is_empty());
        }
        self.agent.max_steps.take_if(|steps| *steps == 0);
        self.agent.max_usd.take_if(|usd| *usd == 0.0);
        self.agent.silence_s.take_if(|seconds| *seconds == 0.0);
        self.limits.item_tokens.take_if(|tokens| *tokens == 0);
        self.limits.run_tokens.take_if(|tokens| *tokens == 0);
        self.limits.run_usd.take_if(|usd| *usd == 0.0);
    }
}

/// What is wrong with a text that holds one.
pub(super) const NUL: &str = "it holds a NUL, which no path and no program can be told";

/// Whether there is a NUL in a text or in one of several.
pub(super) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        _ => false,
    }
}

/// Why a number makes no sense as an amount of time, money or percent; `None` when it does.
pub(super) fn out_of_range(number: f64) -> Option<String> {
    // nobody reads three hundred digits
    let shown = if number.is_finite() && number.abs() >= 1e15 { format!("{number:e}") } else { number.to_string() };
    (!(0.0..=MOST).contains(&number)).then(|| format!("{shown} is out of range; write a number from 0 to {MOST}"))
}

/// The keys of a table: those that there are with their places, and what is wrong with the others.
fn look_into(
    table: &str,
    found: &DeTable<'_>,
    known: &[String],
    places: &mut BTreeMap<String, Range<usize>>,
    wrong: &mut Vec<(usize, String)>,
) {
    for (name, value) in found {
        let key = format!("{table}.{}", name.get_ref());
        if !known.contains(&key) {
            wrong.push((name.span().start, wrong::key(Some(table), name.get_ref())));
            continue;
        }
        if let Some(says) = wrong_word(&key, value) {
            wrong.push((value.span().start, says));
        }
        places.insert(key, value.span());
    }
}

/// What is wrong with the value of a key that may have a few words only.
fn wrong_word(key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let right = wrong::words(key)?;
    let word = value.get_ref().as_str()?;
    (!right.contains(&word)).then(|| format!("{key} = \"{word}\": {}", wrong::word(word, right)))
}

/// The words of the parser in words for people.
fn plain(says: &str) -> String {
    let of_types = says.strip_prefix("invalid type: ").or_else(|| says.strip_prefix("invalid value: "));
    let Some((found, wanted)) = of_types.and_then(|rest| rest.rsplit_once(", expected ")) else {
        return says.lines().next().unwrap_or(says).to_owned();
    };
    // the parser's own kind of number is nobody's business
    let found = found.strip_suffix(" as i128").or_else(|| found.strip_suffix(" as u128")).unwrap_or(found);
    let wanted = match wanted {
        "f32" | "f64" => "a number",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 up",
        "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "path string" | "string" => "text in quotes",
        "a sequence" => "a list: [\"…\", \"…\"]",
        other => other,
    };
    format!("{found} stands here, and it must be {wanted}")
}

fn malformed(path: &Path, text: &str, at: usize, says: String) -> ConfigError {
    let (line, column) = line_and_column(text, at);
    ConfigError::Malformed { path: path.to_owned(), line, column, says }
}

/// The bytes of a file. A pipe or a device in its place is an error: reading one may never end.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(nonblock).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB: no configuration is"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        match Written::parse(Path::new("isobench-tui.toml"), text.as_bytes().to_vec()) {
            Ok(written) => format!("fine: {:?}", written.places.keys()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_what_would_be_right() {
        let cases = [
            ("[agent]\n  comand = [\"a\"]", "isobench-tui.toml:2:3: unknown key 'agent.comand': did you mean agent.command?"),
            ("[agent]\ntask = \"a\"", "isobench-tui.toml:2:1: unknown key 'agent.task': it is prompt.template here"),
            ("max_steps = 3", "isobench-tui.toml:1:1: unknown key 'max_steps': max_steps belongs to [agent]"),
            ("[agnet]\nname = \"a\"", "isobench-tui.toml:1:2: unknown key 'agnet': did you mean [agent]?"),
            ("agent.knd = \"trae\"", "isobench-tui.toml:1:7: unknown key 'agent.knd': did you mean agent.kind?"),
            (
                "[agent]\nkind = \"claud_code\"",
                "isobench-tui.toml:2:8: agent.kind = \"claud_code\": did you mean claude_code? It may be trae, codex, codex_cli, claude_code, openhands, command",
            ),
            (
                "[arms]\nimages = [\"a:{human}\",\n  \"b:{sha}\"]",
                "isobench-tui.toml:3:6: arms.images: {sha} is no word of ours: there are {human} ",
            ),
            ("[arms]\nimages = \"a\"", "isobench-tui.toml:2:10: arms.images: string \"a\" stands here, and it must be a list"),
            ("[arms]\nprune = \"al\"", "isobench-tui.toml:2:9: arms.prune = \"al\": "),
            (
                "[arms]\ngpus = \"all\"",
                "isobench-tui.toml:2:8: arms.gpus: string \"all\" stands here, and it must be a list of GPUs as nvidia-smi counts them",
            ),
            ("[arms]\ngpus = [-1]", "isobench-tui.toml:2:9: arms.gpus: integer `-1` stands here, and it must be a whole number"),
            ("[arms]\ngpu = [1]", "isobench-tui.toml:2:1: unknown key 'arms.gpu': did you mean arms.gpus?"),
            ("[arms]\ngpu_wait = -1", "isobench-tui.toml:2:12: arms.gpu_wait: -1 is out of range"),
            ("[budget]\npull = -1", "isobench-tui.toml:2:8: budget.pull: -1 is out of range"),
            ("[agent]\nkind = 3", "isobench-tui.toml:2:8: agent.kind: "),
            ("agent = 3", "isobench-tui.toml:1:9: agent is a table: write [agent] and its keys below it"),
            ("hold = 1", "isobench-tui.toml:1:8: hold: integer `1` stands here, and it must be true or false"),
            ("[budget]\nagent = \"long\"", "isobench-tui.toml:2:9: budget.agent: string \"long\" stands here, and it must be a number"),
            (
                "[agent]\nmax_steps = -1",
                "isobench-tui.toml:2:13: agent.max_steps: integer `-1` stands here, and it must be a whole number from 0 to 4294967295",
            ),
            ("[agent]\nmax_steps = 99999999999", "isobench-tui.toml:2:13: agent.max_steps: integer `99999999999` stands here"),
            (
                "[limits]\nrun_tokens = 99999999999999999999999999",
                "isobench-tui.toml:2:14: limits.run_tokens: integer `99999999999999999999999999` stands here",
            ),
            ("[agent]\nmax_usd = 1e300", "isobench-tui.toml:2:11: agent.max_usd: 1e300 is out of range"),
            ("[agent]\ncommand = \"sh\"", "isobench-tui.toml:2:11: agent.command: string \"sh\" stands here, and it must be a list"),
            ("[agent]\nmodel = [1]", "isobench-tui.toml:2:9: agent.model: "),
            ("[budget]\narm = nan", "isobench-tui.toml:2:7: budget.arm: NaN is out of range"),
            ("[arms]\nthreshold_pct = inf", "isobench-tui.toml:2:17: arms.threshold_pct: inf is out of range"),
            ("[agent]\nmax_usd = -0.5", "isobench-tui.toml:2:11: agent.max_usd: -0.5 is out of range"),
            ("[limits]\nuntil = \"8\"", "isobench-tui.toml:2:9: limits.until: '8' is no time of day"),
            ("[limits]\nuntil = 08:00:00", "isobench-tui.toml:2:9: limits.until: "),
            ("[paths]\nwork = \"\"", "isobench-tui.toml:2:8: paths.work: it is empty"),
            ("hold = true\nhold = false", "isobench-tui.toml:2:1: duplicate key"),
            ("[agent]\n[agent]", "isobench-tui.toml:2:"),
            ("[[agent]]\nname = \"a\"", "isobench-tui.toml:1:"),
            ("[agent]\ncommand = [\"a\", \"b\\u0000\"]", "isobench-tui.toml:2:11: agent.command: it holds a NUL"),
            ("[agent", "isobench-tui.toml:1:"),
            ("[agent]\nkind.name = 3", "isobench-tui.toml:2:"),
            ("hold = true\nb = 1\n[agent]\nzz = 1", "isobench-tui.toml:2:1: unknown key 'b'"),
        ];
        for (text, wanted) in cases {
            let said = says(text);
            assert!(said.starts_with(wanted), "{text}: {said}");
        }
    }

    #[test]
    fn what_is_no_text_is_named_with_its_place() {
        let error = Written::parse(Path::new("c.toml"), b"hold = true\n# \xff".to_vec()).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err("c.toml:2:3: the file is not UTF-8 here: save it as UTF-8".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Written::parse(Path::new("c.toml"), bytes);
        }

        #[test]
        fn no_text_is_a_panic(text in "(\\[(agent|budget|x)\\]\n|(kind|max_steps|arm|é) = (1|-1|nan|\"trae\"|\\[1\\]|\\{a=1\\})\n){0,6}") {
            let _ = Written::parse(Path::new("c.toml"), text.into_bytes());
        }
    }
}
