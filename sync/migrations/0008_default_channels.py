"""A practice that was there before alerts gets the channel that a new one starts with."""

from django.db import migrations


def make_channels(apps, schema_editor):
    Practice = apps.get_model("practices", "Practice")
    Channel = apps.get_model("sync", "Channel")
    told = set(Channel.objects.values_list("practice_id", flat=True))
    for practice in Practice.objects.exclude(pk__in=told).iterator():
        Channel.objects.create(
            practice=practice,
            kind="email",
            name="E-mail to owners and admins",
            address={"owners_and_admins": True, "members": [], "others": []},
            shown="owners and admins",
        )


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0007_alert_rounds'),
    ]

    operations = [
        migrations.RunPython(make_channels, migrations.RunPython.noop, elidable=True),
    ]
