"""One row in every tenant table, made from the database's catalogue: a new table is filled without a line here."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.fields import AllianceKey
from alliance.models import Alliance, User
from operations.actions.certificate import new_code
from tests.factories.contracts import sample_content

_numbers = itertools.count(1)

ANOTHER = object()
"""A second row of the table a reference leads to, where a rule wants two different ones."""

SPECIAL: dict[str, Any] = {
    # Values that a check constraint asks for and that no field says.
    "operations.Pilot.deadline": "2030-01-01T00:00:00Z",
    "evaluation.FeedbackResult.inputs": {"marks": []},
    "services.Rating.score": 4,
    "services.ListingCheck.step": 1,
    "services.MatchAnswer.accepted": True,
    "services.Posting.weight": 1.5,
    "services.MatchRule.weights": {"topic": 40, "record": 25, "time_place": 20, "price": 15},
    "services.MatchRuleProposal.weights": {"topic": 40, "record": 25, "time_place": 20, "price": 15},
    "services.MatchRuleProposal.settled_by": None,
    "alliance.AuditEntry.record": '{"after":{"state":"draft"},"before":null,"personal":{}}',
    "services.Contract.template_key": "technology-service",
    "services.ContractParty.place": 1,
    "services.ContractTerms.content": sample_content,
    "services.ContractTerms.sha256": "0" * 64,
    "services.ClauseVersion.decided_by": None,
    "services.ContractTemplate.decided_by": None,
    "services.MilestoneSubmission.milestone": 1,
    "services.MilestoneSubmission.number": 1,
    "services.MilestoneSubmission.state": "accepted",  # a trigger refuses the row of a payment otherwise
    "services.MilestoneSubmission.decided_at": "2026-11-01T00:00:00Z",
    "services.MilestoneSubmission.decided_by": None,
    "services.MilestonePayment.milestone": 1,
    "services.MilestonePayment.amount": "1.00",
    "services.MilestonePayment.reference": "T-1",
    "services.ReviewSheet.of_role": "supply",
    "services.ReviewSheet.digest": "0" * 64,
    "services.ReviewSheet.marks": {"quality": 4},
    "services.ReviewAppeal.criteria": ["quality"],
    "services.PartyScore.parts": {"quality": "4.0"},
    "services.ReviewAppeal.decided_by": None,
    "services.PartyScore.score": "4.0",
    "services.PartyScore.sheets": 1,
    "operations.KindForm.version": 1,
    "operations.Risk.likelihood": 3,
    "operations.Risk.impact": 3,
    "operations.RiskReview.likelihood": 3,
    "operations.RiskReview.impact": 3,
    "operations.Project.ends_on": "2030-01-01",
    "operations.ProjectTask.ends_on": "2030-01-01",
    "operations.TaskLink.after": ANOTHER,
    "operations.CourseSession.ends_at": "2030-01-01T00:00:00Z",
    "operations.Certificate.code": new_code,  # a code of another shape is read as none
    "operations.Tariff.points": {"product_released": "10"},
    "operations.Tariff.settled_by": None,
    "operations.WorkHours.confirmed_by": None,
    "operations.PilotPlanVersion.plan": {
        "tested": {"version": "1.0", "serial": 1, "digest": ""},
        **dict.fromkeys(("question_en", "question_zh", "sample_en", "sample_zh"), "Mills"),
        **dict.fromkeys(("starts_at", "deadline", "accept_by"), "2030-01-01T00:00:00+00:00"),
        **dict.fromkeys(("sample_size", "minimum_sites", "minimum_answers", "maximum_rounds", "extension_days"), 1),
        **dict.fromkeys(("blocking_defects_allowed", "remind_days_before", "escalate_days"), 1),
        "trim_proportion": "0.1",
        "closes_itself": True,
        "criteria": [],
        "measures": [],
        "sites": [],
    },
    "operations.HonoursList.rows": {"rows": []},
    "operations.PilotCriterion.scale_low": 1,
    "operations.PilotCriterion.scale_high": 5,
    "operations.PilotCriterion.pass_mark": 3,
    "members.DuplicatePair.second": ANOTHER,
    "members.Application.state": "submitted",
    "members.Application.submitted_at": "2026-11-01T00:00:00Z",
    "members.DuplicatePair.score": "0.9",
    "groups.ConflictWaiver.settled_by": None,
    "groups.Interest.counterparty": ANOTHER,
    "groups.Dispute.respondent": ANOTHER,
    "groups.Motion.quorum_numerator": 2,
    "groups.Meeting.quorum_numerator": 2,
    "groups.CharterVersion.quorum_numerator": 2,
    "groups.Proxy.holder": ANOTHER,
    "members.ResourceBooking.ends_at": "2030-01-01T00:00:00Z",
    "groups.Term.ends_at": "2030-01-01T00:00:00Z",
    "groups.Meeting.ends_at": "2030-01-01T00:00:00Z",
}


def tenant_models() -> list[type[models.Model]]:
    """Every model with an alliance, those without references first."""
    found = [
        model
        for model in apps.get_models()
        if any(isinstance(field, AllianceKey) or field.column == "alliance_id" for field in model._meta.local_fields)
        and model is not Alliance
    ]
    ordered: list[type[models.Model]] = []
    while found:
        ready = [model for model in found if not (_needs(model) & set(found)) - {model}]
        if not ready:
            ready = found[:1]
        ordered += ready
        found = [model for model in found if model not in ready]
    return ordered


def _needs(model: type[models.Model]) -> set[Any]:
    return {
        field.remote_field.model
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and not field.null and field.remote_field.model is not model
    }


def fill_tenant_tables(
    alliance: Alliance, *, text: str = "", user: User | None = None
) -> dict[type[models.Model], models.Model]:
    """Make a row in every tenant table of one alliance.

    Args:
        alliance: The tenant.
        text: Written into every free text field where it fits; empty for neutral texts.
        user: The person every row names; a new one when None.

    Returns:
        The row made, by model.
    """
    person = user or User.objects.create_user(f"row{next(_numbers)}@example.org", name_en=text or "Row")
    made: dict[type[models.Model], models.Model] = {}
    with tenancy.acting_in(alliance):
        for model in tenant_models():
            values = {
                field.name: _value(model, field, alliance, person, made, text)
                for field in model._meta.local_fields
                if not _is_automatic(field)
            }
            row = model(**{name: value for name, value in values.items() if value is not _LEAVE})
            models.Model.save(row, force_insert=True)
            made[model] = row
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return made


_LEAVE = object()


def _another(
    model: type[models.Model], alliance: Alliance, person: User, made: dict[type[models.Model], models.Model], text: str
) -> models.Model:
    values = {
        field.name: _value(model, field, alliance, person, made, text)
        for field in model._meta.local_fields
        if not _is_automatic(field) and (field.remote_field is None or not field.null)
    }
    row = model(**{name: value for name, value in values.items() if value is not _LEAVE})
    models.Model.save(row, force_insert=True)
    return row


def _is_automatic(field: Any) -> bool:
    return isinstance(field, models.AutoField) or getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False)


def _value(
    model: type[models.Model],
    field: Any,
    alliance: Alliance,
    person: User,
    made: dict[type[models.Model], models.Model],
    text: str,
) -> Any:
    number = next(_numbers)
    if (special := f"{model._meta.label}.{field.name}") in SPECIAL:
        value = SPECIAL[special]
        if value is ANOTHER:
            return _another(field.remote_field.model, alliance, person, made, text)
        return value() if callable(value) else value
    if isinstance(field, models.ForeignKey):
        target = field.remote_field.model
        if target is Alliance:
            return alliance
        if target is User:
            return person
        if target in made:
            return made[target]
        return None if field.null else target._default_manager.first()
    if field.choices:
        return field.default if field.has_default() else next(iter(dict(field.flatchoices)))
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.BooleanField):
        return _LEAVE if field.has_default() else False
    if isinstance(field, models.EmailField):
        return f"{text.lower() or 'row'}{number}@example.org"
    if isinstance(field, models.URLField):
        return f"https://example.org/{text or 'row'}{number}"
    if isinstance(field, models.CharField | models.TextField):
        return _text(field, text, number)
    if isinstance(field, models.DateTimeField):
        return None if field.null else timezone.now()
    if isinstance(field, models.DateField):
        return None if field.null else timezone.localdate()
    if isinstance(field, models.BinaryField):
        return b"\x01" * min(field.max_length or 16, 32)
    if isinstance(field, models.JSONField):
        named = field.name == "params" and model._meta.app_label == "alliance"  # parameters of texts
        return {"title_en": f"{text or 'row'}-{number}", "title_zh": f"{text or 'row'}-{number}"} if named else _LEAVE
    if isinstance(field, models.DecimalField):
        return _LEAVE if field.has_default() or field.null else "0.5"
    if isinstance(field, models.IntegerField):
        return _LEAVE if field.has_default() or field.null else number % 30_000
    return _LEAVE


def _text(field: Any, text: str, number: int) -> Any:
    if field.max_length and field.max_length <= 12:
        return _LEAVE if field.has_default() else f"{number:x}"[: field.max_length]
    slug = isinstance(field, models.SlugField)
    value = f"{text or 'row'}-{number}" if not slug else f"{(text or 'row').lower()}-{number}"
    return value[: field.max_length] if field.max_length else value
