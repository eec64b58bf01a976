"""Pages of the portal: votes, the ballot, receipts and proxies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.accounts import is_authentication_fresh
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.kernel.tables import attachment
from alliance.selectors.audit import latest_head
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from groups.actions.motion import cast_vote, draft_motion
from groups.actions.proxy import ASSEMBLY, give_proxy, revoke_proxy
from groups.choices import DECIDED_MOTIONS, BallotForm, Choice, MotionState
from groups.forms.motion import BODIES, MemberMotionForm, ProxyForm, ReceiptForm, VoteForm
from groups.models import Proxy
from groups.permissions import GIVE_PROXY
from groups.selectors import ballot_box
from groups.selectors.conflict import list_recused
from groups.selectors.motion import list_roll, matter_of, prove_receipt, voted_ids, voter_ids
from groups.selectors.proxy import list_given, list_held, proxies_for, proxies_per_holder
from groups.views.motion import _place, find, list_visible, result_context
from members.choices import StaffRole
from members.models import Institution

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from alliance.models import Alliance
    from groups.models import Motion


def enter(request: HttpRequest, tab: str = "motions") -> Any:
    """The alliance; marks the place in the navigation."""
    request.nav_key = "governance"  # type: ignore[attr-defined]
    request.tab_key = tab  # type: ignore[attr-defined]
    if not grants_of(request.user, request.alliance):  # type: ignore[attr-defined]
        raise NotFoundError
    return request.alliance  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Mandate:
    """A vote the reader may cast in an open motion.

    Attributes:
        institution: Whose vote it is.
        by: The institution voted as.
        proxy: The proxy, if it is not the own vote.
        voted: Whether a vote lies there.
        aside: Whether one of them stands aside.
        own_vote: Whether the giver of the proxy has voted itself.
    """

    institution: Institution
    by: Institution
    proxy: Proxy | None
    voted: bool
    aside: bool
    own_vote: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it is the own vote."""
        return self.proxy is None

    @property
    def query(self) -> str:
        """What names it in an address."""
        return "" if self.proxy is None else f"?for={self.institution.code}&by={self.by.code}"


def mandates(alliance: Alliance, motion: Motion, user: Any, at: datetime) -> list[Mandate]:
    """The votes a person may cast: for the own institutions first, then by proxy; six queries."""
    if motion.state != MotionState.OPEN:
        return []
    own = voter_ids(alliance, motion, user, at)
    if not own:
        return []
    roll = {row.institution_id: row.institution for row in list_roll(alliance, motion)}
    voted = voted_ids(alliance, motion)
    recused = list_recused(alliance, matter_of(motion))
    proxies = proxies_for(alliance, motion, at)
    found = [Mandate(roll[pk], roll[pk], None, pk in voted, pk in recused) for pk in sorted(own)]
    found += [
        Mandate(
            roll[giver],
            roll[proxy.holder_id],
            proxy,
            giver in voted,
            giver in recused or proxy.holder_id in recused,
        )
        for giver, proxy in proxies.items()
        if proxy.holder_id in own and giver in roll and proxy.holder_id in roll
    ]
    return found


@require_safe
@login_required
def portal_motion_list(request: HttpRequest) -> HttpResponse:
    """Open votes of the reader's bodies, then what was decided."""
    alliance = enter(request)
    now = timezone.now()
    open_ones = list(list_visible(request, MotionState.OPEN).order_by("closes_at", "id")[:50])
    rows = [
        {
            "motion": motion,
            "mandates": (found := mandates(alliance, motion, request.user, now)),
            "waiting": any(not one.voted and not one.aside for one in found),
        }
        for motion in open_ones
    ]
    page = paginate(
        list_visible(request, *DECIDED_MOTIONS, MotionState.VOID, MotionState.WITHDRAWN, MotionState.DRAFT),
        request.GET,
        ["-created_at", "-id"],
        size=20,
    )
    context = {"rows": rows, "page": page, "may_put": bool(_represented(request)), "now": now}
    return render(request, "groups/portal_motion_list.html", context)


def _represented(request: HttpRequest) -> list[Institution]:
    """Active institutions the reader represents, the one acted for first; one query."""
    alliance = request.alliance  # type: ignore[attr-defined]
    ids = {
        grant.institution_id
        for grant in grants_of(request.user, alliance)
        if grant.scope == "institution" and grant.role == StaffRole.REPRESENTATIVE and grant.institution_id is not None
    }
    acting = acting_institution_id(request)
    found = list(Institution.objects.of(alliance).active().filter(pk__in=ids).order_by("sort_key", "id"))
    return sorted(found, key=lambda one: one.pk != acting)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_motion_new(request: HttpRequest) -> HttpResponse:
    """Put a motion in the name of the institution acted for."""
    alliance = enter(request)
    own = _represented(request)
    if not own:
        raise NotFoundError
    form = MemberMotionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        body = values.pop("body")
        try:
            motion = draft_motion(
                alliance,
                group_kind=None if body == ASSEMBLY else body,
                proposer_code=own[0].code,
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
                **values,
            )
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(
                request, _("%(code)s is put. The secretariat or the committee opens the vote.") % {"code": motion.code}
            )
            return redirect("portal_motion_detail", code=motion.code)
    context = {
        "form": form,
        "institution": own[0],
        "crumbs": [{"label": _("Votes"), "url": reverse("portal_motion_list")}, {"label": _("Put a motion")}],
    }
    return render(request, "groups/portal_motion_form.html", context)


