"""State machines as data: which step may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import TransitionRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a life cycle.

    Attributes:
        name: Verb in code, also the audit verb.
        label: Verb as the reader sees it.
        sources: States from which the step is possible.
        target: State after it.
        permission: Permission asked of the actor; empty for steps only the system takes.
    """

    name: str
    label: StrOrPromise
    sources: frozenset[str]
    target: str
    permission: str = ""

    def __post_init__(self) -> None:
        """Teach the audit log the verb's words."""
        _verbs.setdefault(self.name, self.label)

    def check(self, state: str) -> None:
        """Refuse the step unless the record is in one of the source states.

        Raises:
            TransitionRefusedError: The state is not a source of this step.
        """
        if state not in self.sources:
            raise TransitionRefusedError(
                _("“%(step)s” is not possible now: the record is in the state “%(state)s”.")
                % {"step": self.label, "state": state_label(state)},
                remedy=_("Reload the page to see the current state and the steps that are open."),
                details={"transition": self.name, "state": state, "sources": sorted(self.sources)},
            )


_labels: dict[str, StrOrPromise] = {}
_verbs: dict[str, StrOrPromise] = {}
_records: dict[str, StrOrPromise] = {}
_fields: dict[str, StrOrPromise] = {}


def name_verbs(verbs: Mapping[str, StrOrPromise]) -> None:
    """Teach the audit log the words for acts that are no steps of a life cycle."""
    _verbs.update(verbs)


def name_records(records: Mapping[str, StrOrPromise]) -> None:
    """Teach the audit log the words for types of records, by ``app.model``."""
    _records.update(records)


def record_label(record_type: str, otherwise: StrOrPromise) -> StrOrPromise:
    """The words for a type of record."""
    return _records.get(record_type.lower(), otherwise)


def name_fields(fields: Mapping[str, StrOrPromise]) -> None:
    """Teach the audit log the words for keys of what was changed that are no fields with a name."""
    _fields.update(fields)


def key_label(key: str) -> StrOrPromise:
    """The words for a key, or the key itself without underscores where none were taught."""
    return _fields.get(key) or key.replace("_", " ")


def verb_label(verb: str) -> StrOrPromise:
    """The words for an act, or the verb itself without underscores where none were taught."""
    return _verbs.get(verb) or verb.replace("_", " ")


def name_states(choices: list[tuple[str, StrOrPromise]]) -> None:
    """Teach refusals the readable names of states; each app calls it with its choices."""
    _labels.update(choices)


def state_label(state: str) -> StrOrPromise:
    """The readable name of a state, or the state itself where none was taught."""
    return _labels.get(state, state)
