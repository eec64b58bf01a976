"""Demonstration content: nothing invented about real rows, consent kept, a second run adds nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from alliance.kernel.demo import HORIZON, WEAVING
from alliance.models import Alliance, InboxItem
from evaluation.actions import demo as evaluation_demo
from evaluation.models import FeedbackResult
from members.choices import StaffRole
from members.models import Institution
from services.actions import demo
from services.actions.demo_matches import STORIES, load_matches
from services.choices import ListingAudience, ListingSide, ListingState, MatchState, Verdict
from services.models import Article, CatalogueEntry, Listing, Match, Rating
from services.selectors.listing import points_of
from services.selectors.match_quality import quality_of
from targets.actions import demo as targets_demo
from targets.models import Measurement, Objective
from tests.factories.alliance import make_member
from tests.factories.members import make_staff as put_on_staff
from tests.factories.operations import make_officer, make_staff
from tests.factories.services import make_house, make_passed_pilot, make_product


@pytest.fixture
def data_dir() -> Path:
    return Path(settings.SHIPPED_DATA_DIR)


def test_cordis_rows_become_listings_word_for_word_with_their_source(act: Alliance, data_dir: Path) -> None:
    for _turn in range(2):
        demo.load(act, flavour=HORIZON, data_dir=data_dir, at=timezone.now())

    listings = Listing.objects.of(act)
    assert listings.filter(side=ListingSide.DEMAND).count() == 200
    assert listings.filter(side=ListingSide.SUPPLY).count() == 579
    assert set(listings.values_list("source", flat=True)) == {"CORDIS (European Union, CC BY 4.0)"}
    assert not listings.filter(institution__isnull=False).exists()
    rows = [json.loads(line) for line in (data_dir / "horizon" / "demand.jsonl").read_text(encoding="utf-8").splitlines()]
    titles = dict(listings.filter(side=ListingSide.DEMAND).values_list("code", "title_en"))
    assert {row["id"]: row["text"][:300] for row in rows} == titles
    assert not Rating.objects.of(act).exists()


def test_the_invented_alliance_gets_its_listings_stories_and_marks_once(act: Alliance, data_dir: Path) -> None:
    product = make_product(act, code="P-021")
    make_passed_pilot(product, score="88.00")
    for _turn in range(2):
        demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())
        evaluation_demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())

    assert (Listing.objects.of(act).count(), Article.objects.of(act).count()) == (80, 8)
    entry = CatalogueEntry.objects.of(act).get()
    assert entry.product == product
    result = FeedbackResult.objects.of(act).get()
    assert result.responses == Rating.objects.of(act).counted().filter(entry=entry).count() >= 9
    today = timezone.localdate()
    assert not Listing.objects.of(act).filter(state=ListingState.PUBLISHED, expires_on__lt=today).exists()


def test_an_expert_who_did_not_agree_is_not_named(act: Alliance, data_dir: Path) -> None:
    make_house(act, code="I-033", name_en="House of the editor", name_zh="编者单位")
    demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())

    article = Article.objects.of(act).get(slug="why-jeans-fade")

    assert "E-045" not in article.byline_en
    bylines = " ".join(Article.objects.of(act).values_list("byline_en", flat=True))
    experts = (data_dir / "demo" / "experts.csv").read_text(encoding="utf-8").splitlines()
    hidden = [line.split(",")[2] for line in experts[1:] if ",public," not in line]
    assert hidden
    assert not [name for name in hidden if name in bylines]


def test_the_objectives_are_loaded_with_one_measured_from_records(act: Alliance, data_dir: Path) -> None:
    make_passed_pilot(make_product(act), score="88.00")
    make_passed_pilot(make_product(act), score="71.00")
    for _turn in range(2):
        targets_demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())

    assert Objective.objects.of(act).count() == 15
    measured = Objective.objects.of(act).exclude(provider="").get()
    assert measured.provider == "operations.released_products_with_mean_score"
    assert Measurement.objects.of(act).get(objective=measured).value == 1
    assert not Measurement.objects.of(act).filter(at__gt=timezone.now()).exists()


def test_demonstration_listings_keep_the_rules_of_verification(act: Alliance, data_dir: Path) -> None:
    for code in ("I-001", "I-019", "I-035", "I-036", "I-012", "I-014"):
        make_house(act, code=code)
    make_member(act, "secretariat")
    verifier = make_member(act, "committee")
    put_on_staff(Institution.objects.of(act).get(code="I-014"), verifier)
    demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())

    for listing in Listing.objects.of(act).filter(published_at__isnull=False, institution__isnull=False):
        passed = [check for check in listing.checks.all() if check.verdict == Verdict.PASSED]
        assert {check.step for check in passed} == {1, 2}, listing.code
        assert len({check.by_id for check in passed}) == 2
        assert listing.institution_id not in {check.institution_id for check in passed}
    waiting = Listing.objects.of(act).filter(state__in=[ListingState.PENDING, ListingState.CHECKED])
    assert {row.state for row in waiting} == {ListingState.PENDING, ListingState.CHECKED}
    asked = InboxItem.objects.of(act).filter(key__startswith="listing-check:", done_at__isnull=True)
    assert {item.url_kwargs["code"] for item in asked} == {row.code for row in waiting}
    returned = Listing.objects.of(act).filter(state=ListingState.RETURNED)
    assert all(points_of(listing) for listing in returned)
    assert returned.count() == 2
    assert Listing.objects.of(act).filter(audience=ListingAudience.NAMED, parties__isnull=False).exists()


def test_the_invented_alliance_has_matches_in_every_state_and_figures_of_quality(act: Alliance, data_dir: Path) -> None:
    rows = [json.loads(line) for line in (data_dir / "demo" / "listings.jsonl").read_text(encoding="utf-8").splitlines()]
    codes = {code for story in STORIES for code in (story.demand, story.supply)}
    for code in sorted({row["institution"] for row in rows if row["code"] in codes}):
        make_staff(act, make_house(act, code=code), StaffRole.REPRESENTATIVE)
    make_officer(act)
    demo.load(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())
    for _turn in range(2):
        load_matches(act, flavour=WEAVING, data_dir=data_dir, at=timezone.now())

    states = list(Match.objects.of(act).values_list("state", flat=True))
    assert len(states) == len(STORIES)
    assert set(states) == set(MatchState.values)
    now = timezone.now()
    figures = quality_of(act, since=now - timedelta(days=30), until=now)
    assert figures.judged >= 3
    assert figures.hours_to_contact is not None
    assert figures.exposure


def test_nothing_is_invented_about_the_matches_of_real_projects(act: Alliance, data_dir: Path) -> None:
    load_matches(act, flavour=HORIZON, data_dir=data_dir, at=timezone.now())

    assert not Match.objects.of(act).exists()
