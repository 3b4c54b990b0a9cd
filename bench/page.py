"""`make charts`: the charts under docs/charts and the tables of docs/performance.md, from bench/latest*.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from bench.svg import Bar, Panel, bars, panels
from runtime.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "performance.md"
CHARTS = CHECKOUT / "docs" / "charts"
BENCH = CHECKOUT / "bench"
OTHERS_MS = (25, 30)
"""A known open-source billing server's own, for an invoice on the same two cores; its database's is not counted."""
OPERATIONS = ("quote", "accept", "read", "list", "entitlement")
PROCESSES = {"server": "Temporal", "worker": "worker", "api": "API", "postgresql": "PostgreSQL"}
Report = dict[str, Any]


def main() -> None:
    """Draw and write what has been measured; what has not stays as it is."""
    text = PAGE.read_text(encoding="utf-8")
    for name, write in WRITERS.items():
        if report := _read(name):
            text = write(report, text)
    PAGE.write_text(overview(text), encoding="utf-8")


def _read(name: str) -> Report | None:
    file = BENCH / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def billing(report: Report, text: str) -> str:
    """The billing run: rates beside the floor, and processor time beside another server's."""
    found = report["databases"]
    low, high = OTHERS_MS
    parts = [
        Bar(f"{kind}, {run['contracts']:,} contracts", _ms(run), f"{run['cpu_ms_per_invoice']:.1f} ms")
        for kind, one in found.items()
        for run in one["runs"]
    ]
    other = Bar("another billing server", {"the other, without its database": (low + high) / 2}, f"{low} to {high} ms")
    note = "Milliseconds of processor time of the whole stack for one invoice: issued, collected, booked, recorded."
    _draw("billing-cpu", bars("What an invoice costs", note, [*parts, other]))
    rates = [
        Bar(f"{kind}, {run['contracts']:,}: {name}", {"": rate}, f"{rate:,.0f}")
        for kind, one in found.items()
        for run in one["runs"]
        for name, rate in (("contracts", run["per_second"]), ("the floor", run["per_second"] / run["ratio"]))
    ]
    note = "The floor is a bare Temporal workflow that asks for as many trivial activities."
    _draw("billing-rate", bars("Invoices in a second, beside the floor", note, rates))
    rows = _head("", "contracts", "invoices in a second", "of the floor", "CPU of an invoice", "of a floor's period")
    rows += [
        f"| {kind} | {run['contracts']:,} | {run['per_second']:.0f} | {run['ratio']:.2f} "
        f"| {run['cpu_ms_per_invoice']:.1f} ms ({_shares(run)}) | {run['floor_cpu_ms_per_period']:.1f} ms |"
        for kind, one in found.items()
        for run in one["runs"]
    ]
    start = report["starting"]
    up = f"{start['first_seconds']:.1f} s, the next time {start['again_seconds']:.1f} s"
    held = f"with {start['memory_mb']:.0f} MB"
    rows += ["", f"`./tenure up` answers after {up}, {held}. Memory after the run, by process:", ""]
    rows += [
        f"- {kind}: {_held(one['memory_mb'])} MB, together {one['memory_mb_together']:.0f} MB"
        for kind, one in found.items()
    ]
    return _put(text, "billing", [*_loaded(report), *rows])


def _head(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]


def _loaded(report: Report) -> list[str]:
    """What else went on in the machine, where it was not idle."""
    load = report["machine"]["load_before"][0]
    return (
        [f"Measured while other work shared the cores: a load of {load:.0f} before it began.", ""] if load > 1 else []
    )


def _held(memory: Report) -> str:
    return ", ".join(f"{shown} {memory[name]['now']:.0f}" for name, shown in PROCESSES.items() if name in memory)


def _ms(run: Report) -> dict[str, float]:
    last = run["rounds"][-1]["contracts"]
    whole = sum(last["cpu_seconds"].values())
    return {
        shown: run["cpu_ms_per_invoice"] * last["cpu_seconds"][name] / whole
        for name, shown in PROCESSES.items()
        if name in last["cpu_seconds"]
    }


