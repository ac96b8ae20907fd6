#!/usr/bin/env python3
"""The numbers that benchmark outputs print, read by another way than src/bench/output does: regular expressions over lines,
one table of labels. Prints one JSON line a file: {"path", "metrics"}. The suite compares them with `isobench-tui parse`.

    tests/printed_numbers.py FILE...
"""
import json
import re
import sys

PLAIN = {
    "Successful requests": "successful_requests",
    "Failed requests": "failed_requests",
    "Maximum request concurrency": "maximum_request_concurrency",
    "Request rate configured (RPS)": "request_rate_configured_req_s",
    "Traffic request rate": "traffic_request_rate",
    "Benchmark duration (s)": "benchmark_duration_s",
    "Total input tokens": "total_input_tokens",
    "Total input text tokens": "total_input_text_tokens",
    "Total generated tokens": "total_generated_tokens",
    "Total generated tokens (retokenized)": "total_generated_tokens_retokenized",
    "Request throughput (req/s)": "request_throughput_req_s",
    "Request goodput (req/s)": "request_goodput_req_s",
    "Input token throughput (tok/s)": "input_token_throughput_tok_s",
    "Input throughput (inputs/s)": "input_throughput_inputs_s",
    "Output token throughput (tok/s)": "output_token_throughput_tok_s",
    "Peak output token throughput (tok/s)": "peak_output_token_throughput_tok_s",
    "Peak concurrent requests": "peak_concurrent_requests",
    "Total Token throughput (tok/s)": "total_token_throughput_tok_s",
    "Total token throughput (tok/s)": "total_token_throughput_tok_s",
    "Concurrency": "concurrency",
    "Acceptance rate (%)": "acceptance_rate_pct",
    "Acceptance length": "acceptance_length",
    "Drafts": "drafts",
    "Draft tokens": "draft_tokens",
    "Accepted tokens": "accepted_tokens",
    "  Position 0": "acceptance_position_0_pct",
    "  Position 1": "acceptance_position_1_pct",
    "  Position 2": "acceptance_position_2_pct",
    "Probe requests completed": "probe_requests_completed",
    "Probe requests failed": "probe_requests_failed",
}
THINGS = {
    "TTFT": "ttft",
    "TPOT": "tpot",
    "ITL": "itl",
    "E2EL": "e2el",
    "E2E Latency": "e2el",
    "probe E2EL": "probe_e2el",
    "Client Queue Time": "client_queue_time",
    "E2EL incl. Client Queue": "e2el_incl_client_queue",
}
KEYS = {
    "duration": "benchmark_duration_s",
    "completed": "successful_requests",
    "failed": "failed_requests",
    "total_input_tokens": "total_input_tokens",
    "total_output_tokens": "total_generated_tokens",
    "total_output_tokens_retokenized": "total_generated_tokens_retokenized",
    "request_throughput": "request_throughput_req_s",
    "request_goodput": "request_goodput_req_s",
    "request_goodput:": "request_goodput_req_s",
    "input_throughput": "input_token_throughput_tok_s",
    "output_throughput": "output_token_throughput_tok_s",
    "total_token_throughput": "total_token_throughput_tok_s",
    "max_output_tokens_per_s": "peak_output_token_throughput_tok_s",
    "max_concurrent_requests": "peak_concurrent_requests",
    "rtfx": "rtfx",
    "concurrency": "concurrency",
    "accept_length": "accept_length",
    "elapsed_time": "elapsed_time_s",
    "num_requests": "num_requests",
    "total_num_tokens": "total_tokens",
    "requests_per_second": "request_throughput_req_s",
    "tokens_per_second": "throughput_tok_s",
}
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
TABLE = re.compile(r"^( {0,2}[A-Z][^:]*?(?: \([^)]*\))?): +(-?[0-9.]+) *$")
STATISTIC = re.compile(r"^(Mean|Median|Max|P[0-9.]+) (.*) \(ms\)$")
ONE_LINE = re.compile(r"^([A-Z][A-Za-z0-9 ]*): ([0-9.]+) (ms|s|requests/s|tokens/s)$")
THROUGHPUT = re.compile(r"^Throughput: ([0-9.]+) requests/s, ([0-9.]+) (?:total )?tokens/s(?:, ([0-9.]+) output tokens/s)?$")
LATENCY = re.compile(r"^(Avg|([0-9]+)% percentile) latency: ([0-9.]+) seconds$")
SPEED = re.compile(r"est\. speed input: ([0-9.]+) toks/s, output: ([0-9.]+) toks/s")


