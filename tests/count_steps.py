#!/usr/bin/env python3
"""Counts an agent's steps by the plain rules of its format, to check the adapters against.

usage: count_steps.py PATH...                             any format, chosen by content, packed by gzip or not
       count_steps.py claude|codex|openhands PATH...      a stream, a rollout, a folder of events

One JSON object a run and a line: steps, calls, results, failed (results), errors (failed results, and steps with an error
of their own), input, output, cached, ended (ok, bad, unknown or null); with PATH... alone also agent and instance. A path that is
no trajectory is an object with `none`.
Everything is read at once and nothing is streamed: it shares no idea with the adapters but the formats.
"""

import gzip
import json
import os
import re
import sys


def number(value, *names):
    """The first of these fields that is a number, else 0."""
    for name in names:
        found = value.get(name) if isinstance(value, dict) else None
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return int(found)
    return 0


def dicts(value):
    """The objects of a list; none where it is no list: forks and old versions differ."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def result(steps, calls, results, total, ended, step_errors=0):
    return {
        "steps": steps,
        "calls": calls if isinstance(calls, int) else len(calls),
        "results": len(results),
        "failed": sum(not ok for ok in results.values()),
        "errors": sum(not ok for ok in results.values()) + step_errors,
        "input": total[0],
        "output": total[1],
        "cached": total[2],
        "ended": ended,
    }


# ---------------------------------------------------------------------------------------------------------------- TRAE


def trae(whole):
    told, asked = dicts(whole.get("agent_steps")), dicts(whole.get("llm_interactions"))
    calls, results, bad, total = 0, {}, 0, [0, 0, 0]
    for at, step in enumerate(told):
        response = step.get("llm_response") or {}
        ids = [call.get("call_id") or call.get("id") for call in dicts(step.get("tool_calls"))]
        ids += [i for i in (call.get("call_id") or call.get("id") for call in dicts(response.get("tool_calls"))) if i not in ids]
        answers = dicts(step.get("tool_results"))
        if not answers:
            sent = [message.get("tool_result") for message in dicts(step.get("llm_messages"))]
            answers = [answer for answer in sent if answer and (answer.get("call_id") or answer.get("id")) in ids]
        calls += len(ids)
        for nth, answer in enumerate(answers):
            results[(at, nth)] = answer["success"] if isinstance(answer.get("success"), bool) else not answer.get("error")
        # an answer to nothing that was asked is a call too
        calls += sum((answer.get("call_id") or answer.get("id")) not in ids for answer in answers)
        bad += bool(step.get("error"))
    for answer in asked:
        usage = (answer.get("response") or {}).get("usage")
        total = [a + number(usage, name) for a, name in zip(total, ("input_tokens", "output_tokens", "cache_read_input_tokens"))]
    for answer in asked[len(told):]:
        calls += len(dicts((answer.get("response") or {}).get("tool_calls")))
    failed = told and told[-1].get("error")
    ended = "bad" if failed or whole.get("end_time") else None
    if whole.get("end_time") and whole.get("success"):
        ended = "ok"
    elif whole.get("end_time") and not failed and not whole.get("final_result"):
        ended = "unknown"
    return result(max(len(told), len(asked)), calls, results, total, ended, bad)


def trae_rust(whole):
    """The unmerged port: each answer holds its own step."""
    steps, calls, results, bad, total = 0, 0, {}, 0, [0, 0, 0]
    for at, answer in enumerate(whole.get("llm_interaction") or []):
        step = answer.get("steps") or {}
        response = step.get("llm_response") or {}
        steps += 1
        calls += len(step.get("tool_calls") or response.get("tool_calls") or answer.get("tool_calls") or [])
        for nth, told in enumerate(step.get("tool_results") or []):
            results[(at, nth)] = told.get("success", True)
        bad += bool(step.get("error") or answer.get("error_message"))
        total = [a + number(response.get("usage"), n) for a, n in zip(total, ("input_tokens", "output_tokens", "cache_read_input_tokens"))]
    ended = "ok" if whole.get("success") else "bad" if whole.get("end_time") else None
    return result(steps, calls, results, total, ended, bad)


# ---------------------------------------------------------------------------------------------------------- Claude Code


def blocks(line):
    content = (line.get("message") or {}).get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def claude_usage(usage):
    return (
        number(usage, "input_tokens") + number(usage, "cache_creation_input_tokens"),
        number(usage, "output_tokens"),
        number(usage, "cache_read_input_tokens"),
    )


def claude(lines):
    ids, calls, results, per_message, told, told_at, last, bad = [], [], {}, {}, None, 0, None, set()
    for line in lines:
        kind = line.get("type")
        if kind == "assistant":
            message = line["message"]
            if message["id"] not in ids:
                ids.append(message["id"])
            if line.get("is_api_error_message"):
                bad.add(message["id"])
            else:
                per_message[message["id"]] = claude_usage(message.get("usage"))
                calls += [block["id"] for block in blocks(line) if block["type"] == "tool_use" and block["id"] not in calls]
            last = None
        elif kind == "user":
            for block in blocks(line):
                if block.get("type") == "tool_result":
                    results.setdefault(block["tool_use_id"], not block.get("is_error", False))
            last = None
        elif kind == "result":
            models = line.get("modelUsage") or {}
            if models:
                told = (
                    sum(m["inputTokens"] + m["cacheCreationInputTokens"] for m in models.values()),
                    sum(m["outputTokens"] for m in models.values()),
                    sum(m["cacheReadInputTokens"] for m in models.values()),
                )
            elif line.get("usage"):
                told = tuple(a + b for a, b in zip(told or (0, 0, 0), claude_usage(line.get("usage"))))
            told_at = len(ids) if models or line.get("usage") else told_at
            last = "ok" if line.get("subtype", "success") == "success" and not line.get("is_error") else "bad"
        elif kind == "system" and line.get("subtype") == "init":
            last = None
    # an answer to a call that is not there makes one of its own, where there is a step to hold it
    lost = [i for i in results if i not in calls]
    calls, results = (calls + lost, results) if ids else (calls, {})
    since = [per_message.get(i, (0, 0, 0)) for i in ids[told_at:]]
    total = [sum(column) for column in zip(told or (0, 0, 0), *since)]
    return result(len(ids), calls, results, total, last, len(bad))


def is_prompt(line):
    """What somebody asked: not an answer of a tool, not the program's own notes, not what a command of the terminal left."""
    if line.get("type") != "user" or line.get("isMeta"):
        return False
    content = (line.get("message") or {}).get("content")
    text = content if isinstance(content, str) else "".join(b.get("text", "") for b in blocks(line) if b.get("type") == "text")
    answers = any(block.get("type") == "tool_result" for block in blocks(line))
    return bool(text.strip()) and not answers and not re.match(r"\s*<(local-)?command-", text)


