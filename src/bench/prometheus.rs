//! `/metrics` of a vLLM or SGLang server, of any version (`reference/vllm-docker.md` section 2).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{FiguresFrom, ServerFigures};

/// Series that are kept for rates; no server has so many engines.
const MOST: usize = 1024;

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Running,
    Waiting,
    /// Share of the cache, 0 to 1.
    Kv,
    /// The same until 0.11; of those that say both it is left out.
    KvOld,
    Prompt,
    Generation,
    /// Tokens a second, as servers until 0.6 reckon them.
    PromptRate,
    GenerationRate,
    TtftSum,
    TtftCount,
    Answered,
    Preempted,
}

/// The names, without vLLM's or SGLang's head.
const NAMES: [(&str, What); 20] = [
    ("num_requests_running", What::Running),
    ("num_running_reqs", What::Running),
    ("num_requests_waiting", What::Waiting),
    ("num_queue_reqs", What::Waiting),
    ("kv_cache_usage_perc", What::Kv),
    ("token_usage", What::Kv),
    ("gpu_cache_usage_perc", What::KvOld),
    ("prompt_tokens_total", What::Prompt),
    ("prompt_tokens", What::Prompt),
    ("generation_tokens_total", What::Generation),
    ("generation_tokens", What::Generation),
    ("avg_prompt_throughput_toks_per_s", What::PromptRate),
    ("avg_generation_throughput_toks_per_s", What::GenerationRate),
    ("gen_throughput", What::GenerationRate),
    ("time_to_first_token_seconds_sum", What::TtftSum),
    ("time_to_first_token_seconds_count", What::TtftCount),
    ("request_success_total", What::Answered),
    ("request_success", What::Answered),
    ("num_requests_total", What::Answered),
    ("num_preemptions_total", What::Preempted),
];

impl What {
    fn of(name: &str) -> Option<Self> {
        let bare = name.strip_prefix("vllm:").or_else(|| name.strip_prefix("sglang:"))?;
        NAMES.iter().find(|(known, _)| *known == bare).map(|(_, what)| *what)
    }

    /// Whether it only grows, and says something by how much it grew.
    const fn is_counter(self) -> bool {
        matches!(self, Self::Prompt | Self::Generation | Self::TtftSum | Self::TtftCount)
    }
}

/// The counters of the last time, for rates.
#[derive(Debug, Clone, Default)]
pub struct Scrapes {
    last: Option<Timestamp>,
    /// By name and labels: of several engines one may begin anew.
    counters: BTreeMap<(What, String), f64>,
}

/// What an answer says of a thing: the sum over engines and models, and how many.
type Sums = BTreeMap<What, (f64, u32)>;

impl Scrapes {
    /// Figures of what the server answered. `None`: there is nothing in it that we know.
    pub fn figures(&mut self, text: &str, at: Timestamp) -> Option<ServerFigures> {
        let (mut sums, mut grown, mut counters) = (Sums::new(), Sums::new(), BTreeMap::new());
        let put = |sums: &mut Sums, what: What, value: f64| {
            let (sum, count) = sums.entry(what).or_default();
            (*sum, *count) = (*sum + value, count.saturating_add(1));
        };
        for (what, labels, value) in text.lines().filter_map(sample) {
            put(&mut sums, what, value);
            if what.is_counter() && counters.len() < MOST {
                let series = (what, labels.to_owned());
                if let Some(before) = self.counters.get(&series) {
                    // one that is less than before began anew
                    put(&mut grown, what, if value < *before { value } else { value - before });
                }
                counters.insert(series, value);
            }
        }
        if sums.is_empty() {
            return None;
        }
        let seconds = self.last.map_or(0.0, |last| at.duration_since(last).as_secs_f64());
        (self.last, self.counters) = (Some(at), counters);
        let sum = |what: What| sums.get(&what).map(|(sum, _)| *sum);
        let mean = |what: What| sums.get(&what).map(|(sum, count)| sum / f64::from(*count));
        let grown = |what: What| grown.get(&what).map(|(sum, _)| *sum);
        let rate = |what: What| grown(what).filter(|_| seconds > 0.0).map(|tokens| tokens / seconds);
        let ttft = grown(What::TtftSum).zip(grown(What::TtftCount)).filter(|(_, count)| *count > 0.0);
        Some(ServerFigures {
            at,
            from: FiguresFrom::Metrics,
            running: sum(What::Running),
            waiting: sum(What::Waiting),
            kv_pct: mean(What::Kv).or_else(|| mean(What::KvOld)).map(|share| share * 100.0),
            prompt_tok_s: rate(What::Prompt).or_else(|| sum(What::PromptRate)),
            generation_tok_s: rate(What::Generation).or_else(|| sum(What::GenerationRate)),
            ttft_ms: ttft.map(|(sum, count)| sum / count * 1000.0),
            answered: sum(What::Answered),
            preempted: sum(What::Preempted),
        })
    }
}

