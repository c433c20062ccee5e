"""Who is calling and may they: bearer token or API key, scope, plan, and the hourly allowance of the
practice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sandbox.ignition.refusals import Refused
from sandbox.ignition.state import IgnitionPractice
from sandbox.web import Request

READ_SCOPE = "reporting"
WRITE_SCOPE = "partner"
WINDOW_SECONDS = 3600


def admit(
    practices: Iterable[IgnitionPractice], request: Request, now: datetime, scope: str
) -> IgnitionPractice:
    """The practice the caller may act for, with the call counted against its hour.

    Raises Refused: 401 for an unknown or expired token, 429 over the hourly limit, 403 without the scope or
    the plan.
    """
    practice, scopes = _identify(practices, request, now)
    count_call(practice, now)
    if not practice.reporting_enabled:
        raise Refused(403, "API access is not part of this practice's plan.")
    if scopes is not None and scope not in scopes:
        raise Refused(403, f"The authorisation does not include the {scope} scope.")
    return practice


def _identify(
    practices: Iterable[IgnitionPractice], request: Request, now: datetime
) -> tuple[IgnitionPractice, list[str] | None]:
    """The practice and the token's scopes; None for an API key, which may do everything."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise Refused(401, "A bearer token is required.", headers={"WWW-Authenticate": "Bearer"})
    for practice in practices:
        if token in practice.api_keys:
            return practice, None
        for grant in practice.grants:
            expires = grant.access.get(token)
            if expires is not None and now.timestamp() < expires:
                return practice, grant.scopes
    raise Refused(
        401,
        "The access token is invalid or has expired.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def count_call(practice: IgnitionPractice, now: datetime) -> None:
    """Count one call. Raises Refused (429) when the hour's calls are used up. An hour starts with its first
    call.
    """
    moment = now.timestamp()
    if not practice.window_start <= moment < practice.window_start + WINDOW_SECONDS:
        practice.window_start = moment
        practice.window_calls = 0
    if practice.hourly_limit is None:
        return
    if practice.window_calls >= practice.hourly_limit:
        raise Refused(429, "Rate limit exceeded. Try again later.", headers=limit_headers(practice))
    practice.window_calls += 1


def limit_headers(practice: IgnitionPractice) -> dict[str, str]:
    """The allowance and the Unix second at which the next hour starts; nothing when the limit is off."""
    if practice.hourly_limit is None:
        return {}
    return {
        "X-RateLimit-Limit": str(practice.hourly_limit),
        "X-RateLimit-Reset": str(int(practice.window_start) + WINDOW_SECONDS),
    }