def session(lines):
    seen, chains, before = {}, {}, {}
    for line in lines:
        if line.get("type") not in ("user", "assistant", "system", "progress", "attachment") or not line.get("uuid"):
            continue
        if line["uuid"] in seen:
            continue
        side = bool(line.get("isSidechain"))
        chain = (side, line.get("agentId"))
        parent = line.get("parentUuid")
        if line.get("subtype") == "compact_boundary":
            logical = line.get("logicalParentUuid")
            parent = logical if logical in seen else before.get(chain)
        elif parent is not None and parent not in seen:
            parent = before.get(chain)
        if side and chain[1] is None:
            # before agents had ids, each had a tree
            chain = seen[parent]["chain"] if parent in seen and seen[parent]["side"] else (side, line["uuid"])
        seen[line["uuid"]] = {"line": line, "parent": parent, "chain": chain, "side": side}
        before[chain] = line["uuid"]
        chains.setdefault(chain, []).append(line["uuid"])
    # of each conversation the way that leads to its last message
    counted, ended = [], None
    for chain, members in chains.items():
        leaf = next((i for i in reversed(members) if seen[i]["line"]["type"] == "assistant" or is_prompt(seen[i]["line"])), None)
        way = set()
        while leaf in seen and leaf not in way:
            way.add(leaf)
            leaf = seen[leaf]["parent"]
        ids = {seen[i]["line"]["message"].get("id") for i in way if seen[i]["line"]["type"] == "assistant"}
        counted.append((chain, ids))
    mains = [chain for chain, _ in counted if not chain[0]] or [chain for chain, _ in counted][:1]
    ids, calls, results, usage, bad = set().union(*[ids for _, ids in counted]) if counted else set(), [], {}, {}, set()
    for entry in seen.values():
        line = entry["line"]
        message, is_main = line.get("message") or {}, entry["chain"] in mains
        if line["type"] == "assistant" and message.get("id") in ids:
            if line.get("isApiErrorMessage"):
                bad.add(message["id"])
            else:
                usage[message["id"]] = claude_usage(message.get("usage"))
                calls += [b["id"] for b in blocks(line) if b.get("type") == "tool_use" and b["id"] not in calls]
            if is_main:
                ended = "bad" if message["id"] in bad else "ok" if message.get("stop_reason") == "end_turn" else None
        elif line["type"] == "user" and is_main:
            if "[Request interrupted by user" in json.dumps(message):
                ended = "bad"
            elif is_prompt(line):
                ended = None
    for entry in seen.values():
        if entry["line"]["type"] == "user":
            for block in blocks(entry["line"]):
                if block.get("type") == "tool_result" and block.get("tool_use_id") in calls:
                    results.setdefault(block["tool_use_id"], not block.get("is_error", False))
    total = [sum(column) for column in zip((0, 0, 0), *usage.values())]
    return result(len(ids), calls, results, total, ended, len(bad))


