#!/usr/bin/env python3
"""What a burst of tracebacks costs whoever watches: 33 MB in five seconds into the server's output of an arm in a container,
while the benchmark's screen and then its log are shown, and while keys are pressed all the time.

  tests/bench/burst.py [--mb 33] [--secs 5] [--keys 10] [--binary target/release/isobench-tui]

The worker of the arm is played: progress.json four times a second, figures.jsonl once a second. For each screen, quiet and in
the burst: the time between a key and the frame that answers it (median, p99, worst: no gap between two frames is longer), bytes
to the terminal, CPU, and the peak RSS. Ends with 1 when an answer took longer than 33 ms,
or when the peak grew by more than 32 MB over the quiet one.
"""
import argparse, datetime, fcntl, json, os, pathlib, statistics, sys, tempfile, threading, time

from terminal import Terminal

HERE = pathlib.Path(__file__).resolve().parents[2]
LIMIT_MS, LIMIT_MB = 33, 32
RUN, ITEM = "2026-11-21_09-30-12-0000", "vllm_core-0001"


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def await_text(screen, text):
    if screen.pump(20, text) is None:
        sys.exit(f"'{text.decode()}' did not come within 20 s: {screen.seen[-2000:]}")


def run_of(root):
    """A run whose only item runs its first arm, as a runner and a worker write it, and the stage's folder. This process holds
    the run's lock, as its runner would."""
    run = root / "state/tui" / RUN
    stage = run / "attempts" / f"{ITEM}.1" / "human"
    (stage / "io").mkdir(parents=True)
    stages = ["worktree", "agent", "check", "human", "baseline", "candidate", "score", "clean"]
    plan = {"plan": "state/plan.json", "digest": "", "repo": "vllm", "task_id": "vllm_core", "agent": "command", "model": "default", "stages": stages,
            "items": [{"item": ITEM, "human": "0" * 40, "parent": "1" * 40}]}
    at = {"item": ITEM, "n": 1}
    facts = [("run_created", plan), ("runner_started", {"pid": os.getpid(), "boot": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(), "version": "0.1.0"}),
             ("attempt_started", {**at, "from": "human"}), ("stage_starting", {**at, "stage": "human", "budget_ms": 5400000}),
             ("stage_started", {**at, "stage": "human", "pid": os.getpid()})]
    with open(run / "events.jsonl", "w") as out:
        for seq, (kind, data) in enumerate(facts, 1):
            out.write(json.dumps({"seq": seq, "at": now(), "up_ms": 73211 + seq, "kind": kind, "data": data}) + "\n")
    manifest = {"format": 1, "version": "0.1.0", "created": now(), "host": "bench", "root": str(root), "harness_timestamp": "2026-11-21_09-30-12", "config": {"config": {}, "git_dir": None}}
    (run / "manifest.json").write_text(json.dumps(manifest))
    lock = open(run / "runner.lock", "a+")
    lock.write(str(os.getpid()))
    lock.flush()
    fcntl.flock(lock, fcntl.LOCK_EX)
    return stage, lock


