"""Counts an agent's steps by the plain rules of its format, to check the adapters against.

usage: count_steps.py claude|codex|openhands PATH...   (PATH: a JSONL file, or a folder of events)
One JSON object a line: steps, calls, results, failed (results), input, output, cached, ended.
Everything is read at once and nothing is streamed: it shares no idea with the adapters but the formats.
"""

import json
import os
import re
import sys


def lines_of(path):
    for line in open(path, encoding="utf-8", errors="replace"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def claude(path):
    ids, calls, results, per_message, told, told_at, last = [], [], {}, {}, None, 0, None
    for line in lines_of(path):
        kind = line.get("type")
        if kind == "assistant":
            message = line["message"]
            if message["id"] not in ids:
                ids.append(message["id"])
            if not line.get("is_api_error_message"):
                usage = message.get("usage") or {}
                per_message[message["id"]] = (
                    usage.get("input_tokens", 0) + usage.get("cache_creation_input_tokens", 0),
                    usage.get("output_tokens", 0),
                    usage.get("cache_read_input_tokens", 0),
                )
                calls += [block["id"] for block in message["content"] if block["type"] == "tool_use"]
            last = None
        elif kind == "user":
            content = line["message"]["content"]
            for block in content if isinstance(content, list) else []:
                if block.get("type") == "tool_result":
                    results.setdefault(block["tool_use_id"], not block.get("is_error", False))
            last = None
        elif kind == "result":
            models, turn = line.get("modelUsage") or {}, line.get("usage") or {}
            if models:
                told = (
                    sum(m["inputTokens"] + m["cacheCreationInputTokens"] for m in models.values()),
                    sum(m["outputTokens"] for m in models.values()),
                    sum(m["cacheReadInputTokens"] for m in models.values()),
                )
            else:
                turn = (
                    turn.get("input_tokens", 0) + turn.get("cache_creation_input_tokens", 0),
                    turn.get("output_tokens", 0),
                    turn.get("cache_read_input_tokens", 0),
                )
                told = tuple(a + b for a, b in zip(told or (0, 0, 0), turn))
            told_at = len(ids)
            last = "ok" if line["subtype"] == "success" and not line["is_error"] else "bad"
        elif kind == "system" and line.get("subtype") == "init":
            last = None
    since = [per_message.get(i, (0, 0, 0)) for i in ids[told_at:]]
    total = [sum(column) for column in zip(told or (0, 0, 0), *since)]
    return len(ids), calls, results, total, last


def codex_ok(text):
    if text.startswith("{"):
        try:
            code = json.loads(text)["metadata"]["exit_code"]
            return code == 0
        except (ValueError, KeyError, TypeError):
            pass
    code = re.search(r"^(?:Process exited with code|Exit code:) (-?\d+)$", text.split("Output:")[0], re.M)
    if code:
        return int(code.group(1)) == 0
    return not re.match(r"(error:|err:|unsupported c|failed |execution error|exec_command failed|aborted|patch rejected)", text.lower())


def codex(path):
    # a turn of the model is a run of its items between two things that are not its own
    turns, calls, results, total, last, fault = [], [], {}, [0, 0, 0], None, None
    fresh = True
    for line in lines_of(path):
        kind, item = line.get("type"), line.get("payload", line)
        inner = item.get("type")
        if "record_type" in line or kind in ("turn_context", "token_usage_record", "compacted"):
            fresh = True
        elif kind == "event_msg":
            if inner == "token_count":
                fresh = True
                usage = (item.get("info") or {}).get("total_token_usage")
                if usage:
                    total = [usage["input_tokens"], usage["output_tokens"], usage["cached_input_tokens"]]
            elif inner in ("task_started", "user_message"):
                fresh, last = True, None
            elif inner == "task_complete":
                last = "ok" if item.get("last_agent_message") is not None else "bad"
            elif inner == "turn_aborted":
                last = "bad"
        elif kind == "response_item" or "payload" not in line:
            is_models = inner in ("reasoning", "function_call", "custom_tool_call", "local_shell_call", "web_search_call")
            if is_models or (inner == "message" and item.get("role") == "assistant"):
                if fresh:
                    turns.append([])
                    fresh = False
                turns[-1].append(inner)
                if inner.endswith("_call"):
                    calls.append(item.get("call_id"))
                    if inner == "web_search_call":
                        results[len(calls)] = item.get("status") != "failed"
            elif inner == "message":
                fresh = True
                if item.get("role") == "user":
                    last = None
            elif inner in ("function_call_output", "custom_tool_call_output"):
                results[item["call_id"]] = codex_ok(item["output"])
    return len(turns), calls, results, total, last


def openhands(folder):
    events = []
    for name in os.listdir(folder):
        number = re.fullmatch(r"(?:event-)?(\d+)(?:-[0-9a-f-]+)?\.json", name)
        if number:
            events.append((int(number.group(1)), json.load(open(os.path.join(folder, name)))))
    events = [event for _, event in sorted(events)]
    steps, calls, results, total, last = 0, [], {}, [0, 0, 0], None
    if events and "kind" in events[0]:
        answers = {e.get("llm_response_id") or e["id"] for e in events if e["kind"] in ("ActionEvent", "MessageEvent") and e["source"] == "agent"}
        calls = [e["tool_call_id"] for e in events if e["kind"] == "ActionEvent"]
        for e in events:
            if e["kind"] == "ObservationEvent":
                o = e["observation"]
                results[e["tool_call_id"]] = not o["is_error"] and not o.get("exit_code")
                last = "ok" if o["kind"] == "FinishObservation" else last
            elif e["kind"] == "AgentErrorEvent":
                results[e["tool_call_id"]] = False
        base = os.path.join(folder, "..", "base_state.json")
        if os.path.exists(base):
            for one in json.load(open(base))["stats"]["usage_to_metrics"].values():
                u = one["accumulated_token_usage"]
                total = [a + b for a, b in zip(total, (u["prompt_tokens"], u["completion_tokens"], u["cache_read_tokens"]))]
        return len(answers), calls, results, total, last
    no_steps = ("system", "recall", "change_agent_state", "condensation", "condensation_request", "null")
    for e in events:
        if e.get("action") and e["source"] == "agent" and e["action"] not in no_steps:
            steps += 1
            if e["action"] != "message":
                calls.append(e["id"])
            if e["action"] == "finish":
                last = "ok"
        elif e.get("observation") == "agent_state_changed":
            state = e["extras"]["agent_state"]
            last = {"finished": "ok", "error": "bad", "rejected": "bad", "stopped": "bad"}.get(state, None if state in ("running", "loading") else last)
        elif e.get("cause") in calls:
            code = ((e.get("extras") or {}).get("metadata") or {}).get("exit_code")
            results[e["cause"]] = e.get("success") is not False and e["observation"] != "error" and not code
        u = (e.get("llm_metrics") or {}).get("accumulated_token_usage")
        if u:
            total = [u["prompt_tokens"], u["completion_tokens"], u["cache_read_tokens"]]
    return steps, calls, results, total, last


def main():
    count = {"claude": claude, "codex": codex, "openhands": openhands}[sys.argv[1]]
    for path in sys.argv[2:]:
        steps, calls, results, total, last = count(path)
        print(
            json.dumps(
                {
                    "steps": steps,
                    "calls": len(calls),
                    "results": len(results),
                    "failed": sum(not ok for ok in results.values()),
                    "input": total[0],
                    "output": total[1],
                    "cached": total[2],
                    "ended": last,
                }
            )
        )


if __name__ == "__main__":
    main()