/// A line of the text format: `name{labels} value [time]`. What is no number says nothing.
fn sample(line: &str) -> Option<(What, &str, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let what = What::of(name)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        // a label's value may hold a brace
        Some(rest) => rest.rsplit_once('}')?,
        None => ("", rest),
    };
    let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
    let is_lost =
        what == What::Answered && ["abort", "error"].iter().any(|reason| labels.contains(&format!("finished_reason=\"{reason}\"")));
    (value.is_finite() && !is_lost).then_some((what, labels, value))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn once(text: &str) -> Option<ServerFigures> {
        Scrapes::default().figures(text, at(0))
    }

    #[test]
    fn engines_and_models_are_summed_and_the_first_time_knows_no_rate() {
        let text = "# TYPE vllm:num_requests_running gauge\n\
            vllm:num_requests_running{engine=\"0\",model_name=\"a b}\"} 3.0\nvllm:num_requests_running{engine=\"1\",model_name=\"a b}\"} 4.0 1700000000\n\
            vllm:num_requests_waiting{engine=\"0\"} 2.0\nvllm:num_requests_waiting_by_reason{engine=\"0\",reason=\"capacity\"} 9.0\n\
            vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.1\nvllm:gpu_cache_usage_perc{engine=\"0\"} 0.9\n\
            vllm:prompt_tokens_total{engine=\"0\"} 100.0\nvllm:prompt_tokens_created{engine=\"0\"} 1.7e+09\n\
            vllm:request_success_total{finished_reason=\"stop\"} 5.0\nvllm:request_success_total{finished_reason=\"abort\"} 7.0\n";
        let figures = once(text).unwrap();
        assert_eq!((figures.running, figures.waiting, figures.answered), (Some(7.0), Some(2.0), Some(5.0)));
        assert!(figures.kv_pct.is_some_and(|kv| (kv - 30.0).abs() < 1e-9), "{figures:?}");
        assert_eq!((figures.prompt_tok_s, figures.generation_tok_s, figures.ttft_ms, figures.preempted), (None, None, None, None));
    }

    #[test]
    fn rates_are_those_since_the_last_time_and_an_engine_may_begin_anew() {
        let text = |first: f64, second: f64, sum: f64, count: f64| {
            format!(
                "vllm:generation_tokens_total{{engine=\"0\"}} {first}\nvllm:generation_tokens_total{{engine=\"1\"}} {second}\n\
                 vllm:time_to_first_token_seconds_sum {sum}\nvllm:time_to_first_token_seconds_count {count}\n"
            )
        };
        let mut scrapes = Scrapes::default();
        let mut told =
            |second: i64, text: &str| scrapes.figures(text, at(second)).map(|figures| (figures.generation_tok_s, figures.ttft_ms));
        assert_eq!(told(0, &text(1000.0, 500.0, 1.0, 10.0)), Some((None, None)));
        assert_eq!(told(2, &text(1100.0, 600.0, 2.0, 14.0)), Some((Some(100.0), Some(250.0))));
        // the second engine was started again; nobody got a first token
        assert_eq!(told(4, &text(1200.0, 40.0, 2.0, 14.0)), Some((Some(70.0), None)));
        // two answers of the same moment have no rate between them
        assert_eq!(told(4, &text(1300.0, 40.0, 2.0, 14.0)), Some((None, None)));
    }

    #[test]
    fn old_servers_and_other_makes_are_known() {
        let old = once(
            "vllm:avg_prompt_throughput_toks_per_s{model_name=\"m\"} 512.5\nvllm:gpu_cache_usage_perc{model_name=\"m\"} 0.25\nvllm:avg_generation_throughput_toks_per_s NaN\n",
        );
        assert_eq!(old.map(|old| (old.prompt_tok_s, old.kv_pct, old.generation_tok_s)), Some((Some(512.5), Some(25.0), None)));
        let other =
            once("sglang:num_running_reqs{name=\"x\"} 2.0\nsglang:gen_throughput 86.5\nsglang:token_usage 0.5\nsglang:num_queue_reqs 1\n");
        assert_eq!(
            other.map(|other| (other.running, other.generation_tok_s, other.kv_pct, other.waiting)),
            Some((Some(2.0), Some(86.5), Some(50.0), Some(1.0)))
        );
    }

    #[test]
    fn what_is_no_figure_is_nothing() {
        assert_eq!(once(""), None);
        assert_eq!(
            once(
                "<html>404</html>\npython_info{version=\"3.11\"} 1.0\nvllm:num_requests_running\nvllm:num_requests_running{a=\"b\" 1\nvllm:num_requests_running x\n"
            ),
            None
        );
        assert_eq!(once("vllm:num_requests_running NaN\nvllm:num_requests_waiting +Inf\n"), None);
    }
}
