"""Opens resources to others and keeps the bookings of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from members.choices import (
    BLOCKING_BOOKINGS,
    BookingState,
    InstitutionState,
    ResourceAudience,
    ResourceKind,
    ResourceState,
)
from members.models import Institution, Resource, ResourceBooking, ResourceUser
from members.permissions import BOOK_RESOURCE, CHANGE_RESOURCE
from members.selectors.names import clean_text, sort_key_of
from members.selectors.resource import open_to
from members.transitions import CANCEL_BOOKING, CONFIRM_BOOKING, DECLINE_BOOKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

LONGEST_BOOKING = timedelta(days=31)
FURTHEST_AHEAD = timedelta(days=366)


@dataclass(slots=True)
class ResourceValues:
    """What is entered about a resource.

    Attributes:
        kind: One of ResourceKind.
        name_en: Name in English; one of the two names is needed.
        name_zh: Name in Chinese.
        description_en: What it is, in English.
        description_zh: The same in Chinese.
        terms_en: Terms of use in English.
        terms_zh: Terms of use in Chinese.
        place: Where it stands, or where it is reached.
        audience: Who may use it; one of ResourceAudience.
        named: Codes of the institutions that may use it, for the audience "named".
        is_bookable: Whether it is booked by time.
        needs_approval: Whether the owner answers each booking.
    """

    kind: str
    name_en: str = ""
    name_zh: str = ""
    description_en: str = ""
    description_zh: str = ""
    terms_en: str = ""
    terms_zh: str = ""
    place: str = ""
    audience: str = ResourceAudience.MEMBERS
    named: Sequence[str] = ()
    is_bookable: bool = True
    needs_approval: bool = True


def _checked(alliance: Alliance, values: ResourceValues, owner: Institution) -> tuple[dict[str, Any], list[Institution]]:
    problems: dict[str, StrOrPromise] = {}
    name_en, name_zh = clean_text(values.name_en), clean_text(values.name_zh)
    if not name_en and not name_zh:
        problems["name_en"] = _("Give the name in at least one language.")
    if values.kind not in ResourceKind.values:
        problems["kind"] = _("Choose a kind of resource.")
    if values.audience not in ResourceAudience.values:
        problems["audience"] = _("Choose who may use it.")
    named: list[Institution] = []
    if values.audience == ResourceAudience.NAMED:
        wanted = list(dict.fromkeys(code.strip() for code in values.named if code.strip()))
        named = list(Institution.objects.of(alliance).filter(code__in=wanted).exclude(pk=owner.pk))
        missing = sorted(set(wanted) - {institution.code for institution in named})
        if missing:
            problems["named"] = _("The alliance has no other institution of this code: %(codes)s.") % {
                "codes": ", ".join(missing[:5])
            }
        elif not named:
            problems["named"] = _("Name at least one institution by its code.")
    if problems:
        raise InvalidInputError(_("The resource cannot be kept as it stands."), code="resource_invalid", fields=problems)
    return {
        "kind": values.kind,
        "name_en": name_en,
        "name_zh": name_zh,
        "description_en": values.description_en.strip(),
        "description_zh": values.description_zh.strip(),
        "terms_en": values.terms_en.strip(),
        "terms_zh": values.terms_zh.strip(),
        "place": clean_text(values.place),
        "audience": values.audience,
        "is_bookable": values.is_bookable,
        "needs_approval": values.needs_approval,
        "sort_key": sort_key_of(name_en, name_zh),
    }, named


OPEN = ("kind", "audience", "is_bookable", "needs_approval")


def _free_texts(fields: dict[str, Any]) -> dict[str, str] | None:
    return {
        f"after.{name}": value for name, value in fields.items() if isinstance(value, str) and value and name not in OPEN
    } or None


@transaction.atomic
def add_resource(
    alliance: Alliance, institution_code: str, values: ResourceValues, *, actor: User, at: datetime, code: str = ""
) -> Resource:
    """Open a resource of an institution to others.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: A value breaks a rule, with the words at its field.
    """
    institution = Institution.objects.of(alliance).get(code=institution_code)
    resource = Resource(alliance=alliance, institution=institution)
    require(actor, CHANGE_RESOURCE, resource)
    fields, named = _checked(alliance, values, institution)
    resource.code = code or next_code(Resource, alliance, "RS", 3)
    for name, value in fields.items():
        setattr(resource, name, value)
    resource.save(force_insert=True)
    _name_users(resource, named)
    record_audit(
        resource,
        actor=actor,
        verb="add_resource",
        after={"code": resource.code, "institution": institution.code, **{name: fields[name] for name in OPEN}},
        personal=_free_texts(fields),
        at=at,
    )
    bump_content_version(alliance)
    return resource


def _name_users(resource: Resource, named: Sequence[Institution]) -> None:
    resource.users.all().delete()
    ResourceUser.objects.bulk_create(
        [ResourceUser(alliance_id=resource.alliance_id, resource=resource, institution=user) for user in named]
    )


def _locked(alliance: Alliance, code: str) -> Resource:
    return Resource.objects.of(alliance).select_for_update(of=("self",)).select_related("institution").get(code=code)


@transaction.atomic
def change_resource(
    alliance: Alliance, code: str, values: ResourceValues, *, state: str, actor: User, at: datetime
) -> Resource:
    """Change a resource, or pause or end its offer; bookings already made stay.

    Raises:
        Resource.DoesNotExist: No such resource here.
        InvalidInputError: A value breaks a rule.
    """
    resource = _locked(alliance, code)
    require(actor, CHANGE_RESOURCE, resource)
    fields, named = _checked(alliance, values, resource.institution)
    if state not in ResourceState.values:
        words = _("Choose whether it is on offer.")
        raise InvalidInputError(words, code="resource_invalid", fields={"state": words})
    fields["state"] = state
    changed = {name: value for name, value in fields.items() if getattr(resource, name) != value}
    clear = (*OPEN, "state")
    before = {name: getattr(resource, name) for name in changed if name in clear}
    for name, value in changed.items():
        setattr(resource, name, value)
    resource.save(update_fields=sorted(changed) or None)
    _name_users(resource, named)
    record_audit(
        resource,
        actor=actor,
        verb="change_resource",
        before=before,
        after={**{name: changed[name] for name in changed if name in clear}, "named": [user.code for user in named]},
        personal=_free_texts({name: value for name, value in changed.items() if name not in clear}),
        at=at,
    )
    bump_content_version(alliance)
    return resource


@transaction.atomic
def book_resource(
    alliance: Alliance,
    code: str,
    institution_code: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    purpose: str,
    actor: User,
    at: datetime,
) -> ResourceBooking:
    """Book a resource for an institution; confirmed at once, or after the owner's consent where it asks for that.

    Two bookings of one time cannot both stand, however close they come: the database refuses the second.

    Args:
        alliance: The tenant.
        code: The resource.
        institution_code: Who uses it.
        starts_at: Beginning; timezone-aware, not in the past, at most a year ahead.
        ends_at: End, not included; at most 31 days later.
        purpose: What for.
        actor: Needs ``members.book_resource`` for the institution.
        at: Now.

    Raises:
        Resource.DoesNotExist: No such resource, or it is not open to the institution.
        InvalidInputError: Not bookable, not on offer, time out of bounds or taken, no purpose.
    """
    institution = Institution.objects.of(alliance).get(code=institution_code)
    booking = ResourceBooking(alliance=alliance, institution=institution)
    require(actor, BOOK_RESOURCE, booking)
    resource = (
        Resource.objects.of(alliance)
        .filter(open_to(alliance, [institution.pk]))
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(code=code)
    )
    _check_booking(resource, institution, starts_at, ends_at, purpose, at)
    own = resource.institution_id == institution.pk
    booking.resource = resource
    booking.booked_by = actor
    booking.state = BookingState.REQUESTED if resource.needs_approval and not own else BookingState.CONFIRMED
    booking.starts_at, booking.ends_at, booking.purpose, booking.created_at = starts_at, ends_at, purpose.strip(), at
    try:
        with transaction.atomic():
            booking.save(force_insert=True)
    except IntegrityError as error:
        if "resource_booking_times_apart" not in str(error):
            raise
        taken = (
            ResourceBooking.objects.of(alliance)
            .filter(resource=resource, state__in=BLOCKING_BOOKINGS, starts_at__lt=ends_at, ends_at__gt=starts_at)
            .order_by("starts_at")
            .first()
        )
        words = _("This time is taken: %(start)s – %(end)s.") % {
            "start": f"{timezone.localtime(taken.starts_at if taken else starts_at):%Y-%m-%d %H:%M}",
            "end": f"{timezone.localtime(taken.ends_at if taken else ends_at):%Y-%m-%d %H:%M}",
        }
        raise InvalidInputError(
            words, code="time_taken", remedy=_("Choose another time."), fields={"starts_at": words}
        ) from error
    record_audit(
        resource,
        actor=actor,
        verb="book_resource",
        after={
            "booking": booking.uuid,
            "institution": institution.code,
            "state": booking.state,
            "from": starts_at,
            "until": ends_at,
        },
        personal={"after.purpose": booking.purpose},
        at=at,
    )
    if booking.state == BookingState.REQUESTED:
        inbox.ask(
            alliance,
            "booking_requested",
            f"booking:{booking.uuid}",
            inbox.institution(resource.institution_id),
            params=_names(resource),
            url_name="portal_resource_detail",
            url_kwargs={"code": resource.code},
            at=at,
            due_at=min(starts_at, at + timedelta(days=5)),
        )
    return booking


def _check_booking(
    resource: Resource, institution: Institution, starts_at: datetime, ends_at: datetime, purpose: str, at: datetime
) -> None:
    problems: dict[str, StrOrPromise] = {}
    if not resource.is_bookable or resource.state != ResourceState.OPEN:
        raise InvalidInputError(
            _("This resource cannot be booked now."),
            code="resource_closed",
            remedy=_("Ask the institution that owns it."),
        )
    if institution.state != InstitutionState.ACTIVE or resource.institution.state != InstitutionState.ACTIVE:
        raise InvalidInputError(_("Only active members book, and only from active members."), code="institution_not_active")
    if starts_at < at:
        problems["starts_at"] = _("Begin in the future.")
    elif starts_at > at + FURTHEST_AHEAD:
        problems["starts_at"] = _("At most a year ahead.")
    if ends_at <= starts_at:
        problems["ends_at"] = _("The end lies before the start.")
    elif ends_at - starts_at > LONGEST_BOOKING:
        problems["ends_at"] = _("At most 31 days at a time.")
    if not purpose.strip():
        problems["purpose"] = _("Say what for, in a few words; the owner reads it.")
    if problems:
        raise InvalidInputError(_("The booking cannot be made as it stands."), code="booking_invalid", fields=problems)


def confirm_booking(alliance: Alliance, booking: UUID, *, actor: User, at: datetime, answer: str = "") -> ResourceBooking:
    """Confirm a booking, by the owner.

    Raises:
        ResourceBooking.DoesNotExist: No such booking here.
        TransitionRefusedError: It is not waiting for an answer.
        InvalidInputError: Its time has begun.
    """
    return _move(alliance, booking, CONFIRM_BOOKING, actor=actor, at=at, answer=answer)


def decline_booking(alliance: Alliance, booking: UUID, *, actor: User, at: datetime, answer: str) -> ResourceBooking:
    """Decline a booking with a reason, by the owner.

    Raises:
        ResourceBooking.DoesNotExist: No such booking here.
        TransitionRefusedError: It is over already.
        InvalidInputError: No reason.
    """
    if not answer.strip():
        words = _("Say why, in a few words; the institution that asked reads it.")
        raise InvalidInputError(words, code="reason_missing", fields={"answer": words})
    return _move(alliance, booking, DECLINE_BOOKING, actor=actor, at=at, answer=answer)


def cancel_booking(alliance: Alliance, booking: UUID, *, actor: User, at: datetime) -> ResourceBooking:
    """Cancel a booking, by the institution that made it; the time is free again.

    Raises:
        ResourceBooking.DoesNotExist: No such booking here.
        TransitionRefusedError: It is over already.
    """
    return _move(alliance, booking, CANCEL_BOOKING, actor=actor, at=at)


@transaction.atomic
def _move(
    alliance: Alliance, uuid: UUID, step: Transition, *, actor: User, at: datetime, answer: str = ""
) -> ResourceBooking:
    booking = (
        ResourceBooking.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("resource", "institution", "booked_by")
        .get(uuid=uuid)
    )
    require(actor, step.permission, booking if step is CANCEL_BOOKING else booking.resource)
    step.check(booking.state)
    if step is CONFIRM_BOOKING and booking.starts_at <= at:
        raise InvalidInputError(
            _("Its time has begun: it can only be declined."), code="booking_begun", remedy=_("Decline it with a word.")
        )
    before = booking.state
    booking.state = step.target
    booking.answer = answer.strip()[:300]
    booking.save(update_fields=["state", "answer"])
    record_audit(
        booking.resource,
        actor=actor,
        verb=step.name,
        before={"booking": booking.uuid, "state": before},
        after={"booking": booking.uuid, "state": booking.state},
        personal={"answer": booking.answer} if booking.answer else None,
        at=at,
    )
    inbox.settle(alliance, f"booking:{booking.uuid}", by=actor, at=at)
    if actor.pk != booking.booked_by_id and step is not CANCEL_BOOKING:
        notify(
            alliance,
            [booking.booked_by],
            "booking_confirmed" if step is CONFIRM_BOOKING else "booking_declined",
            f"booking:{booking.uuid}:{booking.state}",
            params=_names(booking.resource),
            url_name="portal_resource_detail",
            url_kwargs={"code": booking.resource.code},
            at=at,
        )
    return booking


def _names(resource: Resource) -> dict[str, str]:
    return {"title_en": resource.name_en or resource.name_zh, "title_zh": resource.name_zh or resource.name_en}
