"""The demonstration shows meetings in every stage."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from alliance.actions.demo import remove, seed
from alliance.kernel import tenancy
from alliance.models import Alliance
from groups.actions.demo_meetings import load_meetings
from groups.choices import ActionState, MeetingState, MinutesState
from groups.models import GroupMembership, Meeting, MeetingAction, Minutes, Position, Term
from groups.selectors.decision import list_public


def test_the_demonstration_has_meetings_in_every_stage_and_loading_again_adds_none(db: None) -> None:
    at = timezone.now()
    seed(
        ("weaving",),
        password="correct horse battery",  # noqa: S106 - a test's own
        renew=False,
        data_dir=Path(settings.BASE_DIR) / "data",
        at=at,
        say=lambda _line: None,
    )
    alliance = Alliance.objects.get(slug="weaving")
    with tenancy.acting_in(alliance):
        load_meetings(alliance, at=at)
        states = sorted(Meeting.objects.of(alliance).values_list("state", flat=True))
        assert states == sorted([MeetingState.HELD, MeetingState.HELD, MeetingState.CONVENED, MeetingState.CONVENED])
        assert set(Minutes.objects.of(alliance).values_list("state", flat=True)) == {
            MinutesState.PUBLISHED,
            MinutesState.CIRCULATED,
        }
        assert MeetingAction.objects.of(alliance).filter(state=ActionState.OPEN, due_on__lt=at.date()).exists()
        assert MeetingAction.objects.of(alliance).filter(state=ActionState.DONE).exists()
        assert GroupMembership.objects.of(alliance).filter(exception_motion__isnull=False).count() == 1
        assert Term.objects.of(alliance).exists()
        assert Position.objects.of(alliance).count() == 3
        assert list_public(alliance).filter(agenda_items__isnull=False).count() == 2

    remove(alliance)

    assert not Alliance.objects.filter(slug="weaving").exists()
