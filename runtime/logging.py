"""One shape for every log line, ours and the libraries'."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor


def configure_logging(level: str = "INFO", *, as_json: bool | None = None) -> None:
    """Every logger of this process writes to stderr: coloured lines on a terminal, one JSON object a line elsewhere."""
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_shared(), processors=_rendering(as_json=as_json))
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Uvicorn brings handlers of its own, which would print each line a second time in another shape.
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # It announces each time which database it sees.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _without_colours(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Uvicorn sends each message twice, once with a terminal's colour codes in it."""
    event.pop("color_message", None)
    return event


def _rendering(*, as_json: bool) -> list[Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [strip, structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(default=str)]
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
