"""Ignition-style record keys: a prefix, an underscore and 20 lower-case base32 characters.

The 20 characters pack 12 bytes: Unix seconds, a machine part, a process part and a counter, so keys made
later sort later. They are opaque to every reader; only uniqueness and stability matter.
"""

import base64
from datetime import datetime

PREFIXES = {
    "clients": "cli",
    "contacts": "con",
    "services": "svc",
    "proposals": "prop",
    "invoices": "inv",
    "payments": "pypay",
    "deals": "psd",
    "deal_stages": "pss",
}


class SlugMaker:
    """Hands out unique tokens; the same origin and the same calls give the same tokens again."""

    def __init__(self, origin: int, counter: int = 0) -> None:
        self.origin = origin
        self.counter = counter

    def token(self, at: datetime) -> str:
        """20 characters of [a-z2-7], unique per maker for the first 16 million calls."""
        self.counter += 1
        packed = (
            int(at.timestamp()).to_bytes(4, "big")
            + (self.origin % 2**40).to_bytes(5, "big")
            + (self.counter % 2**24).to_bytes(3, "big")
        )
        return base64.b32encode(packed).decode("ascii").rstrip("=").lower()

    def slug(self, prefix: str, at: datetime) -> str:
        return f"{prefix}_{self.token(at)}"
