from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = (
        "Bring database, message queue, cache table and static files up to this version."
        " Run it at every deployment; running it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="leave the static files alone")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = {"verbosity": min(options["verbosity"], 1)}
        call_command("migrate", interactive=False, **quiet)
        call_command("createcachetable", **quiet)
        call_command("prepare_broker")
        if not options["no_static"]:
            call_command("collectstatic", interactive=False, **quiet)
