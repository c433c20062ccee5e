from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sync import demo


class Command(BaseCommand):
    help = "Make the demo's people, practices and connections (only against the sandbox). Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo.seed()
        except demo.NotASandbox as error:
            raise CommandError(str(error)) from error
        width = max(len(email) for email, _, _ in demo.PEOPLE)
        self.stdout.write(f"Log-ins, all with the password {demo.PASSWORD}")
        for email, _, role in demo.PEOPLE:
            self.stdout.write(f"  {email:<{width}}  {role.label} of Harbour Lane Advisory")
        self.stdout.write(f"  {demo.SUPPORT[0]:<{width}}  Support team, at /admin/")
