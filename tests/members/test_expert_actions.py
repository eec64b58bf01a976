"""The talent pool: entries, consent on record, interests."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.models import Alliance, AuditEntry, AuditPersonal, OutboxEvent, User
from members.actions.expert import (
    ExpertValues,
    add_expert,
    change_expert,
    declare_expert_interest,
    end_expert,
    end_expert_interest,
    pair_skills,
    record_consent,
)
from members.choices import ConsentLevel, ExpertState, InterestKind, StaffRole
from members.models import Expert, ExpertConsent, ExpertSkill, Institution
from members.selectors.expert import ExpertQuery, list_public_experts, narrow_experts, visible_experts
from members.selectors.orcid import parse_orcid
from tests.factories.alliance import make_user
from tests.factories.members import make_institution, make_staff

NOON = timezone.now()


def values(**fields: Any) -> ExpertValues:
    """A complete entry."""
    given: dict[str, Any] = {
        "name_en": "He Min",
        "name_zh": "何敏",
        "email": "he@example.org",
        "skills": [("reactive dyeing", "活性染料染色"), ("water audits", "")],
        "languages": ["zh", "en"],
        "days_per_month": Decimal(4),
        **fields,
    }
    return ExpertValues(**given)


@pytest.fixture
def institution(alliance: Alliance) -> Institution:
    with tenancy.acting_in(alliance):
        return make_institution(alliance)


@pytest.fixture
def officer(alliance: Alliance, institution: Institution) -> User:
    with tenancy.acting_in(alliance):
        return make_staff(institution, role=StaffRole.STAFF).user


def add(alliance: Alliance, institution: Institution, actor: User, **fields: Any) -> Expert:
    consent = fields.pop("consent", ConsentLevel.PUBLIC)
    return add_expert(alliance, institution.code, values(**fields), consent=consent, actor=actor, at=NOON)


def test_an_officer_adds_an_expert_with_skills_and_consent_on_record(
    alliance: Alliance, institution: Institution, officer: User
) -> None:
    with tenancy.acting_in(alliance):
        expert = add(alliance, institution, officer)

        assert expert.code == "E-001"
        assert [(skill.name_en, skill.name_zh) for skill in expert.skills.order_by("position")] == [
            ("reactive dyeing", "活性染料染色"),
            ("water audits", ""),
        ]
        consent = ExpertConsent.objects.of(alliance).get(expert=expert)
        assert (consent.level, consent.recorded_by, consent.withdrawn_at) == (ConsentLevel.PUBLIC, officer, None)


def test_the_audit_entry_holds_names_and_addresses_only_as_commitments(
    alliance: Alliance, institution: Institution, officer: User
) -> None:
    with tenancy.acting_in(alliance):
        expert = add(alliance, institution, officer)

        entry = AuditEntry.objects.of(alliance).get(verb="add_expert", object_id=str(expert.uuid))
        assert "He Min" not in entry.record
        assert "he@example.org" not in entry.record
        kept = set(AuditPersonal.objects.of(alliance).filter(entry_id=entry.id).values_list("value", flat=True))
        assert {"He Min", "何敏", "he@example.org"} <= kept


def test_codes_follow_each_other(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        codes = [add(alliance, institution, officer).code for _turn in range(3)]

    assert codes == ["E-001", "E-002", "E-003"]


@pytest.mark.parametrize(
    ("fields", "at_field"),
    [
        ({"name_en": " ", "name_zh": ""}, "name_en"),
        ({"orcid": "0000-0002-1825-0098"}, "orcid"),
        ({"skills": []}, "skills_en"),
        ({"skills": [(f"skill {number}", "") for number in range(31)]}, "skills_en"),
        ({"skills": [("x" * 121, "")]}, "skills_en"),
        ({"languages": ["klingon"]}, "languages"),
        ({"days_per_month": Decimal(32)}, "days_per_month"),
        ({"available_from": date(2026, 5, 2), "available_until": date(2026, 5, 1)}, "available_until"),
    ],
)
def test_a_faulty_entry_is_refused_at_its_field_and_nothing_is_kept(
    alliance: Alliance, institution: Institution, officer: User, fields: dict[str, Any], at_field: str
) -> None:
    with tenancy.acting_in(alliance):
        with pytest.raises(InvalidInputError) as refusal:
            add(alliance, institution, officer, **fields)

        assert at_field in refusal.value.fields
        assert not Expert.objects.of(alliance).exists()


def test_people_of_other_institutions_and_signatories_may_not_enter_experts(
    alliance: Alliance, institution: Institution
) -> None:
    with tenancy.acting_in(alliance):
        stranger = make_staff(make_institution(alliance)).user
        signatory = make_staff(institution, role=StaffRole.SIGNATORY).user
        for person in (stranger, signatory, make_user()):
            with pytest.raises(PermissionRefusedError):
                add(alliance, institution, person)


def test_an_expert_of_another_alliance_does_not_exist_here(
    alliance: Alliance, other_alliance: Alliance, institution: Institution, officer: User
) -> None:
    with tenancy.acting_in(alliance):
        code = add(alliance, institution, officer).code

    with tenancy.acting_in(other_alliance), pytest.raises(Expert.DoesNotExist):
        change_expert(other_alliance, code, values(), actor=officer, at=NOON)


def test_one_orcid_belongs_to_one_expert(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, institution, officer, orcid="https://orcid.org/0000-0002-1825-0097")
        with pytest.raises(InvalidInputError) as refusal:
            add(alliance, institution, officer, orcid="0000000218250097")

        assert "orcid" in refusal.value.fields
        with pytest.raises(IntegrityError), transaction.atomic():
            Expert.objects.create(
                alliance=alliance, institution=institution, code="E-9", name_en="Twin", orcid="0000-0002-1825-0097"
            )


def test_a_change_keeps_consent_and_replaces_skills(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        expert = add(alliance, institution, officer, consent=ConsentLevel.MEMBERS_ONLY)

        changed = change_expert(
            alliance, expert.code, values(skills=[("", "织造")], days_per_month=None), actor=officer, at=NOON
        )

        assert changed.consent == ConsentLevel.MEMBERS_ONLY
        assert changed.days_per_month is None
        assert list(ExpertSkill.objects.of(alliance).values_list("name_zh", flat=True)) == ["织造"]
        entry = AuditEntry.objects.of(alliance).get(verb="change_expert")
        assert '"days_per_month":"4' in entry.record


def test_consent_is_replaced_and_never_overwritten(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        code = add(alliance, institution, officer).code
        later = NOON + timedelta(days=1)

        expert = record_consent(alliance, code, ConsentLevel.NONE, actor=officer, at=later)

        assert expert.consent == ConsentLevel.NONE
        rows = ExpertConsent.objects.of(alliance).order_by("given_at").values_list("level", "withdrawn_at")
        assert list(rows) == [(ConsentLevel.PUBLIC, later), (ConsentLevel.NONE, None)]
        with pytest.raises(InvalidInputError):
            record_consent(alliance, code, ConsentLevel.NONE, actor=officer, at=later)


def test_who_sees_an_expert_follows_the_consent(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        for level in ConsentLevel.values:
            add(alliance, institution, officer, consent=level)
        member = make_staff(make_institution(alliance)).user

        def seen(reader: Any) -> set[str]:
            return set(visible_experts(alliance, reader).values_list("consent", flat=True))

        assert set(list_public_experts(alliance).values_list("consent", flat=True)) == {ConsentLevel.PUBLIC}
        assert seen(None) == {ConsentLevel.PUBLIC}
        assert seen(make_user()) == {ConsentLevel.PUBLIC}
        assert seen(member) == {ConsentLevel.PUBLIC, ConsentLevel.MEMBERS_ONLY}
        assert seen(officer) == set(ConsentLevel.values)


def test_an_expert_is_found_by_skill_in_either_language(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        add(alliance, institution, officer)
        pool = Expert.objects.of(alliance)
        today = date(2026, 11, 21)

        for words in ("Reactive", "活性", "染料染色", "water dyeing"):
            assert narrow_experts(pool, ExpertQuery(q=words), today).count() == 1, words
        assert narrow_experts(pool, ExpertQuery(q="weaving"), today).count() == 0


def test_leaving_the_pool_ends_consent(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        code = add(alliance, institution, officer).code

        expert = end_expert(alliance, code, actor=officer, at=NOON)

        assert (expert.state, expert.consent) == (ExpertState.ENDED, ConsentLevel.NONE)
        assert not list_public_experts(alliance).exists()
        with pytest.raises(InvalidInputError):
            end_expert(alliance, code, actor=officer, at=NOON)


def test_an_interest_names_a_member_or_says_which_party_it_is(
    alliance: Alliance, institution: Institution, officer: User
) -> None:
    with tenancy.acting_in(alliance):
        code = add(alliance, institution, officer).code
        other = make_institution(alliance)

        interest = declare_expert_interest(
            alliance, code, kind=InterestKind.HOLDING, counterparty_code=other.code, actor=officer, at=NOON
        )

        assert interest.counterparty == other
        assert OutboxEvent.objects.of(alliance).filter(kind="members.expert_interest_changed").exists()
        wrongs: list[dict[str, Any]] = [{}, {"counterparty_code": "I-404"}, {"counterparty_code": institution.code}]
        for wrong in wrongs:
            with pytest.raises(InvalidInputError) as refusal:
                declare_expert_interest(alliance, code, kind=InterestKind.POST, actor=officer, at=NOON, **wrong)
            assert "counterparty" in refusal.value.fields


def test_an_interest_ends_once_and_not_before_it_began(alliance: Alliance, institution: Institution, officer: User) -> None:
    with tenancy.acting_in(alliance):
        code = add(alliance, institution, officer).code
        interest = declare_expert_interest(
            alliance,
            code,
            kind=InterestKind.OTHER,
            words_en="adviser abroad",
            starts_on=date(2026, 3, 1),
            actor=officer,
            at=NOON,
        )

        with pytest.raises(InvalidInputError):
            end_expert_interest(alliance, code, interest.pk, on=date(2026, 2, 1), actor=officer, at=NOON)
        ended = end_expert_interest(alliance, code, interest.pk, on=date(2026, 4, 1), actor=officer, at=NOON)

        assert ended.ends_on == date(2026, 4, 1)
        with pytest.raises(InvalidInputError):
            end_expert_interest(alliance, code, interest.pk, on=date(2026, 5, 1), actor=officer, at=NOON)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", ""),
        ("0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("https://orcid.org/0000-0001-5109-3700", "0000-0001-5109-3700"),
        ("000000021694233x", "0000-0002-1694-233X"),
        ("0000-0002-1825-0096", None),
        ("0000-0002-1825", None),
        ("ORCID", None),
    ],
)
def test_an_orcid_is_checked_by_its_last_character(text: str, parsed: str | None) -> None:
    assert parse_orcid(text) == parsed


def test_skills_are_paired_by_line_and_empty_lines_fall_away() -> None:
    assert pair_skills("a\n\nc", "甲\n\n") == [("a", "甲"), ("c", "")]
