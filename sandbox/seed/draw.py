"""Repeatable chance: the same seed and names give the same draws, whatever other parts of the seed do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of draws named by a path; `child` opens an independent stream below it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._random = Random(path)  # noqa: S311 - repeatable demo data, not secrets

    def child(self, name: str | int) -> Draw:
        return Draw(f"{self.path}/{name}")

    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[self._random.randrange(len(items))]

    def weighted(self, choices: Sequence[tuple[T, int]]) -> T:
        """One of the choices, each as likely as its weight says."""
        ticket = self._random.randrange(sum(weight for _, weight in choices))
        for item, weight in choices:
            ticket -= weight
            if ticket < 0:
                return item
        raise AssertionError("weights are positive")

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def amount(self, low: int, high: int, step: str = "1") -> Decimal:
        """A price between two whole amounts on a grid of `step`."""
        grid = Decimal(step)
        return Decimal(low) + grid * self.between(0, int((high - low) / grid))

    def digits(self, count: int) -> str:
        return "".join(str(self.between(0, 9)) for _ in range(count))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        result = list(items)
        self._random.shuffle(result)
        return result

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


class Every:
    """True on every n-th call after the first `offset` ones: rare cases that surely occur, without chance."""

    def __init__(self, step: int, offset: int = 0) -> None:
        self._step = step
        self._calls = -offset - 1

    def __call__(self) -> bool:
        self._calls += 1
        return self._calls >= 0 and self._calls % self._step == 0
