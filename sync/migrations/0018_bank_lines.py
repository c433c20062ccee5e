from django.db import migrations, models

KINDS = [
    ("contact", "Contacts"),
    ("person", "People"),
    ("service", "Services"),
    ("proposal", "Proposals"),
    ("invoice", "Invoices"),
    ("payment", "Payments"),
    ("collection", "Collections"),
    ("deal", "Deals"),
    ("deal_stage", "Deal stages"),
    ("organisation", "Organisation"),
    ("account", "Accounts"),
    ("tax_rate", "Tax rates"),
    ("tracking_category", "Tracking categories"),
    ("branding_theme", "Branding themes"),
    ("currency", "Currencies"),
    ("staff", "Users"),
    ("item", "Items"),
    ("credit_note", "Credit notes"),
    ("batch_payment", "Batch payments"),
    ("overpayment", "Overpayments"),
    ("prepayment", "Prepayments"),
    ("repeating_invoice", "Repeating invoices"),
    ("bank_transaction", "Bank transactions"),
]


def _kind(model, *, name="kind", blank=False):
    field = models.CharField(blank=blank, choices=KINDS, max_length=20)
    return migrations.AlterField(model_name=model, name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("sync", "0017_wanted_changes")]

    operations = [
        migrations.AddField(
            model_name="cursor",
            name="refused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="reconcilerun",
            name="unchecked",
            field=models.JSONField(blank=True, default=dict),
        ),
        _kind("attempt"),
        _kind("change"),
        _kind("cursor"),
        _kind("event", blank=True),
        _kind("flow"),
        _kind("incident", blank=True),
        _kind("link"),
        _kind("pairverdict"),
        _kind("rehearsal", name="record_kind", blank=True),
        _kind("rehearsalrow"),
        _kind("review"),
        _kind("snapshot"),
    ]
