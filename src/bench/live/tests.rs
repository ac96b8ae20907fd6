use proptest::prelude::*;

use super::*;

fn fed(text: &str) -> LiveFold {
    let mut fold = LiveFold::default();
    fold.feed(text.as_bytes(), Timestamp::UNIX_EPOCH);
    fold
}

#[test]
fn a_server_of_version_0_and_one_of_version_1_go_through_their_phases() {
    let old = "INFO 04-24 10:00:01 api_server.py:151] vLLM API server version 0.4.1\nINFO 04-24 10:00:20 model_runner.py:173] Loading model weights took 14.9595 GB\n\
               INFO 04-24 10:00:24 gpu_executor.py:119] # GPU blocks: 27895, # CPU blocks: 2048\nINFO:     Application startup complete.\n";
    assert_eq!(fed(old).phases, [ArmPhase::Start, ArmPhase::Weights, ArmPhase::Graphs, ArmPhase::Ready]);
    let new = "\u{1b}[1;36m(EngineCore_DP0 pid=120)\u{1b}[0;0m INFO 10-02 10:00:12 [core.py:77] Initializing a V1 LLM engine (v0.11.0) with config: …\r\n\
               \rLoading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  1.30it/s]\n\
               INFO 10-02 [backends.py:218] Dynamo bytecode transform time: 7.31 s\nINFO 10-02 [kv_cache_utils.py:1] GPU KV cache size: 441,712 tokens\nINFO:     Application startup complete.\n";
    let fold = fed(new);
    assert_eq!(fold.phases, [ArmPhase::Start, ArmPhase::Weights, ArmPhase::Compile, ArmPhase::Graphs, ArmPhase::Ready]);
    assert_eq!(fold.row.map(|row| (row.done, row.total)), Some((2, Some(4))));
}

#[test]
fn a_client_warms_up_and_measures() {
    let serving = fed(
        "Namespace(…)\nStarting initial single prompt test run...\nInitial test run completed. Starting main benchmark run...\nTraffic request rate: inf\n",
    );
    assert_eq!(serving.phases, [ArmPhase::Warmup, ArmPhase::Bench]);
    assert_eq!(fed("Traffic request rate: 10.0\n").phases, [ArmPhase::Bench]);
    // not by a newline: the bar of a round that takes its time has no end yet
    assert_eq!(
        fed("Warming up...\n\rProfiling iterations:   0%|          | 0/30 [00:00<?, ?it/s]").phases,
        [ArmPhase::Warmup, ArmPhase::Bench]
    );
    let bar = "Processed prompts:   1%|  | 1/100 [00:08<13:31,  8.20s/it]";
    assert_eq!(fed(bar).phases, [ArmPhase::Bench]);
    assert_eq!(fed(&format!("------warm up------\n{bar}\n")).phases, [ArmPhase::Warmup]);
    assert_eq!(fed(&format!("------warm up------\n{bar}\n------start generating------\n")).phases, [ArmPhase::Warmup, ArmPhase::Bench]);
}

#[test]
fn a_bar_is_one_row_and_goes_when_it_is_full() {
    let mut fold = fed("\r  0%|          | 0/40 [00:00<?, ?it/s]\r 52%|█████▎    | 21/40 [00:03<00:02,  9.12it/s]");
    assert_eq!(fold.row.as_ref().map(|row| (row.done, row.rate)), Some((21, Some(9.12))));
    fold.feed("\r100%|██████████| 40/40 [00:05<00:00,  7.85it/s]".as_bytes(), Timestamp::UNIX_EPOCH);
    assert_eq!(fold.row, None);
    fold.feed(b"\n\n", Timestamp::UNIX_EPOCH);
    assert_eq!(fold.row, None);
}

