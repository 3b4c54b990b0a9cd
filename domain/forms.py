"""The forms in which an order or an answer comes in: which the terms take, and what each must say."""

from __future__ import annotations

from collections.abc import Iterable

from domain.refusal import Refusal
from domain.state import OrderedBy
from domain.terms import OrderForms, Terms


def check_order_form(terms: Terms, form: OrderedBy | None) -> None:
    """Refuse an order that does not come in one of the forms that the terms take, or does not say what it must."""
    forms = terms.order.forms
    if forms is not None:
        _check(forms, form, forms.forms, "an order comes in one of these forms")


def check_decline_form(terms: Terms, form: OrderedBy | None) -> None:
    """Refuse a no that does not come in a form on which one may be said, where the terms have any."""
    forms = terms.order.forms
    if forms is None:
        return
    declining = [name for name, taken in forms.forms.items() if taken.declines]
    if declining or form is not None:
        _check(forms, form, declining, "a no to the renewal comes in one of these forms")


def _check(forms: OrderForms, form: OrderedBy | None, taken: Iterable[str], said: str) -> None:
    names = list(taken)
    if form is None or form.kind not in names:
        raise Refusal(
            forms.rule,
            f"{said}: {', '.join(names) or 'none that the terms list'}",
            allowed_when="it names its form" if names else "it is given without a form",
            field="form.kind",
        )
    missing = [name for name in forms.forms[form.kind].needs if not form.details.get(name)]
    if missing:
        raise Refusal(
            forms.rule,
            f"an answer by {form.kind} must say: {', '.join(missing)}",
            allowed_when="the form is complete",
            field=f"form.details.{missing[0]}",
        )
