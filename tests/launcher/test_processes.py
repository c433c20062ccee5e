"""The supervisor restarts what dies and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.paths import BASE_DIR
from launcher.processes import Program, Supervisor

PATIENCE_SECONDS = 20


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop()


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-c", code, *arguments)


def eventually(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_program_is_started_again(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Program("sleeper", ("sleep", "600")))
    first = supervisor.pid("sleeper")
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    supervisor.watch(lambda: supervisor.pid("sleeper") != first or time.monotonic() > deadline)
    assert lives(supervisor.pid("sleeper"))
    assert said == ["sleeper ended (killed by SIGKILL); starting it again in 0.5 s"]


def test_each_death_in_a_row_doubles_the_wait_up_to_a_limit(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Program("faulty", ("false",)))
    now = time.monotonic()
    for _ in range(9):
        assert eventually(lambda: not lives(supervisor.pid("faulty")))
        supervisor.restart_the_dead(now)
        now += 31  # long enough for any wait, short of what counts as well if it had run on
        supervisor.restart_the_dead(now)
        now = time.monotonic()
    waits = [float(line.split()[-2]) for line in said]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert supervisor.deaths("faulty") == 9


def test_what_a_program_prints_is_passed_on_under_its_name(supervisor: Supervisor, said: list[str]) -> None:
    code = "import sys; print('to stdout'); print('to stderr', file=sys.stderr); import time; time.sleep(600)"
    supervisor.start(Program("talker", python(code)))
    assert eventually(lambda: len(said) == 2)
    assert sorted(said) == ["  talker | to stderr", "  talker | to stdout"]


def test_its_own_variables_reach_a_program(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Program("env", python("import os; print(os.environ['COLOUR'])"), {"COLOUR": "teal"}))
    assert eventually(lambda: said == ["     env | teal"])


def test_stopping_ends_the_children_of_a_program_too(supervisor: Supervisor, said: list[str]) -> None:
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid); time.sleep(600)"
    supervisor.start(Program("parent", python(code)))
    assert eventually(lambda: len(said) == 1)
    parent, child = supervisor.pid("parent"), int(said[0].split()[-1])
    supervisor.stop()
    assert eventually(lambda: not lives(parent) and not lives(child))


def test_the_children_of_a_killed_program_do_not_outlive_it(supervisor: Supervisor, said: list[str]) -> None:
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid); time.sleep(600)"
    supervisor.start(Program("parent", python(code)))
    assert eventually(lambda: len(said) == 1)
    child = int(said[0].split()[-1])
    os.kill(supervisor.pid("parent"), signal.SIGKILL)
    assert eventually(lambda: not lives(supervisor.pid("parent")))
    supervisor.restart_the_dead(time.monotonic())
    assert eventually(lambda: not lives(child))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_programs_end_with_a_supervisor_that_was_killed() -> None:
    code = """
from launcher.processes import Program, Supervisor
import time
supervisor = Supervisor()
supervisor.start(Program("sleeper", ("sleep", "600")))
print(supervisor.pid("sleeper"), flush=True)
time.sleep(600)
"""
    outer = subprocess.Popen([sys.executable, "-c", code], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    assert outer.stdout is not None
    sleeper = int(outer.stdout.readline())
    assert eventually(lambda: Path(f"/proc/{sleeper}/comm").read_text().strip() == "sleep")
    outer.kill()
    outer.wait()
    outer.stdout.close()
    assert eventually(lambda: not lives(sleeper))
