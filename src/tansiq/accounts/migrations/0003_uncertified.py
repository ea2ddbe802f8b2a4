"""A mark on accounts that an invitation made and that nobody has certified since; set for those that are there."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Q


def _mark(apps: Any, schema_editor: Any) -> None:
    """Marks whoever used an invitation that brought no keys, and whose keys still wait; again changes nothing."""
    invitation, waiting = (apps.get_model("accounts", name) for name in ("Invitation", "WaitingKey"))
    keyless = invitation.objects.filter(used_ms__gt=0, posts="").values("number")
    apps.get_model("accounts", "Account").objects.filter(
        Q(number__in=keyless) | Q(number__in=waiting.objects.values("number"))
    ).update(uncertified=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clearance"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="uncertified",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(_mark, migrations.RunPython.noop),
    ]
