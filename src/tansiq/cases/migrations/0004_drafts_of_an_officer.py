"""How many files of an officer are drafts is seen by an index."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index, of drafts alone."""

    dependencies = [("cases", "0003_review")]
    operations = [
        migrations.AddIndex(
            model_name="file",
            index=models.Index(condition=models.Q(draft=True), fields=["officer"], name="cases_file_drafts"),
        ),
    ]
