"""The two verifications of a listing, by two people of two institutions (Liu2023: review before release).

The secretariat's office counts as one institution. Who made or changed the text, who acts for the listing's own institution or
for one that stands aside, and who acts for the institution of the first check, does not take part. All of this is asked under
the lock of the listing's row; the constraints of ``ListingCheck`` hold it besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.kernel.events import emit
from alliance.kernel.permissions import COMMITTEE, SECRETARIAT, can, grants_of, permissions, require
from groups.actions.conflict import require_no_conflict, screen_matter
from groups.selectors.conflict import is_recused
from services.actions.listing import (
    LISTING_FIELDS,
    MOST_DAYS,
    OPEN_DAYS,
    ask_to_check,
    lock_listing,
    move_listing,
    params_of,
    settle_checks,
    tell_owner,
)
from services.choices import ListingState, Verdict
from services.models import Listing, ListingCheck
from services.permissions import CHECK_LISTING, VIEW_LISTING, own_institutions
from services.selectors.match import is_tied_in_person
from services.signals import LISTING_CHECKED, LISTING_VERIFIED
from services.transitions import CHECK_LISTING as FIRST_STEP
from services.transitions import PUBLISH_LISTING, RETURN_LISTING

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance, User

POINT_FIELDS: Final = (*LISTING_FIELDS, "parties", "files")
"""What a point can be about: a field of the owner's form; empty: the whole."""
MOST_POINTS: Final = 40


def units_of(alliance: Alliance, actor: Any, *, at: datetime) -> list[int | None]:
    """The units a person can verify for: the office (None) and, for members of the committee, their institutions."""
    grants = grants_of(actor, alliance, at)
    found: list[int | None] = []
    if any(holder.holds(grants, alliance) for holder in SECRETARIAT):
        found.append(None)
    if any(holder.holds(grants, alliance) for holder in COMMITTEE):
        found += sorted(own_institutions(actor, alliance, at=at))
    return found


def first_check(listing: Listing) -> ListingCheck | None:
    """The check that the present revision passed already; one query."""
    return (
        ListingCheck.objects.of(listing.alliance)
        .filter(listing=listing, revision=listing.revision, step=1, verdict=Verdict.PASSED)
        .select_related("by", "institution")
        .first()
    )


def require_apart(listing: Listing, actor: User, institution_id: int | None, *, at: datetime) -> None:
    """Refuse whoever must not verify this listing in its present step.

    Args:
        listing: Waiting for a check; locked by an action, or read for a page.
        actor: Who would verify.
        institution_id: For which institution; None for the office.
        at: Now.

    Raises:
        PermissionRefusedError: The actor does not act for that unit.
        SeparationOfDutiesError: The actor has a part in the listing, or in the first check.
        ConflictOfInterestError: An institution of the actor stands aside, or the actor is an expert of the owner or advises it.
    """
    alliance = listing.alliance
    units = units_of(alliance, actor, at=at)
    if institution_id not in units:
        declared = permissions.get(CHECK_LISTING)
        raise PermissionRefusedError(declared.act, permission=CHECK_LISTING, who=declared.describe_holders())
    mine = own_institutions(actor, alliance, at=at)
    if listing.institution_id in mine:
        raise SeparationOfDutiesError(
            _("You act for the institution that lists this; somebody else verifies it."),
            code="own_listing",
            who=[_("people of two other institutions; the secretariat counts as one")],
        )
    if actor.pk in {listing.made_by_id, listing.changed_by_id}:
        raise SeparationOfDutiesError(_("You wrote this listing; somebody else verifies it."), code="own_text")
    require_no_conflict(alliance, {*mine, institution_id}, listing.matter)
    if is_tied_in_person(alliance, actor, [listing.institution_id], at=at):
        raise ConflictOfInterestError(
            _("You are an expert of the institution that lists this, or advise it; somebody else verifies it."),
            details={"matter": listing.matter},
        )
    first = first_check(listing) if listing.state == ListingState.CHECKED else None
    if first is None:
        return
    if first.by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You verified it as the first; another person of another institution verifies it as the second."),
            code="same_person",
        )
    theirs = own_institutions(first.by, alliance, at=at) if first.by is not None else set()
    if institution_id == first.institution_id or first.institution_id in mine or institution_id in theirs:
        raise SeparationOfDutiesError(
            _("The second check belongs to another institution than the first; the secretariat's office counts as one."),
            code="same_institution",
        )


