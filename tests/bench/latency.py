#!/usr/bin/env python3
"""From the agent's write to the screen: how long a new step of a TRAE trajectory takes to reach the terminal.

  tests/bench/latency.py [--steps 40] [--size-kb 0] [--binary target/release/isobench-tui]

An agent of ours rewrites its trajectory whole for each step, in place and in 8 KiB writes as TRAE does, and puts the time of the
write into the step's text; the screen runs in a pty, and the time at which that text arrives is compared. --size-kb pads every
step. Prints the median, the worst, and the target (300 ms).
"""
import argparse, fcntl, json, os, pathlib, pty, re, select, statistics, struct, subprocess, sys, tempfile, termios, time

HERE = pathlib.Path(__file__).resolve().parents[2]

AGENT = r'''
import json, os, sys, time
path, steps, pad = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) * 1024
usage = {"input_tokens": 1000, "output_tokens": 50}
run = {"task": "t", "start_time": "2026-11-20T21:41:17.419224", "end_time": "", "provider": "p", "model": "m", "max_steps": steps,
       "llm_interactions": [], "agent_steps": [], "success": False, "final_result": None, "execution_time": 0.0}
time.sleep(2)
for n in range(1, steps + 1):
    text = f"mark{n:03} {time.monotonic():.4f} end"
    response = {"content": text, "model": "m", "finish_reason": "end_turn", "usage": usage, "tool_calls": None}
    run["llm_interactions"].append({"timestamp": "2026-11-20T21:41:17.544675", "provider": "p", "model": "m", "input_messages": [{"role": "user", "content": "x" * pad}], "response": response, "tools_available": []})
    run["agent_steps"].append({"step_number": n, "timestamp": "2026-11-20T21:41:17.754211", "state": "completed", "llm_messages": None, "llm_response": response, "tool_calls": None, "tool_results": None, "reflection": None, "error": None})
    with open(path, "w", buffering=8192) as out:
        json.dump(run, out, indent=2)
    time.sleep(0.4)
time.sleep(30)
'''


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--steps", type=int, default=40)
    arguments.add_argument("--size-kb", type=int, default=0)
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "repo").mkdir()
        env = {**os.environ, "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b"}
        for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"], ["commit", "-q", "--allow-empty", "-m", "b"]):
            subprocess.run(["git", "-C", root / "repo", *words], check=True, env=env)
        human = subprocess.run(["git", "-C", root / "repo", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        (root / "state").mkdir()
        (root / "state/plan.json").write_text(json.dumps({"repo": str(root / "repo"), "task_id": "b", "items": [{"item_id": "b-0000", "human": human}]}))
        (root / "agent.py").write_text(AGENT)
        command = [sys.executable, str(root / "agent.py"), "{trajectory}", str(o.steps), str(o.size_kb)]
        (root / "isobench-tui.toml").write_text(f'[agent]\ncommand = {json.dumps(command)}\ntrajectory = "{{trajectory}}"\n')
        subprocess.run([o.binary, "run", "--detach", "--root", root], check=True, capture_output=True)
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(o.binary, [o.binary, "attach", "--root", str(root)])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        seen, text, until = {}, "", time.monotonic() + o.steps * 0.5 + 20
        while len(seen) < o.steps and time.monotonic() < until:
            if select.select([terminal], [], [], 0.5)[0]:
                text = text[-4000:] + re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(terminal, 65536).decode(errors="replace"))
                now = time.monotonic()
                for n, at in re.findall(r"mark(\d+) ([\d.]+) end", text):
                    seen.setdefault(n, (now - float(at)) * 1000)
        os.kill(pid, 9)
        subprocess.run([o.binary, "ctl", "quit-now", "--root", root], capture_output=True)
        times = sorted(seen.values())
        size = o.steps * o.size_kb
        print(f"write to screen: {len(times)} of {o.steps} steps seen, median {statistics.median(times):.0f} ms, worst {times[-1]:.0f} ms (target 300), trajectory up to {size} KB")


main()
