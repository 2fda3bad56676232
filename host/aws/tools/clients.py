#!/usr/bin/env python3
"""AWS's own client for Python, as the tests of host/aws use it. Nothing is sent anywhere.

    python host/aws/tools/clients.py requests           what botocore sends, for every operation
    python host/aws/tools/clients.py fixture            a few of these, signed at a fixed time
    python host/aws/tools/clients.py answers < FILE     what botocore reads in these answers
    python host/aws/tools/clients.py environment        where botocore would send calls, and whose

`fixture` wrote host/aws/tests/fixtures/signed.json. It takes a botocore as host/aws/tools/models.py does.
"""

import base64
import datetime
import functools
import json
import re
import sys
import time
import urllib.parse

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

SERVICES = {"states": "stepfunctions", "events": "events", "scheduler": "scheduler", "sts": "sts"}
KEPT = {"sts": ["GetCallerIdentity"]}
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/token+of=a session"
FIXTURE = ["StartExecution", "CreateStateMachine", "PutEvents", "CreateSchedule", "ListSchedules", "TagResource",
           "UntagResource", "GetCallerIdentity"]
TEXTS = [
    "x1", "10", "ü €1", "123456789012", "events:PutRule", "us-east-1", "application/json", "https://example.com/x",
    "$.detail", "aws.partner/example.com/1", "example.com", "cluster-1",
    "arn:aws:iam::123456789012:role/runs", "arn:aws:sqs:us-east-1:123456789012:queue",
    "arn:aws:kms:us-east-1:123456789012:key/k",
    "arn:aws:events:us-east-1:123456789012:event-bus/default",
    "arn:aws:events:us-east-1:123456789012:api-destination/a/b", "arn:aws:events:us-east-1:123456789012:connection/a/b",
    "arn:aws:events:us-east-1:123456789012:endpoint/e", "arn:aws:events:us-east-1:123456789012:rule/r",
    "arn:aws:scheduler:us-east-1:123456789012:schedule-group/g", "arn:aws:scheduler:us-east-1:123456789012:schedule/g/n",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:s", "arn:aws:route53:::healthcheck/h",
    "arn:aws:vpc-lattice:us-east-1:123456789012:resourceconfiguration/rcfg-0123456789abcdefg",
    "arn:aws:vpc-lattice:us-east-1:123456789012:servicenetworkresourceassociation/snra-0123456789abcdefg",
    "a-longer-text-for-names-that-are-long",
]


@functools.cache
def client(name, token=None):
    session = botocore.session.get_session()
    session.set_credentials(KEY, SECRET, token)
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
    return session.create_client(SERVICES[name], region_name="us-east-1", endpoint_url="http://localhost:8083", config=config)


def value(shape, full, at=""):
    kind = shape.type_name
    if kind == "structure":
        members = shape.members.items()
        return {name: value(inner, full, name) for name, inner in members if full or name in shape.required_members}
    if kind == "list":
        return [value(shape.member, full, at)] * max(shape.metadata.get("min", 0), 2 if full else 1)
    if kind == "map":
        return {value(shape.key, full, at): value(shape.value, full, at)}
    if kind in ("integer", "long"):
        return max(shape.metadata.get("min", 1), 1)
    if kind in ("float", "double"):
        return 1.5
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(1_800_000_000, datetime.timezone.utc)
    return text(shape, at)


def text(shape, at):
    if getattr(shape, "enum", None):
        return shape.enum[0]
    pattern = shape.metadata.get("pattern", "").replace(r"\p{ASCII}", "[ -~]").replace(r"\p{L}\p{Z}\p{N}", "a-zA-Z0-9 ")
    pattern = pattern.replace("\\\\", "\\")
    for found in TEXTS:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1_000_000)
        if least <= len(found) <= most and (not pattern or re.fullmatch(pattern, found)):
            return found
    raise SystemExit(f"no text for {shape.name} at {at}: {shape.metadata}")


def plain(params):
    if isinstance(params, dict):
        return {key: plain(inner) for key, inner in params.items()}
    if isinstance(params, list):
        return [plain(inner) for inner in params]
    return params.timestamp() if isinstance(params, datetime.datetime) else params


