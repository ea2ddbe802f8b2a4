from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="introduced_by",
            field=models.CharField(default="", max_length=64),
        ),
        migrations.AddField(
            model_name="partner",
            name="introduced_ms",
            field=models.BigIntegerField(default=0),
        ),
    ]
