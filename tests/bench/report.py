#!/usr/bin/env python3
"""How long `report` takes over a large tree: 1,900 journals and 890 trajectories (330 MB), made by copying the corpus.

usage: report.py [--binary PATH] [--rounds N] [--keep FOLDER]

Needs ../shared. Makes the tree in a temporary folder (or in FOLDER, where it is kept), runs the release binary N times
over it, beside a Python script and jq that read the same fields, and prints one JSON line each: median wall seconds, CPU
seconds, the most memory in MiB. The first round of each warms the page cache and is not counted.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "../../../shared/corpus")
JOURNALS, TRAJECTORIES = 1900, 890

# what a script of somebody's would do: status, steps and tokens of every item
BY_HAND = r"""
import json, os, sys
items, steps, tokens = 0, 0, [0, 0]
for folder, _, names in os.walk(sys.argv[1]):
    if "journal.json" in names:
        items += json.load(open(os.path.join(folder, "journal.json")))["status"] == "success"
    if "trajectory.json" in names:
        whole = json.load(open(os.path.join(folder, "trajectory.json")))
        steps += len(whole["agent_steps"])
        for one in whole["llm_interactions"]:
            usage = (one.get("response") or {}).get("usage") or {}
            tokens[0] += usage.get("input_tokens") or 0
            tokens[1] += usage.get("output_tokens") or 0
print(items, steps, tokens)
"""
BY_JQ = (
    "find {tree} -name trajectory.json -print0 | xargs -0 -n 64 jq -c "
    "'[(.agent_steps|length), ([.llm_interactions[].response.usage.input_tokens // 0]|add)]' > /dev/null"
)


def make(tree):
    """Copies run folders under other names until there are enough of both."""
    runs = os.path.join(CORPUS, "state/runs")
    found = {}
    for folder, _, names in os.walk(runs):
        if "prompt.json" in names:
            found[folder] = ("journal.json" in names, "trajectory.json" in names)
    journals = trajectories = turn = 0
    while journals < JOURNALS or trajectories < TRAJECTORIES:
        turn += 1
        for folder, (has_journal, has_trajectory) in sorted(found.items()):
            # one kind may be enough before the other
            if has_trajectory and trajectories >= TRAJECTORIES or not has_trajectory and journals >= JOURNALS:
                continue
            if not has_journal and turn > 1:
                continue
            run, item = os.path.split(os.path.relpath(folder, runs))
            to = os.path.join(tree, "state/runs", f"{run}_{turn:02d}", item)
            shutil.copytree(folder, to)
            subprocess.run(["chmod", "-R", "u+w", to], check=True)
            journals += has_journal
            trajectories += has_trajectory
        if turn > 20:
            break
    shutil.copytree(os.path.join(CORPUS, "results"), os.path.join(tree, "results"))
    return journals, trajectories


def run(command):
    """Wall, CPU and memory of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    script = f"import resource,subprocess,sys; subprocess.run({command!r}, shell={isinstance(command, str)}, stdout=subprocess.DEVNULL, check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    # a process of its own: the most memory of children is kept for ever
    memory = int(subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, memory / 1024


def empty():
    """What starting Python for the measurement costs."""
    return run(["true"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=os.path.join(HERE, "../../target/release/isobench-tui"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = args.keep or folder
        if not os.path.isdir(os.path.join(tree, "state")):
            print(json.dumps(dict(zip(("journals", "trajectories"), make(tree)))), flush=True)
        binary = os.path.abspath(args.binary)
        rest = statistics.median(empty()[0] for _ in range(5))
        commands = {
            "report": [binary, "report", tree],
            "report json": [binary, "report", tree, "--format", "json"],
            "report html": [binary, "report", tree, "--format", "html"],
            "python": [sys.executable, "-c", BY_HAND, tree],
        }
        if shutil.which("jq"):
            commands["jq"] = BY_JQ.format(tree=tree)
        for name, command in commands.items():
            rounds = [run(command) for _ in range(args.rounds + 1)][1:]
            wall, cpu, memory = (statistics.median(column) for column in zip(*rounds))
            print(json.dumps({"what": name, "wall_s": round(wall - rest, 3), "cpu_s": round(cpu, 3), "max_mib": round(memory, 1)}), flush=True)


if __name__ == "__main__":
    main()
