"""Documents: made from the programme's templates, kept by key with their hash and what they were made from."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.errors import Refused, Unreachable, mapped
from activities.issued import Kind, issued_paper
from activities.papers import Page, Paper, PaperPort
from domain.calendar import local_date
from domain.effects import MakeDocument, Outcome
from domain.invoice_mail import paper_key
from domain.terms import Terms
from storage import checkouts, contracts, documents, programmes, records
from storage.database import Database
from storage.documents import Source
from workflows.catalogue import Header, Job


class DocumentActivities:
    """Makes documents."""

    def __init__(self, database: Database, papers: PaperPort) -> None:
        self._database = database
        self._papers = papers
        self._terms: dict[tuple[str, int], Terms] = {}

    @activity.defn(name="documents.make")
    async def make(self, job: Job) -> Outcome:
        """Make and keep a document; a repeat keeps the first. Answers with the hash of its content."""
        effect = job.effect
        assert isinstance(effect, MakeDocument)  # noqa: S101 - the catalogue pairs names and effects
        with mapped("documents"):
            async with self._database.read() as connection:
                known = await documents.hashes(connection, (effect.key,))
                content = None if known else await self._content(connection, job.contract, effect)
            made = None
            if content:
                source = self._source(*content)
                # A long list takes a while to lay out; the loop has others to serve.
                made = source, await asyncio.to_thread(self._papers.printed, source)
            async with self._database.write() as connection:
                digest = known.get(effect.key, "")
                if made:
                    digest = await documents.keep(
                        connection,
                        key=effect.key,
                        contract=job.contract.number,
                        name=effect.document,
                        source=made[0],
                        content=made[1],
                        maker=self._papers.maker,
                    )
                if job.record:
                    await records.write(connection, job.record)
        return Outcome(reference=digest)

    async def _content(
        self, connection: AsyncConnection, contract: Header, effect: MakeDocument
    ) -> tuple[Paper | Page, Terms]:
        address = (await checkouts.read(connection, contract.number)).get("billing_address")
        terms = await self._terms_of(connection, contract)
        match effect.document:
            case "invoice" | "credit" as kind:
                row, issued = await _issued(connection, contract.number, kind, effect.key)
                return issued_paper(kind, row, issued, customer=contract.customer, address=address, terms=terms), terms
            case name:
                page = Page(
                    name=name,
                    contract=contract.number,
                    on=local_date(effect.at, contract.zone),
                    currency=contract.currency,
                    language=contract.customer.language,
                    customer=contract.customer.model_dump(mode="json"),
                    address=address,
                    data=effect.data,
                )
                return page, terms

    def _source(self, content: Paper | Page, terms: Terms) -> Source:
        """What the paper is made from; an invoice's data is checked on the way, and no connection waits for it."""
        if isinstance(content, Paper):
            return self._papers.invoice(content, terms)
        return self._papers.document(content, terms)

    async def _terms_of(self, connection: AsyncConnection, contract: Header) -> Terms:
        """The terms that the contract lives under, for their issuer; a version never changes."""
        version = (contract.programme, contract.terms_version)
        if version not in self._terms:
            row = await programmes.one(connection, *version)
            if row is None:
                raise Refused(f"version {version[1]} of programme {version[0]} is not loaded")
            self._terms[version] = Terms.model_validate(row["terms"])
        return self._terms[version]


async def _issued(
    connection: AsyncConnection, contract: str, kind: Kind, key: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of which this is the paper's key, and the contract's invoices; raises Unreachable until it is issued."""
    issued = await contracts.invoices(connection, contract)
    rows = issued if kind == "invoice" else await contracts.credit_notes(connection, contract)
    row = next((row for row in rows if paper_key(row["key"]) == key), None)
    if row is None:
        raise Unreachable(f"what {key} is the paper of is not issued yet")
    return row, issued
