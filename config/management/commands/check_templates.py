from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError
from django.template.loader import get_template


class Command(BaseCommand):
    help = "Compile every template of ours, so that a slip of the pen is found before a reader finds it."

    def handle(self, *args: Any, **options: Any) -> None:
        faults: list[str] = []
        count = 0
        for folder in map(Path, settings.TEMPLATES[0]["DIRS"]):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                count += 1
                name = str(path.relative_to(folder))
                try:
                    get_template(name)
                except TemplateSyntaxError as error:
                    faults.append(f"{name}: {error}")
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{count} templates compile.")
