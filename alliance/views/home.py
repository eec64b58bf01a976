"""The platform's front door: the alliances it hosts."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alliance.models import Alliance
from alliance.selectors.alliances import list_alliances, list_alliances_of_user
from alliance.views.accounts import start_url


@dataclass(frozen=True, slots=True)
class Door:
    """An alliance and the addresses of its public pages and of its work.

    Attributes:
        alliance: The alliance.
        url: Its public front page.
        start_url: Where somebody signed in goes to work.
    """

    alliance: Alliance
    url: str
    start_url: str


def _door(request: HttpRequest, alliance: Alliance) -> Door:
    start = start_url(request, alliance)
    return Door(alliance, start.removesuffix("accounts/start/"), start)


@require_safe
def platform_home(request: HttpRequest) -> HttpResponse:
    """Alliances hosted here; for someone signed in, first those to act in. Two queries, three when signed in."""
    mine = (
        [_door(request, alliance) for alliance in list_alliances_of_user(request.user)]
        if request.user.is_authenticated
        else []
    )
    doors = [_door(request, alliance) for alliance in list_alliances()]
    return render(request, "alliance/platform_home.html", {"doors": doors, "mine": mine})
