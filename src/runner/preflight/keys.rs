//! Whether the agent's key or login is there, and whether it outlives the queue. Names are said, values never.

mod find;

use jiff::{SignedDuration, Timestamp};

use super::{About, Length, Look, Row, spoken};
use crate::host::credentials::Life;

use find::{Found, find};

/// Rows about keys. An agent of the person's own needs none that we know of.
pub(super) fn keys(look: &Look<'_>, length: &Length) -> Vec<Row> {
    find(look).map(|found| row(&found, look.around.now, length)).into_iter().collect()
}

/// What is wrong with the `.env` that the agent gets. Its variables are named, never what they hold.
pub(super) fn dot_env(look: &Look<'_>) -> Vec<Row> {
    let file = &look.around.dot_env_file;
    let Some(path) = &file.read else { return Vec::new() };
    let shown = path.display();
    let mut rows = Vec::new();
    if let Some(other) = &file.not_read {
        let says = format!("{shown} is read, and {} is not", other.display());
        rows.push(Row::warning(About::Keys, says, "keep one of them: the harness takes the first"));
    }
    if !file.is_utf8 {
        let says = format!("{shown} is not UTF-8: what is not reaches the agent spoilt");
        rows.push(Row::warning(About::Keys, says, "save it as UTF-8"));
    }
    if !file.half_quoted.is_empty() {
        let says = format!(
            "{shown}: {} with a quote that does not end the value: the agent gets the quote and all behind it",
            match file.half_quoted.as_slice() {
                [name] => format!("{name} begins"),
                names => format!("{} begin", names.join(", ")),
            }
        );
        rows.push(Row::warning(About::Keys, says, "quote the whole value or nothing, and write comments into lines of their own"));
    }
    rows
}

fn row(found: &Found, now: Timestamp, length: &Length) -> Row {
    let (credential, renew) = match found {
        Found::There { credential, renew } => (credential, renew),
        // a program of the person's own may bring its own key: unknown is not missing
        Found::Missing { says, fix } => return Row::warning(About::Keys, format!("{says}: expect every item to fail"), fix.clone()),
        Found::Unclear { says, fix } => return Row::warning(About::Keys, says.clone(), fix.clone()),
        Found::NotNeeded { says } => return Row::ok(About::Keys, says),
    };
    let from = &credential.from;
    let renews = if matches!(credential.life, Life::Renews(_)) { ", renews itself" } else { "" };
    match (credential.life, credential.life.end()) {
        (Life::Unknown, _) => {
            let says = format!("{from} ends some time, and nothing here says when; the queue needs {}", length.words());
            Row::warning(About::Keys, says, format!("be sure that it is new: {renew}"))
        }
        (_, None) => Row::ok(About::Keys, format!("{from}{renews}")),
        (_, Some(end)) if end <= now => {
            let says = format!("{from} expired {} ago, at {}", spoken(between(end, now)), local(end, now));
            Row::blocked(About::Keys, says, renew.clone())
        }
        (_, Some(end)) => {
            let left = between(now, end);
            if length.seconds().is_some_and(|needs| needs <= left) {
                return Row::ok(About::Keys, format!("{from}{renews}, good for {}; the queue needs {}", spoken(left), length.words()));
            }
            let says = format!("{from} expires in {}; the queue needs {}", spoken(left), length.words());
            Row::warning(About::Keys, says, format!("{renew} before, or expect items to fail from {} on", local(end, now)))
        }
    }
}

/// Seconds from one moment to a later one.
fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).max(SignedDuration::ZERO).as_secs_f64()
}

/// Local time of day, with the day where it is not the same.
fn local(at: Timestamp, now: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    let format = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(format).to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]
mod tests {
    use super::*;
    use crate::host::credentials::Credential;
    use crate::runner::preflight::Check;

    fn said(life: Life, length: &Length) -> (Check, String) {
        let now: Timestamp = "2026-01-24T07:50:00Z".parse().unwrap();
        let there = Found::There { credential: Credential { from: "X_KEY".to_owned(), life }, renew: "renew it".to_owned() };
        let row = row(&there, now, length);
        (row.check, row.sentence())
    }

    #[test]
    fn an_end_is_held_against_the_length_of_the_queue() {
        let measured = |minutes: u64| {
            let (p50_ms, p90_ms) = (minutes * 60_000, minutes * 90_000);
            let (from, at) = (crate::plan::eta::From::default(), Timestamp::UNIX_EPOCH);
            Length::Measured { items: 10, left: crate::plan::eta::Left { p50_ms, p90_ms, from, lacks: Vec::new(), at } }
        };
        let end = Life::Until("2026-01-24T11:10:00Z".parse().unwrap());
        let (check, says) = said(end, &measured(180));
        assert_eq!(check, Check::Warning);
        assert!(
            says.starts_with("X_KEY expires in 3 h 20 min; the queue needs about 3–4.5 h: renew it before, or expect items to fail from "),
            "{says}"
        );
        assert_eq!(said(end, &measured(8)), (Check::Ok, "X_KEY, good for 3 h 20 min; the queue needs about 8–12 min".to_owned()));
        assert_eq!(said(end, &Length::Unknown).0, Check::Warning);
        let over = Life::Until("2026-01-24T07:49:00Z".parse().unwrap());
        let (check, says) = said(over, &measured(1));
        assert_eq!((check, says.starts_with("X_KEY expired 1 min ago, at ")), (Check::Blocked, true), "{says}");
        assert_eq!(said(Life::Renews(None), &Length::Unknown), (Check::Ok, "X_KEY, renews itself".to_owned()));
        assert_eq!(said(Life::Lasting, &Length::Unknown), (Check::Ok, "X_KEY".to_owned()));
        assert_eq!(said(Life::Unknown, &measured(1)).0, Check::Warning);
    }
}
