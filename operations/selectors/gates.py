"""The gates that every product has: texts written, text handed over, changes made, pilot passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from operations.choices import PilotState, ProductState
from operations.gates import Gate, add_gate
from operations.transitions import BEGIN_PILOT, RELEASE, SUBMIT

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from operations.models import Product

AUTHOR = _("people of the institution that drafts it")
MEDIA = _("people of an institution in the media group")


def missing_texts(product: Product) -> list[StrOrPromise]:
    """Which of the texts a draft needs are not written in any language."""
    missing: list[StrOrPromise] = []
    if not product.summary_en and not product.summary_zh:
        missing.append(_("a summary in English or in Chinese"))
    if not product.body_en and not product.body_zh:
        missing.append(_("the text in English or in Chinese"))
    return missing


def missing_handover(product: Product) -> list[StrOrPromise]:
    """Whether a media think tank handed the text over."""
    if product.adapter_id is None:
        return [_("a media think tank that adapts it")]
    if product.adapted_at is None:
        return [_("the word of its media think tank that the text is ready")]
    return []


def missing_result(product: Product) -> list[StrOrPromise]:
    """Whether the present version passed its pilot, and the release is proposed; one query."""
    passed = product.pilots.filter(version=product.version, state=PilotState.PASSED).exists()
    if not passed:
        return [_("a passed pilot of version %(version)s") % {"version": product.version}]
    if product.release_proposed_at is None:
        return [_("the proposal of the release, which the workflow makes when a pilot has passed")]
    return []


add_gate(SUBMIT, Gate("texts", _("Summary and text are written"), missing_texts, (AUTHOR,), "product_edit"))
add_gate(
    BEGIN_PILOT,
    Gate(
        "handover",
        _("The media group has handed the text over"),
        missing_handover,
        (MEDIA,),
        "product_adapt",
        sources=frozenset({ProductState.TRANSFORMING}),
    ),
)
add_gate(
    RELEASE,
    Gate("passed", _("This version has passed its pilot"), missing_result, (_("the pilot firms, by their answers"),)),
)
