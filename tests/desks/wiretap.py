"""A wire to a server that can be cut at a chosen message: before it arrives, while it is worked on, or after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

Point = Literal["before", "during", "after"]


class Wiretap:
    """The wire; ``is_request`` says which of the client's messages count."""

    def __init__(self, target: int, is_request: Callable[[bytes], bool]) -> None:
        self.port = 0
        self._target = target
        self._is_request = is_request
        self._count = self._cut_at = 0
        self._point: Point = "before"
        self._kill: Callable[[], None] = lambda: None
        self.cut = self._mute = False
        self._meanwhile: Callable[[], Awaitable[object]] | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    def arm(self, at: int, point: Point, kill: Callable[[], None]) -> None:
        """Cut the wire at that message from now, once, and kill what is at its other end."""
        self._count, self._cut_at, self._point, self._kill, self.cut = 0, at, point, kill, False

    def hold(self, at: int, meanwhile: Callable[[], Awaitable[object]]) -> None:
        """Let something else happen before that message from now goes on its way, once."""
        self.arm(at, "before", lambda: None)
        self._meanwhile = meanwhile

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, far_writer}
        back = asyncio.ensure_future(self._back(far_reader, writer))
        try:
            while piece := await reader.read(65536):
                await self._forth(piece, far_writer)
        except OSError:
            pass
        finally:
            far_writer.transport.abort()
            await asyncio.gather(back, return_exceptions=True)
            writer.transport.abort()
            self._ends -= {writer, far_writer}

    async def _forth(self, piece: bytes, far: asyncio.StreamWriter) -> None:
        if self._cut_at and self._is_request(piece):
            self._count += 1
            if self._count == self._cut_at and self._meanwhile:
                meanwhile, self._meanwhile, self._cut_at = self._meanwhile, None, 0
                await meanwhile()
            elif self._count == self._cut_at and self._point != "after":
                if self._point == "during":
                    self._mute = True  # it may be quicker than its killer
                    far.write(piece)
                    await far.drain()
                    await asyncio.sleep(0.03)
                self._sever()
                return
        far.write(piece)

    async def _back(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await far.read(65536):
                if self._cut_at and self._point == "after" and self._count >= self._cut_at:
                    self._sever()
                    return
                if not self._mute:
                    writer.write(piece)
        except OSError:
            pass
        finally:
            writer.close()

    def _sever(self) -> None:
        self._cut_at, self.cut, self._mute = 0, True, False
        self._kill()
        for end in self._ends:
            end.transport.abort()


@asynccontextmanager
async def wiretap(target: int, is_request: Callable[[bytes], bool]) -> AsyncIterator[Wiretap]:
    """A wire to a port of this machine, for as long as the block lasts."""
    tap = Wiretap(target, is_request)
    server = await asyncio.start_server(tap.answer, "127.0.0.1")
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
        tap._sever()
        await asyncio.sleep(0)
