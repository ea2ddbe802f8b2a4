from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enquiries", "0002_course"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(
                condition=models.Q(("is_open", False)),
                fields=["office_post", "partner", "direction", "state", "order_ms", "matter"],
                name="enquiries_office_closed",
            ),
        ),
    ]
