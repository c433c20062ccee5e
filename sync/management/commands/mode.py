from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from practices.models import Practice
from sync.flows import ensure_flows, flows_of, set_modes
from sync.models import SYNCED_KINDS, Mode


class Command(BaseCommand):
    help = (
        "Show or set how far each kind may go: watch, fill_gaps or take_over. Without a mode it only shows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's slug")
        parser.add_argument("mode", nargs="?", choices=Mode.values)
        parser.add_argument("--kind", action="append", choices=[str(kind) for kind in SYNCED_KINDS])

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(slug=options["practice"]).first()
        if practice is None:
            raise CommandError(f"There is no practice “{options['practice']}”.")
        ensure_flows(practice)
        if options["mode"]:
            kinds = options["kind"] or [str(kind) for kind in SYNCED_KINDS]
            set_modes(practice, dict.fromkeys(kinds, options["mode"]), actor=None)
        for flow in flows_of(practice):
            self.stdout.write(f"{flow.source} → {flow.target}  {flow.kind}: {flow.mode}")
