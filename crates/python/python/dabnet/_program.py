"""The program ``dabnet`` as a process of its own: it can be interrupted, and gives back all that it took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any


class CommandError(RuntimeError):
    """A command that failed, with the line that it said; :attr:`code` is 2 for wrong usage or input."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        #: Exit code of the program.
        self.code = code


def run(*arguments: str | os.PathLike, echo: bool = False, **options: Any) -> str:
    """What a command prints to standard output.

    Each option becomes one of the program: ``learning_rate=0.01`` is ``--learning-rate 0.01``, ``force=True`` is ``--force``,
    a list gives it several times, and ``None`` or ``False`` leaves it out. ``echo`` prints what the command says of its
    progress. Raises :class:`CommandError` where it fails.
    """
    command = [sys.executable, "-m", "dabnet", *map(os.fspath, arguments), *_options(options)]
    last, usage = "", ""
    # A file and not a pipe, which would be full at some time while nobody reads it.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        try:
            for last in process.stderr:
                usage = usage or (last.removeprefix("error: ") if last.startswith("error: ") else "")
                if echo:
                    print(last, end="", file=sys.stderr, flush=True)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
        if process.returncode:
            message = (usage or last).strip().removeprefix("dabnet: ") or f"dabnet ended with exit code {process.returncode}"
            raise CommandError(message, process.returncode)
        output.seek(0)
        return output.read()


def _options(options: dict[str, Any]) -> list[str]:
    arguments = []
    for name, value in options.items():
        option = "--" + name.strip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
            continue
        values = value if isinstance(value, (list, tuple)) else [value]
        arguments += [part for each in values for part in (option, os.fspath(each) if isinstance(each, os.PathLike) else str(each))]
    return arguments
