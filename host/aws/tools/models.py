#!/usr/bin/env python3
"""Writes host/aws/models/*.json: what this host needs of AWS's published service models.

    python3 -m venv target/botocore
    target/botocore/bin/pip install botocore==1.44.5
    target/botocore/bin/python host/aws/tools/models.py

The models describe public APIs and come with botocore (Apache-2.0, Copyright Amazon.com, Inc. or
its affiliates); see host/aws/models/README.md. What is left out: documentation, endpoint rules,
and shapes that no kept operation reaches.

A file has one line for each operation and shape, so that a difference between two versions reads
as what changed. Members keep the order of the model, because error texts list them in it.
"""

import gzip
import json
import os
import pathlib
import re
import sys

import botocore

# (botocore's name, version, our file, the operations whose shapes are kept: None is all)
SERVICES = [
    ("stepfunctions", "2016-11-23", "states", None),
    ("events", "2015-10-07", "events", None),
    ("scheduler", "2021-06-30", "scheduler", None),
    ("sts", "2011-06-15", "sts", ["GetCallerIdentity"]),
]

# Expressions that look around, as a list that must match all together: the matcher in the host runs
# in linear time and cannot look around. A new one in a model stops this script.
LOOKAROUND = {
    r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$": [r".*[a-zA-Z_\-\.].*", r"[a-zA-Z0-9_\-\.]+"],
    r"^(?!\s*$).+": [r".*\S.*"],
}
# The same for alternatives with exceptions: any of them may match, none of the others.
EXCEPT = {
    r"(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)": {
        "any": [r"[/\.\-_A-Za-z0-9].*", r"(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)"],
        "none": [r"aws\..*"],
    },
}

# The service lists the values of an enumeration in an order of its own, where it was seen.
ENUM_ORDER = {
    ("states", "ExecutionStatus"): ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"],
}
# Members that only error texts show.
SHOWN = {("events", "PutEventsRequestEntry"): ["kmsKeyIdentifier", "internalMetadata"]}


def main():
    here = pathlib.Path(__file__).resolve().parent.parent / "models"
    data = os.path.join(os.path.dirname(botocore.__file__), "data")
    for source, version, name, kept in SERVICES:
        folder = os.path.join(data, source, version)
        with gzip.open(os.path.join(folder, "service-2.json.gz")) as file:
            model = json.load(file)
        pages = {}
        paginators = os.path.join(folder, "paginators-1.json")
        if os.path.exists(paginators):
            with open(paginators) as file:
                pages = json.load(file)["pagination"]
        text = service(name, model, pages, kept)
        (here / f"{name}.json").write_text(text)
        print(f"{name}: {len(text)} bytes, botocore {botocore.__version__}", file=sys.stderr)


def service(name, model, pages, kept):
    meta = model["metadata"]
    operations = [operation(model, meta, op, pages, kept) for op in sorted(model["operations"])]
    reached = reach(model, [op for op in operations if "input" in op])
    lines = ["{"]
    for key, value in [
        ("botocore", botocore.__version__),
        ("version", meta["apiVersion"]),
        ("protocol", meta["protocol"]),
        ("json", meta.get("jsonVersion", "")),
        ("target", meta.get("targetPrefix", "")),
        ("scope", meta.get("signingName", meta["endpointPrefix"])),
        ("xmlns", meta.get("xmlNamespace", "")),
    ]:
        lines.append(f"{compact(key)}: {compact(value)},")
    lines.append('"operations": {')
    lines += rows({op.pop("name"): op for op in operations})
    lines.append("},")
    lines.append('"shapes": {')
    lines += rows({shape: trimmed(name, shape, model["shapes"][shape]) for shape in sorted(reached)})
    lines.append("}")
    lines.append("}")
    return "\n".join(lines) + "\n"


def rows(members):
    found = [f"{compact(key)}: {compact(value)}" for key, value in members.items()]
    return [row + "," for row in found[:-1]] + found[-1:]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def operation(model, meta, name, pages, kept):
    source = model["operations"][name]
    found = {"name": name}
    if kept is not None and name not in kept:
        return found
    http = source["http"]
    if meta["protocol"] == "rest-json":
        found["http"] = [http["method"], http["requestUri"]]
        if http.get("responseCode", 200) != 200:
            found["status"] = http["responseCode"]
    found["input"] = source["input"]["shape"] if "input" in source else ""
    found["output"] = source["output"]["shape"] if "output" in source else ""
    if "resultWrapper" in source.get("output", {}):
        found["wrapper"] = source["output"]["resultWrapper"]
    found["errors"] = [error["shape"] for error in source.get("errors", [])]
    if "endpoint" in source:
        found["host_prefix"] = source["endpoint"]["hostPrefix"]
    members = model["shapes"].get(found["input"], {}).get("members", {})
    page = pages.get(name) or guessed_page(members)
    if page:
        found["page"] = [page["input_token"], page["limit_key"]]
    return found


