#!/usr/bin/env python3
"""What the inspector costs: opening trajectories of any size, beside `lnav` and `less +G` in the same run.

  tests/bench/inspect.py SHARED [--rounds 3] [--secs 10] [--mb 1024] [--binary target/release/isobench-tui] [--only NAMES]

SHARED is the project's ../shared, which holds the samples. The huge files are made in a temporary folder (BENCH_TMP, else
/tmp) and removed afterwards. Needs `pip install pyte`. Every program runs in a pty of 120x40; what it wrote is kept with its
times and drawn afterwards, so that drawing costs nothing while it is measured. Prints medians as JSON, with the targets.
"""
import argparse, fcntl, json, os, pathlib, pty, re, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time

HERE = pathlib.Path(__file__).resolve().parents[2]
COLS, ROWS = 120, 40
# the heading of the list of steps: some are seen, they are counted, the last one is under the cursor
SEEN = r"steps [^\n]*(near the end|\d+ · \d+ % counted|\d+ of \d)"
COUNTED = r"steps [^\n]* \d+ of \d"
AT_END = r"steps [^\n]* (\d+) of \1\b"
JUDGED = r"steps [^\n]* \d+ of \d+(?![^\n]*findings follow)"
# every step was searched
SEARCHED = r"(match \d+ of \d+|\d+ match(es)?) in \d+ steps?(?![^\n]*% searched)|is nowhere|no match in"
# what is searched for: in no line, in many, and as an expression, for which every step is read
SEARCHES = {"absent": ("zzqabsent", False), "common": ("error", False), "expression": ("error [0-9]+", True)}
ANSWERS = [(b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b[?u", b"\x1b[?0u"), (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x07")]


class Program:
    """A program in a pty, and what it wrote when."""

    def __init__(self, command, env=None):
        self.chunks, self.began = [], time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})})
            # the size is set before the program asks for it
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
            os.execvp(command[0], [str(word) for word in command])

    def pump(self, secs):
        until = time.monotonic() + secs
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return
            self.chunks.append((time.monotonic(), data))
            for asked, answer in ANSWERS:
                if asked in data:
                    os.write(self.fd, answer)

    def press(self, keys):
        os.write(self.fd, keys.encode())
        return time.monotonic()

    def status(self, name):
        return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1]) / 1024

    def cpu(self):
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat[stat.rindex(")") + 2:].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def seen(self, since, *wanted):
        """Milliseconds from a moment to the screen on which a text stands (a regular expression); None: it never did."""
        import pyte
        screen = pyte.Screen(COLS, ROWS)
        stream = pyte.ByteStream(screen)
        times = []
        wanted = list(wanted)
        for at, data in self.chunks:
            try:
                stream.feed(data)
            except Exception:
                pass
            page = "\n".join(screen.display)
            while wanted and at >= since and re.search(wanted[0], page):
                times.append((at - since) * 1000)
                wanted.pop(0)
        return times[0] if times else None

    def page(self):
        import pyte
        screen = pyte.Screen(COLS, ROWS)
        stream = pyte.ByteStream(screen)
        for _, data in self.chunks:
            stream.feed(data)
        return "\n".join(line.rstrip() for line in screen.display)


def repeated(sample, to, mb):
    """A sample again and again."""
    bytes_of = sample.read_bytes()
    bytes_of += b"" if bytes_of.endswith(b"\n") else b"\n"
    with open(to, "wb") as out:
        while out.tell() < mb << 20:
            out.write(bytes_of)
    # the page cache is warm for everybody
    with open(to, "rb") as file:
        while file.read(1 << 24):
            pass


def opening(o, path, text, index_secs=None):
    """Spawn to a step on the screen; to its number known; `G` to the last step; peak memory."""
    program = Program([o.binary, "inspect", path], o.env)
    program.pump(8 if index_secs else 1.0)
    program.press("g")
    program.pump(1.0)
    at = program.press("G")
    program.pump(1.0)
    rows = {"first_paint_ms": program.seen(program.began, text), "peak_rss_mb": program.status("VmHWM")}
    if index_secs:
        rows["index_ms"] = program.seen(program.began, COUNTED)
        rows["end_ms"] = program.seen(at, AT_END)
    program.kill()
    return rows


def wait(program, wanted, secs):
    """Whether a text comes to stand on the screen."""
    for _ in range(secs):
        program.pump(1)
        if re.search(wanted, program.page()):
            return True
    return False


def search(o, path):
    """Searches over the whole file, one after the other, once the detectors went over it; and `grep -c` of the same beside them."""
    program, rows = Program([o.binary, "inspect", path], o.env), {}
    wait(program, JUDGED, 60)
    for name, (word, is_expression) in SEARCHES.items():
        at = program.press("/" + word + ("\t" if is_expression else "") + "\r")
        wait(program, SEARCHED, 60)
        rows[f"{name}_ms"] = program.seen(at, SEARCHED)
        program.press("\x1b")
        program.pump(1)
        began = time.monotonic()
        subprocess.run(["grep", "-ciE" if is_expression else "-ciF", word, path], capture_output=True)
        rows[f"{name}_grep_ms"] = (time.monotonic() - began) * 1000
    rows["peak_rss_mb"] = program.status("VmHWM")
    program.kill()
    return rows


