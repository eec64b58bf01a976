"""The way of a product: drafted, reviewed, adapted, (piloted), released, retired (Zheng2018, operational layer)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.codes import next_code
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.kernel.events import emit
from alliance.kernel.permissions import permissions, require
from groups.actions.conflict import require_no_conflict, screen_matter
from groups.choices import GroupKind
from groups.permissions import PUT_MOTION
from members.models import Institution
from operations.actions.announce import ask, move, tell
from operations.actions.snapshot import take_snapshot
from operations.choices import (
    PilotState,
    PointSource,
    ProductKind,
    ProductState,
    ReleaseRule,
    ReviewVerdict,
    SnapshotOccasion,
)
from operations.kinds import carry_over, clean_details
from operations.models import Pilot, Product, ProductReview
from operations.permissions import (
    ADAPT_PRODUCT,
    ADD_PRODUCT,
    CHANGE_PRODUCT,
    REVIEW_PRODUCT,
    holds_seat,
    own_institutions,
)
from operations.selectors.contribution import maker_ids
from operations.selectors.kind import form_in_force, form_of
from operations.selectors.people import institutions_in_group, staff_of
from operations.selectors.release import RULE_PERMISSIONS, involved_ids, motion_under_way, rule_of_release
from operations.signals import PRODUCT_CHANGED, PRODUCT_RELEASED, PRODUCT_RETIRED
from operations.transitions import (
    APPROVE,
    DECLINE_RELEASE,
    RELEASE,
    RETIRE,
    RETURN,
    SEND_BACK,
    SUBMIT,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

AUTHOR_FIELDS: Final = (
    "kind",
    "title_en",
    "title_zh",
    "summary_en",
    "summary_zh",
    "body_en",
    "body_zh",
    "client_en",
    "client_zh",
    "due_on",
    "details",
)
"""What the author writes; ``details`` are values of the kind's own fields by key."""
ADAPTER_FIELDS: Final = ("title_en", "title_zh", "summary_en", "summary_zh", "body_en", "body_zh")
"""What the media think tank turns into something usable."""


class EditConflictError(DomainError):
    """Somebody else changed the texts meanwhile; nothing was saved.

    Attributes:
        theirs: The texts as they stand now, by field.
        revision: Revision to save upon after comparing.
    """

    code = "edit_conflict"

    def __init__(self, product: Product, fields: tuple[str, ...]) -> None:
        changed = timezone.localtime(product.changed_at or product.created_at)
        super().__init__(
            _("Someone else changed this record at %(time)s. Compare both versions, then save again.")
            % {"time": f"{changed:%H:%M}"},
            remedy=_("Your text was not saved yet; it stands below beside theirs."),
            details={"revision": product.revision},
        )
        self.theirs = {name: getattr(product, name) for name in fields}
        self.revision = product.revision


def lock_product(alliance: Alliance, code: str) -> Product:
    """The product, locked until the transaction ends.

    Raises:
        NotFoundError: No product of this alliance has the code.
    """
    product = (
        Product.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("author", "adapter")
        .filter(code=code)
        .first()
    )
    if product is None:
        raise NotFoundError
    return product


