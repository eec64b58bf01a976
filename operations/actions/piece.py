"""Pieces: written by the media group, checked by the authors, published with their product, withdrawn (Zheng2018, 4.3).

Every act takes the lock of the product before that of the piece, so that no pilot begins while a piece is written, and
everybody takes both in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, permissions, require
from groups.actions.conflict import require_no_conflict
from groups.choices import GroupKind
from groups.selectors.conflict import list_recused
from members.models import Institution
from operations.actions.product import lock_product
from operations.actions.snapshot import take_snapshot
from operations.choices import (
    PieceAudience,
    PieceChannel,
    PieceKind,
    PieceState,
    ProductState,
    ReviewVerdict,
    SnapshotOccasion,
)
from operations.models import Piece, PieceCheck
from operations.permissions import CHANGE_PIECE, CHECK_PIECE, VIEW_PRODUCT, own_institutions
from operations.selectors.people import institutions_in_group, staff_of
from operations.selectors.piece import WORKING_STATES
from operations.signals import PIECE_PUBLISHED, PIECE_WITHDRAWN
from operations.transitions import (
    APPROVE_PIECE,
    PUBLISH_PIECE,
    RENEW_PIECE,
    REOPEN_PIECE,
    RETURN_PIECE,
    SUBMIT_PIECE,
    WITHDRAW_PIECE,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User
    from operations.models import Product

PIECE_FIELDS: Final = (
    "kind", "audience", "audience_words", "channel", "title_en", "title_zh", "body_en", "body_zh",
)  # fmt: skip
"""What the maker writes."""
PIECE_TEXTS: Final = ("audience_words", "title_en", "title_zh", "body_en", "body_zh")
LONGEST_BODY: Final = 100_000
_CHOICES: Final = {"kind": PieceKind, "audience": PieceAudience, "channel": PieceChannel}


class PieceConflictError(DomainError):
    """Somebody else changed the piece meanwhile; nothing was saved.

    Attributes:
        theirs: The fields as they stand now.
        revision: Revision to save upon after comparing.
    """

    code = "edit_conflict"

    def __init__(self, piece: Piece) -> None:
        super().__init__(
            _("Someone else changed this record at %(time)s. Compare both versions, then save again.")
            % {"time": f"{timezone.localtime(piece.changed_at):%H:%M}"},
            remedy=_("Your text was not saved yet; it stands below beside theirs."),
            details={"revision": piece.revision},
        )
        self.theirs = {name: getattr(piece, name) for name in PIECE_FIELDS}
        self.revision = piece.revision


def lock_piece(alliance: Alliance, code: str) -> Piece:
    """The piece and its product, both locked until the transaction ends, the product first.

    Raises:
        NotFoundError: No piece of this alliance has the code.
    """
    found = Piece.objects.of(alliance).filter(code=code).values_list("product__code", flat=True).first()
    if found is None:
        raise NotFoundError
    product = lock_product(alliance, found)
    piece = Piece.objects.of(alliance).select_for_update(of=("self",)).select_related("version", "maker").get(code=code)
    piece.product = product
    return piece


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(values) - set(PIECE_FIELDS)):
        raise InvalidInputError(
            _("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, code="unknown_fields"
        )
    cleaned = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    for name, choices in _CHOICES.items():
        if name in cleaned and cleaned[name] not in choices.values:
            words = _("Choose one from the list.")
            raise InvalidInputError(words, fields={name: words})
    for name, most in (
        ("title_en", 200),
        ("title_zh", 200),
        ("audience_words", 200),
        ("body_en", LONGEST_BODY),
        ("body_zh", LONGEST_BODY),
    ):
        if len(cleaned.get(name) or "") > most:
            longer = _("This is longer than %(most)s characters.") % {"most": most}
            raise InvalidInputError(longer, fields={name: longer})
    return cleaned


def _check_complete(piece: Piece, *, with_text: bool) -> None:
    missing: dict[str, Any] = {}
    for name in _CHOICES:
        if not getattr(piece, name):
            missing[name] = _("Choose one from the list.")
    if not piece.title_en and not piece.title_zh:
        missing["title_en"] = _("Give a title in English or in Chinese.")
    if with_text and not piece.body_en and not piece.body_zh:
        missing["body_en"] = _("Write the text in English or in Chinese.")
    if missing:
        raise InvalidInputError(
            _("The piece is not complete: %(what)s") % {"what": " ".join(str(words) for words in missing.values())},
            code="piece_incomplete",
            fields=missing,
        )


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        words = _("Say why, so that the others know what to change.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    return reason[:4000]


def _require_working(product: Product) -> None:
    if product.state not in WORKING_STATES:
        raise DomainError(
            _("Nothing can be made of a product in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="product_not_ready",
            remedy=_("Pieces are made once the draft was reviewed, and as long as the product is in use."),
        )


def _params(piece: Piece, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a piece may use."""
    return {
        "title_en": piece.title_en,
        "title_zh": piece.title_zh,
        "code": piece.code,
        "product_en": piece.product.title_en,
        "product_zh": piece.product.title_zh,
        **more,
    }


