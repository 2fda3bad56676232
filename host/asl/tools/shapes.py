#!/usr/bin/env python3
"""Writes host/asl/src/test_state/shapes/SERVICE.json: what the APIs of AWS answer.

    pip download botocore==1.41.5 --no-deps
    python3 host/asl/tools/shapes.py botocore-*.whl

The version is that of the weeks in which AWS began to take mocks, and in which its answers were recorded;
a newer one knows more services and other bounds.

The models of botocore (Apache License 2.0) describe public APIs; of each operation only the
answer is kept, and of the answer only what a mocked result is compared with: names, kinds,
required members, lengths, ranges and enumerations.

A file is {"operations": {NAME: SHAPE}, "shapes": [SHAPE, ...]}, where SHAPE is a place in "shapes"
and the shapes are
    ["string", MIN, MAX]  ["number", MIN, MAX]  ["boolean"]  ["enum", [VALUE, ...]]
    ["list", SHAPE]  ["map", SHAPE]  ["structure", {NAME: SHAPE}, [REQUIRED, ...]]
with null for a bound that there is not. Shapes that say the same are written once. Members are
named as Step Functions names them: with a capital letter.
"""
import glob
import gzip
import json
import os
import sys
import zipfile

# The folder in botocore's data, and the name of the file.
SERVICES = {
    "athena": "athena", "batch": "batch", "bedrock-runtime": "bedrockruntime", "dynamodb": "dynamodb",
    "ecs": "ecs", "events": "eventbridge", "glue": "glue", "kms": "kms", "lambda": "lambda", "s3": "s3",
    "scheduler": "scheduler", "secretsmanager": "secretsmanager", "ses": "ses", "sesv2": "sesv2",
    "sns": "sns", "sqs": "sqs", "ssm": "ssm", "stepfunctions": "sfn",
}
NUMBERS = {"integer", "long", "float", "double", "short", "byte", "bigdecimal"}
TEXTS = {"string", "blob", "timestamp", "character"}


class Shapes:
    def __init__(self, models):
        self.models, self.places, self.written, self.list = models, {}, {}, []

    def place(self, name):
        """Where the shape of this name stands. A shape within itself needs its place first."""
        if name in self.places:
            return self.places[name]
        model = self.models[name]
        if model["type"] == "structure":
            self.places[name] = len(self.list)
            self.list.append(None)
            members = {n[:1].upper() + n[1:]: self.place(m["shape"]) for n, m in model.get("members", {}).items()}
            required = [n[:1].upper() + n[1:] for n in model.get("required", [])]
            shape = ["structure", members, required] if required else ["structure", members]
            self.list[self.places[name]] = shape
            return self.places[name]
        if model["type"] in ("list", "map"):
            # A list that holds itself does so through a structure or union, which has its place by then.
            inner = (model["member"] if model["type"] == "list" else model["value"])["shape"]
            shape = [model["type"], self.place(inner)]
        else:
            shape = scalar(model)
        text = json.dumps(shape)
        if text not in self.written:
            self.written[text] = len(self.list)
            self.list.append(shape)
        self.places[name] = self.written[text]
        return self.places[name]


def scalar(model):
    kind = model["type"]
    if kind in TEXTS and "enum" in model:
        return ["enum", model["enum"]]
    if kind in TEXTS or kind in NUMBERS:
        bounds = [model.get("min"), model.get("max")] if kind in NUMBERS or kind in ("string", "blob") else [None, None]
        while bounds and bounds[-1] is None:
            bounds.pop()
        return ["string" if kind in TEXTS else "number"] + bounds
    if kind == "boolean":
        return ["boolean"]
    raise SystemExit("a shape of the kind %s is not known" % kind)


def main():
    wheel = zipfile.ZipFile(glob.glob(sys.argv[1])[0])
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/test_state/shapes")
    for service, file in SERVICES.items():
        names = [n for n in wheel.namelist() if n.startswith("botocore/data/%s/" % service) and "/service-2.json" in n]
        data = wheel.read(max(names))
        model = json.loads(gzip.decompress(data) if names[0].endswith(".gz") else data)
        shapes, operations = Shapes(model["shapes"]), {}
        for name, operation in sorted(model["operations"].items()):
            if "output" in operation:
                operations[name[:1].lower() + name[1:]] = shapes.place(operation["output"]["shape"])
        with open(os.path.join(folder, file + ".json"), "w") as out:
            json.dump({"operations": operations, "shapes": shapes.list}, out, separators=(",", ":"))
            out.write("\n")


if __name__ == "__main__":
    main()
