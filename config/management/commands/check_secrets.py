from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from practices.secrets import EncryptedJSONField, crypter


class Command(BaseCommand):
    help = (
        "Read every stored credential and second factor with the keys given; ends with 1 when one can't be read."
        " Changes nothing and shows none of them. Worth running after a restore."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        read, unreadable = 0, {}
        for label, values in [*_columns(), ("second factors", _second_factors())]:
            faults = sum(not _is_readable(value) for value in values)
            read += len(values) - faults
            if faults:
                unreadable[label] = f"{faults} of {len(values)}"
        if unreadable:
            found = "; ".join(f"{label}: {count}" for label, count in unreadable.items())
            raise CommandError(
                f"No key of FIELD_ENCRYPTION_KEYS reads these: {found}. Add the key that was in use when they were"
                " stored. If it is lost: practices have to reconnect, people have to set up their second factor again."
            )
        self.stdout.write(f"All {read} stored credentials and second factors can be read.")


def _columns() -> list[tuple[str, list[str]]]:
    """What stands in the database, column by column; the field itself would stop at the first fault."""
    found = []
    quote = connection.ops.quote_name
    for model in apps.get_models():
        for field in model._meta.fields:
            if not isinstance(field, EncryptedJSONField):
                continue
            table, column = quote(model._meta.db_table), quote(str(field.column))
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608  names
                found.append((f"{model._meta.label}.{field.name}", [row[0] for row in cursor.fetchall()]))
    return found


def _second_factors() -> list[str]:
    """Secrets of authenticator apps and of recovery codes."""
    rows = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).values_list("data", flat=True)
    return [value for data in rows for name, value in data.items() if name in {"secret", "seed"}]


def _is_readable(value: str) -> bool:
    try:
        crypter().decrypt(value.encode())
    except InvalidToken:
        return False
    return True
