"""What became of several things that somebody wanted done at once."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """What was done, and why the others were left, with how many each."""

    done: list[T] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)

    def leave(self, why: str) -> None:
        self.left[why] = self.left.get(why, 0) + 1

    @property
    def left_count(self) -> int:
        return sum(self.left.values())

    @property
    def why(self) -> str:
        """Why some were left, in sentences; with numbers when there is more than one."""
        if self.left_count <= 1:
            return "".join(self.left)
        return " ".join(
            f"{count:,}: {text}" if len(self.left) > 1 else text for text, count in self.left.items()
        )
