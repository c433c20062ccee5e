"""Credentials stay out of the logs, whichever way they come."""

import json
import logging
import logging.config
import time
from typing import Any

import pytest
from django.test import Client

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
        {"Authorization": SECRET},
        f"'Authorization': '{SECRET}'",
        f"authorization=Basic {SECRET}",
        {"x-xero-signature": SECRET},
        f"x-xero-signature: {SECRET}",
        {"headers": {"X-Webhook-Key": SECRET, "XERO_WEBHOOK_KEY": SECRET}},
        {"signing_key": SECRET},
        {"signing_keys": [SECRET, SECRET]},
        f"GET /connections/callback/xero/?code={SECRET}&state={SECRET}",
        f"sessionid={SECRET}; Path=/",
        f"connecting to postgresql://app:{SECRET}@db.example.com:5432/app",
        f"redis://:p@{SECRET}@queue.example.com:6379/0",
        f"Not Found: /invitations/{SECRET}/",
        f"Not Found: /accounts/confirm-email/{SECRET}/",
        f"Forbidden: /accounts/password/reset/key/1a-{SECRET}/",
        f"Not Found: /alerts/stop/{SECRET}/",
        f"GET https://hooks.slack.com/services/T0001/B0001/{SECRET} failed",
        f"Max retries exceeded with url: /services/T0001/B0001/{SECRET}",
        f"POST https://example.webhook.office.com/webhookb2/{SECRET}/IncomingWebhook/x",
        {"body": f"Follow this link to join: https://example.com/invitations/{SECRET}/"},
        {"html_body": f"<a href='{SECRET}'>Join</a>"},
        {"message-body": SECRET.encode()},
        ValueError(f"access_token={SECRET}"),
        {"seen": {f"refresh_token={SECRET}"}},
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
        "POST /invitations/1234/accept/",
        "see https://sync.example.com:8443/p/demo/",
        "state=waiting",
        {"key": "contact", "kind": "invoice"},
        True,
        12.5,
        None,
    ],
)
def test_what_is_no_credential_stays(value: Any) -> None:
    assert redact(value) == value


@pytest.mark.parametrize(
    "piece", ["a", "a-", "a.", "token", "x://", "Bearer ", "/invitations/", "?code=", ":@"]
)
def test_long_made_up_text_is_searched_quickly(piece: str) -> None:
    began = time.perf_counter()
    redact(piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 5


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
def test_a_refused_request_is_logged_without_its_address(
    capsys: pytest.CaptureFixture[str], client: Client
) -> None:
    logging.config.dictConfig(logging_settings(readable=False, level="INFO"))
    client.get(f"/nowhere/?code={SECRET}&note={SECRET}")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["request", "Not Found: /nowhere/"]
    assert lines[0]["request_id"] == lines[1]["request_id"]
    assert SECRET not in json.dumps(lines)


@pytest.mark.usefixtures("_restore_logging")
def test_readable_lines_hide_credentials_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(logging_settings(readable=True, level="INFO"))
    logging.getLogger("sync").info("sent Bearer %s", SECRET)
    line = capsys.readouterr().err
    assert HIDDEN in line
    assert SECRET not in line