def guessed_page(members):
    """Operations that list things and have no paginator name their members alike."""
    token = next((m for m in members if m in ("nextToken", "NextToken")), None)
    limit = next((m for m in members if m in ("maxResults", "MaxResults", "Limit")), None)
    return {"input_token": token, "limit_key": limit} if token and limit else None


def reach(model, operations):
    found, waiting = set(), []
    for op in operations:
        waiting += [op["input"], op["output"], *op["errors"]]
    while waiting:
        name = waiting.pop()
        if not name or name in found:
            continue
        found.add(name)
        shape = model["shapes"][name]
        waiting += [member["shape"] for member in shape.get("members", {}).values()]
        waiting += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    return found


def trimmed(service_name, name, shape):
    found = {"type": shape["type"]}
    for key in ("min", "max"):
        if key in shape:
            found[key] = shape[key]
    if "pattern" in shape:
        found["pattern"] = shape["pattern"]
        found.update(matchers(shape["pattern"]))
    if "enum" in shape:
        found["enum"] = ENUM_ORDER.get((service_name, name), shape["enum"])
        assert sorted(found["enum"]) == sorted(shape["enum"]), f"{name}: the recorded order misses a value"
    if shape.get("sensitive"):
        found["sensitive"] = True
    if shape.get("exception"):
        code = shape.get("error", {}).get("code")
        found["error"] = shape.get("error", {}).get("httpStatusCode", 500 if shape.get("fault") else 400)
        if code and code != name:
            found["code"] = code
    if shape.get("required"):
        found["required"] = shape["required"]
    if "members" in shape:
        found["members"] = [member(name, spec) for name, spec in shape["members"].items()]
    for part in ("member", "key", "value"):
        if part in shape:
            found[part] = shape[part]["shape"]
    if (service_name, name) in SHOWN:
        found["shown"] = SHOWN[(service_name, name)]
    return found


def member(name, spec):
    """[name, shape], and for what is not in the body also where it is and how it is called there."""
    if "location" not in spec:
        return [name, spec["shape"]]
    return [name, spec["shape"], spec["location"], spec.get("locationName", name)]


def matchers(pattern):
    """`all`, `any` and `none`: expressions for a matcher without lookaround, in ASCII classes."""
    if pattern in EXCEPT:
        parts = EXCEPT[pattern]
        return {key: [plain(part) for part in found] for key, found in parts.items()}
    if pattern in LOOKAROUND:
        return {"all": [plain(part) for part in LOOKAROUND[pattern]]}
    assert "(?=" not in pattern and "(?!" not in pattern, f"looks around: {pattern}"
    return {} if plain(pattern) == pattern else {"all": [plain(pattern)]}


def plain(pattern):
    """`\\d`, `\\w`, `\\s` and `.` mean there what they mean to AWS: ASCII, and no line's end."""
    found, inside, at = [], False, 0
    names = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\x0B\f\r"}
    # Twice escaped in the model itself: `\\d` there means `\d`.
    pattern = pattern.replace("\\\\d", "\\d").replace("\\\\-", "\\-") if "\\\\d" in pattern else pattern
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            what = pattern[at + 1]
            if what in names:
                found.append(names[what] if inside else f"[{names[what]}]")
            elif what == "S":
                assert not inside
                found.append(f"[^{names['s']}]")
            elif what == "p":
                end = pattern.index("}", at)
                class_ = pattern[at : end + 1]
                found.append(r"[\x00-\x7F]" if class_ == r"\p{ASCII}" else class_)
                at = end + 1
                continue
            else:
                found.append(pattern[at : at + 2])
            at += 2
            continue
        if char == "[" and not inside:
            inside = True
        elif char == "]" and inside:
            inside = False
        elif char == "." and not inside:
            char = r"[^\n\r\x{85}\x{2028}\x{2029}]"
        found.append(char)
        at += 1
    return re.sub(r"\A\^|\$\Z", "", "".join(found)) if "|" not in pattern else "".join(found)


if __name__ == "__main__":
    main()
