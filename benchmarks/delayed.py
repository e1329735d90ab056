"""A TCP relay on loopback that delays what passes, as a network would, and counts it."""

import asyncio
import threading


class Delayed:
    def __init__(self, port, target_port, delay):
        """Every byte arrives `delay` seconds after it was sent, each way."""
        self.target_port = target_port
        self.delay = delay
        self.reset()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(port, ready), daemon=True).start()
        ready.wait()

    def reset(self):
        self.connections = 0
        self.sent = 0  # bytes to the server
        self.received = 0
        self.turns = 0  # how often a client spoke after the server had

    def _run(self, port, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", port))
        ready.set()
        self.loop.run_forever()

    async def _accept(self, reader, writer):
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        speaker = [None]
        await asyncio.gather(
            self._pass(reader, far_writer, "client", speaker),
            self._pass(far_reader, writer, "server", speaker),
            return_exceptions=True,
        )

    async def _pass(self, reader, writer, who, speaker):
        while data := await reader.read(1 << 16):
            if who == "client":
                self.sent += len(data)
                self.turns += speaker[0] != "client"
            else:
                self.received += len(data)
            speaker[0] = who
            self.loop.call_later(self.delay, writer.write, data)
        self.loop.call_later(self.delay, writer.close)
