"""Pages about declared interests: the institution's own in the portal, the year's list in the console."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, PermissionRefusedError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from groups.actions.conflict import agree_conflict, declare_conflict
from groups.actions.declaration import (
    ASKING_MONTH,
    JOINER_DAYS,
    LAST_DAY,
    NewInterest,
    ask_declarations,
    declare_interest,
    submit_declaration,
    withdraw_interest,
)
from groups.choices import ConflictState
from groups.forms.group import place_errors
from groups.forms.interest import AskForm, DeclarationForm, InterestForm, MatterConflictForm
from groups.models import ConflictOfInterest, Interest, InterestDeclaration
from groups.permissions import (
    AGREE_CONFLICT,
    ASK_DECLARATIONS,
    DECLARE_CONFLICT,
    DECLARE_INTEREST,
    VIEW_DECLARATIONS,
    VIEW_INTERESTS,
)
from groups.selectors.conflict import list_conflicts_of
from groups.selectors.declaration import (
    count_declarations,
    get_declaration,
    list_declarations,
    list_expert_interests,
    list_interests,
)
from groups.selectors.matters import describe_matter
from members.models import Institution

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest

CONFLICTS_SHOWN = 50


def enter_portal(request: AllianceRequest, tab: str = "interests") -> Institution | HttpResponse:
    """The institution acted for, or the page where it is chosen."""
    request.nav_key, request.tab_key = "institution", tab
    acting = acting_institution_id(request)
    if acting is None:
        if institutions_acted_for(grants_of(request.user, request.alliance)):
            return redirect(f"{reverse('choose_institution')}?next={request.get_full_path()}")
        raise PermissionRefusedError(
            _("open the portal of a member institution"), permission="", who=[_("people of a member institution")]
        )
    return Institution.objects.of(request.alliance).get(pk=acting)


def conflict_rows(conflicts: Any) -> list[dict[str, Any]]:
    """Conflicts with their matters in words."""
    return [
        {"conflict": conflict, "matter": (described := describe_matter(conflict.matter))[0], "url": described[1]}
        for conflict in conflicts
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_interest_list(request: AllianceRequest) -> HttpResponse:
    """What the institution has declared, this year's confirmation, and the matters it stands aside from."""
    institution = enter_portal(request)
    if not isinstance(institution, Institution):
        return institution
    now = timezone.now()
    year = timezone.localdate(now).year
    blank = InterestDeclaration(alliance=request.alliance, institution=institution)
    if request.method == "POST":
        require(request.user, DECLARE_INTEREST, blank)
    interests = list(list_interests(request.alliance, institution.pk))
    form = DeclarationForm(request.POST if request.method == "POST" else None, nothing=not interests)
    if request.method == "POST" and form.is_valid():
        try:
            submit_declaration(
                request.alliance, institution.code, year=year, nothing=not interests, actor=request.user, at=now
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Thank you: the declaration for %(year)s is in.") % {"year": year})
            return redirect("portal_interest_list")
    conflicts = conflict_rows(list_conflicts_of(request.alliance, institution.pk)[:CONFLICTS_SHOWN])
    context = {
        "institution": institution,
        "year": year,
        "declaration": get_declaration(request.alliance, institution.pk, year),
        "today": timezone.localdate(now),
        "interests": interests,
        "expert_interests": list(list_expert_interests(request.alliance, institution.pk)),
        "conflicts": [row for row in conflicts if row["conflict"].state != ConflictState.CLAIMED],
        "claims": [row for row in conflicts if row["conflict"].state == ConflictState.CLAIMED],
        "form": form,
        "may_declare": can(request.user, DECLARE_INTEREST, blank),
        "may_agree": can(request.user, AGREE_CONFLICT, blank),
    }
    return render(request, "groups/portal_interest_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_interest_new(request: AllianceRequest) -> HttpResponse:
    """Declare one interest."""
    institution = enter_portal(request)
    if not isinstance(institution, Institution):
        return institution
    require(request.user, DECLARE_INTEREST, InterestDeclaration(alliance=request.alliance, institution=institution))
    form = InterestForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            declare_interest(
                request.alliance,
                institution.code,
                NewInterest(**form.cleaned_data),
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Declared. Where it matters, your institution stands aside from now on."))
            return redirect("portal_interest_list")
    context = {
        "form": form,
        "institution": institution,
        "back": reverse("portal_interest_list"),
        "crumbs": [{"label": _("Interests"), "url": reverse("portal_interest_list")}, {"label": _("Declare an interest")}],
    }
    return render(request, "groups/portal_interest_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_interest_withdraw(request: AllianceRequest, interest: int) -> HttpResponse:
    """Note that an interest is over, after a question."""
    institution = enter_portal(request)
    if not isinstance(institution, Institution):
        return institution
    found = list_interests(request.alliance, institution.pk).filter(pk=interest).first()
    if found is None:
        raise Http404
    require(request.user, DECLARE_INTEREST, found)
    if request.method == "POST":
        try:
            withdraw_interest(request.alliance, institution.code, interest, actor=request.user, at=timezone.now())
        except Interest.DoesNotExist:
            raise Http404 from None
        messages.success(request, _("Noted: the interest is over."))
        return redirect("portal_interest_list")
    context = {"interest": found, "back": reverse("portal_interest_list")}
    return render(request, "groups/portal_interest_withdraw.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_conflict_new(request: AllianceRequest) -> HttpResponse:
    """Declare an interest of the own institution in one matter."""
    institution = enter_portal(request)
    if not isinstance(institution, Institution):
        return institution
    require(request.user, DECLARE_CONFLICT, ConflictOfInterest(alliance=request.alliance, institution=institution))
    form = MatterConflictForm(
        request.POST if request.method == "POST" else None, initial={"matter": request.GET.get("matter", "")[:80]}
    )
    if request.method == "POST" and form.is_valid():
        try:
            declared = declare_conflict(
                request.alliance,
                institution.code,
                form.cleaned_data["matter"],
                reason=form.cleaned_data["reason"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            own = declared.state != ConflictState.CLAIMED
            messages.success(
                request,
                _("Declared. Your institution stands aside from now on.")
                if own
                else _("Noted. It counts once your representative agrees, or another person rules on it."),
            )
            return redirect("portal_interest_list")
    context = {
        "form": form,
        "institution": institution,
        "back": reverse("portal_interest_list"),
        "crumbs": [{"label": _("Interests"), "url": reverse("portal_interest_list")}, {"label": _("Stand aside")}],
    }
    return render(request, "groups/portal_conflict_form.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def portal_conflict_agree(request: AllianceRequest, conflict: int) -> HttpResponse:
    """Agree to what somebody else claims about the own institution."""
    institution = enter_portal(request)
    if not isinstance(institution, Institution):
        return institution
    if not list_conflicts_of(request.alliance, institution.pk).filter(pk=conflict).exists():
        raise Http404
    agree_conflict(request.alliance, conflict, actor=request.user, at=timezone.now())
    messages.success(request, _("Noted. Your institution stands aside from now on."))
    return redirect("portal_interest_list")


# ------------------------------------------------------------------------------------------------------------- console


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def declaration_list(request: AllianceRequest) -> HttpResponse:
    """A year's declarations, those missing first; ask for them."""
    require(request.user, VIEW_DECLARATIONS, request.alliance)
    request.nav_key = "conflicts"
    if request.method == "POST":
        require(request.user, ASK_DECLARATIONS, request.alliance)
    now = timezone.now()
    today = timezone.localdate(now)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 and 2000 <= int(asked) <= today.year else today.year
    proposed = date(year, ASKING_MONTH, LAST_DAY) if today.month == ASKING_MONTH else today + timedelta(days=JOINER_DAYS)
    form = AskForm(request.POST if request.method == "POST" else None, initial={"due_on": proposed})
    if request.method == "POST" and form.is_valid():
        try:
            count = ask_declarations(
                request.alliance, year=today.year, due_on=form.cleaned_data["due_on"], at=now, actor=request.user
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            words = ngettext("%(n)s institution was asked.", "%(n)s institutions were asked.", count) % {"n": count}
            messages.success(request, words)
            return redirect("declaration_list")
    only_missing = request.GET.get("missing") == "1"
    context = {
        "page": paginate(
            list_declarations(request.alliance, year, only_missing=only_missing), request.GET, ("state", "id"), size=50
        ),
        "year": year,
        "previous": year - 1,
        "today": today,
        "only_missing": only_missing,
        "counts": count_declarations(request.alliance, year, today),
        "form": form,
        "may_ask": can(request.user, ASK_DECLARATIONS, request.alliance) and year == today.year,
        "tabs": conflict_tabs("declarations"),
    }
    return render(request, "groups/declaration_list.html", context, status=422 if form.errors else 200)


def conflict_tabs(current: str) -> list[dict[str, Any]]:
    """The two lists of the conflict guard."""
    return [
        {"label": _("By matter"), "url": reverse("conflict_list"), "current": current == "conflicts", "count": None},
        {
            "label": _("Yearly declarations"),
            "url": reverse("declaration_list"),
            "current": current == "declarations",
            "count": None,
        },
    ]


@require_safe
@login_required
def declaration_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """What one institution has declared; for the office and the committee."""
    require(request.user, "alliance.view_console", request.alliance)
    request.nav_key = "conflicts"
    institution = Institution.objects.of(request.alliance).filter(code=code).first()
    if institution is None:
        raise Http404
    require(request.user, VIEW_INTERESTS, InterestDeclaration(alliance=request.alliance, institution=institution))
    context = {
        "institution": institution,
        "interests": list(list_interests(request.alliance, institution.pk)),
        "withdrawn": list(list_interests(request.alliance, institution.pk, withdrawn=True)[:CONFLICTS_SHOWN]),
        "expert_interests": list(list_expert_interests(request.alliance, institution.pk)),
        "conflicts": conflict_rows(list_conflicts_of(request.alliance, institution.pk)[:CONFLICTS_SHOWN]),
        "declarations": list(
            InterestDeclaration.objects.of(request.alliance).filter(institution=institution).order_by("-year")[:5]
        ),
        "crumbs": [
            {"label": _("Conflicts of interest"), "url": reverse("conflict_list")},
            {"label": _("Yearly declarations"), "url": reverse("declaration_list")},
            {"label": institution.short_name},
        ],
    }
    return render(request, "groups/declaration_detail.html", context)
