"""Answers leave in one piece: uvicorn writes head and body apart, a system call for each."""

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol


class OneWriteProtocol(H11Protocol):
    """uvicorn's own protocol over a transport that collects what one turn of the loop writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the collecting transport between."""
        super().connection_made(cast(asyncio.Transport, _Collecting(transport, self.loop)))


class _Collecting:
    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._pieces:
            self._transport.write(b"".join(self._pieces))
            self._pieces.clear()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
