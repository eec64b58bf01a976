"""A name planted in what people enter is not found in the clear part of the audit log (security.md section 4(a)).

Every test of ``tests/members`` and ``tests/groups`` is watched as well (``tests/clear_audit.py``): names of two words and Chinese
ones would be found there. Here each name is one word, which looks like a code.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from alliance.kernel.errors import InvalidInputError
from alliance.models import Alliance, AuditEntry, AuditPersonal, User
from groups.actions.conflict import declare_conflict
from groups.actions.declaration import NewInterest, declare_interest
from groups.actions.group import change_composition, join_group
from groups.actions.motion import change_motion, draft_motion
from members.actions import application as acts
from members.actions.element import add_supply
from members.actions.exit import give_notice, note_standing_step
from members.actions.expert import ExpertValues, add_expert
from members.actions.institution import add_institution, change_institution, change_profile, move_institution
from members.actions.resource import ResourceValues, add_resource
from members.choices import InterestKind
from tests.clear_audit import PLANTED, words_in, words_of_entry
from tests.factories.admission import PDF, application_values, make_application, token_of
from tests.factories.groups import make_group
from tests.factories.members import make_institution

NOW = timezone.now()
TODAY = timezone.localdate()
Act = Callable[[Alliance, User], Any]
ENTRY: dict[str, Any] = {
    "kind": "industry_think_tank",
    "name_en": PLANTED,
    "country": "CN",
    "web": f"https://{PLANTED}.example/",
}


def _application(alliance: Alliance, _office: User) -> Any:
    planted: dict[str, Any] = {
        **dict.fromkeys(("name_en", "name_zh", "contact_name", "representative_name"), PLANTED),
        "contact_email": f"{PLANTED}@example.org",
        "web": f"https://{PLANTED}.example/",
    }
    made = make_application(alliance, evidence=False, sent=False, **planted)
    token = token_of(made)
    values = {**application_values(), **planted, "name_en": f"{PLANTED}again", "answers": {}}
    acts.change_application(alliance, token, values=values, at=NOW)
    file = ContentFile(PDF, name=f"{PLANTED}.pdf")
    kept = acts.add_evidence(alliance, token, kind="other", file=file, at=NOW)
    acts.remove_evidence(alliance, token, kept.pk, at=NOW)
    return made


def _institution(alliance: Alliance, office: User) -> Any:
    common: dict[str, Any] = {"actor": office, "at": NOW}
    made = add_institution(alliance, short_en=PLANTED, contact_email=f"{PLANTED}@a.example", **ENTRY, **common)
    change_institution(alliance, made.code, **{**ENTRY, "name_en": f"{PLANTED}two"}, short_en="S", **common)
    change_profile(
        alliance, made.code, short_en=PLANTED, short_zh="", web="", contact_email=f"{PLANTED}2@a.example", **common
    )
    note_standing_step(alliance, made.code, kind="reminder", on=TODAY, words=PLANTED, **common)
    add_supply(
        alliance,
        made.code,
        element="policy",
        scale="meso",
        strength=None,
        evidence_en=PLANTED,
        evidence_zh=PLANTED,
        valid_from=TODAY,
        **common,
    )
    add_expert(
        alliance,
        made.code,
        ExpertValues(name_en=PLANTED, title_en=PLANTED, email=f"{PLANTED}@a.example", skills=((PLANTED, PLANTED),)),
        consent="none",
        **common,
    )
    add_resource(
        alliance,
        made.code,
        ResourceValues(kind="laboratory", name_en=PLANTED, description_en=PLANTED, terms_en=PLANTED, place=PLANTED),
        **common,
    )
    move_institution(alliance, made.code, "suspend", reason=PLANTED, **common)
    return give_notice(alliance, made.code, reason=PLANTED, **common)


def _groups(alliance: Alliance, office: User) -> Any:
    common: dict[str, Any] = {"actor": office, "at": NOW}
    group, mill = make_group(alliance), make_institution(alliance, kind="leading_enterprise")
    change_composition(alliance, group.kind, size_rule=9, enterprise_limit=3, rule_source=PLANTED, **common)
    join_group(
        alliance,
        group.kind,
        mill.code,
        role="member",
        starts_at=NOW - timedelta(days=1),
        exception_resolution=PLANTED,
        imported=True,
        **common,
    )
    declare_conflict(alliance, mill.code, "product:P-1", reason=PLANTED, **common)
    declare_interest(
        alliance, mill.code, NewInterest(InterestKind.FAMILY, outside_party=PLANTED, person=PLANTED, words=PLANTED), **common
    )
    motion = draft_motion(alliance, group_kind=None, title_en=PLANTED, text_en=PLANTED, **common)
    return change_motion(alliance, motion.code, values={"title_en": f"{PLANTED}2", "text_zh": PLANTED}, actor=office, at=NOW)


@pytest.mark.parametrize("acted", [_application, _institution, _groups])
def test_a_planted_name_is_kept_as_a_commitment_only(act: Alliance, secretary: User, acted: Act) -> None:
    acted(act, secretary)

    entries = list(AuditEntry.objects.of(act).exclude(object_type="alliance.storedfile"))
    assert len(entries) > 3
    assert [entry.verb for entry in entries if PLANTED in entry.record.casefold()] == []
    assert [found for entry in entries for found in words_of_entry(entry)] == []
    assert AuditPersonal.objects.of(act).filter(value__icontains=PLANTED).exists()


@pytest.mark.parametrize("matter", ["product:Wang Xiaoming", "product:王小明", f"{PLANTED}", "motion:M-1 because"])
def test_no_words_pass_for_the_name_of_a_matter(act: Alliance, secretary: User, matter: str) -> None:
    with pytest.raises(InvalidInputError):
        declare_conflict(act, make_institution(act).code, matter, reason="x", actor=secretary, at=NOW)
    with pytest.raises(InvalidInputError):
        draft_motion(act, group_kind=None, title_en="x", matter=matter, actor=secretary, at=NOW)


def test_words_are_told_from_codes() -> None:
    assert list(words_in({"code": "I-001", "at": "2026-11-22T04:00:00.000000Z", "n": 3, "none": None, "l": ["a_b"]})) == []
    assert len(list(words_in({"a": "Wang Min", "b": ["王敏"], "c": "x@y.example", PLANTED: 1}))) == 4
