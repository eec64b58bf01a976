"""Clients' ratings: given by anybody, counted once confirmed by mail, comments shown once an editor agreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.models import RoleAssignment
from members.models import InstitutionStaff
from operations.actions.announce import tell
from operations.actions.point import raise_point
from operations.actions.product import lock_product
from operations.choices import PointSource, ProductState
from operations.models import FeedbackPoint
from operations.selectors.people import staff_of
from services.choices import CommentState, RatingState
from services.models import CatalogueEntry, Rating
from services.permissions import MODERATE_RATING
from services.selectors.product_page import point_key
from services.signals import RATING_CONFIRMED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

TOKEN_SALT: Final = "services.rating.confirm"  # noqa: S105 - names a use of the signing key, is no secret
CONFIRM_WITHIN: Final = timedelta(days=7)
SAME_TEXT_WITHIN: Final = timedelta(days=1)
LINKS_ALLOWED: Final = 1


class RatingLinkError(DomainError):
    """The link in the mail is no longer good."""

    code = "rating_link_invalid"
    status = 410


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What confirming did.

    Attributes:
        rating: The rating.
        first: False when it had been confirmed before.
    """

    rating: Rating
    first: bool


def hash_author(alliance: Alliance, email: str) -> str:
    """A keyed hash of an e-mail address: tells authors apart without keeping the address, differently in each alliance."""
    return salted_hmac("services.rating.author", f"{alliance.pk}:{email.strip().lower()}", algorithm="sha256").hexdigest()


def make_token(rating: Rating) -> str:
    """The signed text in the confirmation link."""
    return signing.dumps([rating.uuid.hex, rating.alliance_id], salt=TOKEN_SALT)


def read_token(alliance: Alliance, token: str) -> UUID:
    """The rating a confirmation link is for.

    Raises:
        RatingLinkError: The link is too old, was changed, or belongs to another alliance.
    """
    try:
        found, alliance_id = signing.loads(token, salt=TOKEN_SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature:
        found, alliance_id = "", None
    if alliance_id != alliance.pk:
        raise RatingLinkError(
            _("This link cannot be used: it is older than 7 days or not complete."),
            remedy=_("Rate the service again to get a new link."),
        )
    return UUID(hex=found)


@transaction.atomic
def submit_rating(
    alliance: Alliance,
    entry_code: str,
    *,
    score: int,
    client_kind: str,
    comment: str,
    email: str,
    language: str,
    at: datetime,
) -> Rating:
    """Take in a client's rating; it counts for nothing until its author confirms it through the mail.

    Args:
        alliance: The tenant.
        entry_code: Catalogue entry.
        score: 1 to 5.
        client_kind: One of ClientKind.
        comment: Free text or empty; at most one link.
        email: The author's address; only a keyed hash of it is stored.
        language: Language of the page, in which the mail is written.
        at: Now.

    Raises:
        NotFoundError: No entry open to the public has the code.
        InvalidInputError: The comment has too many links, or the same comment was sent a short while ago.
    """
    entry = CatalogueEntry.objects.of(alliance).public().filter(code=entry_code).first()
    if entry is None:
        raise NotFoundError
    text = comment.strip()
    if text.lower().count("http://") + text.lower().count("https://") + text.lower().count("www.") > LINKS_ALLOWED:
        raise InvalidInputError(
            _("The rating was not sent: the comment has more than one link."),
            fields={"comment": _("Leave at most one link in the comment.")},
        )
    author = hash_author(alliance, email)
    same = Rating.objects.of(alliance).filter(entry=entry, comment=text, created_at__gt=at - SAME_TEXT_WITHIN)
    if text and same.exclude(author_hash=author).exists():
        raise InvalidInputError(
            _("The rating was not sent: somebody else sent the same comment today."),
            fields={"comment": _("Say it in your own words.")},
        )
    rating = Rating.objects.create(
        alliance=alliance,
        entry=entry,
        score=score,
        client_kind=client_kind,
        comment=text,
        language=language,
        author_hash=author,
        created_at=at,
    )
    record_audit(
        rating,
        actor=None,
        verb="submit",
        after={"entry": entry.code, "score": score, "client_kind": client_kind},
        personal={"comment": text} if text else None,
        at=at,
    )
    return rating


@transaction.atomic
def confirm_rating(alliance: Alliance, token: str, *, at: datetime) -> Confirmation:
    """Count a rating whose author followed the link in the mail.

    Each author counts once per entry, with the first mark confirmed. People of the institutions that made or adapted the
    product do not count as clients of it (methods.md section 9).

    Raises:
        RatingLinkError: The link is too old, was changed, or its rating is gone.
        InvalidInputError: The author has a confirmed rating for this entry already.
        SeparationOfDutiesError: The author works for an institution that made the product.
    """
    wanted = read_token(alliance, token)
    rating = Rating.objects.of(alliance).filter(uuid=wanted).first()
    if rating is None:
        raise RatingLinkError(
            _("This link cannot be used: the rating is no longer there."),
            remedy=_("Rate the service again to get a new link."),
        )
    # One lock for all ratings of an entry: two links followed at once must not both count for one author.
    entry = (
        CatalogueEntry.objects.of(alliance).select_for_update(of=("self",)).select_related("product").get(pk=rating.entry_id)
    )
    rating = Rating.objects.of(alliance).select_for_update().get(pk=rating.pk)
    if rating.state == RatingState.CONFIRMED:
        return Confirmation(rating, first=False)
    counted = Rating.objects.of(alliance).counted().filter(entry=entry, author_hash=rating.author_hash)
    if counted.exists():
        raise InvalidInputError(
            _("You have rated this service before; that rating counts, this one does not."),
            code="rating_counts_once",
            status=409,
        )
    if _made_it(alliance, entry, rating.author_hash, at):
        raise SeparationOfDutiesError(
            _("This rating does not count: its author works for an institution that made or adapted the product."),
            code="rating_of_own_product",
        )
    before = rating.state
    rating.state, rating.confirmed_at = RatingState.CONFIRMED, at
    rating.save(update_fields=["state", "confirmed_at"])
    record_audit(rating, actor=None, verb="confirm", before=before, after=rating.state, at=at)
    if rating.comment:
        inbox.ask(
            alliance,
            "services.comment_to_check",
            f"rating-comment:{rating.uuid}",
            inbox.office(_moderators(alliance, at)),
            params={"title_en": entry.title_en, "title_zh": entry.title_zh, "score": rating.score},
            url_name="rating_moderation",
            at=at,
        )
    emit(alliance, RATING_CONFIRMED, {"entry": entry.code, "rating": str(rating.uuid)})
    bump_content_version(alliance)
    return Confirmation(rating, first=True)


def _made_it(alliance: Alliance, entry: CatalogueEntry, author_hash: str, at: datetime) -> bool:
    makers = [pk for pk in (entry.product.author_id, entry.product.adapter_id) if pk]
    staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution_id__in=makers)
    emails = staff.values_list("user__email", flat=True).distinct()
    return any(constant_time_compare(hash_author(alliance, email), author_hash) for email in emails)


