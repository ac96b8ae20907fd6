#!/usr/bin/env python3
"""Puts the seeds of the fuzz targets into tests/fuzz/corpus/TARGET, made from the fixtures of the repository."""
import hashlib
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "fixtures"
FORMATS = ["trae", "claude", "codex", "openhands", "swe_agent", "mini_swe_agent"]


def seed(target, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def main():
    files = sorted(path for name in FORMATS for path in (FIXTURES / name).rglob("*") if path.is_file())
    for path in files:
        data = path.read_bytes()[:65536]
        seed("open_bytes", data)
        seed("lines", data + b"\x03")
        seed("text", data[:4096] + b"\x07")
        for at in range(0, min(len(data), 20000), 1000):
            seed("suite", data[at : at + 2000])
        # a file as it grows
        if path.parent.name == "trae":
            try:
                whole = json.loads(data)
            except ValueError:
                continue
            steps, asked = whole.get("agent_steps") or [], whole.get("llm_interactions") or []
            states = [{**whole, "end_time": "", "agent_steps": steps[:n], "llm_interactions": asked[: n + 1]} for n in range(3)]
            seed("trae_rewrites", b"\0".join([json.dumps(state).encode() for state in states] + [data[:9000], data]))
    # folders of events as the lines of one file
    for folder in sorted({path.parent for path in files if "openhands" in path.parts}):
        events = [path.read_bytes().replace(b"\n", b" ") for path in sorted(folder.iterdir()) if path.suffix == ".json"]
        seed("open_bytes", b"\n".join(events)[:65536])
        seed("lines", b"\n".join(events)[:65536] + b"\x02")
    for path in sorted((FIXTURES / "bench").iterdir()):
        seed("outputs", path.read_bytes()[:65536])
    repeated = b"I need to actually use the tools now. " * 40
    seed("text", repeated + b"\x05")
    seed("text", b"\x1b]0;title\x07\x1b[2J\xc2\x9b31m plain \x1b[0m" + b"\x05")


if __name__ == "__main__":
    main()
