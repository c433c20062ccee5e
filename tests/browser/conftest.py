"""A real browser in front of a running site. Without Chromium on this machine these tests say so and skip."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from practices.models import User

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
MOST_MS = 20_000
"""What a page may take on a busy machine before a test gives up."""
expect.set_options(timeout=MOST_MS)

GIVEN_UP = ("htmx:sendAbort", "htmx:afterRequest")
"""A part of a page that was still being asked for when somebody went on; what fails says so in other words too."""

OpenAs = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"No browser to test with: none of {', '.join(NAMES)} is installed.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The address of the running site; the background work is done by the test itself."""
    settings.BASE_URL = live_server.url
    settings.NUDGE_WORKERS = False
    return str(live_server.url)


@pytest.fixture
def open_as(chromium: Browser, site: str) -> Iterator[OpenAs]:
    """``open_as(user, dark=True, size=PHONE)`` gives a fresh browser window, logged in unless user is None.

    At the end of the test no window may have had anything to complain about.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(user: User | None, *, dark: bool = False, size: ViewportSize = DESKTOP) -> Page:
        context = chromium.new_context(
            base_url=site,
            viewport=size,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-AU",
        )
        contexts.append(context)
        context.set_default_timeout(MOST_MS)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
        page = context.new_page()
        page.on("console", lambda message: complaints.extend(_complaint(message, site)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def _complaint(message: ConsoleMessage, site: str) -> list[str]:
    """Errors and warnings of our own pages; the providers' pages are theirs."""
    address = str(message.location.get("url", ""))
    if message.text.startswith(GIVEN_UP):
        return []
    if message.type not in {"error", "warning"} or (address and not address.startswith(site)):
        return []
    return [f"{message.type}: {message.text} ({address})"]
