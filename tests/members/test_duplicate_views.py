"""Pages about duplicates: the list, both entries side by side, the merge and its undo."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from alliance.kernel import jobs, tenancy
from alliance.models import Job
from members.actions.duplicate import note_pair
from members.choices import DuplicateState, InstitutionState
from members.models import DuplicatePair, Institution, InstitutionMerge
from tests.factories.alliance import make_user
from tests.factories.members import make_institution, make_staff, make_supply

if TYPE_CHECKING:
    from alliance.models import Alliance, User

pytestmark = pytest.mark.django_db


def at(alliance: Alliance, name: str, **kwargs: Any) -> str:
    return f"/a/{alliance.slug}{reverse(name, urlconf='alliance.urls_tenant', kwargs=kwargs)}"


@pytest.fixture
def pair(alliance: Alliance, secretary: User) -> DuplicatePair:
    with tenancy.acting_in(alliance):
        kept = make_institution(alliance, code="I-1", name_en="Weaving Institute of Hangzhou")
        twin = make_institution(alliance, code="I-2", name_en="Hangzhou Weaving Institute", web="https://weave.org")
        make_supply(kept, "policy")
        make_supply(twin, "talent")
        make_staff(twin)
        return note_pair(alliance, "I-2", "I-1", actor=secretary, at=timezone.now())


def test_the_office_merges_a_pair_from_the_list_and_undoes_it(
    alliance: Alliance, secretary: User, pair: DuplicatePair, client_for: Any
) -> None:
    client = client_for(secretary)

    listed = client.get(at(alliance, "duplicate_list"))
    assert "Weaving Institute of Hangzhou" in listed.content.decode()
    page = client.get(at(alliance, "duplicate_pair", uuid=pair.uuid)).content.decode()
    assert "English names alike" in page
    assert "keep=I-1" in page

    preview = client.get(at(alliance, "duplicate_pair", uuid=pair.uuid) + "?keep=I-1").content.decode()
    assert "https://weave.org" in preview
    assert "Merge the two entries" in preview
    with tenancy.acting_in(alliance):
        assert not InstitutionMerge.objects.exists()

    done = client.post(at(alliance, "duplicate_pair", uuid=pair.uuid), {"act": "merge", "keep": "I-1"})
    with tenancy.acting_in(alliance):
        merge = InstitutionMerge.objects.get()
        assert Institution.objects.get(code="I-2").state == InstitutionState.MERGED
    assert done["Location"].endswith(f"merges/{merge.uuid}/")
    assert "Undo the merge" in client.get(at(alliance, "institution_merge", uuid=merge.uuid)).content.decode()
    assert "I-2" in client.get(at(alliance, "duplicate_list") + "?show=merged").content.decode()

    client.post(at(alliance, "institution_merge", uuid=merge.uuid))
    with tenancy.acting_in(alliance):
        assert Institution.objects.get(code="I-2").state == InstitutionState.ACTIVE
    assert "both entries stand again" in client.get(at(alliance, "institution_merge", uuid=merge.uuid)).content.decode()


def test_a_merged_entry_is_hidden_from_the_list_and_its_address_leads_to_the_one_that_stays(
    alliance: Alliance, secretary: User, pair: DuplicatePair, client_for: Any
) -> None:
    client = client_for(secretary)
    client.post(at(alliance, "duplicate_pair", uuid=pair.uuid), {"act": "merge", "keep": "I-1"})

    listed = client.get(at(alliance, "institution_list")).content.decode()
    assert "Weaving Institute of Hangzhou" in listed
    assert "Hangzhou Weaving Institute" not in listed
    asked = client.get(at(alliance, "institution_list") + "?state=merged").content.decode()
    assert "Hangzhou Weaving Institute" in asked
    moved = client.get(at(alliance, "institution_detail", code="I-2"))
    assert moved.status_code == 302
    assert moved["Location"].endswith("/institutions/I-1/")
    assert "Merged entries" in client.get(at(alliance, "institution_detail", code="I-1")).content.decode()


def test_a_dismissed_pair_is_listed_apart_and_can_be_opened_again(
    alliance: Alliance, secretary: User, pair: DuplicatePair, client_for: Any
) -> None:
    client = client_for(secretary)
    client.post(at(alliance, "duplicate_pair", uuid=pair.uuid), {"act": "dismiss"})
    assert "No open pair" in client.get(at(alliance, "duplicate_list")).content.decode()
    assert str(pair.uuid) in client.get(at(alliance, "duplicate_list") + "?show=dismissed").content.decode()

    client.post(at(alliance, "duplicate_pair", uuid=pair.uuid), {"act": "reopen"})
    with tenancy.acting_in(alliance):
        assert DuplicatePair.objects.get().state == DuplicateState.OPEN


def test_a_search_is_a_job_whose_result_is_the_list(alliance: Alliance, secretary: User, client_for: Any) -> None:
    client = client_for(secretary)
    started = client.post(at(alliance, "duplicate_search"))
    with tenancy.acting_in(alliance):
        job = Job.objects.get()
    assert str(job.uuid) in started["Location"]
    jobs.run_job(alliance.pk, job.pk)
    result = client.get(at(alliance, "duplicate_search_of_job", uuid=job.uuid))
    assert result["Location"].endswith("/duplicates/")


def test_two_entries_can_be_named_by_hand_and_wrong_codes_keep_what_was_typed(
    alliance: Alliance, secretary: User, client_for: Any
) -> None:
    client = client_for(secretary)
    with tenancy.acting_in(alliance):
        make_institution(alliance, code="I-1", name_en="Alpha Weavers")
        make_institution(alliance, code="I-2", name_en="Harbour Library")

    wrong = client.post(at(alliance, "duplicate_compare"), {"first": "I-1", "second": "I-99"})
    assert wrong.status_code == 422
    assert 'value="I-99"' in wrong.content.decode()
    assert client.post(at(alliance, "duplicate_compare"), {"first": "I-1", "second": "I-1"}).status_code == 422
    right = client.post(at(alliance, "duplicate_compare"), {"first": "I-1", "second": "I-2"})
    assert right.status_code == 302
    assert "Named by hand" in client.get(right["Location"]).content.decode()


def test_adding_what_is_there_already_leads_to_the_comparison(alliance: Alliance, secretary: User, client_for: Any) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance, code="I-1", name_en="Weaving Institute of Hangzhou")
    answer = client_for(secretary).post(
        at(alliance, "institution_add"),
        {"name_en": "Hangzhou Weaving Institute", "kind": "industry_think_tank", "country": "CN"},
    )

    with tenancy.acting_in(alliance):
        pair = DuplicatePair.objects.get()
    assert answer["Location"].endswith(f"duplicates/{pair.uuid}/")


def test_an_auditor_looks_and_others_do_not(
    alliance: Alliance, auditor: User, committee_member: User, pair: DuplicatePair, client_for: Any
) -> None:
    page = client_for(auditor).get(at(alliance, "duplicate_pair", uuid=pair.uuid))
    assert page.status_code == 200
    assert "Not the same institution" not in page.content.decode()
    assert client_for(auditor).post(at(alliance, "duplicate_pair", uuid=pair.uuid), {"act": "dismiss"}).status_code == 403
    assert client_for(committee_member).get(at(alliance, "duplicate_list")).status_code == 403
    assert client_for(make_user()).get(at(alliance, "duplicate_list")).status_code in {403, 404}


def test_the_list_asks_the_same_number_of_questions_for_many_pairs(
    alliance: Alliance, secretary: User, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    with tenancy.acting_in(alliance):
        entries = [make_institution(alliance) for _number in range(12)]
        for first, second in pairwise(entries):
            DuplicatePair.objects.create(alliance=alliance, first=first, second=second, score="0.9", found_at=timezone.now())
    client = client_for(secretary)
    client.get(at(alliance, "duplicate_list"))

    with django_assert_max_num_queries(30):
        client.get(at(alliance, "duplicate_list"))
