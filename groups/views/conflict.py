"""Pages of the console about conflicts of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can
from alliance.selectors.paging import paginate
from groups.actions.conflict import clear_conflict, declare_conflict, end_conflict, recuse
from groups.forms.group import ConflictForm, place_errors
from groups.models import ConflictOfInterest
from groups.permissions import DECLARE_CONFLICT, RULE_CONFLICT
from groups.selectors.conflict import list_conflicts
from groups.views.group import enter_console
from members.models import Institution

if TYPE_CHECKING:
    from django.http import HttpRequest

RULINGS = {"recuse": recuse, "clear": clear_conflict, "end": end_conflict}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def conflict_list(request: HttpRequest) -> HttpResponse:
    """Open conflicts of interest; declare one, rule on it."""
    alliance = enter_console(request, "conflicts")
    form = ConflictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            declare_conflict(
                alliance,
                form.cleaned_data["institution"].strip(),
                form.cleaned_data["matter"],
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except Institution.DoesNotExist:
            form.add_error("institution", _("No institution of this alliance has that code."))
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Declared. The institution stands aside from now on."))
            return redirect("conflict_list")
    everything = request.GET.get("all") == "1"
    context = {
        "page": paginate(list_conflicts(alliance, only_open=not everything), request.GET, ("-declared_at", "-id")),
        "everything": everything,
        "form": form,
        "may_declare": can(request.user, DECLARE_CONFLICT, alliance),
        "may_rule": can(request.user, RULE_CONFLICT, alliance),
    }
    return render(request, "groups/conflict_list.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def conflict_rule(request: HttpRequest, conflict: int, ruling: str) -> HttpResponse:
    """Rule on a declared conflict, or note that it is over."""
    alliance = enter_console(request, "conflicts")
    act = RULINGS.get(ruling)
    if act is None:
        raise Http404
    try:
        act(alliance, conflict, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ConflictOfInterest.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The ruling was noted."))
    return redirect("conflict_list")
