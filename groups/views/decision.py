"""The register of decisions: for the office, and its public part with a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.permissions import can
from alliance.kernel.rich_text import plain_text, render_markdown
from alliance.selectors.paging import paginate
from alliance.templatetags.ui import html_language, pick_bilingual
from groups.actions.motion import publish_decision
from groups.choices import GroupKind
from groups.permissions import PUBLISH_DECISION
from groups.selectors.decision import get_public_decision, list_decided, list_public, with_actions
from groups.selectors.meeting import list_actions
from groups.selectors.minutes import get_public_minutes, is_replaced, list_public_minutes
from groups.views.meeting import enter

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.kernel.requests import AllianceRequest
    from groups.models import Motion


def _bodies() -> list[tuple[str, str]]:
    return [
        ("", _("All bodies")),
        ("assembly", _("Assembly of all members")),
        *((kind, capfirst(str(label))) for kind, label in GroupKind.choices),
    ]


def _body(request: Any) -> str:
    given = str(request.GET.get("group", ""))
    return given if given in ("assembly", *GroupKind.values) else ""


@require_safe
@login_required
def decision_register(request: HttpRequest) -> HttpResponse:
    """Every decided motion with its result, its actions, and whether it is public."""
    alliance = enter(request, "decisions")
    group = _body(request)
    page = paginate(list_decided(alliance, group=group), request.GET, ("-closed_at", "-id"))
    context = {
        "page": page,
        "decisions": with_actions(alliance, page.items, public_only=False),
        "group": group,
        "groups": _bodies(),
        "may_publish": can(request.user, PUBLISH_DECISION, alliance),
        "today": timezone.localdate(),
    }
    return render(request, "groups/decision_register.html", context)


@require_POST
@login_required
def decision_publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put a decision into the public register, or take it out."""
    alliance = enter(request, "decisions")
    shown = request.POST.get("public") == "1"
    motion = publish_decision(alliance, code, is_public=shown, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    if shown:
        messages.success(request, _("%(code)s stands in the public register.") % {"code": motion.code})
    else:
        messages.success(request, _("%(code)s was taken out of the public register.") % {"code": motion.code})
    return redirect("decision_register")


# ---------------------------------------------------------------------------------------------------------- public part


@require_safe
@cached_page
def decision_list(request: AllianceRequest) -> HttpResponse:
    """The public register, newest first, with the published minutes beside it."""
    request.nav_key = "decisions"
    group = _body(request)
    page = paginate(list_public(request.alliance, group=group), request.GET, ("-closed_at", "-id"))
    context = {
        "page": page,
        "decisions": with_actions(request.alliance, page.items, public_only=True),
        "minutes": list(list_public_minutes(request.alliance)[:10]),
        "group": group,
        "groups": _bodies(),
    }
    return render(request, "groups/decision_list.html", context)


def _text(record: Any, field: str) -> dict[str, Any]:
    source, other = pick_bilingual(record, field)
    return {"html": render_markdown(source), "lang": {"en": "en", "zh": "zh-Hans"}.get(other or "", "")}


@require_safe
@cached_page
def decision_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One decision: what was decided, by which votes, and what became of it. Its address stays."""
    request.nav_key = "decisions"
    found = get_public_decision(request.alliance, code)
    if found is None:
        raise NotFoundError
    context = {
        "found": found,
        "motion": found.motion,
        "text": _text(found.motion, "text"),
        "today": timezone.localdate(),
        "crumbs": [{"label": _("Decisions"), "url": reverse("decision_list")}, {"label": found.motion.code}],
    }
    return render(request, "groups/decision_detail.html", context)


@require_safe
@cached_page
def public_minutes(request: AllianceRequest, code: str) -> HttpResponse:
    """Published minutes: the text, the quorum, the public decisions and actions; no names of people."""
    request.nav_key = "decisions"
    minutes = get_public_minutes(request.alliance, code)
    if minutes is None:
        raise NotFoundError
    public = {motion.code for motion in list_public(request.alliance).filter(agenda_items__meeting=minutes.meeting)}
    context = {
        "minutes": minutes,
        "meeting": minutes.meeting,
        "facts": minutes.facts,
        "public_codes": public,
        "text": _text(minutes, "body"),
        "replaced": is_replaced(minutes),
        "actions": list(list_actions(request.alliance, meeting=minutes.meeting).filter(is_public=True)),
        "today": timezone.localdate(),
        "crumbs": [{"label": _("Decisions"), "url": reverse("decision_list")}, {"label": minutes.meeting.code}],
    }
    return render(request, "groups/public_minutes.html", context)


@require_safe
@cached_page
def decision_feed(request: AllianceRequest) -> HttpResponse:
    """Atom feed of public decisions in the reader's language, the newest fifty."""
    alliance = request.alliance
    atom = Atom1Feed(
        title=_("Decisions of %(alliance)s") % {"alliance": alliance.name},
        link=absolute_url(alliance, "decision_list"),
        description="",
        language=html_language(get_language()),
        feed_url=absolute_url(alliance, "decision_feed"),
        author_name=alliance.name,
    )
    for motion in list_public(alliance)[:50]:
        _add(atom, alliance, motion)
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _add(atom: Atom1Feed, alliance: Any, motion: Motion) -> None:
    link = absolute_url(alliance, "decision_detail", {"code": motion.code})
    title = pick_bilingual(motion, "title")[0]
    atom.add_item(
        title=f"{title} ({motion.get_state_display()})",
        link=link,
        description=plain_text(pick_bilingual(motion, "text")[0], 500),
        unique_id=link,
        pubdate=motion.closed_at,
        updateddate=motion.closed_at,
    )
