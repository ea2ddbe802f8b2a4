"""Whether a statement still waits in the outbox is seen by an index."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index on a small table."""

    dependencies = [("exchange", "0007_set_aside_ids")]
    operations = [
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(fields=["statement"], name="exchange_outbox_of"),
        ),
    ]
