"""Documents: made once, refused where they cannot be made, and made again to the byte."""

from __future__ import annotations

from hashlib import sha256
from time import monotonic

import pytest
from sqlalchemy import text as text_of
from temporalio.exceptions import ApplicationError

from adapters.remaking import differences
from storage import contracts, documents
from storage.database import Database
from storage.guards import frozen, thawed
from storage.tables import document, document_content, document_template
from tests.activities.samples import confirmation, job, printing, run, store_terms
from tests.adapters.reading import text
from tests.storage.samples import CONTRACT, record, row
from workflows.catalogue import START_TO_CLOSE


@pytest.fixture(autouse=True)
async def _known(database: Database) -> None:
    async with database.write() as connection:
        await contracts.begin(connection, row())
    await store_terms(database)


async def test_a_document_is_made_once(database: Database) -> None:
    """Made again under the same key, it is the one that was made first, with the hash of its content."""
    answers = [await run(printing(database).make, job(confirmation(), record(1, "quoted"))) for _ in range(2)]
    async with database.read() as connection:
        kept = await documents.find(connection, confirmation().key)
    assert kept is not None
    assert {answer.reference for answer in answers} == {sha256(kept["content"]).hexdigest()}
    assert (kept["language"], kept["media_type"]) == ("fr", "application/pdf")
    assert "17 mai 2027" in text(kept["content"])


async def test_a_document_without_template_is_refused(database: Database) -> None:
    """A document that no programme has cannot be made, whatever is tried; nor one whose data is not there."""
    for wrong, says in (({"document": "never_written"}, "no document `never_written`"), ({"data": {}}, "last_day")):
        with pytest.raises(ApplicationError, match=says) as error:
            await run(printing(database).make, job(confirmation().model_copy(update=wrong)))
        assert error.value.non_retryable


async def test_documents_are_made_again_to_the_byte(database: Database) -> None:
    """From what was kept, also after their template has changed; each planted difference is found and named."""
    await run(printing(database).make, job(confirmation()))
    assert await _differences(database) == []
    for table, values, says in (
        (document, {"data": {"language": "fr"}}, "cannot be printed"),
        (document, {"maker": "typst 0"}, "typst 0 made it"),
        (document_template, {"files": {"cancellation_confirmation.typ": "Hello"}}, "its template is not"),
        (document_content, {"content": b"other"}, "its content is not"),
    ):
        async with database.write() as connection:
            for thaw in thawed(connection.dialect.name, table.name):
                await connection.execute(text_of(thaw))
            await connection.execute(table.update(), values)
            for freeze in frozen(connection.dialect.name, table.name):
                await connection.execute(text_of(freeze))
        (found,) = await _differences(database)
        assert found.startswith(confirmation().key)
        assert says in found


async def _differences(database: Database) -> list[str]:
    async with database.read() as connection:
        return [found async for found in differences(connection, await documents.keys(connection, CONTRACT))]


async def test_hundreds_of_machines_fit_on_a_list(database: Database) -> None:
    """All 300 lines are on it, on numbered pages, long before the activity's time is up."""
    line = {"text": "Care", "model": "M1", "quantity": 1, "starts_on": "2027-05-17", "last_day": None, "place": None}
    data = {"lines": [line | {"serial": f"SN-{at}"} for at in range(300)]}
    asked = confirmation().model_copy(update={"document": "covered_equipment", "data": data})
    begun = monotonic()
    await run(printing(database).make, job(asked))
    assert monotonic() - begun < START_TO_CLOSE.total_seconds() / 2
    async with database.read() as connection:
        kept = await documents.find(connection, asked.key)
    assert kept is not None
    read = text(kept["content"])
    assert [at for at in range(300) if f"SN-{at}\n" not in read and f"SN-{at} " not in read] == []
    assert "Page 2 sur" in read
