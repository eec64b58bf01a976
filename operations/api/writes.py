"""Writes of the operational layer: the same actions as the pages, for people only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.endpoints import ClosedSerializer, WriteEndpoint, json_response, person_of, read_body
from alliance.api.openapi import ref
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from members.models import Institution
from operations.actions.feedback import DefectNote, submit_feedback
from operations.actions.loop_back import loop_back, withdraw_product
from operations.actions.product import (
    decline_release,
    draft_product,
    release_product,
    retire_product,
    review_product,
    send_back_product,
    submit_product,
)
from operations.api.products import EXAMPLE, PRODUCT, ProductList
from operations.choices import DefectSeverity, ProductKind, ReviewVerdict
from operations.models import Pilot, Product
from operations.permissions import ANSWER_PILOT, START_DRAFT, VIEW_PRODUCT
from operations.transitions import APPROVE, DECLINE_RELEASE, LOOP_BACKS, RELEASE, RETIRE, RETURN, SEND_BACK, SUBMIT, WITHDRAW

if TYPE_CHECKING:
    from rest_framework.request import Request

    from alliance.models import Alliance

PEOPLE: Mapping[str, Access] = {"POST": Access()}
STEPS = {
    step.name: step for step in (SUBMIT, APPROVE, RETURN, SEND_BACK, RELEASE, DECLINE_RELEASE, *LOOP_BACKS, RETIRE, WITHDRAW)
}
"""Steps a person takes with one call; planning a pilot needs a plan and stays with the pages."""


for _code, _title in {
    "already_released": _("The product was released already"),
    "gate_closed": _("Something the step needs is missing"),
    "stage_full": _("The stage is full"),
    "stage_has_room": _("The stage has no limit"),
    "release_proposed": _("The decision on the release is due"),
    "motion_needed": _("The management committee decides by a motion"),
    "not_by_motion": _("The release is not decided by a motion"),
    "limits_invalid": _("The limits cannot stand"),
    "rule_unknown": _("The rule is not known"),
    "nothing_changed": _("Nothing would change"),
    "pilot_not_passed": _("The pilot was not passed yet"),
    "not_proposed": _("No release is proposed"),
    "not_editable": _("The text cannot be changed in this state"),
    "no_seat": _("The institution has no seat in the group"),
    "details_invalid": _("Some values do not fit their fields"),
    "title_missing": _("A title is missing"),
    "draft_incomplete": _("The draft is not complete"),
    "reason_missing": _("A reason is missing"),
    "unknown_fields": _("Some fields cannot be changed here"),
    "edit_conflict": _("Somebody else changed the record meanwhile"),
    "pilot_closed": _("The pilot takes no answers any more"),
    "pilot_not_open": _("The pilot is not open"),
    "answered_elsewhere": _("The answer was given for another institution already"),
    "scores_invalid": _("The scores are not complete"),
    "too_many_defects": _("Too many defects"),
}.items():
    problem_titles.register(_code, _title)


class DraftBody(ClosedSerializer):
    """A new draft."""

    institution = serializers.CharField(max_length=40, help_text="Code of the author, with a seat in the wisdom group.")
    kind = serializers.ChoiceField(choices=ProductKind.values)
    title_en = serializers.CharField(max_length=200, required=False, allow_blank=True)
    title_zh = serializers.CharField(max_length=200, required=False, allow_blank=True)
    summary_en = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    summary_zh = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    body_en = serializers.CharField(required=False, allow_blank=True, max_length=200_000)
    body_zh = serializers.CharField(required=False, allow_blank=True, max_length=200_000)
    client_en = serializers.CharField(max_length=200, required=False, allow_blank=True)
    client_zh = serializers.CharField(max_length=200, required=False, allow_blank=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    details = serializers.DictField(
        required=False,
        help_text="Values of the kind's own fields by key; a text in two languages as an object with `en` and `zh`.",
    )


class StepBody(ClosedSerializer):
    """What a step needs besides its name."""

    institution = serializers.CharField(
        max_length=40, required=False, help_text="Code of the institution that reviews; for approve_product, return_product."
    )
    reason = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        help_text="Reasons; needed to send back, stop, decline, withdraw or retire.",
    )


class DefectBody(ClosedSerializer):
    """A defect found."""

    severity = serializers.ChoiceField(choices=DefectSeverity.values)
    description = serializers.CharField(max_length=4000)


class ScoreBody(ClosedSerializer):
    """A score on one criterion."""

    criterion = serializers.IntegerField(min_value=1, max_value=100, help_text="Position of the criterion in the plan.")
    score = serializers.IntegerField(min_value=-1000, max_value=1000)


class AnswerBody(ClosedSerializer):
    """A pilot firm's structured answer."""

    institution = serializers.CharField(max_length=40, help_text="Code of the pilot firm.")
    scores = ScoreBody(many=True)
    defects = DefectBody(many=True, required=False)
    suggestion = serializers.CharField(max_length=4000, required=False, allow_blank=True)


def find_institution(alliance: Alliance, code: str) -> Institution:
    """An institution by its code, as named in a body.

    Raises:
        InvalidInputError: No institution of this alliance has the code.
    """
    found = Institution.objects.of(alliance).filter(code=code).first()
    if found is None:
        words = _("No institution of this alliance has this code.")
        raise InvalidInputError(words, fields={"institution": words})
    return found


def find_product(request: Request, alliance: Alliance, code: str) -> Product:
    """A product that the person may see.

    Raises:
        NotFoundError: It does not exist here, or is not open to the person: the same answer for both.
    """
    product = Product.objects.of(alliance).filter(code=code).first() if "\x00" not in code else None
    if product is None or not can(request.user, VIEW_PRODUCT, product):
        raise NotFoundError
    return product


