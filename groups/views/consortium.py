"""Pages of technology consortia: found, join, share, leave in the portal; overview in the console; public list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.selectors.paging import paginate
from groups.actions.consortium import (
    accept_terms,
    change_consortium,
    close_consortium,
    decline_terms,
    file_consortium,
    found_consortium,
    hand_over_lead,
    invite_to_consortium,
    leave_consortium,
    share_consortium_file,
    withdraw_consortium_file,
)
from groups.choices import CONSORTIUM_MIN_KINDS, CONSORTIUM_MIN_MEMBERS, ConsortiumState
from groups.forms.charter import ConfirmForm, ConsortiumForm, FileConsortiumForm, HandOverForm, InviteForm, ShareForm
from groups.models import ConsortiumMembership
from groups.permissions import (
    ANSWER_CONSORTIUM,
    CHANGE_CONSORTIUM,
    FOUND_CONSORTIUM,
    SHARE_CONSORTIUM_FILE,
    VIEW_CONSORTIA,
    VIEW_CONSORTIUM,
)
from groups.selectors.consortium import (
    composition_of,
    find_consortium,
    list_consortia,
    list_files,
    what_is_missing,
)
from groups.views.group import enter_console
from groups.views.promise import PORTAL, initial_of, own_institution, take_step
from members.models import Institution

if TYPE_CHECKING:
    import uuid as uuids
    from collections.abc import Callable

    from alliance.kernel.requests import AllianceRequest
    from alliance.models import Alliance
    from groups.models import Consortium

FIELDS = (
    "name_en",
    "name_zh",
    "technology_en",
    "technology_zh",
    "plan_en",
    "plan_zh",
    "terms_en",
    "terms_zh",
)


def _find(alliance: Alliance, code: str, reader: Any) -> Consortium:
    """A consortium whose terms and plan the reader may read.

    Raises:
        NotFoundError: There is none, or it is not open to the reader.
    """
    found = find_consortium(alliance, code)
    if found is None or not can(reader, VIEW_CONSORTIUM, found):
        raise NotFoundError
    return found


# ----------------------------------------------------------------------------------------------------------- console


@require_safe
@login_required
def consortium_list(request: AllianceRequest) -> HttpResponse:
    """All consortia of the alliance."""
    alliance = enter_console(request, "consortia")
    require(request.user, VIEW_CONSORTIA, alliance)
    rows = list_consortia(alliance, at=timezone.now())
    context = {"page": paginate(rows, request.GET, ("-created_at", "-id"))}
    return render(request, "groups/consortium_list.html", context)


@require_safe
@login_required
def consortium_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One consortium as it was filed: members, terms and plan; its files are its members' own."""
    alliance = enter_console(request, "consortia")
    require(request.user, VIEW_CONSORTIA, alliance)
    found = _find(alliance, code, request.user)
    context = {
        "consortium": found,
        "parts": composition_of(found, timezone.now()),
        "crumbs": [{"label": _("Technology consortia"), "url": reverse("consortium_list")}, {"label": code, "url": ""}],
    }
    return render(request, "groups/consortium_detail.html", context)


# ------------------------------------------------------------------------------------------------------------ portal


