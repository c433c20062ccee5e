"""Every line of a request says which request and which practice; nothing of it stays for the next one."""

import io
import json
import logging.config
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.test import Client

from config import workers
from config.logging import logging_settings
from practices.logcontext import bound
from sync.tasks import keep_grants_alive
from tests.make import make_connection, make_member, make_practice


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """A function that returns what was logged since it was last called, as an installation logs it."""
    from django.conf import settings  # noqa: PLC0415

    logging.config.dictConfig(logging_settings(readable=False, level="INFO"))
    printed = io.StringIO()
    (handler,) = (one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    handler.setStream(printed)

    def read() -> list[dict[str, Any]]:
        text = printed.getvalue()
        printed.seek(0)
        printed.truncate()
        return [json.loads(line) for line in text.splitlines()]

    yield read
    logging.config.dictConfig(settings.LOGGING)


def test_a_request_is_one_line_with_its_number(client: Client, lines: Any, db: None) -> None:
    response = client.get("/accounts/login/?next=/secret-place/")
    (line,) = lines()
    number = response["X-Request-ID"]
    assert uuid.UUID(number)
    assert (line["request_id"], line["view"], line["method"], line["status"]) == (
        number,
        "account_login",
        "GET",
        200,
    )
    assert line["ms"] >= 0
    assert "secret-place" not in json.dumps(line)


def test_the_proxys_number_is_kept(client: Client) -> None:
    given = "7f3a-edge.0001"
    assert client.get("/accounts/login/", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "a b c d e f g", 'abcdefgh"injected', "abcdefgh\\nline", ""]
)
def test_a_number_that_is_none_is_replaced(client: Client, given: str) -> None:
    assert uuid.UUID(client.get("/accounts/login/", headers={"X-Request-ID": given})["X-Request-ID"])


@pytest.mark.django_db
def test_a_practices_pages_name_it(client: Client, lines: Any) -> None:
    practice = make_practice(slug="harbour")
    client.force_login(make_member(practice))
    client.get("/p/harbour/")
    assert lines()[-1]["practice"] == "harbour"
    stranger = Client()
    stranger.force_login(make_member(make_practice()))
    stranger.get("/p/harbour/")
    assert all("practice" not in line for line in lines())


@pytest.mark.django_db
def test_nothing_is_left_for_the_next_request(client: Client) -> None:
    client.get("/accounts/login/")
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.django_db
def test_lines_within_a_piece_of_work_name_what_it_is_about(lines: Any) -> None:
    practice = make_practice(slug="harbour")
    connection = make_connection(practice)
    log = structlog.get_logger("sync")
    with bound(practice=practice):
        log.info("planned")
        with bound(connection=connection):
            log.info("read")
        log.info("closed")
    log.info("idle")
    planned, read, closed, idle = lines()
    assert planned["practice"] == read["practice"] == closed["practice"] == "harbour"
    assert read["connection"] == f"xero/{connection.pk}"
    assert "connection" not in closed
    assert "practice" not in idle


@pytest.mark.django_db
def test_what_was_bound_is_let_go_when_the_work_fails() -> None:
    with pytest.raises(ValueError, match="no"), bound(practice=make_practice()):
        raise ValueError("no")
    assert structlog.contextvars.get_contextvars() == {}


def test_lines_of_a_task_name_it() -> None:
    structlog.contextvars.bind_contextvars(practice="of-another-task")
    workers._name_lines(task_id="1", task=keep_grants_alive)
    assert structlog.contextvars.get_contextvars() == {"task": "sync.tasks.keep_grants_alive", "task_id": "1"}
    workers._forget_names()
    assert structlog.contextvars.get_contextvars() == {}
