"""Many counts in one query are the counts one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet

from alliance.kernel.counting import count_together
from alliance.models import InboxItem, RoleAssignment
from members.models import Institution
from tests.factories.alliance import make_alliance, make_user
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance


def test_rows_of_several_models_are_counted_in_one_query(act: Alliance, django_assert_num_queries: Any) -> None:
    for number in range(3):
        make_staff(make_institution(act, code=f"C-{number}"), make_user(email=f"100%-{number}@example.org"))
    institutions = Institution.objects.of(act)
    counted: list[QuerySet[Any] | int] = [
        institutions.order_by("-code"),
        7,
        institutions.filter(code__in=["C-1", "C-2"], name_en__contains="").select_related("alliance"),
        InboxItem.objects.none(),
        institutions.filter(code__in=[]),
        institutions.filter(code="%s"),
        institutions.annotate(twice=F("pk") * 2).filter(twice__gt=0).exclude(code="C-0"),
        RoleAssignment.objects.of(act),
    ]
    one_by_one = [rows if isinstance(rows, int) else rows.values("pk").count() for rows in counted]

    with django_assert_num_queries(1):
        together = count_together(counted)

    assert together == one_by_one
    assert together[:6] == [3, 7, 2, 0, 0, 0]
    assert together[6] == 2


def test_what_needs_no_query_asks_none(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert count_together([]) == []
        assert count_together([4, Institution.objects.none()]) == [4, 0]


def test_only_rows_of_the_acting_alliance_are_counted(act: Alliance) -> None:
    make_institution(act)
    other = make_alliance()

    assert count_together([Institution.objects.of(act), Institution.objects.of(other)]) == [1, 0]
