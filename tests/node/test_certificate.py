"""The line between two nodes: TLS 1.3 and nothing older, on both sides of it."""

from __future__ import annotations

import ssl

import pytest

from peer import SimulatedPeer
from tansiq.exchange.context import system_clock
from tansiq.exchange.delivery import tls_context
from tansiq.node.certificate import make_certificate, server_context


@pytest.fixture(scope="module")
def door() -> tuple[bytes, bytes]:
    return make_certificate("ma.dgst", ["127.0.0.1"], now_ms=system_clock())


def caller(certificate: bytes) -> ssl.SSLContext:
    """How a node calls the agency that says it shows ``certificate``."""
    return tls_context(SimulatedPeer("ma.dgst", tls=(certificate,)).directory)


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """The version on which both agree, in memory. Raises SSLError when there is none."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [server.wrap_bio(there, back, server_side=True), client.wrap_bio(back, there)]
    for _ in range(4):
        for end in reversed(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].version()


def test_two_nodes_speak_tls_1_3(door: tuple[bytes, bytes]) -> None:
    assert shaken(server_context(*door), caller(door[0])) == "TLSv1.3"


def test_the_door_speaks_to_no_older_caller(door: tuple[bytes, bytes]) -> None:
    older = caller(door[0])
    older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shaken(server_context(*door), older)


def test_nothing_is_said_to_an_older_door(door: tuple[bytes, bytes]) -> None:
    older = server_context(*door)
    older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shaken(older, caller(door[0]))


def test_a_door_with_another_certificate_is_not_believed(door: tuple[bytes, bytes]) -> None:
    other = make_certificate("ma.dgst", ["127.0.0.1"], now_ms=system_clock())
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(server_context(*other), caller(door[0]))
