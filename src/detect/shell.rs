//! A shell's command, read far enough to say what it does: its parts, their words, and the files that they write.

/// Bytes of a command that are looked at.
const MOST: usize = 16 * 1024;

/// Parts of a command that are looked at, and words of each.
const PARTS: usize = 48;
const WORDS: usize = 40;

/// A simple command between `&&`, `;`, `|` and the like.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Its words, quotes gone, settings of variables in front of it too.
    pub(super) words: Vec<String>,
    /// The files that its output goes to.
    pub(super) into: Vec<String>,
    /// What a here-document gives it.
    pub(super) body: String,
    /// Whether its input is a pipe.
    pub(super) is_piped: bool,
}

impl Part {
    /// Its program, the folder gone; empty where there is none.
    pub(super) fn program(&self) -> &str {
        let first = self.words.first().map(String::as_str).unwrap_or_default();
        first.rsplit('/').next().unwrap_or_default()
    }

    /// Its words behind the program.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(String::as_str)
    }

    /// Its words behind the program that are no options.
    pub(super) fn operands(&self) -> impl Iterator<Item = &str> {
        self.rest().filter(|word| !word.starts_with('-'))
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.into.is_empty()
    }
}

/// A command without the change of folder in front of it.
pub(super) fn without_cd(command: &str) -> &str {
    let mut text = command.trim();
    while let Some(rest) = text.strip_prefix("cd ") {
        // `cd a; cd b` and `cd a \n make` too, but not a folder in quotes that holds such a mark
        let Some((folder, rest)) = rest.split_once([';', '\n', '&']) else { break };
        if folder.contains(['"', '\'']) && folder.matches(['"', '\'']).count() % 2 == 1 {
            break;
        }
        text = rest.trim_start_matches(['&', ';', '\n', ' ', '\t']);
    }
    text
}

/// Whether a command leaves something behind that goes on: `make > log &`, `nohup make`.
pub(super) fn runs_in_background(command: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    // what a here-document holds is no command
    let command = command.split("<<").next().unwrap_or_default();
    let mut chars = command.chars().take(MOST).peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(char),
            // not `&&`, `&>`, `>&` and the like
            (None, '&') if !matches!(before, '&' | '>' | '<' | '|') && !matches!(chars.peek(), Some('&' | '>')) => return true,
            (None, _) => {}
        }
        before = char;
    }
    command.split_ascii_whitespace().any(|word| word == "nohup")
}

