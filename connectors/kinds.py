"""Sorts of records, in words shared by all providers."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of object a record is, in words shared by all providers."""

    CONTACT = "contact"
    PERSON = "person"
    SERVICE = "service"
    PROPOSAL = "proposal"
    INVOICE = "invoice"
    PAYMENT = "payment"
    COLLECTION = "collection"
    DEAL = "deal"
    DEAL_STAGE = "deal_stage"
    ORGANISATION = "organisation"
    ACCOUNT = "account"
    TAX_RATE = "tax_rate"
    TRACKING_CATEGORY = "tracking_category"
    BRANDING_THEME = "branding_theme"
    CURRENCY = "currency"
    STAFF = "staff"
    ITEM = "item"
    CREDIT_NOTE = "credit_note"
    BATCH_PAYMENT = "batch_payment"
    OVERPAYMENT = "overpayment"
    PREPAYMENT = "prepayment"
    REPEATING_INVOICE = "repeating_invoice"
    BANK_TRANSACTION = "bank_transaction"
