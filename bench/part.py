"""One part in a process of its own: ``python -m bench.part NAME SIZE FILE`` writes its rows as they come."""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import django

MODULES = {
    "pages": "bench.pages",
    "webhooks": "bench.webhooks",
    "engine": "bench.engine",
    "reconcile": "bench.reconcile",
    "lag": "bench.whole",
    "sandbox": "bench.sandbox_speed",
    "recall": "bench.recall",
    "matching": "bench.matching",
}
"""What is measured where, in the order in which it is done."""


def main(arguments: list[str]) -> int:
    name, size, file = arguments
    django.setup()
    module = importlib.import_module(MODULES[name])  # its models can be loaded only now
    with Path(file).open("a") as out:
        for row in module.measure(int(size)):
            out.write(json.dumps(asdict(row), default=str) + "\n")
            out.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
