"""The index says what the open listings say, and its figures are right after every change."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.choices import JobState
from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import PermissionRefusedError
from alliance.kernel.events import emit
from alliance.models import Alliance, AuditEntry, Job, User
from services import tasks, vectors
from services.actions import match_index
from services.actions.match_index import (
    embed_listings,
    index_listings,
    recount,
    refresh_weights,
    stale_ids,
    start_rebuild,
)
from services.choices import ListingAudience, ListingSide, ListingState
from services.models import Listing, ListingText, MatchStatistics, MatchTerm, Posting
from services.signals import LISTING_CHANGED
from services.tasks import embed_listings as make_vectors
from services.tasks import keep_match_index
from tests.factories.alliance import make_alliance
from tests.factories.services import make_listing
from tests.services.matching_helpers import Subjects, figures, index, supply


def test_a_listing_is_indexed_once_in_each_language_it_has_text_in(act: Alliance) -> None:
    both = make_listing(act, title_en="Weaving looms", title_zh="织机", body_en="", body_zh="")
    english = supply(act, "Loom maintenance")

    index(act)

    assert set(ListingText.objects.of(act).values_list("listing", "language")) == {
        (both.pk, "en"),
        (both.pk, "zh"),
        (english.pk, "en"),
    }


def test_names_of_labels_belong_to_the_text_in_its_language(act: Alliance) -> None:
    listing = make_listing(
        act,
        title_en="One",
        title_zh="其一",
        elements=["technology"],
        industry_code="17",
        disciplines=["540"],
        region_code="440600",
        labels=["digital twin", "数字孪生"],
    )

    index(act)

    english, chinese = (
        set(
            Posting.objects.of(act)
            .filter(text__listing=listing, text__language=language)
            .values_list("term__text", flat=True)
        )
        for language in ("en", "zh")
    )
    assert {"technolog", "foshan", "guangdong", "digit", "twin", "solv", "textil", "scienc"} <= english
    assert {"技术", "佛山", "广东", "数字", "纺织", "科学"} <= chinese
    assert "数字" not in english


def test_a_key_word_of_the_other_language_is_not_lost(act: Alliance) -> None:
    listing = supply(act, "Looms", labels=["数字孪生"])

    index(act)

    assert Posting.objects.of(act).filter(text__listing=listing, term__text="数字", term__language="en").exists()


def test_indexing_the_same_text_twice_does_nothing(act: Alliance) -> None:
    supply(act, "Battery recycling", "Recycling of batteries")
    assert index(act) == 1
    before = figures(act), list(Posting.objects.of(act).values_list("pk", flat=True))

    assert index(act) == 0

    assert (figures(act), list(Posting.objects.of(act).values_list("pk", flat=True))) == before


def test_weights_follow_the_formula(act: Alliance) -> None:
    supply(act, "loom loom loom dye", labels=[])
    supply(act, "loom")
    index(act, labels=False)

    noted = MatchStatistics.objects.of(act).get()
    assert (noted.texts, noted.tokens, noted.mean_length) == (2, 5, 2.5)
    weight = Posting.objects.of(act).get(term__text="loom", count=3).weight
    assert weight == pytest.approx(3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 4 / 2.5)))


@pytest.mark.parametrize(
    "change",
    [
        {"state": ListingState.WITHDRAWN},
        {"state": ListingState.EXPIRED},
        {"state": ListingState.DRAFT},
        {"expires_on": timezone.localdate() - timedelta(days=1)},
    ],
)
def test_a_listing_that_is_no_longer_open_leaves_no_trace(act: Alliance, change: dict[str, Any]) -> None:
    supply(act, "Battery recycling")
    index(act)
    before = figures(act)
    leaving = supply(act, "Battery passport")
    index(act)
    assert figures(act) != before

    Listing.objects.of(act).filter(pk=leaving.pk).update(**change)
    index(act, leaving)
    refresh_weights(act, at=timezone.now(), force=True)

    assert figures(act) == before


def test_a_changed_text_replaces_the_old_one(act: Alliance) -> None:
    supply(act, "Battery recycling")
    listing = supply(act, "Loom maintenance")
    index(act)

    listing.title_en = "Battery passports"
    listing.save()
    index(act, listing)

    terms = dict(MatchTerm.objects.of(act).values_list("text", "texts"))
    assert (terms["batteri"], terms["loom"], terms["passport"]) == (2, 0, 1)
    assert recount(act, at=timezone.now()) == 0


def test_a_listing_for_named_institutions_is_indexed_but_not_counted(act: Alliance) -> None:
    open_one = supply(act, "Battery recycling")
    index(act)
    before = figures(act)
    hidden = supply(act, "Battery passport secret", audience=ListingAudience.NAMED)
    index(act)

    after = figures(act)
    assert (after["terms"], after["statistics"]) == (before["terms"], before["statistics"])
    assert Posting.objects.of(act).filter(text__listing=hidden).exists()
    assert not ListingText.objects.of(act).get(listing=hidden).is_counted
    assert ListingText.objects.of(act).get(listing=open_one).is_counted


def test_opening_and_closing_a_listing_moves_its_words_in_and_out_of_the_figures(act: Alliance) -> None:
    supply(act, "Battery recycling")
    listing = supply(act, "Battery passport", audience=ListingAudience.NAMED)
    index(act)
    before = figures(act)

    for audience in (ListingAudience.MEMBERS, ListingAudience.NAMED):
        Listing.objects.of(act).filter(pk=listing.pk).update(audience=audience)
        index(act, listing)
        assert MatchTerm.objects.of(act).get(text="passport").texts == (audience == ListingAudience.MEMBERS)

    refresh_weights(act, at=timezone.now(), force=True)
    assert (figures(act)["terms"], figures(act)["statistics"]) == (before["terms"], before["statistics"])


def test_any_order_of_changes_gives_the_figures_of_a_fresh_index(act: Alliance) -> None:
    dice = random.Random(7)
    words = ["loom", "dye", "battery", "water", "passport", "织机", "染料", "电池", "回收"]
    listings = [make_listing(act, dice.choice(ListingSide.values), source="elsewhere") for _turn in range(8)]
    for _turn in range(40):
        listing = dice.choice(listings)
        text = " ".join(dice.choices(words, k=dice.randint(0, 6)))
        Listing.objects.of(act).filter(pk=listing.pk).update(
            body_en=text,
            body_zh=text,
            state=dice.choice([ListingState.PUBLISHED, ListingState.PUBLISHED, ListingState.WITHDRAWN]),
            audience=dice.choice([ListingAudience.PUBLIC, ListingAudience.NAMED]),
        )
        index(act, listing)
    assert recount(act, at=timezone.now()) == 0
    stepwise = figures(act)

    Posting.objects.of(act).delete()
    ListingText.objects.of(act).delete()
    MatchTerm.objects.of(act).delete()
    MatchStatistics.objects.of(act).delete()
    index(act)
    refresh_weights(act, at=timezone.now(), force=True)

    assert figures(act) == stepwise


def test_a_recount_finds_and_mends_what_is_wrong(act: Alliance) -> None:
    supply(act, "Battery recycling")
    index(act)
    right = figures(act)
    MatchTerm.objects.of(act).filter(text="recycl").update(texts=9)
    MatchStatistics.objects.of(act).update(tokens=1)

    assert recount(act, at=timezone.now()) == 2

    assert figures(act) == right


def test_weights_are_computed_again_after_a_drift_of_more_than_five_per_cent(
    act: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_index, "SMALL", 0)
    supply(act, "loom dye")
    index(act, labels=False)
    supply(act, "loom loom loom loom loom loom")
    index(act, labels=False)
    assert MatchStatistics.objects.of(act).get().mean_length == 2

    later = timezone.now() + timedelta(hours=1)
    assert refresh_weights(act, at=later) == 3
    assert refresh_weights(act, at=later) == 0

    noted = MatchStatistics.objects.of(act).get()
    assert (noted.mean_length, noted.refreshed_at) == (4, later)
    assert Posting.objects.of(act).get(count=6).weight == pytest.approx(6 * 2.2 / (6 + 1.2 * (0.25 + 0.75 * 6 / 4)))


def test_vectors_are_made_once_and_again_after_a_change(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    listing = supply(act, "Water dye")
    index(act)

    assert embed_listings(act) == 1
    assert embed_listings(act) == 0

    listing.title_en = "Weaving"
    listing.save()
    index(act, listing)
    row = ListingText.objects.of(act).get()
    assert (row.vector, row.vector_model) == (None, "")
    assert embed_listings(act, [listing.pk]) == 1
    row.refresh_from_db()
    assert row.vector is not None
    assert vectors.unpack([row.vector])[0][1] == pytest.approx(1 / (1.01**0.5))
    assert row.vector_model == "subjects 1"


def test_many_vectors_are_made_in_turns_that_hand_the_rest_on(
    act: Alliance, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    monkeypatch.setattr(tasks, "VECTORS_AT_ONCE", 2)
    handed_on: list[tuple[Any, ...]] = []
    monkeypatch.setattr(make_vectors, "delay", lambda *given: handed_on.append(given))
    listings = [supply(act, f"Water dye {number}") for number in range(5)]
    index(act)

    for made in (2, 2, 1):
        with django_capture_on_commit_callbacks(execute=True):
            assert make_vectors(act.pk, [listing.pk for listing in listings]) == made

    assert handed_on == [(act.pk, [listing.pk for listing in listings])] * 2
    assert not ListingText.objects.of(act).filter(vector__isnull=True).exists()


def test_without_a_model_no_vector_is_made(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    supply(act, "Water dye")
    index(act)

    assert embed_listings(act) == 0
    assert not ListingText.objects.of(act).filter(vector__isnull=False).exists()


def test_news_of_a_listing_indexes_it_and_news_delivered_twice_changes_nothing(act: Alliance) -> None:
    listing = supply(act, "Battery recycling")
    for _turn in range(2):
        emit(act, LISTING_CHANGED, {"id": listing.pk, "code": listing.code, "state": listing.state})
        while deliver_next(act):
            pass

    assert ListingText.objects.of(act).get().listing == listing
    Listing.objects.of(act).filter(pk=listing.pk).update(state=ListingState.WITHDRAWN)
    emit(act, LISTING_CHANGED, {"id": listing.pk, "code": listing.code, "state": listing.state})
    while deliver_next(act):
        pass
    assert not ListingText.objects.of(act).exists()


def test_the_periodic_task_finds_what_was_missed_and_what_has_ended(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    with tenancy.acting_in(alliance):
        missed, ended = supply(alliance, "Water dye"), supply(alliance, "Looms")
        index(alliance, ended)
        Listing.objects.of(alliance).filter(pk=ended.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
        assert sorted(stale_ids(alliance, at=timezone.now())) == sorted([missed.pk, ended.pk])

    assert keep_match_index(alliance.pk) == 2
    assert (make_vectors(alliance.pk), make_vectors(alliance.pk)) == (1, 0)

    with tenancy.acting_in(alliance):
        row = ListingText.objects.of(alliance).get()
        assert (row.listing_id, row.vector_model) == (missed.pk, "subjects 1")
        assert stale_ids(alliance, at=timezone.now()) == []


def test_a_listing_of_another_alliance_is_not_indexed_here(alliance: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = supply(other_alliance, "Battery recycling").pk
    with tenancy.acting_in(alliance):
        assert index_listings(alliance, [theirs], at=timezone.now()) == 0
        assert not ListingText.objects.exists()


def test_only_the_secretariat_has_the_index_rebuilt(act: Alliance, secretary: User, committee_member: User) -> None:
    with pytest.raises(PermissionRefusedError):
        start_rebuild(act, actor=committee_member, at=timezone.now())

    job = start_rebuild(act, actor=secretary, at=timezone.now())

    assert start_rebuild(act, actor=secretary, at=timezone.now()) == job
    assert AuditEntry.objects.of(act).filter(verb="rebuild_match_index").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_rebuild_mends_the_index_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    monkeypatch.setattr(match_index, "REBUILT_AT_ONCE", 2)
    alliance = make_alliance("rebuilt")
    with tenancy.acting_in(alliance):
        for number in range(5):
            supply(alliance, f"Water dye {number}")
        gone = supply(alliance, "Looms")
        index(alliance, gone)
        Listing.objects.of(alliance).filter(pk=gone.pk).update(state=ListingState.WITHDRAWN)
        job = Job.objects.get(pk=start_rebuild(alliance, actor=None, at=timezone.now()).pk)

    jobs.run_job(alliance.pk, job.pk)

    with tenancy.acting_in(alliance):
        job.refresh_from_db()
        assert job.state == JobState.SUCCEEDED, job.error
        assert job.result["listings"] == 6
        assert job.result["texts"] == job.result["vectors"] == 5
        assert not MatchTerm.objects.of(alliance).filter(text="loom").exists()
        assert MatchStatistics.objects.of(alliance).get().texts == 5


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_while_indexing_leaves_the_index_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    alliance = make_alliance("dying")
    with tenancy.acting_in(alliance):
        supply(alliance, "Battery recycling")
        index(alliance)
        before = figures(alliance)
        late = supply(alliance, "Loom dye")

    def die(name: str) -> None:
        if name == "match_index.written":
            raise SystemExit(9)

    monkeypatch.setattr("services.actions.match_index.faults.point", die)
    with pytest.raises(SystemExit), tenancy.acting_in(alliance):
        index(alliance, late)
    monkeypatch.undo()

    with tenancy.acting_in(alliance):
        assert figures(alliance) == before
        assert index(alliance, late) == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_figures_that_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    alliance = make_alliance("crowded")
    with tenancy.acting_in(alliance):
        ids = [supply(alliance, f"Loom dye word{number % 3}").pk for number in range(12)]

    def work(pk: int) -> None:
        try:
            with tenancy.acting_in(alliance):
                index_listings(alliance, [pk], at=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, [*ids, *ids]))

    with tenancy.acting_in(alliance):
        assert MatchStatistics.objects.of(alliance).get().texts == 12
        assert MatchTerm.objects.of(alliance).get(text="loom").texts == 12
        assert recount(alliance, at=timezone.now()) == 0


@pytest.mark.django_db(transaction=True)
def test_the_command_indexes_everything(capsys: pytest.CaptureFixture[str]) -> None:
    alliance = make_alliance("by-hand")
    with tenancy.acting_in(alliance):
        supply(alliance, "Battery recycling")

    call_command("match_index", "by-hand")

    assert "by-hand: 1 listings, 1 texts" in capsys.readouterr().out
    with tenancy.acting_in(alliance):
        assert ListingText.objects.of(alliance).count() == 1
