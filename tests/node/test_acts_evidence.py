"""The act that makes an evidence file: for which uses it discloses, and for which it does not."""

from __future__ import annotations

import pytest

from support.node import Clock, Node, Nodes
from support.two import Two
from tansiq.errors import BadInput, Refused
from tansiq.node.acts import Asked
from tansiq.node.acts_evidence import export
from tansiq.node.evidence_holding import disclosing
from tansiq.policy.handling import Use
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    return Two(node("es.cgi"), node("ma.dgst"), clock)


def disclose(owner: Node, matter: bytes, **arguments: object) -> None:
    named = {"enquiry": id_text(matter), "disclose": ["request"], **arguments}
    export(Asked(context=owner.use(), officer=owner.officer(), arguments=named, progress=lambda _: None))


@pytest.mark.parametrize("use", sorted(set(Use) - {Use.EXPORT, Use.COURT}))
def test_no_use_that_stays_in_the_node_makes_an_archive(two: Two, use: Use) -> None:
    """Rabat may read what Madrid asks (H1, H2), and has not said how it was obtained: it can't be given out as something read."""
    matter = two.arrived()
    with pytest.raises(BadInput, match=r"node\.wrong-argument"):
        disclose(two.ma, matter, use=use.value)
    with pytest.raises(BadInput, match=r"node\.wrong-argument"):
        disclosing(two.ma.officer(), context=two.ma.use(), purpose="", clearance="class.secret", use=use)


@pytest.mark.parametrize("use", [Use.EXPORT, Use.COURT])
def test_the_uses_of_an_archive_ask_the_originators_conditions(two: Two, use: Use) -> None:
    matter = two.arrived()
    with pytest.raises(Refused, match=r"policy\.use"):
        disclose(two.ma, matter, use=use.value)
