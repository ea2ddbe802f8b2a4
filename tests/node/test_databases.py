"""The address of a PostgreSQL database: what is said of its protection is done, and what would weaken it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tansiq.errors import BadInput
from tansiq.node.databases import databases_for
from tansiq.node.home import Home


def told(address: str) -> dict[str, Any]:
    """What Django is told of a home whose key store is at ``address``."""
    return databases_for(
        Home(path=Path("/nowhere"), agency="es.cgi", database="postgresql:///main", keys_database=address)
    )["keys"]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///keys",
        "postgresql://localhost/keys",
        "postgresql://tansiq@127.0.0.1:5433/keys",
        "postgresql://[::1]/keys",
        "postgresql://tansiq@/keys?host=/run/postgresql",
        "postgresql:///keys?host=@tansiq",
    ],
)
def test_on_this_machine_the_server_is_spoken_to_as_it_likes(address: str) -> None:
    assert told(address)["OPTIONS"] == {"application_name": "tansiq"}


@pytest.mark.parametrize("address", ["postgresql://tansiq@db.example/keys", "postgresql:///keys?host=192.0.2.7"])
def test_another_machine_is_spoken_to_over_checked_tls_alone(address: str) -> None:
    assert told(address)["OPTIONS"]["sslmode"] == "verify-full"
    for weaker in ("disable", "allow", "prefer", "require", "verify-ca"):
        with pytest.raises(BadInput) as refused:
            told(f"{address}{'&' if '?' in address else '?'}sslmode={weaker}")
        assert refused.value.code == "node.database-in-clear"


def test_what_the_address_says_of_tls_and_where_the_password_lies_is_done() -> None:
    said = {
        "sslmode": "verify-full",
        "sslrootcert": "/etc/tansiq/ca.pem",
        "sslcert": "/etc/tansiq/node.pem",
        "sslkey": "/etc/tansiq/node.key",
        "passfile": "/etc/tansiq/pgpass",
        "connect_timeout": "5",
    }
    found = told("postgresql://tansiq@db.example:5433/keys?" + "&".join(f"{name}={said[name]}" for name in said))
    assert found["OPTIONS"] == {"application_name": "tansiq", **said}
    assert (found["NAME"], found["USER"], found["HOST"], found["PORT"]) == ("keys", "tansiq", "db.example", "5433")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://tansiq:geheim@localhost/keys", "node.database-password"),
        ("postgresql://localhost/keys?password=geheim", "node.wrong-database"),
        ("postgresql://localhost/keys?options=-c%20fsync%3Doff", "node.wrong-database"),
        ("postgresql://localhost/keys?sslmod=verify-full", "node.wrong-database"),
        ("postgresql://localhost/keys?sslmode", "node.wrong-database"),
        ("postgresql://localhost:port/keys", "node.wrong-database"),
        ("postgresql://localhost", "node.wrong-database"),
        ("mysql://localhost/keys", "node.wrong-database"),
    ],
)
def test_what_is_not_meant_is_refused(address: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        told(address)
    assert refused.value.code == code
    assert "geheim" not in str(refused.value)
