"""After a restored backup an office's register holds what its dockets say, those that came since the backup included."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.returned import back_to
from support.ways import World
from tansiq.node.backup import backup
from tansiq.office.compartments import compartment_of
from tansiq.office.folding import fold_came
from tansiq.office.queries import FlowView, flow_page
from tansiq.office.rebuilding import Checked, check_register
from tansiq.office.rows import FlowRow

pytestmark = pytest.mark.storage


def register(world: World) -> list[tuple[object, ...]]:
    """Every matter of the office in Madrid's node, without the moments at which the node took what was said of it."""
    fold_came(context=world["es.cgi"].use())

    def told(row: FlowRow) -> tuple[object, ...]:
        return row.matter, row.service, row.partner, row.direction, row.channel, row.state, row.field

    office = compartment_of("es.cgi/embassy-office", "ES-3300")
    return sorted(told(row) for row in flow_page(FlowView(), office, now_ms=world.clock()).rows)


def test_a_register_that_was_restored_is_whole(at_home: World, tmp_path: Path) -> None:
    """One matter before the backup, another since."""
    madrid = at_home["es.cgi"]
    at_home.ask("embassy")
    at_home.carry()
    backup(madrid.home, tmp_path / "kept", context=madrid.use())
    at_home.ask("embassy")
    at_home.carry()
    before = register(at_home)
    assert len(before) == 2
    back_to(tmp_path / "kept", madrid, at_home["ma.dgst"])
    assert register(at_home) == before
    assert check_register(context=madrid.use()) == Checked(2, 0, 0)
