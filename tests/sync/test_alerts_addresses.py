"""Where a message may go, and how it gets there: checked, pinned, short, never sent on."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.alerts import addresses, posting
from sync.alerts.addresses import AddressRefused
from tests.sync.receiver import Receiver, web_receiver

PUBLIC = "93.184.215.14"


@pytest.fixture
def abroad(settings: Any) -> None:
    """The settings of a site that people reach over the internet."""
    settings.DEBUG = settings.ON_LOOPBACK = False


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Each look-up takes the next answer, the last one again and again; returns the hosts that were asked for."""
    left, asked = list(answers), []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.example.com/x", "https"),
        ("ftp://hooks.example.com/x", "https"),
        ("javascript:alert(1)", "https"),
        ("file:///etc/passwd", "https"),
        ("//hooks.example.com/x", "https"),
        ("hooks.example.com/x", "https"),
        ("", "https"),
        ("https://", "https"),
        ("https://user:secret@hooks.example.com/", "user name"),
        ("https://hooks.example.com:22/", "Port 22"),
        ("https://hooks.example.com:25/", "Port 25"),
        ("https://hooks.example.com:80/", "Port 80"),
        ("https://hooks.example.com:99999/", "not a web address"),
        ("https://[::1/", "not a web address"),
        ("https://hooks.example.com/a b", "not a web address"),
        ("https://hooks.example.com/a\r\nX-Evil: 1", "not a web address"),
        ("https://hooks.example.com/a\u2028b", "not a web address"),
        (f"https://hooks.example.com/{'x' * 3000}", "not a web address"),
    ],
)
def test_odd_addresses_are_refused(url: str, says: str) -> None:
    with pytest.raises(AddressRefused, match=says):
        addresses.parse(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["https://hooks.example.com/x", "https://hooks.example.com:8443/x?sig=1"])
def test_ordinary_addresses_are_fine(url: str) -> None:
    assert addresses.parse(url, allow_loopback=False).host == "hooks.example.com"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.5", "172.16.0.1", "192.168.1.1"),  # noqa: S104
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.2.1"),
        *("224.0.0.1", "239.255.255.250", "255.255.255.255", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.5", "::ffff:169.254.169.254"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:5::1"),
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo, carrying 192.0.2.45
    ],
)
def test_inner_addresses_are_refused(address: str) -> None:
    assert not addresses.acceptable(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize(
    "address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"]
)
def test_public_addresses_are_fine(address: str) -> None:
    assert addresses.acceptable(ip_address(address), allow_loopback=False)


def test_this_machine_only_where_the_site_is_on_it() -> None:
    assert addresses.acceptable(ip_address("127.0.0.1"), allow_loopback=True)
    assert addresses.acceptable(ip_address("::1"), allow_loopback=True)
    assert not addresses.acceptable(ip_address("10.0.0.5"), allow_loopback=True)
    assert not addresses.acceptable(ip_address("::ffff:127.0.0.1"), allow_loopback=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "[::1]"])
def test_other_ways_to_write_this_machine(host: str) -> None:
    with pytest.raises(AddressRefused):
        addresses.check(f"https://{host}/", allow_loopback=False)


def test_one_inner_address_among_public_ones_refuses_all(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC, "10.0.0.5"])
    with pytest.raises(AddressRefused, match="private network"):
        addresses.check("https://mixed.example.com/", allow_loopback=False)


def test_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(AddressRefused, match=r"No machine is known under the name nobody\.example"):
        addresses.check("https://nobody.example/", allow_loopback=False)


def test_a_name_server_that_hangs_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()

    def hang(*args: Any, **kwargs: Any) -> list[Any]:
        hanging.wait(5)
        return []

    monkeypatch.setattr(addresses, "RESOLVE_SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    assert (
        posting.post("https://slow.example/", b"", {}).text
        == "No machine is known under this name right now."
    )
    assert time.monotonic() - started < 2
    hanging.set()


def test_what_pages_show_of_an_address() -> None:
    assert (
        addresses.masked("https://hooks.slack.com/services/T00/B00/abcdefgh7Qk9") == "hooks.slack.com/…7Qk9"
    )
    assert addresses.masked("https://example.com/short") == "example.com/…"
    url = "https://x.example/workflows/abc123def/run?api-version=1&sig=Zx81-ssss"
    said = "no such flow abc123def (sig Zx81-ssss)"
    assert addresses.blotted(said, url) == "no such flow [hidden] (sig [hidden])"


# --- the call itself -------------------------------------------------------------------------------------


def test_a_message_arrives(receiver: Receiver) -> None:
    outcome = posting.post(f"{receiver.url}/in?x=1", b'{"a": 1}', {"Content-Type": "application/json"})
    assert (outcome.ok, outcome.status, outcome.text) == (True, 200, "ok")
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["content-type"]) == ("/in?x=1", b'{"a": 1}', "application/json")
    assert got.headers["host"] in receiver.url


