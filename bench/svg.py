"""Charts as SVG: bars that lie, and small panels of points with their straight line. All in one style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#2f6f8f", "#9dbfcc", "#d9a441", "#c9cdd1", "#8c959f")
INK, QUIET, RULE = "#24292f", "#6e7781", "#e3e6e8"
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 210, 640, 26, 92


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its parts by name, and how far a thin line goes on beyond them."""

    label: str
    parts: dict[str, float]
    text: str
    reach: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Points, and the straight line through them: what each step adds, and where it starts."""

    title: str
    points: Sequence[tuple[float, float]]
    each: float
    start: float


def bars(title: str, note: str, rows: Sequence[Bar], mark: tuple[float, str] | None = None) -> str:
    """Lying bars one under the other, with a line across them at a mark."""
    longest = max([*(max(sum(row.parts.values()), row.reach or 0) for row in rows), mark[0] if mark else 0])
    scale = (_RIGHT - _LEFT) / longest
    names = list(dict.fromkeys(name for row in rows for name in row.parts))
    drawn = [_legend(names)] if len(names) > 1 else []
    for place, row in enumerate(rows):
        drawn += _bar(row, _TOP + place * _ROW, scale, names)
    height = _TOP + len(rows) * _ROW + 24
    if mark:
        x, bottom = _LEFT + mark[0] * scale, height - 20
        drawn.append(f'<path d="M{x:.1f} {_TOP - 6}V{bottom}" stroke="{QUIET}" stroke-dasharray="3 3"/>')
        drawn.append(_text(x, bottom + 12, mark[1], size=11, fill=QUIET, anchor="middle"))
    return _framed(title, note, height, drawn)


def panels(title: str, note: str, rows: Sequence[Sequence[Panel]]) -> str:
    """Small panels in rows, each with points and their line."""
    wide, high = (_WIDTH - 40) // len(rows[0]), 128
    drawn = [
        part
        for down, row in enumerate(rows)
        for across, panel in enumerate(row)
        for part in _panel(panel, 24 + across * wide, 84 + down * high, wide - 36, high - 52)
    ]
    return _framed(title, note, 84 + len(rows) * high, drawn)


def _bar(row: Bar, y: int, scale: float, names: Sequence[str]) -> list[str]:
    x, drawn = float(_LEFT), [_text(_LEFT - 10, y + 13, row.label, anchor="end")]
    for name, value in row.parts.items():
        colour = COLOURS[names.index(name) % len(COLOURS)]
        drawn.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{value * scale:.1f}" height="16" fill="{colour}"/>')
        x += value * scale
    if row.reach:
        end = _LEFT + row.reach * scale
        drawn.append(f'<path d="M{x:.1f} {y + 10}H{end:.1f}M{end:.1f} {y + 5}v10" stroke="{QUIET}" fill="none"/>')
        x = end
    return [*drawn, _text(x + 8, y + 14, row.text, size=12, fill=QUIET)]


def _legend(names: Sequence[str]) -> str:
    x, drawn = _LEFT, []
    for place, name in enumerate(names):
        drawn.append(f'<rect x="{x}" y="66" width="10" height="10" fill="{COLOURS[place % len(COLOURS)]}"/>')
        drawn.append(_text(x + 15, 75, name, size=12, fill=QUIET))
        x += 34 + 6 * len(name)
    return "".join(drawn)


def _panel(panel: Panel, left: int, top: int, wide: int, high: int) -> list[str]:
    far, tall = max(x for x, _ in panel.points), max(y for _, y in panel.points)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + wide * x / far, top + high * (1 - y / tall)

    begin, end = at(0, max(panel.start, 0)), at(far, panel.start + panel.each * far)
    drawn = [
        _text(left, top - 8, panel.title, size=12),
        f'<path d="M{left} {top}V{top + high}H{left + wide}" stroke="{RULE}" fill="none"/>',
        f'<path d="M{begin[0]:.1f} {begin[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{COLOURS[1]}" stroke-width="2"/>',
        _text(left + wide, top + high + 14, f"{far:,.0f}", size=10, fill=QUIET, anchor="end"),
        _text(left + wide, top + 4, f"{tall:,.0f}", size=10, fill=QUIET, anchor="end", lift=True),
    ]
    for x, y in panel.points:
        across, down = at(x, y)
        drawn.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{COLOURS[0]}"/>')
    return drawn


def _text(
    x: float, y: float, text: str, *, size: int = 13, fill: str = INK, anchor: str = "start", lift: bool = False
) -> str:
    y = y - 8 if lift else y
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _framed(title: str, note: str, height: int, drawn: Sequence[str]) -> str:
    font = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="{font}" role="img" aria-label="{escape(title, quote=True)}">'
    )
    back = f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    said = [_text(24, 30, title, size=16), _text(24, 50, note, size=12, fill=QUIET)]
    return "\n".join([head, back, *said, *drawn, "</svg>", ""])
