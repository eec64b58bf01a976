"""Release by a motion of the management committee: drafted from the product's page, carried out exactly once (S12).

Whoever made or tried the product, or stands aside from it, has no vote: its own matter ``release:<code>`` notes each of them,
because on the product's own matter a maker must go on working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, override
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import lock_matter
from groups.actions.motion import draft_motion
from groups.choices import ConflictState, GroupKind, LinkKind, MotionState
from groups.models import ConflictOfInterest, Motion
from groups.selectors.conflict import list_recused
from groups.selectors.motion_effects import Effect, effects
from groups.signals import CONFLICTS_CHANGED
from members.models import Institution
from operations.actions.announce import ask
from operations.actions.product import carry_out_decline, carry_out_release, lock_product, passed_pilot
from operations.choices import ProductState, ReleaseRule
from operations.gates import open_points, require_gates
from operations.models import Product
from operations.permissions import RELEASE_PRODUCT
from operations.selectors.release import EFFECT, kept_from_deciding, motion_under_way, release_matter, rule_of_release
from operations.transitions import RELEASE

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

TITLES: Final = {"en": "Release of %(title)s (%(code)s)", "zh": "发布%(title)s（%(code)s）"}
TEXTS: Final = {
    "en": "The management committee releases version %(version)s of %(title)s to the industry. It passed its pilot in round "
    "%(round)s; the result stands on the product's page.",
    "zh": "管理委员会向行业发布%(title)s第%(version)s版。该版在第%(round)s轮试点中通过，结果见产品页面。",
}
"""Both languages stand in the motion, whatever the language of the person who drafts it."""


@transaction.atomic
def draft_release_motion(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Motion:
    """Draft the motion on a proposed release; its vote is opened on the motion's page.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: Needs ``operations.release_product`` and ``groups.put_motion``.
        at: Now.

    Raises:
        DomainError: ``not_by_motion`` (the alliance's rule is another), ``motion_under_way``, ``not_proposed``, ``gate_closed``.
        InvalidInputError: The committee is not established.
    """
    product = lock_product(alliance, code)
    require(actor, RELEASE_PRODUCT, product)
    RELEASE.check(product.state)
    if rule_of_release(product, at=at) != ReleaseRule.MOTION:
        raise DomainError(
            _("In this alliance a release is not decided by a motion."),
            code="not_by_motion",
            remedy=_("The rules of the pipeline say who decides."),
        )
    if (other := motion_under_way(alliance, code)) is not None:
        raise DomainError(
            _("The motion %(code)s on this is under way already.") % {"code": other.code}, code="motion_under_way"
        )
    pilot = passed_pilot(product)
    if pilot is None or product.release_proposed_at is None:
        raise DomainError(_("No release is proposed for this product."), code="not_proposed")
    require_gates(product, RELEASE)
    words: dict[str, Any] = {"code": code, "version": product.version, "round": pilot.round}
    title_en, title_zh = product.title_en or product.title_zh, product.title_zh or product.title_en
    motion = draft_motion(
        alliance,
        group_kind=GroupKind.COMMITTEE,
        title_en=(TITLES["en"] % {**words, "title": title_en})[:300],
        title_zh=(TITLES["zh"] % {**words, "title": f"《{title_zh}》"})[:300],
        text_en=TEXTS["en"] % {**words, "title": title_en},
        text_zh=TEXTS["zh"] % {**words, "title": f"《{title_zh}》"},
        effect=EFFECT,
        effect_params={"product": code, "version": product.version},
        matter=release_matter(code),
        actor=actor,
        at=at,
    )
    record_audit(product, actor=actor, verb="draft_release_motion", after={"motion": motion.code}, at=at)
    keep_aside(product, at=at)
    inbox.settle_all(alliance, f"release:{code}:", by=actor, at=at)
    return motion


def keep_aside(product: Product, *, at: datetime) -> list[str]:
    """Note that whoever made or tried a product, or stands aside from it, stands aside from the vote on its release.

    Running it again adds nothing. An open vote follows by the event, as with every conflict of interest.

    Returns:
        Codes of the institutions noted now.
    """
    alliance, matter = product.alliance, release_matter(product.code)
    wanted = kept_from_deciding(product) - list_recused(alliance, matter)
    if not wanted:
        return []
    lock_matter(alliance, matter, shared=False)
    known = set(
        ConflictOfInterest.objects.of(alliance)
        .filter(matter=matter, ended_at__isnull=True)
        .values_list("institution_id", flat=True)
    )
    # What somebody merely claimed counts now: here the rule finds it too.
    ConflictOfInterest.objects.of(alliance).filter(
        matter=matter, ended_at__isnull=True, institution_id__in=wanted & known
    ).update(state=ConflictState.DECLARED)
    institutions = list(Institution.objects.of(alliance).filter(pk__in=wanted).order_by("code"))
    ConflictOfInterest.objects.bulk_create(
        ConflictOfInterest(
            alliance=alliance,
            institution=institution,
            matter=matter,
            detected_by=LinkKind.PARTY,
            facts=[{"kind": LinkKind.PARTY, "party": "", "source": product.matter}],
            declared_at=at,
        )
        for institution in institutions
        if institution.pk not in known
    )
    for institution in institutions:
        record_audit(
            institution,
            actor=None,
            verb="detect_conflict",
            after={"matter": matter, "rule": LinkKind.PARTY, "source": product.matter},
            at=at,
        )
    codes = [institution.code for institution in institutions]
    if codes:
        emit(alliance, CONFLICTS_CHANGED, {"matter": matter, "institutions": codes})
    return codes


def follow_conflicts(alliance: Alliance, matter: str, *, at: datetime) -> None:
    """After a change of who stands aside from a product: the same hold for the vote on its release, if one is under way."""
    prefix, _colon, code = matter.partition(":")
    if prefix != "product" or motion_under_way(alliance, code) is None:
        return
    product = Product.objects.of(alliance).filter(code=code).first()
    if product is not None:
        keep_aside(product, at=at)


# ----------------------------------------------------------------------------------------------------------------- effect


def _product_of(alliance: Alliance, motion: Motion) -> Product | None:
    code = str(motion.effect_params.get("product", ""))
    return Product.objects.of(alliance).select_for_update(of=("self",)).filter(code=code).first()


def missing_for_release(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    """What keeps the vote from being opened; whoever may not vote is noted first."""
    product = _product_of(alliance, motion)
    if product is None or product.state != ProductState.PILOTING or product.release_proposed_at is None:
        return [_("No release is proposed for this product.")]
    if product.version != motion.effect_params.get("version"):
        return [_("The product has another version now; draft the motion anew.")]
    if motion.group is None or motion.group.kind != GroupKind.COMMITTEE:
        return [_("On a release the management committee votes.")]
    if motion.matter != release_matter(product.code):
        return [_("The motion does not name the release as its matter, so nobody would stand aside.")]
    keep_aside(product, at=timezone.now())
    return [words for view in open_points(product, RELEASE) for words in view.missing]


def apply_release(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """Carry out what was voted: release, decline, or ask again where there was no quorum.

    A product that was withdrawn, sent back or released meanwhile is left as it is; the record says so.
    """
    product = _product_of(alliance, motion)
    if product is None:
        return
    is_due = (
        product.state == ProductState.PILOTING
        and product.release_proposed_at is not None
        and product.version == motion.effect_params.get("version")
        and passed_pilot(product) is not None
    )
    shut = [view.key for view in open_points(product, RELEASE) if not view.done] if is_due else []
    if motion.state == MotionState.REJECTED and is_due:
        carry_out_decline(product, texts=_rejected(motion), actor=None, at=at, motion=motion.code)
    elif motion.state == MotionState.PASSED and is_due and not shut:
        carry_out_release(product, actor=None, at=at, motion=motion.code)
    elif is_due:
        for role in (AllianceRole.COMMITTEE, AllianceRole.SECRETARIAT):
            ask(product, "release_proposed", f"release:{product.code}:{role}", inbox.office(role), at=at)
        _note_no_effect(product, motion, shut, at=at)
    else:
        _note_no_effect(product, motion, shut, at=at)


def _rejected(motion: Motion) -> dict[str, str]:
    texts = {}
    for name, language in (("text_en", "en"), ("text_zh", "zh-hans")):
        with override(language):
            texts[name] = gettext(
                "The management committee rejected the release (motion %(code)s). Find out what it asks for."
            ) % {"code": motion.code}
    return texts


def _note_no_effect(product: Product, motion: Motion, shut: list[str], *, at: datetime) -> None:
    record_audit(
        product,
        actor=None,
        verb="release_motion_without_effect",
        after={"motion": motion.code, "outcome": motion.state, "state": product.state, "gates": shut},
        at=at,
    )


effects.register(EFFECT, Effect(EFFECT, gettext_lazy("release of a product"), missing_for_release, apply_release))
