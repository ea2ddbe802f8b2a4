"""Messages from head to head end: those that are here already a year after they were said, which is the time where none is set."""

from django.db import migrations, models

_YEAR_MS = 365 * 86_400_000


class Migration(migrations.Migration):
    dependencies = [
        ("relations", "0003_institutional"),
    ]

    operations = [
        migrations.AddField(
            model_name="directword",
            name="erase_ms",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="directword",
            name="erased_ms",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunSQL(
            f"UPDATE relations_direct_word SET erase_ms = said_ms + {_YEAR_MS} WHERE erase_ms IS NULL AND erased_ms IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="directword",
            index=models.Index(
                condition=models.Q(("erase_ms__isnull", False)),
                fields=["erase_ms", "statement"],
                name="relations_direct_ends",
            ),
        ),
    ]
