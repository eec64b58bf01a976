"""Letters to applicants, who have no account: written in their language with the act, mailed by a task, kept as written.

The private link is computed from the row and the server's key when a letter is mailed, as that of invitations; the database
keeps its digest only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from alliance.kernel import faults, tenancy
from alliance.kernel.addresses import absolute_url
from alliance.kernel.formats import format_day
from alliance.kernel.registry import Registry
from members.choices import LetterKind
from members.models import Application, ApplicationLetter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance

carriers: Registry[Callable[[int, int], object]] = Registry("carrier of letters")
"""Who takes a letter to a worker after the commit: alliance and letter by primary key. The task registers itself."""

CLAIM_SECONDS = 120
LATE_AFTER = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=3)


def make_link_token(uuid: UUID, created_at: datetime, secret: str = "") -> str:
    """The token of an application's private link: computed, stored nowhere."""
    text = f"application:{uuid}:{created_at.timestamp():.6f}"
    digest = hmac.new((secret or settings.SECRET_KEY).encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def digest_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_of(alliance: Alliance, application: Application) -> str:
    """The applicant's private link, or an empty text when the server's key changed since and no former one fits."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = make_link_token(application.uuid, application.created_at, secret)
        if digest_of(token) == application.access_digest:
            return absolute_url(alliance, "application_file", {"token": token})
    return ""


def write_letter(
    application: Application,
    kind: str,
    key: str,
    *,
    subject: str,
    paragraphs: Iterable[str],
    at: datetime,
    link: bool = True,
) -> ApplicationLetter | None:
    """Write a letter, unless one was written for this occasion; it is mailed after the commit.

    The caller has activated the applicant's language.

    Args:
        application: To whom.
        kind: One of LetterKind.
        key: The occasion.
        subject: One line.
        paragraphs: The text between greeting and signature; empty ones are left out.
        at: Now.
        link: Whether the private link goes with it.

    Returns:
        The letter, or None when the occasion has one already.
    """
    alliance = application.alliance
    lines = [
        _("To %(name)s,") % {"name": application.contact_name},
        *(text for text in paragraphs if text),
        _("Secretariat of %(alliance)s, %(day)s")
        % {"alliance": alliance.name, "day": format_day(timezone.localtime(at).date(), translation.get_language() or "en")},
    ]
    letter, created = ApplicationLetter.objects.get_or_create(
        alliance=alliance,
        application=application,
        key=key,
        defaults={
            "kind": kind,
            "subject": " ".join(subject.split())[:300],
            "body": "\n\n".join(lines),
            "has_link": link,
            "created_at": at,
        },
    )
    if not created:
        return None
    transaction.on_commit(partial(_queue, alliance.pk, letter.pk), robust=True)
    return letter


def _queue(alliance_id: int, letter_id: int) -> None:
    for carry in carriers.values():
        carry(alliance_id, letter_id)


def mail_letter(alliance_id: int, letter_id: int) -> bool:
    """Mail one letter; call it outside a transaction, so that a slow mail server holds no row.

    It goes out at least once, always with the same Message-ID.

    Returns:
        Whether a mail was sent now.
    """
    claim = f"application-letter:{alliance_id}:{letter_id}"
    if not cache.add(claim, 1, CLAIM_SECONDS):
        return False
    try:
        with tenancy.acting_in(alliance_id):
            letter = (
                ApplicationLetter.objects.filter(alliance_id=alliance_id, pk=letter_id, mailed_at__isnull=True)
                .select_related("application", "alliance")
                .first()
            )
        if letter is None:
            return False
        message = _message(letter)
        faults.point("letter.before_send")
        message.send()
        faults.point("letter.after_send")
        with tenancy.acting_in(alliance_id):
            ApplicationLetter.objects.filter(pk=letter_id, mailed_at__isnull=True).update(mailed_at=timezone.now())
    finally:
        cache.delete(claim)
    return True


def _message(letter: ApplicationLetter) -> EmailMessage:
    application, alliance = letter.application, letter.alliance
    with translation.override(application.language):
        body = letter.body
        if letter.has_link and (link := link_of(alliance, application)):
            body = "\n\n".join([body, _("Your application, to follow or complete (keep this link to yourself):"), link])
        return EmailMessage(
            subject=letter.subject,
            body=body,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[application.contact_email],
            headers={
                "Message-ID": f"<{alliance.slug}.application.{application.uuid}.{letter.pk}@alliance.invalid>",
                "Auto-Submitted": "auto-generated",
            },
        )


def list_unmailed_letters(alliance: Alliance, *, at: datetime) -> list[int]:
    """Letters that should have been mailed a while ago; one query."""
    return list(
        ApplicationLetter.objects.of(alliance)
        .filter(mailed_at__isnull=True, created_at__lt=at - LATE_AFTER, created_at__gt=at - GIVE_UP_AFTER)
        .order_by("id")
        .values_list("pk", flat=True)[:100]
    )


# ---------------------------------------------------------------------------------------------------------- the letters


def write_link(application: Application, until: datetime, *, at: datetime) -> None:
    """The first mail: the private link that proves the address."""
    with translation.override(application.language):
        values = _values(application, until)
        write_letter(
            application,
            LetterKind.LINK,
            "link",
            subject=_("Confirm your application to %(alliance)s") % values,
            paragraphs=[
                _("Somebody gave this address for the application of %(name)s (%(code)s).") % values,
                _(
                    "Open the link below, add the evidence and send the application by %(day)s. "
                    "Until then nobody in the alliance is told of it."
                )
                % values,
                _("If it was not you, do nothing: the entries are deleted on that day."),
            ],
            at=at,
        )


def write_received(application: Application, due_at: datetime, *, key: str, at: datetime) -> None:
    """The receipt, with the day until which the secretariat checks."""
    with translation.override(application.language):
        values = _values(application, due_at)
        write_letter(
            application,
            LetterKind.RECEIVED,
            key,
            subject=_("Application %(code)s received") % values,
            paragraphs=[
                _("The application of %(name)s has arrived.") % values,
                _(
                    "The secretariat checks it by %(day)s (ten working days). If something is missing, "
                    "it tells you everything at once."
                )
                % values,
            ],
            at=at,
        )


def write_returned(
    application: Application, points: list[tuple[str, str]], until: datetime, *, key: str, at: datetime
) -> None:
    """Everything that is missing, at once (charter, article 6)."""
    with translation.override(application.language):
        values = _values(application, until)
        write_letter(
            application,
            LetterKind.RETURNED,
            key,
            subject=_("Application %(code)s: please complete") % values,
            paragraphs=[
                _("The secretariat has checked the application of %(name)s. These points are still to be completed:")
                % values,
                "\n".join(f"- {label}: {words}" for label, words in points),
                _("Please complete them and send the application again by %(day)s.") % values,
            ],
            at=at,
        )


def write_reminder(application: Application, until: datetime, *, at: datetime) -> None:
    """A week before a file that was sent back expires."""
    with translation.override(application.language):
        values = _values(application, until)
        write_letter(
            application,
            LetterKind.REMINDER,
            f"reminder:{until:%Y-%m-%d}",
            subject=_("Application %(code)s: please complete by %(day)s") % values,
            paragraphs=[
                _("The application of %(name)s still waits for your completion.") % values,
                _("Without it the application expires on %(day)s; you can apply again at any time.") % values,
            ],
            at=at,
        )


def write_complete(application: Application, *, key: str, at: datetime) -> None:
    """The file is complete and goes to the committee."""
    with translation.override(application.language):
        values = _values(application)
        write_letter(
            application,
            LetterKind.COMPLETE,
            key,
            subject=_("Application %(code)s is complete") % values,
            paragraphs=[
                _(
                    "The application of %(name)s is complete. The management committee decides on it by two-thirds of those "
                    "present and gives its reasons in writing."
                )
                % values
            ],
            at=at,
        )


def write_accepted(application: Application, *, invited: str, at: datetime) -> None:
    """The result: admitted. The invitation of the representative goes out by itself."""
    with translation.override(application.language):
        values = {**_values(application), "decision": application.decision_reference, "email": invited}
        write_letter(
            application,
            LetterKind.ACCEPTED,
            "result",
            subject=_("%(alliance)s has admitted %(name)s") % values,
            paragraphs=[
                _("The management committee has decided to admit %(name)s to %(alliance)s (decision %(decision)s).")
                % values,
                application.decision_reason and _("Reasons: %(reason)s") % {"reason": application.decision_reason},
                _(
                    "Membership begins when your representative or signatory accepts the charter. An invitation to do so "
                    "goes to %(email)s in a mail of its own; its link works for seven days and can be sent again."
                )
                % values,
            ],
            at=at,
        )


def write_rejected(application: Application, *, at: datetime) -> None:
    """The result: not admitted, with the committee's reasons."""
    with translation.override(application.language):
        values = {**_values(application), "decision": application.decision_reference}
        write_letter(
            application,
            LetterKind.REJECTED,
            "result",
            subject=_("Decision on the application %(code)s") % values,
            paragraphs=[
                _("The management committee has not admitted %(name)s (decision %(decision)s).") % values,
                _("Reasons: %(reason)s") % {"reason": application.decision_reason},
                _("You may apply again when these reasons no longer hold."),
            ],
            at=at,
        )


def write_closed(application: Application, words: str, *, key: str, at: datetime) -> None:
    """The file is closed without a decision: expired, or withdrawn."""
    with translation.override(application.language):
        values = _values(application)
        write_letter(
            application,
            LetterKind.CLOSED,
            key,
            subject=_("Application %(code)s is closed") % values,
            paragraphs=[words % values, _("You can apply again at any time.")],
            at=at,
            link=False,
        )


def _values(application: Application, until: datetime | None = None) -> dict[str, str]:
    language = translation.get_language() or "en"
    last_day = timezone.localtime(until).date() if until else None
    return {
        "alliance": application.alliance.name,
        "name": application.name,
        "code": application.code,
        "day": format_day(last_day, language) if last_day else "",
    }