/// The parts of a command.
pub(super) fn parts(command: &str) -> Vec<Part> {
    let end = (0..=MOST.min(command.len())).rev().find(|at| command.is_char_boundary(*at)).unwrap_or_default();
    let text = command.get(..end).unwrap_or_default();
    let mut reader = Reader { rest: text, ..Reader::default() };
    while reader.parts.len() < PARTS && reader.token() {}
    reader.end_part(false);
    reader.parts
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    word: String,
    /// Whether the word is one, even if empty: `''`.
    has_word: bool,
    /// The next word names the file that the output goes to, or nothing that matters.
    redirect: Option<Redirect>,
    part: Part,
    /// Ends of the here-documents that begin with the next line.
    waiting: Vec<String>,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirect {
    Into,
    From,
    Here,
}

impl Reader<'_> {
    /// Takes the next thing; false at the end.
    fn token(&mut self) -> bool {
        let mut chars = self.rest.chars();
        let Some(char) = chars.next() else { return false };
        self.rest = chars.as_str();
        match char {
            '\\' => {
                let next = chars.next();
                self.rest = chars.as_str();
                self.word.extend(next.filter(|next| *next != '\n'));
                self.has_word = true;
            }
            '\'' | '"' => self.quoted(char),
            '#' if !self.has_word => self.rest = self.rest.find('\n').and_then(|at| self.rest.get(at..)).unwrap_or_default(),
            '<' => self.input(),
            '>' => self.output(),
            '\n' => {
                self.end_part(false);
                self.here_documents();
            }
            ';' => self.end_part(false),
            '&' => {
                if let Some(rest) = self.rest.strip_prefix('>') {
                    self.rest = rest;
                    self.output();
                } else {
                    self.rest = self.rest.strip_prefix('&').unwrap_or(self.rest);
                    self.end_part(false);
                }
            }
            '|' => {
                let is_or = self.rest.starts_with('|');
                self.rest = self.rest.strip_prefix(['|', '&']).unwrap_or(self.rest);
                self.end_part(!is_or);
            }
            '(' | ')' | '{' | '}' if !self.has_word => {}
            _ if char.is_whitespace() => self.end_word(),
            _ => {
                self.word.push(char);
                self.has_word = true;
            }
        }
        true
    }

    fn quoted(&mut self, quote: char) {
        self.has_word = true;
        let mut chars = self.rest.chars();
        while let Some(char) = chars.next() {
            match char {
                _ if char == quote => break,
                '\\' if quote == '"' => self.word.extend(chars.next()),
                _ => self.word.push(char),
            }
        }
        self.rest = chars.as_str();
    }

    fn input(&mut self) {
        self.end_word();
        if let Some(rest) = self.rest.strip_prefix("<<") {
            self.rest = rest;
            self.redirect = Some(Redirect::From);
        } else if let Some(rest) = self.rest.strip_prefix('<') {
            self.rest = rest.strip_prefix('-').unwrap_or(rest);
            self.redirect = Some(Redirect::Here);
        } else {
            self.redirect = Some(Redirect::From);
        }
    }

    fn output(&mut self) {
        // the number in `2>`
        if self.word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.word.clear();
            self.has_word = false;
        }
        self.end_word();
        self.rest = self.rest.strip_prefix('>').unwrap_or(self.rest);
        self.rest = self.rest.strip_prefix('|').unwrap_or(self.rest);
        if let Some(rest) = self.rest.strip_prefix('&') {
            self.rest = rest;
            self.redirect = Some(Redirect::From);
        } else {
            self.redirect = Some(Redirect::Into);
        }
    }

    fn end_word(&mut self) {
        if !self.has_word {
            return;
        }
        let word = std::mem::take(&mut self.word);
        self.has_word = false;
        match self.redirect.take() {
            Some(Redirect::Into) if !word.starts_with("/dev/") => self.part.into.push(word),
            Some(Redirect::Into | Redirect::From) => {}
            Some(Redirect::Here) => self.waiting.push(word),
            None if self.part.words.is_empty() && is_no_command(&word) => {}
            None if self.part.words.len() < WORDS => self.part.words.push(word),
            None => {}
        }
    }

    fn end_part(&mut self, is_pipe: bool) {
        self.end_word();
        self.redirect = None;
        if !self.part.is_empty() {
            self.parts.push(std::mem::take(&mut self.part));
        }
        self.part.is_piped = is_pipe;
    }

    /// Takes the here-documents of the line that just ended; they belong to its last part.
    fn here_documents(&mut self) {
        for end in std::mem::take(&mut self.waiting) {
            let mut body = String::new();
            loop {
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                if line.trim() == end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
                if rest.is_empty() {
                    break;
                }
            }
            if let Some(part) = self.parts.last_mut() {
                part.body.push_str(&body);
            }
        }
    }
}

/// Words in front of a command: settings of variables, and words of the shell.
fn is_no_command(word: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    matches!(word, "!" | "then" | "do" | "else" | "if" | "while" | "time" | "nohup" | "env" | "sudo" | "exec" | "command")
        || word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        parts(command).iter().map(|part| part.words.join(" ")).collect()
    }

    #[test]
    fn a_command_falls_into_parts() {
        assert_eq!(words("cd /x && A=1 make -j 2>&1 | tail -5; git log || true"), ["cd /x", "make -j", "tail -5", "git log", "true"]);
        assert_eq!(words("grep -n 'a;b|c' \"x y\" # the rest\nls"), ["grep -n a;b|c x y", "ls"]);
        assert_eq!(words("if [ -f a ]; then echo b; fi"), ["[ -f a ]", "echo b", "fi"]);
        let piped: Vec<bool> = parts("a | b || c").iter().map(|part| part.is_piped).collect();
        assert_eq!(piped, [false, true, false]);
    }

    #[test]
    fn outputs_and_here_documents_are_found() {
        let parts = parts("cat > src/a.py <<'EOF' 2>/dev/null\nx = 1; y > 2\nEOF\npython src/a.py >> out.log 2>&1 &> both.txt");
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].words.join(" ").as_str(), parts[0].into.join(" ").as_str()), ("cat", "src/a.py"));
        assert_eq!(parts[0].body, "x = 1; y > 2\n");
        assert_eq!(parts[1].into.join(" "), "out.log both.txt");
    }

    #[test]
    fn the_folder_in_front_is_gone() {
        assert_eq!(without_cd("cd /x/y && git diff"), "git diff");
        assert_eq!(without_cd("cd /x; cd y\n  git diff"), "git diff");
        assert_eq!(without_cd("cd /x"), "cd /x");
        assert_eq!(without_cd("cdecl x"), "cdecl x");
    }

    #[test]
    fn anything_ends() {
        for text in ["'", "\"a\\", "cat <<", "cat <<X", "cat <<X\nno end", "a >", "((((", "\\", "a&", "é'é\"é"] {
            parts(text);
        }
        assert!(parts(&"a;".repeat(100_000)).len() <= PARTS);
    }
}