# ---------------------------------------------------------------------------------------------------------------- Codex


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


def codex(lines):
    # a turn of the model is a run of its items between two things that are not its own
    turns, calls, results, total, last = [], [], {}, [0, 0, 0], None
    fresh = True
    for line in lines:
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
                output = item["output"]
                results[item["call_id"]] = codex_ok(output if isinstance(output, str) else json.dumps(output))
    # an answer to a call that is not in the file makes a call of its own, where there is a turn to hold it
    if turns:
        calls += [i for i in results if isinstance(i, str) and i not in calls]
    else:
        results = {}
    return result(len(turns), calls, results, total, last)


def codex_exec(lines):
    """Three generations of one stream. It never says that the model was asked again: a step begins with what the model says
    after a call was begun, or with anything of its own after a call came back, after a count, in a new turn."""
    steps, calls, results, total, ended, errors = 0, {}, {}, [0, 0, 0], None, 0
    fresh, begun = True, False

    def said():
        nonlocal steps, fresh, begun
        if fresh or begun:
            steps, fresh, begun = steps + 1, False, False

    def called(i, ok=None):
        nonlocal steps, fresh, begun
        if i not in calls:
            if fresh:
                steps, fresh = steps + 1, False
            calls[i], begun = steps, True
        if ok is not None and i not in results:
            results[i] = ok
            if calls[i] == steps:
                fresh = True

    plan = 0
    for line in lines:
        message, kind = line.get("msg"), line.get("type")
        if message is not None:
            kind = message.get("type")
            if kind in ("agent_reasoning", "agent_message"):
                said()
            elif kind in ("exec_command_begin", "patch_apply_begin", "mcp_tool_call_begin", "web_search_begin"):
                called(message["call_id"])
            elif kind == "exec_command_end":
                called(message["call_id"], message.get("exit_code") == 0)
            elif kind == "patch_apply_end":
                called(message["call_id"], message.get("success") is True)
            elif kind == "mcp_tool_call_end":
                called(message["call_id"], "Ok" in (message.get("result") or {}))
            elif kind == "web_search_end":
                called(message["call_id"], True)
            elif kind in ("plan_update", "view_image_tool_call"):
                plan += 1
                called(message.get("call_id") or f"plan {plan}", True)
            elif kind == "token_count":
                fresh = True
                # 0.29 tells the tokens of one answer, later ones those of all
                usage = message if "input_tokens" in message else (message.get("info") or {}).get("total_token_usage")
                if usage:
                    count = [usage["input_tokens"], usage["output_tokens"], usage["cached_input_tokens"]]
                    total = [a + b for a, b in zip(total, count)] if usage is message else count
            elif kind == "task_started":
                fresh, ended = True, None
            elif kind in ("error", "turn_aborted"):
                ended = "bad"
        elif kind in ("turn.started", "session.created", "thread.started"):
            fresh, ended = True, None
        elif kind == "turn.completed":
            usage = line.get("usage") or {}
            total = [number(usage, name) for name in ("input_tokens", "output_tokens", "cached_input_tokens")]
            fresh, ended = True, "ok"
        elif kind == "turn.failed":
            fresh, ended = True, "bad"
        elif kind in ("item.started", "item.updated", "item.completed"):
            item, is_over = line["item"], kind == "item.completed"
            what = item.get("type") or item.get("item_type")
            if what in ("agent_message", "assistant_message", "reasoning"):
                if is_over:
                    said()
            elif what in ("command_execution", "file_change", "mcp_tool_call", "collab_tool_call", "web_search"):
                status = item.get("status", "completed")
                ok = status == "completed" and not item.get("exit_code") and not item.get("error")
                called(item["id"], ok if is_over else None)
            elif what == "todo_list" and not is_over:
                plan += 1
                called(f"plan {plan}", True)
    return result(steps, len(calls), results, total, ended, errors)


