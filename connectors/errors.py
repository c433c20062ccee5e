"""What can go wrong when we talk to a provider. The class carries the decision, the loop looks only at it::

ConnectorError        provider, status, request_id, user_message, detail (for the log only)
├─ Retryable          later, with backoff; counted as an attempt
│  ├─ RateLimited     later, at the moment the provider named; not counted
│  │  └─ OverBudget   the same, but held back by ourselves: nothing was sent
│  └─ Unavailable     5xx on a read, or a connection refused before anything was sent
├─ Unclear            sent, no usable answer: look it up first, then decide
├─ Rejected           the provider understood and refused; a person or a mapping has to change something
├─ NotFound           the provider does not know the id
├─ Unreadable         an answer that is not what the provider documents
└─ NeedsReconnect     credentials or permissions are gone; a person has to reconnect
   └─ NotAllowed      they work, and were not given the permission for this
"""

from collections.abc import Sequence
from typing import Any


class ConnectorError(Exception):
    """Base of every failure of a provider call.

    ``user_message`` is a sentence for people; ``detail`` may hold provider text and goes to the log only.
    """

    def __init__(
        self,
        user_message: str,
        *,
        provider: str,
        status: int | None = None,
        request_id: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(user_message)
        self.user_message = user_message
        self.provider = provider
        self.status = status
        self.request_id = request_id
        self.detail = detail

    def __str__(self) -> str:
        status = f" ({self.status})" if self.status else ""
        return f"{self.provider}{status}: {self.user_message}"


class Retryable(ConnectorError):
    """Try again later."""


class RateLimited(Retryable):
    """The provider told us to wait ``retry_after`` seconds; ``problem`` names which limit was hit."""

    def __init__(
        self,
        user_message: str,
        *,
        provider: str,
        retry_after: float,
        problem: str = "",
        status: int | None = 429,
        request_id: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(user_message, provider=provider, status=status, request_id=request_id, detail=detail)
        self.retry_after = retry_after
        self.problem = problem


class OverBudget(RateLimited):
    """We held a call back so that calls remain for more urgent work. Nothing was sent."""

    def __init__(self, user_message: str, *, provider: str, retry_after: float) -> None:
        super().__init__(user_message, provider=provider, retry_after=retry_after, status=None)


class Unavailable(Retryable):
    """The provider is down or could not be reached; nothing was done there."""


class Unclear(ConnectorError):
    """The request went out and may have been carried out; only a look-up can tell."""


class Rejected(ConnectorError):
    """The provider refused; ``messages`` are its own sentences, ``elements`` the refused parts of a batch."""

    def __init__(
        self,
        user_message: str,
        *,
        provider: str,
        messages: Sequence[str] = (),
        elements: Sequence[dict[str, Any]] = (),
        status: int | None = 400,
        request_id: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(user_message, provider=provider, status=status, request_id=request_id, detail=detail)
        self.messages = tuple(messages)
        self.elements = tuple(elements)


class NotFound(ConnectorError):
    """The provider does not know this id."""


class Unreadable(ConnectorError):
    """An answer that isn't what the provider documents."""


class NeedsReconnect(ConnectorError):
    """The credentials or their permissions no longer work; a person has to connect again."""


class NotAllowed(NeedsReconnect):
    """The credentials are good, but not for what was asked."""
