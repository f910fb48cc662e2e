"""A link whose messages go both ways through gateway frames, without a socket."""

from __future__ import annotations

from bridge_protocol.gateway_frames import Encoding, FrameReader, from_gateway, to_gateway


class FramedLink:
    """Between a client and a Link of an engine. What it is not asked for is the engine's own."""

    def __init__(self, engine, encoding: Encoding) -> None:
        self._engine, self._encoding = engine, encoding

    def send(self, frames) -> None:
        self._engine.send(self._through(frames))

    def receive(self, timeout_s: float):
        frames = self._engine.receive(timeout_s)
        return None if frames is None else self._through(frames)

    def close(self) -> None:
        self._engine.close()

    def _through(self, frames):
        reader = FrameReader()
        reader.feed(to_gateway(frames, self._encoding))
        body = reader.take()
        assert body is not None
        assert not reader.within_frame
        return [bytes(frame) for frame in from_gateway(body)]
