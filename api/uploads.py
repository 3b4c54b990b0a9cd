"""Files that are sent: taken in as they come, kept beside the memory, and known again when they are sent twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from fastapi import Depends, Request

from api.once import IdempotencyKey, Once, needed_key, request_line
from api.problems import Problem, ProblemError
from api.security import scoped
from api.services import Needs
from storage.keys import Key

MOST_BYTES = 64 * 1024 * 1024
_IN_MEMORY = 256 * 1024

RESPONSES: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem, "description": "The file is too large."},
    415: {"model": Problem, "description": "The file is not of the media type that is taken here."},
}


class Upload:
    """One file of one caller, as one command."""

    def __init__(self, once: Once, file: SpooledTemporaryFile[bytes], media_type: str) -> None:
        self.once, self.file, self.media_type = once, file, media_type


def upload(scope: str, *media_types: str) -> Callable[..., AsyncIterator[Upload]]:
    """The dependency of a command that needs a scope and whose body is a file of one of some media types."""
    needed = Depends(scoped(scope))

    async def receive(
        request: Request, services: Needs, key: IdempotencyKey = None, caller: Key = needed
    ) -> AsyncIterator[Upload]:
        name = needed_key(key)
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given not in media_types:
            known = "` or `".join(media_types)
            raise ProblemError(
                415, "media-type", f"the body must be sent as `{known}`, not as `{given}`", field="Content-Type"
            )
        digest, size = sha256(request_line(request)), 0
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    raise ProblemError(413, "too-large", f"a file may have {MOST_BYTES // 1024 // 1024} MiB at most")
                digest.update(chunk)
                file.write(chunk)
            yield Upload(Once(services, caller, name, digest.hexdigest()), file, given)

    return receive


CsvToOperate = Annotated[Upload, Depends(upload("operate", "text/csv"))]