def _shares(run: Report) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in _ms(run).items())


def api(report: Report, text: str) -> str:
    """What answers take, by operation and number of clients."""
    rows = _head("", "clients", *OPERATIONS, "floor", "accept, of the floor", "accept and floor with pauses")
    for kind, rounds in report["databases"].items():
        lines = [
            Bar(f"{name}, {_clients(one)}", {"": one[name]["p50_ms"]}, _p(one[name]), one[name]["p99_ms"])
            for name in OPERATIONS
            for one in rounds
        ]
        note = "Milliseconds until the answer: half of them are within the bar, 99 of 100 within the thin line."
        _draw(f"api-{_slug(kind)}", bars(f"What the API's answers take, {kind}", note, lines))
        rows += [
            f"| {kind} | {one['clients']} | "
            + " | ".join(_p(one[name]) for name in (*OPERATIONS, "floor"))
            + f" | {one['accept_of_floor']:.1f} | {_paused(one['paused'])} |"
            for one in rounds
        ]
    return _put(text, "api", [*_loaded(report), *rows])


def _paused(one: Report) -> str:
    return f"{_p(one['accept'])}, {_p(one['floor'])}: {one['accept_of_floor']:.1f}"


def _slug(kind: str) -> str:
    return "-".join(re.findall("[a-z]+", kind.lower()))


def _clients(one: Report) -> str:
    return "1 client" if one["clients"] == 1 else f"{one['clients']} clients"


def _p(one: Report) -> str:
    half, most = one["p50_ms"], one["p99_ms"]
    return f"{half:.{0 if half >= 10 else 1}f} / {most:.0f}"


def forecast(report: Report, text: str) -> str:
    """The decider by itself, and whole forecasts."""
    runs = report["forecast"]
    drawn = [Bar(name, {"": one["seconds"]}, f"{one['seconds']:.0f} s") for name, one in runs.items()]
    count = next(iter(runs.values()))["contracts"]
    title = f"A forecast of {count:,} contracts over twelve months"
    _draw("forecast", bars(title, "Seconds, with a process for each core.", drawn, (60, "60 s")))
    decided = report["decider"]["per_second_and_core"]
    rows = _head("", "contracts", "shapes", "seconds", "CPU seconds", "invoices foreseen")
    rows += [
        f"| {name} | {one['contracts']:,} | {one['shapes']:,} | {one['seconds']} | {one['cpu_seconds']} "
        f"| {one['invoices']:,} |"
        for name, one in runs.items()
    ]
    memory = report["peak_memory_mb"]
    held = f"{memory['main']} MB, and {memory['largest process']} MB in each process that helps"
    rows += ["", f"The decider by itself: {decided:,} contract-years in a second on one core. Most memory: {held}."]
    return _put(text, "forecast", [*_loaded(report), *rows])


def cost(report: Report, text: str) -> str:
    """The bill, and what grows."""
    programmes = report["programmes"]
    parts = {"actions": "actions", "open_histories": "open histories", "closed_histories": "closed histories"}
    drawn = [
        Bar(code, {shown: one["bill"][name] for name, shown in parts.items()}, f"${one['bill']['together']:,}")
        for code, one in programmes.items()
    ]
    note = "US dollars at Temporal Cloud's list prices, without the plan's fee."
    _draw("cost", bars("A year of 100,000 contracts", note, drawn))
    rows = _head("programme, life", "actions of a contract-year", "events", "written", "open", "a year of 100,000")
    rows += [
        f"| {code}, `{one['life']}` | {one['actions_per_year']:.0f} ({_kinds(one)}) | {one['events_per_year']:.0f} "
        f"| {one['bytes_written_per_year'] / 1000:.0f} KB | {one['bytes_open_on_average'] / 1000:.0f} KB "
        f"| ${one['bill']['together']:,}: {_dollars(one['bill'], parts)} |"
        for code, one in programmes.items()
    ]
    grown = report["growth"]
    grid = [
        [
            Panel(f"{title} by {what}", [(point[what], point[name]) for point in one["points"]], **_line(one, name))
            for name, title in (("events", "events"), ("bytes", "bytes of history"), ("rows", "rows in SQL"))
        ]
        for what, one in grown.items()
    ]
    note = "Each point is a house that was counted, each line the straight one through them."
    _draw("growth", panels("It grows in straight lines", note, grid))
    more = _head("grows with", "each adds events", "bytes", "rows", "furthest from the line")
    more += [
        f"| {what} ({', '.join(str(point[what]) for point in one['points'])}) | "
        + " | ".join(f"{one['lines'][name]['each']:,.0f}" for name in ("events", "bytes", "rows"))
        + f" | {max(line['furthest_percent'] for line in one['lines'].values()):.1f} % |"
        for what, one in grown.items()
    ]
    return _put(_put(text, "cost", rows), "growth", more)