def _clean_points(points: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Points with words, each at a known field.

    Raises:
        InvalidInputError: There is none, or one is about an unknown field.
    """
    kept = []
    for point in points:
        field, words = str(point.get("field", "")), str(point.get("words", "")).strip()
        if not words:
            continue
        if field and field not in POINT_FIELDS:
            unknown = _("A point is about a field that the form does not have.")
            raise InvalidInputError(unknown, code="point_invalid", fields={"points": unknown})
        kept.append({"field": field, "words": words[:1000]})
    if not kept:
        missing = _("Say what is to be done before it comes back, beside the field it is about.")
        raise InvalidInputError(missing, code="points_missing", fields={"points": missing})
    return kept[:MOST_POINTS]


def last_day(listing: Listing, today: date) -> date:
    """The day until which a listing published today is open: the owner's wish, a year at most, else 120 days."""
    if listing.expires_on is None or listing.expires_on < today:
        return today + timedelta(days=OPEN_DAYS)
    return min(listing.expires_on, today + timedelta(days=MOST_DAYS))


@transaction.atomic
def check_listing(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    institution_id: int | None,
    verdict: str,
    points: Iterable[Mapping[str, str]] = (),
    revision: int,
    at: datetime,
) -> Listing:
    """Verify a listing, or send it back with points; whoever passes it as the second publishes it.

    Args:
        alliance: The tenant.
        code: The listing's code.
        actor: Of the office, or a member of the committee.
        institution_id: The institution the actor verifies for; None for the office.
        verdict: A Verdict.
        points: Rows ``{"field", "words"}``; needed to send it back.
        revision: The revision the actor read.
        at: Now.

    Raises:
        NotFoundError: No such listing.
        TransitionRefusedError: It does not wait for a check (any more): somebody else was first.
        DomainError: ``listing_changed``: it was sent in anew since the actor read it.
        PermissionRefusedError, SeparationOfDutiesError, ConflictOfInterestError: See :func:`require_apart`; a conflict also
            where the institution of the first check stands aside since.
        InvalidInputError: ``points_missing``.
    """
    listing = lock_listing(alliance, code)
    require(actor, CHECK_LISTING, listing)
    if listing.state in {ListingState.PENDING, ListingState.CHECKED}:
        screen_matter(alliance, listing.matter, at=at)  # a link may be on record since it was sent in
        require_apart(listing, actor, institution_id, at=at)
    if verdict not in Verdict.values:
        words = _("Choose one from the list.")
        raise InvalidInputError(words, fields={"verdict": words})
    step = (
        RETURN_LISTING
        if verdict == Verdict.RETURNED
        else FIRST_STEP
        if listing.state == ListingState.PENDING
        else PUBLISH_LISTING
    )
    step.check(listing.state)
    if listing.revision != revision:
        raise DomainError(
            _("The listing was changed since you read it."), code="listing_changed", remedy=_("Read it again, then decide.")
        )
    if step is PUBLISH_LISTING:
        _require_first_check_stands(listing)
    place = 1 if listing.state == ListingState.PENDING else 2
    said = _clean_points(points) if verdict == Verdict.RETURNED else []
    check = ListingCheck.objects.create(
        alliance=alliance,
        listing=listing,
        revision=revision,
        step=place,
        verdict=verdict,
        points=said,
        institution_id=institution_id,
        by=actor,
        at=at,
    )
    record_audit(
        check,
        actor=actor,
        verb="verify_listing",
        after={"listing": code, "revision": revision, "step": place, "verdict": verdict, "points": len(said)},
        personal={f"point_{number}": point["words"] for number, point in enumerate(said, 1)},
        at=at,
    )
    settle_checks(listing, by=actor, at=at)
    if verdict == Verdict.RETURNED:
        _give_back(listing, actor=actor, at=at)
    elif place == 1:
        move_listing(listing, FIRST_STEP, actor=actor, at=at)
        ask_to_check(listing, step=2, office=institution_id is not None, at=at)
    else:
        _publish(listing, actor=actor, at=at)
    emit(
        alliance,
        LISTING_CHECKED,
        {"id": listing.pk, "code": code, "revision": revision, "step": place, "verdict": str(verdict)},
    )
    return listing


def _require_first_check_stands(listing: Listing) -> None:
    """Refuse to publish upon a first check whose institution stands aside since.

    Raises:
        ConflictOfInterestError: It does.
    """
    first = first_check(listing)
    if (
        first is not None
        and first.institution is not None
        and is_recused(listing.alliance, first.institution.pk, listing.matter)
    ):
        raise ConflictOfInterestError(
            _("The first check counts no more: %(name)s stands aside from this listing since.")
            % {"name": first.institution.name},
            remedy=_("Send it back with a point that says so; once its owner sends it in again, two others verify it."),
            details={"matter": listing.matter},
        )


def ask_to_complete(listing: Listing, *, at: datetime) -> None:
    """Ask the owner to complete what came back; the office, where it came from an outside source."""
    is_member = listing.institution_id is not None
    inbox.ask(
        listing.alliance,
        "services.listing_returned",
        f"listing-returned:{listing.code}",
        inbox.office() if listing.institution_id is None else inbox.institution(listing.institution_id),
        params=params_of(listing),
        url_name="portal_listing_edit" if is_member else "listing_desk_detail",
        url_kwargs={"code": listing.code},
        at=at,
    )


def _give_back(listing: Listing, *, actor: User, at: datetime) -> None:
    move_listing(listing, RETURN_LISTING, actor=actor, at=at)
    ask_to_complete(listing, at=at)
    tell_owner(listing, "services.listing_came_back", f"listing-returned:{listing.code}:{listing.revision}", at=at)


def _publish(listing: Listing, *, actor: User, at: datetime) -> None:
    today = timezone.localtime(at).date()
    listing.published_at, listing.expires_on, listing.renewals = at, last_day(listing, today), 0
    move_listing(
        listing,
        PUBLISH_LISTING,
        actor=actor,
        at=at,
        fields=("published_at", "expires_on", "renewals"),
        after={"expires_on": listing.expires_on.isoformat() if listing.expires_on else ""},
    )
    emit(listing.alliance, LISTING_VERIFIED, {"id": listing.pk, "code": listing.code, "revision": listing.revision})
    tell_owner(listing, "services.listing_published", f"listing-published:{listing.code}:{listing.revision}", at=at)


def may_check(listing: Listing, actor: Any, *, at: datetime) -> list[int | None]:
    """The units for which a person may take the step that is open now; for pages and buttons, as the action asks it."""
    if listing.state not in {ListingState.PENDING, ListingState.CHECKED}:
        return []
    if not can(actor, CHECK_LISTING, listing) or not can(actor, VIEW_LISTING, listing):
        return []
    found = []
    for unit in units_of(listing.alliance, actor, at=at):
        try:
            require_apart(listing, actor, unit, at=at)
        except DomainError:
            continue
        found.append(unit)
    return found
