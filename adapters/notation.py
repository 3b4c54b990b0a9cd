"""Dates and amounts as a reader writes them, in a language and its customer's country."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date, get_day_names
from babel.languages import get_official_languages
from babel.numbers import format_currency, format_decimal

DAYS = frozenset(
    {"valid_until", "deadline", "effective_on", "term_last_day", "first_day", "last_day", "starts_on", "cure_by"}
)
"""The fields of a document's data that are dates, wherever in it they stand."""
AMOUNTS = frozenset({"amount", "term_amount", "total", "term_total", "gross"})
"""The fields that are amounts in the contract's currency."""
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Notation:
    """What a reader writes; the customer's country decides where the language alone does not."""

    def __init__(self, language: str, country: str, currency: str) -> None:
        self._locale = _locale(language, country)
        self._currency = currency

    def day(self, on: date | None, *, short: bool = False) -> str:
        """A date; nothing where there is none. ``short`` is for tables."""
        return format_date(on, format="medium" if short else "long", locale=self._locale) if on else ""

    def money(self, amount: Decimal) -> str:
        """An amount in the paper's currency."""
        # The wide yen sign that the Japanese locale writes tears a hole into a line of figures.
        return format_currency(amount, self._currency, locale=self._locale).replace("￥", "¥")

    def tax(self, pattern: str, name: str, percent: Decimal) -> str:
        """A tax with its rate, as the pattern puts them together."""
        rate = format_decimal(percent, locale=self._locale)
        return pattern.replace("{percent}", rate).replace("{name}", name)

    def country(self, code: str) -> str:
        """A country's name."""
        return str(self._locale.territories.get(code, code))

    def tongue(self, code: str) -> str:
        """A language's name."""
        return str(self._locale.languages.get(code, code))

    def weekdays(self, days: list[str]) -> str:
        """Days of the week that follow each other as a span, others one by one."""
        names = get_day_names("abbreviated", locale=self._locale)
        found = [names[_WEEK.index(day)] for day in days]
        spans = len(days) > 2 and days == list(_WEEK[_WEEK.index(days[0]) :][: len(days)])
        return f"{found[0]} – {found[-1]}" if spans else ", ".join(found)

    def written(self, data: dict[str, Any], *, short: bool = False) -> dict[str, Any]:
        """A document's data with its dates and amounts as the reader writes them; what is in lists in short."""
        return {name: self._written(name, value, short=short) for name, value in data.items()}

    def _written(self, name: str, value: Any, *, short: bool) -> Any:
        if isinstance(value, dict):
            return self.written(value, short=short)
        if isinstance(value, list | tuple):
            return [self._written(name, item, short=True) for item in value]
        if value is None:
            return None
        if name in DAYS:
            return self.day(date.fromisoformat(str(value)[:10]), short=short)
        return self.money(Decimal(str(value))) if name in AMOUNTS else value


def _locale(language: str, country: str) -> Locale:
    """French of Canada for a Canadian; a reader of English in Japan writes as English is written anywhere."""
    at_home = language in get_official_languages(country, de_facto=True)
    return Locale.parse(f"{language}_{country}" if at_home else language)
