"""Run a program that ends when the one that started it ends, however that came to pass.

``python leash.py PARENT_PID PROGRAM ARGUMENT…`` asks the kernel to send SIGTERM when the parent is gone and
then becomes PROGRAM. Elsewhere than on Linux it only becomes PROGRAM. Imports little, as it starts before
every process.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, program: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # gone before the kernel was asked
            raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606  (becoming that program is the point)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
