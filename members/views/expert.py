"""Pages about experts: the office's, the members' and the public's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from members.actions.expert import (
    CONSENT_WORDING,
    ExpertValues,
    add_expert,
    change_expert,
    declare_expert_interest,
    end_expert,
    end_expert_interest,
    pair_skills,
    record_consent,
)
from members.choices import ExpertState
from members.forms.expert import LANGUAGE_NAMES, ConsentForm, ExpertForm, ExpertInterestForm, NewExpertForm
from members.forms.institution import place_errors
from members.models import Expert, ExpertInterest, Institution
from members.permissions import CHANGE_EXPERT, VIEW_EXPERT_DATA, VIEW_TALENT
from members.selectors.expert import (
    get_expert,
    list_consents,
    list_interests,
    list_public_experts,
    may_contact,
    narrow_experts,
    parse_expert_query,
    summarise_pool,
    visible_experts,
)
from members.views.place import enter_place, found_or_404, place_url

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest

ORDER = ("sort_key", "id")
NAMES = dict(LANGUAGE_NAMES)


def _enter(request: AllianceRequest, area: str) -> dict[str, Any]:
    return enter_place(request, area, "experts", VIEW_TALENT)


def _find(request: AllianceRequest, code: str) -> Expert:
    return found_or_404(lambda: get_expert(request.alliance, code, request.user))


def _languages(expert: Expert) -> str:
    comma = pgettext("between items of a list", ", ")
    return comma.join(str(NAMES.get(code, code)) for code in expert.languages)


@require_safe
@login_required
def expert_list(request: AllianceRequest, area: str) -> HttpResponse:
    """The talent pool as far as the reader may see it; search by skill in Chinese or English, CSV as seen."""
    place = _enter(request, area)
    query = parse_expert_query(request.GET.get)
    found = narrow_experts(visible_experts(request.alliance, request.user), query, timezone.localdate())
    if request.GET.get("format") == "csv":
        return _export(request, found)
    page = paginate(found.prefetch_related("skills"), request.GET, ORDER)
    keep = request.GET.copy()
    for name in ("after", "before"):
        keep.pop(name, None)
    keep["format"] = "csv"
    own = acting_institution_id(request)
    context = {
        **place,
        "query": query,
        "page": page,
        "rows": [{"expert": expert, "url": place_url(place, "expert_detail", code=expert.code)} for expert in page.items],
        "language_names": LANGUAGE_NAMES,
        "csv_url": f"?{keep.urlencode()}",
        "clear_url": place_url(place, "expert_list"),
        "new_url": place_url(place, "expert_new") if own or area == "console" else "",
        "summary": summarise_pool(request.alliance) if area == "console" else None,
    }
    return render(request, "members/expert_list.html", context)


def _export(request: AllianceRequest, found: Any) -> HttpResponse:
    header = [
        _("Code"), _("Name in English"), pgettext("person", "Name in Chinese"), _("Title in English"), _("Title in Chinese"),
        _("Institution"), _("Skills in English"), _("Skills in Chinese"), _("Languages"), _("Days a month"), _("Who may see"),
    ]  # fmt: skip
    rows = (
        [
            expert.code,
            expert.name_en,
            expert.name_zh,
            expert.title_en,
            expert.title_zh,
            expert.institution.name,
            "; ".join(skill.name_en for skill in expert.skills.all() if skill.name_en),
            "; ".join(skill.name_zh for skill in expert.skills.all() if skill.name_zh),
            " ".join(expert.languages),
            expert.days_per_month,
            expert.get_consent_display(),
        ]
        for expert in found.order_by(*ORDER).prefetch_related("skills")
    )
    return csv_response("experts", header, rows)


@require_safe
@login_required
def expert_detail(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """One expert: what can be asked of whom, and - for those who keep the entry - consent and interests."""
    place = _enter(request, area)
    expert = _find(request, code)
    keeps = can(request.user, VIEW_EXPERT_DATA, expert)
    facts = [
        {"label": _("Institution"), "value": expert.institution.name},
        {"label": _("Languages"), "value": _languages(expert) or "—"},
        {"label": _("Days a month"), "value": expert.days_per_month if expert.days_per_month is not None else "—"},
    ]
    if expert.orcid:
        facts.append({"label": _("ORCID iD"), "value": expert.orcid, "url": f"https://orcid.org/{expert.orcid}"})
    if expert.email and may_contact(expert, request.user):
        facts.append({"label": _("E-mail"), "value": expert.email, "url": f"mailto:{expert.email}"})
    if keeps:
        facts.append({"label": _("Who may see"), "value": capfirst(expert.get_consent_display())})
    changes = can(request.user, CHANGE_EXPERT, expert) and expert.state == ExpertState.ACTIVE
    context = {
        **place,
        "expert": expert,
        "facts": facts,
        "skills": list(expert.skills.order_by("position")),
        "keeps": keeps,
        "interests": [
            {"interest": interest, "end_url": place_url(place, "expert_interest_end", code=code, interest=interest.pk)}
            for interest in list_interests(expert)
        ]
        if keeps
        else [],
        "consents": list(list_consents(expert)) if keeps else [],
        "changes": changes,
        "edit_url": place_url(place, "expert_edit", code=code),
        "consent_url": place_url(place, "expert_consent", code=code),
        "interest_url": place_url(place, "expert_interest_new", code=code),
        "end_url": place_url(place, "expert_end", code=code),
        "crumbs": [{"label": _("Talent pool"), "url": place_url(place, "expert_list")}, {"label": expert.name}],
    }
    return render(request, "members/expert_detail.html", context)


def _values(data: dict[str, Any]) -> ExpertValues:
    return ExpertValues(
        skills=pair_skills(data["skills_en"], data["skills_zh"]),
        **{
            name: data[name]
            for name in (
                "name_en", "name_zh", "title_en", "title_zh", "email", "orcid", "languages", "days_per_month",
                "available_from", "available_until", "outputs_en", "outputs_zh",
            )
        },
    )  # fmt: skip


def _own_institution(request: AllianceRequest, area: str) -> Institution:
    """The institution a new expert belongs to: chosen by the office, the own one in the portal."""
    mine = Institution.objects.of(request.alliance)
    if area == "console":
        code = request.POST.get("institution") or request.GET.get("institution") or ""
        found = mine.filter(code=code[:40].replace("\0", "")).first()
    else:
        found = mine.filter(pk=acting_institution_id(request) or 0).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def expert_new(request: AllianceRequest, area: str) -> HttpResponse:
    """Add an expert of an institution, with consent."""
    place = _enter(request, area)
    if area == "console" and not (request.POST.get("institution") or request.GET.get("institution")):
        return _choose_institution(request, place)
    institution = _own_institution(request, area)
    require(request.user, CHANGE_EXPERT, Expert(alliance=request.alliance, institution=institution))
    form = NewExpertForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            expert = add_expert(
                request.alliance,
                institution.code,
                _values(form.cleaned_data),
                consent=form.cleaned_data["consent"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The expert is in the talent pool."))
            return redirect(place_url(place, "expert_detail", code=expert.code))
    context = {
        **place,
        "form": form,
        "institution": institution,
        "heading": _("New expert"),
        "submit": _("Add to the talent pool"),
        "cancel_url": place_url(place, "expert_list"),
        "wording": CONSENT_WORDING,
        "hidden": [("institution", institution.code)] if area == "console" else [],
    }
    return render(request, "members/expert_form.html", context)


def _choose_institution(request: AllianceRequest, place: dict[str, Any]) -> HttpResponse:
    found = Institution.objects.of(request.alliance).active().order_by("sort_key", "id")
    words = (request.GET.get("q") or "").replace("\0", "").strip()[:100]
    for word in words.split():
        found = (
            found.filter(name_en__icontains=word) | found.filter(name_zh__icontains=word) | found.filter(code__iexact=word)
        )
    page = paginate(found, request.GET, ORDER)
    context = {**place, "page": page, "words": words, "cancel_url": place_url(place, "expert_list")}
    return render(request, "members/expert_choose_institution.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def expert_edit(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """Change an expert's entry."""
    place = _enter(request, area)
    expert = _find(request, code)
    require(request.user, CHANGE_EXPERT, expert)
    skills = list(expert.skills.order_by("position"))
    initial = {name: getattr(expert, name) for name in ExpertForm.base_fields if hasattr(expert, name)}
    initial["skills_en"] = "\n".join(skill.name_en for skill in skills)
    initial["skills_zh"] = "\n".join(skill.name_zh for skill in skills)
    form = ExpertForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_expert(request.alliance, code, _values(form.cleaned_data), actor=request.user, at=timezone.now())
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The expert's entry was changed."))
            return redirect(place_url(place, "expert_detail", code=code))
    context = {
        **place,
        "form": form,
        "institution": expert.institution,
        "heading": _("Change the entry"),
        "submit": _("Save"),
        "cancel_url": place_url(place, "expert_detail", code=code),
    }
    return render(request, "members/expert_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def expert_consent(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """Put on record what the expert agrees to from now on."""
    place = _enter(request, area)
    expert = _find(request, code)
    require(request.user, CHANGE_EXPERT, expert)
    form = ConsentForm(request.POST or None, initial={"consent": expert.consent})
    if request.method == "POST" and form.is_valid():
        try:
            record_consent(request.alliance, code, form.cleaned_data["consent"], actor=request.user, at=timezone.now())
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The consent is on record."))
            return redirect(place_url(place, "expert_detail", code=code))
    context = {
        **place,
        "form": form,
        "institution": expert.institution,
        "heading": _("Consent on record"),
        "submit": _("Put on record"),
        "cancel_url": place_url(place, "expert_detail", code=code),
        "wording": CONSENT_WORDING,
    }
    return render(request, "members/expert_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def expert_interest_new(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """Declare an expert's interest."""
    place = _enter(request, area)
    expert = _find(request, code)
    require(request.user, CHANGE_EXPERT, expert)
    form = ExpertInterestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            declare_expert_interest(
                request.alliance,
                code,
                kind=data["kind"],
                counterparty_code=data["counterparty"],
                words_en=data["words_en"],
                words_zh=data["words_zh"],
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The interest is declared."))
            return redirect(place_url(place, "expert_detail", code=code))
    context = {
        **place,
        "form": form,
        "institution": expert.institution,
        "heading": _("Declare an interest"),
        "submit": _("Declare"),
        "cancel_url": place_url(place, "expert_detail", code=code),
    }
    return render(request, "members/expert_form.html", context)


@require_POST
@login_required
def expert_interest_end(request: AllianceRequest, code: str, interest: int, area: str) -> HttpResponse:
    """Note that an interest is over today."""
    place = _enter(request, area)
    _find(request, code)
    try:
        end_expert_interest(request.alliance, code, interest, on=timezone.localdate(), actor=request.user, at=timezone.now())
    except ExpertInterest.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The interest ends today."))
    return redirect(place_url(place, "expert_detail", code=code))


@require_POST
@login_required
def expert_end(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """Take an expert out of the talent pool."""
    place = _enter(request, area)
    _find(request, code)
    end_expert(request.alliance, code, actor=request.user, at=timezone.now())
    messages.success(request, _("The expert left the talent pool; nothing personal is shown any more."))
    return redirect(place_url(place, "expert_list"))


@require_safe
@cached_page
def public_expert_list(request: AllianceRequest) -> HttpResponse:
    """Experts everybody may see, found by skill; only with consent on record, and never with an address."""
    query = parse_expert_query(request.GET.get)
    query.institution = ""
    found = narrow_experts(list_public_experts(request.alliance), query, timezone.localdate())
    page = paginate(found.prefetch_related("skills"), request.GET, ORDER)
    context = {
        "query": query,
        "page": page,
        "rows": [{"expert": expert, "languages": _languages(expert)} for expert in page.items],
        "language_names": LANGUAGE_NAMES,
        "clear_url": reverse("public_expert_list"),
    }
    return render(request, "members/public_expert_list.html", context)
