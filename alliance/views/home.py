"""The platform's front door: the alliances it hosts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alliance.selectors.alliances import list_alliances, list_alliances_of_user


def platform_home(request: HttpRequest) -> HttpResponse:
    """Alliances hosted here; for someone signed in, first those to act in."""
    mine = list_alliances_of_user(request.user) if request.user.is_authenticated else []
    return render(request, "alliance/platform_home.html", {"alliances": list_alliances(), "mine": mine})
