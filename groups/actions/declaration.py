"""Asks for, takes and follows up yearly declarations of interests (S7; charter, article 21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from groups.choices import DeclarationState, HoldingDirection
from groups.models import Interest, InterestDeclaration
from groups.permissions import ASK_DECLARATIONS, DECLARE_INTEREST
from groups.selectors.conflict import list_representatives_of
from groups.selectors.declaration import count_missing, list_interests
from groups.signals import INTERESTS_CHANGED
from members.choices import InterestKind, StaffRole
from members.models import Institution
from members.selectors.names import clean_text, fold_name

if TYPE_CHECKING:
    from alliance.models import Alliance, User

ASKING_MONTH = 1
"""January (charter, article 21)."""
LAST_DAY = 31
JOINER_DAYS = 14
"""Who joins later in the year declares within so many days."""
REMIND_BEFORE = timedelta(days=7)

DECLARATION_WANTED = "groups.declaration_wanted"
DECLARATION_REMINDER = "groups.declaration_reminder"
DECLARATIONS_MISSING = "groups.declarations_missing"
texts.register(
    DECLARATION_WANTED,
    Text(
        title=_("Yearly declaration of interests is due"),
        body=_("Posts, shares, contracts of the last three years and close relatives concerned; or that there is nothing."),
        verb=_("Declare"),
        icon="shield",
    ),
)
texts.register(
    DECLARATION_REMINDER,
    Text(
        title=_("The declaration of interests for %(year)s is still missing"),
        body=_("It is due on %(due)s. It takes a few minutes, also when there is nothing to declare."),
        icon="shield",
    ),
)
texts.register(
    DECLARATIONS_MISSING,
    Text(
        title=_("Declarations of interests for %(year)s are overdue"),
        body=_("The list names the institutions that have not answered."),
        verb=_("See the list"),
        icon="shield",
    ),
)


@dataclass(frozen=True, slots=True)
class NewInterest:
    """What is declared.

    Attributes:
        kind: One of InterestKind.
        member: Code of the member concerned, or empty.
        outside_party: Name of a party outside the alliance, or empty; exactly one of the two.
        person: Person concerned, e.g. the relative or the holder of the post.
        words: Particulars.
        direction: For shares: who holds whose (HoldingDirection).
        share_percent: Share in per cent, above 0 to 100.
        starts_on: First day, where it is known.
        ends_on: Last day.
    """

    kind: str
    member: str = ""
    outside_party: str = ""
    person: str = ""
    words: str = ""
    direction: str = ""
    share_percent: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None


def declaration_key(institution_id: int, year: int) -> str:
    """Key of the inbox item that asks for a declaration."""
    return f"interest-declaration:{year}:{institution_id}"


def end_of(day: date) -> datetime:
    """The last second of a day in the platform's time zone."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=timezone.get_default_timezone())


def _own(alliance: Alliance, institution_code: str, actor: User) -> Institution:
    institution = Institution.objects.of(alliance).select_for_update().get(code=institution_code)
    require(actor, DECLARE_INTEREST, InterestDeclaration(alliance=alliance, institution=institution))
    return institution