@require_safe
@login_required
def portal_motion_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A motion: its text and papers, the rule, turnout or result."""
    alliance = enter(request)
    motion = find(request, code)
    now = timezone.now()
    context = result_context(request, motion)
    context |= {
        "crumbs": [{"label": _("Votes"), "url": reverse("portal_motion_list")}, {"label": motion.code}],
        "mandates": mandates(alliance, motion, request.user, now),
        "papers": _papers(motion),
    }
    return render(request, "groups/portal_motion_detail.html", context)


def _papers(motion: Motion) -> list[dict[str, Any]]:
    """Agenda items under which the motion's papers lie."""
    return [
        {
            "meeting": item.meeting,
            "title_en": item.title_en,
            "title_zh": item.title_zh,
            "count": item.papers.count(),
            "url": reverse("portal_meeting_detail", kwargs={"code": item.meeting.code}),
        }
        for item in motion.agenda_items.select_related("meeting").order_by("id")[:5]
    ]


@sensitive_post_parameters("choice", "receipt_code")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_motion_vote(request: HttpRequest, code: str) -> HttpResponse:
    """The ballot; asks who is there if the last proof is older than five minutes.

    A secret vote that comes too late for that is dropped and not kept: whatever is kept in a session lies in the database.
    Nor is it remembered under the form's key, for the same reason; sent twice it counts once anyway.
    """
    alliance = enter(request)
    motion = find(request, code)
    secret = motion.ballot == BallotForm.SECRET
    if not is_authentication_fresh(request):
        if request.method == "POST" and secret:
            messages.warning(
                request, _("Your vote was not cast and nothing of it was kept: first prove again who you are, then vote.")
            )
            return redirect(request.get_full_path())
        raise ReauthenticationRequired
    now = timezone.now()
    found = mandates(alliance, motion, request.user, now)
    mandate = _chosen(request, found)
    if mandate is None or motion.state != MotionState.OPEN:
        return redirect("portal_motion_detail", code=code)
    instruction = mandate.proxy.instruction if mandate.proxy is not None else ""
    form = VoteForm(request.POST if request.method == "POST" else None, secret=secret, instruction=instruction)
    if request.method == "POST" and form.is_valid():
        try:
            cast = cast_vote(
                alliance,
                code,
                institution_code=mandate.institution.code,
                by=mandate.by.code,
                choice=form.cleaned_data["choice"],
                receipt_code=form.cleaned_data.get("receipt_code", ""),
                actor=request.user,  # type: ignore[arg-type]
                at=now,
            )
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            rest = [one for one in found if one is not mandate and not one.voted and not one.aside]
            if secret:
                context = {
                    "motion": motion,
                    "cast": cast,
                    "code": ballot_box.spell_code(cast.code),
                    "from_browser": bool(form.cleaned_data.get("receipt_code")),
                    "rest": rest,
                    "head": latest_head(alliance),
                    "now": now,
                }
                return render(request, "groups/portal_motion_cast.html", context)
            choice = Choice(form.cleaned_data["choice"]).label
            messages.success(
                request,
                _("Voted for %(name)s: %(choice)s. You can change it until the close.")
                % {"name": mandate.institution.name, "choice": choice},
            )
            return redirect("portal_motion_detail", code=code)
    context = {
        **result_context(request, motion),
        "form": form,
        "mandate": mandate,
        "others": [one for one in found if one is not mandate],
        "papers": _papers(motion),
        "crumbs": [
            {"label": _("Votes"), "url": reverse("portal_motion_list")},
            {"label": motion.code, "url": reverse("portal_motion_detail", kwargs={"code": motion.code})},
            {"label": _("Vote")},
        ],
    }
    return render(request, "groups/portal_motion_vote.html", context)


