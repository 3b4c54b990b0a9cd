"""What the sources of the programmes say in numbers and names, where no example life depends on it: rule by rule."""

from __future__ import annotations

from typing import Any

from domain.terms import Terms

PC_KINDS = ("desktop", "notebook", "workstation", "retail_pos", "thin_client")
LATIN_AMERICA = ["AR", "BR", "CL", "CO", "CR", "DO", "EC", "GT", "HN", "MX", "PA", "PE", "PR", "UY"]
LANGUAGES = sorted("id yue cs da nl en fi fr de hi hu it ja ko zh no pl pt sk es sv tr th".split())  # noqa: SIM905 - one line
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]

FACTS: dict[str, dict[str, Any]] = {
    "HPG-3": {"start.after": ["warranty", "care_pack"]},
    "HPG-5": {"order.registration": True},
    "HPG-9": {"quote.valid_days": 30},
    "HPG-12": {"cancellation.bands.0.until_month": 6, "cancellation.bands.1.until_month": 12},
    "HPG-14": {"support.stages": ["remote", "dispatch"]},
    "HPP-1": {
        "entitlements.levels.access.adds": ["support_agents", "global_experience", "direct_access", "online_cases"],
        "entitlements.levels.management_plus.adds": [
            "technical_expert",
            "proactive_help",
            "training",
            "technical_escalation",
            "deployment_management",
        ],
    },
    "HPP-2": {
        "fleet.kinds": dict.fromkeys(PC_KINDS, "pc") | {"printer": "printer"},
        "fleet.with_device": ["display"],
        "fleet.covered_by": ["warranty", "care_pack", "hardware_contract"],
        "fleet.minimums": {
            "access": [{"pc": 250}, {"printer": 250}],
            "access_plus": [{"pc": 1000}, {"printer": 1000}],
            "management": [{"pc": 5000}, {"printer": 1000}],
            "management_plus": [{"pc": 5000}, {"printer": 1000}],
        },
    },
    "HPP-3": {
        "quote.valid_days": 30,
        "order.forms.forms.purchase_order.needs": ["reference"],
        "term.months": 12,
        "term.choices": [12, 24, 36, 48, 60],
    },
    "HPP-7": {
        "entitlements.items.priority_parts.not_in": LATIN_AMERICA,
        "entitlements.items.priority_repairs.not_in": LATIN_AMERICA,
        "desk.hours.0.days": WEEKDAYS,
    },
    "HPP-8": {"support.stages": ["remote", "expert"]},
    "XEC-1": {
        "quote.valid_days": 30,
        "eligibility.conditions": [
            {"rule": "XEC-1", "fact": "networked", "otherwise": "unserviced"},
            {"rule": "XEC-1", "fact": "managed_print", "holds": False},
        ],
    },
    "XEC-7": {
        "supplies.levels.by_model": {"VersaLink C7000": {"low": 25, "near_empty": 8}},
    },
    "XEC-10": {"repairs.labour_per_hour": "110.00", "support.stages": ["remote", "authorised_provider"]},
    "HPJ-1": {"renewal.best_effort": ["package"]},
    "HPJ-2": {"quote.valid_days": 60, "start.after": ["warranty", "package"]},
    "HPJ-3": {"order.windows.package.kinds": ["warranty", "package"]},
    "HPJ-4": {
        "quote.request.any_of": [
            ["service_id"],
            ["contract_number"],
            ["product_number", "product_name", "serial_number", "quantity"],
            ["support_serial_number"],
        ]
    },
    "HPJ-5": {"term.choices": [12, 24, 36, 48, 60]},
    "HPJ-6": {"reenrolment.conditions": [{"rule": "HPJ-6", "fact": "works"}]},
    "HPJ-7": {
        "order.forms.forms.reply_form.needs": ["signed_by", "signed_on", "seal"],
        "order.forms.forms.reply_form.document": "order_form",
    },
    "HPJ-8": {
        "billing.mailed": True,
        "order.documents.documents": [
            "delivery_note",
            "covered_equipment",
            "support_contacts",
            "terms_summary",
            "service_specification",
        ],
    },
    "HPJ-9": {
        "desk.hours": [
            {"days": WEEKDAYS, "opens": "09:00:00", "closes": "12:00:00"},
            {"days": WEEKDAYS, "opens": "13:00:00", "closes": "17:30:00"},
        ],
        "desk.closed_yearly": ["12-29", "12-30", "12-31", "01-02", "01-03"],
        "desk.answer_hours": 4,
        "support.escalation": {"rule": "HPJ-9", "before_hours": 1},
    },
    "HPJ-10": {"support.stages": ["answer"]},
    "ICM-1": {
        "support.stages": ["remote", "dispatch"],
        "support.acknowledged": True,
        "support.levels.onsite.stages": ["remote", "dispatch"],
        "support.levels.depot.stages": ["mail_in", "depot_repair"],
        "support.levels.remote.stages": ["remote"],
    },
    "ICM-3": {"repairs.quote_rule": "ICM-3"},
    "ICM-2": {
        "copies.documents": ["contract_copy", "covered_equipment"],
        "replacement.documents": ["covered_equipment"],
        "start.after": ["warranty"],
    },
    "ICM-4": {"billing.periods": [1, 3, 12]},
    "ICM-5": {
        "cancellation.reasons.returned.needs": ["return_date", "lease_quote"],
        "cancellation.reasons.returned.band.notice_months": 1,
    },
    "ICM-9": {"reenrolment.free_with": "new_licence"},
    "ICM-10": {
        "requests.move.needs": ["to_country", "to_address", "moves_on"],
        "requests.move.tell": ["assigned", "executed"],
    },
    "ICM-11": {"quote.valid_days": 30, "order.forms.forms.electronic_signature.needs": ["signed_by", "signed_on"]},
}
"""By rule: a place in the terms of its programme, and what stands there."""

TAXES: dict[str, dict[tuple[str, str | None, str], str]] = {
    "XEC": {("CA", "AB", "2027-01-01"): "5"},
    "ICM": {
        ("CA", "AB", "2027-01-01"): "5",
        ("CA", "QC", "2027-01-01"): "14.975",
        ("CA", "ON", "2027-01-01"): "13",
        ("CA", "NB", "2027-01-01"): "15",
        ("CA", "NS", "2025-03-31"): "15",
        ("CA", "NS", "2027-01-01"): "14",
    },
}
SPOKEN = {"HPG": ["fr", "en"], "HPP": ["en", "fr", "ja"], "XEC": ["fr", "en"], "HPJ": ["ja", "en"], "ICM": ["fr", "en"]}


def plain(terms: Terms) -> dict[str, Any]:
    """The terms as plain values, without what is as it is by default."""
    return terms.model_dump(mode="json", exclude_defaults=True)


def at(values: Any, place: str) -> Any:
    """What stands at a place, named by dots; None where there is nothing."""
    for name in place.split("."):
        if isinstance(values, list):
            values = values[int(name)] if int(name) < len(values) else None
        elif isinstance(values, dict):
            values = values.get(name)
        else:
            return None
    return values
