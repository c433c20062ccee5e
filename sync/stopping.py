"""Whether this worker was asked to end, so that a slice can hand on within seconds instead of working to its end.

SIGTERM reaches only the parent of a pool of processes. It sets one byte in memory that all of them share since they
were forked, so a question costs nothing and needs no call.
"""

import mmap

#: Anonymous and shared; made when the module is first imported, which has to be before the pool forks.
_asked = mmap.mmap(-1, 1)


def asked() -> bool:
    """True from the moment this worker was told to stop; never in a process that is no worker."""
    return _asked[0] == 1


def ask() -> None:
    """Tell every process of this worker. Called by the parent's signal handler, so it takes no lock."""
    _asked[0] = 1


def reset() -> None:
    """A worker that starts was not asked, whatever an earlier one in this process was."""
    _asked[0] = 0
