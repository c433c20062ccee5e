from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from practices.secrets import EncryptedJSONField, crypter, rotate

SECOND_FACTOR_SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Command(BaseCommand):
    help = (
        "Encrypt every stored credential and second factor with the first key of FIELD_ENCRYPTION_KEYS. "
        "Afterwards the older keys can be dropped. Safe to run again and while the app is running."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stored = sum(rotate(model, field) for model, field in _encrypted_fields())
        factors = _rotate_second_factors()
        self.stdout.write(f"{stored} credentials and {factors} second factors use the first key now.")


def _encrypted_fields() -> list[tuple[type[models.Model], str]]:
    """Every encrypted column of every package: none is forgotten when one is added."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, EncryptedJSONField)
    ]


def _rotate_second_factors() -> int:
    """Secrets of authenticator apps and recovery codes sit inside a JSON column of allauth's."""
    count = 0
    for kind, name in SECOND_FACTOR_SECRETS.items():
        for pk in Authenticator.objects.filter(type=kind).values_list("pk", flat=True):
            with transaction.atomic():
                factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
                if factor is None or name not in factor.data:
                    continue
                factor.data[name] = crypter().rotate(factor.data[name].encode()).decode()
                factor.save(update_fields=["data"])
                count += 1
    return count
