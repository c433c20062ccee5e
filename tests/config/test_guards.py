"""The guards of the suite hold."""

import pytest
import requests
from django.db import transaction
from pytest_socket import SocketConnectBlockedError


def test_no_socket_but_loopback() -> None:
    with pytest.raises(SocketConnectBlockedError):
        requests.get("http://192.0.2.1/", timeout=1)


@pytest.mark.django_db
def test_no_http_inside_our_transaction() -> None:
    with transaction.atomic(), pytest.raises(AssertionError, match=r"inside transaction\.atomic"):
        requests.get("http://127.0.0.1:9/", timeout=1)


@pytest.mark.django_db
def test_http_outside_our_transaction_is_tried() -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:9/", timeout=1)