def sleeping(report: Report, text: str) -> str:
    """What sleeps, by its number; and the day on which many are due, with the people's times before and meanwhile."""
    asleep, day = report["asleep"], report["day"]
    names = ("temporal", "postgresql", "worker", "api")
    rows = _head("contracts asleep", *(f"{name}, MB" for name in names), "databases, MB")
    rows += [
        f"| {one['contracts']:,} | "
        + " | ".join(f"{one['memory_mb'][name]:.0f}" for name in names)
        + f" | {sum(one['database_bytes'].values()) / 1e6:,.0f} |"
        for one in asleep
    ]
    held, highest = day["memory_mb_highest_seen"], day["peak_mb"]
    rows += [
        f"| {day['asleep']:,}, most during the day | " + " | ".join(f"{held[name]:.0f}" for name in names) + " | |",
        "",
        f"{day['contracts']:,} contracts fell due at {day['due_at'][11:16]} UTC, midnight in {day['zone']}, over "
        f"{report['settings']['spread_seconds']:.0f} seconds: the last was billed, collected and recorded after "
        f"{day['seconds']:.0f} seconds. Wrong afterwards: {', '.join(day['wrong']) or 'nothing'}. The worker's peak: "
        f"{highest['worker']:.0f} MB. Processor time of a contract's day, without what people took: "
        + ", ".join(f"{name} {used:.0f} ms" for name, used in day["cpu_ms_a_contract"].items())
        + f". Load before and after: {day['load_before']} and {day['load_after']}.",
        "",
    ]
    rows += _head("people's times, p50 / p99 / worst in ms", *day["paces"])
    for said, name in (("the minute before", "people_before"), ("meanwhile", "people_meanwhile")):
        times = (day[name].get(kind) for kind in day["paces"])
        rows.append(
            f"| {said} | " + " | ".join(f"{_p(one)} / {one['worst_ms']:.0f}" if one else "" for one in times) + " |"
        )
    return _put(text, "sleeping", rows)


def _sleeping_said() -> str | None:
    if not (report := _read("latest-sleeping")):
        return None
    day = report["day"]
    accept = day["people_meanwhile"]["accept"]["p99_ms"]
    return (
        f"{day['contracts']:,} of {day['asleep']:,} in {day['seconds']:.0f} s; accept p99 {accept:.0f} ms meanwhile; "
        f"worker {day['peak_mb']['worker']:.0f} MB"
    )


def _dollars(bill: dict[str, int], parts: dict[str, str]) -> str:
    return ", ".join(f"${bill[name]:,} {shown}" for name, shown in parts.items())


def _line(one: Report, name: str) -> dict[str, float]:
    line = one["lines"][name]
    return {"each": line["each"], "start": line["start"]}


def _kinds(one: Report) -> str:
    return ", ".join(f"{count:.0f} {kind}" for kind, count in one["actions_by_kind"].items() if count >= 0.5)


