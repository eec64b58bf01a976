"""Listings: written by their owner, verified by two people of two institutions, open until their last day."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.transitions import record_label, verb_label
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from members.models import Expert
from services.actions.listing import (
    ListingConflictError,
    add_listing_file,
    draft_listing,
    remove_listing_file,
    submit_listing,
    update_listing,
)
from services.actions.listing_check import check_listing, may_check
from services.actions.listing_life import (
    begin_talks,
    end_talks,
    expire_listing,
    fulfil_listing,
    remind_of_expiry,
    renew_listing,
    revise_listing,
    withdraw_listing,
    withdraw_listings_of,
)
from services.choices import ListingAudience, ListingState, Pricing, Verdict
from services.models import Listing, ListingCheck, ListingFile
from services.selectors.listing import list_to_expire, points_of
from services.signals import LISTING_CHANGED, LISTING_CHECKED, LISTING_EXPIRED, LISTING_RENEWED, LISTING_VERIFIED
from tests.factories.alliance import give_role, make_member
from tests.factories.groups import make_interest, stand_aside
from tests.factories.listings import (
    ListingCast,
    listing_values,
    make_drafted,
    make_listing_cast,
    make_sent,
    make_verified,
    make_verifier,
    verify,
)
from tests.factories.members import make_staff
from tests.factories.services import make_house

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def cast(act: Alliance) -> ListingCast:
    return make_listing_cast(act)


def entries(verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb=verb).order_by("id"))


def events(name: str) -> list[Any]:
    return [row.payload for row in OutboxEvent.objects.filter(kind=name).order_by("id")]


def open_items(prefix: str) -> set[str]:
    return set(InboxItem.objects.filter(key__startswith=prefix, done_at__isnull=True).values_list("key", flat=True))


# ------------------------------------------------------------------------------------------------------------------ drafts


def test_an_officer_drafts_a_listing_for_the_own_institution(cast: ListingCast) -> None:
    listing = make_drafted(cast, region_code="佛山市", money_max=Decimal(260000), pricing=Pricing.FIXED)

    assert (listing.state, listing.code[:2], listing.revision, listing.edition) == (ListingState.DRAFT, "D-", 1, 1)
    assert (listing.region_code, listing.made_by) == ("440600", cast.officer)
    (entry,) = entries("draft_listing")
    assert "Cut the energy" not in str(entry.record), "what somebody wrote stands in the personal part only"
    assert events(LISTING_CHANGED) == [{"id": listing.pk, "code": listing.code, "state": "draft"}]


def test_nobody_drafts_for_another_institution(cast: ListingCast) -> None:
    for actor in (cast.reader, cast.office, cast.committee):
        with pytest.raises(PermissionRefusedError):
            draft_listing(cast.alliance, actor=actor, institution_id=cast.owner.pk, values=listing_values(), at=NOW)
    assert not Listing.objects.exists()


def test_a_signatory_lists_nothing(cast: ListingCast) -> None:
    signatory = make_staff(cast.owner, role="signatory").user
    with pytest.raises(PermissionRefusedError):
        draft_listing(cast.alliance, actor=signatory, institution_id=cast.owner.pk, values=listing_values(), at=NOW)


def test_a_suspended_institution_lists_nothing(cast: ListingCast) -> None:
    cast.owner.state = "suspended"
    cast.owner.save()
    with pytest.raises(DomainError) as refusal:
        make_drafted(cast)
    assert refusal.value.code == "not_in_good_standing"


def test_another_alliance_knows_nothing_of_it(cast: ListingCast, other_alliance: Alliance) -> None:
    listing = make_sent(cast)
    with tenancy.acting_in(other_alliance):
        stranger = make_member(other_alliance)
        acts: list[Any] = [
            lambda: submit_listing(other_alliance, listing.code, actor=stranger, at=NOW),
            lambda: update_listing(other_alliance, listing.code, actor=stranger, values={}, edition=1, at=NOW),
            lambda: check_listing(
                other_alliance, listing.code, actor=stranger, institution_id=None, verdict="passed", revision=1, at=NOW
            ),
            lambda: renew_listing(other_alliance, listing.code, actor=stranger, at=NOW),
            lambda: revise_listing(other_alliance, listing.code, actor=stranger, at=NOW),
            lambda: withdraw_listing(other_alliance, listing.code, actor=stranger, at=NOW),
            lambda: fulfil_listing(other_alliance, listing.code, actor=stranger, at=NOW),
            lambda: add_listing_file(other_alliance, listing.code, file=None, actor=stranger, at=NOW),
        ]
        for act in acts:
            with pytest.raises(NotFoundError):
                act()
        with pytest.raises(NotFoundError):
            draft_listing(other_alliance, actor=stranger, institution_id=cast.owner.pk, values=listing_values(), at=NOW)
        assert not expire_listing(other_alliance, listing.pk, at=NOW)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title_en": "", "title_zh": ""}, "title_en"),
        ({"category": "magic"}, "category"),
        ({"elements": ["gold"]}, "elements"),
        ({"disciplines": ["999"]}, "disciplines"),
        ({"industry_code": "ZZ"}, "industry_code"),
        ({"region_code": "Atlantis"}, "region_code"),
        ({"money_min": Decimal(5), "money_max": Decimal(4)}, "money_max"),
        ({"money_min": Decimal(-5)}, "money_min"),
        ({"duration_weeks": 0}, "duration_weeks"),
        ({"labels": [f"w{n}" for n in range(21)]}, "labels"),
        ({"expires_on": NOW.date() - timedelta(days=2)}, "expires_on"),
        ({"expires_on": NOW.date() + timedelta(days=400)}, "expires_on"),
        ({"starts_on": NOW.date(), "ends_on": NOW.date() - timedelta(days=1)}, "ends_on"),
        ({"title_en": "x" * 301}, "title_en"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(cast: ListingCast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make_drafted(cast, **values)
    assert set(refusal.value.fields) == {field}


def test_fields_that_are_no_answers_are_refused(cast: ListingCast) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make_drafted(cast, state="published")
    assert refusal.value.code == "unknown_fields"


def test_named_readers_are_institutions_of_the_alliance(cast: ListingCast) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make_drafted(cast, audience=ListingAudience.NAMED, parties=("nobody",))
    assert set(refusal.value.fields) == {"parties"}


def test_a_change_is_kept_and_a_second_one_upon_the_old_edition_is_not(cast: ListingCast) -> None:
    listing = make_drafted(cast)
    changed = update_listing(cast.alliance, listing.code, actor=cast.officer, values={"title_en": "Ours"}, edition=1, at=NOW)
    assert changed.edition == 2

    with pytest.raises(ListingConflictError) as refusal:
        update_listing(cast.alliance, listing.code, actor=cast.officer, values={"title_en": "Theirs"}, edition=1, at=NOW)

    assert (refusal.value.theirs["title_en"], refusal.value.edition) == ("Ours", 2)
    assert Listing.objects.get().title_en == "Ours"
    assert len(entries("update_listing")) == 1


def test_a_need_stays_a_need(cast: ListingCast) -> None:
    listing = make_drafted(cast)
    with pytest.raises(InvalidInputError) as refusal:
        update_listing(cast.alliance, listing.code, actor=cast.officer, values={"side": "supply"}, edition=1, at=NOW)
    assert refusal.value.code == "side_fixed"


def test_who_is_named_changes_with_the_audience(cast: ListingCast) -> None:
    listing = make_drafted(cast, audience=ListingAudience.NAMED, parties=(cast.reader_house.code, cast.second_house.code))
    assert listing.parties.count() == 2

    update_listing(
        cast.alliance, listing.code, actor=cast.officer, values={}, parties=[cast.reader_house.code], edition=1, at=NOW
    )
    assert [row.institution for row in listing.parties.all()] == [cast.reader_house]

    update_listing(
        cast.alliance, listing.code, actor=cast.officer, values={"audience": ListingAudience.MEMBERS}, edition=2, at=NOW
    )
    assert not listing.parties.exists()


def test_files_come_and_go_while_it_is_a_draft(cast: ListingCast) -> None:
    listing = make_drafted(cast)
    row = add_listing_file(
        cast.alliance, listing.code, file=SimpleUploadedFile("plan.txt", b"What we have"), actor=cast.officer, at=NOW
    )
    submit_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    for act in (
        lambda: remove_listing_file(cast.alliance, listing.code, row.file.uuid, actor=cast.officer, at=NOW),
        lambda: add_listing_file(
            cast.alliance, listing.code, file=SimpleUploadedFile("b.txt", b"x"), actor=cast.officer, at=NOW
        ),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == "not_editable"
    revise_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)

    remove_listing_file(cast.alliance, listing.code, row.file.uuid, actor=cast.officer, at=NOW)

    assert not ListingFile.objects.exists()
    assert len(entries("add_listing_file")) == len(entries("remove_listing_file")) == 1
    with pytest.raises(NotFoundError):
        remove_listing_file(cast.alliance, listing.code, row.file.uuid, actor=cast.officer, at=NOW)


def test_sending_asks_the_office_and_the_committee(cast: ListingCast) -> None:
    listing = make_sent(cast)

    assert (listing.state, listing.revision) == (ListingState.PENDING, 1)
    assert open_items("listing-check:") == {
        f"listing-check:{listing.code}:1:1:secretariat",
        f"listing-check:{listing.code}:1:1:committee",
    }
    with pytest.raises(DomainError) as refusal:
        update_listing(cast.alliance, listing.code, actor=cast.officer, values={"title_en": "x"}, edition=1, at=NOW)
    assert refusal.value.code == "not_editable"
    with pytest.raises(TransitionRefusedError):
        submit_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    with pytest.raises(PermissionRefusedError):
        submit_listing(cast.alliance, listing.code, actor=cast.reader, at=NOW)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"body_en": "", "body_zh": ""}, "body_en"),
        ({"title_zh": ""}, "title_zh"),
        ({"pricing": Pricing.FIXED}, "money_max"),
        ({"pricing": Pricing.RANGE, "money_max": Decimal(5)}, "money_max"),
        ({"audience": ListingAudience.NAMED}, "parties"),
    ],
)
def test_what_is_not_complete_is_not_sent(cast: ListingCast, values: dict[str, Any], field: str) -> None:
    draft = make_drafted(cast, **values)
    with pytest.raises(InvalidInputError) as refusal:
        submit_listing(cast.alliance, draft.code, actor=cast.officer, at=NOW)
    assert refusal.value.code == "listing_incomplete"
    assert set(refusal.value.fields) == {field}
    assert Listing.objects.get().state == ListingState.DRAFT


# ------------------------------------------------------------------------------------------------------------ verification


def test_two_people_of_two_institutions_publish(cast: ListingCast) -> None:
    listing = make_sent(cast)

    listing = verify(cast, listing, cast.office)
    assert listing.state == ListingState.CHECKED
    assert open_items("listing-check:") == {f"listing-check:{listing.code}:1:2:committee"}, "the office was the first"
    listing = verify(cast, listing, cast.committee, cast.committee_house)

    assert listing.state == ListingState.PUBLISHED
    assert listing.expires_on == timezone.localdate() + timedelta(days=120)
    assert not open_items("listing-check:")
    assert events(LISTING_VERIFIED) == [{"id": listing.pk, "code": listing.code, "revision": 1}]
    assert [event["step"] for event in events(LISTING_CHECKED)] == [1, 2]
    assert len(entries("verify_listing")) == 2
    assert len(entries("publish_listing")) == 1
    assert Notification.objects.filter(user=cast.officer, kind="services.listing_published").exists()
    assert listing in Listing.objects.public(timezone.localdate())


def test_two_members_of_the_committee_do_it_without_the_office(cast: ListingCast) -> None:
    listing = verify(cast, make_sent(cast), cast.committee, cast.committee_house)
    assert open_items("listing-check:") == {
        f"listing-check:{listing.code}:1:2:secretariat",
        f"listing-check:{listing.code}:1:2:committee",
    }
    assert verify(cast, listing, cast.second_committee, cast.second_house).state == ListingState.PUBLISHED


def test_the_office_counts_as_one_institution(cast: ListingCast) -> None:
    listing = verify(cast, make_sent(cast), cast.office)
    with pytest.raises(SeparationOfDutiesError) as refusal:
        verify(cast, listing, cast.second_office)
    assert refusal.value.code == "same_institution"


def test_the_same_person_does_not_verify_twice_in_two_roles(cast: ListingCast, act: Alliance) -> None:
    person = make_verifier(act, cast.committee_house)
    give_role(person, act, "secretariat")
    listing = verify(cast, make_sent(cast), person)
    with pytest.raises(SeparationOfDutiesError) as refusal:
        verify(cast, listing, person, cast.committee_house)
    assert refusal.value.code == "same_person"
    with pytest.raises(SeparationOfDutiesError) as refusal:
        verify(cast, listing, cast.committee, cast.committee_house)
    assert refusal.value.code == "same_institution", "the first one acts for this institution too"


def test_two_people_of_one_institution_do_not_do_it(cast: ListingCast, act: Alliance) -> None:
    listing = verify(cast, make_sent(cast), cast.committee, cast.committee_house)
    with pytest.raises(SeparationOfDutiesError) as refusal:
        verify(cast, listing, make_verifier(act, cast.committee_house), cast.committee_house)
    assert refusal.value.code == "same_institution"


def test_nobody_of_the_own_institution_verifies(cast: ListingCast, act: Alliance) -> None:
    listing = make_sent(cast)
    with pytest.raises(SeparationOfDutiesError) as refusal:
        verify(cast, listing, make_verifier(act, cast.owner), cast.owner)
    assert refusal.value.code == "own_listing"
    both = make_verifier(act, cast.owner)
    make_staff(cast.second_house, both)
    with pytest.raises(SeparationOfDutiesError):
        verify(cast, listing, both, cast.second_house)


def test_one_verifies_for_an_institution_one_acts_for(cast: ListingCast) -> None:
    listing = make_sent(cast)
    for actor, institution in (
        (cast.committee, cast.second_house),
        (cast.committee, None),
        (cast.office, cast.second_house),
    ):
        with pytest.raises(PermissionRefusedError):
            verify(cast, listing, actor, institution)
    with pytest.raises(PermissionRefusedError):
        verify(cast, listing, cast.reader, cast.reader_house)
    with pytest.raises(PermissionRefusedError):
        verify(cast, listing, make_member(cast.alliance, "committee"))


def test_who_has_a_conflict_of_interest_stands_aside(cast: ListingCast) -> None:
    listing = make_sent(cast)
    stand_aside(cast.alliance, cast.committee_house.code, listing.matter)
    with pytest.raises(ConflictOfInterestError):
        verify(cast, listing, cast.committee, cast.committee_house)
    assert may_check(listing, cast.committee, at=NOW) == []
    assert may_check(listing, cast.second_committee, at=NOW) == [cast.second_house.pk]
    assert may_check(listing, cast.office, at=NOW) == [None]


def test_an_interest_in_the_owner_is_found_when_it_is_sent(cast: ListingCast) -> None:
    make_interest(cast.committee_house, cast.owner)
    listing = make_sent(cast)
    with pytest.raises(ConflictOfInterestError):
        verify(cast, listing, cast.committee, cast.committee_house)


def test_an_interest_that_came_on_record_since_is_found_when_it_is_verified(cast: ListingCast) -> None:
    listing = make_sent(cast)
    make_interest(cast.committee_house, cast.owner)
    with pytest.raises(ConflictOfInterestError):
        verify(cast, listing, cast.committee, cast.committee_house)


def test_an_expert_of_the_owner_does_not_verify_in_any_role(cast: ListingCast) -> None:
    listing = make_sent(cast)
    Expert.objects.create(
        alliance=cast.alliance, institution=cast.owner, code="E-1", user=cast.office, name_en="A", sort_key="a"
    )
    Expert.objects.create(
        alliance=cast.alliance, institution=cast.owner, code="E-2", email=cast.committee.email, name_en="B", sort_key="b"
    )
    for person, house in ((cast.office, None), (cast.committee, cast.committee_house)):
        with pytest.raises(ConflictOfInterestError):
            verify(cast, listing, person, house)
        assert may_check(listing, person, at=timezone.now()) == []
    verify(cast, listing, cast.second_office)


def test_a_first_check_counts_no_more_once_its_institution_stands_aside(cast: ListingCast) -> None:
    listing = verify(cast, make_sent(cast), cast.committee, cast.committee_house)
    stand_aside(cast.alliance, cast.committee_house.code, listing.matter)
    with pytest.raises(ConflictOfInterestError):
        verify(cast, listing, cast.second_committee, cast.second_house)
    listing.refresh_from_db()
    assert listing.state == ListingState.CHECKED

    points = [{"field": "", "words": "Send it in again, please."}]
    verify(cast, listing, cast.second_committee, cast.second_house, verdict=Verdict.RETURNED, points=points)
    listing = submit_listing(cast.alliance, listing.code, actor=cast.officer, at=timezone.now())
    verify(cast, listing, cast.office)
    assert verify(cast, listing, cast.second_committee, cast.second_house).state == ListingState.PUBLISHED


def test_it_comes_back_with_points_beside_their_fields(cast: ListingCast) -> None:
    listing = verify(cast, make_sent(cast), cast.office)
    points = [
        {"field": "money_max", "words": "Name a sum."},
        {"field": "", "words": "Shorter, please."},
        {"field": "", "words": " "},
    ]
    listing = verify(cast, listing, cast.committee, cast.committee_house, verdict=Verdict.RETURNED, points=points)

    assert listing.state == ListingState.RETURNED
    assert points_of(listing) == {"money_max": ["Name a sum."], "": ["Shorter, please."]}
    assert open_items("listing-") == {f"listing-returned:{listing.code}"}
    (said,) = [entry for entry in entries("verify_listing") if "returned" in str(entry.record)]
    assert "Name a sum" not in str(said.record)

    update_listing(
        cast.alliance,
        listing.code,
        actor=cast.officer,
        values={"money_max": Decimal(260000), "pricing": Pricing.FIXED},
        edition=1,
        at=NOW,
    )
    again = submit_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    assert (again.revision, again.state) == (2, ListingState.PENDING)
    assert not open_items("listing-returned:")
    assert points_of(again) == {}
    # The first check of the earlier text counts no more: the office may be the first again.
    assert verify(cast, again, cast.office).state == ListingState.CHECKED


def test_nothing_comes_back_without_a_point(cast: ListingCast) -> None:
    listing = make_sent(cast)
    for points in ([], [{"field": "", "words": "  "}]):
        with pytest.raises(InvalidInputError) as refusal:
            verify(cast, listing, cast.office, verdict=Verdict.RETURNED, points=points)
        assert refusal.value.code == "points_missing"
    with pytest.raises(InvalidInputError) as refusal:
        verify(cast, listing, cast.office, verdict=Verdict.RETURNED, points=[{"field": "state", "words": "x"}])
    assert refusal.value.code == "point_invalid"
    with pytest.raises(InvalidInputError):
        verify(cast, listing, cast.office, verdict="maybe")


def test_a_text_that_changed_since_it_was_read_is_not_verified(cast: ListingCast) -> None:
    listing = make_sent(cast)
    revise_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    submit_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    with pytest.raises(DomainError) as refusal:
        verify(cast, listing, cast.office, revision=1)
    assert refusal.value.code == "listing_changed"


def test_the_table_itself_holds_two_people_and_two_institutions(cast: ListingCast) -> None:
    listing = verify(cast, make_sent(cast), cast.office)
    common: dict[str, Any] = {
        "alliance": cast.alliance,
        "listing": listing,
        "revision": 1,
        "step": 2,
        "verdict": "passed",
        "at": NOW,
    }
    for by, institution in ((cast.office, cast.committee_house), (cast.second_office, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            ListingCheck.objects.create(by=by, institution=institution, **common)


@pytest.mark.django_db(transaction=True)
def test_two_second_checks_at_once_publish_once(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        cast = make_listing_cast(alliance)
        listing = verify(cast, make_sent(cast), cast.office)
    ready = threading.Barrier(2)
    answers: list[str] = []

    def run(actor: Any, house: Any) -> None:
        try:
            with tenancy.acting_in(alliance):
                ready.wait(timeout=10)
                verify(cast, listing, actor, house)
            answers.append("published")
        except DomainError as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=args)
        for args in ((cast.committee, cast.committee_house), (cast.second_committee, cast.second_house))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(answers) == ["published", "transition_refused"]
    with tenancy.acting_in(alliance):
        assert Listing.objects.get().state == ListingState.PUBLISHED
        assert ListingCheck.objects.count() == 2
        assert len(entries("publish_listing")) == 1


# ------------------------------------------------------------------------------------------------------- after publication


def test_it_expires_by_itself_and_is_renewed_once(cast: ListingCast) -> None:
    listing = make_verified(cast)
    assert listing.expires_on is not None
    later = datetime.combine(listing.expires_on + timedelta(days=3), datetime.min.time(), tzinfo=UTC)
    assert listing not in Listing.objects.public(later.date()), "readers do not wait for the task"
    assert list_to_expire(cast.alliance, later.date()) == [listing.pk]
    assert not expire_listing(cast.alliance, listing.pk, at=NOW), "its day has not come"

    assert expire_listing(cast.alliance, listing.pk, at=later)
    assert not expire_listing(cast.alliance, listing.pk, at=later)
    assert events(LISTING_EXPIRED) == [{"id": listing.pk, "code": listing.code}]
    assert Notification.objects.filter(kind="services.listing_expired", user=cast.officer).count() == 1

    renewed = renew_listing(cast.alliance, listing.code, actor=cast.officer, at=later)
    assert (renewed.state, renewed.code, renewed.revision) == (ListingState.PUBLISHED, listing.code, 1)
    assert renewed.expires_on == timezone.localtime(later).date() + timedelta(days=120)
    assert len(events(LISTING_RENEWED)) == 1
    with pytest.raises(DomainError) as refusal:
        renew_listing(cast.alliance, listing.code, actor=cast.officer, at=later)
    assert refusal.value.code == "renewed_already"


def test_thirty_days_after_its_end_it_is_verified_anew(cast: ListingCast) -> None:
    listing = make_verified(cast)
    end = datetime.combine(listing.expires_on, datetime.min.time(), tzinfo=UTC)  # type: ignore[arg-type]
    expire_listing(cast.alliance, listing.pk, at=end + timedelta(days=2))
    with pytest.raises(DomainError) as refusal:
        renew_listing(cast.alliance, listing.code, actor=cast.officer, at=end + timedelta(days=32))
    assert refusal.value.code == "renewal_too_late"
    revise_listing(cast.alliance, listing.code, actor=cast.officer, at=end + timedelta(days=32))
    assert Listing.objects.get().state == ListingState.DRAFT


@pytest.mark.parametrize(("days", "code"), [(400, "day_invalid"), (10, "day_invalid"), (-1, "day_invalid")])
def test_a_renewal_ends_later_than_before_and_within_a_year(cast: ListingCast, days: int, code: str) -> None:
    listing = make_verified(cast)
    with pytest.raises(InvalidInputError) as refusal:
        renew_listing(
            cast.alliance, listing.code, actor=cast.officer, until=timezone.localdate() + timedelta(days=days), at=NOW
        )
    assert refusal.value.code == code
    with pytest.raises(PermissionRefusedError):
        renew_listing(cast.alliance, listing.code, actor=cast.office, at=NOW)


def test_only_what_was_published_is_renewed(cast: ListingCast) -> None:
    listing = make_sent(cast)
    with pytest.raises(TransitionRefusedError):
        renew_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)


def test_a_revised_listing_is_nobodys_until_it_is_verified_again(cast: ListingCast) -> None:
    listing = make_verified(cast)
    revise_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    on = timezone.localdate()
    assert not Listing.objects.public(on).exists()
    assert not Listing.objects.readable(on, [cast.reader_house.pk]).exists()
    again = submit_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    assert again.revision == 2
    again = verify(cast, again, cast.committee, cast.committee_house)
    assert not Listing.objects.public(on).exists(), "one check of the new text is not two"
    assert verify(cast, again, cast.office).code == listing.code
    assert Listing.objects.public(on).exists()


def test_the_owner_takes_it_back_and_the_office_says_why(cast: ListingCast) -> None:
    first, second = make_verified(cast), make_sent(cast)
    assert withdraw_listing(cast.alliance, first.code, actor=cast.officer, at=NOW).state == ListingState.WITHDRAWN
    with pytest.raises(InvalidInputError):
        withdraw_listing(cast.alliance, second.code, actor=cast.office, reason=" ", at=NOW)
    with pytest.raises(PermissionRefusedError):
        withdraw_listing(cast.alliance, second.code, actor=cast.reader, reason="x", at=NOW)
    withdraw_listing(cast.alliance, second.code, actor=cast.office, reason="Advertising.", at=NOW)
    assert not open_items("listing-check:")
    assert Notification.objects.filter(kind="services.listing_withdrawn", user=cast.officer).count() == 1
    with pytest.raises(TransitionRefusedError):
        withdraw_listing(cast.alliance, first.code, actor=cast.officer, at=NOW)
    assert revise_listing(cast.alliance, first.code, actor=cast.officer, at=NOW).state == ListingState.DRAFT


def test_met_is_the_end(cast: ListingCast) -> None:
    listing = make_verified(cast)
    with pytest.raises(PermissionRefusedError):
        fulfil_listing(cast.alliance, listing.code, actor=cast.reader, at=NOW)
    assert fulfil_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW).state == ListingState.FULFILLED
    assert not Listing.objects.open(timezone.localdate()).exists()
    with pytest.raises(TransitionRefusedError):
        revise_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    assert len(entries("fulfil_listing")) == 1


def test_who_left_lists_nothing_any_more(cast: ListingCast) -> None:
    listing, waiting = make_verified(cast), make_sent(cast)
    other = make_verified(cast)
    begin_talks(cast.alliance, other.code, actor=None, at=NOW)
    assert withdraw_listings_of(cast.alliance, cast.owner.code, at=NOW) == 0, "it is a member"
    cast.owner.state = "expelled"
    cast.owner.save()
    assert withdraw_listings_of(cast.alliance, cast.owner.code, at=NOW) == 2
    assert withdraw_listings_of(cast.alliance, cast.owner.code, at=NOW) == 0
    assert set(Listing.objects.filter(state=ListingState.WITHDRAWN)) == {listing, waiting}
    assert not open_items("listing-check:")


def test_talks_take_it_off_the_public_list_and_give_it_back(cast: ListingCast) -> None:
    listing = make_verified(cast)
    on = timezone.localdate()
    begin_talks(cast.alliance, listing.code, actor=None, at=NOW)
    assert not Listing.objects.public(on).exists()
    assert Listing.objects.readable(on, [cast.reader_house.pk]).exists()
    with pytest.raises(TransitionRefusedError):
        revise_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    end_talks(cast.alliance, listing.code, actor=None, at=NOW)
    assert Listing.objects.public(on).exists()


def test_the_owner_is_told_two_weeks_before_and_once(cast: ListingCast) -> None:
    listing = make_verified(cast, expires_on=timezone.localdate() + timedelta(days=10))
    for _turn in range(2):
        remind_of_expiry(cast.alliance, listing.pk, at=timezone.now())
    told = Notification.objects.filter(kind="services.listing_expires_soon")
    assert [row.user for row in told] == [cast.officer]


def test_every_act_has_words_in_the_log(cast: ListingCast) -> None:
    listing = make_verified(cast)
    withdraw_listing(cast.alliance, listing.code, actor=cast.officer, at=NOW)
    for entry in AuditEntry.objects.filter(object_type__startswith="services.listing"):
        assert str(verb_label(entry.verb)) != entry.verb.replace("_", " "), entry.verb
        assert record_label(entry.object_type, "") != "", entry.object_type


def test_a_house_of_no_alliance_is_not_found(cast: ListingCast, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        foreign = make_house(other_alliance)
    with pytest.raises(NotFoundError):
        draft_listing(cast.alliance, actor=cast.officer, institution_id=foreign.pk, values=listing_values(), at=NOW)
