"""Encrypted model fields: a thin layer over ``cryptography.MultiFernet``.

The first key of ``FIELD_ENCRYPTION_KEYS`` encrypts, every key decrypts, so a key is rotated by putting a
new one in front, running ``manage.py rotate_keys`` and then dropping the old one. A value that no key
decrypts raises :class:`DecryptionError`; ciphertext is never handed out as if it were the value.
"""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection, models, transaction


class DecryptionError(Exception):
    """No configured key decrypts a stored value."""


@lru_cache(maxsize=4)
def _crypter_for(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty")
    return MultiFernet([Fernet(key) for key in keys])


def crypter() -> MultiFernet:
    """The cipher for the keys configured now (tests and rotation change them at run time)."""
    return _crypter_for(tuple(settings.FIELD_ENCRYPTION_KEYS))


if TYPE_CHECKING:
    JSONTextField = models.TextField[Any, Any]
else:
    JSONTextField = models.TextField


class EncryptedJSONField(JSONTextField):
    """A JSON value stored encrypted. It can't be searched: every look-up but ``isnull`` is refused."""

    # What type checkers see when the field is set and read: any JSON value.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: look-up '{lookup_name}' is not possible")
        return super().get_lookup(lookup_name)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else crypter().encrypt(json.dumps(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: object, db: object) -> Any:
        if value is None:
            return None
        try:
            return json.loads(crypter().decrypt(value.encode()))
        except InvalidToken as error:
            raise DecryptionError(
                f"{self.model._meta.label}.{self.name}: no key decrypts this value"
            ) from error

    def to_python(self, value: Any) -> Any:
        return value


def rotate(model: type[models.Model], field: str, *, batch: int = 500) -> int:
    """Re-encrypt one column with the newest key; returns the number of rows read.

    Each batch is one transaction and each row is written only if it still holds what was read, so a token
    refreshed meanwhile is never overwritten by its older self. Safe to run again.
    """
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    column = quote(str(model._meta.get_field(field).column))  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608  names
        rows = cursor.fetchall()
        for start in range(0, len(rows), batch):
            with transaction.atomic():
                cursor.executemany(
                    f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s",  # noqa: S608  names
                    [
                        (crypter().rotate(value.encode()).decode(), pk, value)
                        for pk, value in rows[start : start + batch]
                    ],
                )
    return len(rows)
