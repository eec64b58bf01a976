"""The jump box of the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alliance.kernel.jump import providers
from alliance.views.base import base_for, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

QUERY_LIMIT = 200


@require_safe
@login_required
def search_jump(request: HttpRequest) -> HttpResponse:
    """Go straight to the record whose code was typed, else list what fits, by kind."""
    alliance = tenant_of(request)
    query = " ".join(request.GET.get("q", "")[:QUERY_LIMIT].replace("\0", "").split())
    found = (
        [(provider.title, provider.find(alliance, request.user, query)) for provider in providers.values()] if query else []
    )
    sections = [(title, hits) for title, hits in found if hits]
    exact = [hit for _title, hits in sections for hit in hits if hit.is_exact]
    if len(exact) == 1:
        return HttpResponseRedirect(exact[0].url)
    context = {**base_for(request), "query": query, "jump_query": query, "sections": sections}
    return render(request, "alliance/search.html", context)
