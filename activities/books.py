"""The books, closed: what the days of service have earned is posted, contract by contract."""

from __future__ import annotations

from temporalio import activity

from activities.errors import mapped
from storage import books
from storage.books import Scope
from storage.database import Database
from workflows.catalogue import CLOSE_BOOKS
from workflows.messages import BooksClosed, BooksClosing


class BooksActivities:
    """Closes books."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name=CLOSE_BOOKS)
    async def close(self, wanted: BooksClosing) -> BooksClosed:
        """Earn to the end of a day for the next contracts, each in a transaction of its own; a repeat posts nothing."""
        assert wanted.on is not None  # noqa: S101 - the workflow says for which day
        moved = 0
        with mapped("books"):
            async with self._database.read() as connection:
                numbers = await books.billed(connection, after=wanted.after, limit=wanted.limit)
            for number in numbers:
                activity.heartbeat(number)
                async with self._database.write() as connection:
                    moved += await books.close(connection, Scope(contract=number), wanted.on)
        return BooksClosed(last=numbers[-1] if numbers else None, moved=moved)
