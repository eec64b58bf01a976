"""Drafts the charter, has it adopted by the assembly, puts it in force, and takes each member's acceptance.

Charter, articles 6, 8 and 18: membership begins with the acceptance of the charter; changing it needs two-thirds of all
members. A new version asks every member again; whoever has not accepted it when the days of grace are over has no vote until
it does (``groups.selectors.charter.without_voting_rights``).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.notifications import notify
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.models import InboxItem, Notification, User
from groups.actions.motion import draft_motion
from groups.choices import (
    AbstentionRule,
    BallotForm,
    CharterState,
    MotionState,
    Threshold,
    VoteBase,
    Weighting,
)
from groups.models import CharterAcceptance, CharterArticle, CharterVersion, Motion
from groups.permissions import ACCEPT_CHARTER, DRAFT_CHARTER, NOTE_ACCEPTANCE, OPEN_SIGNED_CHARTER
from groups.selectors.charter import charter_in_force, end_of_grace, list_missing
from groups.selectors.charter_text import FIELDS, RULES, charter_digest, read_charter
from groups.selectors.motion_effects import Effect, effects
from groups.selectors.report_days import day_words
from groups.signals import CHARTER_ACCEPTED, CHARTER_ADOPTED, CHARTER_IN_FORCE
from groups.transitions import ADOPT_CHARTER, PUT_CHARTER_IN_FORCE, SUPERSEDE_CHARTER
from members.actions.institution import activate_after_charter
from members.choices import RIGHTS_ENDED, StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

EFFECT: Final = "charter_adoption"
PAPER_PURPOSE: Final = "signed_charter"
REMIND_DAYS: Final = (7, 1)
"""So many days before the grace ends, members who have not accepted are reminded."""
RUNNING: Final = (MotionState.DRAFT, MotionState.OPEN, MotionState.PASSED)
"""While such a motion puts a version to the vote, its text does not change under the voters."""


# ------------------------------------------------------------------------------------------------------------- draft


@transaction.atomic
def draft_charter(alliance: Alliance, *, actor: User, at: datetime) -> CharterVersion:
    """Begin the next version: a copy of the latest one with its rules, or an empty first version.

    Raises:
        InvalidInputError: A draft is there already.
    """
    require(actor, DRAFT_CHARTER, alliance)
    latest = CharterVersion.objects.of(alliance).select_for_update().order_by("-number").first()
    if latest is not None and latest.state == CharterState.DRAFT:
        raise InvalidInputError(
            _("Version %(number)s is still a draft.") % {"number": latest.number},
            code="charter_draft_open",
            remedy=_("Change that draft, or drop it first."),
        )
    version = CharterVersion(alliance=alliance, number=(latest.number if latest else 0) + 1)
    if latest is not None:
        for name in RULES:
            setattr(version, name, getattr(latest, name))
    try:
        with transaction.atomic():
            version.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInputError(_("Somebody else began this version a moment ago."), code="charter_draft_open") from error
    if latest is not None:
        CharterArticle.objects.bulk_create(
            CharterArticle(
                alliance=alliance,
                version=version,
                number=article.number,
                **{name: getattr(article, name) for name in FIELDS},
            )
            for article in latest.articles.order_by("number")
        )
    record_audit(
        version,
        actor=actor,
        verb="draft_charter",
        after={"version": version.number, "copied_from": latest.number if latest else None},
        at=at,
    )
    return version


def _draft_for_change(alliance: Alliance, number: int, actor: User) -> CharterVersion:
    """A draft, locked, whose text may change now.

    Raises:
        InvalidInputError: It is adopted already, or put to the vote.
    """
    version = CharterVersion.objects.of(alliance).select_for_update(of=("self",)).filter(number=number).first()
    if version is None:
        raise NotFoundError
    require(actor, DRAFT_CHARTER, version)
    if version.state != CharterState.DRAFT:
        raise InvalidInputError(
            _("Version %(number)s was adopted; it cannot be changed any more.") % {"number": number},
            code="charter_adopted",
            remedy=_("Begin the next version and change that."),
        )
    if version.motion is not None and version.motion.state in RUNNING:
        raise InvalidInputError(
            _("Version %(number)s is put to the vote as motion %(motion)s; its text stays as it is until then.")
            % {"number": number, "motion": version.motion.code},
            code="charter_before_vote",
            remedy=_("Withdraw the motion first, or wait for the result."),
        )
    return version


@transaction.atomic
def write_charter(alliance: Alliance, number: int, text: str, *, actor: User, at: datetime) -> CharterVersion:
    """Take in the whole text of a draft from its written form; the articles it had are replaced.

    Args:
        alliance: The tenant.
        number: The draft.
        text: Written form, see ``groups.selectors.charter_text.read_charter``.
        actor: Needs ``groups.draft_charter``.
        at: Now.

    Raises:
        InvalidInputError: With every fault found and its line; nothing was changed.
    """
    version = _draft_for_change(alliance, number, actor)
    found = read_charter(text)
    if found.faults:
        raise InvalidInputError(
            _("The text was not taken in."),
            code="charter_text_faulty",
            fields={"text": " ".join(str(fault) for fault in found.faults[:20])},
        )
    version.articles.all().delete()
    CharterArticle.objects.bulk_create(
        CharterArticle(
            alliance=alliance,
            version=version,
            number=article.number,
            **{name: getattr(article, name) for name in FIELDS},
        )
        for article in found.articles
    )
    record_audit(
        version,
        actor=actor,
        verb="write_charter",
        after={
            "version": number,
            "articles": len(found.articles),
            "digest": charter_digest(version, list(version.articles.all())),
        },
        at=at,
    )
    return version


@transaction.atomic
def write_article(
    alliance: Alliance, number: int, article: int, *, actor: User, at: datetime, **values: str
) -> CharterArticle:
    """Change one article of a draft, or add the next one.

    Args:
        alliance: The tenant.
        number: The draft.
        article: Number of the article; one above the last adds one.
        actor: Needs ``groups.draft_charter``.
        at: Now.
        values: Fields of ``groups.selectors.charter_text.FIELDS``.

    Raises:
        InvalidInputError: A gap in the numbers, or no text.
    """
    version = _draft_for_change(alliance, number, actor)
    last = version.articles.count()
    if not 1 <= article <= last + 1:
        next_one = _("The next article is number %(number)s.") % {"number": last + 1}
        raise InvalidInputError(next_one, code="article_number", fields={"number": next_one})
    kept = {name: values.get(name, "").strip() for name in FIELDS}
    if not kept["body_en"] and not kept["body_zh"]:
        empty = _("Write the article in at least one language.")
        raise InvalidInputError(empty, code="article_empty", fields={"body_zh": empty})
    found, _made = CharterArticle.objects.update_or_create(alliance=alliance, version=version, number=article, defaults=kept)
    record_audit(
        version,
        actor=actor,
        verb="write_article",
        after={
            "version": number,
            "article": article,
            "digest": charter_digest(version, list(version.articles.all())),
        },
        at=at,
    )
    return found


@transaction.atomic
def remove_article(alliance: Alliance, number: int, article: int, *, actor: User, at: datetime) -> CharterVersion:
    """Remove an article of a draft; those after it move up by one."""
    version = _draft_for_change(alliance, number, actor)
    if not version.articles.filter(number=article).delete()[0]:
        raise NotFoundError
    for later in version.articles.filter(number__gt=article).order_by("number"):
        later.number -= 1
        later.save(update_fields=["number"])
    record_audit(version, actor=actor, verb="remove_article", before={"version": number, "article": article}, at=at)
    return version


@transaction.atomic
def set_charter_rules(
    alliance: Alliance, number: int, *, in_force_on: date | None, actor: User, at: datetime, **rules: int
) -> CharterVersion:
    """Set from when on a draft shall be in force, and the figures that the platform takes from it.

    Args:
        alliance: The tenant.
        number: The draft.
        in_force_on: Wanted day; None: the day after the adoption.
        actor: Needs ``groups.draft_charter``.
        at: Now.
        rules: Of ``groups.selectors.charter_text.RULES``: days of grace 0 to 365, quorum above 0 and at most 1, proxies 0 to
            20, working days of a vote by circulation 1 to 60.

    Raises:
        InvalidInputError: A figure outside its range.
    """
    version = _draft_for_change(alliance, number, actor)
    ranges = {
        "grace_days": (0, 365),
        "quorum_numerator": (1, 100),
        "quorum_denominator": (1, 100),
        "proxies_per_holder": (0, 20),
        "circulation_days": (1, 60),
    }
    faults: dict[str, StrOrPromise] = {}
    for name, (least, most) in ranges.items():
        value = rules.get(name, getattr(version, name))
        if not least <= value <= most:
            faults[name] = _("Give a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
        setattr(version, name, value)
    if version.quorum_numerator > version.quorum_denominator:
        faults["quorum_numerator"] = _("The quorum cannot be more than all.")
    if faults:
        raise InvalidInputError(_("The rules were not changed."), code="charter_rules_invalid", fields=faults)
    before = {"in_force_on": version.in_force_on}
    version.in_force_on = in_force_on
    version.save()
    record_audit(
        version,
        actor=actor,
        verb="set_charter_rules",
        before=before,
        after={"version": number, "in_force_on": in_force_on, **{name: getattr(version, name) for name in RULES}},
        at=at,
    )
    return version


@transaction.atomic
def drop_charter(alliance: Alliance, number: int, *, actor: User, at: datetime) -> None:
    """Drop a draft that is not put to the vote."""
    version = _draft_for_change(alliance, number, actor)
    if version.acceptances.exists():
        raise InvalidInputError(
            _("Version %(number)s has acceptances; it stays on record.") % {"number": number}, code="charter_accepted"
        )
    record_audit(version, actor=actor, verb="drop_charter", before={"version": number}, at=at)
    version.articles.all().delete()
    version.delete()


# ---------------------------------------------------------------------------------------------------------- adoption


def what_is_missing(alliance: Alliance, version: CharterVersion) -> list[StrOrPromise]:
    """What a draft lacks before it can be put to the vote, in sentences; two queries."""
    articles = list(CharterArticle.objects.of(alliance).filter(version=version).order_by("number"))
    missing: list[StrOrPromise] = []
    if version.state != CharterState.DRAFT:
        missing.append(_("Version %(number)s of the charter is no draft any more.") % {"number": version.number})
    if not articles:
        missing.append(_("The charter has no articles."))
    for language, name in (("zh", _("Chinese")), ("en", _("English"))):
        lacking = [article.number for article in articles if not getattr(article, f"body_{language}").strip()]
        if lacking:
            missing.append(
                _("No %(language)s text: articles %(numbers)s.")
                % {"language": name, "numbers": ", ".join(str(number) for number in lacking)}
            )
    return missing


@transaction.atomic
def propose_charter(alliance: Alliance, number: int, *, actor: User, at: datetime) -> Motion:
    """Put a draft to the vote of the assembly: a motion by open ballot that two-thirds of all members must carry.

    The motion names the digest of the text, so that what is adopted is what was voted on.

    Raises:
        InvalidInputError: Articles lack a language, or a motion runs already.
    """
    version = _draft_for_change(alliance, number, actor)
    if missing := what_is_missing(alliance, version):
        raise InvalidInputError(
            _("The draft cannot be put to the vote yet."),
            code="charter_incomplete",
            remedy=" ".join(str(words) for words in missing),
        )
    digest = charter_digest(version, list(version.articles.all()))
    motion = draft_motion(
        alliance,
        group_kind=None,
        title_en=f"Adopt version {number} of the charter",
        title_zh=f"通过章程第{number}版",
        text_en=f"The assembly adopts version {number} of the charter. SHA-256 of the text: {digest}",
        text_zh=f"成员大会通过章程第{number}版。全文SHA-256：{digest}",
        effect=EFFECT,
        effect_params={"version": number, "digest": digest},
        matter=f"charter:{number}",
        threshold=Threshold.TWO_THIRDS,
        base=VoteBase.ENTITLED,
        abstention=AbstentionRule.COUNTS,
        ballot=BallotForm.OPEN,
        weighting=Weighting.EQUAL,
        actor=actor,
        at=at,
    )
    version.motion = motion
    version.save(update_fields=["motion"])
    record_audit(
        version,
        actor=actor,
        verb="propose_charter",
        after={"version": number, "motion": motion.code, "digest": digest},
        at=at,
    )
    return motion


def _missing_for_motion(alliance: Alliance, motion: Motion) -> list[StrOrPromise]:
    version = CharterVersion.objects.of(alliance).filter(number=motion.effect_params.get("version", 0)).first()
    if version is None:
        return [_("There is no such version of the charter.")]
    missing = what_is_missing(alliance, version)
    if charter_digest(version, list(version.articles.all())) != motion.effect_params.get("digest"):
        missing.append(_("The text was changed after the motion was drafted; put the charter to the vote again."))
    return missing


def _adopt_by_motion(alliance: Alliance, motion: Motion, at: datetime) -> None:
    """The effect of a decided motion: adopts the version it names, if the motion passed and the text is the one voted on."""
    if motion.state != MotionState.PASSED:
        return
    version = (
        CharterVersion.objects.of(alliance)
        .select_for_update(of=("self",))
        .filter(number=motion.effect_params.get("version", 0))
        .first()
    )
    if version is None or version.state != CharterState.DRAFT:
        return
    if charter_digest(version, list(version.articles.all())) != motion.effect_params.get("digest"):
        message = f"the text of charter version {version.number} is not the one that motion {motion.code} decided on"
        raise RuntimeError(message)
    adopt_charter(alliance, version, motion=motion, at=at)


effects.register(EFFECT, Effect(EFFECT, _("adoption of a version of the charter"), _missing_for_motion, _adopt_by_motion))


@transaction.atomic
def adopt_charter(alliance: Alliance, version: CharterVersion, *, motion: Motion | None, at: datetime) -> CharterVersion:
    """Seal a draft as adopted; it is read-only from now on, and in force on its day.

    Called by the effect of a passed motion and by the demonstration, never by a page.

    Raises:
        TransitionRefusedError: It is no draft.
    """
    ADOPT_CHARTER.check(version.state)
    today = timezone.localtime(at).date()
    version.state = ADOPT_CHARTER.target
    version.motion = motion or version.motion
    version.adopted_on = today
    version.in_force_on = max(version.in_force_on or today + timedelta(days=1), today)
    version.digest = charter_digest(version, list(version.articles.all()))
    version.save()
    record_audit(
        version,
        actor=None,
        verb=ADOPT_CHARTER.name,
        before={"state": CharterState.DRAFT},
        after={
            "state": version.state,
            "version": version.number,
            "digest": version.digest,
            "motion": motion.code if motion else None,
            "in_force_on": version.in_force_on,
        },
        at=at,
    )
    emit(alliance, CHARTER_ADOPTED, {"version": version.number, "digest": version.digest})
    seal_soon(alliance)
    return version


@transaction.atomic
def put_charters_in_force(alliance: Alliance, *, at: datetime) -> list[CharterVersion]:
    """Put every adopted version in force whose day has come, replacing the one before; safe to run again.

    Returns:
        The versions that came into force now.
    """
    today = timezone.localtime(at).date()
    due = list(
        CharterVersion.objects.of(alliance)
        .select_for_update(of=("self",))
        .filter(state=CharterState.ADOPTED, in_force_on__lte=today)
        .order_by("number")
    )
    for version in due:
        for earlier in CharterVersion.objects.of(alliance).filter(
            state__in=[CharterState.IN_FORCE, CharterState.ADOPTED], number__lt=version.number
        ):
            SUPERSEDE_CHARTER.check(earlier.state)
            before = earlier.state
            earlier.state = SUPERSEDE_CHARTER.target
            earlier.save(update_fields=["state"])
            inbox.settle_all(alliance, f"charter:{earlier.number}:", by=None, at=at)
            record_audit(
                earlier,
                actor=None,
                verb=SUPERSEDE_CHARTER.name,
                before={"state": before},
                after={"state": earlier.state, "version": earlier.number, "by_version": version.number},
                at=at,
            )
        PUT_CHARTER_IN_FORCE.check(version.state)
        version.state = PUT_CHARTER_IN_FORCE.target
        version.save(update_fields=["state"])
        record_audit(
            version,
            actor=None,
            verb=PUT_CHARTER_IN_FORCE.name,
            before={"state": CharterState.ADOPTED},
            after={"state": version.state, "version": version.number},
            at=at,
        )
        emit(alliance, CHARTER_IN_FORCE, {"version": version.number})
    return due


# -------------------------------------------------------------------------------------------------------- acceptance


@transaction.atomic
def accept_charter(
    alliance: Alliance, number: int, institution_code: str, *, digest: str, actor: User, at: datetime
) -> CharterAcceptance:
    """Accept a version for an institution; an admitted one becomes a member by it.

    Args:
        alliance: The tenant.
        number: The version, adopted or in force.
        institution_code: The institution.
        digest: Digest of the text that the person has read; it must be the version's own.
        actor: Its representative or one of its signatories.
        at: Now.

    Raises:
        NotFoundError: No such version or institution.
        InvalidInputError: Accepted already, not open for acceptance, or another text was read.
    """
    return _accept(alliance, number, institution_code, digest=digest, actor=actor, at=at)


@transaction.atomic
def note_acceptance(
    alliance: Alliance, number: int, institution_code: str, *, signed_on: date, paper: Any, actor: User, at: datetime
) -> CharterAcceptance:
    """Note an acceptance from a signed paper, by the office; the paper is kept.

    Args:
        alliance: The tenant.
        number: The version.
        institution_code: The institution.
        signed_on: Day on the paper, not in the future and not before the adoption.
        paper: The uploaded scan.
        actor: Needs ``groups.note_acceptance``.
        at: Now.

    Raises:
        InvalidInputError: No paper, a day that cannot be, or accepted already.
    """
    words: StrOrPromise
    if not paper:
        words = _("Choose the scan of the signed paper.")
        raise InvalidInputError(words, code="paper_missing", fields={"paper": words})
    if signed_on > timezone.localtime(at).date():
        words = _("The day on the paper lies in the future.")
        raise InvalidInputError(words, code="signed_in_future", fields={"signed_on": words})
    return _accept(alliance, number, institution_code, digest=None, actor=actor, at=at, paper=paper, signed_on=signed_on)


def _accept(
    alliance: Alliance,
    number: int,
    institution_code: str,
    *,
    digest: str | None,
    actor: User,
    at: datetime,
    paper: Any = None,
    signed_on: date | None = None,
) -> CharterAcceptance:
    institution = Institution.objects.of(alliance).select_for_update(of=("self",)).filter(code=institution_code).first()
    version = CharterVersion.objects.of(alliance).filter(number=number).first()
    if institution is None or version is None:
        raise NotFoundError
    acceptance = CharterAcceptance(
        alliance=alliance,
        version=version,
        institution=institution,
        user=actor,
        accepted_at=at,
        digest=version.digest,
        noted_from_paper=paper is not None,
    )
    require(actor, NOTE_ACCEPTANCE if paper is not None else ACCEPT_CHARTER, acceptance)
    if version.state not in {CharterState.ADOPTED, CharterState.IN_FORCE}:
        raise DomainError(
            _("Version %(number)s is not open for acceptance (%(state)s).")
            % {"number": number, "state": version.get_state_display()},
            code="charter_not_open",
            remedy=_("Open the charter page to see the version in force."),
        )
    if institution.state in RIGHTS_ENDED:
        raise DomainError(
            _("%(institution)s is not a member any more.") % {"institution": institution.name}, code="institution_not_active"
        )
    if digest is not None and digest != version.digest:
        raise DomainError(
            _("The text you read is not the text of version %(number)s.") % {"number": number},
            code="charter_digest_differs",
            remedy=_("Reload the page, read the charter and accept it again."),
        )
    if signed_on is not None and version.adopted_on is not None and signed_on < version.adopted_on:
        words = _("The paper was signed before this version was adopted.")
        raise InvalidInputError(words, code="signed_too_early", fields={"signed_on": words})
    if CharterAcceptance.objects.of(alliance).filter(version=version, institution=institution).exists():
        raise DomainError(
            _("%(institution)s has accepted version %(number)s already.")
            % {"institution": institution.name, "number": number},
            code="charter_accepted",
        )
    if paper is not None:
        acceptance.file = store_upload(alliance, paper, PAPER_PURPOSE, actor=actor, permission=OPEN_SIGNED_CHARTER)
    acceptance.save(force_insert=True)
    record_audit(
        acceptance,
        actor=actor,
        verb="note_acceptance" if acceptance.noted_from_paper else "accept_charter",
        after={
            "version": number,
            "institution": institution.code,
            "digest": version.digest,
            "signed_on": signed_on,
            "paper": acceptance.file.sha256 if acceptance.file else None,
        },
        at=at,
    )
    inbox.settle(alliance, f"charter:{number}:{institution.pk}", by=actor, at=at)
    emit(alliance, CHARTER_ACCEPTED, {"version": number, "institution": institution.code})
    activate_after_charter(alliance, institution.code, actor=actor, at=at)
    seal_soon(alliance)
    return acceptance


# --------------------------------------------------------------------------------------- asking and reminding members


def _people(alliance: Alliance, institution_ids: Collection[int], at: datetime) -> dict[int, list[User]]:
    """Who may accept for each institution; institutions without such people are left out. One query."""
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(
            institution__in=institution_ids, role__in=[StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY], user__is_active=True
        )
        .select_related("user")
        .order_by("institution_id", "user_id")
        .distinct("institution_id", "user_id")
    )
    people: dict[int, list[User]] = defaultdict(list)
    for entry in staff:
        people[entry.institution_id].append(entry.user)
    return people


@transaction.atomic
def ask_for_acceptance(alliance: Alliance, *, at: datetime) -> int:
    """Ask every member that has not accepted the version in force, and remind it before and after the end of the grace.

    Safe to run as often as one likes: an open item is only renewed, each reminder goes out once.

    Returns:
        How many members have yet to accept.
    """
    version = charter_in_force(alliance)
    if version is None:
        return 0
    end = end_of_grace(version)
    last_day = timezone.localtime(end).date() - timedelta(days=1)
    missing = list(list_missing(alliance, version))
    prefix = f"charter:{version.number}:"
    waiting = set(
        InboxItem.objects.of(alliance).filter(key__startswith=prefix, done_at__isnull=True).values_list("key", flat=True)
    )
    told = set(Notification.objects.of(alliance).filter(key__startswith=prefix).values_list("key", flat=True))
    days_left = (last_day - timezone.localtime(at).date()).days
    occasions = [("asked", "charter_acceptance")]
    occasions += [(f"{days}-days", "charter_reminder") for days in REMIND_DAYS if 0 <= days_left <= days]
    if at >= end:
        occasions = [("over", "charter_no_vote")]
    params = {"number": version.number, **day_words("until", last_day)}
    keys = {institution.pk: f"{prefix}{institution.pk}" for institution in missing}
    inbox.ask_each(
        alliance,
        "charter_acceptance",
        {
            key: inbox.institution(institution_id, StaffRole.REPRESENTATIVE)
            for institution_id, key in keys.items()
            if key not in waiting
        },
        params=params,
        url_name="portal_charter",
        at=at,
        due_at=end,
    )
    due = {
        institution_id: [(note, kind) for name, kind in occasions if (note := f"{key}:{name}") not in told]
        for institution_id, key in keys.items()
    }
    untold = [institution_id for institution_id, notes in due.items() if notes]
    for institution_id, people in _people(alliance, untold, at).items():
        for note, kind in due[institution_id]:
            notify(alliance, people, kind, note, params=params, at=at, url_name="portal_charter")
    return len(missing)
