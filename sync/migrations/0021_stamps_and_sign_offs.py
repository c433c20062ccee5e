import django.db.models.deletion
from django.db import migrations, models

ROOM = "ALTER TABLE sync_mismatch SET (fillfactor = 50)"
NO_ROOM = "ALTER TABLE sync_mismatch RESET (fillfactor)"
# Those that were tidied away meanwhile; the constraint comes back with them gone.
FORGET = """
    UPDATE sync_mismatch SET seen_in_id = NULL WHERE seen_in_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM sync_reconcilerun WHERE id = seen_in_id);
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0020_report_indexes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='mismatch',
            name='seen_in',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='sync.reconcilerun'),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, FORGET),
        migrations.RunSQL(ROOM, NO_ROOM),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state__in', ['held', 'pending', 'in_flight', 'parked']), models.Q(('reason__in', ['fill_gaps', 'watch']), _negated=True)), fields=['practice', 'kind', 'date'], name='change_waits_by_day'),
        ),
        migrations.AddField(
            model_name='signoff',
            name='withdrawn_reason',
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
