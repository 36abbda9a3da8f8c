"""Coroutines beside a test, and a relay before a server: it speaks TLS for it, cuts its connections off, or says nothing more."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class Beside:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(30)

    def stop(self) -> None:
        async def end() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)


class Relay:
    """Hands on what comes to `port`. `fault`: none, `cut` or `hang`, of what the server says next."""

    def __init__(self, beside: Beside, target: int, context: ssl.SSLContext | None = None) -> None:
        self.target, self.fault = target, ""
        self._beside = beside
        self._server = beside.run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._beside.loop.call_soon_threadsafe(self._server.close)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._hand_on(reader, up_writer, False), self._hand_on(up_reader, writer, True))

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_server: bool) -> None:
        left = 100_000
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(1 << 14):
                if from_server and self.fault and (left := left - len(data)) <= 0:
                    if self.fault == "hang":
                        await asyncio.sleep(15)
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        writer.close()
