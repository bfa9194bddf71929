"""Programs started by us: their output kept in a file, their end certain."""

import asyncio
from collections.abc import Coroutine
import contextlib
import os
from pathlib import Path
import signal
import socket

LOOPBACK = "127.0.0.1"
_TAIL_LINES = 20


class ProgramEndedError(Exception):
    """A program that should be running is not."""


async def until_stopped(story: Coroutine[None, None, None]) -> bool:
    """Run a story; Ctrl-C, a closed terminal or kill end it in good order. Return whether it came to its own end."""
    task = asyncio.ensure_future(story)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return False
    return True


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do, or the port of one just stopped would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


class Program:
    """A running child process."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        """Keep the process and the file it writes to."""
        self._process = process
        self.log = log

    @classmethod
    async def start(
        cls, *command: str, cwd: Path, log: Path, env: dict[str, str] | None = None
    ) -> Program:
        """Start a command, its output going to `log`."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                env=os.environ | (env or {}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C is for whoever started us; it stops us in good order.
                start_new_session=True,
            )
        return cls(process, log)

    def check(self) -> None:
        """Raise with the last lines of output when the program has ended."""
        if (code := self._process.returncode) is not None:
            tail = "\n".join(
                self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
            )
            raise ProgramEndedError(f"Ended with code {code}, see {self.log}:\n{tail}")

    async def stop(self, patience: float = 30) -> None:
        """Ask the program to end; kill it when it does not, or when hurried."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(patience):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