# ------------------------------------------------------------------------------------------------------------ OpenHands


def v1(events, base=None):
    answers = {e.get("llm_response_id") or e["id"] for e in events if e["kind"] in ("ActionEvent", "MessageEvent") and e["source"] == "agent"}
    calls = [e["tool_call_id"] for e in events if e["kind"] == "ActionEvent"]
    results, metrics, last, begun = {}, (base or {}).get("stats"), None, False
    for e in events:
        begun = begun or e["source"] == "agent" and e["kind"] in ("ActionEvent", "MessageEvent")
        if e["kind"] == "ObservationEvent":
            o = e["observation"]
            results[e["tool_call_id"]] = not o.get("is_error") and not o.get("exit_code")
            last = "ok" if o.get("kind") == "FinishObservation" else last
        elif e["kind"] in ("AgentErrorEvent", "UserRejectObservation"):
            results[e["tool_call_id"]] = False
        elif e["kind"] == "MessageEvent" and e["source"] in ("user", "environment") and begun:
            last = None  # somebody wrote again: it goes on
        elif e["kind"] == "ConversationErrorEvent":
            last = "bad"
        elif e["kind"] == "ConversationStateUpdateEvent" and base is None:
            key, value = e.get("key"), e.get("value")
            metrics = value if key == "stats" else (value or {}).get("stats", metrics) if key == "full_state" else metrics
            if key == "execution_status":
                last = {"finished": "ok", "error": "bad", "stuck": "bad"}.get(value, last)
    total = [0, 0, 0]
    for one in ((metrics or {}).get("usage_to_metrics") or {}).values():
        u = one.get("accumulated_token_usage")
        total = [a + number(u, name) for a, name in zip(total, ("prompt_tokens", "completion_tokens", "cache_read_tokens"))]
    # an answer to a call that is not there makes one of its own, where there is a step to hold it
    lost = [i for i in results if i not in calls]
    if answers:
        calls += lost
    else:
        results = {}
    return result(len(answers), calls, results, total, last)


NO_STEPS = ("system", "recall", "change_agent_state", "condensation", "condensation_request", "null")