def _place(piece: Piece) -> dict[str, str]:
    return {"code": piece.product.code, "piece": piece.code}


def _ask(piece: Piece, kind: str, key: str, institution_id: int, *, url_name: str, at: datetime) -> None:
    inbox.ask(
        piece.alliance,
        kind,
        key,
        inbox.institution(institution_id),
        params=_params(piece),
        url_name=url_name,
        url_kwargs=_place(piece),
        at=at,
    )


def _tell(piece: Piece, institution_ids: set[int], kind: str, key: str, *, at: datetime, **params: Any) -> None:
    notify(
        piece.alliance,
        staff_of(piece.alliance, institution_ids, at=at),
        kind,
        key,
        params=_params(piece, **params),
        at=at,
        url_name="piece_detail",
        url_kwargs=_place(piece),
    )


def _move(
    piece: Piece,
    step: Transition,
    *,
    actor: User | None,
    at: datetime,
    fields: tuple[str, ...] = (),
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
) -> None:
    """Take a piece's step: check, write, record. The caller holds the locks and asked permission."""
    step.check(piece.state)
    before = piece.state
    piece.state, piece.state_since = step.target, at
    piece.save(update_fields=["state", "state_since", *fields])
    record_audit(
        piece,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": piece.state, "product": piece.product.code, "version": piece.version.number, **(after or {})},
        personal=personal,
        at=at,
    )


def _settle(piece: Piece, *, by: User | None, at: datetime) -> None:
    """Take everything about the piece out of the inboxes."""
    inbox.settle_all(piece.alliance, f"piece-check:{piece.code}:", by=by, at=at)
    for key in (f"piece-returned:{piece.code}", f"piece-publish:{piece.code}"):
        inbox.settle(piece.alliance, key, by=by, at=at)


@transaction.atomic
def draft_piece(
    alliance: Alliance,
    product_code: str,
    *,
    actor: User,
    institution_id: int,
    values: Mapping[str, Any],
    at: datetime,
    code: str = "",
) -> Piece:
    """Begin a piece of a product, resting on its texts as they stand.

    Args:
        alliance: The tenant.
        product_code: The product, which the actor may read.
        actor: A person of the maker.
        institution_id: The maker; it must have a seat in the media group.
        values: Of PIECE_FIELDS.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        NotFoundError: No such product, or it is not open to the actor.
        PermissionRefusedError: The actor does not act for the institution in the media group.
        ConflictOfInterestError: The institution stands aside from the product.
        DomainError: ``product_not_ready``: it is a draft, in review, or out of use.
        InvalidInputError: The title is missing, or a choice is unknown.
    """
    product = lock_product(alliance, product_code)
    if not can(actor, VIEW_PRODUCT, product):
        raise NotFoundError
    maker = Institution.objects.of(alliance).filter(pk=institution_id).first()
    if maker is None:
        raise NotFoundError
    piece = Piece(
        alliance=alliance,
        product=product,
        maker=maker,
        created_by=actor,
        created_at=at,
        changed_by=actor,
        changed_at=at,
        state_since=at,
    )
    require(actor, CHANGE_PIECE, piece)
    if maker not in institutions_in_group(alliance, GroupKind.MEDIA, at=at):
        declared = permissions.get(CHANGE_PIECE)
        raise PermissionRefusedError(declared.act, permission=CHANGE_PIECE, who=declared.describe_holders())
    require_no_conflict(alliance, institution_id, product.matter)
    _require_working(product)
    for name, value in _clean(values).items():
        setattr(piece, name, value)
    _check_complete(piece, with_text=False)
    piece.version = take_snapshot(product, SnapshotOccasion.PIECE, actor=actor, at=at)
    piece.code = code or next_code(Piece, alliance, "PC", 3)
    piece.save()
    record_audit(
        piece,
        actor=actor,
        verb="draft_piece",
        after={
            "code": piece.code,
            "product": product.code,
            "version": piece.version.number,
            "maker": maker.code,
            "kind": piece.kind,
            "audience": piece.audience,
            "channel": piece.channel,
        },
        personal={name: getattr(piece, name) for name in PIECE_TEXTS if getattr(piece, name)},
        at=at,
    )
    return piece