class Worker(threading.Thread):
    """The arm's worker: how far it is, and what its server says."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage, self.ends, self.started = stage, False, time.time()

    def run(self):
        begun = now()
        for quarter in range(1 << 30):
            if self.ends:
                return
            figures = {"at": now(), "from": "metrics", "running": 40 + quarter % 24, "waiting": 0, "kv_pct": 40 + quarter % 40, "prompt_tok_s": 4000 + quarter % 500,
                       "generation_tok_s": 1800 - quarter % 300, "ttft_ms": 41}
            ms = int((time.time() - self.started) * 1000)
            progress = {"started": begun, "at": now(), "phases": [{"phase": "start", "from_ms": 0, "ms": 4000}, {"phase": "bench", "from_ms": 4000}],
                        "container": "9f2c1ab00d51", "image": "org/vllm-bench:8a1f", "deadline": None, "row": {"label": "", "done": quarter, "total": 4000, "rate": 41.2, "left_ms": 90000 - ms},
                        "figures": figures, "printed": ms}
            aside = self.stage / "progress.json.new"
            aside.write_text(json.dumps(progress))
            aside.rename(self.stage / "progress.json")
            if quarter % 4 == 0:
                with open(self.stage / "figures.jsonl", "a") as out:
                    out.write(json.dumps(figures) + "\n")
            time.sleep(0.25)


def burst(path, mb, seconds):
    """Tracebacks, so many MB in so many seconds, in pieces of a fiftieth of a second."""
    trace = b"".join(b'  File "/usr/lib/python3.12/site-packages/vllm/worker/model_runner.py", line %d, in execute_model\n    hidden = self.model(input_ids, positions, kv_caches)\n' % n for n in range(40))
    trace = b"\x1b[31mERROR\x1b[0m 11-22 03:30:26 engine.py:139] Traceback (most recent call last):\n" + trace + b"torch.OutOfMemoryError: CUDA out of memory.\n"
    pieces, begun = int(seconds * 50), time.monotonic()
    piece = (trace * (1 + int(mb * 1e6 / pieces / len(trace))))[: int(mb * 1e6 / pieces)]
    with open(path, "ab", buffering=0) as out:
        for n in range(pieces):
            out.write(piece)
            time.sleep(max(0, begun + (n + 1) / 50 - time.monotonic()))


def measure(screen, name, seconds, pace):
    """Keys by turns, so many a second, for so long: what each took. The help over the screen is known by its word; of the key that
    takes it away again nobody can tell which bytes are its answer, so that it is pressed and not measured."""
    peak, cpu = screen.usage()
    began, bytes_before, took, at = time.monotonic(), screen.bytes, [], 0
    while time.monotonic() < began + seconds:
        pressed = time.monotonic()
        screen.press(b"?")
        came = screen.pump(2, b"Everywhere")
        took.append((came - pressed) * 1000 if came else 2000.0)
        at += 1
        screen.pump(began + (at - 0.5) / pace - time.monotonic())
        screen.press(b"?")
        screen.pump(began + at / pace - time.monotonic())
    wall = time.monotonic() - began
    peak, cpu = screen.usage()[0], screen.usage()[1] - cpu
    took.sort()
    print(f"{name}: {len(took)} keys, median {statistics.median(took):.1f} ms, p99 {took[int(0.99 * (len(took) - 1))]:.1f} ms, worst {took[-1]:.1f} ms; "
          f"{100 * cpu / wall:.0f} % of a core, {(screen.bytes - bytes_before) / wall / 1000:.0f} kB/s, peak {peak:.1f} MB")
    return took[-1], peak


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--mb", type=float, default=33)
    arguments.add_argument("--secs", type=float, default=5)
    arguments.add_argument("--keys", type=float, default=10, help="keys a second that are measured")
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    worst, peaks = [], []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        os.environ.update(XDG_STATE_HOME=str(root / "xdg"), XDG_CONFIG_HOME=str(root / "xdg"))
        stage, lock = run_of(root)
        server = stage / "io" / "server"
        server.write_bytes(b"INFO 11-22 03:30:20 api_server.py:12] vLLM API server version 0.8.5\n")
        worker = Worker(stage)
        worker.start()
        for name, digit, shown in (("screen 3", b"3", b"KV cache"), ("screen 6", b"6", b"other log")):
            screen = Terminal(o.binary, "attach", str(stage.parents[2]))
            await_text(screen, b"help")
            screen.press(digit)
            await_text(screen, shown)
            screen.pump(1)
            _, quiet = measure(screen, f"{name}, quiet", o.secs, o.keys)
            writer = threading.Thread(target=burst, args=(server, o.mb, o.secs))
            writer.start()
            ms, peak = measure(screen, f"{name}, {o.mb:.0f} MB in {o.secs:.0f} s", o.secs, o.keys)
            writer.join()
            worst.append(ms)
            peaks.append(peak - quiet)
            screen.end()
        worker.ends = True
        worker.join()
        lock.close()
    is_well = max(worst) <= LIMIT_MS and max(peaks) <= LIMIT_MB
    print(f"{'well' if is_well else 'NOT WELL'}: the worst answer took {max(worst):.1f} ms (limit {LIMIT_MS}), the burst cost {max(peaks):.1f} MB (limit {LIMIT_MB})")
    sys.exit(0 if is_well else 1)


main()