def v0(events):
    steps, calls, results, total, last = 0, [], {}, [0, 0, 0], None
    for e in events:
        if e.get("action") and e.get("source") == "agent" and e["action"] not in NO_STEPS:
            steps += 1
            if e["action"] != "message":
                calls.append(e["id"])
            if e["action"] == "finish":
                last = "ok"
        elif e.get("action") == "message" and e.get("source") in ("user", "environment") and steps:
            last = None  # somebody wrote again: it goes on
        elif e.get("observation") == "agent_state_changed":
            state = e["extras"]["agent_state"]
            known = {"finished": "ok", "awaiting_user_input": "unknown", "error": "bad", "rejected": "bad", "stopped": "bad"}
            last = known.get(state, None if state in ("running", "loading") else last)
        elif e.get("cause") in calls:
            results[e["cause"]] = v0_ok(e)
        u = (e.get("llm_metrics") or {}).get("accumulated_token_usage")
        if u:
            total = [u["prompt_tokens"], u["completion_tokens"], u["cache_read_tokens"]]
    return result(steps, calls, results, total, last)


def v0_ok(e):
    extras = e.get("extras") or {}
    code = (extras.get("metadata") or {}).get("exit_code") or extras.get("exit_code") or e.get("exit_code")
    return e.get("success") is not False and e["observation"] != "error" and not code


def history(run):
    """A line of `output.jsonl`."""
    events = run.get("history") or []
    if events and isinstance(events[0], list):
        events = [e for pair in events for e in pair]
    if events and not any("id" in e or "cause" in e for e in events):
        told = bare(events)
    else:
        told = v0(events)
    metrics = (run.get("metrics") or {}).get("accumulated_token_usage")
    if metrics:
        for name, field in (("input", "prompt_tokens"), ("output", "completion_tokens"), ("cached", "cache_read_tokens")):
            told[name] = max(told[name], number(metrics, field))
    # it is written when the run is over
    told["ended"] = "bad" if run.get("error") else told["ended"] or "unknown"
    return told


def bare(events):
    steps, calls, results, last = 0, [], {}, None
    waits = None
    for at, e in enumerate(events):
        name = e.get("action")
        if "observation" in e and not name:
            if waits is not None and e["observation"] not in ("null", "agent_state_changed"):
                results[waits] = v0_ok(e)
                waits = None
        elif name == "message" and not steps:
            continue  # what was asked
        elif name and e.get("source", "agent") == "agent" and name not in NO_STEPS:
            steps += 1
            waits = None
            if name != "message":
                calls.append(at)
                waits = at
            if name == "finish":
                last, waits = "ok", None
    return result(steps, calls, results, [0, 0, 0], last)


# ------------------------------------------------------------------------------------------------ SWE-agent and its mini


SWE_REFUSED = re.compile(
    r"Your proposed edit has introduced new syntax error|introduced new syntax error|EXECUTION TIMED OUT|COMMAND TIMED OUT|"
    r"was cancelled because it took more than|Your shell command contained syntax errors|COMMAND FAILED TO EXECUTE|"
    r"is not supported by this environment|Text to replace not found|Your edit was not applied|^Exit due to"
)


SWE_READS = {"cat", "head", "tail", "less", "more", "grep", "rg", "sed", "awk", "nl", "find", "ls", "journalctl"}
SWE_GAVE_UP = re.compile(
    r"No space left on device|CUDA out of memory|Cannot allocate memory|Resource temporarily unavailable|Read-only file system|"
    r"Permission denied|No such file or directory|command not found|Segmentation fault"
)
SWE_RAISED = re.compile(r"(?:\w+\.)*(?:[A-Z]\w*(?:Error|Exception)|Error|Exception|KeyboardInterrupt):?(?: .*)?$", re.A)


