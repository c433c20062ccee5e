"""Reading a long list while the last part of it is worked on: the database and this process have a core each."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 2_000
"""Rows of one part. A list of no more is read without a thread."""


def ahead(rows: Iterable[T]) -> Iterator[T]:
    """The same rows in the same order. The connection that they come from must not be used meanwhile.

    The first part is read here, since a query is bound to the thread that starts it; each later one by a thread of its
    own while the one before it is worked on. What goes wrong there is raised here.
    """
    source = iter(rows)
    part = list(islice(source, AT_ONCE))
    if len(part) < AT_ONCE:
        yield from part
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as reader:
        while part:
            following = reader.submit(_next_part, source)
            yield from part
            part = following.result()


def _next_part(source: Iterator[T]) -> list[T]:
    return list(islice(source, AT_ONCE))
