"""``python -m tansiq.cli``: the same as the program ``tansiq``."""

from __future__ import annotations

from tansiq.cli.main import run

run()