def swe_ok(action, answer):
    """There is no exit code: what was refused, and what ends with the words of a program that gave up, has failed."""
    answer = (answer or "").strip()
    if SWE_REFUSED.search(answer) or re.match(r"ERROR[!:] ", answer):
        return False
    lines = [line.rstrip() for line in answer.splitlines() if line.strip()]
    if not lines:
        return True
    words = re.sub(r"^(?:cd [^&;]*(?:&&|;)\s*)+", "", (action or "").strip()).split()
    program, last, short = words[0] if words else "", lines[-1], len(lines) <= 3
    if short and SWE_GAVE_UP.search(last):
        return program in SWE_READS and last.split(":")[0] not in (program, "bash", "sh", "/bin/sh", "/bin/bash")
    raised = SWE_RAISED.match(last) and (short or "Traceback (most recent call last):" in answer)
    return program in SWE_READS or not raised


def swe(whole):
    stats = (whole.get("info") or {}).get("model_stats") or {}
    total = [number(stats, "tokens_sent"), number(stats, "tokens_received"), 0]
    status = (whole.get("info") or {}).get("exit_status")
    ended = None if not status else "ok" if status == "submitted" else "bad"
    calls, results = 0, {}
    if "trajectory" not in whole:
        told = whole.get("history") or []
        steps = [m for m in told if m.get("role") == "assistant" and not m.get("is_demo")]
        for at, message in enumerate(told):
            if message in steps:
                n = len(message.get("tool_calls") or [])
                calls += n
                for nth, answer in enumerate(told[at + 1:at + 1 + n]):
                    if answer.get("role") == "tool":
                        results[(at, nth)] = swe_ok(message.get("action"), str(answer.get("content") or ""))
        # a demonstration does not tell how it ended
        return result(len(steps), calls, results, total, "unknown")
    for at, step in enumerate(whole["trajectory"]):
        if (step.get("action") or "").strip():
            calls += 1
            results[at] = swe_ok(step["action"], step.get("observation"))
    return result(len(whole["trajectory"]), calls, results, total, ended)


def mini(whole):
    messages = whole if isinstance(whole, list) else whole.get("messages") or []
    info = {} if isinstance(whole, list) else whole.get("info") or {}
    steps, calls, results, total, bad, answered, submits = 0, [], {}, [0, 0, 0], 0, None, False
    for at, message in enumerate(messages):
        role, content = message.get("role"), message.get("content") or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        if role == "assistant":
            steps += 1
            asked = [call["id"] for call in message.get("tool_calls") or []]
            if not asked:
                fenced = re.findall(r"```(?:bash|mswea_bash_command)\s*\n(.*?)\n```", content, re.S)
                asked = [f"text {at}"] if len(fenced) == 1 else []
            calls += asked
            answered = asked[0] if asked else None
            submits = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT" in json.dumps(message) or "MINI_SWE_AGENT_FINAL_OUTPUT" in json.dumps(message)
            usage = (((message.get("extra") or {}).get("response")) or {}).get("usage") or {}
            details = usage.get("prompt_tokens_details") or {}
            total = [
                total[0] + number(usage, "prompt_tokens", "input_tokens"),
                total[1] + number(usage, "completion_tokens", "output_tokens"),
                total[2] + number(details, "cached_tokens"),
            ]
        elif role == "tool":
            code = (message.get("extra") or {}).get("returncode")
            if code is None:
                found = re.search(r"<returncode>(-?\d+)</returncode>", content)
                code = int(found.group(1)) if found else 0
            results[message.get("tool_call_id")] = code == 0
        elif role == "user" and answered is not None:
            found = re.match(r"\s*<returncode>(-?\d+)</returncode>", content)
            if found:
                results[answered] = int(found.group(1)) == 0
            elif "timed out" in content[:200] or "<timeout>" in content[:200]:
                results[answered] = False
            answered = None
    status = info.get("exit_status")
    if status is None and submits:
        status = "Submitted"
    return result(steps, calls, results, total, None if not status else "ok" if status == "Submitted" else "bad", bad)


# --------------------------------------------------------------------------------------------------------------- content


