"""What a long step is doing, told to the person who waits for it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Tell = Callable[[str], None]

EVERY_SECONDS = 30.0


@contextmanager
def narration() -> Iterator[Tell]:
    """A way to say what is going on: one living line on a terminal, a line every half minute in a log."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _sparse()
        return
    with console.status("") as status:
        yield status.update


def _sparse() -> Tell:
    last = -EVERY_SECONDS

    def tell(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - told to a person, not logged

    return tell
