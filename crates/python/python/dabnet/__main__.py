"""The program ``dabnet``, also as ``python -m dabnet``."""

import signal
import sys

from . import _dabnet


def main() -> None:
    """Runs the program with the arguments of the process, and ends it with its exit code."""
    # The program has its own way to end at Ctrl-C; the interpreter's would wait for it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_dabnet.command(["dabnet", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
