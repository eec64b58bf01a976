"""What becomes of a verified listing: renewed, revised, withdrawn, met, expired.

Rules of renewal: while it is open and until 30 days after its last day, a listing whose text is the verified one (it always is:
texts change only in a draft) is kept open longer **once** without a new verification. After that, or later, it is taken back to
a draft and sent in again. Code and address stay in either case.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from members.choices import RIGHTS_ENDED, InstitutionState
from services.actions.listing import (
    MOST_DAYS,
    OPEN_DAYS,
    lock_listing,
    move_listing,
    require_standing,
    settle_checks,
    tell_owner,
)
from services.models import Listing
from services.permissions import own_institutions
from services.signals import LISTING_EXPIRED, LISTING_RENEWED
from services.transitions import (
    BEGIN_LISTING_TALKS,
    END_LISTING_TALKS,
    EXPIRE_LISTING,
    FULFIL_LISTING,
    RENEW_LISTING,
    REVISE_LISTING,
    WITHDRAW_LISTING,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance, User

RENEW_WITHIN: Final = timedelta(days=30)
"""How long after its last day a listing is renewed without a new verification."""
MOST_RENEWALS: Final = 1
"""Renewals of one verified text."""
LEFT: Final = RIGHTS_ENDED - {InstitutionState.MERGED}
"""States of an institution that left; what a merged entry lists moves to the one that stays."""


def renewal_refusal(listing: Listing, today: date) -> DomainError | None:
    """Why a listing cannot be renewed as it stands; None when it can. The state is not asked."""
    remedy = _("Take it back to a draft and send it in again. Its address stays the same.")
    if listing.renewals >= MOST_RENEWALS:
        return DomainError(_("It was renewed once since it was verified."), code="renewed_already", remedy=remedy)
    if listing.expires_on is not None and listing.expires_on + RENEW_WITHIN < today:
        return DomainError(
            _("Its last day lies more than %(days)s days back.") % {"days": RENEW_WITHIN.days},
            code="renewal_too_late",
            remedy=remedy,
        )
    return None


@transaction.atomic
def renew_listing(alliance: Alliance, code: str, *, actor: User, until: date | None = None, at: datetime) -> Listing:
    """Keep a listing open longer, under the same code and address, without a new verification.

    Args:
        alliance: The tenant.
        code: The listing's code.
        actor: A representative or handling officer of its institution.
        until: New last day, a year from today at most; None: 120 days from today.
        at: Now.

    Raises:
        TransitionRefusedError: It is neither published nor expired.
        DomainError: ``renewed_already``, ``renewal_too_late``, ``not_in_good_standing``.
        InvalidInputError: The day does not lie after the present last day, or too far ahead.
    """
    listing = lock_listing(alliance, code)
    require(actor, RENEW_LISTING.permission, listing)
    RENEW_LISTING.check(listing.state)
    require_standing(listing.institution)
    today = timezone.localtime(at).date()
    if refusal := renewal_refusal(listing, today):
        raise refusal
    last = until or today + timedelta(days=OPEN_DAYS)
    if last > today + timedelta(days=MOST_DAYS):
        words = _("A listing is open for a year at most; it can be renewed.")
        raise InvalidInputError(words, code="day_invalid", fields={"until": words})
    if last < today or (listing.expires_on is not None and last <= listing.expires_on):
        words = _("Choose a day after the present last day.")
        raise InvalidInputError(words, code="day_invalid", fields={"until": words})
    listing.expires_on, listing.renewals = last, listing.renewals + 1
    move_listing(
        listing,
        RENEW_LISTING,
        actor=actor,
        at=at,
        fields=("expires_on", "renewals"),
        after={"expires_on": last.isoformat(), "renewals": listing.renewals},
    )
    emit(alliance, LISTING_RENEWED, {"id": listing.pk, "code": code, "expires_on": last.isoformat()})
    return listing


@transaction.atomic
def revise_listing(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Listing:
    """Take a listing back to a draft to change it; nobody else reads it until it was verified anew.

    Raises:
        TransitionRefusedError: It is a draft already, in talks, or met.
    """
    listing = lock_listing(alliance, code)
    require(actor, REVISE_LISTING.permission, listing)
    move_listing(listing, REVISE_LISTING, actor=actor, at=at)
    settle_checks(listing, by=actor, at=at)
    return listing


@transaction.atomic
def withdraw_listing(alliance: Alliance, code: str, *, actor: User, reason: str = "", at: datetime) -> Listing:
    """Take a listing back; it stays on record and its owner can take it up again.

    Args:
        alliance: The tenant.
        code: The listing's code.
        actor: A representative or handling officer of its institution, or the secretariat.
        reason: Why; needed from the secretariat, the owner reads it.
        at: Now.

    Raises:
        ConflictOfInterestError: The actor is of the secretariat and stands aside.
        InvalidInputError: ``reason_missing``.
        TransitionRefusedError: It is in talks, met, or taken back already.
    """
    listing = lock_listing(alliance, code)
    require(actor, WITHDRAW_LISTING.permission, listing)
    WITHDRAW_LISTING.check(listing.state)
    said = reason.strip()[:2000]
    by_owner = is_owner(listing, actor, at=at)
    if not by_owner:
        require_no_conflict(alliance, own_institutions(actor, alliance, at=at), listing.matter)
    if not said and not by_owner:
        words = _("Say why; the institution reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    move_listing(
        listing,
        WITHDRAW_LISTING,
        actor=actor,
        at=at,
        personal={"reason": said} if said else None,
        after={"by_owner": by_owner},
    )
    _settle_everything(listing, by=actor, at=at)
    if not by_owner:
        tell_owner(listing, "services.listing_withdrawn", f"listing-withdrawn:{code}:{at.isoformat()}", at=at, reason=said)
    return listing


@transaction.atomic
def withdraw_listings_of(alliance: Alliance, institution_code: str, *, at: datetime) -> int:
    """Take back what an institution lists when nobody acts for it any more; a listing in talks stays with its parties.

    Running it again changes nothing.

    Returns:
        How many listings were taken back now.
    """
    codes = list(
        Listing.objects.of(alliance)
        .filter(institution__code=institution_code, institution__state__in=LEFT, state__in=WITHDRAW_LISTING.sources)
        .order_by("id")
        .values_list("code", flat=True)
    )
    for code in codes:
        listing = lock_listing(alliance, code)
        if listing.state in WITHDRAW_LISTING.sources:
            move_listing(listing, WITHDRAW_LISTING, actor=None, at=at, after={"by_owner": False})
            _settle_everything(listing, by=None, at=at)
    return len(codes)


@transaction.atomic
def fulfil_listing(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Listing:
    """Note that what was needed was found, or that what was offered was taken up."""
    listing = lock_listing(alliance, code)
    require(actor, FULFIL_LISTING.permission, listing)
    if not is_owner(listing, actor, at=at):
        require_no_conflict(alliance, own_institutions(actor, alliance, at=at), listing.matter)
    move_listing(listing, FULFIL_LISTING, actor=actor, at=at)
    _settle_everything(listing, by=actor, at=at)
    return listing


@transaction.atomic
def expire_listing(alliance: Alliance, listing_id: int, *, at: datetime) -> bool:
    """Note that the last day of a published listing has passed; readers did not meet it from that midnight on anyway.

    A listing in talks stays with its parties until the talks end.

    Returns:
        Whether it expired now.
    """
    code = Listing.objects.of(alliance).filter(pk=listing_id).values_list("code", flat=True).first()
    if code is None:
        return False
    listing = lock_listing(alliance, code)
    today = timezone.localtime(at).date()
    if listing.state not in EXPIRE_LISTING.sources or listing.expires_on is None or listing.expires_on >= today:
        return False
    move_listing(listing, EXPIRE_LISTING, actor=None, at=at, after={"expires_on": listing.expires_on.isoformat()})
    emit(alliance, LISTING_EXPIRED, {"id": listing.pk, "code": code})
    tell_owner(listing, "services.listing_expired", f"listing-expired:{code}:{listing.expires_on}", at=at)
    return True


@transaction.atomic
def remind_of_expiry(alliance: Alliance, listing_id: int, *, at: datetime) -> bool:
    """Tell the owner two weeks before the last day, once for each last day.

    Returns:
        Whether somebody was told now.
    """
    listing = Listing.objects.of(alliance).open(timezone.localtime(at).date()).filter(pk=listing_id).first()
    if listing is None or listing.expires_on is None or listing.institution_id is None:
        return False
    params = {
        f"due_{ending}": format_day(listing.expires_on, language) for ending, language in (("en", "en"), ("zh", "zh-hans"))
    }
    tell_owner(
        listing, "services.listing_expires_soon", f"listing-expiring:{listing.code}:{listing.expires_on}", at=at, **params
    )
    return True


@transaction.atomic
def begin_talks(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Listing:
    """Note that the institution talks with somebody about it: it leaves the public list. The caller asked permission."""
    listing = lock_listing(alliance, code)
    move_listing(listing, BEGIN_LISTING_TALKS, actor=actor, at=at)
    return listing


@transaction.atomic
def end_talks(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> Listing:
    """Note that talks ended without a result: it is public again until its last day. The caller asked permission."""
    listing = lock_listing(alliance, code)
    move_listing(listing, END_LISTING_TALKS, actor=actor, at=at)
    return listing


def _settle_everything(listing: Listing, *, by: User | None, at: datetime) -> None:
    settle_checks(listing, by=by, at=at)
    inbox.settle(listing.alliance, f"listing-returned:{listing.code}", by=by, at=at)


def is_owner(listing: Listing, actor: User, *, at: datetime) -> bool:
    """Whether the person acts for the institution that lists it."""
    return listing.institution_id is not None and listing.institution_id in own_institutions(actor, listing.alliance, at=at)
