"""Encrypted fields: keys rotate, wrong keys fail loudly, nothing leaks."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from practices.models import Grant
from practices.secrets import DecryptionError, crypter
from tests.make import make_grant, make_user

pytestmark = pytest.mark.django_db


def stored(grant: Grant) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM practices_grant WHERE id = %s", [grant.pk])
        return str(cursor.fetchone()[0])


def test_what_is_stored_is_not_readable() -> None:
    grant = make_grant(secret={"access_token": "s3cret", "refresh_token": "r"})
    assert "s3cret" not in stored(grant)
    assert Grant.objects.get().secret["access_token"] == "s3cret"
    assert "s3cret" not in repr(grant) + str(grant)


def test_a_wrong_key_never_hands_out_ciphertext(settings: Any) -> None:
    make_grant()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(DecryptionError, match="no key decrypts"):
        Grant.objects.get()


def test_no_keys_is_a_configuration_fault(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured):
        make_grant()


def test_searching_is_refused() -> None:
    with pytest.raises(FieldError):
        Grant.objects.filter(secret="x").exists()
    assert not Grant.objects.filter(secret__isnull=True).exists()


def test_rotating_lets_the_old_key_go(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    grant = make_grant(secret={"access_token": "a", "refresh_token": "r"})
    factor = Authenticator.objects.create(
        user=make_user(),
        type=Authenticator.Type.TOTP,
        data={"secret": crypter().encrypt(b"JBSWY3DP").decode()},
    )
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    before = stored(grant)
    call_command("rotate_keys")
    call_command("rotate_keys")
    assert "1 credentials and 1 second factors" in capsys.readouterr().out
    assert stored(grant) != before
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert Grant.objects.get().secret["access_token"] == "a"
    factor.refresh_from_db()
    assert crypter().decrypt(factor.data["secret"].encode()) == b"JBSWY3DP"
