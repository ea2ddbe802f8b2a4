"""Measures the exchange between two real nodes and prints JSON: ``python bench/exchange.py --messages 10000 --size 2048``.

Every figure is a ratio to the bare cryptography measured in the same run; see ``docs/explanation/performance.md``.
"""

from __future__ import annotations

import argparse
import json

from tansiq.demo.bench import run


def main() -> None:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=2_048, help="bytes of a message")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--urgent", type=int, default=100, help="urgent messages on idle nodes")
    arguments = parser.parse_args()
    print(
        json.dumps(
            run(messages=arguments.messages, size=arguments.size, on=arguments.on, urgent=arguments.urgent), indent=1
        )
    )


if __name__ == "__main__":
    main()
