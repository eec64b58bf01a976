"""Certificates: issued once for earned credits, named by the person, revoked by the office; reminders before they lapse.

A code has 16 characters of an alphabet of 31, nearly 80 bits: whoever does not hold the certificate cannot guess it.
"""

from __future__ import annotations

import calendar
import secrets
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import require
from alliance.models import InboxItem
from operations.actions.product import clean_reason
from operations.actions.project import refuse_field
from operations.models import Certificate
from operations.permissions import NAME_ON_CERTIFICATE, REVOKE_CERTIFICATE
from operations.selectors.learning import read_code
from operations.selectors.path_standing import certificate_state
from operations.signals import CERTIFICATE_REVOKED, COURSE_PASSED

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from operations.models import Course, Enrolment

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0, 1, I, L and O, which look like others on paper."""
LENGTH: Final = 16
REMIND_BEFORE: Final = timedelta(days=60)
"""How long before its last day a certificate is reminded of."""


def new_code() -> str:
    """A code that nobody can guess, in groups of four."""
    drawn = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    return "-".join(drawn[place : place + 4] for place in range(0, LENGTH, 4))


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last of the month where that month is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def course_params(course: Course, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a course may use."""
    return {"title_en": course.title_en, "title_zh": course.title_zh, "code": course.code, **more}


def credits_payload(enrolment: Enrolment, earned_on: date) -> dict[str, Any]:
    """What the events about earned credits say; the same when they are taken back."""
    return {
        "enrolment": enrolment.pk,
        "course": enrolment.session.course.code,
        "session": enrolment.session.number,
        "institution": enrolment.institution.code,
        "credits": str(enrolment.credits),
        "earned_on": earned_on.isoformat(),
    }


def give_credits(enrolment: Enrolment, *, actor: User, at: datetime) -> Certificate:
    """Credits and certificate of a passed course, once; the caller holds the session's lock and asked who may.

    The only place where credits are written. The database refuses a second certificate for the same enrolment.

    Args:
        enrolment: Locked with its session; its marks are set on it already.
        actor: Who assessed, or closed the session as held.
        at: Now.
    """
    alliance, course = enrolment.alliance, enrolment.session.course
    today = timezone.localtime(at).date()
    enrolment.credits = course.credits
    enrolment.save(update_fields=["attendance", "assessment", "assessed_by", "assessed_at", "credits"])
    certificate = Certificate.objects.create(
        alliance=alliance,
        code=new_code(),
        enrolment=enrolment,
        issued_on=today,
        expires_on=add_months(today, course.valid_months) if course.valid_months else None,
    )
    record_audit(
        certificate,
        actor=actor,
        verb="issue_certificate",
        after={
            "course": course.code,
            "session": enrolment.session.number,
            "person": str(enrolment.user.uuid),
            "institution": enrolment.institution.code,
            "credits": enrolment.credits,
            "expires_on": certificate.expires_on,
        },
        at=at,
    )
    emit(alliance, COURSE_PASSED, credits_payload(enrolment, today))
    earlier = Certificate.objects.of(alliance).filter(
        enrolment__user_id=enrolment.user_id, enrolment__session__course_id=course.pk
    )
    for code in earlier.exclude(pk=certificate.pk).values_list("code", flat=True):
        inbox.settle(alliance, f"certificate-expiring:{code}", by=actor, at=at)
    notify(
        alliance,
        [enrolment.user],
        "certificate_issued",
        f"certificate-issued:{certificate.code}",
        params=course_params(course, credits=f"{enrolment.credits.normalize():f}"),
        at=at,
        url_name="certificate_detail",
        url_kwargs={"code": certificate.code},
    )
    return certificate


def lock_certificate(alliance: Alliance, code: str) -> Certificate:
    """The certificate, locked until the transaction ends; the code without regard to case and hyphens.

    Raises:
        NotFoundError: No certificate of this alliance has the code.
    """
    certificate = (
        Certificate.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("enrolment__session__course", "enrolment__user", "enrolment__institution")
        .filter(code=read_code(code))
        .first()
    )
    if certificate is None:
        raise NotFoundError
    return certificate