def test_a_site_on_the_internet_reaches_nothing_here(receiver: Receiver, abroad: None) -> None:
    for url in (receiver.url, receiver.url.replace("http://", "https://")):
        outcome = posting.post(url, b"", {})
        assert not outcome.ok
    assert not receiver.got


def test_the_checked_address_is_the_one_connected_to(
    receiver: Receiver, abroad: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public while it is checked, and this machine a moment later: nothing arrives here."""
    asked = resolving(monkeypatch, [PUBLIC], ["127.0.0.1"])
    port = int(receiver.url.rpartition(":")[2])
    addresses.check(f"https://rebind.example:{port}/", allow_loopback=False)
    outcome = posting.post(f"https://rebind.example:{port}/", b"", {})
    assert outcome.text == "This address leads into a private network, where nothing is sent to."
    assert asked == ["rebind.example", "rebind.example"]
    assert not receiver.got


def test_only_checked_numbers_are_connected_to(abroad: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up that is checked is the only one: what is connected to is a number, not a name."""
    resolving(monkeypatch, [PUBLIC])
    tried: list[Any] = []

    def connect(address: Any, **kwargs: Any) -> Any:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    outcome = posting.post("https://hooks.example.com/x", b"", {})
    assert tried == [(PUBLIC, 443)]
    assert (outcome.ok, outcome.unclear, outcome.text) == (False, False, "It could not be reached.")


def test_plain_http_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, [PUBLIC])
    assert "https" in posting.post("http://hooks.example.com/x", b"", {}).text
    with pytest.raises(AddressRefused, match="https"):
        addresses.check("http://hooks.example.com/x", allow_loopback=True)


def test_nothing_follows_to_another_address(receiver: Receiver) -> None:
    with web_receiver() as other:
        receiver.answers = [(302, b"", {"Location": f"{other.url}/taken"})]
        outcome = posting.post(receiver.url, b"{}", {})
        assert (outcome.ok, outcome.status) == (False, 302)
        assert "not followed" in outcome.text
        assert not other.got


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert posting.post(receiver.url, b"{}", {}).ok
        assert not proxy.got


@pytest.mark.parametrize(
    ("status", "unclear", "final"),
    [(400, False, False), (404, False, False), (410, False, True), (429, False, False), (500, True, False)],
)
def test_refusals(receiver: Receiver, status: int, unclear: bool, final: bool) -> None:
    receiver.answers = [(status, b"no\x00 <b>thanks</b>\n\x1b[31m", {"Retry-After": "120"})]
    outcome = posting.post(receiver.url, b"{}", {})
    assert (outcome.ok, outcome.status, outcome.unclear, outcome.final) == (False, status, unclear, final)
    assert outcome.text == "no <b>thanks</b> [31m"
    assert outcome.asked == timedelta(minutes=2)


@pytest.mark.parametrize("value", ["soon", "-5", "99999999999999999999", "²"])
def test_odd_wishes_to_wait_are_ignored(receiver: Receiver, value: str) -> None:
    receiver.answers = [(503, b"", {"Retry-After": value})]
    assert posting.post(receiver.url, b"{}", {}).asked is None


def test_a_large_answer_is_cut(receiver: Receiver) -> None:
    receiver.answers = [(200, b"x" * 5_000_000, {})]
    outcome = posting.post(receiver.url, b"{}", {})
    assert outcome.ok
    assert len(outcome.text) == posting.EXCERPT


def test_a_silent_receiver_is_unclear(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "READ_SECONDS", 0.2)
    receiver.delay = 1
    outcome = posting.post(receiver.url, b"{}", {})
    assert (outcome.ok, outcome.status, outcome.unclear) == (False, None, True)


def test_a_receiver_that_hangs_up_is_unclear(receiver: Receiver) -> None:
    receiver.hang_up = True
    outcome = posting.post(receiver.url, b"{}", {})
    assert (outcome.ok, outcome.status, outcome.unclear) == (False, None, True)


def test_a_trickling_receiver_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "WHOLE_SECONDS", 0.7)
    receiver.drip = True
    started = time.monotonic()
    outcome = posting.post(receiver.url, b"{}", {})
    assert time.monotonic() - started < 3
    assert (outcome.ok, outcome.unclear) == (False, True)


def test_a_closed_port_is_not_unclear() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = posting.post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert (outcome.ok, outcome.unclear, outcome.text) == (False, False, "It could not be reached.")


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """TLS is verified for the name, though the connection goes to a checked number."""
    with TlsServer(tmp_path) as port:
        outcome = posting.post(f"https://localhost:{port}/", b"{}", {})
    assert (outcome.ok, outcome.unclear) == (False, False)
    assert outcome.text == "Its certificate can't be trusted."


class TlsServer:
    """Takes one connection, with a certificate of its own making."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem, secret = folder / "cert.pem", folder / "key.pem"
        pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem, secret)

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._socket.getsockname()[1])

    def _serve(self) -> None:
        try:
            line, _ = self._socket.accept()
            self._context.wrap_socket(line, server_side=True)
        except OSError:
            return

    def __exit__(self, *args: object) -> None:
        self._socket.close()
