"""Which step may follow which in a declared conflict of interest."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.kernel.transitions import Transition, name_states
from groups.choices import ConflictState

RECUSE = Transition(
    name="recuse",
    label=_("Rule that it stands aside"),
    sources=frozenset({ConflictState.DECLARED}),
    target=ConflictState.RECUSED,
    permission="groups.rule_conflict",
)
CLEAR_CONFLICT = Transition(
    name="clear_conflict",
    label=_("Rule that there is no conflict"),
    sources=frozenset({ConflictState.DECLARED, ConflictState.RECUSED}),
    target=ConflictState.CLEARED,
    permission="groups.rule_conflict",
)
END_CONFLICT = Transition(
    name="end_conflict",
    label=_("Note that it is over"),
    sources=frozenset({ConflictState.DECLARED, ConflictState.RECUSED}),
    target=ConflictState.ENDED,
    permission="groups.rule_conflict",
)

name_states(list(ConflictState.choices))