@transaction.atomic
def declare_interest(alliance: Alliance, institution_code: str, new: NewInterest, *, actor: User, at: datetime) -> Interest:
    """Declare one interest of an institution; possible at any time, within five working days of a change.

    Open matters are looked at again afterwards, so the institution stands aside where the interest matters.

    Args:
        alliance: The tenant.
        institution_code: The institution that declares.
        new: The interest.
        actor: Its representative, or the office on its behalf.
        at: Now.

    Raises:
        InvalidInputError: It names no party or two, an unknown member, itself, or dates the wrong way round.
    """
    institution = _own(alliance, institution_code, actor)
    wrong: dict[str, object] = {}
    if new.kind not in InterestKind.values:
        wrong["kind"] = _("Choose the kind of interest.")
    member, outside = new.member.strip(), clean_text(new.outside_party)
    counterparty = Institution.objects.of(alliance).filter(code=member).first() if member else None
    if bool(member) == bool(outside):
        wrong["member"] = _("Name the other party once: a member by its code, or a party outside the alliance by its name.")
    elif member and counterparty is None:
        wrong["member"] = _("No institution of this alliance has that code.")
    elif counterparty == institution:
        wrong["member"] = _("Name another institution than your own.")
    direction = new.direction if new.kind == InterestKind.HOLDING else ""
    if new.kind == InterestKind.HOLDING and direction not in HoldingDirection.values:
        wrong["direction"] = _("Say who holds whose shares.")
    if new.share_percent is not None and not 0 < new.share_percent <= 100:
        wrong["share_percent"] = _("A share is above 0 and at most 100 per cent.")
    if new.starts_on and new.ends_on and new.ends_on < new.starts_on:
        wrong["ends_on"] = _("The end lies before the beginning.")
    if new.kind in {InterestKind.FAMILY, InterestKind.OTHER} and not new.words.strip():
        wrong["words"] = _("Say in a sentence what it is.")
    if wrong:
        raise InvalidInputError(_("The interest was not noted."), code="interest_incomplete", fields=wrong)  # type: ignore[arg-type]
    interest = Interest.objects.create(
        alliance=alliance,
        institution=institution,
        kind=new.kind,
        counterparty=counterparty,
        outside_party=outside,
        outside_key=fold_name(outside)[:200] if outside else "",
        direction=direction,
        person=clean_text(new.person),
        words=new.words.strip(),
        share_percent=new.share_percent if new.kind == InterestKind.HOLDING else None,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        declared_at=at,
        declared_by=actor,
    )
    record_audit(
        institution,
        actor=actor,
        verb="declare_standing_interest",
        after={"interest": interest.pk, "kind": interest.kind, "party": counterparty.code if counterparty else None},
        personal={
            name: text
            for name, text in (("outside_party", outside), ("person", interest.person), ("words", interest.words))
            if text
        },
        at=at,
    )
    emit(alliance, INTERESTS_CHANGED, {"institution": institution.code})
    return interest


@transaction.atomic
def withdraw_interest(alliance: Alliance, institution_code: str, interest_id: int, *, actor: User, at: datetime) -> Interest:
    """Note that an interest is over; what was noted for single matters stays until it is ruled on.

    Raises:
        Interest.DoesNotExist: The institution has declared no such interest.
        InvalidInputError: It is withdrawn already.
    """
    institution = _own(alliance, institution_code, actor)
    interest = Interest.objects.of(alliance).select_for_update().get(pk=interest_id, institution=institution)
    if interest.withdrawn_at is not None:
        raise InvalidInputError(_("This interest is withdrawn already."), code="interest_withdrawn")
    interest.withdrawn_at = at
    interest.save(update_fields=["withdrawn_at"])
    record_audit(
        institution,
        actor=actor,
        verb="withdraw_interest",
        before={"interest": interest.pk, "kind": interest.kind},
        at=at,
    )
    emit(alliance, INTERESTS_CHANGED, {"institution": institution.code})
    return interest


@transaction.atomic
def submit_declaration(
    alliance: Alliance, institution_code: str, *, year: int, nothing: bool, actor: User, at: datetime
) -> InterestDeclaration:
    """Confirm that the declared interests are complete for a year, or that there is nothing to declare.

    Submitting again renews the date; interests may be added at any time afterwards.

    Args:
        alliance: The tenant.
        institution_code: The institution.
        year: Calendar year; the present one.
        nothing: Whether the actor confirmed that there is nothing to declare; must agree with what is declared.
        actor: Its representative, or the office on its behalf.
        at: Now.

    Raises:
        InvalidInputError: Another year, or the confirmation does not agree with the declared interests.
    """
    institution = _own(alliance, institution_code, actor)
    if year != timezone.localdate(at).year:
        raise InvalidInputError(_("A declaration is made for the present year."), code="declaration_year")
    count = list_interests(alliance, institution.pk).count()
    if nothing and count:
        raise InvalidInputError(
            _("Interests are declared: confirm that they are complete, or withdraw those that are over."),
            code="interests_declared",
        )
    if not nothing and not count:
        raise InvalidInputError(
            _("No interest is declared yet."),
            code="nothing_declared",
            remedy=_("Declare what there is, or confirm that there is nothing to declare."),
        )
    declaration, _made = InterestDeclaration.objects.select_for_update().get_or_create(
        alliance=alliance, institution=institution, year=year, defaults={"due_on": timezone.localdate(at)}
    )
    before = declaration.state
    declaration.state = DeclarationState.SUBMITTED
    declaration.interest_count = count
    declaration.submitted_at, declaration.submitted_by = at, actor
    declaration.save(update_fields=["state", "interest_count", "submitted_at", "submitted_by"])
    record_audit(
        institution,
        actor=actor,
        verb="submit_declaration",
        before={"year": year, "state": before},
        after={"year": year, "state": declaration.state, "interests": count},
        at=at,
    )
    inbox.settle(alliance, declaration_key(institution.pk, year), by=actor, at=at)
    if not count_missing(alliance, year):
        inbox.settle(alliance, f"declarations-missing:{year}", by=actor, at=at)
    return declaration


