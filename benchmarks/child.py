"""`python -m benchmarks.child module.function '{…}'`: one task in a process of its own, its result as JSON."""

from __future__ import annotations

import importlib
import json
import sys


def main() -> int:
    """Run the task named and print what it returns."""
    module, _, function = sys.argv[1].rpartition(".")
    given = json.loads(sys.argv[2])
    result = getattr(importlib.import_module(f"benchmarks.{module}"), function)(**given)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
