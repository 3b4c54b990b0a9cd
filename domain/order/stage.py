"""The order: one-time fees, payment in time, inspection of what was long without cover, and its end as void."""

from __future__ import annotations

from domain.order import checkout, inspection, payment, void

CHECKS = checkout.CHECKS | payment.CHECKS | inspection.CHECKS
EVOLVE = checkout.EVOLVE | payment.EVOLVE | inspection.EVOLVE | void.EVOLVE
EFFECTS = checkout.EFFECTS | payment.EFFECTS | inspection.EFFECTS | void.EFFECTS
due = void.due
