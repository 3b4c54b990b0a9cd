"""Faults: many contracts live three years in a house of real processes, while everything around them breaks.

Two things can go wrong with a vendor, and they are kept apart:

*A decision* is an answer on which the contract acts: a card that is declined, an address that takes no mail for good, a
payment that stays pending. It belongs to the life, so the simulator is told the same one. It follows from the effect's
own key (`decisions`) or from the payment token of the life (`domain.simulator.answered`), never from the moment.

*A fault* is everything else: a process that is killed, a vendor that says "not now", hangs, is gone, or does what it is
asked and loses its answer; a command that comes twice, at once or again after its answer was lost; another build. It
must leave no trace but the interpreter's own notes (`operations.*`), which are not compared. Therefore no fault lasts
longer than an effect's patience, which is set to two minutes here: beyond it a contract goes on without the answer, as
it should, and what the late answer changes has rightly another date than the simulator's.

*Once* means: one row for a domain key in our tables, at the payment provider and the desk; one mail for a Message-ID;
one event for an event's id. A mail whose answer was lost is sent again with the same Message-ID, an event with the same
id and content, signed again: who gets them knows them by it. A second id for one event, or an event out of its
contract's order, is a difference.

The seed gives the lives, the faults, their order and the pauses between them. It does not give the instants at which
processes meet: a round that failed is run again with its seed, perhaps more than once.

`house` and `builds` start and kill; `illness`, `post` and `listeners` are the vendors; `programmes`, `lives` and
`speech` make the lives, `player` asks for them; `expected`, `found` and `oracle` compare; `faults` and `rounds` put it
together.
"""
