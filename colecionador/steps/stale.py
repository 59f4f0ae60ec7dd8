"""Stale work: its delivery has gone back to the queue, and its redelivery does the work.

What is being done for it is given up at the next step, so that a connection that is lost again and
again, or a long outage, does not pile up work that nobody waits for. What is rendered already is
still committed: the redelivery is then a duplicate, which costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from colecionador.domain.failures import ErrorType, Failure
from colecionador.domain.messages import DeliveryId

IsStale = Callable[[DeliveryId], bool]
"""Whether a delivery has gone back; once it has, it stays so."""


class GivenUp(Exception):
    """Raised in a step to end its work without a result: nobody could settle the delivery."""


GONE_BACK = Failure(ErrorType.INTERNAL, "given up: its delivery has gone back to the queue")
"""In place of a variation that is not made any more; it is never recorded."""
