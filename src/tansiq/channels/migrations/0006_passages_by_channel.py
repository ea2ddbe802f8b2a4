"""What passed a desk by one channel is found without looking at what passed by the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0005_passages_end"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(fields=["post", "channel", "taken_ms", "statement"], name="channels_passed_by"),
        ),
    ]
