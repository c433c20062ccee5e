"""What Ignition's refusals mean. Closed by default: an unknown status is a rejection with Ignition's own text."""

from datetime import UTC, datetime
from typing import Any

from connectors.answers import Answer, plain_failure
from connectors.errors import ConnectorError, NeedsReconnect, RateLimited, Rejected

PROVIDER = "ignition"
HOUR_SECONDS = 3600
"""Ignition's limit is per hour, so without a header the wait is never shorter than a good part of one."""


def classify(answer: Answer, is_write: bool) -> ConnectorError:
    if answer.status == 429:
        return RateLimited(
            "Ignition's hourly limit of calls is used up. Reading goes on by itself when it resets.",
            provider=PROVIDER,
            retry_after=_wait(answer),
            problem="hour",
        )
    if answer.status == 401:
        return ConnectorError("Ignition refused the credentials.", provider=PROVIDER, status=401)
    if answer.status == 403:
        return NeedsReconnect(
            "Ignition does not allow reading with these credentials: the plan or the permission has changed. "
            "Ask an Ignition admin to reconnect.",
            provider=PROVIDER,
            status=403,
            detail=message(answer),
        )
    plain = plain_failure(PROVIDER, answer, is_write=is_write)
    if plain is not None:
        return plain
    said = message(answer)
    return Rejected(
        f"Ignition refused the request: {said or answer.status}",
        provider=PROVIDER,
        status=answer.status,
        messages=[said] if said else [],
    )


def message(answer: Answer) -> str:
    """The text of an error in any of the shapes Ignition uses."""
    try:
        data: Any = answer.json()
    except ValueError:
        return answer.body[:200].decode("utf-8", "replace")
    if isinstance(data, dict):
        errors = data.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            data = {**data, **errors[0]}
        for name in ("detail", "message", "error_description", "error", "title"):
            if isinstance(data.get(name), str):
                return str(data[name])[:300]
    return ""


def _wait(answer: Answer) -> float:
    """Seconds until ``X-RateLimit-Reset`` (Unix seconds), by Ignition's own clock where it gave one."""
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    try:
        reset = datetime.fromtimestamp(int(answer.headers["x-ratelimit-reset"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return HOUR_SECONDS / 4
    clock = answer.date or datetime.now(UTC)
    return max(1.0, min(HOUR_SECONDS, (reset - clock).total_seconds() + 1))
