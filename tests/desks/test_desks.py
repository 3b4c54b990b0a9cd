"""One set of promises for all three desks, each of them real."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from activities.desk import Change, DeskPort, NewCase, Update
from activities.errors import Refused, Unreachable
from adapters.desk_roundup import Roundup
from adapters.desk_rt import RequestTracker
from tests.desks.conftest import Desk, request_tracker, roundup
from tests.desks.servers import RequestTrackerServer, RoundupServer
from tests.desks.wiretap import Point

BY = datetime(2027, 3, 1, 10, 30, tzinfo=UTC)


def new(case: str | None = None) -> NewCase:
    """A case that nobody has seen."""
    return NewCase(
        case=case or f"SMP-{uuid4().hex[:8]}-C1",
        contract="SMP-2027-000001",
        subject="プリンターが紙を詰まらせる：至急",
        description="Pourquoi : l'imprimante s'arrête.\n期待すること：点検",
        stage="remote",
        serial="SN-1",
        answer_by=BY,
        requestor="desk@atelier.example",
        link="https://tenure.example/v1/contracts/SMP-2027-000001",
    )


async def heard(desk: DeskPort, case: str) -> list[Change]:
    """Everything that was done to a case, read in small pages."""
    found: list[Change] = []
    since, more = None, True
    while more:
        page = await desk.changes(since, limit=3)
        found += page.changes
        since, more = page.last, page.more
    return [change for change in found if change.case == case]


async def failure(call: Coroutine[Any, Any, object]) -> BaseException | None:
    """What a call fails with, if it does."""
    (outcome,) = await asyncio.gather(call, return_exceptions=True)
    return outcome if isinstance(outcome, BaseException) else None


def check_failure(desk: Desk, failed: BaseException | None) -> None:
    """A call fails when the wire is cut and at no other time, and then says that it may be tried again."""
    if desk.name != "embedded":
        assert (failed is not None) == desk.tap.cut, failed
        assert failed is None or isinstance(failed, Unreachable), failed
    # A database's own driver says so in its own way, and may be cut when all is done.
    assert failed is None or desk.tap.cut, failed


async def test_a_case_is_opened_once_with_all_that_people_need(desk: Desk) -> None:
    """A case says what, for whom, about which device, until when and why; opened again it is the same one."""
    case = new()
    number = await desk.port.open(case)
    assert await desk.port.open(case) == number
    seen = await desk.person.sees(case.case)
    assert (seen.subject, seen.serial, seen.stage, seen.closed) == (case.subject, "SN-1", "remote", False)
    assert (seen.requestor, seen.due, seen.urgency) == ("desk@atelier.example", "2027-03-01 10:30", "normal")
    assert seen.description.replace("\r\n", "\n").strip() == case.description
    assert seen.link in {case.link, None if desk.name == "embedded" else case.link}
    assert await desk.person.count(case.case) == 1


async def test_a_case_goes_where_the_contract_has_it(desk: Desk) -> None:
    """Stage, comment, urgency, end and reopening arrive, each once per key however often it is repeated."""
    case = new()
    await desk.port.open(case)
    updates = [
        Update(f"{case.case}/1", case.case, stage="dispatch", note="部品が必要"),
        Update(f"{case.case}/2", case.case, urgency="high", note="the answer is due soon"),
        Update(f"{case.case}/3", case.case, closed=True, note="works"),
        Update(f"{case.case}/4", case.case, closed=False, stage="remote", note="say `passed` or `failed`"),
    ]
    for update in updates:
        await desk.port.update(update)
        await desk.port.update(update)
    seen = await desk.person.sees(case.case)
    assert (seen.stage, seen.urgency, seen.closed) == ("remote", "high", False)
    said = "\n".join(seen.notes)
    assert len(seen.notes) == len(updates)
    assert all(said.count(str(update.note)) == 1 for update in updates)


async def test_a_repeat_does_not_undo_what_people_did_meanwhile(desk: Desk) -> None:
    """A move that comes a second time leaves the case where somebody has put it since."""
    case = new()
    await desk.port.open(case)
    moved = Update(f"{case.case}/1", case.case, stage="dispatch")
    await desk.port.update(moved)
    await desk.person.move(case.case, "on_site")
    await desk.port.update(moved)
    assert (await desk.person.sees(case.case)).stage == "on_site"


async def test_what_people_do_is_heard_once_in_order_and_ours_is_not(desk: Desk) -> None:
    """Comments, answers, time, stages, results and reopenings come back as they happened, without what we did."""
    case = new()
    await desk.port.open(case)
    await desk.port.update(Update(f"{case.case}/1", case.case, stage="dispatch", note="ours"))
    await desk.person.write(case.case, "お客様に電話した", minutes=25)
    await desk.person.write(case.case, "Nous arrivons demain", answer=True)
    await desk.person.move(case.case, "on_site")
    await desk.person.close(case.case, "failed", "the fuser is broken")
    await desk.person.reopen(case.case)
    found = await heard(desk.port, case.case)
    told = [(change.what, change.stage, change.result, change.minutes) for change in found if change.what != "noted"]
    assert told == [
        ("worked", None, None, 25),
        ("answered", None, None, 0),
        ("moved", "on_site", None, 0),
        ("closed", None, "failed", 0),
        ("reopened", None, None, 0),
    ]
    notes = {change.note for change in found}
    assert {"お客様に電話した", "Nous arrivons demain", "the fuser is broken"} <= notes
    assert next(change.note for change in found if change.what == "closed") == "the fuser is broken"
    assert "ours" not in str(notes)
    assert len({change.id for change in found}) == len(found)
    assert {change.by for change in found} <= {"ann", "root", "admin"}


async def test_reading_on_finds_what_is_new(desk: Desk) -> None:
    """From where it stopped, a reader finds what came after, and may see what is not settled again."""
    case = new()
    await desk.port.open(case)
    await desk.person.move(case.case, "dispatch")
    page = await desk.port.changes(None, limit=1000)
    assert [change.stage for change in page.changes if change.case == case.case] == ["dispatch"]
    await desk.person.move(case.case, "on_site")
    after = await desk.port.changes(page.settled, limit=1000)
    stages = [change.stage for change in after.changes if change.case == case.case]
    assert stages[-1] == "on_site"
    assert set(stages) <= {"dispatch", "on_site"}


async def test_an_unknown_case_is_refused(desk: Desk) -> None:
    """What the desk has never seen cannot be moved: that is final, and says which case."""
    with pytest.raises(Refused, match="SMP-NEVER"):
        await desk.port.update(Update("SMP-NEVER/1", "SMP-NEVER", closed=True))


async def test_eight_racing_workers_open_one_case(desk: Desk) -> None:
    """Eight that open the same case at once get one number, and there is one case."""
    for _ in range(2):
        case = new()
        tried = await asyncio.gather(*(desk.port.open(case) for _ in range(8)), return_exceptions=True)
        assert all(isinstance(one, str | Unreachable) for one in tried), tried
        number = await desk.port.open(case)
        assert {one for one in tried if isinstance(one, str)} <= {number}
        assert await desk.person.count(case.case) == 1


@pytest.mark.parametrize("point", ["before", "during", "after"])
async def test_a_desk_that_is_killed_in_a_call_has_one_case(desk: Desk, point: Point) -> None:
    """Killed before, during or after any message of an opening, and tried again: one case."""
    for at in range(1, 20):
        case = new()
        desk.tap.arm(at, point, desk.kill)
        check_failure(desk, await failure(desk.wired.open(case)))
        if not desk.tap.cut:
            assert at > 2
            return
        await asyncio.to_thread(desk.start)
        number = await desk.port.open(case)
        assert await desk.wired.open(case) == number
        assert await desk.person.count(case.case) == 1
        if point == "before":
            return  # before a later message is after the one that went ahead of it
    raise AssertionError("an opening takes more messages than it should")


@pytest.mark.parametrize("point", ["during", "after"])
async def test_a_desk_that_is_killed_in_an_update_says_it_once(desk: Desk, point: Point) -> None:
    """Killed during or after any message of an update, and tried again: the case is there, and it is said once."""
    case = new()
    await desk.port.open(case)
    for at in range(1, 20):
        stage = f"stage_{at}"
        update = Update(f"{case.case}/{at}", case.case, stage=stage, note=f"note {at}.")
        desk.tap.arm(at, point, desk.kill)
        check_failure(desk, await failure(desk.wired.update(update)))
        if not desk.tap.cut:
            assert at > 2
            return
        await asyncio.to_thread(desk.start)
        await desk.port.update(update)
        seen = await desk.person.sees(case.case)
        assert seen.stage == stage
        assert sum(f"note {at}." in note for note in seen.notes) == 1
    raise AssertionError("an update takes more messages than it should")


@pytest.mark.parametrize("name", ["rt", "roundup"])
async def test_what_somebody_changes_meanwhile_is_not_written_over(name: str, request: pytest.FixtureRequest) -> None:
    """A case that is changed between a look and its update is looked at again: the stale update is not taken."""
    reached, server = (request_tracker, "rt_server") if name == "rt" else (roundup, "roundup_server")
    async with reached(request.getfixturevalue(server)) as desk:
        case = new()
        await desk.port.open(case)
        update = Update(f"{case.case}/1", case.case, stage="dispatch", note="needs a roller")
        asked = _changing(name)
        desk.tap.hold(asked, lambda: desk.person.write(case.case, "meanwhile"))
        failed = await failure(desk.wired.update(update))
        assert isinstance(failed, Unreachable)
        assert "412" in str(failed)
        assert (await desk.person.sees(case.case)).stage == "remote"
        await desk.wired.update(update)
        seen = await desk.person.sees(case.case)
        assert (seen.stage, sum("needs a roller" in note for note in seen.notes)) == ("dispatch", 1)


def _changing(name: str) -> int:
    """Which request of an update is the first that changes the case, on each desk."""
    return 4 if name == "rt" else 5


@pytest.mark.parametrize("make", [RequestTracker, Roundup])
async def test_a_desk_that_does_not_answer_is_given_up_in_time(make: Any) -> None:
    """A call takes as long as the settings allow, and is worth trying again."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1")
    desk: DeskPort = make(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "secret", timeout=0.2)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="ReadTimeout"):
        await desk.open(new())
    assert time.monotonic() - began < 5
    server.close()


async def test_a_wrong_secret_is_refused_for_good(
    rt_server: RequestTrackerServer, roundup_server: RoundupServer
) -> None:
    """A desk that does not know us says no, and will say so again: a person has to look at the settings."""
    rt_server.start()
    roundup_server.start()
    for desk in (RequestTracker(rt_server.url, "1-2-wrong"), Roundup(roundup_server.tracker_url, "wrong")):
        with pytest.raises(Refused, match="401"):
            await desk.open(new())


async def test_request_trackers_trap_is_still_there(rt_server: RequestTrackerServer) -> None:
    """It takes a second ticket of a case and leaves its key out; whoever made it merges it into the first."""
    async with request_tracker(rt_server) as desk:
        case = new()
        number = await desk.port.open(case)
        rt = RequestTracker(rt_server.url, rt_server.token)
        made = await rt._wire.give("POST", "/ticket", rt._fields(case))
        assert str(made["id"]) != number
        assert await rt._holders(case.case) == [number]
        await rt._merge(str(made["id"]), number)
        assert (await rt._wire.get(f"/ticket/{made['id']}"))["id"] == int(number)
