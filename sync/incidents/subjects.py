"""What a held record waits for, taken out of the sentences that the mapping gave it. Pure.

A record may lack several things at once, and each of them is a cause of its own: one missing tax type holds up all
records whose sentences name it. The table is read in both ways: a message gives subjects, a subject gives the piece
of text by which its records are found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 120
"""What a stored subject may hold."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The engine's sentence for one code: fixed text around what tells one cause of this code from another."""

    code: str
    before: str
    inside: str
    after: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.before)}({self.inside}){re.escape(self.after)}")


SENTENCES = (  # the narrowest of a code first
    Sentence("tax_unmapped", "No tax type is chosen for ", "lines without a tax", " in Ignition."),
    Sentence("tax_unmapped", "No tax type is chosen for Ignition's tax “", "[^”]+", "”."),
    Sentence("tax_gone", "The tax type ", r"\S+", " is not active in Xero any more."),
    Sentence("tax_not_revenue", "The tax type ", r"\S+", " can't be used on sales."),
    Sentence("account_unmapped", "No sales account is chosen.", "", ""),
    Sentence("account_gone", "The account ", r"\S+", " is not active in Xero any more."),
    Sentence("clearing_unmapped", "No clearing account is chosen for payments.", "", ""),
    Sentence("clearing_gone", "The clearing account ", r"\S+", " is not active in Xero any more."),
    Sentence("clearing_closed", "The account ", r"\S+", " does not accept payments in Xero."),
    Sentence("tracking_gone", "", r"[^.:\s][^.:]*: .+?", " is not active in Xero any more."),
    Sentence("currency", "", "[A-Z]{3}", " is not switched on in Xero."),
)
TOLD_APART = frozenset(sentence.code for sentence in SENTENCES)
"""Codes whose records are grouped by what their sentences name."""
OWN_FIGURES = ("The lines come to", "It is not known which service")
"""From here on a message is about one record only: left out before messages are grouped."""

_PATTERNS = tuple((sentence, sentence.pattern) for sentence in SENTENCES)


def subjects_of(code: str, message: str) -> frozenset[tuple[str, str]]:
    """(code, subject) of everything that a held record's message names; its own code alone when it names nothing."""
    if code not in TOLD_APART:
        return frozenset({(code, "")})
    return frozenset(_found(message)) or frozenset({(code, "")})


def fragment(code: str, subject: str) -> str:
    """The text that stands in the message of every record held up by this; empty when the code has to do."""
    for sentence in SENTENCES:
        if sentence.code == code and re.fullmatch(sentence.inside, subject):
            return sentence.before + subject + ("" if len(subject) >= LONGEST else sentence.after)
    return ""


def _found(message: str) -> Iterator[tuple[str, str]]:
    for sentence, pattern in _PATTERNS:
        for match in pattern.finditer(message):
            yield sentence.code, match[1][:LONGEST]
