"""Who acts in the alliance: list, person, roles."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.audit import record_audit
from alliance.actions.invitations import describe_offers
from alliance.actions.roles import MANAGE_PEOPLE, VIEW_PEOPLE, give_role, position_enders
from alliance.forms.people import RoleForm
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from alliance.selectors.people import (
    Person,
    count_roles,
    find_person,
    list_open_invitations,
    list_people,
    with_positions,
)
from alliance.views.invitations import tenant_of

INVITATIONS_SHOWN = 50
EXPORT_LIMIT = 10_000


@login_required
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """People with roles, by role; the invitations that are still open."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PEOPLE, alliance)
    now = timezone.now()
    counts = count_roles(alliance, at=now)
    known = {count.value: count.label for count in counts}
    chosen = [value for value in request.GET.getlist("role") if value in known]
    text = request.GET.get("q", "")[:100]
    former = request.GET.get("former") == "1"
    people = list_people(alliance, at=now, roles=chosen, text=text, former=former)
    if request.GET.get("format") == "csv":
        return _export(request, with_positions(alliance, people[:EXPORT_LIMIT]))
    page = paginate(people, request.GET, order=("sort_name", "id"))
    may_manage = can(request.user, MANAGE_PEOPLE, alliance)
    invitations = list(list_open_invitations(alliance)[:INVITATIONS_SHOWN]) if may_manage else []
    options = [
        {"value": count.value, "label": count.label, "count": count.count, "selected": count.value in chosen}
        for count in counts
    ]
    chips = [{"label": known[value], "url": _without(request, "role", value)} for value in chosen]
    if text:
        chips.append({"label": text, "url": _without(request, "q")})
    if former:
        chips.append({"label": _("also former roles"), "url": _without(request, "former")})
    request.nav_key = "people"  # type: ignore[attr-defined]
    context = {
        "people": [(person, _shown(person, former=former, now=now)) for person in with_positions(alliance, page.items)],
        "page": page,
        "facets": [{"name": "role", "label": _("Role"), "options": options}],
        "kept": [(name, value) for name, value in (("q", text), ("former", "1" if former else "")) if value],
        "chips": chips,
        "clear_url": reverse("person_list"),
        "text": text,
        "former": former,
        "csv_url": f"?{_query(request, format='csv')}",
        "may_manage": may_manage,
        "invitations": [
            (invitation, describe_offers(alliance, invitation.grants), invitation.expires_at <= now)
            for invitation in invitations
        ],
    }
    return render(request, "alliance/people_list.html", context)


def _shown(person: Person, *, former: bool, now: Any) -> list[Any]:
    return [position for position in person.positions if former or position.can_end_at(now)]


def _query(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def _without(request: HttpRequest, name: str, value: str = "") -> str:
    pairs = [
        (key, item)
        for key, items in request.GET.lists()
        for item in items
        if key not in {"after", "before"} and not (key == name and (not value or item == value))
    ]
    return f"?{urlencode(pairs)}"


def _export(request: HttpRequest, people: list[Person]) -> HttpResponse:
    alliance = tenant_of(request)
    user: Any = request.user
    record_audit(alliance, actor=user, verb="export_people", after={"rows": len(people)}, alliance=alliance)
    header = [
        _("Name in Latin letters"),
        _("Name in Chinese"),
        _("E-mail address"),
        _("Role"),
        _("Institution"),
        _("From"),
        _("Until"),
    ]
    rows = [
        (
            person.user.name_en,
            person.user.name_zh,
            person.user.email,
            str(position.label),
            position.where,
            position.starts_at,
            position.ends_at,
        )
        for person in people
        for position in person.positions
    ]
    return csv_response("people", header, rows)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_detail(request: HttpRequest, uuid: str) -> HttpResponse:
    """One person: roles now and before; give another one."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PEOPLE, alliance)
    person = find_person(alliance, uuid)
    if person is None:
        raise NotFoundError
    user: Any = request.user
    may_manage = can(user, MANAGE_PEOPLE, alliance) and person.user.pk != user.pk
    form = RoleForm(request.POST or None)
    if request.method == "POST":
        require(user, MANAGE_PEOPLE, alliance)
        if form.is_valid():
            starts_at, ends_at = form.period()
            try:
                give_role(
                    alliance,
                    person.user,
                    form.cleaned_data["role"],
                    actor=user,
                    at=timezone.now(),
                    starts_at=starts_at,
                    ends_at=ends_at,
                )
            except InvalidInputError as refusal:
                form.add_error(None, str(refusal.reason))
            else:
                messages.success(request, _("The role was given."))
                return redirect("person_detail", uuid=uuid)
    now = timezone.now()
    request.nav_key = "people"  # type: ignore[attr-defined]
    context = {
        "person": person,
        "held": [position for position in person.positions if position.can_end_at(now)],
        "past": [position for position in person.positions if not position.can_end_at(now)],
        "form": form if may_manage else None,
        "may_manage": can(user, MANAGE_PEOPLE, alliance),
        "is_own": person.user.pk == user.pk,
        "crumbs": [{"label": _("People"), "url": reverse("person_list")}, {"label": person.user.get_full_name()}],
    }
    return render(request, "alliance/people_detail.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_end_role(request: HttpRequest, uuid: str, scope: str, position_id: int) -> HttpResponse:
    """End one of a person's roles, after a question."""
    alliance = tenant_of(request)
    require(request.user, MANAGE_PEOPLE, alliance)
    person = find_person(alliance, uuid)
    position = next(
        (one for one in (person.positions if person else []) if one.scope == scope and one.id == position_id), None
    )
    if person is None or position is None or scope not in position_enders:
        raise NotFoundError
    if request.method == "POST":
        try:
            position_enders.get(scope)(alliance, position_id, actor=request.user, at=timezone.now())
        except ObjectDoesNotExist:
            raise NotFoundError from None
        messages.success(request, _("The role has ended. Its rights ended with it."))
        if len(person.positions) == 1:  # taken back before it began: nothing may be left to show
            return redirect("person_list")
        return redirect("person_detail", uuid=uuid)
    request.nav_key = "people"  # type: ignore[attr-defined]
    context = {
        "person": person,
        "position": position,
        "crumbs": [
            {"label": _("People"), "url": reverse("person_list")},
            {"label": person.user.get_full_name(), "url": reverse("person_detail", kwargs={"uuid": uuid})},
            {"label": _("End role")},
        ],
    }
    return render(request, "alliance/people_end_role.html", context)