def _draw(name: str, chart: str) -> None:
    CHARTS.mkdir(exist_ok=True)
    (CHARTS / f"{name}.svg").write_text(chart, encoding="utf-8")


def _put(text: str, name: str, rows: list[str]) -> str:
    """The page with a table between its marks. Raises ValueError where the page has no such place."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    made, times = re.subn(f"{begin}.*?{end}", lambda _: "\n".join([begin, *rows, end]), text, flags=re.DOTALL)
    if times != 1:
        raise ValueError(f"{PAGE.name} needs one place for {name}: `{begin}` and `{end}`")
    return made


def overview(text: str) -> str:
    """The claims on top, each with its figure where it has been measured; what has not been anew stays as it was."""
    rows = _head("claim", "wanted", "measured")
    rows += [
        f"| [{claim}]({place}) | {wanted} | {shown() or _said_before(text, place)} |"
        for claim, place, wanted, shown in CLAIMS
    ]
    return _put(text, "overview", rows)


def _said_before(text: str, place: str) -> str:
    found = re.search(rf"\({re.escape(place)}\) \|[^|]*\| ([^|\n]*) \|", text)
    return found[1] if found else "see there"


def _billing_said() -> str | None:
    if not (report := _read("latest")):
        return None
    runs = {kind: one["runs"][-1] for kind, one in report["databases"].items()}
    ratio = ", ".join(f"{run['ratio']:.2f}" for run in runs.values())
    cpu = ", ".join(f"{run['cpu_ms_per_invoice']:.1f} ms" for run in runs.values())
    return f"{ratio} of the floor; {cpu} ({', '.join(runs)})"


def _api_said() -> str | None:
    if not (report := _read("latest-api")):
        return None
    return "; ".join(
        f"{kind} {_times(rounds)}, {_times([one['paused'] for one in rounds])} with pauses"
        for kind, rounds in report["databases"].items()
    )


def _times(rounds: list[Report]) -> str:
    return ", ".join(f"{one['accept_of_floor']:.1f}" for one in rounds)


def _forecast_said() -> str | None:
    if not (report := _read("latest-forecast")):
        return None
    one = report["forecast"]["as agreed"]
    return f"{one['contracts']:,} in {one['seconds']:.0f} s"


def _cost_said() -> str | None:
    if not (report := _read("latest-cost")):
        return None
    bills = [one["bill"]["together"] for one in report["programmes"].values()]
    furthest = max(line["furthest_percent"] for one in report["growth"].values() for line in one["lines"].values())
    return f"${min(bills):,} to ${max(bills):,} a year for 100,000; at most {furthest:.1f} % off the line"


def _elsewhere() -> None:
    """Its own section says it."""


WAVE = "#a-portfolio-moves-in-and-a-wave-of-renewals"
CLAIMS: tuple[tuple[str, str, str, Callable[[], str | None]], ...] = (
    ("A billed period costs little more than Temporal itself", "#billing-run", "0.9 of the floor; 6 ms", _billing_said),
    ("A command is answered as fast as Temporal and a commit", "#api", "twice that (1, 8, 32 clients)", _api_said),
    ("Is a device covered? Answered at once, of a million", "#is-it-covered", "", _elsewhere),
    (
        "Thousands are due on one day while others sleep",
        "#one-day-many-contracts",
        "worker below 600 MB",
        _sleeping_said,
    ),
    ("A portfolio moves in and is quoted while workers die", WAVE, "", _elsewhere),
    ("A million contracts are forecast", "#decider-and-forecasts", "60 s on two cores", _forecast_said),
    ("What Temporal Cloud would charge; growth in straight lines", "#cost", "straight lines", _cost_said),
    ("Faults change nothing: nothing lost, nothing twice", "#faults", "no difference", _elsewhere),
)
WRITERS: dict[str, Callable[[Report, str], str]] = {
    "latest": billing,
    "latest-api": api,
    "latest-forecast": forecast,
    "latest-cost": cost,
    "latest-sleeping": sleeping,
}

if __name__ == "__main__":
    main()
