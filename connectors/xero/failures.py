"""What Xero's refusals mean: statuses into the error tree, messages into a table of known causes.

The table is matched on the fixed part of a message, ignoring case; an unknown message is shown in Xero's own
words and parked as rejected. A new case is one row and one test.
"""

from collections.abc import Sequence
from typing import Any

from connectors.answers import Answer, plain_failure
from connectors.causes import Cause
from connectors.errors import ConnectorError, NeedsReconnect, NotAllowed, RateLimited, Rejected, Unavailable

PROVIDER = "xero"
MINUTE_SECONDS = 60
BUSY_SECONDS = 3
"""Too many calls in flight carries no Retry-After; Xero advises a short pause."""


CAUSES = (
    Cause(
        "duplicate_name",
        "is already assigned to another contact",
        "rejected",
        "Xero already has an active contact with this name, and names must be unique there.",
        "Link the client to that contact, or give one of the two another name.",
    ),
    Cause(
        "duplicate_number",
        "invoice # must be unique",
        "unclear",
        "Xero already has an invoice with this number.",
        "It is looked up: if it is ours it will be linked.",
    ),
    Cause(
        "contact_archived",
        "archived contacts cannot currently be edited",
        "rejected",
        "The contact is archived in Xero and can't be changed from outside.",
        "Restore the contact in Xero, or link the client to another one.",
    ),
    Cause(
        "contact_archived",
        "has been archived. the contact must be un-archived",
        "rejected",
        "The contact is archived in Xero, so no new documents can be added to it.",
        "Restore the contact in Xero, or link the client to another one.",
    ),
    Cause(
        "wrong_state",
        "not of valid status for modification",
        "unclear",
        "The document has changed in Xero since it was last read.",
        "It is read again and compared.",
    ),
    Cause(
        "has_payments",
        "cannot be edited as it has a payment or credit note allocated",
        "rejected",
        "The document has a payment or credit in Xero, so it can't be changed.",
        "Remove the payment in Xero, or accept the difference.",
    ),
    Cause(
        "period_locked",
        "lock date",
        "rejected",
        "The date is in a period that is locked in Xero.",
        "Move the lock date in Xero, or choose not to send documents before it.",
    ),
    Cause(
        "overpayment",
        "exceeds the amount outstanding",
        "rejected",
        "The payment is larger than what is still owed on the invoice in Xero.",
        "Check in Xero whether the invoice was already paid or credited.",
    ),
    Cause(
        "bad_account",
        "is not a valid code",
        "needs_mapping",
        "Xero does not accept the account for this document.",
        "Choose another account in the mapping.",
    ),
    Cause(
        "bad_tax_type",
        "tax type",
        "needs_mapping",
        "Xero does not accept the tax type for this account.",
        "Choose another tax type in the mapping.",
    ),
    Cause(
        "bad_tax_type",
        "taxtype",
        "needs_mapping",
        "Xero does not accept the tax type for this account.",
        "Choose another tax type in the mapping.",
    ),
    Cause(
        "bad_tracking",
        "tracking",
        "needs_mapping",
        "Xero does not know the tracking category or option.",
        "Choose an active tracking option in the mapping.",
    ),
    Cause(
        "currency",
        "currency",
        "rejected",
        "Xero does not have this currency switched on.",
        "Add the currency in Xero, or check the document's currency in Ignition.",
    ),
    Cause(
        "same_key_other_request",
        "idempotency",
        "unclear",
        "Xero had already seen this request's key with other content.",
        "It is looked up before anything is sent again.",
    ),
)

UNSAID = "Xero refused this without saying why."
UNKNOWN = Cause(
    "unknown",
    "",
    "rejected",
    "Xero refused this.",
    "Read Xero's message, correct the record and send it again.",
)


def explain(messages: Sequence[str]) -> Cause:
    """The first known cause among Xero's messages, else ``UNKNOWN``."""
    for said in messages:
        lowered = said.lower()
        for cause in CAUSES:
            if cause.fixed_part in lowered:
                return cause
    return UNKNOWN


def classify(answer: Answer, is_write: bool) -> ConnectorError:
    if answer.status == 429:
        return _rate_limited(answer)
    data = _json(answer)
    said = messages(data)
    if answer.status == 401:
        if "insufficient_scope" in _auth_text(answer) or "insufficent_scope" in _auth_text(answer):
            return NotAllowed(
                "Xero says this connection was not given the permissions that are needed. Please reconnect.",
                provider=PROVIDER,
                status=401,
            )
        return ConnectorError("Xero refused the access token.", provider=PROVIDER, status=401)
    if answer.status == 403:
        if isinstance(data, dict):
            return NeedsReconnect(
                "Xero no longer lets this connection into the organisation. Please reconnect.",
                provider=PROVIDER,
                status=403,
                request_id=str(data.get("Instance") or ""),
            )
        return Unavailable(
            "Xero's gateway turned the call away. It will be tried again.", provider=PROVIDER, status=403
        )
    plain = plain_failure(PROVIDER, answer, is_write=is_write)
    if plain is not None:
        return plain
    elements = data.get("Elements") if isinstance(data, dict) else None
    return Rejected(
        explain(said).sentence if said else f"Xero refused the request ({answer.status}).",
        provider=PROVIDER,
        status=answer.status,
        messages=said,
        elements=[item for item in elements if isinstance(item, dict)] if isinstance(elements, list) else (),
        detail="; ".join(said)[:500],
    )


def messages(data: Any) -> list[str]:
    """Every sentence in an error body or failed element, without repeats."""
    found: list[str] = []
    if not isinstance(data, dict):
        return found
    found.extend(
        str(item.get("Message") or item.get("Description") or "")
        for item in data.get("ValidationErrors") or []
        if isinstance(item, dict)
    )
    for element in data.get("Elements") or []:
        found.extend(messages(element))
    for line in data.get("LineItems") or []:
        found.extend(messages(line))
    if not found:
        found.extend(
            str(data[name]) for name in ("Detail", "Message", "error") if isinstance(data.get(name), str)
        )
    return [text for text in dict.fromkeys(found) if text]


def refusal(element: dict[str, Any]) -> tuple[str, ...]:
    """Why Xero refused one element of an answer, in its words or in ours; empty where it was taken."""
    said = tuple(messages({**element, "Detail": None, "Message": None}))
    refused = (
        str(element.get("StatusAttributeString") or "").upper() == "ERROR"
        or element.get("HasErrors") is True
        or element.get("HasValidationErrors") is True
    )
    return said or ((UNSAID,) if refused else ())


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _auth_text(answer: Answer) -> str:
    return (
        answer.headers.get("www-authenticate", "").lower()
        + answer.body[:500].decode("utf-8", "replace").lower()
    )


def _rate_limited(answer: Answer) -> RateLimited:
    problem = answer.headers.get("x-rate-limit-problem", "").lower()
    try:
        wait = float(answer.headers["retry-after"])
    except (KeyError, ValueError):
        wait = MINUTE_SECONDS if "minute" in problem or "day" in problem else BUSY_SECONDS
    sentence = (
        "Today's calls to this Xero organisation are used up. Work goes on by itself when Xero allows it."
        if "day" in problem
        else "Xero asked for a short pause. Work goes on by itself."
    )
    return RateLimited(sentence, provider=PROVIDER, retry_after=max(1.0, wait), problem=problem)