@transaction.atomic
def revoke_certificate(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Certificate:
    """Revoke a certificate, with the reason; its credits count for nothing from now on.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: The reason is missing or longer than 300 characters.
        DomainError: ``certificate_revoked``: it is revoked already.
    """
    certificate = lock_certificate(alliance, code)
    require(actor, REVOKE_CERTIFICATE, certificate)
    words = clean_reason(reason)
    if len(words) > 300:
        raise refuse_field("reason", _("This is longer than %(most)s characters.") % {"most": 300})
    if certificate.revoked_at is not None:
        raise DomainError(
            _("This certificate was revoked on %(day)s.")
            % {"day": timezone.localtime(certificate.revoked_at).date().isoformat()},
            code="certificate_revoked",
        )
    certificate.revoked_at, certificate.revoked_by, certificate.revoke_reason = at, actor, words
    certificate.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    enrolment = certificate.enrolment
    record_audit(
        certificate,
        actor=actor,
        verb="revoke_certificate",
        before={"expires_on": certificate.expires_on},
        after={"course": enrolment.session.course.code, "credits": enrolment.credits},
        personal={"reason": words},
        at=at,
    )
    emit(alliance, CERTIFICATE_REVOKED, credits_payload(enrolment, certificate.issued_on))
    inbox.settle(alliance, f"certificate-expiring:{certificate.code}", by=actor, at=at)
    notify(
        alliance,
        [enrolment.user],
        "certificate_revoked",
        f"certificate-revoked:{certificate.code}",
        params=course_params(enrolment.session.course, reason=words),
        at=at,
        url_name="certificate_detail",
        url_kwargs={"code": certificate.code},
    )
    return certificate


@transaction.atomic
def decide_naming(alliance: Alliance, code: str, *, is_named: bool, actor: User, at: datetime) -> Certificate:
    """The person decides whether the public page names them; the same answer again changes nothing.

    Raises:
        PermissionRefusedError: It is somebody else's certificate.
    """
    certificate = lock_certificate(alliance, code)
    require(actor, NAME_ON_CERTIFICATE, certificate)
    if certificate.is_named == is_named:
        return certificate
    certificate.is_named = is_named
    certificate.save(update_fields=["is_named"])
    record_audit(
        certificate,
        actor=actor,
        verb="name_on_certificate",
        before={"is_named": not is_named},
        after={"is_named": is_named},
        at=at,
    )
    return certificate


@transaction.atomic
def remind_of_expiry(alliance: Alliance, certificate_id: int, *, at: datetime) -> bool:
    """Ask the person to renew a certificate that lapses soon; the system's own act.

    The item in the inbox, open or done, is the mark that it was told: running this again, or twice at the same time, tells
    nothing twice. An item whose certificate lapsed meanwhile leaves the inbox, because renewing it in time is over.

    Returns:
        Whether the person was asked now.
    """
    certificate = (
        Certificate.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("enrolment__session__course", "enrolment__user")
        .filter(pk=certificate_id, revoked_at__isnull=True, expires_on__isnull=False)
        .first()
    )
    if certificate is None or certificate.expires_on is None:
        return False
    today = timezone.localtime(at).date()
    key = f"certificate-expiring:{certificate.code}"
    if certificate_state(certificate.expires_on, is_revoked=False, today=today) != "valid":
        inbox.settle(alliance, key, by=None, at=at)
        return False
    if certificate.expires_on - today > REMIND_BEFORE or InboxItem.objects.of(alliance).filter(key=key).exists():
        return False
    enrolment = certificate.enrolment
    renewed = Certificate.objects.of(alliance).filter(
        enrolment__user_id=enrolment.user_id,
        enrolment__session__course_id=enrolment.session.course_id,
        revoked_at__isnull=True,
        pk__gt=certificate.pk,
    )
    if renewed.exists() or not enrolment.user.is_active:
        return False
    inbox.ask(
        alliance,
        "certificate_expiring",
        key,
        inbox.person(enrolment.user),
        params=course_params(
            enrolment.session.course,
            day_en=format_day(certificate.expires_on, "en"),
            day_zh=format_day(certificate.expires_on, "zh-hans"),
        ),
        url_name="certificate_detail",
        url_kwargs={"code": certificate.code},
        at=at,
        due_at=end_of(certificate.expires_on),
    )
    record_audit(
        certificate,
        actor=None,
        verb="certificate_expiring",
        after={"course": enrolment.session.course.code, "expires_on": certificate.expires_on},
        at=at,
    )
    return True


def end_of(day: date) -> datetime:
    """The last moment of a day in the platform's time zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
