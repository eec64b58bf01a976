"""Gates of the pipeline as data: what must be there before a product may take a step (blueprint section 6; S12).

A gate says what is missing, who can provide it and where. Every action asks :func:`require_gates` before its transition and the
product's page shows the same gates as a checklist, so that neither knows a rule the other does not. Topics of the layer
add theirs with :func:`add_gate` when the program starts (``operations.receivers``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from operations.models import Product


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that must be there before a step.

    Attributes:
        key: Name in code, unique per step.
        label: What must be there, as a statement that is true when the gate is open ("The text is written").
        check: What is still missing, in words; an empty list when the gate is open. Asks a fixed number of queries.
        who: Who can provide it, as translated phrases.
        url_name: Route where it is provided; takes the product's ``code``. Empty: nowhere in particular.
        anchor: Part of that page.
        sources: States from which the step asks for it; empty: from each of the step's states.
    """

    key: str
    label: StrOrPromise
    check: Callable[[Product], list[StrOrPromise]]
    who: Sequence[StrOrPromise] = ()
    url_name: str = ""
    anchor: str = ""
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate as it stands for one product.

    Attributes:
        key: The gate's key.
        label: What must be there.
        missing: What is still missing; empty when the gate is open.
        who: Who can provide it.
        code: Code of the product.
        url_name: Route where it is provided, or empty.
        anchor: Part of that page.
    """

    key: str
    label: StrOrPromise
    missing: tuple[StrOrPromise, ...]
    who: tuple[StrOrPromise, ...]
    code: str = ""
    url_name: str = ""
    anchor: str = ""

    @property
    def url(self) -> str:
        """Where it is provided, or empty; asked by pages only, for an address needs the alliance of the request."""
        if not self.url_name:
            return ""
        address = reverse(self.url_name, kwargs={"code": self.code})
        return f"{address}#{self.anchor}" if self.anchor else address

    @property
    def done(self) -> bool:
        """Whether the gate is open."""
        return not self.missing


GATES: Final[dict[str, tuple[Gate, ...]]] = {}
"""The gates of each step, by the transition's name, in the order they are shown."""


def add_gate(transition: Transition, gate: Gate) -> Gate:
    """Let a step ask for something more; at start-up only.

    Raises:
        ValueError: The step has another gate of this key already.
    """
    present = GATES.get(transition.name, ())
    if any(other.key == gate.key and other is not gate for other in present):
        message = f"the step {transition.name!r} has a gate {gate.key!r} already"
        raise ValueError(message)
    if gate not in present:
        GATES[transition.name] = (*present, gate)
    return gate


def open_points(product: Product, transition: Transition) -> list[GateView]:
    """The gates of a step for a product as it stands: those that are done and those that miss something."""
    return [
        GateView(
            key=gate.key,
            label=gate.label,
            missing=tuple(gate.check(product)),
            who=tuple(gate.who),
            code=product.code,
            url_name=gate.url_name,
            anchor=gate.anchor,
        )
        for gate in GATES.get(transition.name, ())
        if not gate.sources or product.state in gate.sources
    ]


def require_gates(product: Product, transition: Transition) -> None:
    """Refuse a step while one of its gates is shut.

    The caller holds the product's lock and has checked permission and state.

    Raises:
        DomainError: ``gate_closed``; names what is missing and who can provide it. ``details`` carries the keys of the gates.
    """
    shut = [view for view in open_points(product, transition) if not view.done]
    if not shut:
        return
    missing = [words for view in shut for words in view.missing]
    who = list(dict.fromkeys(words for view in shut for words in view.who))
    raise DomainError(
        _("“%(step)s” is not possible yet. Missing: %(missing)s.")
        % {"step": transition.label, "missing": "; ".join(str(words).rstrip(".。") for words in missing)},
        code="gate_closed",
        remedy=_("The product's page lists what its next step needs, and leads to where it is provided."),
        who=who,
        details={"transition": transition.name, "gates": [view.key for view in shut]},
    )
