"""Each wrong or missing setting is found by a check that names it and says what to do."""

import os
import subprocess
import sys
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage
from django.db import connections
from django.test import override_settings

from config import checks, environment
from launcher.paths import BASE_DIR

#: As an installation would have them.
GOOD: dict[str, Any] = {
    "DEBUG": False,
    "ON_LOOPBACK": False,
    "SECRET_KEY": "s" * 50,
    "FIELD_ENCRYPTION_KEYS": [Fernet.generate_key().decode(), Fernet.generate_key().decode()],
    "BASE_URL": "https://sync.example.com",
    "ALLOWED_HOSTS": ["sync.example.com"],
    "CSRF_TRUSTED_ORIGINS": [],
    "REQUIRE_MFA": True,
    "TRUSTED_PROXIES": 1,
    "METRICS_TOKEN": "",
    "HEARTBEAT_URL": "",
    "CELERY_BROKER_URL": "pgmq://",
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "x"}},
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "XERO_CLIENT_ID": "id",
    "XERO_CLIENT_SECRET": "secret",
    "IGNITION_CLIENT_ID": "id",
    "IGNITION_CLIENT_SECRET": "secret",
}


def findings(**changed: Any) -> list[CheckMessage]:
    # The database is left alone: changing it would drop the connection of the test.
    with override_settings(**{**GOOD, **changed}):
        found: list[CheckMessage] = []
        for check in (
            checks.check_readable,
            checks.check_keys,
            checks.check_site,
            checks.check_services,
            checks.check_providers,
            checks.check_webhooks,
            checks.check_watching,
        ):
            found += check()
        return found


def ids(found: list[CheckMessage]) -> list[str]:
    return sorted(str(message.id) for message in found)


def test_good_settings_pass() -> None:
    assert findings() == []


LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.parametrize(
    ("changed", "expected", "named"),
    [
        ({"SECRET_KEY": ""}, "config.E002", "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "config.E002", "SECRET_KEY"),
        ({"FIELD_ENCRYPTION_KEYS": []}, "config.E003", "FIELD_ENCRYPTION_KEYS"),
        ({"FIELD_ENCRYPTION_KEYS": [*GOOD["FIELD_ENCRYPTION_KEYS"], "x"]}, "config.E003", "key number 3"),
        ({"BASE_URL": "sync.example.com"}, "config.E004", "BASE_URL"),
        ({"BASE_URL": "http://sync.example.com"}, "config.E005", "BASE_URL"),
        ({"DEBUG": True}, "config.E005", "DEBUG"),
        ({"ALLOWED_HOSTS": ["other.example.com"]}, "config.E006", "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ["sync.example.com", "*"]}, "config.E006", "ALLOWED_HOSTS"),
        ({"CSRF_TRUSTED_ORIGINS": ["other.example.com"]}, "config.E006", "CSRF_TRUSTED_ORIGINS"),
        ({"REQUIRE_MFA": False}, "config.W001", "REQUIRE_MFA"),
        ({"CELERY_BROKER_URL": "sqs://"}, "config.E008", "CELERY_BROKER_URL"),
        ({"CELERY_BROKER_URL": "memory://"}, "config.E008", "CELERY_BROKER_URL"),
        ({"CACHES": LOCMEM}, "config.E011", "CACHE_URL"),
        ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, "config.E012", "EMAIL_URL"),
        ({"XERO_API_URL": "http://api.example.com"}, "config.E013", "XERO_API_URL"),
        ({"IGNITION_AUTH_URL": ""}, "config.E013", "IGNITION_AUTH_URL"),
        ({"XERO_CLIENT_ID": "", "XERO_CLIENT_SECRET": ""}, "config.W002", "XERO_CLIENT_ID"),
        ({"IGNITION_CLIENT_SECRET": ""}, "config.E014", "IGNITION_CLIENT_SECRET"),
        ({"XERO_WEBHOOK_KEY": ["k" * 40, "short"]}, "config.E020", "XERO_WEBHOOK_KEY"),
        ({"HOOK_SKEW_SECONDS": 0}, "config.E020", "HOOK_SKEW_SECONDS"),
        ({"HOOK_SKEW_SECONDS": 86_400}, "config.E020", "HOOK_SKEW_SECONDS"),
        ({"XERO_SCOPES": "openid accounting.contacts"}, "config.E014", "XERO_SCOPES"),
        ({"METRICS_TOKEN": "short"}, "config.E030", "METRICS_TOKEN"),
        ({"HEARTBEAT_URL": "monitor.example.com/abc"}, "config.E031", "HEARTBEAT_URL"),
        ({"HEARTBEAT_URL": "file:///etc/passwd"}, "config.E031", "HEARTBEAT_URL"),
        ({"TRUSTED_PROXIES": 0}, "config.W030", "TRUSTED_PROXIES"),
    ],
)
def test_a_wrong_setting_is_named_with_advice(changed: dict[str, Any], expected: str, named: str) -> None:
    found = findings(**changed)
    assert ids(found) == [expected]
    assert named in found[0].msg
    assert found[0].hint


@pytest.mark.parametrize("name", checks.OUTSIDE_ADDRESSES)
def test_outside_services_may_be_simulated_on_this_machine(name: str) -> None:
    assert findings(**{name: "http://127.0.0.1:8091"}) == []


def test_memory_broker_and_console_mail_are_for_development() -> None:
    mail = "django.core.mail.backends.console.EmailBackend"
    development = {"DEBUG": True, "ON_LOOPBACK": True, "BASE_URL": "http://127.0.0.1:8000", "CACHES": LOCMEM}
    hosts = ["127.0.0.1"]
    assert (
        findings(**development, ALLOWED_HOSTS=hosts, CELERY_BROKER_URL="memory://", EMAIL_BACKEND=mail) == []
    )


def test_unreadable_variables_are_all_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "UNREADABLE", {"DEBUG": "1 or 0", "TRUSTED_PROXIES": "a whole number"})
    found = checks.check_readable()
    assert [message.msg for message in found] == ["DEBUG can't be read.", "TRUSTED_PROXIES can't be read."]
    assert [message.hint for message in found] == ["Set it to 1 or 0.", "Set it to a whole number."]


@pytest.mark.django_db
def test_an_old_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_database(databases=["default"]) == []
    monkeypatch.setitem(connections["default"].__dict__, "pg_version", 140_005)
    assert ids(checks.check_database(databases=["default"])) == ["config.E010"]


def check_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=BASE_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_shows_everything_that_is_wrong_without_a_traceback() -> None:
    result = check_command(
        DATABASE_URL="sqlite:///db",
        DEBUG="maybe",
        SECRET_KEY="",
        TRUSTED_PROXIES="-1",
        CACHE_URL="nowhere://",
        EMAIL_URL="nowhere://",
        LOG_LEVEL="LOUD",
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for name in (
        "DATABASE_URL",
        "DEBUG",
        "SECRET_KEY",
        "TRUSTED_PROXIES",
        "CACHE_URL",
        "EMAIL_URL",
        "LOG_LEVEL",
    ):
        assert name in result.stderr


def test_a_missing_database_and_one_that_does_not_answer() -> None:
    missing = check_command(DATABASE_URL="")
    assert "config.E007" in missing.stderr
    away = check_command("--database", "default", DATABASE_URL="postgresql://u@127.0.0.1:9/none")
    assert "config.E009" in away.stderr
    assert "Traceback" not in away.stderr


def test_no_page_may_run_inline_scripts_or_be_framed() -> None:
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert settings.XERO_LOGIN_URL in policy["form-action"]