def named(label):
    statistic = STATISTIC.match(label)
    if statistic and statistic[2] in THINGS:
        return f"{THINGS[statistic[2]]}_{statistic[1].lower()}_ms"
    return PLAIN.get(label)


def of_text(text):
    metrics, in_block, old = {}, False, {}
    for line in ESCAPE.sub("", text).replace("\r", "\n").split("\n"):
        # a progress bar that was not ended
        line = re.sub(r"^.*(?:it/s|s/it)\](?=.)", "", line)
        if line.endswith("Benchmark Result ============"):
            in_block = True
        elif line == "=" * 50:
            in_block = False
        table, one_line = TABLE.match(line), ONE_LINE.match(line)
        name = table and named(table[1])
        # outside of a block only the columns tell a table from a log
        if name and (in_block or re.search(r":  +", line)):
            metrics[name] = float(table[2])
        elif name and name != "traffic_request_rate":
            old[name] = float(table[2])
        if throughput := THROUGHPUT.match(line):
            names = ["request_throughput_req_s", "throughput_tok_s", "output_token_throughput_tok_s"]
            metrics.update({name: float(value) for name, value in zip(names, throughput.groups()) if value})
        elif latency := LATENCY.match(line):
            metrics[f"latency_p{latency[2]}_ms" if latency[2] else "latency_avg_ms"] = float(latency[3]) * 1000
        elif total := re.match(r"^Total num (prompt|output) tokens:  ([0-9]+)$", line):
            metrics[f"total_num_{total[1]}_tokens"] = float(total[2])
        elif one_line:
            label, value, unit = one_line[1], float(one_line[2]), one_line[3]
            seconds = {
                "Average latency": "latency_avg_ms",
                "Average latency per token": "latency_per_token_avg_ms",
                "Average latency per output token": "latency_per_output_token_avg_ms",
            }
            rates = {"Throughput": "request_throughput_req_s", "Total time": "benchmark_duration_s"}
            if label in seconds:
                old[seconds[label]] = value * 1000
            elif label in rates:
                old[rates[label]] = value
            else:
                unit = {"requests/s": "req/s", "tokens/s": "tok/s"}.get(unit, unit)
                name = named(f"{label} ({unit})")
                if name:
                    old[name] = value
    after = text.rpartition("------start generating------")[2] if "------start generating------" in text else ""
    for speed in SPEED.findall(after):
        metrics.update(input_throughput_tok_s=float(speed[0]), throughput_tok_s=float(speed[1]))
    for cost in re.findall(r"cost time ([0-9.]+)", after):
        metrics["elapsed_time_s"] = float(cost)
    return {**old, **metrics} if "request_throughput_req_s" in old else metrics


def of_json(value):
    if "avg_latency" in value:
        percentiles = {f"latency_p{name}_ms": seconds * 1000 for name, seconds in value.get("percentiles", {}).items()}
        return {"latency_avg_ms": value["avg_latency"] * 1000, **percentiles}
    metrics = {}
    for key, number in value.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            continue
        statistic = re.match(r"^(mean|median|std|p[0-9.]+)_(ttft|tpot|itl|e2el|e2e_latency)_ms$", key)
        if statistic:
            metrics[f"{statistic[2].replace('e2e_latency', 'e2el')}_{statistic[1]}_ms"] = number
        elif key in KEYS:
            metrics[KEYS[key]] = number
    return metrics


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            text = file.read()
        metrics = of_json(json.loads(text)) if text.startswith("{") else of_text(text)
        print(json.dumps({"path": path, "metrics": metrics}))


if __name__ == "__main__":
    main()