@transaction.atomic
def update_piece(
    alliance: Alliance, code: str, *, actor: User, values: Mapping[str, Any], revision: int, at: datetime
) -> Piece:
    """Change a piece; one that was found correct already must be checked again.

    Args:
        alliance: The tenant.
        code: The piece's code.
        actor: A person of its maker.
        values: Changed fields, of PIECE_FIELDS.
        revision: Revision the actor started from.
        at: Now.

    Raises:
        PieceConflictError: Somebody saved meanwhile; carries their text.
        DomainError: ``not_editable``: the authors are checking it, or it is out already.
    """
    piece = lock_piece(alliance, code)
    require(actor, CHANGE_PIECE, piece)
    require_no_conflict(alliance, piece.maker_id, piece.product.matter)
    _require_working(piece.product)
    if piece.state not in {PieceState.DRAFT, PieceState.APPROVED}:
        raise DomainError(
            _("The text cannot be changed in the state “%(state)s”.") % {"state": piece.get_state_display()},
            code="not_editable",
            remedy=_(
                "It can be changed until it is handed in, and again when the authors have spoken. Withdraw one that is out."
            ),
        )
    cleaned = _clean(values)
    if piece.revision != revision:
        raise PieceConflictError(piece)
    changed = {name: value for name, value in cleaned.items() if getattr(piece, name) != value}
    if not changed:
        return piece
    before = {name: getattr(piece, name) for name in changed if name not in PIECE_TEXTS}
    for name, value in changed.items():
        setattr(piece, name, value)
    _check_complete(piece, with_text=False)
    piece.revision += 1
    piece.changed_at, piece.changed_by = at, actor
    piece.save(update_fields=[*changed, "revision", "changed_at", "changed_by"])
    record_audit(
        piece,
        actor=actor,
        verb="update_piece",
        before=before,
        after={
            **{name: changed[name] for name in before},
            "fields": sorted(changed),
            "revision": piece.revision,
        },
        personal={name: changed[name] for name in changed if name in PIECE_TEXTS},
        at=at,
    )
    if piece.state == PieceState.APPROVED:
        _move(piece, REOPEN_PIECE, actor=actor, at=at)
        inbox.settle(alliance, f"piece-publish:{code}", by=actor, at=at)
    return piece


