import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from practices.models import Practice
from sync import runs
from sync.flows import is_connected
from sync.models import Run, RunState, Trigger


class Command(BaseCommand):
    help = "Sync one practice now: read, plan, deliver. Exits with 1 when anything failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's slug")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument(
            "--full", action="store_true", help="read everything again, not only what changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(slug=options["practice"]).first()
        if practice is None:
            raise CommandError(f"There is no practice “{options['practice']}”.")
        if not is_connected(practice):
            raise CommandError(
                f"{practice.name} is not connected to both systems. Connect or reconnect it first."
            )
        run = runs.start(practice, trigger=Trigger.COMMAND, full=options["full"], wake=False)
        run = self._follow(run, quiet=options["json"])
        result = summary(run)
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=None, sort_keys=False))
        else:
            self._show(result)
        if not result["ok"]:
            sys.exit(1)

    def _follow(self, run: Run, *, quiet: bool) -> Run:
        """Work the run here until it is closed; another worker may do a part of it."""
        while run.is_open:
            run = runs.advance(run.pk) or run
            if not quiet and self.stderr.isatty():
                progress = run.progress
                text = f"{progress.get('stage', '')} {progress.get('text', '')} {progress.get('done', '')}"
                self.stderr.write(f"\r{text:<70}", ending="")
            if run.is_open:
                now = timezone.now()
                wait = (run.resumes_at - now).total_seconds() if run.resumes_at else 0.2
                time.sleep(min(max(wait, 0.05), 5))
        return run

    def _show(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"Run {result['run']}: {result['state']}. {result['message']}".strip())
        for kind, counts in result["kinds"].items():
            shown = ", ".join(
                f"{name.replace('_', ' ')} {number}" for name, number in counts.items() if number
            )
            self.stdout.write(f"  {kind}: {shown or 'nothing'}")


def summary(run: Run) -> dict[str, Any]:
    """What a machine wants to know about a finished run. ``ok`` is false when the run or any record failed."""
    kinds = runs.counts_of(run)
    failed = sum(counts["failed"] for counts in kinds.values())
    seconds = (run.finished_at - run.queued_at).total_seconds() if run.finished_at else None
    return {
        "practice": run.practice.slug,
        "run": run.pk,
        "ok": run.state in {RunState.DONE, RunState.INCOMPLETE} and failed == 0,
        "state": run.state,
        "message": run.message,
        "kinds": kinds,
        "reading": run.counts.get("reading", {}),
        "calls": run.calls,
        "mapping_version": run.mapping_version,
        "seconds": seconds,
    }
