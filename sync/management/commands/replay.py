import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from practices.models import Practice
from sync import replay
from sync.models import Event, Kind

SORTS = sorted(Kind.values)


class Command(BaseCommand):
    help = (
        "Look again at what was reported of a practice. The reports are put back; a running worker takes them, or "
        "the command drain does. Reports that wait already are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's slug")
        parser.add_argument("--since", help="only what came in since this day or moment, e.g. 2026-11-20")
        parser.add_argument(
            "--kind", choices=SORTS, metavar="KIND", help=f"only this kind: {', '.join(SORTS)}"
        )
        parser.add_argument("--record", help="only this record, by its id in Ignition or Xero")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(slug=options["practice"]).first()
        if practice is None:
            raise CommandError(f"There is no practice “{options['practice']}”.")
        chosen, meant = _chosen(options)
        moved = 0
        # Each turn takes the newest; what it put back waits and is not found again.
        while turn := replay.again(practice, chosen, actor=None, what=f"{meant} (command line)"):
            moved += turn
        if options["json"]:
            self.stdout.write(json.dumps({"practice": practice.slug, "replayed": moved}))
        else:
            self.stdout.write(f"{moved} put back.")


def _chosen(options: dict[str, Any]) -> tuple[QuerySet[Any], str]:
    chosen: QuerySet[Any] = Event.objects.all()
    meant = []
    if options["since"]:
        since = _moment(options["since"])
        chosen = chosen.filter(received_at__gte=since)
        meant.append(f"since {since.isoformat()}")
    if options["kind"]:
        chosen = chosen.filter(kind=options["kind"])
        meant.append(options["kind"])
    if options["record"]:
        chosen = chosen.filter(external_id=options["record"])
        meant.append(f"record {options['record']}"[:120])
    return chosen, ", ".join(meant) or "all of them"


def _moment(text: str) -> datetime:
    """A moment, or the start of a day; in UTC unless it says otherwise."""
    try:
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)) is not None:
            found = datetime(day.year, day.month, day.day)  # noqa: DTZ001  the zone follows
    except ValueError:
        found = None
    if found is None:
        raise CommandError(
            f"--since: {text!r} is no day or moment, such as 2026-11-20 or 2026-11-20T09:30+11:00."
        )
    return found if timezone.is_aware(found) else timezone.make_aware(found)