@transaction.atomic
def submit_piece(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Piece:
    """Hand a piece in to the authors of its product; it rests on the product's texts as they stand at this moment.

    Raises:
        InvalidInputError: It has no text yet.
        DomainError: ``no_checker``: every author of the product is the maker itself or stands aside.
    """
    piece = lock_piece(alliance, code)
    require(actor, SUBMIT_PIECE.permission, piece)
    SUBMIT_PIECE.check(piece.state)
    product = piece.product
    require_no_conflict(alliance, piece.maker_id, product.matter)
    _require_working(product)
    _check_complete(piece, with_text=True)
    checkers = piece.checking_institution_ids - list_recused(alliance, product.matter)
    if not checkers:
        raise DomainError(
            _("Nobody could check this piece: its maker is the product's only author, or the authors stand aside."),
            code="no_checker",
            remedy=_(
                "Let another media think tank make it, or have another author named among the product's contributions."
            ),
        )
    piece.version = take_snapshot(product, SnapshotOccasion.PIECE, actor=actor, at=at)
    _move(piece, SUBMIT_PIECE, actor=actor, at=at, fields=("version",), after={"revision": piece.revision})
    inbox.settle(alliance, f"piece-returned:{code}", by=actor, at=at)
    for institution_id in sorted(checkers):
        _ask(piece, "piece_check", f"piece-check:{code}:{institution_id}", institution_id, url_name="piece_check", at=at)
    return piece


@transaction.atomic
def check_piece(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    institution_id: int,
    verdict: str,
    comment: str,
    revision: int,
    at: datetime,
) -> Piece:
    """Give an author's word on a piece: it is correct, or it goes back with reasons.

    Source: Zheng2018, section 4.3: the media group transforms, the wisdom group answers for the content.

    Args:
        alliance: The tenant.
        code: The piece's code.
        actor: A person of that institution, who did not write the piece.
        institution_id: The product's author, or an institution that confirmed its part in it; never the maker.
        verdict: ``approve`` or ``return``.
        comment: Reasons; required to send back.
        revision: Revision that was read.
        at: Now.

    Raises:
        PermissionRefusedError: The institution is no author, or the actor does not act for it.
        SeparationOfDutiesError: The actor acts for the maker too, or wrote the piece.
        ConflictOfInterestError: The institution stands aside from the product.
        PieceConflictError: The piece was changed since it was read.
    """
    piece = lock_piece(alliance, code)
    mine = own_institutions(actor, alliance, at=at)
    if piece.maker_id in mine or actor.pk in {piece.created_by_id, piece.changed_by_id}:
        raise SeparationOfDutiesError(
            _("Whoever makes a piece does not check it."), who=permissions.get(CHECK_PIECE).describe_holders()
        )
    require(actor, CHECK_PIECE, piece)
    if institution_id not in piece.checking_institution_ids & mine:
        declared = permissions.get(CHECK_PIECE)
        raise PermissionRefusedError(declared.act, permission=CHECK_PIECE, who=declared.describe_holders())
    require_no_conflict(alliance, institution_id, piece.product.matter)
    if verdict not in ReviewVerdict.values:
        words = _("Choose whether the piece is correct.")
        raise InvalidInputError(words, fields={"verdict": words})
    step = APPROVE_PIECE if verdict == ReviewVerdict.APPROVE else RETURN_PIECE
    step.check(piece.state)
    if piece.revision != revision:
        raise PieceConflictError(piece)
    text = comment.strip()[:4000]
    if step is RETURN_PIECE and not text:
        words = _("Say what is wrong, so that the maker can change it.")
        raise InvalidInputError(words, code="reason_missing", fields={"comment": words})
    check = PieceCheck.objects.create(
        alliance=alliance,
        piece=piece,
        revision=piece.revision,
        institution_id=institution_id,
        checker=actor,
        verdict=verdict,
        comment=text,
        at=at,
    )
    _move(
        piece,
        step,
        actor=actor,
        at=at,
        after={"check": check.pk, "institution": check.institution.code, "revision": piece.revision},
        personal={"comment": text} if text else None,
    )
    inbox.settle_all(alliance, f"piece-check:{code}:", by=actor, at=at)
    if step is RETURN_PIECE:
        _ask(piece, "piece_returned", f"piece-returned:{code}", piece.maker_id, url_name="piece_detail", at=at)
    elif piece.product.state == ProductState.RELEASED:
        _ask(piece, "piece_publish", f"piece-publish:{code}", piece.maker_id, url_name="piece_publish", at=at)
    _tell(
        piece,
        {piece.maker_id},
        "piece_approved" if step is APPROVE_PIECE else "piece_sent_back",
        f"piece_check:{check.pk}",
        at=at,
        reason=text,
    )
    return piece


@transaction.atomic
def renew_piece(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Piece:
    """Let a piece rest on the product's present version; the authors check it again.

    Raises:
        DomainError: ``already_current``: it rests on it already. ``product_not_ready``: nothing is made of the product now.
    """
    piece = lock_piece(alliance, code)
    require(actor, RENEW_PIECE.permission, piece)
    RENEW_PIECE.check(piece.state)
    require_no_conflict(alliance, piece.maker_id, piece.product.matter)
    _require_working(piece.product)
    before = piece.version
    piece.version = take_snapshot(piece.product, SnapshotOccasion.PIECE, actor=actor, at=at)
    if piece.version.pk == before.pk:
        raise DomainError(
            _("The piece rests on the present version %(number)s already.") % {"number": before.number},
            code="already_current",
        )
    _move(piece, RENEW_PIECE, actor=actor, at=at, fields=("version",), after={"version_before": before.number})
    inbox.settle(alliance, f"piece-publish:{code}", by=actor, at=at)
    return piece


@transaction.atomic
def publish_piece(alliance: Alliance, code: str, *, actor: User, at: datetime, link: str = "") -> Piece:
    """Publish a piece that was found correct, once its product is released in the version it rests on.

    Args:
        alliance: The tenant.
        code: The piece's code.
        actor: A person of its maker, an editor, or the secretariat.
        at: Now.
        link: Where it went out besides, an address beginning with https://; may be empty.

    Raises:
        DomainError: ``product_not_released``; ``piece_outdated``: the product has gone on to a later version.
        InvalidInputError: The link is no web address.
    """
    piece = lock_piece(alliance, code)
    require(actor, PUBLISH_PIECE.permission, piece)
    PUBLISH_PIECE.check(piece.state)
    require_no_conflict(alliance, piece.maker_id, piece.product.matter)
    if piece.product.state != ProductState.RELEASED:
        raise DomainError(
            _("A piece is published once its product is released; the product is in the state “%(state)s”.")
            % {"state": piece.product.get_state_display()},
            code="product_not_released",
            remedy=_("The maker is told as soon as the product is released."),
        )
    if piece.is_outdated:
        raise DomainError(
            _("The piece rests on version %(number)s, released was version %(present)s.")
            % {"number": piece.version.number, "present": piece.product.version},
            code="piece_outdated",
            remedy=_("Take up the present version, and let the authors check the piece again."),
        )
    address = link.strip()
    if address:
        try:
            URLValidator(schemes=["https", "http"])(address)
        except ValidationError as error:
            words = _("Give a whole address, such as https://example.org/piece.")
            raise InvalidInputError(words, fields={"link": words}) from error
        if len(address) > 500:
            longer = _("This is longer than %(most)s characters.") % {"most": 500}
            raise InvalidInputError(longer, fields={"link": longer})
    piece.link, piece.published_at = address, at
    _move(
        piece,
        PUBLISH_PIECE,
        actor=actor,
        at=at,
        fields=("link", "published_at"),
        after={"channel": piece.channel, "has_link": bool(address)},
    )
    _settle(piece, by=actor, at=at)
    emit(
        alliance,
        PIECE_PUBLISHED,
        {"product": piece.product.code, "piece": code, "version": piece.version.number},
    )
    _tell(piece, {piece.product.author_id, piece.maker_id}, "piece_published", f"piece_published:{code}", at=at)
    return piece


@transaction.atomic
def withdraw_piece(alliance: Alliance, code: str, *, actor: User, reason: str, at: datetime) -> Piece:
    """Take a piece back in any state, with the reason; its record stays, and its public page says that it was withdrawn.

    Args:
        alliance: The tenant.
        code: The piece's code.
        actor: A person of its maker or of the product's authors, an editor, or the secretariat.
        reason: Why; maker and author read it.
        at: Now.

    Raises:
        InvalidInputError: No reason was given.
    """
    piece = lock_piece(alliance, code)
    require(actor, WITHDRAW_PIECE.permission, piece)
    WITHDRAW_PIECE.check(piece.state)
    text = _reason(reason)
    was_published = piece.state == PieceState.PUBLISHED
    _move(piece, WITHDRAW_PIECE, actor=actor, at=at, after={"was_published": was_published}, personal={"reason": text})
    _settle(piece, by=actor, at=at)
    emit(
        alliance,
        PIECE_WITHDRAWN,
        {"product": piece.product.code, "piece": code, "was_published": was_published},
    )
    _tell(piece, {piece.product.author_id, piece.maker_id}, "piece_withdrawn", f"piece_withdrawn:{code}", at=at, reason=text)
    return piece


@transaction.atomic
def follow_product(alliance: Alliance, product_code: str, *, at: datetime) -> None:
    """What a step of the product means for its pieces: publish the checked ones, or ask nobody about them any more.

    Called by a consumer of the product's steps; asking twice changes nothing.
    """
    product = lock_product(alliance, product_code)
    pieces = list(
        Piece.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("version", "maker")
        .filter(product=product)
        .exclude(state=PieceState.WITHDRAWN)
        .order_by("id")
    )
    for piece in pieces:
        piece.product = product
        if product.state in {ProductState.RETIRED, ProductState.WITHDRAWN}:
            _settle(piece, by=None, at=at)
        elif product.state == ProductState.RELEASED and piece.state == PieceState.APPROVED:
            _ask(piece, "piece_publish", f"piece-publish:{piece.code}", piece.maker_id, url_name="piece_publish", at=at)
