"""Entries of what could not be used stand under a name that no statement can have (`copies.set_aside_id`)."""

from __future__ import annotations

from typing import Any

from django.db import migrations

_LACKING = (
    "SELECT peer, epoch, lane, number, entry FROM exchange_received r "
    "WHERE NOT EXISTS (SELECT 1 FROM exchange_statement s WHERE s.id = r.statement)"
)


def rename(_apps: Any, schema_editor: Any) -> None:
    """Gives the entries of set-aside statements their new name; ran twice it changes nothing."""
    from tansiq.exchange.copies import set_aside_id  # noqa: PLC0415 (only when the migration runs)
    from tansiq.protocol.envelope import parse_entry  # noqa: PLC0415

    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_LACKING)
        rows = cursor.fetchall()
        cursor.executemany(
            "UPDATE exchange_received SET statement = %s WHERE peer = %s AND epoch = %s AND lane = %s AND number = %s",
            [(set_aside_id(parse_entry(bytes(row[4])).statement), *row[:4]) for row in rows],
        )


class Migration(migrations.Migration):
    """Rows alone; no table changes."""

    dependencies = [("exchange", "0006_channels_and_courier")]
    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
