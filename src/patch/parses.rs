//! The rung `parses`: every changed file whose language has a grammar, as it is with the patch.

use super::grammar::{Language, Parsed, Source, parse};
use super::ladder::answer;
use super::{ChangedFile, Mark};
use crate::domain::{Answer, Rung, RungAnswer};
use crate::host::trial::{Side, Trial};
use crate::text::count;

/// A file's texts before and after the patch, as far as they are known.
type Texts = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Looks at each file: with git at all of them, without it at those that the patch adds whole.
pub(super) fn parses(files: &[&ChangedFile<'_>], trial: Option<&Trial>, applies: &RungAnswer) -> RungAnswer {
    let known: Vec<(&ChangedFile<'_>, Language)> =
        files.iter().filter(|file| file.has_text()).filter_map(|file| Language::of(&file.path).map(|language| (*file, language))).collect();
    if known.is_empty() {
        return answer(Rung::Parses, Answer::NotApplicable, "no changed file is Python, C, C++ or CUDA");
    }
    let (texts, why_not) = texts(&known, trial, applies);
    let sources: Vec<Source<'_>> = known
        .iter()
        .zip(&texts)
        .filter_map(|((file, language), (before, after))| {
            let added = file.after().filter(|(_, mark, _)| *mark == Mark::Added).map(|(line, _, _)| line).collect();
            Some(Source { language: *language, path: &file.path, before: before.as_deref(), after: after.as_deref()?, added })
        })
        .collect();
    let parsed = parse(&sources);
    let told = || sources.iter().zip(&parsed);
    let broken: Vec<String> = told()
        .filter_map(|(source, parsed)| match parsed {
            Parsed::Broken(what) => Some(format!("{}:{what}", source.path)),
            _ => None,
        })
        .collect();
    if let Some(first) = broken.first() {
        let more = if broken.len() > 1 { format!("; {} more", count(broken.len() - 1, "file")) } else { String::new() };
        return answer(Rung::Parses, Answer::No, &format!("{first}{more}"));
    }
    let fine = parsed.iter().filter(|parsed| **parsed == Parsed::Fine).count();
    if fine == known.len() {
        return answer(Rung::Parses, Answer::Yes, &format!("{} can be parsed", count(fine, "changed file")));
    }
    let unknown = told().find_map(|(source, parsed)| match parsed {
        Parsed::Unknown(why) => Some(format!("{}: {why}", source.path)),
        _ => None,
    });
    let why = unknown.unwrap_or(why_not);
    answer(Rung::Parses, Answer::Unchecked, &format!("{fine} of {} can be parsed; {why}", count(known.len(), "changed file")))
}

/// What is known of the files' texts, and why the others are not.
fn texts(known: &[(&ChangedFile<'_>, Language)], trial: Option<&Trial>, applies: &RungAnswer) -> (Vec<Texts>, String) {
    let alone = || known.iter().map(|(file, _)| (None, file.whole().map(String::into_bytes))).collect();
    let Some(trial) = trial else {
        let why = if applies.answer == Answer::No { "the patch does not apply" } else { applies.evidence.as_str() };
        return (alone(), why.to_owned());
    };
    let before = known.iter().map(|(file, _)| (Side::Before, file.old_path.as_deref().unwrap_or(&file.path)));
    let after = known.iter().map(|(file, _)| (Side::After, file.path.as_str()));
    match trial.texts(&before.chain(after).collect::<Vec<_>>()) {
        Ok(mut texts) => {
            let after = texts.split_off(known.len().min(texts.len()));
            let paired = known.iter().zip(texts.into_iter().zip(after));
            // of a file that the patch makes it is known that nothing was there before
            let texts = paired.map(|((file, _), (before, after))| {
                let is_new = before.is_none() && file.old_path.is_none() && file.whole().is_some();
                (before.or_else(|| is_new.then(Vec::new)), after)
            });
            (texts.collect(), "git does not give the others".to_owned())
        }
        Err(why) => (alone(), why.to_string()),
    }
}