def _moderators(alliance: Alliance, at: datetime) -> str:
    """The editors' role where the alliance has an editor, else the secretariat's."""
    has_editor = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.EDITOR).exists()
    return AllianceRole.EDITOR if has_editor else AllianceRole.SECRETARIAT


@transaction.atomic
def moderate_comment(alliance: Alliance, rating_uuid: UUID, *, show: bool, actor: User, at: datetime) -> Rating:
    """Decide whether the public may read a confirmed rating's comment; the mark counts either way.

    Raises:
        NotFoundError: No confirmed rating with a comment has this identifier here.
        PermissionRefusedError: The actor is neither editor nor of the secretariat.
    """
    require(actor, MODERATE_RATING, alliance)
    rating = Rating.objects.of(alliance).select_for_update().counted().filter(uuid=rating_uuid).exclude(comment="").first()
    if rating is None:
        raise NotFoundError
    before = rating.comment_state
    rating.comment_state = CommentState.SHOWN if show else CommentState.HIDDEN
    rating.save(update_fields=["comment_state"])
    record_audit(rating, actor=actor, verb="moderate", before=before, after=rating.comment_state, at=at)
    inbox.settle(alliance, f"rating-comment:{rating.uuid}", by=actor, at=at)
    bump_content_version(alliance)
    return rating


@transaction.atomic
def take_up_comment(alliance: Alliance, rating_uuid: UUID, *, actor: User, at: datetime) -> FeedbackPoint:
    """Hand a client's comment to the makers of the product as a point of feedback (P14); doing it again changes nothing.

    Whether the comment is shown to the public is another question: a comment that is not fit to be shown may still be right.

    Args:
        alliance: The tenant.
        rating_uuid: A confirmed rating with a comment.
        actor: An editor, or a person of the secretariat.
        at: Now.

    Raises:
        NotFoundError: No confirmed rating with a comment has this identifier here.
        PermissionRefusedError: The actor is neither editor nor of the secretariat.
        DomainError: ``product_out_of_use``: nobody answers for the product any more.
    """
    require(actor, MODERATE_RATING, alliance)
    rating = (
        Rating.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("entry__product")
        .counted()
        .filter(uuid=rating_uuid)
        .exclude(comment="")
        .first()
    )
    if rating is None:
        raise NotFoundError
    product = lock_product(alliance, rating.entry.product.code)
    key = point_key(rating)
    taken = FeedbackPoint.objects.of(alliance).filter(product=product, key=key).first()
    if taken is not None:
        return taken
    if product.state in {ProductState.RETIRED, ProductState.WITHDRAWN}:
        raise DomainError(
            _("The product is in the state “%(state)s”: nobody answers for it any more.")
            % {"state": product.get_state_display()},
            code="product_out_of_use",
            remedy=_("The comment stays with the rating."),
        )
    chinese = rating.language.startswith("zh")
    point = raise_point(
        product,
        key=key,
        source=PointSource.PUBLIC,
        text_en="" if chinese else rating.comment,
        text_zh=rating.comment if chinese else "",
        at=at,
    )
    record_audit(rating, actor=actor, verb="take_up_comment", after={"product": product.code, "point": point.pk}, at=at)
    makers = {product.author_id} | ({product.adapter_id} if product.adapter_id else set())
    tell(
        product,
        staff_of(alliance, makers, at=at),
        "services.comment_taken_up",
        f"comment_taken_up:{rating.uuid}",
        at=at,
        url_name="point_list",
        score=rating.score,
    )
    bump_content_version(alliance)
    return point
