"""What a product still lacks before a step: values of its kind's fields, evidence, settled contributions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.kernel.formats import format_number
from operations.gates import Gate, add_gate
from operations.kinds import GATES
from operations.selectors.kind import form_of, missing_in
from operations.transitions import BEGIN_PILOT, RELEASE, SUBMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrOrPromise

    from operations.kinds import EvidenceNeed
    from operations.models import Product

WHOLE: Final = Decimal(100)


def missing_details(product: Product) -> list[str]:
    """Labels of the required fields of its kind that have no value yet; at most one query."""
    return missing_in(form_of(product), product.details)


def missing_needs(product: Product, transition_name: str) -> list[EvidenceNeed]:
    """Evidence that a step asks for and no file gives, with that of the steps before it; at most two queries."""
    if transition_name not in GATES:
        return []
    asked = GATES[: GATES.index(transition_name) + 1]
    needs = [one for one in form_of(product).evidence if one.gate in asked]
    if not needs:
        return []
    given = set(product.files.filter(removed_at__isnull=True).exclude(evidence="").values_list("evidence", flat=True))
    return [one for one in needs if one.key not in given]


def missing_evidence(product: Product, transition_name: str) -> list[str]:
    """Labels of the evidence that a step asks for and no file gives; at most two queries."""
    return [one.label for one in missing_needs(product, transition_name)]


def unsettled_contributions(product: Product) -> list[str]:
    """What keeps the contributions from being settled, in words; one query.

    Nothing named at all means that the author alone made it, which is settled.
    """
    rows = list(product.contributions.select_related("institution").order_by("-share", "id"))
    if not rows:
        return []
    found: list[str] = []
    total = sum((row.share for row in rows), Decimal(0))
    if total != WHOLE:
        found.append(
            _("the shares add up to %(total)s percent, not to 100") % {"total": format_number(total, 2 if total % 1 else 0)}
        )
    for row in rows:
        if row.contested_at is not None:
            found.append(_("%(name)s contests its part") % {"name": row.institution.name})
        elif row.confirmed_at is None:
            found.append(_("%(name)s has not confirmed its part") % {"name": row.institution.name})
    return found


_AUTHOR = gettext_lazy("people of the institution that drafts it")
_ADAPTER = gettext_lazy("people of the media think tank that adapts it")


def _evidence_for(step: str) -> Callable[[Product], list[StrOrPromise]]:
    def check(product: Product) -> list[StrOrPromise]:
        """Evidence that the step asks for and no file gives."""
        return list(missing_evidence(product, step))

    return check


add_gate(
    SUBMIT,
    Gate(
        "details",
        gettext_lazy("The fields of its kind are filled in"),
        lambda product: list(missing_details(product)),
        (_AUTHOR,),
        "product_edit",
    ),
)
for _step in (SUBMIT, BEGIN_PILOT, RELEASE):
    add_gate(
        _step,
        Gate(
            "evidence",
            gettext_lazy("The evidence of its kind is there"),
            _evidence_for(_step.name),
            (_AUTHOR, _ADAPTER),
            "product_files",
        ),
    )
add_gate(
    RELEASE,
    Gate(
        "contributions",
        gettext_lazy("Who made it is settled"),
        lambda product: list(unsettled_contributions(product)),
        (_AUTHOR, gettext_lazy("people of the institutions that are named")),
        "product_detail",
        anchor="contributions",
    ),
)
