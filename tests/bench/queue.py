#!/usr/bin/env python3
"""What the runner costs over the work itself, side by side in one run.

A plan of N items whose agent and arms do as little as a process can, run by `isobench-tui run --headless`, against shell
loops that start the same commands, one after another:

  same     the same git and agent commands that the stages run, from a plain `sh` loop
  harness  what ISO-Bench does for an item: `git worktree add`, history detached (init, add, commit), the agent, the patch by
           `git diff`, the arms, `git worktree prune`
  bare     `git worktree add`, the agent, the arms, `git worktree remove`: no detached history, no patch

  tests/bench/queue.py [--items 200] [--rounds 5] [--binary target/release/isobench-tui]

Prints one line a measurement: medians of the rounds, the ratios, and the peak memory of runner and keeper together.
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parents[2]
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b"}


def git(root, *words):
    return subprocess.run(["git", "-C", root, *words], check=True, capture_output=True, text=True, env=ENV).stdout.strip()


def make(root, items, agent):
    """A harness folder with a repository of a few files and a plan of `items` items over its last commit."""
    repo = root / "repo"
    repo.mkdir(parents=True)
    git(repo, "init", "-q")
    for commit in range(2):
        for name in range(20):
            (repo / f"file{name}.py").write_text(f"print({commit}, {name})\n" * 50)
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", f"commit {commit}")
    human = git(repo, "rev-parse", "HEAD")
    plan = {"repo": str(repo), "task_id": "bench", "items": [{"item_id": f"bench-{n:04}", "human": human, "pre": "", "pre_parent_index": 1} for n in range(items)]}
    (root / "state").mkdir()
    (root / "state/plan.json").write_text(json.dumps(plan))
    (root / "isobench-tui.toml").write_text(f'[agent]\ncommand = {json.dumps(agent)}\n[arms]\ncommand = ["/bin/true"]\n')
    return repo, human


def rss_mb(pid):
    try:
        fields = open(f"/proc/{pid}/status").read()
        return int(fields.split("VmRSS:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def run_ours(binary, root):
    """Seconds, and the peak of runner plus its keepers in MB."""
    peak = 0.0
    started = time.monotonic()
    child = subprocess.Popen([binary, "run", "--new", "--headless", "--root", root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)

    def sample():
        nonlocal peak
        while child.poll() is None:
            keepers = []
            try:
                for task in os.listdir(f"/proc/{child.pid}/task"):
                    keepers += open(f"/proc/{child.pid}/task/{task}/children").read().split()
            except OSError:
                pass
            peak = max(peak, rss_mb(child.pid) + sum(rss_mb(keeper) for keeper in keepers))
            time.sleep(0.02)

    sampler = threading.Thread(target=sample)
    sampler.start()
    child.wait()
    took = time.monotonic() - started
    sampler.join()
    assert child.returncode in (0, 1), child.returncode
    return took, peak


SAME = r"""
set -e
G=$(git -C repo rev-parse --path-format=absolute --git-common-dir); P=$(git -C repo rev-parse HEAD~1); H=$(git -C repo rev-parse HEAD)
i=0; while [ $i -lt $N ]; do
  W=$PWD/.work/w$i; S=$PWD/.work/s$i; mkdir -p $W $S/objects
  (cd $W; GIT_INDEX_FILE=$S/index git --git-dir=$G --work-tree=$W read-tree -u --reset $P
   git init -q --template=; git add -A -f; git -c gc.auto=0 -c maintenance.auto=false commit -q --allow-empty --no-verify -m 'Initial state'
   git checkout -q -B agent/bench/00000000
   $AGENT
   export GIT_INDEX_FILE=$S/index
   GIT_OBJECT_DIRECTORY=$S/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$G/objects git --git-dir=$G --work-tree=$W add -A
   GIT_OBJECT_DIRECTORY=$S/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$G/objects git --git-dir=$G --work-tree=$W diff --cached --binary $P > $S/patch
   git --git-dir=$G diff-tree -r --name-only --no-commit-id $P $H > $S/expected) > /dev/null
  if [ -s $S/patch ]; then for arm in human baseline candidate; do
    A=$W.$arm; mkdir -p $A; if [ $arm = human ]; then C=$H; else C=$P; fi
    (cd $A; GIT_INDEX_FILE=$S/index.$arm git --git-dir=$G --work-tree=$A read-tree -u --reset $C
     if [ $arm = candidate ]; then git --git-dir=$G --work-tree=$A apply --whitespace=nowarn $S/patch; fi
     /bin/true)
  done; fi
  rm -rf $W $W.human $W.baseline $W.candidate; i=$((i+1))
done
"""

HARNESS = r"""
set -e
i=0; while [ $i -lt $N ]; do
  git -C repo worktree add -q --detach $PWD/.work/w$i HEAD~1
  (cd .work/w$i; rm .git; git init -q; git add -A; git commit -q -m 'Initial state'; git checkout -q -B agent/bench/00000000
   $AGENT; git add -A; git diff --cached > ../patch$i
   if [ -s ../patch$i ]; then /bin/true; /bin/true; /bin/true; fi)
  rm -rf .work/w$i; git -C repo worktree prune; i=$((i+1))
done
"""

BARE = r"""
set -e
i=0; while [ $i -lt $N ]; do
  git -C repo worktree add -q --detach $PWD/.work/w$i HEAD~1
  (cd .work/w$i; $AGENT; if [ -n "$(git status --porcelain)" ]; then /bin/true; /bin/true; /bin/true; fi)
  git -C repo worktree remove --force $PWD/.work/w$i; i=$((i+1))
done
"""


def run_shell(script, root, items, agent):
    started = time.monotonic()
    subprocess.run(["sh", "-c", script], cwd=root, check=True, env={**ENV, "N": str(items), "AGENT": " ".join(agent)})
    took = time.monotonic() - started
    shutil.rmtree(root / ".work", ignore_errors=True)
    return took


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--items", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--binary", default=str(HERE / "target/release/isobench-tui"))
    o = arguments.parse_args()
    for title, agent in (("agent /bin/true (an empty patch ends it at check)", ["/bin/true"]), ("agent appends a line (all arms run /bin/true)", ["sh", str(HERE / "tests/bench/append.sh")])):
        loops = {"same": SAME, "harness": HARNESS, "bare": BARE}
        times = {name: [] for name in ("ours", *loops)}
        peaks = []
        for _ in range(o.rounds):
            with tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder)
                make(root, o.items, agent)
                took, peak = run_ours(o.binary, root)
                times["ours"].append(took)
                peaks.append(peak)
                for name, script in loops.items():
                    times[name].append(run_shell(script, root, o.items, agent))
        ours = statistics.median(times["ours"])
        print(f"{title}: {o.items} items, medians of {o.rounds} rounds")
        print(f"  isobench-tui    {ours:6.2f} s, {ours / o.items * 1000:.1f} ms an item; runner and keeper {max(peaks):.1f} MB at their peak")
        for name in loops:
            loop = statistics.median(times[name])
            print(f"  {name:<10} loop {loop:6.2f} s: ours is {ours / loop:.2f} times that")


main()
