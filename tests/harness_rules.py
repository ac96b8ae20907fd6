#!/usr/bin/env python3
"""What ISO-Bench's own scripts say of a run folder, by its documented rules and with nothing of ours.

    harness_rules.py report RUN_DIR                     the counts of `bench.cli report`
    harness_rules.py resume RUN_DIR PLAN                what `prepare --resume` of this run would skip and run
    harness_rules.py filtered PLAN RUN_DIR failed       the plan of what failed, as people make it by hand
    harness_rules.py filtered PLAN RUN_DIR missing      the plan of what has no journal
    harness_rules.py each PLAN RUN_DIR...               all four answers for each run

Prints JSON. Only the standard library, so a plan in YAML is not read.
"""

import json
import sys
from pathlib import Path


def journal_of(item):
    """The journal of an item's folder; None where there is none that can be read."""
    try:
        with open(item / "journal.json", encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def report(run):
    items = []
    for folder in sorted(path for path in run.iterdir() if path.is_dir()):
        journal = journal_of(folder)
        if journal is None:
            continue
        commits = journal.get("commits", {})
        items.append({
            "item_id": folder.name,
            "status": journal.get("status"),
            "human": commits.get("human"),
            "pre": commits.get("pre"),
            "agent_branch": journal.get("agent_branch"),
        })
    counted = [item["status"] for item in items]
    return {
        "run_id": run.name,
        "num_items": len(items),
        "num_success": counted.count("success"),
        "num_error": counted.count("error"),
        "items": items,
    }


def status_in(run, item_id):
    """The status in the run; None without a journal that can be read."""
    journal = journal_of(run / item_id)
    return None if journal is None else journal.get("status")


def resume(run, plan):
    ids = [item["item_id"] for item in plan["items"]]
    skipped = [item_id for item_id in ids if status_in(run, item_id) == "success"]
    return {"skipped": skipped, "run": [item_id for item_id in ids if item_id not in skipped]}


def filtered(plan, run, which):
    def wanted(item):
        status = status_in(run, item["item_id"])
        return status is None if which == "missing" else status not in (None, "success")

    return {**plan, "items": [item for item in plan["items"] if wanted(item)]}


def all_four(plan, run):
    return {
        "report": report(run),
        "resume": resume(run, plan),
        "failed": filtered(plan, run, "failed"),
        "missing": filtered(plan, run, "missing"),
    }


def main(words):
    match words:
        case ["each", plan, *runs]:
            plan = json.loads(Path(plan).read_text(encoding="utf-8"))
            answer = [all_four(plan, Path(run)) for run in runs]
        case ["report", run]:
            answer = report(Path(run))
        case ["resume", run, plan]:
            answer = resume(Path(run), json.loads(Path(plan).read_text(encoding="utf-8")))
        case ["filtered", plan, run, ("failed" | "missing") as which]:
            answer = filtered(json.loads(Path(plan).read_text(encoding="utf-8")), Path(run), which)
        case _:
            sys.exit(__doc__)
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
