"""What a change hint says: which record moved and how, never the record itself. Pure."""

from typing import Any

Row = dict[str, Any]

SCHEMA = 1
_SINGULAR = {
    "clients": "client",
    "contacts": "contact",
    "services": "service",
    "proposals": "proposal",
    "invoices": "invoice",
    "payments": "payment",
    "collections": "collection",
    "deals": "deal",
    "deal_stages": "deal_stage",
}
# New state of a record → the verb its hint carries.
_STATE_VERBS: dict[str, dict[str, str]] = {
    "clients": {"archived": "archived"},
    "services": {"deleted": "deleted"},
    "proposals": {
        "awaiting_acceptance": "sent",
        "accepted": "accepted",
        "completed": "completed",
        "lost": "lost",
        "archived": "archived",
    },
    "invoices": {"voided": "voided"},
    "payments": {
        "collected": "collected",
        "disbursed": "disbursed",
        "cancelled": "cancelled",
        "refunded": "refunded",
    },
}
_PAYMENT_STATE_VERBS = {"paid": "paid", "partially_paid": "part_paid"}


def hint(event_id: str, at: str, practice: str, resource: str, before: Row | None, after: Row) -> Row:
    """The envelope of one hint, ready to be signed and sent."""
    natural_key = after.get("reference_number") or after.get("id") or after.get("external_client_id")
    return {
        "id": event_id,
        "type": event_type(resource, before, after),
        "schema": SCHEMA,
        "occurred_at": at,
        "source": "sandbox",
        "practice": practice,
        "resource": {
            "type": _SINGULAR[resource],
            "slug": after.get("slug") or str(after["id"]),
            "natural_key": None if natural_key is None else str(natural_key),
        },
        "data": None,
    }


def event_type(resource: str, before: Row | None, after: Row) -> str:
    """`invoice.paid`, `client.created`, ...: the most telling thing about a change."""
    if resource == "collections":
        return "clawback.recorded" if after.get("type") == "clawback" else "collection.recorded"
    return f"{_SINGULAR[resource]}.{_verb(resource, before, after)}"


def _verb(resource: str, before: Row | None, after: Row) -> str:
    was = before or {}
    if after.get("state") != was.get("state"):
        verb = _STATE_VERBS.get(resource, {}).get(str(after.get("state")))
        if verb:
            return verb
    if resource == "invoices":
        if after.get("payment_state") != was.get("payment_state"):
            verb = _PAYMENT_STATE_VERBS.get(str(after.get("payment_state")))
            if verb:
                return verb
        if _deployment_state(after) == "failed" != _deployment_state(was):
            return "deploy_failed"
    if before is None:
        return "issued" if resource == "invoices" else "created"
    return "updated"


def _deployment_state(row: Row) -> str | None:
    deployment = row.get("deployment")
    return deployment.get("state") if isinstance(deployment, dict) else None
