"""What a kind of difference is. Pure.

A kind that is not ``kept`` is an explanation: it accounts for money that differs for a good reason, shows in the
totals and never becomes a mismatch. A kind with ``not_checked`` can't be seen from what Ignition and Xero tell us; it
stands here so that nobody takes silence for agreement.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

SEVERITIES = ("critical", "high", "medium", "low", "info")
UNATTENDED = ("never", "ask", "may")
"""Whether the suggested fix may be done without a person: never, after an approval, or by itself once switched on."""
NO_GRACE = timedelta(0)
BOTH = ("ignition", "xero")
IGNITION = ("ignition",)
XERO = ("xero",)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOf:
    """One kind of difference. ``cause`` and ``fix`` are sentences for people.

    ``refs`` are the ids of the full list of differences that it stands for (empty: an explanation that stands for
    none). ``needs`` names what has to be read beside what its ``about`` needs, as in ``Books.read``. ``needs_all``: it
    can't be told from the books of a few clients alone.
    """

    code: str
    about: str
    title: str
    severity: str
    refs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    needs_all: bool = False
    cause: str = ""
    fix: str = ""
    grace: timedelta = NO_GRACE
    unattended: str = "never"
    sides: tuple[str, ...] = BOTH
    kept: bool = True
    not_checked: str = ""

    @property
    def is_checked(self) -> bool:
        return not self.not_checked


def kind_of(about: str, code: str, title: str, severity: str, cause: str, fix: str, **extra: Any) -> KindOf:
    return KindOf(
        code=f"{about}_{code}", about=about, title=title, severity=severity, cause=cause, fix=fix, **extra
    )