def early_end(o, path):
    """`G` as soon as something is seen: before the steps are counted."""
    program = Program([o.binary, "inspect", path], o.env)
    program.pump(0.25)
    at = program.press("G")
    program.pump(4)
    end = program.seen(at, rf"near the end|{AT_END}")
    program.kill()
    return {"early_end_ms": end}


def scrolling(o, path):
    """A held key, 30 times a second, over a run of a thousand steps."""
    program = Program([o.binary, "inspect", path], o.env)
    program.pump(2)
    before, began = program.cpu(), time.monotonic()
    for _ in range(int(30 * o.secs)):
        program.press("j")
        program.pump(1 / 30)
    used = 100 * (program.cpu() - before) / (time.monotonic() - began)
    program.kill()
    return {"cpu_pct": used}


def peer(command, key, text, secs, env=None):
    """Spawn to the first page, within so many seconds; a key to the end."""
    program = Program(command, env)
    program.pump(secs)
    rows = {"first_paint_ms": program.seen(program.began, text)}
    if key:
        at = program.press(key)
        program.pump(2)
        last = [time for time, _ in program.chunks if time > at]
        rows["end_ms"] = (last[0] - at) * 1000 if last else None
    else:
        rows["end_ms"] = rows["first_paint_ms"]
    rows["peak_rss_mb"] = program.status("VmHWM")
    program.kill()
    return rows


def medians(o, measure):
    rounds = [measure() for _ in range(o.rounds)]
    known = {name: [row[name] for row in rounds if row[name] is not None] for name in rounds[0]}
    return {name: round(statistics.median(values), 1) if values else None for name, values in known.items()}


def thousand(path):
    """A stream of a thousand steps, each with a call, its answer and some thought."""
    with open(path, "w") as out:
        out.write(json.dumps({"type": "system", "subtype": "init", "session_id": "s", "model": "m"}) + "\n")
        for n in range(1000):
            blocks = [{"type": "text", "text": f"Step {n}: look at the scheduler, then measure again.\n" * 6}]
            blocks.append({"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {"command": f"python bench.py --seed {n} | tail -n 20"}})
            message = {"id": f"m{n}", "model": "m", "content": blocks, "usage": {"input_tokens": 1000 + n, "output_tokens": 50}}
            out.write(json.dumps({"type": "assistant", "message": message, "session_id": "s"}) + "\n")
            answer = "\n".join(f"row {n}.{row}  latency {row * 1.7:.2f} ms" for row in range(30))
            result = {"type": "tool_result", "tool_use_id": f"t{n}", "content": answer, "is_error": n % 7 == 0}
            out.write(json.dumps({"type": "user", "message": {"role": "user", "content": [result]}, "session_id": "s"}) + "\n")


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("shared", type=pathlib.Path)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--secs", type=float, default=10)
    arguments.add_argument("--mb", type=int, default=1024)
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    arguments.add_argument("--only", default="trae,scroll,session,rollout,search,peers")
    o = arguments.parse_args()
    only = o.only.split(",")
    samples = o.shared / "trajectories"
    told = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_TMP")) as folder:
        folder = pathlib.Path(folder)
        o.env = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
        if "trae" in only:
            files = list((samples / "trae").rglob("*.trajectory.json"))
            largest = max(files, key=lambda path: path.stat().st_size)
            target = {"first_paint_ms": 40}
            told["largest_trajectory"] = {"mb": round(largest.stat().st_size / 1e6, 1), "target": target, **medians(o, lambda: opening(o, largest, COUNTED))}
        if "scroll" in only:
            thousand(folder / "thousand.jsonl")
            told["scroll_1000_steps_30fps"] = {"target": {"cpu_pct": 10}, **medians(o, lambda: scrolling(o, folder / "thousand.jsonl"))}
        lines = [path for path in samples.rglob("*.jsonl")]
        target = {"first_paint_ms": 300, "index_ms": 2000, "peak_rss_mb": 150, "end_ms": 100}
        sessions = {"session": max(lines, key=lambda path: path.stat().st_size), "rollout": max((path for path in lines if path.name.startswith("rollout-")), key=lambda path: path.stat().st_size)}
        for name, sample in sessions.items():
            if name not in only:
                continue
            huge = folder / f"{name}.jsonl"
            repeated(sample, huge, o.mb)
            rows = medians(o, lambda: {**opening(o, huge, SEEN, index_secs=2), **early_end(o, huge)})
            told[f"huge_{name}"] = {"mb": round(huge.stat().st_size / 1e6), "sample": sample.name, "target": target, **rows}
            if "search" in only:
                told[f"huge_{name}"]["search"] = medians(o, lambda: search(o, huge))
            if "peers" in only:
                told[f"huge_{name}"]["less +G"] = medians(o, lambda: peer(["less", "+G", huge], None, r"\S", 5))
                if shutil.which("lnav"):
                    told[f"huge_{name}"]["lnav"] = medians(o, lambda: peer(["lnav", huge], "G", r"\{\"", 20, {"HOME": str(folder)}))
            huge.unlink()
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
