"""Why a target refused something, in words for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of a provider's table of refusals.

    ``fixed_part`` is matched in the provider's message, ignoring case. ``code`` names the cause, ``parks_as`` says
    who can fix it (rejected: a person; needs_mapping: a mapping; unclear: a look-up), ``sentence`` and ``fix`` are
    for people.
    """

    code: str
    fixed_part: str
    parks_as: str
    sentence: str
    fix: str
