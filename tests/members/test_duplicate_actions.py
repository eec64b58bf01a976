"""Finding entries that may be one institution, dismissing pairs, and taking a dismissal back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.choices import JobState
from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError, TransitionRefusedError
from alliance.models import AuditEntry, Job
from members.actions.duplicate import dismiss_pair, note_twins, reopen_pair, start_search
from members.actions.merge import merge_institutions
from members.choices import DuplicateState, InstitutionState
from members.models import DuplicatePair, Institution
from members.selectors.domains import domain_of
from members.selectors.duplicate import Signals, find_twins, rate
from tests.factories.members import make_institution

if TYPE_CHECKING:
    from alliance.models import Alliance, User

pytestmark = pytest.mark.django_db


def search(alliance: Alliance, actor: User) -> dict[tuple[str, str], DuplicatePair]:
    """Run the search here and now; open pairs by their codes."""
    job = start_search(alliance, actor=actor)
    jobs.run_job(alliance.pk, job.pk)
    job = Job.objects.get(pk=job.pk)
    assert job.state == JobState.SUCCEEDED, job.error
    return {
        (pair.first.code, pair.second.code): pair
        for pair in DuplicatePair.objects.of(alliance).filter(state="open").select_related("first", "second")
    }


def codes(pair: DuplicatePair) -> set[str]:
    return {reason["code"] for reason in pair.reasons}


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.dhu.edu.cn/en/", "dhu.edu.cn"),
        ("http://textile.dhu.edu.cn:8080", "dhu.edu.cn"),
        ("office@lib.example.co.uk", "example.co.uk"),
        ("https://example.com", "example.com"),
        ("https://zjtex.zj.cn/", "zjtex.zj.cn"),
        ("someone@qq.com", ""),
        ("https://weaver.github.io/", ""),
        ("https://10.0.0.7/", ""),
        ("", ""),
    ],
)
def test_a_domain_is_the_part_that_was_registered_and_public_hosts_say_nothing(address: str, domain: str) -> None:
    assert domain_of(address) == domain


def test_the_database_and_the_program_agree_on_domains(act: Alliance, secretary: User) -> None:
    make_institution(act, name_en="Loom Academy", web="https://www.loom.edu.cn/about")
    make_institution(act, name_en="Dye Works of the South", contact_email="info@mail.loom.edu.cn")
    make_institution(act, name_en="Third Party", contact_email="third@qq.com")
    make_institution(act, name_en="Fourth House", contact_email="fourth@qq.com")

    found = search(act, secretary)

    assert [[reason["params"] for reason in pair.reasons] for pair in found.values()] == [[{"domain": "loom.edu.cn"}]]


def test_names_in_either_language_pinyin_and_register_are_found(act: Alliance, secretary: User) -> None:
    make_institution(act, code="A-1", name_en="Hangzhou Weaving Research Institute")
    make_institution(act, code="A-2", name_en="Weaving Research Institute of Hangzhou")
    make_institution(act, code="B-1", name_en="", name_zh="浙江中部纺织科学技术研究院")
    make_institution(act, code="B-2", name_en="", name_zh="浙江中部纺织科学技术研究所")
    make_institution(act, code="C-1", name_en="", name_zh="東華紡織大學")
    make_institution(act, code="C-2", name_en="", name_zh="东华纺织大学")
    make_institution(act, code="D-1", name_en="First", registry_scheme="uscc", registry_code="91310000MA1FL0T27X")
    make_institution(act, code="D-2", name_en="Entirely other", registry_scheme="uscc", registry_code="92330100MA1FL0T275")
    make_institution(act, code="E-1", name_en="Nothing like the rest")

    found = search(act, secretary)

    assert set(found) == {("A-1", "A-2"), ("B-1", "B-2"), ("C-1", "C-2"), ("D-1", "D-2")}
    assert codes(found["A-1", "A-2"]) == {"name_en"}
    assert codes(found["B-1", "B-2"]) == {"name_zh"}
    assert "pinyin" in codes(found["C-1", "C-2"])
    assert "registry" in codes(found["D-1", "D-2"])


def test_two_codes_of_one_register_speak_against_equal_names() -> None:
    alike, _reasons = rate(Signals(name_en=0.9))
    but, reasons = rate(Signals(name_en=0.9, other_code=True))

    assert but < 0.5 < alike
    assert reasons[-1]["code"] == "other_code"


def test_a_domain_that_many_share_says_nothing_by_itself(act: Alliance, secretary: User) -> None:
    for name in ("Loom", "Spindle", "Shuttle", "Bobbin", "Treadle"):
        make_institution(act, name_en=f"{name} {name}", web=f"https://{name.lower()}.group.com")

    assert search(act, secretary) == {}


def test_a_dismissed_pair_stays_dismissed_until_that_is_taken_back(act: Alliance, secretary: User) -> None:
    make_institution(act, code="A-1", name_en="Weaving Institute of Hangzhou")
    make_institution(act, code="A-2", name_en="Hangzhou Weaving Institute")
    pair = search(act, secretary)["A-1", "A-2"]

    dismiss_pair(act, pair.uuid, actor=secretary, at=timezone.now())
    assert search(act, secretary) == {}
    with pytest.raises(TransitionRefusedError):
        dismiss_pair(act, pair.uuid, actor=secretary, at=timezone.now())

    reopen_pair(act, pair.uuid, actor=secretary, at=timezone.now())
    assert list(search(act, secretary)) == [("A-1", "A-2")]
    verbs = list(AuditEntry.objects.of(act).order_by("id").values_list("verb", flat=True))
    assert [verb for verb in verbs if verb.endswith("_pair")] == ["dismiss_pair", "reopen_pair"]


def test_an_open_pair_that_is_no_longer_alike_is_forgotten(act: Alliance, secretary: User) -> None:
    make_institution(act, code="A-1", name_en="Weaving Institute of Hangzhou")
    twin = make_institution(act, code="A-2", name_en="Hangzhou Weaving Institute")
    assert search(act, secretary)

    Institution.objects.of(act).filter(pk=twin.pk).update(name_en="Port Authority", name_key="port authority")

    assert search(act, secretary) == {}


def test_a_merged_entry_is_no_candidate(act: Alliance, secretary: User) -> None:
    make_institution(act, code="A-1", name_en="Weaving Institute of Hangzhou")
    make_institution(act, code="A-2", name_en="Hangzhou Weaving Institute")
    search(act, secretary)

    merge_institutions(act, "A-1", "A-2", actor=secretary, at=timezone.now())

    assert search(act, secretary) == {}
    assert [twin.institution.code for twin in find_twins(act, "Hangzhou Weaving Institute")] == ["A-1"]
    pair = DuplicatePair.objects.of(act).get()
    assert pair.state == DuplicateState.MERGED
    with pytest.raises(TransitionRefusedError):
        reopen_pair(act, pair.uuid, actor=secretary, at=timezone.now())


def test_a_dismissed_pair_of_which_one_was_merged_elsewhere_is_not_opened_again(act: Alliance, secretary: User) -> None:
    for code, name in (("A-1", "Weaving Institute of Hangzhou"), ("A-2", "Hangzhou Weaving Institute"), ("Z-1", "Else")):
        make_institution(act, code=code, name_en=name)
    pair = search(act, secretary)["A-1", "A-2"]
    dismiss_pair(act, pair.uuid, actor=secretary, at=timezone.now())
    merge_institutions(act, "Z-1", "A-2", actor=secretary, at=timezone.now())

    with pytest.raises(InvalidInputError, match="merged meanwhile"):
        reopen_pair(act, pair.uuid, actor=secretary, at=timezone.now())


def test_twins_of_one_described_institution_are_named_with_the_reasons(act: Alliance) -> None:
    make_institution(
        act, code="A-1", name_en="Donghua Textile University", name_zh="东华纺织大学", web="https://dhtu.edu.cn"
    )
    make_institution(act, code="A-2", name_en="Harbour Bank")

    descriptions: tuple[dict[str, Any], ...] = (
        {"name_en": "Textile University of Donghua"},
        {"name_zh": "東華紡織大學"},
        {"name_en": "Something else", "domain": "office@lib.dhtu.edu.cn"},
    )
    for described in descriptions:
        twins = find_twins(act, **described)
        assert [twin.institution.code for twin in twins] == ["A-1"], described
        assert twins[0].words

    assert find_twins(act, "Quite unlike anything", "截然不同") == []


def test_twins_are_looked_for_in_the_own_alliance_only(act: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance, name_en="Weaving Institute of Hangzhou")

    assert find_twins(act, "Weaving Institute of Hangzhou") == []


def test_looking_for_twins_asks_few_questions(act: Alliance, django_assert_num_queries: Any) -> None:
    for number in range(8):
        make_institution(act, name_en=f"Weaving Institute of Hangzhou {number}", web="https://weave.org")

    with django_assert_num_queries(2):
        assert len(find_twins(act, "Weaving Institute of Hangzhou", domain="weave.org")) == 8


def test_what_looks_like_an_entry_is_noted_when_it_is_added(act: Alliance) -> None:
    make_institution(act, code="A-1", name_en="Weaving Institute of Hangzhou")
    new = make_institution(act, code="A-2", name_en="Hangzhou Weaving Institute")

    pairs = note_twins(new, at=timezone.now())

    assert [(pair.first.code, pair.second.code) for pair in pairs] == [("A-1", "A-2")]
    assert [pair.pk for pair in note_twins(new, at=timezone.now())] == [pairs[0].pk]


def test_only_the_office_looks_for_duplicates(act: Alliance, committee_member: User, auditor: User, stranger: User) -> None:
    for person in (committee_member, auditor, stranger):
        with pytest.raises(PermissionRefusedError):
            start_search(act, actor=person)


def test_a_second_press_starts_no_second_search(act: Alliance, secretary: User) -> None:
    assert start_search(act, actor=secretary) == start_search(act, actor=secretary)


def test_a_pair_of_another_alliance_is_not_found(act: Alliance, other_alliance: Alliance, secretary: User) -> None:
    with tenancy.acting_in(other_alliance):
        first = make_institution(other_alliance)
        second = make_institution(other_alliance)
        pair = DuplicatePair.objects.create(
            alliance=other_alliance, first=first, second=second, score="0.9", found_at=timezone.now()
        )

    with pytest.raises(DuplicatePair.DoesNotExist):
        dismiss_pair(act, pair.uuid, actor=secretary, at=timezone.now())


def test_twins_among_many_entries_are_found_over_several_batches(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.actions.duplicate.BATCH", 100)
    drawn = random.Random(7)
    names = ["".join(drawn.choices("abcdefghijklmnoprstuvw", k=24)) for _number in range(400)]
    twins = [f"{name[:12]} {name[12:]} the" for name in names[:40]]
    Institution.objects.bulk_create(
        [
            Institution(
                alliance=act,
                code=f"T-{number:05d}",
                kind="industry_think_tank",
                state=InstitutionState.ACTIVE,
                name_en=name,
                name_key=name,
                sort_key=name,
                region_code="330000",
            )
            for number, name in enumerate([*(f"{name[:12]} {name[12:]}" for name in names), *twins])
        ]
    )

    found = search(act, secretary)

    assert set(found) == {(f"T-{number:05d}", f"T-{400 + number:05d}") for number in range(40)}
    assert Job.objects.get().result == {"entries": 440, "new": 40, "open": 40, "forgotten": 0}