#[test]
fn figures_are_read_from_every_version_s_line() {
    let told = |line: &str| {
        fed(&format!("{line}\n"))
            .figures
            .map(|figures| (figures.prompt_tok_s, figures.generation_tok_s, figures.running, figures.waiting, figures.kv_pct))
    };
    let of = |prompt, generation, running, waiting, kv| Some((Some(prompt), Some(generation), Some(running), Some(waiting), kv));
    assert_eq!(
        told(
            "INFO 04-24 10:00:41 metrics.py:229] Avg prompt throughput: 512.3 tokens/s, Avg generation throughput: 1403.9 tokens/s, Running: 64 reqs, Swapped: 0 reqs, Pending: 12 reqs, GPU KV cache usage: 15.6%, CPU KV cache usage: 0.0%"
        ),
        of(512.3, 1403.9, 64.0, 12.0, Some(15.6))
    );
    assert_eq!(
        told(
            "(APIServer pid=1) INFO 11-01 10:01:24 [loggers.py:335] Engine 000: Avg prompt throughput: 1024.7 tokens/s, Avg generation throughput: 2402.9 tokens/s, Running: 128 reqs, Waiting: 3 reqs, Deferred: 1 reqs, Preemptions: 4, CPU KV cache usage: 21.4%, Prefix cache hit rate: 12.5%"
        ),
        of(1024.7, 2402.9, 128.0, 3.0, Some(21.4))
    );
    assert_eq!(
        told("Avg prompt throughput: 1.0 tokens/s, Avg generation throughput: 2 tokens/s, Running: 3 reqs, Waiting: 4 reqs"),
        of(1.0, 2.0, 3.0, 4.0, None)
    );
    assert_eq!(told("Avg prompt throughput: nothing"), None);
}

#[test]
fn the_first_error_stays() {
    let fold = fed(
        "WARNING 11-20 22:12:19 [ready_checker.py:71] Endpoint is not ready. Error='x'\n(Worker pid=29583) ERROR 11-20 21:37:29 [x.py:1] ValueError: Unknown RoPE scaling type llama9\nRuntimeError: Engine core initialization failed. See root cause above.\n",
    );
    assert_eq!(
        fold.first_error.as_deref(),
        Some("(Worker pid=29583) ERROR 11-20 21:37:29 [x.py:1] ValueError: Unknown RoPE scaling type llama9")
    );
}

#[test]
fn nothing_grows_with_what_is_printed() {
    let mut fold = LiveFold::default();
    for _ in 0..200 {
        fold.feed(&[b'x'; 4096], Timestamp::UNIX_EPOCH);
    }
    assert!(fold.begun.len() == LONGEST && fold.begun.capacity() < 4 * LONGEST);
    fold.feed(b"\n", Timestamp::UNIX_EPOCH);
    assert!(fold.begun.is_empty() && fold.phases.is_empty() && fold.first_error.is_none());
}

/// Pieces of which outputs are made, and nonsense.
const PIECES: [&str; 16] = [
    "\r",
    "\n",
    "\r\n",
    "Warming up...",
    "  2%|▎  | 1/40 [00:01<00:39,  1.00s/it]",
    "100%|███| 40/40 [00:05<00:00, 7.8it/s]",
    "Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:00<00:02,  1.41it/s]",
    "Processed prompts:  74%|██ | 74/100 [00:08<00:01, 15.81it/s, est. speed input: 5 toks/s]",
    " |██   | 00:05 elapsed, 00:02 remaining",
    "\u{1b}[1;36m(EngineCore pid=1)\u{1b}[0;0m ",
    "Avg prompt throughput: 1.5 tokens/s, Avg generation throughput: 2.0 tokens/s, Running: 3 reqs, Waiting: 4 reqs, GPU KV cache usage: 5.0%",
    "INFO:     Application startup complete.",
    "ValueError: Unknown RoPE scaling type llama3",
    "Traceback (most recent call last):",
    "Starting to load model x",
    "é%|",
];

proptest! {
    #[test]
    fn bytes_cut_anywhere_fold_to_the_same(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
        cuts in proptest::collection::vec(1_usize..40, 1..60),
    ) {
        let text = pieces.concat();
        let whole = fed(&text);
        let mut fold = LiveFold::default();
        let mut rest = text.as_bytes();
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            fold.feed(piece, Timestamp::UNIX_EPOCH);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!((&fold.phases, &fold.row, &fold.figures, &fold.first_error), (&whole.phases, &whole.row, &whole.figures, &whole.first_error));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let mut fold = LiveFold::default();
        fold.feed(&bytes, Timestamp::UNIX_EPOCH);
        prop_assert!(fold.begun.len() <= LONGEST);
    }
}
