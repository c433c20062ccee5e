from django.db import migrations, models
from django.db.models import Q

# As they were when this was written: what a fix could write, and the remark by which it was known.
ASKED = "Somebody asked for it on the reconciliation page."
FIELDS = {"name", "email", "phone", "due_date", "reference"}
OPEN = ["held", "pending", "in_flight", "parked"]


def fill(apps, schema_editor):
    """What open Changes were asked for, from their remark. Forgetting it again needs nothing: the remark stays."""
    Change = apps.get_model("sync", "Change")
    rows = Change.objects.filter(
        state__in=OPEN, released_by__isnull=False, remarks__contains=[ASKED], asked_for=[]
    )
    for change in rows.only("pk", "verb", "values").iterator(500):
        names = sorted(FIELDS & change.values.keys()) if change.verb == "update" else ["record"]
        Change.objects.filter(pk=change.pk).update(asked_for=names)


class Migration(migrations.Migration):
    dependencies = [("sync", "0018_bank_lines")]

    operations = [
        migrations.AddField(
            model_name="change",
            name="asked_for",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=Q(~Q(asked_for=[]), ("state__in", OPEN)),
                fields=["connection", "source_connection", "id"],
                name="change_asked_for",
            ),
        ),
        migrations.RemoveIndex(model_name="change", name="change_wanted"),
    ]
