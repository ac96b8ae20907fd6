#!/usr/bin/env python3
"""From a key to its paint while a stage's log streams in, beside less on the same log and htop.

  tests/bench/keys.py [--presses 100] [--rate 5] [--screen 6] [--size 120x40] [--binary target/release/isobench-tui]

An agent of ours writes --rate MB of log lines a second. Each program runs in a pty and is asked for its help and sent back
again, at odd moments; what it writes is kept with the time at which it came, and afterwards a terminal emulator (pyte) says
when the help stood on the screen, or was gone. So a frame that the log alone caused does not count as an answer. Prints
medians, p99 and worst in ms, and the bytes a second of each. The target for us is a p99 below 16 ms.
"""
import argparse, fcntl, json, os, pathlib, pty, random, select, shutil, statistics, struct, subprocess, sys, tempfile, termios, time

import pyte

HERE = pathlib.Path(__file__).resolve().parents[2]

AGENT = r'''
import sys, time
rate, seconds = float(sys.argv[1]), float(sys.argv[2])
line = "INFO 11-21 09:30:12 metrics.py:345] Avg prompt throughput: 1843.2 tokens/s, Avg generation throughput: %9d tokens/s, Running: 64 reqs\n"
begin, written, n = time.monotonic(), 0, 0
while time.monotonic() < begin + seconds:
    due = (time.monotonic() - begin) * rate * 1e6 - written
    block = []
    while due > 0:
        n += 1; text = line % n; block.append(text); due -= len(text); written += len(text)
    sys.stdout.write("".join(block)); sys.stdout.flush(); time.sleep(0.01)
'''


def campaign(root, binary, rate, seconds):
    (root / "repo").mkdir()
    env = {**os.environ, "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b"}
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"], ["commit", "-q", "--allow-empty", "-m", "b"]):
        subprocess.run(["git", "-C", root / "repo", *words], check=True, env=env)
    human = subprocess.run(["git", "-C", root / "repo", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (root / "state").mkdir()
    (root / "state/plan.json").write_text(json.dumps({"repo": str(root / "repo"), "task_id": "b", "items": [{"item_id": "b-0000", "human": human}]}))
    (root / "agent.py").write_text(AGENT)
    (root / "isobench-tui.toml").write_text(f"[agent]\ncommand = {json.dumps([sys.executable, str(root / 'agent.py'), str(rate), str(seconds)])}\n")
    subprocess.run([binary, "run", "--detach", "--root", root], check=True, capture_output=True)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for out in root.glob("state/tui/*/**/agent/out"):
            if out.stat().st_size > 1e6:
                return out
        time.sleep(0.05)
    sys.exit("the agent's log does not grow")


def press(command, size, before, ask, back, marker, presses):
    """Latencies in ms of `ask` (the marker appears) and `back` (it goes), and bytes a second."""
    cols, rows = size
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    chunks, keys = [], []

    def pump(until):
        while (left := until - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                data = os.read(terminal, 65536)
                chunks.append((time.monotonic(), data))
                if b"\x1b[?2026$p" in data:
                    os.write(terminal, b"\x1b[?2026;2$y")

    pump(time.monotonic() + 2)
    os.write(terminal, before)
    pump(time.monotonic() + 2)
    chance = random.Random(4)
    for n in range(presses):
        for key, there in ((ask, True), (back, False)):
            keys.append((time.monotonic(), there))
            os.write(terminal, key)
            pump(time.monotonic() + 0.15 + chance.random() * 0.1)
    took = chunks[-1][0] - chunks[0][0]
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    screen = pyte.Screen(cols, rows)
    stream = pyte.ByteStream(screen)
    times, at = [], 0
    for n, (sent, there) in enumerate(keys):
        until = keys[n + 1][0] if n + 1 < len(keys) else float("inf")
        while at < len(chunks) and chunks[at][0] < sent:
            stream.feed(chunks[at][1]); at += 1
        while at < len(chunks) and chunks[at][0] < until:
            when, data = chunks[at]
            stream.feed(data); at += 1
            if any(marker in line for line in screen.display) == there:
                times.append((when - sent) * 1000)
                break
    return sorted(times), len(keys), sum(len(data) for _, data in chunks) / took


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--presses", type=int, default=100)
    arguments.add_argument("--rate", type=float, default=5)
    arguments.add_argument("--screen", default="6")
    arguments.add_argument("--size", default="120x40")
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    size = tuple(map(int, o.size.split("x")))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        os.environ.update(XDG_STATE_HOME=str(root / "home"), XDG_CONFIG_HOME=str(root / "config"))
        seconds = 3 * (o.presses * 0.45 + 6) + 10
        out = campaign(root, o.binary, o.rate, seconds)
        try:
            runs = [("isobench-tui", [o.binary, "attach", "--root", str(root)], o.screen.encode(), b"?", b"\x1b", "pause after the live stage")]
            if shutil.which("less"):
                runs.append(("less on the same log", ["less", str(out)], b"G", b"h", b"q", "SUMMARY OF LESS COMMANDS"))
            if shutil.which("htop"):
                runs.append(("htop", ["htop"], b"", b"h", b"q", "Press any key to return"))
            for name, command, before, ask, back, marker in runs:
                grew, begun = out.stat().st_size, time.monotonic()
                times, asked, rate = press(command, size, before, ask, back, marker, o.presses)
                grew = (out.stat().st_size - grew) / (time.monotonic() - begun) / 1e6
                p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
                print(f"{name}: {len(times)} of {asked} keys seen, median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, worst {times[-1]:.1f} ms; {rate / 1000:.1f} KB/s to the terminal while {grew:.1f} MB/s of log came")
        finally:
            subprocess.run([o.binary, "ctl", "quit-now", "--root", root], capture_output=True)


main()
