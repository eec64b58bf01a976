"""Pages of the console about motions and votes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import attachment
from alliance.selectors.audit import latest_head
from alliance.selectors.paging import paginate
from groups.actions.motion import (
    TEXT_FIELDS,
    change_motion,
    close_motion,
    draft_motion,
    earliest_close,
    name_teller,
    open_motion,
    publish_decision,
    put_again,
    withdraw_motion,
)
from groups.choices import DECIDED_MOTIONS, BallotForm, MotionState, ResultLevel
from groups.forms.group import place_errors
from groups.forms.motion import MotionForm, MotionRuleForm, OpenForm, ReasonForm, TellerForm
from groups.models import Teller
from groups.permissions import PUT_MOTION, RUN_MOTION, VIEW_MOTIONS
from groups.selectors import tally
from groups.selectors.conflict import list_recused
from groups.selectors.motion import (
    canonical,
    document_of,
    find_motion,
    is_open_to_members,
    is_teller,
    list_codes,
    list_motions,
    list_participation,
    list_roll,
    list_votes,
    matter_of,
    may_download_box,
    told,
    turnout_of,
    visible_to,
)

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance
    from groups.models import Motion

CHECKER = Path(settings.BASE_DIR) / "verify_vote.py"
VIEWS = {
    "open": (MotionState.OPEN,),
    "draft": (MotionState.DRAFT,),
    "decided": DECIDED_MOTIONS,
    "all": (),
}


def enter(request: HttpRequest) -> Any:
    """The alliance, for somebody who may see every motion; marks the place in the navigation."""
    alliance = request.alliance  # type: ignore[attr-defined]
    require(request.user, VIEW_MOTIONS, alliance)
    request.nav_key = "motions"  # type: ignore[attr-defined]
    return alliance


def find(request: HttpRequest, code: str) -> Motion:
    """A motion the reader may see.

    Raises:
        NotFoundError: There is none, or it is not open to the reader.
    """
    motion = find_motion(request.alliance, code, request.user, timezone.now())  # type: ignore[attr-defined]
    if motion is None:
        raise NotFoundError
    return motion


def crumbs(motion: Motion | None = None, label: str = "") -> list[dict[str, Any]]:
    """The way to a page below the list."""
    way: list[dict[str, Any]] = [{"label": _("Votes"), "url": reverse("motion_list")}]
    if motion is not None:
        way.append({"label": motion.code, "url": reverse("motion_detail", kwargs={"code": motion.code})})
    if label:
        way.append({"label": label})
    return way


@require_safe
@login_required
def motion_list(request: HttpRequest) -> HttpResponse:
    """Motions by state, newest first."""
    alliance = enter(request)
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    names = {"open": _("Open"), "draft": _("Drafts"), "decided": _("Decided"), "all": _("All")}
    page = paginate(
        list_motions(alliance, states=VIEWS[view]),
        request.GET,
        ["-created_at", "-id"],
    )
    context = {
        "page": page,
        "view": view,
        "tabs": [{"label": names[name], "url": f"?view={name}", "current": name == view, "count": None} for name in VIEWS],
        "may_put": can(request.user, RUN_MOTION, alliance),
    }
    return render(request, "groups/motion_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def motion_new(request: HttpRequest) -> HttpResponse:
    """Put a motion."""
    alliance = enter(request)
    require(request.user, RUN_MOTION, alliance)
    form = MotionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            motion = draft_motion(alliance, **form.values(), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("%(code)s is drafted. Open the vote when it is ready.") % {"code": motion.code})
            return redirect("motion_detail", code=motion.code)
    context = {"form": form, "crumbs": crumbs(label=_("New motion"))}
    return render(request, "groups/motion_form.html", context)


def _place(form: Any, refusal: InvalidInputError) -> None:
    names = {"group": "body", "weights": "weighting", "closes_at": "closes_on"}
    remedy = f" {refusal.remedy}" if refusal.remedy else ""
    fields = {names.get(name, name): f"{words}{remedy}" for name, words in refusal.fields.items()}
    place_errors(form, fields, f"{refusal.reason}{remedy}")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def motion_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a draft."""
    alliance = enter(request)
    motion = find(request, code)
    require(request.user, PUT_MOTION, motion)
    names = (*TEXT_FIELDS, "threshold", "base", "abstention", "ballot", "publish_box", "weighting", "is_public", "weights")
    form = MotionRuleForm(request.POST or None, initial={name: getattr(motion, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            change_motion(alliance, code, values=form.values(), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("The motion was changed."))
            return redirect("motion_detail", code=code)
    context = {"form": form, "motion": motion, "crumbs": crumbs(motion, _("Edit"))}
    return render(request, "groups/motion_form.html", context)


def result_context(request: HttpRequest, motion: Motion) -> dict[str, Any]:
    """What console and portal show of a motion: its rule, its turnout while open, its result once it is closed."""
    alliance: Alliance = request.alliance  # type: ignore[attr-defined]
    rule = tally.Rule.of(motion)
    context: dict[str, Any] = {
        "motion": motion,
        "rule": rule,
        "decided": motion.state in DECIDED_MOTIONS,
        "is_secret": motion.ballot == BallotForm.SECRET,
        "roll": [],
        "tellers": list(
            Teller.objects.of(alliance).filter(motion=motion).select_related("institution", "user").order_by("id")
        ),
    }
    if motion.state == MotionState.DRAFT:
        return context
    recused = list_recused(alliance, matter_of(motion))
    context["roll"] = [
        {
            "name": row.institution.short_name,
            "code": row.institution.code,
            "weight": row.weight,
            "aside": row.excluded == "recused" if context["decided"] else row.institution_id in recused,
            "excluded": row.excluded,
        }
        for row in list_roll(alliance, motion)
    ]
    context["has_weights"] = len({row["weight"] for row in context["roll"]}) > 1
    if motion.state == MotionState.OPEN:
        context["turnout"] = turnout_of(alliance, motion)
        context["quorum"], context["needed"] = tally.expected(
            rule, {row["code"]: row["weight"] for row in context["roll"] if not row["aside"]}
        )
    if not context["decided"]:
        return context
    teller = is_teller(alliance, motion, request.user)
    result = told(motion, teller=teller)
    context |= {
        "result": result,
        "as_teller": teller and not is_open_to_members(motion),
        "level": motion.result_level,
        "totals_hidden": "yes" not in result,
        "outcome_only": motion.result_level == ResultLevel.OUTCOME,
        "participation": list(list_participation(alliance, motion)),
        "votes": list(list_votes(alliance, motion)),
        "codes": list_codes(alliance, motion),
        "may_download": may_download_box(alliance, motion, request.user),
        "head": latest_head(alliance),
        "chart": _draw(result) if "yes" in result else None,
    }
    context["by_proxy"] = [row for row in context["participation"] if row.holder_id is not None]
    return context


def _draw(result: dict[str, Any]) -> charts.Chart:
    finding = _("%(yes)s in favour, %(no)s against, %(abstain)s abstained; %(needed)s in favour were needed") % result
    return charts.draw(
        charts.StackedBar(
            finding,
            [
                charts.Part(_("In favour"), result["yes"], "ok"),
                charts.Part(_("Against"), result["no"], "accent"),
                charts.Part(_("Abstained"), result["abstain"], "neutral"),
            ],
            value_label=_("Votes"),
        )
    )


@require_safe
@login_required
def motion_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A motion with rule, roll, turnout or result; how anybody voted is shown to nobody before the close."""
    enter(request)
    motion = find(request, code)
    may_run = can(request.user, RUN_MOTION, motion)
    turnout = None
    context = result_context(request, motion)
    turnout = context.get("turnout")
    context |= {
        "crumbs": [*crumbs(), {"label": motion.code}],
        "may_run": may_run,
        "may_edit": motion.state == MotionState.DRAFT and can(request.user, PUT_MOTION, motion),
        "may_close": may_run and turnout is not None and 0 < turnout.entitled <= turnout.voted,
        "may_put_again": may_run and motion.state in {MotionState.LAPSED, MotionState.VOID, MotionState.WITHDRAWN},
        "may_name_tellers": may_run
        and motion.ballot == BallotForm.SECRET
        and motion.state in {MotionState.DRAFT, MotionState.OPEN},
        "teller_form": TellerForm(),
    }
    return render(request, "groups/motion_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def motion_open(request: HttpRequest, code: str) -> HttpResponse:
    """Open the vote."""
    alliance = enter(request)
    motion = find(request, code)
    require(request.user, RUN_MOTION, motion)
    now = timezone.now()
    earliest = earliest_close(alliance, now) if motion.meeting_id is None else None
    first = timezone.localtime(earliest or now)
    initial = {"closes_on": first.date() if first.hour < 18 else add_day(first)}
    form = OpenForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            open_motion(alliance, code, closes_at=form.moment(), actor=request.user, at=now)  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("The vote is open. The electors were told."))
            return redirect("motion_detail", code=code)
    context = {"form": form, "motion": motion, "earliest": earliest, "crumbs": crumbs(motion, _("Open the vote"))}
    return render(request, "groups/motion_open.html", context)


def add_day(moment: Any) -> Any:
    """The next working day's date."""
    from groups.actions.motion import add_working_days  # noqa: PLC0415 - only here

    return timezone.localtime(add_working_days(moment, 1)).date()


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def motion_close(request: HttpRequest, code: str) -> HttpResponse:
    """Close before the time, when everybody has voted."""
    alliance = enter(request)
    motion = find(request, code)
    require(request.user, RUN_MOTION, motion)
    if request.method == "POST":
        closed = close_motion(alliance, code, at=timezone.now(), actor=request.user)  # type: ignore[arg-type]
        messages.success(request, _("The vote is closed and sealed: %(state)s.") % {"state": closed.get_state_display()})
        return redirect("motion_detail", code=code)
    context = {"motion": motion, "turnout": turnout_of(alliance, motion), "crumbs": crumbs(motion, _("Close the vote"))}
    return render(request, "groups/motion_close.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def motion_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw before the decision."""
    alliance = enter(request)
    motion = find(request, code)
    require(request.user, RUN_MOTION, motion)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_motion(
                alliance,
                code,
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("The motion is withdrawn."))
            return redirect("motion_detail", code=code)
    context = {"form": form, "motion": motion, "crumbs": crumbs(motion, _("Withdraw the motion"))}
    return render(request, "groups/motion_withdraw.html", context)


@require_POST
@login_required
@once
def motion_again(request: HttpRequest, code: str) -> HttpResponse:
    """Put a motion again."""
    alliance = enter(request)
    find(request, code)
    motion = put_again(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("%(code)s is drafted. Open the vote when it is ready.") % {"code": motion.code})
    return redirect("motion_detail", code=motion.code)


@require_POST
@login_required
@once
def motion_teller(request: HttpRequest, code: str) -> HttpResponse:
    """Name tellers."""
    alliance = enter(request)
    find(request, code)
    form = TellerForm(request.POST)
    try:
        name_teller(
            alliance,
            code,
            institution_code=form.cleaned_data["institution"] if form.is_valid() else "",
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("The tellers are named."))
    return redirect("motion_detail", code=code)


@require_POST
@login_required
def motion_publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put a decision into the public register, or take it out."""
    alliance = enter(request)
    find(request, code)
    shown = request.POST.get("show") == "1"
    publish_decision(alliance, code, is_public=shown, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(
        request, _("The decision is in the public register.") if shown else _("The decision is not in the public register.")
    )
    return redirect("motion_detail", code=code)


@require_safe
@login_required
def motion_box(request: HttpRequest, code: str) -> HttpResponse:
    """The sealed document and the box, for ``verify_vote.py``; tellers, auditors and whoever else the motion allows."""
    motion = find(request, code)
    alliance = request.alliance  # type: ignore[attr-defined]
    if motion.state not in DECIDED_MOTIONS:
        raise NotFoundError
    if not may_download_box(alliance, motion, request.user):
        raise DomainError(
            _("The box of this ballot is open to its tellers and to auditors only."),
            code="permission_refused",
            status=403,
            who=[_("the tellers of this vote"), _("audit administrators")],
        )
    response = HttpResponse(canonical(document_of(alliance, motion)), content_type="application/json")
    response["Content-Disposition"] = attachment(f"{alliance.slug}-{motion.code}.json")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def vote_checker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the same for every alliance
    """The program that checks votes, to save."""
    response = HttpResponse(CHECKER.read_bytes(), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_vote.py"'
    return response


def list_visible(request: HttpRequest, *states: str) -> Any:
    """Motions the reader may see, newest first."""
    alliance = request.alliance  # type: ignore[attr-defined]
    return list_motions(alliance, states=states).filter(visible_to(alliance, request.user, timezone.now()))
