"""Credentials stay out of the logs, whichever way they come."""

import json
import logging
import logging.config
from typing import Any

import pytest

from config.logging import HIDDEN, logging_settings, redact

SECRET = "eyJhbGciOi.very-secret.value"


@pytest.mark.parametrize(
    "value",
    [
        {"access_token": SECRET},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"client_secret": SECRET, "nested": [{"refresh_token": SECRET}]},
        f"POST /token refresh_token={SECRET}&grant_type=refresh_token",
        f'{{"client_secret": "{SECRET}"}}',
        f"Authorization: Bearer {SECRET}",
        f"x-api-key: {SECRET}",
        {"note": f"sent Basic {SECRET}"},
        {"password": SECRET},
        ("token", {"api_key": SECRET}),
    ],
)
def test_credentials_are_hidden(value: Any) -> None:
    hidden = str(redact(value))
    assert SECRET not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "value",
    [
        "3 tokens read",
        {"count": 3, "name": "Invoice 12"},
        {"token_state": None},
        "basic rules",
        "basic invoices",
        12.5,
        None,
    ],
)
def test_what_is_no_credential_stays(value: Any) -> None:
    assert redact(value) == value


@pytest.fixture
def _restore_logging() -> Any:
    yield
    from django.conf import settings  # noqa: PLC0415

    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.usefixtures("_restore_logging")
def test_a_line_is_json_with_the_extras_of_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(logging_settings(readable=False, level="INFO"))
    try:
        raise ValueError(f"access_token={SECRET}")
    except ValueError:
        logging.getLogger("sync").exception(
            "call failed: %s", "xero", extra={"practice": "demo", "token": SECRET}
        )
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "call failed: xero"
    assert line["practice"] == "demo"
    assert line["level"] == "error"
    assert "ValueError" in line["exception"]
    assert SECRET not in json.dumps(line)


@pytest.mark.usefixtures("_restore_logging")
def test_readable_lines_hide_credentials_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(logging_settings(readable=True, level="INFO"))
    logging.getLogger("sync").info("sent Bearer %s", SECRET)
    line = capsys.readouterr().err
    assert HIDDEN in line
    assert SECRET not in line
