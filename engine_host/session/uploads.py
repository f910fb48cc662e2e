"""The sources a session is sending. Server thread, without the engine's lock: no stream is touched."""

from __future__ import annotations

from bridge_protocol.errors import ErrorCode, RefusedError
from bridge_protocol.schema import Ok, SourceBegin, SourceBlock, SourceEnd
from engine_host.session.source_store import SourceStore, Upload

MAX_UPLOADS = 4

UploadMessage = SourceBegin | SourceBlock | SourceEnd


class Uploads:
    """See the module. ``shortest_seconds``: a source lasts at least one latent frame."""

    def __init__(self, sources: SourceStore, shortest_seconds: float) -> None:
        self._sources, self.shortest_seconds = sources, shortest_seconds
        self._uploads: dict[str, Upload] = {}

    def take(self, message: UploadMessage, payload: bytes) -> Ok:
        """Takes one message of an upload; a whole source goes into the store."""
        if isinstance(message, SourceBegin):
            return self._begin(message)
        upload = self._upload(message.hash)
        if isinstance(message, SourceBlock):
            upload.block(message, payload)
            return Ok()
        del self._uploads[message.hash]
        self._sources.add(upload.end(message, self.shortest_seconds))
        return Ok(have=True)

    def _begin(self, message: SourceBegin) -> Ok:
        if message.hash in self._sources:
            return Ok(have=True)
        if len(self._uploads) >= MAX_UPLOADS and message.hash not in self._uploads:
            raise RefusedError(
                ErrorCode.LIMIT, "hash", f"At most {MAX_UPLOADS} uploads at once; end one first."
            )
        self._uploads[message.hash] = Upload(message)
        return Ok(have=False)

    def _upload(self, name: str) -> Upload:
        upload = self._uploads.get(name)
        if upload is None:
            raise RefusedError(
                ErrorCode.UNKNOWN_SOURCE, "hash", "No upload of this source has begun."
            )
        return upload
