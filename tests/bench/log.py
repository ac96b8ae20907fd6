#!/usr/bin/env python3
"""What the log screen costs on a large log, beside less and lnav: the end on the screen, a search through all of it, and
following 5 MB/s.

  tests/bench/log.py [--mb 600] [--rounds 5] [--secs 10] [--binary target/release/isobench-tui]

Times run from the start of the program (or from the key) to the byte that completes a marker on the terminal. Prints
medians of the rounds and the highest peak RSS (VmHWM). Programs that are not installed are left out.
"""
import argparse, json, os, pathlib, shutil, statistics, tempfile, threading, time

from terminal import Terminal

HERE = pathlib.Path(__file__).resolve().parents[2]
END, FOUND = b"THE-END-OF-THE-LOG", b"this-line-was-found"


def run_of(root):
    """A finished run of one item, as a runner writes it, and the file of its agent's output."""
    run = root / "state/tui/2026-11-21_09-30-12-0000"
    stage = run / "attempts/vllm_core-0001.1/agent"
    stage.mkdir(parents=True)
    item = {"item": "vllm_core-0001", "human": "0" * 40, "parent": "1" * 40}
    plan = {"plan": "state/plan.json", "digest": "", "repo": "vllm", "task_id": "vllm_core", "agent": "command", "model": "default", "stages": ["worktree", "agent", "clean"], "items": [item]}
    at = {"item": "vllm_core-0001", "n": 1}
    facts = [("run_created", plan), ("attempt_started", {**at, "from": "worktree"}), ("stage_starting", {**at, "stage": "agent", "budget_ms": 60000}),
             ("stage_started", {**at, "stage": "agent", "pid": 4321}), ("stage_finished", {**at, "stage": "agent", "outcome": {"end": "done", "duration_ms": 1200}}),
             ("attempt_finished", {**at, "status": "done"})]
    with open(run / "events.jsonl", "w") as out:
        for seq, (kind, data) in enumerate(facts, 1):
            out.write(json.dumps({"seq": seq, "at": "2026-11-21T09:30:12.123456789Z", "up_ms": 73211 + seq, "kind": kind, "data": data}) + "\n")
    manifest = {"format": 1, "version": "0.1.0", "created": "2026-11-21T09:30:12Z", "host": "bench", "root": str(root), "harness_timestamp": "2026-11-21_09-30-12", "config": {"config": {}, "git_dir": None}}
    (run / "manifest.json").write_text(json.dumps(manifest))
    return stage / "out"


def fill(path, mb):
    """Lines as vLLM writes them, some in colour, and a progress bar now and then."""
    lines = [f"INFO 11-21 09:30:{n % 60:02} metrics.py:345] Avg prompt throughput: {n * 7 % 9000}.{n % 10} tokens/s, Running: {n % 256} reqs, GPU KV cache usage: {n % 100}.0%\n" for n in range(5000)]
    block = "".join(lines).encode() + b"\x1b[33mWARNING\x1b[0m a line in colour\n" + b"".join(b"\r%3d%%|##########|" % n for n in range(101)) + b"\n"
    with open(path, "wb") as out:
        size = 0
        while size < mb * 1_000_000 * 0.98:
            size += out.write(block)
        out.write(b"only-once " + FOUND + b"\n")
        while size < mb * 1_000_000:
            size += out.write(lines[0].encode())
        out.write(END + b"\n")


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--mb", type=int, default=600)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--secs", type=float, default=10)
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        os.environ.update(XDG_STATE_HOME=str(root / "xdg"), XDG_CONFIG_HOME=str(root / "xdg"))
        log = run_of(root)
        fill(log, o.mb)
        ours = [o.binary, "attach", "--root", str(root)]
        peers = [("isobench-tui, from start", ours, b"6"), ("isobench-tui, from the key 6", ours, None)]
        peers += [(" ".join(command), [*command, str(log)], b"") for command in (["less", "+G"], ["lnav"]) if shutil.which(command[0])]
        times, peaks = {name: [] for name, *_ in peers}, {name: 0 for name, *_ in peers}
        for _ in range(o.rounds):
            for name, command, keys in peers:
                terminal = Terminal(*command)
                begun = terminal.begun
                if keys is None:
                    terminal.pump(10, b"help")
                    terminal.pump(0.3)
                    begun = time.monotonic()
                terminal.press(b"6" if keys is None else keys) if keys != b"" else None
                came = terminal.pump(120, END)
                times[name].append((came - begun) * 1000 if came else float("inf"))
                peaks[name] = max(peaks[name], terminal.usage()[0])
                terminal.end()
        for name in times:
            print(f"end of {o.mb} MB: {name} {statistics.median(times[name]):.1f} ms (median of {o.rounds}), {peaks[name]:.1f} MB")
        for name, command, first in (("isobench-tui", ours, b"6"), ("less", ["less", "+g", str(log)], b"")):
            if not shutil.which(command[0]):
                continue
            terminal = Terminal(*command)
            terminal.pump(1)
            if first:
                terminal.press(first)
                terminal.pump(1, END)
            terminal.press(b"g")
            terminal.pump(0.5)
            begun = time.monotonic()
            terminal.press(b"/only-once\r")
            came = terminal.pump(60, FOUND)
            says = f"{(came - begun):.2f} s" if came else "not found within its budget"
            print(f"search through {o.mb} MB: {name} {says}, {terminal.usage()[0]:.1f} MB")
            terminal.end()
        terminal = Terminal(*ours)
        terminal.press(b"6")
        terminal.pump(5, END)
        writing = True

        def write():
            n = 0
            with open(log, "ab", buffering=0) as out:
                while writing:
                    lines = []
                    for _ in range(500):
                        n += 1
                        lines.append(f"INFO 11-21 09:30:{n // 977 % 60:02} metrics.py:345] step {n * 7919 % 1000003}: {n % 9973}.{n % 10} tokens/s, Running: {n % 256} reqs, cache {n % 100}.0%\n")
                    out.write("".join(lines).encode())
                    time.sleep(0.009)

        writer = threading.Thread(target=write)
        writer.start()
        terminal.pump(2)
        before, cpu, began = terminal.bytes, terminal.usage()[1], time.monotonic()
        grown = log.stat().st_size
        terminal.pump(o.secs)
        took = time.monotonic() - began
        writing = False
        writer.join()
        rate = (log.stat().st_size - grown) / took / 1e6
        print(f"following {rate:.1f} MB/s: {100 * (terminal.usage()[1] - cpu) / took:.1f} % of a core, {(terminal.bytes - before) / took:.0f} bytes/s, {terminal.usage()[0]:.1f} MB")
        terminal.end()


main()
