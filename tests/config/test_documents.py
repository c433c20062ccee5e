"""What is written about settings and packages matches what is there."""

import re

import pytest

from launcher.paths import BASE_DIR

READERS = r'env\.(?:text|address|words|flag|number|read)\(\s*"([A-Z_]+)"'
ELSEWHERE = {
    "config/gunicorn.py": r'environ\.get\("([A-Z_]+)"',
    "launcher/postgres.py": r'environ\.get\("([A-Z_]+)"',
}


def settings_read() -> set[str]:
    names = set(re.findall(READERS, (BASE_DIR / "config/settings.py").read_text()))
    for file, pattern in ELSEWHERE.items():
        names |= set(re.findall(pattern, (BASE_DIR / file).read_text()))
    return names


def test_every_setting_is_described_and_nothing_else_is() -> None:
    example = (BASE_DIR / ".env.example").read_text()
    described = re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(described) == sorted(settings_read())
    assert "DATABASE_URL" in described


def test_the_example_sets_nothing_by_itself() -> None:
    lines = (BASE_DIR / ".env.example").read_text().splitlines()
    assert all(line.startswith("#") for line in lines if line)


def top_level(file: str) -> set[str]:
    """The packages a requirements file names, without extras, versions and comments."""
    lines = (BASE_DIR / file).read_text().splitlines()
    names = (re.match(r"[a-z0-9-]+", line) for line in lines)
    return {name[0] for name in names if name and not name[0].startswith("-")}


@pytest.mark.parametrize("file", ["requirements.in", "requirements-dev.in"])
def test_every_package_says_why_it_is_here(file: str) -> None:
    text = (BASE_DIR / "docs/dependencies.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    explained = {
        re.sub(r"\[.*?\]", "", name).strip() for row in rows for name in re.split(r",(?![^\[]*\])", row)
    }
    assert top_level(file) <= explained


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_package_asked_for_is_pinned(name: str) -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (BASE_DIR / f"{name}.txt").read_text(), re.MULTILINE))
    assert top_level(f"{name}.in") <= pinned
