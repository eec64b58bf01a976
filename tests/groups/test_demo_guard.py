"""The demonstration of the conflict guard and the levels: complete, made once, removed whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from alliance.actions.demo import remove, rows_left
from alliance.kernel import tenancy
from alliance.kernel.demo import WEAVING
from alliance.models import Alliance
from groups.actions.demo_guard import CHILDREN, MISSING, load_guard, load_levels
from groups.models import ConflictOfInterest, Directive, Interest, InterestDeclaration, ReceivedDirective
from groups.selectors.conflict import is_recused
from groups.selectors.directive import get_directive, measure_progress
from groups.tasks import guard_all
from members.actions.demo import load as load_members
from members.models import Institution
from operations.actions.demo import load as load_products
from tests.factories.alliance import make_alliance, make_member

if TYPE_CHECKING:
    from datetime import datetime


def load(alliance: Alliance, at: datetime) -> None:
    with tenancy.acting_in(alliance):
        load_members(alliance, flavour=WEAVING, data_dir=settings.SHIPPED_DATA_DIR, at=at)
        load_guard(alliance, at=at)
        load_levels(alliance, at=at)


def test_the_demonstration_shows_interests_late_declarations_and_two_directives_and_is_made_once(db: None) -> None:
    alliance = make_alliance("weaving", is_demonstration=True)
    make_member(alliance)
    at = timezone.now()

    load(alliance, at)
    load(alliance, at)

    with tenancy.acting_in(alliance):
        assert Interest.objects.of(alliance).count() == 6
        waiting = InterestDeclaration.objects.of(alliance).filter(state="asked")
        assert {row.institution.code for row in waiting.select_related("institution")} == set(MISSING)
        directive = get_directive(alliance, "DR-0001")
        assert directive is not None
        progress = measure_progress(directive, timezone.localdate(at))
        assert Directive.objects.of(alliance).count() == 2
    assert (progress.asked, progress.answered, len(progress.late)) == (3, 2, 1)
    assert {child.slug for child in Alliance.objects.filter(parent=alliance)} == {row[0] for row in CHILDREN}


def test_the_guard_finds_the_demonstrations_conflicts_by_itself(db: None) -> None:
    alliance = make_alliance("weaving", is_demonstration=True)
    make_member(alliance)
    load(alliance, timezone.now())
    with tenancy.acting_in(alliance):
        load_products(alliance, flavour=WEAVING, data_dir=settings.SHIPPED_DATA_DIR, at=timezone.now())
    guard_all.apply()

    with tenancy.acting_in(alliance):
        ids = dict(Institution.objects.of(alliance).values_list("code", "id"))
        assert is_recused(alliance, ids["I-004"], "product:P-038")
        assert is_recused(alliance, ids["I-011"], "product:P-037")
        assert not is_recused(alliance, ids["I-036"], "product:P-029")
        assert ConflictOfInterest.objects.of(alliance).filter(detected_by="").count() == 1


def test_the_alliances_below_go_with_the_demonstration_and_a_real_one_stays(db: None) -> None:
    alliance = make_alliance("weaving", is_demonstration=True)
    make_member(alliance, is_demonstration=True)
    load(alliance, timezone.now())
    real = make_alliance("real", parent=alliance, level="provincial")
    children = list(Alliance.objects.filter(parent=alliance, is_demonstration=True))

    remove(alliance)

    assert all(rows_left(child.pk) == {} for child in [alliance, *children])
    assert list(Alliance.objects.values_list("slug", "parent")) == [(real.slug, None)]
    with tenancy.acting_in(real):
        assert not ReceivedDirective.objects.exists()
