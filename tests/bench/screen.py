#!/usr/bin/env python3
"""What the screen costs: start to first paint on a 10,000-fact ledger, and idle beside htop and btop.

  tests/bench/screen.py PTY_MEASURE [--rounds 5] [--secs 20] [--binary target/release/isobench-tui]

PTY_MEASURE is a program that runs a command in a pty and prints one JSON object with first_paint_ms, cpu_pct, bytes_per_s
and peak_rss_mb (the project's ../shared/tools/pty-measure.py; needs `pip install pyte`). Prints medians of the rounds.
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parents[2]


def measure(tool, words, *command):
    done = subprocess.run([sys.executable, tool, *words, "--", *command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def ledger(root, facts):
    """A finished queue of 200 items, as a runner writes it, with as many facts as wanted."""
    run = root / "state/tui/2026-11-21_09-30-12-0000"
    run.mkdir(parents=True)
    items = [{"item": f"vllm_core-{n:04}", "human": "0" * 40, "parent": "1" * 40} for n in range(200)]
    stages = ["worktree", "agent", "check", "human", "baseline", "candidate", "score", "clean"]
    plan = {"plan": "state/plan.json", "digest": "", "repo": "vllm", "task_id": "vllm_core", "agent": "command", "model": "default", "stages": stages, "items": items}
    lines = [("run_created", plan)]
    turn = 0
    while len(lines) < facts:
        item, n = items[turn % 200]["item"], turn // 200 + 1
        lines.append(("attempt_started", {"item": item, "n": n, "from": "worktree"}))
        for stage in stages:
            at = {"item": item, "n": n, "stage": stage}
            lines.append(("stage_starting", {**at, "budget_ms": 60000}))
            lines.append(("stage_started", {**at, "pid": 4321}))
            lines.append(("stage_finished", {**at, "outcome": {"end": "done", "duration_ms": 1200}}))
        lines.append(("attempt_finished", {"item": item, "n": n, "status": "done"}))
        turn += 1
    with open(run / "events.jsonl", "w") as out:
        for seq, (kind, data) in enumerate(lines[:facts], 1):
            out.write(json.dumps({"seq": seq, "at": "2026-11-21T09:30:12.123456789Z", "up_ms": 73211 + seq, "kind": kind, "data": data}) + "\n")
    config = {"config": {}, "git_dir": None}
    manifest = {"format": 1, "version": "0.1.0", "created": "2026-11-21T09:30:12Z", "host": "bench", "root": str(root), "harness_timestamp": "2026-11-21_09-30-12", "config": config}
    (run / "manifest.json").write_text(json.dumps(manifest))


def sleeping(root, binary):
    """A run whose agent sleeps, with its runner in the background."""
    repo = root / "repo"
    repo.mkdir(parents=True)
    env = {**os.environ, "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b"}
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"], ["commit", "-q", "--allow-empty", "-m", "b"]):
        subprocess.run(["git", "-C", repo, *words], check=True, env=env)
    human = subprocess.run(["git", "-C", repo, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (root / "state").mkdir()
    plan = {"repo": str(repo), "task_id": "bench", "items": [{"item_id": f"bench-{n:04}", "human": human, "pre": "", "pre_parent_index": 1} for n in range(96)]}
    (root / "state/plan.json").write_text(json.dumps(plan))
    (root / "isobench-tui.toml").write_text('[agent]\ncommand = ["sleep", "3600"]\n')
    subprocess.run([binary, "run", "--detach", "--root", root], check=True, capture_output=True)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("tool")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--secs", type=float, default=20)
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    median = lambda rows, name: statistics.median(row[name] for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        ledger(root, 10_000)
        rows = [measure(o.tool, ["--secs", "0.2", "--warm", "0.3"], o.binary, "attach", "--root", root) for _ in range(o.rounds)]
        print(f"first paint on a 10,000-fact ledger: {median(rows, 'first_paint_ms'):.1f} ms (median of {o.rounds})")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        sleeping(root, o.binary)
        try:
            window = ["--secs", str(o.secs), "--warm", "3"]
            peers = [("isobench-tui", [o.binary, "attach", "--root", root])] + [(name, [name]) for name in ("htop", "btop") if shutil.which(name)]
            rows = {name: [] for name, _ in peers}
            for _ in range(max(1, o.rounds // 2)):
                for name, command in peers:
                    rows[name].append(measure(o.tool, window, *command))
            for name, measured in rows.items():
                print(f"idle for {o.secs:.0f} s: {name} {median(measured, 'cpu_pct'):.2f} % of a core, {median(measured, 'bytes_per_s'):.0f} bytes/s, {median(measured, 'peak_rss_mb'):.1f} MB")
        finally:
            subprocess.run([o.binary, "ctl", "quit-now", "--root", root], capture_output=True)


if __name__ == "__main__":
    main()
