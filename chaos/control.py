"""The sandbox's control interface, as this program uses it."""

import json
from decimal import Decimal
from typing import Any

import requests

Row = dict[str, Any]
SECONDS = 30


class Control:
    """Talks to one sandbox. Amounts come and go as exact decimals."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy: it is this machine

    def get(self, path: str, **params: str | int) -> Any:
        answer = self._session.get(f"{self.url}/_sandbox/{path}", params=params, timeout=SECONDS)
        return _read(answer)

    def post(self, path: str, body: Any) -> Any:
        """Raises :class:`Refused` when it can't be done."""
        data = json.dumps(body, default=_plain).encode()
        answer = self._session.post(f"{self.url}/_sandbox/{path}", data=data, timeout=SECONDS)
        return _read(answer)

    def put_rows(self, key: str, resource: str, rows: list[Row]) -> list[Row]:
        """Store rows as Ignition would show them; gives them as stored."""
        found: list[Row] = self.post(f"ignition/{key}/{resource}", rows) if rows else []
        return found

    def ignition(self, key: str) -> dict[str, list[Row]]:
        """Everything the practice's Ignition account holds, by resource."""
        rows: dict[str, list[Row]] = self.get("dump", practice=key)["practice"]
        return rows

    def xero(self, tenant: str) -> dict[str, list[Row]]:
        """Everything the Xero organisation holds, by shelf."""
        rows: dict[str, list[Row]] = self.get("dump", tenant=tenant)["organisation"]
        return rows


class Refused(Exception):
    """The sandbox could not do it; the text says why."""


def _read(answer: requests.Response) -> Any:
    data = json.loads(answer.content, parse_float=Decimal)
    if answer.status_code != 200:
        raise Refused(str(data.get("error", answer.status_code)))
    return data


def _plain(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
