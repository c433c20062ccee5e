"""What an open run is doing, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from practices.models import Practice, Provider
from sync.models import OPEN_RUN_STATES, Run, RunState
from sync.pages.words import kind_words


@dataclass(frozen=True, slots=True)
class Stage:
    """``done``, ``now`` or ``next``."""

    label: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``value`` of ``maximum`` is known only while writing; otherwise the bar just moves."""

    run: Run
    text: str
    stages: Sequence[Stage]
    value: int | None
    maximum: int | None


def open_progress(practice: Practice) -> Progress | None:
    run = Run.objects.filter(practice=practice, state__in=OPEN_RUN_STATES).select_related("actor").first()
    return progress_of(run) if run else None


def progress_of(run: Run) -> Progress:
    stage, _, provider = run.stage.partition(" ")
    done = int(run.progress.get("done") or 0)
    left = run.progress.get("left")
    writing = stage == "deliver" and isinstance(left, int) and done + left > 0
    return Progress(
        run=run,
        text=_text(run, stage, provider, done),
        stages=_stages(run, stage, provider),
        value=done if writing else None,
        maximum=done + int(left or 0) if writing else None,
    )


def _text(run: Run, stage: str, provider: str, done: int) -> str:
    if run.state == RunState.QUEUED:
        return "Waiting for a free worker …"
    if run.state == RunState.WAITING and run.message:
        return run.message
    kind = str(run.progress.get("text") or "")
    if stage == "read":
        name = _name(provider)
        return f"Reading {kind_words(kind)} from {name}: {done:,} so far" if kind else f"Reading {name} …"
    if stage == "plan":
        return "Comparing both systems and working out what to write …"
    if stage == "deliver":
        return f"Writing {kind_words(kind)}: {done:,} done" if kind else "Writing …"
    return "Starting …"


def _stages(run: Run, stage: str, provider: str) -> list[Stage]:
    labels = [("plan", "Compare"), ("deliver", "Write")]
    if run.reads:
        labels = [(f"read {item}", f"Read {item.label}") for item in Provider] + labels
    keys = [key for key, _ in labels]
    current = f"read {provider}" if stage == "read" else stage
    place = keys.index(current) if current in keys else (0 if run.state != RunState.QUEUED else -1)
    return [
        Stage(label, "done" if index < place else "now" if index == place else "next")
        for index, (_, label) in enumerate(labels)
    ]


def _name(provider: str) -> str:
    return str(Provider(provider).label) if provider in Provider.values else provider
