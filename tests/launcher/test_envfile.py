from pathlib import Path

from launcher import envfile


def test_a_missing_file_has_no_variables(tmp_path: Path) -> None:
    assert envfile.read(tmp_path / "none") == {}


def test_what_is_written_is_read_again_and_only_the_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "new" / "env"
    envfile.write(path, {"A": "1", "URL": "postgresql://u:p@h/d?x=y"}, heading="About this file")
    assert envfile.read(path) == {"A": "1", "URL": "postgresql://u:p@h/d?x=y"}
    assert path.stat().st_mode & 0o777 == 0o600
    envfile.write(path, {"B": "2"}, heading="About this file")
    assert envfile.read(path) == {"B": "2"}


def test_comments_quotes_and_export_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# A=0\n\nexport A='1'\nB=\"two words\"\nnonsense\n C = 3 \n")
    assert envfile.read(path) == {"A": "1", "B": "two words", "C": "3"}
