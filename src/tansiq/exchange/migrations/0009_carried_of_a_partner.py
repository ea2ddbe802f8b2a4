"""The name of a courier file is its partner's alone: the table is made anew with both as its key, and keeps its rows."""

from __future__ import annotations

from django.db import migrations, models

_KEPT = "exchange_carried_kept"
_COLUMNS = "file, peer, direction, made_ms, at_ms, statements, receipts, chunks, whole, heard_ms"
_ASIDE = f"CREATE TABLE {_KEPT} AS SELECT {_COLUMNS} FROM exchange_carried"
_BACK = f"INSERT INTO exchange_carried ({_COLUMNS}) SELECT {_COLUMNS} FROM {_KEPT} "
_FIRST = f"WHERE peer = (SELECT MIN(o.peer) FROM {_KEPT} o WHERE o.file = {_KEPT}.file)"
"""Of several of one name, which the table of before can't hold, one goes back."""


class Migration(migrations.Migration):
    """One commit: killed in it, the table is as it was."""

    dependencies = [("exchange", "0008_outbox_of_a_statement")]
    operations = [
        migrations.RunSQL(_ASIDE, [_BACK + _FIRST, f"DROP TABLE {_KEPT}"]),
        migrations.DeleteModel("Carried"),
        migrations.CreateModel(
            name="Carried",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "peer", "file", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("file", models.BinaryField(max_length=16)),
                ("peer", models.CharField(max_length=64)),
                ("direction", models.SmallIntegerField()),
                ("made_ms", models.BigIntegerField()),
                ("at_ms", models.BigIntegerField()),
                ("statements", models.IntegerField(default=0)),
                ("receipts", models.IntegerField(default=0)),
                ("chunks", models.IntegerField(default=0)),
                ("whole", models.BooleanField(default=False)),
                ("heard_ms", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "exchange_carried",
                "indexes": [models.Index(fields=["peer", "direction", "at_ms"], name="exchange_carried_of")],
            },
        ),
        migrations.RunSQL([_BACK, f"DROP TABLE {_KEPT}"], _ASIDE),
    ]
