import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0019_asked_for'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='mismatch',
            name='mismatch_by_client',
        ),
        migrations.RemoveIndex(
            model_name='mismatch',
            name='mismatch_of_client',
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'client', 'id'], name='mismatch_by_client'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'document', 'id'], name='mismatch_by_document'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'rank', 'id'], name='mismatch_by_rank'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'first_seen_at', 'id'], name='mismatch_by_age'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', '-at_stake', '-id'], name='mismatch_any_by_money'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'dated_on', 'currency', 'rank'], include=('kind', 'at_stake', 'tax_at_stake'), name='mismatch_of_period'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'state', 'rank', '-at_stake', 'id'], name='mismatch_worst'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(fields=['practice', 'client_external_id', 'client'], name='mismatch_of_client'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=models.Index(condition=models.Q(('owner__isnull', False)), fields=['practice', 'owner', 'state'], name='mismatch_of_owner'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=django.contrib.postgres.indexes.GinIndex(models.F('practice'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('client'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('document'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('text'), 'gin_trgm_ops'), name='mismatch_search'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=django.contrib.postgres.indexes.GinIndex(fields=['source_external_ids'], name='mismatch_of_source'),
        ),
        migrations.AddIndex(
            model_name='mismatch',
            index=django.contrib.postgres.indexes.GinIndex(fields=['target_external_ids'], name='mismatch_of_target'),
        ),
    ]
