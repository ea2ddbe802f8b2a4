"""Names of our own officers: kept concealed, shown here alone, gone with their key."""

from __future__ import annotations

import pytest
from django.db import connection

from support.node import Nodes
from tansiq.directory.officers import name_officer, officer_names
from tansiq.errors import BadInput

pytestmark = pytest.mark.storage


def row(number: str) -> tuple[bytes, bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing, concealed FROM directory_officer_name WHERE number = %s", (number,))
        thing, concealed = cursor.fetchone()
    return bytes(thing), bytes(concealed)


def test_a_name_is_kept_concealed_and_a_later_one_takes_its_place(node: Nodes) -> None:
    context = node("es.cgi").use()
    name_officer("ES-4017", "Íñigo Zabalbeascoa", keys=context.keys, now_ms=context.clock())
    name_officer("ES-3300", "منى الورياغلي", keys=context.keys, now_ms=context.clock())
    assert officer_names(keys=context.keys) == {"ES-4017": "Íñigo Zabalbeascoa", "ES-3300": "منى الورياغلي"}
    first, concealed = row("ES-4017")
    assert b"Zabalbeascoa" not in concealed

    name_officer("ES-4017", "Íñigo Zabalbeascoa Mendi", keys=context.keys, now_ms=context.clock())
    second, _ = row("ES-4017")
    assert officer_names(keys=context.keys)["ES-4017"] == "Íñigo Zabalbeascoa Mendi"
    assert context.keys.has_contents([first, second]) == {second}


def test_a_name_whose_key_is_erased_is_nobodys(node: Nodes) -> None:
    context = node("es.cgi").use()
    name_officer("ES-4017", "Íñigo Zabalbeascoa", keys=context.keys, now_ms=context.clock())
    context.keys.erase(row("ES-4017")[0])
    assert officer_names(keys=context.keys) == {}


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "two\nlines", "bell\x07"])
def test_what_is_no_name_is_refused(name: str, node: Nodes) -> None:
    context = node("es.cgi").use()
    with pytest.raises(BadInput) as caught:
        name_officer("ES-4017", name, keys=context.keys, now_ms=context.clock())
    assert caught.value.code == "directory.wrong-name"
    assert officer_names(keys=context.keys) == {}
