import hashlib
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
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
            self._collect_static(**quiet)

    def _collect_static(self, **quiet: int) -> None:
        """Collect only what changed: hashing and compressing everything takes ten seconds."""
        note = Path(settings.STATIC_ROOT, ".collected")
        state = static_state()
        if note.is_file() and note.read_text() == state:
            self.stdout.write("Static files are as collected.")
            return
        call_command("collectstatic", interactive=False, **quiet)
        note.write_text(state)


def static_state() -> str:
    """A fingerprint of every static file there is to collect, and of what does the collecting."""
    digest = hashlib.sha256(f"{django.VERSION} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
