"""The invented entries of workbooks are written by the real action, and loading them twice adds nothing."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from alliance.models import StoredFile
from members.models import Institution
from operations.actions.demo_workbook import load_workbooks
from operations.models import FeedbackPoint, WorkbookEntry
from tests.factories.alliance import make_alliance, make_member
from tests.factories.operations import make_staff

DATA = Path(__file__).resolve().parents[2] / "data"


def test_three_firms_of_a_pilot_have_written_and_a_second_load_adds_nothing(db: None) -> None:
    alliance = make_alliance("weaving", is_demonstration=True)
    make_member(alliance, AllianceRole.SECRETARIAT)
    now = timezone.now()
    with tenancy.acting_in(alliance):
        for name, loader in in_order():
            if name in {"members", "groups", "operations"}:
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=now)
        for code in ("I-035", "I-036", "I-038"):
            make_staff(alliance, Institution.objects.of(alliance).get(code=code))
        points = FeedbackPoint.objects.count()

        for _turn in range(2):
            load_workbooks(alliance, flavour=WEAVING, data_dir=DATA, at=now)

        of_firms = WorkbookEntry.objects.of(alliance).filter(participant__pilot__product__code="P-029")
        assert set(of_firms.values_list("participant__institution__code", flat=True)) == {"I-035", "I-036", "I-038"}
        assert of_firms.count() == 8
        assert StoredFile.objects.of(alliance).filter(purpose="pilot_evidence").count() == 3
        assert FeedbackPoint.objects.count() == points


def test_nothing_is_invented_about_real_institutions(db: None) -> None:
    alliance = make_alliance("horizon", is_demonstration=True)
    with tenancy.acting_in(alliance):
        load_workbooks(alliance, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert not WorkbookEntry.objects.exists()
