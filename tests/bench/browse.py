#!/usr/bin/env python3
"""How soon `inspect FOLDER` lists 1,500 items, and how long the reading behind it takes.

usage: browse.py [--binary PATH] [--items N] [--rounds N] [--keep FOLDER]

Makes a state folder of small items in a temporary folder (or in FOLDER, where it is kept), opens it in a pseudo-terminal
of 120x40, and prints one JSON line: the median of milliseconds from the start of the program to the first frame that names
all items (the goal is 200), and to the one in which everything is read and judged, beside the most memory in MiB.
"""

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PER_RUN = 50


def make(root, items):
    """Items with a journal, a patch and a short trajectory, in runs of fifty."""
    steps = [
        {"step_number": n, "timestamp": "2026-01-02T03:04:%02d" % n, "state": "completed",
         "llm_response": {"content": "thought", "usage": {"input_tokens": 100, "output_tokens": 5}}}
        for n in range(1, 20)
    ]
    whole = {"task": "t", "start_time": "2026-01-02T03:04:00", "end_time": "2026-01-02T03:14:00", "model": "m", "max_steps": 99,
             "llm_interactions": [], "agent_steps": steps, "success": True, "final_result": "done"}
    for nth in range(items):
        run = nth // PER_RUN
        folder = os.path.join(root, "runs/vllm/trae/gpt-5/2026-01-02_%02d-%02d-00" % (run // 60, run % 60), "core-%04d" % nth)
        os.makedirs(folder)
        journal = {"status": "error" if nth % 7 == 0 else "success", "commits": {"human": "%040x" % nth, "pre": "p" * 40},
                   "timestamps": {"written": 1769213812.5 + nth}}
        for name, text in [("journal.json", json.dumps(journal)), ("prompt.json", "{}"), ("task.txt", "t"), ("run_summary.json", "{}"),
                           ("model_patch.diff", ""), ("trajectory.json", json.dumps(whole))]:
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)


def one(binary, root, items, state):
    """Milliseconds to the list and to the end of the reading, and the most memory in MiB."""
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8", XDG_STATE_HOME=state)
        os.execv(binary, [binary, "inspect", root])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen, listed, done, memory = b"", None, None, 0
    total = b"%d items" % items
    while done is None and time.monotonic() - began < 120:
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 1 << 16)
        text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen)
        now = (time.monotonic() - began) * 1000
        if listed is None and total in text.replace(b",", b""):
            listed = now
        if listed is not None and time.monotonic() - began > 0.2:
            # nothing is written any more: everything was read, and its progress drawn over
            if not select.select([terminal], [], [], 0.5)[0]:
                done = now
        try:
            with open("/proc/%d/status" % pid) as file:
                memory = max(memory, int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)))
        except (OSError, AttributeError):
            break
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    return listed, done, memory / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(HERE, "../../target/release/isobench-tui"))
    parser.add_argument("--items", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        root = args.keep or os.path.join(own, "state")
        if not os.path.isdir(root):
            make(root, args.items)
        binary = os.path.abspath(args.binary)
        # the first round warms the page cache
        rounds = [one(binary, root, args.items, own) for _ in range(args.rounds + 1)][1:]
    middle = lambda at: round(statistics.median(r[at] for r in rounds if r[at] is not None), 1) if any(r[at] for r in rounds) else None
    print(json.dumps({"items": args.items, "listed_ms": middle(0), "judged_ms": middle(1), "memory_mib": middle(2)}))


if __name__ == "__main__":
    main()
