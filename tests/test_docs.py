"""The documents keep up with the program: settings, commands, causes, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

from connectors.xero.failures import CAUSES
from launcher.paths import BASE_DIR
from tests.config.test_documents import settings_read

DOCUMENTS = [BASE_DIR / "README.md", BASE_DIR / "CHANGELOG.md", *sorted((BASE_DIR / "docs").glob("*.md"))]
OUR_COMMANDS = sorted(
    path.stem for path in BASE_DIR.glob("*/management/commands/*.py") if path.stem != "__init__"
)
KEPT_TO_OURSELVES = {"check_templates": "part of make check", "prepare_broker": "part of prepare"}
LINK = re.compile(r"(?:\]\(|src=\")([^)\s\"]+)")


def text(name: str) -> str:
    return (BASE_DIR / name).read_text(encoding="utf-8")


def in_code(name: str) -> set[str]:
    """Words between backticks."""
    return set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`([^`]+)`", text(name)))))


def test_every_setting_is_explained() -> None:
    assert not settings_read() - in_code("docs/operating.md")


def test_every_cause_of_a_refusal_is_explained() -> None:
    assert not {cause.code for cause in CAUSES} - in_code("docs/xero-errors.md")


def test_every_command_is_explained() -> None:
    known = in_code("docs/operating.md")
    assert not set(OUR_COMMANDS) - known - set(KEPT_TO_OURSELVES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, heading = target.partition("#")
        found = (document.parent / file).resolve() if file else document
        assert found.exists(), target
        if heading:
            assert heading in _anchors(found), target


def test_the_readme_says_how_to_start() -> None:
    readme = text("README.md")
    for command in ("make demo", "make test"):
        assert command in readme
        assert re.search(rf"^{command.split()[1]}:", text("Makefile"), re.MULTILINE), command


def test_every_picture_is_shown_and_small() -> None:
    shown = {Path(target).name for path in DOCUMENTS for target in LINK.findall(path.read_text())}
    for picture in (BASE_DIR / "docs/images").glob("*"):
        assert picture.name in shown, picture.name
        assert picture.stat().st_size < 200_000, picture.name


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
