//! The rung `server`: whether the server with the patch got ready.

use crate::domain::{Answer, BenchKind, FailureClass, Rung, RungAnswer};

/// How the agent's arm ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArmEnd<'a> {
    /// With numbers.
    Numbers,
    /// Without, by this cause, in a sentence.
    Failed(FailureClass, &'a str),
    /// It did not come to an end, or was never begun.
    NotRun,
}

/// What servers say once they take requests: uvicorn below vLLM of every version, SGLang.
const READY: [&str; 4] =
    ["Application startup complete", "Uvicorn running on", "The server is fired up and ready to roll", "server is ready"];

/// What the arm says of its server. `kind` is what was measured; where nothing tells it, no server is known to be needed.
/// `output` is what the arm printed, server included.
pub fn server(kind: Option<BenchKind>, end: ArmEnd<'_>, output: &str) -> RungAnswer {
    let said = || READY.into_iter().find(|says| output.contains(says));
    let (answer, evidence) = match (kind, end) {
        (None | Some(BenchKind::Latency | BenchKind::Throughput | BenchKind::PrefixCaching), end) => match end {
            // an offline engine that dies of the same is no server
            ArmEnd::Failed(FailureClass::ServerCrashed | FailureClass::ServerNeverReady, why) if kind.is_none() => {
                (Answer::No, why.to_owned())
            }
            _ => (Answer::NotApplicable, kind.map_or("no server is known to be needed", |_| "no server is needed").to_owned()),
        },
        (Some(BenchKind::Serving), ArmEnd::Numbers) => (Answer::Yes, "it answered the benchmark's requests".to_owned()),
        (Some(BenchKind::Serving), end) => match (said(), end) {
            (Some(says), _) => (Answer::Yes, format!("it said '{says}'")),
            (None, ArmEnd::Failed(FailureClass::ServerCrashed | FailureClass::ServerNeverReady, why)) => (Answer::No, why.to_owned()),
            (None, ArmEnd::Failed(_, why)) => (Answer::Unchecked, format!("the arm failed first: {why}")),
            (None, _) => (Answer::Unchecked, "the agent's arm was not run".to_owned()),
        },
    };
    RungAnswer { rung: Rung::Server, answer, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_for_only_where_one_is_needed() {
        use BenchKind as Kind;
        use FailureClass as Class;
        let of = |kind, end, output| server(kind, end, output).answer;
        let crashed = ArmEnd::Failed(Class::ServerCrashed, "server_crashed: it died");
        let failed = ArmEnd::Failed(Class::ImageMissing, "no image");
        assert_eq!(of(Some(Kind::Latency), ArmEnd::Numbers, ""), Answer::NotApplicable);
        assert_eq!(of(Some(Kind::Throughput), failed, ""), Answer::NotApplicable);
        assert_eq!(of(None, ArmEnd::Numbers, ""), Answer::NotApplicable);
        assert_eq!(of(None, crashed, ""), Answer::No);
        assert_eq!(of(Some(Kind::Serving), ArmEnd::Numbers, ""), Answer::Yes);
        assert_eq!(of(Some(Kind::Serving), crashed, ""), Answer::No);
        assert_eq!(of(Some(Kind::Serving), crashed, "INFO:     Application startup complete.\nboom"), Answer::Yes);
        assert_eq!(of(Some(Kind::Serving), failed, ""), Answer::Unchecked);
        assert_eq!(of(Some(Kind::Serving), ArmEnd::NotRun, ""), Answer::Unchecked);
    }
}
