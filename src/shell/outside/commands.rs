//! The person's pager and editor, as their variables name them. No shell reads them: they are words, quoted as a shell would.

/// Pagers and editors that take the line to begin with as `+12`.
const TAKE_LINES: [&str; 20] = [
    "less",
    "more",
    "most",
    "vi",
    "vim",
    "nvim",
    "view",
    "vis",
    "nvi",
    "vile",
    "elvis",
    "nano",
    "pico",
    "emacs",
    "emacsclient",
    "micro",
    "kak",
    "joe",
    "jed",
    "ne",
];

/// Pagers that draw colours without being told.
const TAKE_COLOURS: [&str; 6] = ["most", "bat", "batcat", "moar", "moor", "ov"];

/// A command to which the name of a file is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// Variables for it.
    pub(super) variables: Vec<(&'static str, &'static str)>,
    /// Whether it draws colours.
    pub(super) takes_colours: bool,
    /// Whether it takes the line to begin with.
    pub(super) takes_lines: bool,
}

impl Command {
    /// `$PAGER`, or `less -R`.
    pub(super) fn pager(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut command = Self::of(&["PAGER"], "less -R", &variable)?;
        if command.program() == "less" {
            // as git does it: who set LESS knows what they want
            let options = variable("LESS");
            if options.is_none() {
                command.variables.push(("LESS", "R"));
            }
            let raw =
                |word: &str| word.eq_ignore_ascii_case("--raw-control-chars") || (!word.starts_with("--") && word.contains(['r', 'R']));
            let asked = command.words.iter().skip(1).any(|word| word.starts_with('-') && raw(word));
            command.takes_colours = asked || options.is_none_or(|options| options.split_whitespace().any(raw));
        }
        Ok(command)
    }

    /// `$VISUAL`, or `$EDITOR`, or `vi`.
    pub(super) fn editor(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        Ok(Self { takes_colours: false, ..Self::of(&["VISUAL", "EDITOR"], "vi", &variable)? })
    }

    fn of(names: &[&str], otherwise: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = names.iter().find_map(|name| Some((*name, variable(name).filter(|text| !text.trim().is_empty())?)));
        let words = match &set {
            Some((name, text)) => shlex::split(text).ok_or_else(|| format!("{name}={text} is no command: a quote in it has no end"))?,
            None => otherwise.split(' ').map(str::to_owned).collect(),
        };
        let mut command = Self { words, variables: Vec::new(), takes_colours: false, takes_lines: false };
        command.takes_colours = TAKE_COLOURS.contains(&command.program());
        command.takes_lines = TAKE_LINES.contains(&command.program());
        Ok(command)
    }

    /// The program's name without its folder.
    fn program(&self) -> &str {
        self.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn variables_are_words_as_a_shell_quotes_them() {
        let words = |pairs: &[(&str, &str)]| Command::editor(with(pairs)).map(|command| command.words);
        assert_eq!(words(&[("EDITOR", "code --wait")]).unwrap(), ["code", "--wait"]);
        assert_eq!(words(&[("EDITOR", "nano"), ("VISUAL", "\"/opt/my editor\" -c 'set ro'")]).unwrap(), ["/opt/my editor", "-c", "set ro"]);
        assert_eq!(words(&[("EDITOR", "  "), ("VISUAL", "")]).unwrap(), ["vi"]);
        assert_eq!(words(&[("EDITOR", "vi 'x")]).unwrap_err(), "EDITOR=vi 'x is no command: a quote in it has no end");
    }

    #[test]
    fn colours_are_for_those_that_draw_them() {
        let takes = |pairs: &[(&str, &str)]| Command::pager(with(pairs)).unwrap().takes_colours;
        assert!(
            takes(&[])
                && takes(&[("PAGER", "/usr/bin/less")])
                && takes(&[("PAGER", "less -iR"), ("LESS", "-i")])
                && takes(&[("PAGER", "bat")])
        );
        assert!(!takes(&[("PAGER", "cat")]) && !takes(&[("PAGER", "less"), ("LESS", "-i")]) && !takes(&[("PAGER", "more")]));
        assert_eq!(Command::pager(with(&[("PAGER", "less")])).unwrap().variables, [("LESS", "R")]);
        assert_eq!(Command::pager(with(&[("LESS", "FX")])).unwrap().variables, []);
        let lines = |pairs: &[(&str, &str)]| Command::editor(with(pairs)).unwrap().takes_lines;
        assert!(lines(&[]) && lines(&[("EDITOR", "/usr/bin/nvim -R")]) && !lines(&[("EDITOR", "code --wait")]));
    }
}