def read(path):
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return data.decode("utf-8", "replace")


def indented(text):
    """Objects of several lines each, among other lines."""
    at, decoder = 0, json.JSONDecoder()
    for begin in re.finditer(r"^\{$", text, re.M):
        if begin.start() >= at:
            try:
                value, at = decoder.raw_decode(text, begin.start())
            except (ValueError, RecursionError):
                continue
            yield value


def objects(text):
    for line in text.split("\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def lines_of(path):
    return objects(read(path))


def store(folder):
    events = []
    inner = os.path.join(folder, "events")
    at = inner if os.path.isdir(inner) else folder
    for name in os.listdir(at):
        digits = re.fullmatch(r"(?:event-)?(\d+)(?:-[0-9a-f-]+)?\.json", name)
        if digits:
            events.append((int(digits.group(1)), json.load(open(os.path.join(at, name)))))
    return at, [event for _, event in sorted(events, key=lambda pair: pair[0])]


def openhands(folder):
    at, events = store(folder)
    if events and "kind" in events[0]:
        base = os.path.join(at, "..", "base_state.json")
        return v1(events, json.load(open(base)) if os.path.exists(base) else {})
    return v0(events)


def any_of(path):
    """The runs of a path: agent, instance, counts."""
    if os.path.isdir(path):
        return [("openhands", None, openhands(path))]
    text = read(path)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        if "agent_steps" in whole or "llm_interactions" in whole:
            return [("trae", None, trae(whole))]
        if "llm_interaction" in whole:
            return [("trae", None, trae_rust(whole))]
        if "trajectory_format" in whole or ("messages" in whole and "info" in whole):
            return [("mini_swe_agent", None, mini(whole))]
        if "trajectory" in whole or ("history" in whole and "instance_id" not in whole and "issue" not in whole):
            return [("swe_agent", None, swe(whole))]
        lines = [whole]
    elif isinstance(whole, list):
        first = next((one for one in whole if isinstance(one, dict)), {})
        if "role" in first:
            return [("mini_swe_agent", None, mini(whole))]
        lines = [one for one in whole if isinstance(one, dict)]
    else:
        lines = list(objects(text)) or list(indented(text))
    if not lines:
        return []
    has = lambda *names: any(all(name in line for name in names) for line in lines)
    types = {line.get("type") for line in lines}
    if has("history") and (has("instance_id") or has("issue")):
        named = lambda line: str(line.get("instance_id") or (line.get("issue") or {}).get("number"))
        return [("openhands", named(line), history(line)) for line in lines if "history" in line]
    if types & {"thread.started", "session.created", "turn.started", "item.started", "item.completed"} or has("msg", "id") or has("workdir", "provider"):
        return [("codex_cli", None, codex_exec(lines))]
    if has("kind", "source"):
        return [("openhands", None, v1([line for line in lines if "kind" in line]))]
    if has("action") or has("observation"):
        return [("openhands", None, v0(lines))]
    if has("payload") or has("record_type") or types & {"function_call", "function_call_output"}:
        return [("codex_cli", None, codex(lines))]
    if has("sessionId") or has("parentUuid") or has("leafUuid"):
        return [("claude_code", None, session(lines))]
    if types & {"assistant", "user", "system", "result"}:
        return [("claude_code", None, claude(lines))]
    return []


def main():
    asked = {"claude": lambda path: claude(lines_of(path)), "codex": lambda path: codex(lines_of(path)), "openhands": openhands}
    if sys.argv[1:] and sys.argv[1] in asked:
        for path in sys.argv[2:]:
            told = asked[sys.argv[1]](path)
            told.pop("errors")
            print(json.dumps(told))
        return
    for path in sys.argv[1:]:
        runs = any_of(path)
        for agent, instance, told in runs:
            print(json.dumps({"path": path, "agent": agent, "instance": instance, **told}))
        if not runs:
            print(json.dumps({"path": path, "none": True}))


if __name__ == "__main__":
    main()
