"""Background work of the organisational layer."""

from __future__ import annotations

from django.utils import timezone

from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance
from groups.actions.conflict import screen_open_matters
from groups.actions.declaration import follow_declarations
from groups.actions.directive import follow_directives

# ------------------------------------------------------------------------- conflicts of interest, directives


@periodic("groups.guard_all")
def guard_all() -> None:
    """Hourly: one task per alliance looks for conflicts, missing declarations and late answers."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        screen_matters_of.delay(alliance_id)
        follow_up_of.delay(alliance_id)


@tenant_task("groups.screen_matters_of")
def screen_matters_of(alliance: Alliance) -> None:
    """Find by rule who must stand aside from the open matters of one alliance."""
    screen_open_matters(alliance, at=timezone.now())


@tenant_task("groups.follow_up_of")
def follow_up_of(alliance: Alliance) -> None:
    """Ask for and follow up declarations of interests and answers to directives in one alliance."""
    follow_declarations(alliance, at=timezone.now())
    follow_directives(alliance, at=timezone.now())
