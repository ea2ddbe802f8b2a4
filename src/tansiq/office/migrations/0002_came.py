"""What comes is written down once and folded later; so a count is one row, and is changed where it stands.

The counts that stand there as differences are added up, in one commit with the rest.
"""

from typing import Any

from django.db import migrations, models

_SORT = "office, service, field, channel, state, day"


def add_up(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT {_SORT}, SUM(number) FROM office_tally GROUP BY {_SORT} HAVING SUM(number) <> 0")
        sums = [(*row[:-1], int(row[-1])) for row in cursor.fetchall()]
        cursor.execute("DELETE FROM office_tally")
        cursor.executemany(f"INSERT INTO office_tally ({_SORT}, number) VALUES (%s, %s, %s, %s, %s, %s, %s)", sums)


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Came",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("office", models.CharField(max_length=96)),
                ("what", models.CharField(max_length=8)),
                ("number", models.IntegerField()),
                ("rows", models.BinaryField()),
            ],
            options={
                "db_table": "office_came",
            },
        ),
        migrations.RemoveIndex(
            model_name="docket",
            name="office_docket_statement",
        ),
        migrations.RunPython(add_up, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.UniqueConstraint(
                fields=("office", "service", "field", "channel", "state", "day"), name="office_one_tally"
            ),
        ),
    ]
