"""Keeps the talent pool: experts, their consent on record, their declared interests (I13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.kernel.codes import next_code
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from members.choices import ConsentLevel, ExpertState, InterestKind
from members.models import Expert, ExpertConsent, ExpertInterest, ExpertSkill, Institution
from members.permissions import CHANGE_EXPERT
from members.selectors.expert import LANGUAGES
from members.selectors.names import clean_text, fold_name, sort_key_of
from members.selectors.orcid import parse_orcid
from members.signals import EXPERT_INTEREST_CHANGED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

CONSENT_WORDING = "2026-11"
"""Version of the words an expert agrees to; they stand on the page where consent is recorded."""
MOST_SKILLS = 30


@dataclass(slots=True)
class ExpertValues:
    """What is entered about an expert.

    Attributes:
        name_en: Name in English; one of the two names is needed.
        name_zh: Name in Chinese.
        title_en: Title in English.
        title_zh: Title in Chinese.
        email: Address; never public.
        orcid: ORCID iD in any usual form.
        skills: Pairs (English, Chinese); one of each pair may be empty.
        languages: BCP 47 codes.
        days_per_month: Days the expert can give, 0 to 31.
        available_from: First day; None: now.
        available_until: Last day; None: open.
        outputs_en: Works in English, one a line.
        outputs_zh: Works in Chinese.
    """

    name_en: str = ""
    name_zh: str = ""
    title_en: str = ""
    title_zh: str = ""
    email: str = ""
    orcid: str = ""
    skills: Sequence[tuple[str, str]] = ()
    languages: Sequence[str] = ()
    days_per_month: Decimal | None = None
    available_from: date | None = None
    available_until: date | None = None
    outputs_en: str = ""
    outputs_zh: str = ""


@dataclass(slots=True)
class _Checked:
    fields: dict[str, Any]
    skills: list[tuple[str, str]] = field(default_factory=list)


def pair_skills(english: str, chinese: str) -> list[tuple[str, str]]:
    """Skills given as two texts with one skill a line, paired by line; empty pairs fall away."""
    pairs = zip_longest(english.splitlines(), chinese.splitlines(), fillvalue="")
    return [(clean_text(en), clean_text(zh)) for en, zh in pairs if clean_text(en) or clean_text(zh)]


def _checked(values: ExpertValues) -> _Checked:
    problems: dict[str, StrOrPromise] = {}
    name_en, name_zh = clean_text(values.name_en), clean_text(values.name_zh)
    if not name_en and not name_zh:
        problems["name_en"] = _("Give the name in at least one language.")
    orcid = parse_orcid(values.orcid)
    if orcid is None:
        problems["orcid"] = _(
            "This is no valid ORCID iD: compare it with the expert's record, its last character checks it."
        )
    skills = [(clean_text(en), clean_text(zh)) for en, zh in values.skills]
    skills = [pair for pair in skills if any(pair)]
    if not skills:
        problems["skills_en"] = _("Name at least one skill.")
    elif len(skills) > MOST_SKILLS or any(len(text) > 120 for pair in skills for text in pair):
        problems["skills_en"] = _("At most 30 skills of 120 characters each.")
    if set(values.languages) - set(LANGUAGES):
        problems["languages"] = _("Choose languages from the list.")
    if values.days_per_month is not None and not 0 <= values.days_per_month <= 31:
        problems["days_per_month"] = _("Give a figure from 0 to 31.")
    if values.available_from and values.available_until and values.available_until < values.available_from:
        problems["available_until"] = _("The last day lies before the first.")
    if problems:
        raise InvalidInputError(_("The entry cannot be kept as it stands."), code="expert_invalid", fields=problems)
    return _Checked(
        {
            "name_en": name_en,
            "name_zh": name_zh,
            "title_en": clean_text(values.title_en),
            "title_zh": clean_text(values.title_zh),
            "email": values.email.strip(),
            "orcid": orcid or "",
            "languages": [code for code in LANGUAGES if code in set(values.languages)],
            "days_per_month": values.days_per_month,
            "available_from": values.available_from,
            "available_until": values.available_until,
            "outputs_en": values.outputs_en.strip(),
            "outputs_zh": values.outputs_zh.strip(),
            "sort_key": sort_key_of(name_en, name_zh),
            "search_text": " ".join(fold_name(text) for pair in skills for text in pair if text),
        },
        skills,
    )


PERSONAL = ("name_en", "name_zh", "title_en", "title_zh", "email", "orcid", "outputs_en", "outputs_zh")
OPEN = ("languages", "days_per_month", "available_from", "available_until")


def _refuse_known_orcid(error: IntegrityError) -> None:
    if "expert_orcid_once" in str(error):
        words = _("Another expert of the talent pool has this ORCID iD.")
        raise InvalidInputError(words, code="expert_known", fields={"orcid": words}) from error
    raise error


def _personal(fields: dict[str, Any]) -> dict[str, str] | None:
    return {f"after.{name}": fields[name] for name in PERSONAL if fields.get(name)} or None


@transaction.atomic
def add_expert(
    alliance: Alliance,
    institution_code: str,
    values: ExpertValues,
    *,
    consent: str,
    actor: User,
    at: datetime,
    code: str = "",
) -> Expert:
    """Add an expert of an institution to the talent pool, with the expert's consent on record.

    Args:
        alliance: The tenant.
        institution_code: The institution that brings the expert.
        values: The entry.
        consent: What the expert agreed to; one of ConsentLevel.
        actor: Needs ``members.change_expert`` for the institution.
        at: Now.
        code: The expert's code; the next free one when empty.

    Raises:
        Institution.DoesNotExist: No such institution here.
        InvalidInputError: A value breaks a rule, with the words at its field; or the ORCID iD is known.
    """
    institution = Institution.objects.of(alliance).get(code=institution_code)
    expert = Expert(alliance=alliance, institution=institution)
    require(actor, CHANGE_EXPERT, expert)
    checked = _checked(values)
    _check_consent(consent)
    expert.code = code or next_code(Expert, alliance, "E", 3)
    for name, value in checked.fields.items():
        setattr(expert, name, value)
    try:
        with transaction.atomic():
            expert.save(force_insert=True)
    except IntegrityError as error:
        _refuse_known_orcid(error)
    _write_skills(expert, checked.skills)
    _write_consent(expert, consent, actor=actor, at=at)
    record_audit(
        expert,
        actor=actor,
        verb="add_expert",
        after={
            "code": expert.code,
            "institution": institution.code,
            "consent": consent,
            **{name: checked.fields[name] for name in OPEN},
        },
        personal=_personal(checked.fields),
        at=at,
    )
    bump_content_version(alliance)
    return expert


@transaction.atomic
def change_expert(alliance: Alliance, code: str, values: ExpertValues, *, actor: User, at: datetime) -> Expert:
    """Change an expert's entry; consent is changed by :func:`record_consent` only.

    Raises:
        Expert.DoesNotExist: No such expert here.
        InvalidInputError: A value breaks a rule, or the ORCID iD is known.
    """
    expert = _locked(alliance, code)
    require(actor, CHANGE_EXPERT, expert)
    checked = _checked(values)
    changed = {name: value for name, value in checked.fields.items() if getattr(expert, name) != value}
    before = {name: getattr(expert, name) for name in changed if name in OPEN}
    known = [(skill.name_en, skill.name_zh) for skill in expert.skills.order_by("position")]
    if not changed and known == checked.skills:
        return expert
    for name, value in changed.items():
        setattr(expert, name, value)
    try:
        with transaction.atomic():
            expert.save(update_fields=sorted(changed))
    except IntegrityError as error:
        _refuse_known_orcid(error)
    if known != checked.skills:
        expert.skills.all().delete()
        _write_skills(expert, checked.skills)
    record_audit(
        expert,
        actor=actor,
        verb="change_expert",
        before=before,
        after={name: changed[name] for name in changed if name in OPEN},
        personal=_personal(changed),
        at=at,
    )
    bump_content_version(alliance)
    return expert


def _locked(alliance: Alliance, code: str) -> Expert:
    return Expert.objects.of(alliance).select_for_update(of=("self",)).select_related("institution").get(code=code)


def _write_skills(expert: Expert, skills: Sequence[tuple[str, str]]) -> None:
    ExpertSkill.objects.bulk_create(
        [
            ExpertSkill(alliance_id=expert.alliance_id, expert=expert, position=place, name_en=en, name_zh=zh)
            for place, (en, zh) in enumerate(skills)
        ]
    )


def _check_consent(level: str) -> None:
    if level not in ConsentLevel.values:
        words = _("Say what the expert agreed to.")
        raise InvalidInputError(words, code="consent_unknown", fields={"consent": words})


def _write_consent(expert: Expert, level: str, *, actor: User, at: datetime) -> None:
    ExpertConsent.objects.of(expert.alliance).filter(expert=expert, withdrawn_at__isnull=True).update(withdrawn_at=at)
    ExpertConsent.objects.create(
        alliance_id=expert.alliance_id,
        expert=expert,
        level=level,
        wording_version=CONSENT_WORDING,
        given_at=at,
        recorded_by=actor,
    )
    expert.consent = level
    expert.save(update_fields=["consent"])


@transaction.atomic
def record_consent(alliance: Alliance, code: str, level: str, *, actor: User, at: datetime) -> Expert:
    """Put on record what an expert agrees to from now on; the earlier consent stays on record as withdrawn.

    Raises:
        Expert.DoesNotExist: No such expert here.
        InvalidInputError: No such level, or nothing would change.
    """
    expert = _locked(alliance, code)
    require(actor, CHANGE_EXPERT, expert)
    _check_consent(level)
    before = expert.consent
    if before == level:
        words = _("This is what is on record already.")
        raise InvalidInputError(words, code="consent_unchanged", fields={"consent": words})
    _write_consent(expert, level, actor=actor, at=at)
    record_audit(
        expert,
        actor=actor,
        verb="record_consent",
        before={"consent": before},
        after={"consent": level, "wording": CONSENT_WORDING},
        at=at,
    )
    bump_content_version(alliance)
    return expert


@transaction.atomic
def end_expert(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Expert:
    """Take an expert out of the talent pool: consent ends with it, the entry stays for the record.

    Raises:
        Expert.DoesNotExist: No such expert here.
        InvalidInputError: The expert has left already.
    """
    expert = _locked(alliance, code)
    require(actor, CHANGE_EXPERT, expert)
    if expert.state == ExpertState.ENDED:
        raise InvalidInputError(_("This expert is no longer in the talent pool."), code="expert_ended")
    expert.state = ExpertState.ENDED
    expert.save(update_fields=["state"])
    if expert.consent != ConsentLevel.NONE:
        _write_consent(expert, ConsentLevel.NONE, actor=actor, at=at)
    record_audit(
        expert,
        actor=actor,
        verb="end_expert",
        before={"state": ExpertState.ACTIVE},
        after={"state": expert.state, "consent": expert.consent},
        at=at,
    )
    bump_content_version(alliance)
    return expert


@transaction.atomic
def declare_expert_interest(
    alliance: Alliance,
    code: str,
    *,
    kind: str,
    counterparty_code: str = "",
    words_en: str = "",
    words_zh: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    actor: User,
    at: datetime,
) -> ExpertInterest:
    """Declare an expert's interest; the conflict guard reads it.

    Args:
        alliance: The tenant.
        code: The expert.
        kind: One of InterestKind.
        counterparty_code: The member concerned; empty for a party outside, named in the words.
        words_en: Particulars in English.
        words_zh: Particulars in Chinese.
        starts_on: First day; None: not known.
        ends_on: Last day; None: it goes on.
        actor: Needs ``members.change_expert``.
        at: Now.

    Raises:
        InvalidInputError: A value breaks a rule.
    """
    expert = _locked(alliance, code)
    require(actor, CHANGE_EXPERT, expert)
    problems: dict[str, StrOrPromise] = {}
    counterparty = None
    if kind not in InterestKind.values:
        problems["kind"] = _("Choose a kind of interest.")
    if counterparty_code.strip():
        counterparty = Institution.objects.of(alliance).filter(code=counterparty_code.strip()).first()
        if counterparty is None:
            problems["counterparty"] = _("The alliance has no institution of this code.")
        elif counterparty.pk == expert.institution_id:
            problems["counterparty"] = _("Name another institution than the expert's own.")
    if counterparty is None and not (words_en.strip() or words_zh.strip()):
        problems.setdefault("counterparty", _("Name the member concerned, or say in words which party it is."))
    if starts_on and ends_on and ends_on < starts_on:
        problems["ends_on"] = _("The last day lies before the first.")
    if problems:
        raise InvalidInputError(_("The interest cannot be kept as it stands."), code="interest_invalid", fields=problems)
    interest = ExpertInterest.objects.create(
        alliance=alliance,
        expert=expert,
        kind=kind,
        counterparty=counterparty,
        words_en=words_en.strip(),
        words_zh=words_zh.strip(),
        starts_on=starts_on,
        ends_on=ends_on,
        declared_at=at,
    )
    record_audit(
        expert,
        actor=actor,
        verb="declare_expert_interest",
        after={"kind": kind, "counterparty": counterparty.code if counterparty else None, "from": starts_on, "to": ends_on},
        personal={f"after.{name}": text for name, text in (("en", words_en), ("zh", words_zh)) if text.strip()} or None,
        at=at,
    )
    emit(alliance, EXPERT_INTEREST_CHANGED, {"expert": expert.code})
    return interest


@transaction.atomic
def end_expert_interest(
    alliance: Alliance, code: str, interest_id: int, *, on: date, actor: User, at: datetime
) -> ExpertInterest:
    """Note the last day of an interest; it stays on record.

    Raises:
        ExpertInterest.DoesNotExist: The expert has no such interest.
        InvalidInputError: It has ended already, or would end before it began.
    """
    expert = _locked(alliance, code)
    require(actor, CHANGE_EXPERT, expert)
    interest = ExpertInterest.objects.of(alliance).select_for_update().get(pk=interest_id, expert=expert)
    if interest.ends_on is not None and interest.ends_on <= on:
        raise InvalidInputError(_("This interest has ended already."), code="interest_ended")
    if interest.starts_on is not None and on < interest.starts_on:
        words = _("The last day lies before the first.")
        raise InvalidInputError(words, code="interest_invalid", fields={"ends_on": words})
    before = interest.ends_on
    interest.ends_on = on
    interest.save(update_fields=["ends_on"])
    record_audit(
        expert,
        actor=actor,
        verb="end_expert_interest",
        before={"kind": interest.kind, "to": before},
        after={"kind": interest.kind, "to": on},
        at=at,
    )
    emit(alliance, EXPERT_INTEREST_CHANGED, {"expert": expert.code})
    return interest
