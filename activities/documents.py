"""Documents: made from the programme's templates, kept by key with their hash."""

from __future__ import annotations

from typing import Any, Protocol

from temporalio import activity

from activities.errors import mapped
from domain.effects import MakeDocument, Outcome
from storage import records
from storage.database import Database
from storage.outbox import keep_document
from workflows.catalogue import Job


class DocumentsPort(Protocol):
    """Who makes documents."""

    def document(self, programme: str, language: str, name: str, context: dict[str, Any]) -> tuple[str, bytes]:
        """The media type and the content of a document in a language."""


class DocumentActivities:
    """Makes documents."""

    def __init__(self, database: Database, documents: DocumentsPort) -> None:
        self._database = database
        self._documents = documents

    @activity.defn(name="documents.make")
    async def make(self, job: Job) -> Outcome:
        """Make and keep a document; a repeat keeps the first. Answers with the hash of its content."""
        effect, contract = job.effect, job.contract
        assert isinstance(effect, MakeDocument)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("documents"):
            about = {
                "customer": contract.customer.model_dump(mode="json"),
                "number": contract.number,
                "lines": [line.model_dump(mode="json") for line in contract.lines],
                "currency": contract.currency,
                "zone": contract.zone,
                "language": contract.customer.language,
                "data": effect.data,
                "on": effect.at.isoformat(),
            }
            language = contract.customer.language
            media_type, content = self._documents.document(contract.programme, language, effect.document, about)
            async with self._database.write() as connection:
                digest = await keep_document(
                    connection,
                    key=effect.key,
                    contract=contract.number,
                    name=effect.document,
                    language=language,
                    media_type=media_type,
                    content=content,
                )
                if job.record:
                    await records.write(connection, job.record)
        return Outcome(reference=digest)