def call(aws, operation, params, answer):
    """Calls without sending: `answer` is asked for (status, headers, body) with the request."""
    def instead(request, **_):
        status, headers, body = answer(request)
        raw = type("Raw", (), {"stream": lambda self, **_: iter([body]), "read": lambda self, *_: body})()
        return AWSResponse(request.url, status, headers, raw)
    aws.meta.events.register_last("before-send", instead)
    method = next(name for name, found in aws.meta.method_to_api_mapping.items() if found == operation)
    try:
        return getattr(aws, method)(**params)
    finally:
        aws.meta.events.unregister("before-send", instead)


def recorded(service, operation, params, request, token):
    url = urllib.parse.urlsplit(request.url)
    model = client(service).meta.service_model.operation_model(operation)
    output = plain(value(model.output_shape, token is not None)) if model.output_shape else {}
    headers = [["Host", url.netloc]]
    for name, found in request.headers.items():
        if name.lower() in ("user-agent", "amz-sdk-invocation-id"):
            continue
        headers.append([name, found if isinstance(found, str) else found.decode("latin-1")])
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    return {
        "service": service, "operation": operation, "params": plain(params), "output": output, "token": token,
        "method": request.method, "path": url.path, "query": url.query, "headers": headers, "body": base64.b64encode(body).decode(),
    }


def requests(operations=None):
    found = []
    for service in SERVICES:
        for token in (None, TOKEN):
            aws = client(service, token)
            for operation in aws.meta.service_model.operation_names:
                if operation not in KEPT.get(service, [operation]) or operation not in (operations or [operation]):
                    continue
                shape = aws.meta.service_model.operation_model(operation).input_shape
                params = value(shape, token is not None) if shape else {}
                # A global endpoint is signed in another way, and this host is none.
                params.pop("EndpointId", None) if operation == "PutEvents" else None

                def keep(request):
                    # What botocore fills in itself.
                    filled = json.loads(request.body) if request.body and request.body[:1] == b"{" else {}
                    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))
                    given = dict(params)
                    for member in shape.members if shape else []:
                        inner = shape.members[member]
                        if inner.metadata.get("idempotencyToken") and member not in given:
                            given[member] = filled.get(member) or query[inner.serialization["name"]]
                    found.append(recorded(service, operation, given, request, token))
                    form = b"<a><GetCallerIdentityResult/><ResponseMetadata/></a>" if service == "sts" else b"{}"
                    return 200, {}, form
                call(aws, operation, params, keep)
            if service == "sts":
                url = aws.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
                request = type("Presigned", (), {"url": url, "headers": {}, "body": b"", "method": "GET"})
                found.append(recorded(service, "GetCallerIdentity", {}, request, token))
    return found


def answers(given):
    found = []
    for answer in given:
        aws = client(answer["service"])
        shape = aws.meta.service_model.operation_model(answer["operation"]).input_shape
        params = value(shape, False) if shape else {}
        parts = (answer["status"], answer["headers"], base64.b64decode(answer["body"]))
        try:
            read = call(aws, answer["operation"], params, lambda _: parts)
            meta = read.pop("ResponseMetadata")
            found.append({"ok": plain(read), "request_id": meta.get("RequestId")})
        except ClientError as error:
            modelled = type(error).__name__
            told = error.response["Error"]
            found.append({"error": told["Code"], "message": told["Message"], "class": modelled,
                          "request_id": error.response["ResponseMetadata"].get("RequestId")})
    return found


def environment():
    """What the variables of the process make of clients that are given nothing else."""
    session = botocore.session.get_session()
    found = {name: session.create_client(source).meta.endpoint_url for name, source in SERVICES.items()}
    urls = []
    aws = session.create_client("stepfunctions")
    call(aws, "StartSyncExecution", {"stateMachineArn": "a"}, lambda request: (urls.append(request.url), (200, {}, b"{}"))[1])
    key = session.get_credentials()
    return {**found, "sync": urls[0], "key": [key.access_key, key.secret_key, key.token], "region": aws.meta.region_name}


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "requests":
        json.dump({"now": int(time.time()), "requests": requests()}, sys.stdout)
    elif mode == "fixture":
        fixed = datetime.datetime(2026, 1, 2, 3, 4, 5)
        botocore.auth.get_current_datetime = lambda *_, **__: fixed
        now = int(fixed.replace(tzinfo=datetime.timezone.utc).timestamp())
        lines = ",\n".join(json.dumps(request, ensure_ascii=True) for request in requests(FIXTURE))
        print(f'{{"now": {now}, "requests": [\n{lines}\n]}}')
    elif mode == "answers":
        json.dump(answers(json.load(sys.stdin)), sys.stdout)
    elif mode == "environment":
        json.dump(environment(), sys.stdout)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
