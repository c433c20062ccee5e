"""Regular expressions that can't run away. Pure.

RE2 takes time in proportion to the text whatever the pattern, so no time limit is needed that would make two plans
of one record differ. It knows no back-references and no look-around.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import re2  # type: ignore[import-untyped]

from mappings.fieldmaps import BadChoice

LONGEST_PATTERN = 200
LONGEST_VALUE = 4000
"""Xero's longest text is a line's description with 4,000 characters."""
MOST_MEMORY = 1 << 20
"""Bytes one pattern may take; nested repetitions such as ``((a{99}){99}){99}`` are refused by it."""


MOST_KEPT, LONGEST_KEPT = 512, 120
"""Answers that a pattern remembers, and for how long texts: at most some 100 KiB a pattern."""
Answer = TypeVar("Answer")


def compile_pattern(pattern: str) -> Any:
    """Raises :class:`BadChoice` for a pattern that is too long, too large or not a pattern."""
    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise BadChoice(f"A pattern has between 1 and {LONGEST_PATTERN} characters.")
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
        raise BadChoice(f"“{pattern[:80]}” is not a pattern that can be used: {said}.") from error


def compile_search(pattern: str) -> Callable[[str], bool]:
    found = compile_pattern(pattern)
    return _remembered(lambda value: found.search(value[:LONGEST_VALUE]) is not None)


def compile_extract(pattern: str) -> Callable[[str], str]:
    """What the pattern finds (its first group, if it has one); empty where it finds nothing."""
    found = compile_pattern(pattern)
    group = 1 if found.groups else 0

    def extract(value: str) -> str:
        match = found.search(value[:LONGEST_VALUE])
        return (match.group(group) or "") if match else ""

    return _remembered(extract)


def compile_replace(pattern: str, put: str) -> Callable[[str], str]:
    """Every place the pattern finds replaced by a text, which is taken as it is."""
    found = compile_pattern(pattern)
    return _remembered(lambda value: str(found.sub(lambda match: put, value[:LONGEST_VALUE]))[:LONGEST_VALUE])


def _remembered(answer: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """The same answers, kept for short texts: the same few names and addresses are asked about thousands of times."""
    kept = lru_cache(maxsize=MOST_KEPT)(answer)
    return lambda value: kept(value) if len(value) <= LONGEST_KEPT else answer(value)
