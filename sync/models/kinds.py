"""Sorts of records, and how far each may go from one system to another."""

from django.db import models
from django.utils import timezone

from practices.models import PracticeOwned, Provider, User


class Kind(models.TextChoices):
    """Sorts of outside objects, as ``connectors.records.Kind``, with the words people read."""

    CONTACT = "contact", "Contacts"
    PERSON = "person", "People"
    SERVICE = "service", "Services"
    PROPOSAL = "proposal", "Proposals"
    INVOICE = "invoice", "Invoices"
    PAYMENT = "payment", "Payments"
    COLLECTION = "collection", "Collections"
    DEAL = "deal", "Deals"
    DEAL_STAGE = "deal_stage", "Deal stages"
    ORGANISATION = "organisation", "Organisation"
    ACCOUNT = "account", "Accounts"
    TAX_RATE = "tax_rate", "Tax rates"
    TRACKING_CATEGORY = "tracking_category", "Tracking categories"
    BRANDING_THEME = "branding_theme", "Branding themes"
    CURRENCY = "currency", "Currencies"
    STAFF = "staff", "Users"
    ITEM = "item", "Items"
    CREDIT_NOTE = "credit_note", "Credit notes"
    BATCH_PAYMENT = "batch_payment", "Batch payments"
    OVERPAYMENT = "overpayment", "Overpayments"
    PREPAYMENT = "prepayment", "Prepayments"
    REPEATING_INVOICE = "repeating_invoice", "Repeating invoices"
    BANK_TRANSACTION = "bank_transaction", "Bank transactions"


SYNCED_KINDS = (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT)
"""What is written, in the order that keeps dependencies satisfied."""
CREDIT_KINDS = (Kind.CREDIT_NOTE, Kind.OVERPAYMENT, Kind.PREPAYMENT)
"""Money of a client in the target that can be put on one of its invoices; a person asks for that, no plan does."""
SENT_KINDS = (*SYNCED_KINDS, *CREDIT_KINDS)
"""What Changes are about, in the order in which they are sent."""


class Mode(models.TextChoices):
    WATCH = "watch", "Watch only"
    FILL_GAPS = "fill_gaps", "Fill the gaps"
    TAKE_OVER = "take_over", "Take over"


class Flow(PracticeOwned):
    """One kind of record going from one system to another, and how far we may go with it.

    ``planned_at`` and ``planned_version`` tell when everything was last planned and by which mapping version.
    A row per (source, target, kind) instead of columns on the practice: a third system adds rows, not columns.
    """

    source = models.CharField(max_length=20, choices=Provider.choices)
    target = models.CharField(max_length=20, choices=Provider.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.WATCH)
    planned_at = models.DateTimeField(null=True, blank=True)
    planned_version = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice", "source", "target", "kind"], name="flow_once"),
        )

    def __str__(self) -> str:
        return f"{self.source} → {self.target} {self.kind}: {self.mode}"