@require_safe
@login_required
def portal_consortium_list(request: AllianceRequest) -> HttpResponse:
    """Consortia the institution is in or invited to."""
    institution = own_institution(request, "governance", "consortia")
    if not isinstance(institution, Institution):
        return institution
    alliance, now = request.alliance, timezone.now()
    page = paginate(list_consortia(alliance, at=now, institution_ids=[institution.pk]), request.GET, ("-created_at", "-id"))
    invited = set(
        ConsortiumMembership.objects.of(alliance)
        .at(now)
        .filter(institution=institution, accepted_at__isnull=True)
        .values_list("consortium_id", flat=True)
    )
    blank = ConsortiumMembership(alliance=alliance, institution=institution)
    context = {
        "institution": institution,
        "page": page,
        "invited": invited,
        "may_found": can(request.user, FOUND_CONSORTIUM, blank),
        "least": CONSORTIUM_MIN_MEMBERS,
        "kinds": CONSORTIUM_MIN_KINDS,
    }
    return render(request, "groups/portal_consortium_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_consortium_new(request: AllianceRequest) -> HttpResponse:
    """Found a consortium as its lead unit."""
    institution = own_institution(request, "governance", "consortia")
    if not isinstance(institution, Institution):
        return institution
    alliance = request.alliance
    require(request.user, FOUND_CONSORTIUM, ConsortiumMembership(alliance=alliance, institution=institution))
    return take_step(
        request,
        ConsortiumForm(request.POST or None),
        lambda values: found_consortium(alliance, institution.code, actor=request.user, at=timezone.now(), **values),
        heading=_("Found a technology consortium"),
        hint=_(
            "Your institution becomes the lead unit. At least %(count)s institutions of at least %(kinds)s kinds must accept "
            "the terms before it can be filed with the committee."
        )
        % {"count": CONSORTIUM_MIN_MEMBERS, "kinds": CONSORTIUM_MIN_KINDS},
        done=_("Founded. Invite the other members now."),
        submit=_("Found the consortium"),
        back=reverse("portal_consortium_list"),
        to=lambda found: reverse("portal_consortium", kwargs={"code": found.code}),
        base=PORTAL,
    )


def _mine(request: AllianceRequest, consortium: Consortium) -> tuple[Any, Any]:
    """The composition, and the part of the institution acted for (None where it has none)."""
    parts = composition_of(consortium, timezone.now())
    acted_for = institutions_acted_for(grants_of(request.user, request.alliance))
    mine = next((part for part in (*parts.present, *parts.invited) if part.institution_id in acted_for), None)
    return parts, mine


def _back(code: str) -> str:
    return reverse("portal_consortium", kwargs={"code": code})


@require_safe
@login_required
def portal_consortium(request: AllianceRequest, code: str) -> HttpResponse:
    """One consortium as its members see it: terms, plan, members, shared files."""
    request.nav_key, request.tab_key = "governance", "consortia"
    found = _find(request.alliance, code, request.user)
    parts, mine = _mine(request, found)
    may_open = can(request.user, SHARE_CONSORTIUM_FILE, found)
    may_lead = can(request.user, CHANGE_CONSORTIUM, found)
    context = {
        "consortium": found,
        "parts": parts,
        "mine": mine,
        "is_open": found.state != ConsortiumState.CLOSED,
        "may_answer": mine is not None and mine.accepted_at is None and can(request.user, ANSWER_CONSORTIUM, mine),
        "may_leave": mine is not None and mine.accepted_at is not None and can(request.user, ANSWER_CONSORTIUM, mine),
        "may_lead": may_lead,
        "may_open": may_open,
        "files": list(list_files(found)[:200]) if may_open else [],
        "missing": what_is_missing(found, parts) if may_lead and found.state == ConsortiumState.FORMING else [],
        "least": CONSORTIUM_MIN_MEMBERS,
        "kinds": CONSORTIUM_MIN_KINDS,
        "crumbs": [
            {"label": _("Technology consortia"), "url": reverse("portal_consortium_list")},
            {"label": code, "url": ""},
        ],
    }
    return render(request, "groups/portal_consortium.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_consortium_edit(request: AllianceRequest, code: str) -> HttpResponse:
    """Names, technology, plan and terms, by a lead unit."""
    request.nav_key, request.tab_key = "governance", "consortia"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    require(request.user, CHANGE_CONSORTIUM, found)
    return take_step(
        request,
        ConsortiumForm(request.POST or None, initial=initial_of(found, FIELDS)),
        lambda values: change_consortium(alliance, code, actor=request.user, at=timezone.now(), **values),
        heading=_("Change %(code)s") % {"code": code},
        hint=_("New terms ask every other member to accept them again. Once the consortium is filed, its terms stay."),
        done=_("Saved."),
        submit=_("Save"),
        back=_back(code),
        base=PORTAL,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_consortium_invite(request: AllianceRequest, code: str) -> HttpResponse:
    """Invite an institution."""
    request.nav_key, request.tab_key = "governance", "consortia"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    require(request.user, CHANGE_CONSORTIUM, found)

    def act(values: dict[str, Any]) -> object:
        return invite_to_consortium(
            alliance, code, values.pop("institution").strip(), actor=request.user, at=timezone.now(), **values
        )

    return take_step(
        request,
        InviteForm(request.POST or None),
        act,
        heading=_("Invite a member to %(code)s") % {"code": code},
        hint=_("Its representative reads the terms and accepts or declines. It sees no files before."),
        done=_("Invited."),
        submit=_("Invite"),
        back=_back(code),
        base=PORTAL,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_consortium_file(request: AllianceRequest, code: str) -> HttpResponse:
    """Share a file with the present members."""
    request.nav_key, request.tab_key = "governance", "consortia"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    require(request.user, SHARE_CONSORTIUM_FILE, found)
    _parts, mine = _mine(request, found)
    if mine is None:
        raise NotFoundError
    return take_step(
        request,
        ShareForm(request.POST or None, request.FILES or None),
        lambda values: share_consortium_file(
            alliance, code, mine.institution.code, actor=request.user, at=timezone.now(), **values
        ),
        heading=_("Share a file in %(code)s") % {"code": code},
        hint=_("The people of the present members can open it; nobody else, the office neither."),
        done=_("The file was shared."),
        submit=_("Share"),
        back=_back(code),
        base=PORTAL,
    )


@require_POST
@login_required
@once
def portal_consortium_file_withdraw(request: AllianceRequest, code: str, uuid: uuids.UUID) -> HttpResponse:
    """Take a shared file back."""
    _find(request.alliance, code, request.user)
    withdraw_consortium_file(request.alliance, code, uuid, actor=request.user, at=timezone.now())
    messages.success(request, _("The file was taken back; nobody can open it any more."))
    return redirect(_back(code))


@require_POST
@login_required
@once
def portal_consortium_uninvite(request: AllianceRequest, code: str, institution: str) -> HttpResponse:
    """Take an invitation back, by a lead unit."""
    found = _find(request.alliance, code, request.user)
    require(request.user, CHANGE_CONSORTIUM, found)
    decline_terms(request.alliance, code, institution, actor=request.user, at=timezone.now())
    messages.success(request, _("The invitation was taken back."))
    return redirect(_back(code))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_consortium_step(request: AllianceRequest, code: str, step: str) -> HttpResponse:
    """Accept or decline the terms, file with the committee, hand over the lead, leave, close."""
    request.nav_key, request.tab_key = "governance", "consortia"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    _parts, mine = _mine(request, found)
    steps = _steps(request, found, mine)
    if step not in steps:
        raise NotFoundError
    words = steps[step]
    require(request.user, words["permission"], mine if words["permission"] == ANSWER_CONSORTIUM else found)
    return take_step(
        request,
        words["form"],
        words["act"],
        heading=words["heading"] % {"code": code},
        hint=words["hint"],
        done=words["done"],
        submit=words["submit"],
        back=reverse("portal_consortium_list") if words.get("gone") else _back(code),
        base=PORTAL,
        danger=bool(words.get("gone")),
    )


def _steps(request: AllianceRequest, found: Consortium, mine: Any) -> dict[str, dict[str, Any]]:
    """What can be done with a consortium, by name; those that need a part of one's own only where there is one."""
    alliance, code, actor, now = request.alliance, found.code, request.user, timezone.now()
    posted = request.POST if request.method == "POST" else None
    steps: dict[str, dict[str, Any]] = {
        "file": {
            "permission": CHANGE_CONSORTIUM,
            "form": FileConsortiumForm(posted),
            "act": lambda values: file_consortium(alliance, code, motion_code=values["motion"], actor=actor, at=now),
            "heading": _("File %(code)s with the committee"),
            "hint": _("The committee reads terms and plan. The terms are fixed from then on."),
            "done": _("Filed with the committee."),
            "submit": pgettext("hand in to the committee", "File"),
        },
        "close": {
            "permission": CHANGE_CONSORTIUM,
            "form": ConfirmForm(posted),
            "act": lambda _values: close_consortium(alliance, code, actor=actor, at=now),
            "heading": _("Close %(code)s?"),
            "hint": _("Every part ends at once, and with it the access to the shared files. This cannot be undone."),
            "done": _("The consortium is closed."),
            "submit": _("Close the consortium"),
            "gone": True,
        },
    }
    if mine is None:
        return steps
    own = mine.institution.code
    answers: dict[str, tuple[Callable[..., Any], Any, Any, Any, bool]] = {
        "accept": (
            accept_terms,
            _("Accept the terms of %(code)s"),
            _("Your institution is a member from now on; its people can open the shared files."),
            _("Accept the terms"),
            False,
        ),
        "decline": (
            decline_terms,
            _("Decline the invitation to %(code)s?"),
            _("The lead unit is told. It may invite you again."),
            _("Decline"),
            True,
        ),
        "leave": (
            leave_consortium,
            _("Leave %(code)s?"),
            _("Your people lose access to the shared files at that very moment. Files you shared stay with the consortium."),
            _("Leave the consortium"),
            True,
        ),
    }
    for name, (act, heading, hint, submit, gone) in answers.items():
        steps[name] = {
            "permission": ANSWER_CONSORTIUM,
            "form": ConfirmForm(posted),
            "act": lambda _values, act=act: act(alliance, code, own, actor=actor, at=now),
            "heading": heading,
            "hint": hint,
            "done": _("Done."),
            "submit": submit,
            "gone": gone,
        }
    steps["lead"] = {
        "permission": CHANGE_CONSORTIUM,
        "form": HandOverForm(posted),
        "act": lambda values: hand_over_lead(alliance, code, own, values["institution"].strip(), actor=actor, at=now),
        "heading": _("Hand over the lead of %(code)s"),
        "hint": _("Another present member becomes the lead unit; yours stays as a member."),
        "done": _("The lead was handed over."),
        "submit": _("Hand over"),
    }
    return steps


# ------------------------------------------------------------------------------------------------------------ public


@require_safe
@cached_page
def consortium_public_list(request: AllianceRequest) -> HttpResponse:
    """Names, technologies and lead units of the consortia that are filed; nothing more."""
    rows = list_consortia(request.alliance, at=timezone.now(), public=True)
    return render(
        request, "groups/consortium_public_list.html", {"page": paginate(rows, request.GET, ("-created_at", "-id"))}
    )