def _chosen(request: HttpRequest, found: list[Mandate]) -> Mandate | None:
    """The mandate the address names, else the own one (of the institution acted for first), else the first by proxy."""
    wanted, by = request.GET.get("for", ""), request.GET.get("by", "")
    if wanted:
        return next((one for one in found if one.institution.code == wanted and by in {"", one.by.code}), None)
    acting = acting_institution_id(request)
    own = [one for one in found if one.is_own]
    return next((one for one in own if one.institution.pk == acting), own[0] if own else None)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_motion_receipt(request: HttpRequest, code: str) -> HttpResponse:
    """Check a receipt: after the close, the proof that one's row lies in the box under the sealed root."""
    alliance = enter(request)
    motion = find(request, code)
    if motion.ballot != BallotForm.SECRET or motion.state == MotionState.DRAFT:
        raise NotFoundError
    form = ReceiptForm(request.POST or None)
    proofs: list[ballot_box.Inclusion] | None = None
    if request.method == "POST" and form.is_valid():
        written = ballot_box.read_code(form.cleaned_data["code"])
        if written is None:
            form.add_error("code", _("A receipt code has 32 characters, 0 to 9 and a to f."))
        elif motion.state in DECIDED_MOTIONS:
            proofs = prove_receipt(alliance, motion, written)
            if proofs and request.POST.get("download"):
                text = json.dumps([proof.plain(motion.box_root) for proof in proofs], indent=1)
                response = HttpResponse(text, content_type="application/json")
                response["Content-Disposition"] = attachment(f"{motion.code}-receipt.json")
                response["Cache-Control"] = "no-store"
                return response
    context = {
        "motion": motion,
        "form": form,
        "decided": motion.state in DECIDED_MOTIONS,
        "proofs": proofs,
        "choice": Choice(proofs[0].row.choice).label if proofs else "",
        "crumbs": [
            {"label": _("Votes"), "url": reverse("portal_motion_list")},
            {"label": motion.code, "url": reverse("portal_motion_detail", kwargs={"code": motion.code})},
            {"label": _("Check a receipt")},
        ],
    }
    return render(request, "groups/portal_motion_receipt.html", context)


# ------------------------------------------------------------------------------------------------------- proxies


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_proxy_list(request: HttpRequest) -> HttpResponse:
    """Proxies given and held by the institution acted for; give one."""
    alliance = enter(request, "proxies")
    now = timezone.now()
    acting = acting_institution_id(request)
    own = Institution.objects.of(alliance).filter(pk=acting).first() if acting else None
    if own is None:
        own = next(iter(_represented(request)), None)
    context: dict[str, Any] = {
        "institution": own,
        "given": [],
        "held": [],
        "form": None,
        "limit": proxies_per_holder(alliance),
    }
    if own is not None:
        may_give = can(request.user, GIVE_PROXY, Proxy(alliance=alliance, giver=own))
        subjects: list[tuple[str, Any]] = [
            (f"motion:{motion.code}", f"{motion.code} {motion.title_en or motion.title_zh}")
            for motion in list_visible(request, MotionState.OPEN).order_by("closes_at", "id")[:50]
        ]
        subjects += [(f"body:{value}", _("Every vote: %(body)s") % {"body": label}) for value, label in BODIES]
        form = ProxyForm(request.POST or None, subjects=subjects)
        if request.method == "POST":
            require(request.user, GIVE_PROXY, Proxy(alliance=alliance, giver=own))
            if form.is_valid() and _give(request, alliance, own, form, now):
                return redirect("portal_proxy_list")
        context |= {
            "may_give": may_give,
            "form": form if may_give else None,
            "given": [_line(row) for row in list_given(alliance, own.pk, now)],
            "held": [_line(row) for row in list_held(alliance, own.pk, now)],
        }
    return render(request, "groups/portal_proxy_list.html", context)


def _line(row: Proxy) -> dict[str, Any]:
    bodies = dict(BODIES)
    body = bodies[row.group.kind if row.group else ASSEMBLY]
    return {"row": row, "subject": None if row.motion_id else _("Every vote: %(body)s") % {"body": capfirst(str(body))}}


def _give(request: HttpRequest, alliance: Alliance, own: Institution, form: ProxyForm, now: datetime) -> bool:
    values = form.cleaned_data
    scope, _colon, name = values["subject"].partition(":")
    until = None
    if values["valid_until"]:
        following = values["valid_until"] + timedelta(days=1)
        until = datetime.combine(following, time.min, tzinfo=timezone.get_current_timezone())
    try:
        proxy = give_proxy(
            alliance,
            giver_code=own.code,
            holder_code=values["holder"].strip(),
            motion_code=name if scope == "motion" else "",
            body=name if scope == "body" else "",
            instruction=values["instruction"],
            valid_until=until,
            actor=request.user,  # type: ignore[arg-type]
            at=now,
        )
    except InvalidInputError as refusal:
        names = {"motion": "subject", "body": "subject"}
        remedy = f" {refusal.remedy}" if refusal.remedy else ""
        fields = {names.get(name, name): f"{words}{remedy}" for name, words in refusal.fields.items()}
        for field, words in fields.items():
            form.add_error(field if field in form.fields else None, words)
        if not fields:
            form.add_error(None, f"{refusal.reason}{remedy}")
        return False
    messages.success(request, _("%(name)s may vote for you. Your own vote wins.") % {"name": proxy.holder.name})
    return True


@require_POST
@login_required
@once
def portal_proxy_revoke(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take a proxy back."""
    alliance = enter(request, "proxies")
    own = institutions_acted_for(grants_of(request.user, alliance))
    if not Proxy.objects.of(alliance).filter(uuid=uuid, giver_id__in=own).exists():
        raise NotFoundError
    revoke_proxy(alliance, uuid, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The proxy is revoked. Votes cast with it in open votes were taken back."))
    return redirect("portal_proxy_list")