def _clean(values: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, Any]:
    if unknown := sorted(set(values) - set(allowed)):
        raise InvalidInputError(
            _("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, code="unknown_fields"
        )
    cleaned = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    if "kind" in cleaned and cleaned["kind"] not in ProductKind.values:
        raise InvalidInputError(_("Choose a kind from the list."), fields={"kind": _("Choose a kind from the list.")})
    if not isinstance(cleaned.get("details", {}), Mapping):
        text = _("Give the values of the kind's fields by their keys.")
        raise InvalidInputError(text, fields={"details": text})
    for name in ("title_en", "title_zh", "client_en", "client_zh"):
        if len(cleaned.get(name) or "") > 200:
            text = _("This is longer than 200 characters.")
            raise InvalidInputError(text, fields={name: text})
    return cleaned


def _check_title(product: Product) -> None:
    if not product.title_en and not product.title_zh:
        text = _("Give a title in English or in Chinese.")
        raise InvalidInputError(text, code="title_missing", fields={"title_en": text})


def clean_reason(text: str) -> str:
    """The reason for a step back.

    Raises:
        InvalidInputError: It is empty.
    """
    reason = text.strip()
    if not reason:
        words = _("Say why, so that the others know what to change.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    return reason


@transaction.atomic
def draft_product(
    alliance: Alliance, *, actor: User, institution_id: int, values: Mapping[str, Any], at: datetime, code: str = ""
) -> Product:
    """Begin a draft in the name of an institution of the wisdom group.

    Args:
        alliance: The tenant.
        actor: A person of that institution, or the secretariat on its behalf.
        institution_id: The author; it must have a seat in the wisdom group.
        values: Texts by field, of AUTHOR_FIELDS.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        PermissionRefusedError: The actor neither acts for it in the wisdom group nor works in the secretariat.
        InvalidInputError: The institution has no such seat, the title is missing, or a field is unknown.
    """
    author = Institution.objects.of(alliance).filter(pk=institution_id).first()
    if author is None:
        raise NotFoundError
    cleaned = _clean(values, AUTHOR_FIELDS)
    product = Product(alliance=alliance, author=author, created_by=actor, state_since=at, changed_at=at, changed_by=actor)
    require(actor, ADD_PRODUCT, product)
    if author not in institutions_in_group(alliance, GroupKind.WISDOM, at=at):
        words = _("This institution has no seat in the wisdom group, which drafts products.")
        raise InvalidInputError(words, code="no_seat", fields={"institution": words})
    details = cleaned.pop("details", {})
    for name, value in cleaned.items():
        setattr(product, name, value)
    if not product.kind:
        text = _("Choose a kind from the list.")
        raise InvalidInputError(text, fields={"kind": text})
    _check_title(product)
    form = form_in_force(alliance, product.kind)
    product.form_version = form.version
    product.details = clean_details(form, details)
    product.code = code or next_code(Product, alliance, "P", 3)
    product.save()
    record_audit(
        product,
        actor=actor,
        verb="draft_product",
        after={"state": product.state, "code": product.code, "author": author.code, "kind": product.kind},
        personal={
            "title_en": product.title_en,
            "title_zh": product.title_zh,
            **({"details": _as_text(product.details)} if product.details else {}),
        },
        at=at,
    )
    return product


def _as_text(value: Any) -> str:
    """A text, or the values of a kind's fields as one."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, Mapping) else str(value)


def _in_its_form(product: Product, values: dict[str, Any]) -> dict[str, Any]:
    """The values of the kind's fields as the product's form keeps them; another kind takes over what fits it."""
    kind = values.get("kind", product.kind)
    given = values.pop("details", None)
    if kind == product.kind:
        if given is not None:
            values["details"] = clean_details(form_of(product), given, product.details)
        return values
    form = form_in_force(product.alliance, kind)
    carried = carry_over(form, product.details)
    values["details"] = clean_details(form, given, carried) if given is not None else carried
    values["form_version"] = form.version
    return values


def _write_texts(
    product: Product,
    values: Mapping[str, Any],
    allowed: tuple[str, ...],
    *,
    revision: int,
    actor: User,
    verb: str,
    at: datetime,
    more: Mapping[str, Any] | None = None,
) -> None:
    cleaned = _clean(values, allowed)
    if product.revision != revision:
        raise EditConflictError(product, allowed)
    cleaned = _in_its_form(product, cleaned)
    changed = {name: value for name, value in cleaned.items() if getattr(product, name) != value}
    before = {name: getattr(product, name) for name in changed}
    for name, value in {**changed, **(more or {})}.items():
        setattr(product, name, value)
    _check_title(product)
    product.revision += 1
    product.changed_at, product.changed_by = at, actor
    product.save(update_fields=[*changed, *(more or {}), "revision", "changed_at", "changed_by"])
    texts = {name for name in changed if name not in {"kind", "due_on", "form_version"}}
    record_audit(
        product,
        actor=actor,
        verb=verb,
        before={name: value for name, value in before.items() if name not in texts},
        after={
            **{name: value for name, value in changed.items() if name not in texts},
            "fields": sorted(changed),
            "revision": product.revision,
        },
        personal={name: _as_text(changed[name]) for name in texts},
        at=at,
    )
    emit(product.alliance, PRODUCT_CHANGED, {"product": product.code})


@transaction.atomic
def update_product(
    alliance: Alliance, code: str, *, actor: User, values: Mapping[str, Any], revision: int, at: datetime
) -> Product:
    """Change a draft, or its texts while it is being improved.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the author, or the secretariat.
        values: Changed fields, of AUTHOR_FIELDS.
        revision: Revision the actor started from.
        at: Now.

    Raises:
        EditConflictError: Somebody saved meanwhile; carries their texts.
        PermissionRefusedError: The actor may not.
        DomainError: ``not_editable``: it is being reviewed, adapted or tried, or is out already.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_PRODUCT, product)
    if product.state not in {ProductState.DRAFT, ProductState.IMPROVING}:
        raise DomainError(
            _("The text cannot be changed in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="not_editable",
            remedy=_("It can be changed as a draft and while it is being improved."),
        )
    _write_texts(product, values, AUTHOR_FIELDS, revision=revision, actor=actor, verb="update_product", at=at)
    return product


@transaction.atomic
def submit_product(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Product:
    """Hand a draft in for review by another institution.

    Before anybody is asked, rules find who is linked with its author and must stand aside.

    Raises:
        InvalidInputError: It has no summary or no text yet.
    """
    product = lock_product(alliance, code)
    require(actor, SUBMIT.permission, product)
    SUBMIT.check(product.state)
    missing = {
        name: words
        for name, words in (
            ("summary_en", _("Write a summary in English or in Chinese.")),
            ("body_en", _("Write the text in English or in Chinese.")),
        )
        if not getattr(product, name) and not getattr(product, name.replace("_en", "_zh"))
    }
    if missing:
        raise InvalidInputError(
            _("The draft is not complete: %(what)s") % {"what": " ".join(str(words) for words in missing.values())},
            code="draft_incomplete",
            fields=missing,
        )
    take_snapshot(product, SnapshotOccasion.SUBMITTED, actor=actor, at=at)
    move(product, SUBMIT, actor=actor, at=at)
    inbox.settle_all(alliance, f"product-returned:{code}:", by=actor, at=at)
    screen_matter(alliance, product.matter, at=at)
    for group in (GroupKind.WISDOM, GroupKind.POLICY):
        ask(product, "product_review", f"product-review:{code}:{group}", inbox.group(group), at=at)
    return product


@transaction.atomic
def review_product(
    alliance: Alliance, code: str, *, actor: User, institution_id: int, verdict: str, comment: str, at: datetime
) -> Product:
    """Give an institution's word on a draft: send it on to the media group, or back with reasons.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of that institution.
        institution_id: The reviewer, with a seat in the wisdom or the policy group; not the author.
        verdict: ``approve`` or ``return``.
        comment: Reasons; required to send back.
        at: Now.

    Raises:
        PermissionRefusedError: No such seat, or the actor does not act for it.
        SeparationOfDutiesError: The institution, or another one the actor acts for, is the author.
        ConflictOfInterestError: The institution stands aside from this product.
    """
    product = lock_product(alliance, code)
    require(actor, REVIEW_PRODUCT, product)
    if not holds_seat(actor, alliance, (GroupKind.WISDOM, GroupKind.POLICY), institution_id, at=at):
        declared = permissions.get(REVIEW_PRODUCT)
        raise PermissionRefusedError(declared.act, permission=REVIEW_PRODUCT, who=declared.describe_holders())
    acting = {institution_id, *own_institutions(actor, alliance, at=at)}
    if product.author_id in acting:
        raise SeparationOfDutiesError(
            _("Your own institution's draft is reviewed by another institution."),
            who=permissions.get(REVIEW_PRODUCT).describe_holders(),
        )
    if maker_ids(product) & acting:
        raise SeparationOfDutiesError(
            _("Your institution is named among those who made this product, so another institution reviews it."),
            who=permissions.get(REVIEW_PRODUCT).describe_holders(),
        )
    require_no_conflict(alliance, institution_id, product.matter)
    if verdict not in ReviewVerdict.values:
        words = _("Choose what shall happen with the draft.")
        raise InvalidInputError(words, fields={"verdict": words})
    step = APPROVE if verdict == ReviewVerdict.APPROVE else RETURN
    step.check(product.state)
    text = comment.strip() if verdict == ReviewVerdict.APPROVE else clean_reason(comment)
    review = ProductReview.objects.create(
        alliance=alliance,
        product=product,
        version=product.version,
        institution_id=institution_id,
        reviewer=actor,
        verdict=verdict,
        comment=text,
        at=at,
    )
    move(
        product,
        step,
        actor=actor,
        at=at,
        after={"review": review.pk, "institution": review.institution.code},
        personal={"comment": text} if text else None,
    )
    inbox.settle_all(alliance, f"product-review:{code}:", by=actor, at=at)
    if step is APPROVE:
        ask(product, "product_adapt", f"product-adapt:{code}", inbox.group(GroupKind.MEDIA), at=at)
    else:
        ask(
            product,
            "product_returned",
            f"product-returned:{code}:{review.pk}",
            inbox.institution(product.author_id),
            at=at,
        )
    tell(
        product,
        staff_of(alliance, [product.author_id], at=at),
        "product_approved" if step is APPROVE else "product_sent_back",
        f"review:{review.pk}",
        at=at,
        reason=text,
    )
    return product


@transaction.atomic
def adapt_product(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    institution_id: int,
    values: Mapping[str, Any],
    revision: int,
    ready: bool,
    at: datetime,
) -> Product:
    """Turn a reviewed draft into something usable; the first media think tank to do so becomes the adapter.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of that institution.
        institution_id: The media think tank, with a seat in the media group.
        values: Changed texts, of ADAPTER_FIELDS.
        revision: Revision the actor started from.
        ready: Whether the text may go to the pilot firms now.
        at: Now.

    Raises:
        PermissionRefusedError: No such seat, or another media think tank adapts it already.
        ConflictOfInterestError: The institution stands aside from this product.
        EditConflictError: Somebody saved meanwhile.
        DomainError: ``not_editable``: it is neither being adapted nor being improved.
    """
    product = lock_product(alliance, code)
    require(actor, ADAPT_PRODUCT, product)
    declared = permissions.get(ADAPT_PRODUCT)
    if not holds_seat(actor, alliance, (GroupKind.MEDIA,), institution_id, at=at):
        raise PermissionRefusedError(declared.act, permission=ADAPT_PRODUCT, who=declared.describe_holders())
    if product.adapter_id not in {None, institution_id}:
        raise PermissionRefusedError(
            declared.act, permission=ADAPT_PRODUCT, who=[_("people of the media think tank that adapts it")]
        )
    require_no_conflict(alliance, institution_id, product.matter)
    if product.state not in {ProductState.TRANSFORMING, ProductState.IMPROVING}:
        raise DomainError(
            _("The text cannot be changed in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="not_editable",
            remedy=_("The media group changes it while it is being adapted or improved."),
        )
    more: dict[str, Any] = {}
    if product.adapter_id is None:
        more["adapter_id"] = institution_id
    if product.state == ProductState.TRANSFORMING:
        more["adapted_at"] = (product.adapted_at or at) if ready else None
    _write_texts(product, values, ADAPTER_FIELDS, revision=revision, actor=actor, verb="adapt_product", at=at, more=more)
    if "adapter_id" in more:
        inbox.settle(alliance, f"product-adapt:{code}", by=actor, at=at)
        if not ready:
            ask(product, "product_adapt", f"product-adapt:{code}", inbox.institution(institution_id), at=at)
    if product.state == ProductState.TRANSFORMING and ready:
        inbox.settle(alliance, f"product-adapt:{code}", by=actor, at=at)
        take_snapshot(product, SnapshotOccasion.ADAPTED, actor=actor, at=at)
        ask(product, "pilot_plan", f"pilot-plan:{code}", inbox.office(), at=at)
    return product


@transaction.atomic
def send_back_product(alliance: Alliance, code: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Send a product that is being adapted back to its author.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the adapter, or the secretariat.
        reason: What the author has to change; the author reads it.
        at: Now.

    Raises:
        InvalidInputError: No reason was given.
    """
    product = lock_product(alliance, code)
    require(actor, SEND_BACK.permission, product)
    SEND_BACK.check(product.state)
    text = clean_reason(reason)
    product.adapted_at = None
    move(product, SEND_BACK, actor=actor, at=at, personal={"reason": text}, fields=["adapted_at"], reason_code="sent_back")
    for key in (f"product-adapt:{code}", f"pilot-plan:{code}"):
        inbox.settle(alliance, key, by=actor, at=at)
    ask_to_draft_anew(product, text, at=at)
    return product


def ask_to_draft_anew(product: Product, reason: str, *, at: datetime) -> None:
    """Ask the author to change the draft, and tell why."""
    ask(
        product,
        "product_returned",
        f"product-returned:{product.code}:{product.state_since.isoformat()}",
        inbox.institution(product.author_id),
        at=at,
    )
    tell(
        product,
        staff_of(product.alliance, [product.author_id], at=at),
        "product_sent_back",
        f"sent-back:{product.code}:{at.isoformat()}",
        at=at,
        reason=reason,
    )


def passed_pilot(product: Product) -> Pilot | None:
    """The passed round of the product's present version, if there is one."""
    return product.pilots.filter(version=product.version, state=PilotState.PASSED).order_by("-round").first()


def _check_decider(product: Product, actor: User, *, at: datetime) -> None:
    """Refuse whoever the alliance's rule does not let decide, and institutions that made or tried it or stand aside.

    Asked after the row is locked, so that a declaration that was accepted before this decision counts.

    Raises:
        DomainError: ``motion_needed``: by the alliance's rule the management committee votes.
        PermissionRefusedError: By the rule somebody else decides.
        SeparationOfDutiesError: The actor's institution wrote, adapted or tried it.
        ConflictOfInterestError: The actor's institution stands aside.
    """
    mine = own_institutions(actor, product.alliance, at=at)
    rule = rule_of_release(product, at=at)
    motion = motion_under_way(product.alliance, product.code)
    if rule == ReleaseRule.MOTION or motion is not None:
        raise DomainError(
            _("The management committee decides on this release by a motion."),
            code="motion_needed",
            remedy=_("The motion %(code)s is under way; its result is carried out by itself.") % {"code": motion.code}
            if motion is not None
            else _("Draft the motion on the page of the decision."),
            who=permissions.get(PUT_MOTION).describe_holders(),
        )
    permission = RULE_PERMISSIONS[rule]
    require(actor, permission, product)
    if mine & involved_ids(product):
        raise SeparationOfDutiesError(
            _("People of an institution that wrote, adapted or tried a product do not decide on its release."),
            who=permissions.get(permission).describe_holders(),
        )
    require_no_conflict(product.alliance, mine, product.matter)


@transaction.atomic
def release_product(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Product:
    """Release a product to the industry: its present version has passed its pilot and the release is proposed.

    Last step of the operational cycle (Zheng2018). Of two people who release at once exactly one succeeds.

    Raises:
        PermissionRefusedError: By the alliance's rule somebody else decides.
        SeparationOfDutiesError: The actor's institution made or tried it.
        ConflictOfInterestError: The actor's institution stands aside.
        DomainError: ``already_released``, ``pilot_not_passed``, ``motion_needed``, ``gate_closed``.
        TransitionRefusedError: It is not in pilot.
    """
    product = lock_product(alliance, code)
    require(actor, RELEASE.permission, product)
    if product.state in {ProductState.RELEASED, ProductState.RETIRED}:
        raise DomainError(
            _("This product was released already, on %(day)s.")
            % {"day": f"{timezone.localtime(product.released_at or at):%Y-%m-%d %H:%M}"},
            code="already_released",
            remedy=_("Reload the page to see the current state and the steps that are open."),
        )
    RELEASE.check(product.state)
    _check_decider(product, actor, at=at)
    return carry_out_release(product, actor=actor, at=at)


def _by_motion(motion: str) -> dict[str, str]:
    """What the record says of a decision by motion."""
    return {"motion": motion} if motion else {}


def carry_out_release(
    product: Product, *, actor: User | None, at: datetime, motion: str = "", is_history: bool = False
) -> Product:
    """Release what was decided on; the caller holds the lock and has checked who decided.

    Args:
        product: Locked, in pilot.
        actor: Who decided; None for a motion.
        at: Now.
        motion: Code of the motion that decided.
        is_history: Told by a loader of a demonstration, see :func:`operations.actions.announce.move`.

    Raises:
        DomainError: ``pilot_not_passed``, ``gate_closed``.
    """
    from operations.actions.point import name_points_of_release  # noqa: PLC0415 - points use this module

    alliance, code = product.alliance, product.code
    pilot = passed_pilot(product)
    if pilot is None or product.release_proposed_at is None:
        raise DomainError(
            _("Version %(version)s has not passed its pilot yet.") % {"version": product.version},
            code="pilot_not_passed",
            remedy=_("A release is proposed when the pilot has closed and its answers reach every pass mark."),
        )
    product.released_at = at
    named = name_points_of_release(product)
    move(
        product,
        RELEASE,
        actor=actor,
        at=at,
        fields=["released_at"],
        after={"pilot_round": pilot.round, "mean_score": pilot.mean_score, "points": named, **_by_motion(motion)},
        is_history=is_history,
    )
    take_snapshot(product, SnapshotOccasion.RELEASED, actor=actor, at=at)
    _retire_predecessor(product, actor=actor, at=at)
    inbox.settle_all(alliance, f"release:{code}:", by=actor, at=at)
    emit(alliance, PRODUCT_RELEASED, {"product": code, "version": product.version})
    tell(
        product,
        staff_of(alliance, involved_ids(product), at=at),
        "product_released",
        f"product_released:{code}:{product.version}",
        at=at,
    )
    return product


def _retire_predecessor(product: Product, *, actor: User | None, at: datetime) -> None:
    """Take the version before out of use with the release of the next one, so that never two versions are in force."""
    if product.predecessor_id is None:
        return
    earlier = (
        Product.objects.of(product.alliance)
        .select_for_update(of=("self",))
        .select_related("author", "adapter")
        .get(pk=product.predecessor_id)
    )
    if earlier.state != ProductState.RELEASED:
        return
    earlier.retired_at = at
    move(
        earlier,
        RETIRE,
        actor=actor,
        at=at,
        fields=["retired_at"],
        after={"successor": product.code},
        reason_code="superseded",
    )
    emit(product.alliance, PRODUCT_RETIRED, {"product": earlier.code})


@transaction.atomic
def decline_release(alliance: Alliance, code: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Do not release a proposed product yet; the reason becomes a point to answer before the next round.

    Raises:
        DomainError: ``not_proposed``: no release is proposed.
    """
    from operations.actions.point import said  # noqa: PLC0415 - points use this module

    product = lock_product(alliance, code)
    require(actor, DECLINE_RELEASE.permission, product)
    DECLINE_RELEASE.check(product.state)
    _check_decider(product, actor, at=at)
    words = said(clean_reason(reason))
    texts = {"text_en": words.get("text_en", ""), "text_zh": words.get("text_zh", "")}
    return carry_out_decline(product, texts=texts, actor=actor, at=at)


def carry_out_decline(
    product: Product, *, texts: Mapping[str, str], actor: User | None, at: datetime, motion: str = ""
) -> Product:
    """Send a product whose release was declined to improvement; the caller holds the lock and has checked who decided.

    Args:
        product: Locked, in pilot.
        texts: The reason, as ``text_en`` and ``text_zh``.
        actor: Who decided; None for a motion.
        at: Now.
        motion: Code of the motion that decided.

    Raises:
        DomainError: ``not_proposed``: no release is proposed.
    """
    from operations.actions.point import raise_point  # noqa: PLC0415 - points use this module

    alliance, code = product.alliance, product.code
    text = texts.get("text_en") or texts.get("text_zh") or ""
    pilot = passed_pilot(product)
    if pilot is None or product.release_proposed_at is None:
        raise DomainError(_("No release is proposed for this product."), code="not_proposed")
    raise_point(
        product,
        key=f"decision:{pilot.pk}:{uuid.uuid4()}",
        source=PointSource.DECISION,
        pilot=pilot,
        raised_by=actor,
        at=at,
        text_en=texts.get("text_en", ""),
        text_zh=texts.get("text_zh", ""),
    )
    product.release_proposed_at = None
    move(
        product,
        DECLINE_RELEASE,
        actor=actor,
        at=at,
        fields=["release_proposed_at"],
        after=_by_motion(motion),
        personal={"reason": text},
        reason_code="release_declined",
    )
    inbox.settle_all(alliance, f"release:{code}:", by=actor, at=at)
    ask(
        product,
        "product_improve",
        f"improve:{code}:{pilot.round}",
        inbox.institution(product.author_id),
        at=at,
    )
    tell(
        product,
        staff_of(alliance, [product.author_id], at=at),
        "release_declined",
        f"release_declined:{code}:{pilot.round}",
        at=at,
        reason=text,
    )
    return product


@transaction.atomic
def retire_product(alliance: Alliance, code: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Take a released product out of use, with the reason; its record stays."""
    product = lock_product(alliance, code)
    require(actor, RETIRE.permission, product)
    RETIRE.check(product.state)
    text = clean_reason(reason)
    product.retired_at = at
    move(product, RETIRE, actor=actor, at=at, fields=["retired_at"], personal={"reason": text})
    emit(alliance, PRODUCT_RETIRED, {"product": code})
    return product
