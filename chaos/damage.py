"""What is done to the machines during the storm, and when."""

import os
import signal
import time
from collections.abc import Callable
from random import Random

from chaos import office as app
from chaos.fleet import Fleet
from chaos.options import Options
from chaos.weather import Weather

Act = Callable[[], bool]
"""Something done to the machines; whether it was done, or has to be tried again shortly."""

JUMP_EVERY_SECONDS = 12.0
BEAT_AWAY_SECONDS = 12.0

#: How sure it has to be that a killed process was in the middle of a write, or at work at all, and how long such a
#: moment is waited for.
KILL_IN_A_WRITE, KILL_AT_WORK, KILL_WHOLE_WORKER = 0.4, 0.8, 0.3
PATIENCE_SECONDS = 4.0


class Damage:
    """Kills processes, ends database connections and lets tokens run out. ``note`` is told of each."""

    def __init__(
        self, options: Options, dice: Random, fleet: Fleet, weather: Weather, note: Callable[[str], None]
    ) -> None:
        self.killed = 0
        self._options = options
        self._dice = dice
        self._fleet = fleet
        self._weather = weather
        self._note = note
        self._due: list[tuple[float, Act]] = [] if options.quiet else self._timetable()

    @property
    def is_done(self) -> bool:
        """Whether as many were killed as were asked for."""
        return self._options.quiet or self.killed >= self._options.kills

    def go_on(self, now: float) -> None:
        """Do what is due ``now`` seconds into the storm."""
        due = [entry for entry in self._due if entry[0] <= now]
        self._due = [entry for entry in self._due if entry[0] > now]
        self._due += [(now, act) for _, act in due if not act()]

    def end(self) -> None:
        self._fleet.release("beat")

    def _timetable(self) -> list[tuple[float, Act]]:
        end, dice = self._options.storm_seconds, self._dice
        table = [(dice.uniform(end * 0.05, end * 0.9), self._kill()) for _ in range(self._options.kills)]
        away = dice.uniform(end * 0.3, end * 0.45)
        table.append((away, self._kill_beat))
        table.append((away + min(BEAT_AWAY_SECONDS, end * 0.2), self._bring_beat_back))
        table.append((dice.uniform(end * 0.55, end * 0.8), self._drop_database))
        table.append((dice.uniform(end * 0.4, end * 0.9), self._kill_web))
        jumps = int(end / JUMP_EVERY_SECONDS)
        table += [((number + 1) * JUMP_EVERY_SECONDS, self._let_tokens_run_out) for number in range(jumps)]
        return sorted(table, key=lambda entry: entry[0])

    def _kill(self) -> Act:
        """SIGKILL to one process of a pool, or to a whole worker. Waits a while for a really bad moment."""
        asked: list[float] = []
        insists, whole = self._dice.random(), self._dice.random() < KILL_WHOLE_WORKER

        def act() -> bool:
            asked.append(time.monotonic())
            at_work, writing = app.working_processes()
            pools = {name: self._fleet.children(name) for name in self._fleet.names("worker")}
            all_of = {pid: name for name, pids in pools.items() for pid in pids}
            wanted = (
                writing if insists < KILL_IN_A_WRITE else at_work if insists < KILL_AT_WORK else set(all_of)
            )
            among = sorted(wanted & set(all_of))
            if not among and asked[-1] - asked[0] >= PATIENCE_SECONDS:
                among = sorted(all_of)
            if not among:
                return False
            pid = self._dice.choice(among)
            name = all_of[pid]
            if whole:
                self._fleet.kill(name)
            else:
                os.kill(pid, signal.SIGKILL)
            self.killed += 1
            doing = "in a write" if pid in writing else "at work" if pid in at_work else "idle"
            self._note(f"killed {name if whole else f'a process of {name}'} ({doing})")
            return True

        return act

    def _kill_beat(self) -> bool:
        self._fleet.kill("beat", hold=True)
        self._note("killed beat, which stays away for a while")
        return True

    def _bring_beat_back(self) -> bool:
        self._fleet.release("beat")
        return True

    def _kill_web(self) -> bool:
        self._fleet.kill("web")
        self._note("killed the web server, which takes the webhooks")
        return True

    def _drop_database(self) -> bool:
        self._note(f"ended {app.drop_database_connections()} database connections")
        return True

    def _let_tokens_run_out(self) -> bool:
        done = self._weather.let_tokens_run_out(app.token_is_settled)
        if done:
            self._note("access tokens ran out")
        return done