class ProductCollection(ProductList, WriteEndpoint):
    """Products, newest first; a person may begin a draft."""

    access: ClassVar[Mapping[str, Access]] = {**ProductList.access, **PEOPLE}
    summary: ClassVar[Mapping[str, str]] = {**ProductList.summary, "POST": "Begin a draft"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": DraftBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: ref("Product")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        **ProductList.examples,
        "POST": EXAMPLE | {"state": "draft", "released_at": None, "pilots": [], "pieces": [], "version": 1},
        ("POST", "request"): {
            "institution": "itp",
            "kind": "guide",
            "title_en": "Carbon accounting guide for weaving mills",
            "title_zh": "织造企业碳核算指南",
            "details": {"scope": {"en": "Weaving mills", "zh": "织造企业"}, "hours": "4"},
        },
    }

    def check_again(self, request: Request, **_kwargs: Any) -> None:
        """Whoever lost the right to draft gets no answer about the draft either."""
        require(request.user, START_DRAFT, self.alliance)

    def act(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """Draft."""
        values = read_body(DraftBody, request)
        author = find_institution(self.alliance, values.pop("institution"))
        product = draft_product(
            self.alliance, actor=person_of(request), institution_id=author.pk, values=values, at=timezone.now()
        )
        return product_response(self.alliance, product.code, 201)


class ProductStep(WriteEndpoint):
    """Takes a product one step further."""

    tag = "products"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Take a step of the pipeline"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "The step is refused with `transition_refused` where the product's state does not allow it, with `gate_closed` or "
        "`stage_full` where something is missing or the stage holds no more, and with "
        "`permission_refused`, `separation_of_duties` or `conflict_of_interest` where the person may not take it."
    }
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": StepBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Product")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE,
        ("POST", "request"): {"reason": "The figures on page 3 lack a source."},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The permission of the step, on the product as it is now."""
        product = find_product(request, self.alliance, kwargs["code"])
        require(request.user, STEPS[kwargs["step"]].permission, product)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the step."""
        alliance, code = self.alliance, kwargs["code"]
        find_product(request, alliance, code)
        step = STEPS.get(kwargs["step"])
        if step is None:
            raise NotFoundError
        body = read_body(StepBody, request)
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        reason = body.get("reason", "")
        if step in {APPROVE, RETURN}:
            reviewer = find_institution(alliance, body.get("institution", ""))
            verdict = ReviewVerdict.APPROVE if step is APPROVE else ReviewVerdict.RETURN
            review_product(alliance, code, institution_id=reviewer.pk, verdict=verdict, comment=reason, **common)
        elif step is SUBMIT:
            submit_product(alliance, code, **common)
        elif step is RELEASE:
            release_product(alliance, code, **common)
        elif step is SEND_BACK:
            send_back_product(alliance, code, reason=reason, **common)
        elif step is DECLINE_RELEASE:
            decline_release(alliance, code, reason=reason, **common)
        elif step in LOOP_BACKS:
            loop_back(alliance, code, step.name, reason=reason, **common)
        elif step is WITHDRAW:
            withdraw_product(alliance, code, reason=reason, **common)
        else:
            retire_product(alliance, code, reason=reason, **common)
        return product_response(alliance, code, 200)


class PilotAnswer(WriteEndpoint):
    """A pilot firm answers for the round that is open; a person may change the own answer until it closes."""

    tag = "products"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer for a pilot"}
    requests: ClassVar[Mapping[str, Any]] = {"POST": AnswerBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            201: {
                "type": "object",
                "properties": {
                    "product": {"type": "string"},
                    "institution": {"type": "string"},
                    "submitted_at": {"type": "string", "format": "date-time"},
                },
                "required": ["product", "institution", "submitted_at"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"product": "P-014", "institution": "jh-mill", "submitted_at": "2026-11-21T03:00:00.000000Z"},
        ("POST", "request"): {
            "institution": "jh-mill",
            "scores": [{"criterion": 1, "score": 4}, {"criterion": 2, "score": 5}],
            "defects": [{"severity": "minor", "description": "The unit in table 2 is missing."}],
            "suggestion": "Add an example for small mills.",
        },
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer, for the latest round."""
        product = find_product(request, self.alliance, kwargs["code"])
        pilot = Pilot.objects.of(self.alliance).filter(product=product).order_by("-round").first()
        if pilot is None:
            raise NotFoundError
        require(request.user, ANSWER_PILOT, pilot)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Hand the answer in."""
        product = find_product(request, self.alliance, kwargs["code"])
        body = read_body(AnswerBody, request)
        firm = find_institution(self.alliance, body["institution"])
        places = [score["criterion"] for score in body["scores"]]
        if len(places) != len(set(places)):
            words = _("Each criterion takes one score.")
            raise InvalidInputError(words, fields={"scores": words})
        feedback = submit_feedback(
            self.alliance,
            product.code,
            actor=person_of(request),
            institution_id=firm.pk,
            scores={score["criterion"]: score["score"] for score in body["scores"]},
            defects=[DefectNote(defect["severity"], defect["description"]) for defect in body.get("defects", [])],
            suggestion=body.get("suggestion", ""),
            at=timezone.now(),
        )
        return json_response({"product": product.code, "institution": firm.code, "submitted_at": feedback.submitted_at}, 201)


def product_response(alliance: Alliance, code: str, status: int) -> HttpResponse:
    """The product as the projection shows it."""
    body = PRODUCT.record(alliance, code, PRODUCT.read({}, single=True))
    location = reverse("api_product_detail", kwargs={"code": code}) if status == 201 else ""
    return json_response(body, status, location=location)
