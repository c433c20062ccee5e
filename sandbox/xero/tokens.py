"""Token sets: half-hour access tokens, refresh tokens that rotate, and a grace for a lost answer."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

ACCESS_SECONDS = 30 * 60
# A superseded refresh token still works this long, in case its answer was lost on the way.
GRACE_SECONDS = 30 * 60
UNUSED_SECONDS = 60 * 24 * 3600
CODE_SECONDS = 5 * 60
ISSUER = "https://identity.xero.com"


class InvalidGrant(Exception):
    """The code or refresh token is unknown, used, expired or belongs to somebody else."""


@dataclass(slots=True)
class Code:
    """A consent on its way back to the application. Times are Unix seconds of the simulated clock."""

    client_id: str
    redirect_uri: str
    user_id: str
    scopes: list[str]
    auth_event_id: str
    challenge: str
    method: str
    expires: float
    nonce: str = ""


@dataclass(slots=True)
class TokenSet:
    """What one user granted one application. There is one set per pair: a second consent rotates it."""

    client_id: str
    user_id: str
    scopes: list[str]
    auth_event_id: str
    refresh: str = ""
    refreshed: float = 0.0
    # Older refresh token -> when it was superseded.
    superseded: dict[str, float] = field(default_factory=dict)
    # Access token -> when it expires.
    access: dict[str, float] = field(default_factory=dict)
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    access: str
    refresh: str | None
    scopes: list[str]


class Tokens:
    """All codes and token sets of the world."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.codes: dict[str, Code] = {}
        self.sets: list[TokenSet] = []
        self._by_access: dict[str, TokenSet] = {}
        self._by_refresh: dict[str, TokenSet] = {}

    def new_code(self, code: Code) -> str:
        name = self._opaque(32)
        self.codes[name] = code
        return name

    def redeem(self, name: str, client_id: str, redirect_uri: str, verifier: str, now: float) -> TokenSet:
        """Turn a code into the token set of its user. A code works once. Raises InvalidGrant."""
        code = self.codes.pop(name, None)
        if code is None or code.client_id != client_id or code.redirect_uri != redirect_uri:
            raise InvalidGrant
        if now > code.expires or not _verified(code, verifier):
            raise InvalidGrant
        granted = self.find(code.client_id, code.user_id)
        if granted is None:
            granted = TokenSet(code.client_id, code.user_id, [], code.auth_event_id)
            self.sets.append(granted)
        # Scopes only grow: a later consent adds to what was granted before.
        granted.scopes = [*granted.scopes, *(scope for scope in code.scopes if scope not in granted.scopes)]
        granted.auth_event_id = code.auth_event_id
        granted.nonce = code.nonce
        return granted

    def find(self, client_id: str, user_id: str) -> TokenSet | None:
        return next(
            (entry for entry in self.sets if entry.client_id == client_id and entry.user_id == user_id), None
        )

    def issue(self, granted: TokenSet, now: float) -> Issued:
        """New access token and, with offline_access, a new refresh token in place of the old one."""
        for token, expires in list(granted.access.items()):
            if expires < now - ACCESS_SECONDS:
                del granted.access[token]
                self._by_access.pop(token, None)
        access = self._jwt(granted, now)
        granted.access[access] = now + ACCESS_SECONDS
        self._by_access[access] = granted
        if "offline_access" not in granted.scopes:
            return Issued(access, None, granted.scopes)
        for token, since in list(granted.superseded.items()):
            if now - since > GRACE_SECONDS:
                del granted.superseded[token]
                self._by_refresh.pop(token, None)
        if granted.refresh:
            granted.superseded[granted.refresh] = now
        granted.refresh, granted.refreshed = self._opaque(43), now
        self._by_refresh[granted.refresh] = granted
        return Issued(access, granted.refresh, granted.scopes)

    def refresh(self, token: str, client_id: str, now: float) -> tuple[TokenSet, Issued]:
        """Rotate. A superseded token works for its grace, counted from its first use. Raises InvalidGrant."""
        granted = self._by_refresh.get(token)
        if granted is None or granted.client_id != client_id:
            raise InvalidGrant
        if token == granted.refresh:
            if now - granted.refreshed > UNUSED_SECONDS:
                raise InvalidGrant
        elif now - granted.superseded.get(token, float("-inf")) > GRACE_SECONDS:
            raise InvalidGrant
        return granted, self.issue(granted, now)

    def bearer(self, token: str) -> tuple[TokenSet, float] | None:
        """The set an access token belongs to and when it expires."""
        granted = self._by_access.get(token)
        return None if granted is None else (granted, granted.access[token])

    def by_refresh(self, token: str) -> TokenSet | None:
        return self._by_refresh.get(token)

    def end(self, granted: TokenSet) -> None:
        """Forget a token set and every token of it."""
        self.sets.remove(granted)
        for token in granted.access:
            self._by_access.pop(token, None)
        for token in (granted.refresh, *granted.superseded):
            self._by_refresh.pop(token, None)

    def id_token(self, granted: TokenSet, claims: dict[str, Any], now: float) -> str:
        return self._signed(
            {
                "iss": ISSUER,
                "aud": granted.client_id,
                "iat": int(now),
                "exp": int(now) + 300,
                "sub": granted.user_id,
                "xero_userid": granted.user_id,
                **({"nonce": granted.nonce} if granted.nonce else {}),
                **claims,
            }
        )

    def dump(self) -> dict[str, Any]:
        return {
            "codes": {name: asdict(code) for name, code in self.codes.items()},
            "sets": [asdict(entry) for entry in self.sets],
        }

    def load(self, data: dict[str, Any]) -> None:
        self.codes = {name: Code(**code) for name, code in data["codes"].items()}
        self.sets = [TokenSet(**entry) for entry in data["sets"]]
        self._by_access = {token: entry for entry in self.sets for token in entry.access}
        self._by_refresh = {
            token: entry for entry in self.sets for token in (entry.refresh, *entry.superseded) if token
        }

    def _jwt(self, granted: TokenSet, now: float) -> str:
        return self._signed(
            {
                "nbf": int(now),
                "exp": int(now) + ACCESS_SECONDS,
                "iss": ISSUER,
                "aud": f"{ISSUER}/resources",
                "client_id": granted.client_id,
                "sub": granted.user_id,
                "xero_userid": granted.user_id,
                "authentication_event_id": granted.auth_event_id,
                "jti": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
                "scope": granted.scopes,
            }
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        """Looks like a JWT. The signature is of the right length but verifies against no key."""
        head = {"alg": "RS256", "kid": "sandbox-not-verifiable", "typ": "JWT"}
        parts = [_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)]
        digest = hashlib.sha512(".".join(parts).encode()).digest()
        return ".".join([*parts, _base64url(digest * 4)])

    def _opaque(self, length: int) -> str:
        return _base64url(self._random.randbytes(length))[:length]


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _verified(code: Code, verifier: str) -> bool:
    if not code.challenge:
        return True
    return code.challenge == (challenge_of(verifier) if code.method == "S256" else verifier)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
