from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enquiries", "0003_office_closed"),
    ]

    operations = [
        migrations.AddField(
            model_name="enquiry",
            name="way",
            field=models.TextField(null=True),
        ),
    ]
