"""Which web addresses a message may be sent to.

Addresses come from people, so each could be an attempt to reach what only this machine reaches: its own services, the
network behind it, a cloud's metadata. The address is checked when it is entered, and again, resolved, by the very
code that opens the connection (``sync/alerts/posting.py``), so a name can't change its meaning in between.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL = 2_000
RESOLVE_SECONDS = 5
LOWEST_FREE_PORT = 1024
"""Ports below belong to other services (mail, files, log-in); a message has no business there."""

_EMBEDDING = {
    ipaddress.IPv6Network("64:ff9b::/96"): 0,  # NAT64: the last 32 bits
    ipaddress.IPv6Network("64:ff9b:1::/48"): 0,
    ipaddress.IPv6Network("2002::/16"): 80,  # 6to4: the 32 bits after the prefix
}
"""IPv6 ranges that carry an IPv4 address, and how far to the right it must be shifted out."""

_NOBODYS_BUSINESS = {ipaddress.ip_address("168.63.129.16")}
"""A public-looking address under which a cloud answers its own machines."""


class AddressRefused(Exception):
    """Nothing may be sent there; the text is a sentence for people."""


class NotResolved(Exception):
    """The name leads nowhere right now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """An address whose form is acceptable. ``port`` is given or the scheme's own."""

    scheme: str
    host: str
    port: int


def parse(url: str, *, allow_loopback: bool) -> WebAddress:
    """Check the form of an address. Raises :class:`AddressRefused` with what is wrong with it.

    ``allow_loopback``: plain http is acceptable, for receivers on this machine (the resolved address is checked by
    :func:`acceptable`).
    """
    if len(url) > LONGEST_URL or any(character.isspace() or not character.isprintable() for character in url):
        raise AddressRefused("This is not a web address.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        named = parts.username is not None or parts.password is not None
    except ValueError:
        raise AddressRefused("This is not a web address.") from None
    if not host or parts.scheme not in {"http", "https"}:
        raise AddressRefused("Enter a web address that begins with https://.")
    if parts.scheme == "http" and not allow_loopback:
        raise AddressRefused("The address has to begin with https://, so that nobody reads along.")
    if named:
        raise AddressRefused("Leave out the user name and password in front of the host.")
    port = port if port is not None else (443 if parts.scheme == "https" else 80)
    if not allow_loopback and port < LOWEST_FREE_PORT and port != 443:
        raise AddressRefused(f"Port {port} is not one that messages are sent to.")
    return WebAddress(scheme=parts.scheme, host=host, port=port)


def check(url: str, *, allow_loopback: bool) -> None:
    """Check an address as it is entered, name included.

    Raises :class:`AddressRefused`, also for a name that leads nowhere.
    """
    found = parse(url, allow_loopback=allow_loopback)
    try:
        reachable(found.host, found.port, allow_loopback=allow_loopback)
        refuse_plain(found)
    except NotResolved:
        raise AddressRefused(f"No machine is known under the name {found.host}.") from None


def refuse_plain(found: WebAddress) -> None:
    """Plain http never leaves this machine. Raises :class:`AddressRefused` or :class:`NotResolved`."""
    if found.scheme == "http" and not leads_here(found.host, found.port):
        raise AddressRefused("The address has to begin with https://, so that nobody reads along.")


def reachable(host: str, port: int, *, allow_loopback: bool) -> list[IPAddress]:
    """The addresses behind a name, each acceptable; one that is not refuses them all.

    Raises :class:`AddressRefused` or :class:`NotResolved`.
    """
    found = resolve(host, port)
    for address in found:
        if not acceptable(address, allow_loopback=allow_loopback):
            raise AddressRefused("This address leads into a private network, where nothing is sent to.")
    return found


def leads_here(host: str, port: int) -> bool:
    """Whether every address behind a name is this machine itself."""
    return all(address.is_loopback for address in resolve(host, port))


def acceptable(address: IPAddress, *, allow_loopback: bool) -> bool:
    """Whether an address is on the public internet, looking through IPv6 ranges that carry IPv4 addresses."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return False
        inner = _inside(address)
        if inner is not None:
            return acceptable(inner, allow_loopback=False)
    if address.is_loopback:
        return allow_loopback
    return address.is_global and not address.is_multicast and address not in _NOBODYS_BUSINESS


def resolve(host: str, port: int) -> list[IPAddress]:
    """All addresses of a name. Raises :class:`NotResolved`, also when the name server takes too long."""
    answers: list[IPAddress] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        answers.extend(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))

    # The system's resolver takes no time-out, and a sender must not hang on somebody's name server.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(RESOLVE_SECONDS)
    if asking.is_alive() or not answers:
        raise NotResolved(host)
    return list(answers)


def masked(url: str) -> str:
    """What pages may show of an address: whose it is, and the end by which its owner knows it again."""
    parts = urlsplit(url)
    rest = (parts.path + (f"?{parts.query}" if parts.query else "")).strip("/")
    return f"{parts.hostname}/…{rest[-4:]}" if len(rest) > 12 else f"{parts.hostname}/…"


def blotted(text: str, url: str) -> str:
    """``text`` without the secret parts of ``url``, should an answer repeat them."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    for piece in sorted({piece for piece in pieces if len(piece) >= 6}, key=len, reverse=True):
        text = text.replace(piece, "[hidden]")
    return text


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.teredo is not None:
        return address.teredo[1]
    for network, shift in _EMBEDDING.items():
        if address in network:
            return ipaddress.IPv4Address((int(address) >> shift) & 0xFFFF_FFFF)
    return None