@transaction.atomic
def ask_declarations(
    alliance: Alliance, *, year: int, due_on: date, at: datetime, actor: User | None = None, joined_since: date | None = None
) -> int:
    """Ask every active member that has not been asked for its declaration of a year.

    Args:
        alliance: The tenant.
        year: Calendar year.
        due_on: Last day for the answer.
        at: Now.
        actor: Who asks by hand; None for the yearly task.
        joined_since: Ask only those who joined on this day or later; None: all.

    Returns:
        How many were asked now.
    """
    if actor is not None:
        require(actor, ASK_DECLARATIONS, alliance)
        if year != timezone.localdate(at).year:
            raise InvalidInputError(_("A declaration is made for the present year."), code="declaration_year")
        if due_on < timezone.localdate(at):
            words = _("Choose a day to come.")
            raise InvalidInputError(words, code="due_in_the_past", fields={"due_on": words})
    asked = InterestDeclaration.objects.of(alliance).filter(year=year).values("institution")
    members = Institution.objects.of(alliance).active().exclude(pk__in=asked).order_by("pk")
    if joined_since is not None:
        members = members.filter(joined_on__gte=joined_since)
    new = list(members)
    made = InterestDeclaration.objects.bulk_create(
        [InterestDeclaration(alliance=alliance, institution=member, year=year, due_on=due_on) for member in new],
        ignore_conflicts=True,
    )
    for member in new:
        inbox.ask(
            alliance,
            DECLARATION_WANTED,
            declaration_key(member.pk, year),
            inbox.institution(member.pk, StaffRole.REPRESENTATIVE),
            params={"year": year},
            url_name="portal_interest_list",
            at=at,
            due_at=end_of(due_on),
        )
    if made:
        record_audit(
            alliance,
            actor=actor,
            verb="ask_declarations",
            after={"year": year, "due_on": due_on, "institutions": len(made)},
            at=at,
            alliance=alliance,
        )
    return len(made)


@transaction.atomic
def follow_declarations(alliance: Alliance, *, at: datetime) -> int:
    """The daily step: ask in January, ask those who joined since, remind a week before, list the missing after.

    Running it again on the same day adds nothing.

    Returns:
        How many institutions were asked or reminded.
    """
    today = timezone.localdate(at)
    done = 0
    if today.month == ASKING_MONTH:
        done += ask_declarations(alliance, year=today.year, due_on=date(today.year, ASKING_MONTH, LAST_DAY), at=at)
    else:
        done += ask_declarations(
            alliance,
            year=today.year,
            due_on=today + timedelta(days=JOINER_DAYS),
            at=at,
            joined_since=date(today.year, ASKING_MONTH, 1),
        )
    waiting = InterestDeclaration.objects.of(alliance).filter(
        year=today.year, state=DeclarationState.ASKED, institution__in=Institution.objects.of(alliance).active()
    )
    for declaration in waiting.filter(due_on__lte=today + REMIND_BEFORE).order_by("pk"):
        stage = "late" if declaration.due_on < today else "soon"
        done += notify(
            alliance,
            list_representatives_of(alliance, declaration.institution_id, at),
            DECLARATION_REMINDER,
            f"declaration-{stage}:{declaration.pk}",
            params={"year": declaration.year, "due": declaration.due_on.isoformat()},
            at=at,
            url_name="portal_interest_list",
        )
    if waiting.filter(due_on__lt=today).exists():
        inbox.ask(
            alliance,
            DECLARATIONS_MISSING,
            f"declarations-missing:{today.year}",
            inbox.office(),
            params={"year": today.year},
            url_name="declaration_list",
            at=at,
        )
    return done
