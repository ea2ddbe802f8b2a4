"""What lists and counts of papers and reports look for has an index; a proposal that was taken back is no agreement that has ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("relations", "0004_direct_ending"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE relations_paper SET state = 'withdrawn' WHERE kind = 'agreement' AND state = 'ended' AND NOT EXISTS "
            "(SELECT 1 FROM relations_paper_word w WHERE w.paper = relations_paper.id AND w.kind = 'agreement.confirmation')",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(fields=["kind", "from_ms", "id"], name="relations_papers_last"),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                condition=models.Q(("kind", "agreement"), ("state__in", ["agreed", "ended"])),
                fields=["partner"],
                name="relations_papers_agreed",
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                condition=models.Q(("pending__gt", 0)), fields=["kind", "partner"], name="relations_papers_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                condition=models.Q(("kind", "meeting"), ("state", "held")),
                fields=["from_ms"],
                name="relations_papers_held",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("read_ms__isnull", True), ("withdrawn_ms__isnull", True)),
                fields=["addressee", "at_ms"],
                name="relations_reports_unread",
            ),
        ),
    ]
