"""Log lines: one shape, whoever writes them."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from runtime.logging import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Other tests keep the logging that pytest set up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_librarys_line_and_ours_have_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Temporal's loggers, which use the standard library, come out beside structlog's, their extras as fields."""
    configure_logging(as_json=True)
    logging.getLogger("temporalio.workflow").warning("due %s", "now", extra={"contract": "C-1"})
    structlog.get_logger("api").warning("refused", contract="C-2")
    theirs, ours = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert theirs.keys() == ours.keys() == {"event", "logger", "level", "timestamp", "contract"}
    assert (theirs["event"], ours["event"]) == ("due now", "refused")


def test_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback is a field of one JSON object, not twenty lines that a collector tears apart."""
    configure_logging(as_json=True)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("activity").exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["exception"][0]["exc_type"] == "ValueError"


def test_a_person_gets_a_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal the line is text."""
    configure_logging(as_json=False)
    structlog.get_logger("api").info("started", port=8080)
    assert "started" in (said := capsys.readouterr().err)
    assert "port=8080" in said


def test_level_holds_for_everyone(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the level asked for, nobody is heard."""
    configure_logging("ERROR", as_json=True)
    logging.getLogger("anyone").warning("not so bad")
    structlog.get_logger("api").warning("not so bad either")
    assert capsys.readouterr().err == ""
