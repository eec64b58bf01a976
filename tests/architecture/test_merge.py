"""A merge knows every column that holds the id of an institution; a new one is moved, or left alone with a reason."""

from __future__ import annotations

import pytest
from django.db import models

from members.models import Institution
from members.selectors.merge import NOT_COLUMNS, holds_an_id, list_links, tenant_models, untouched

HOLDS_NO_ID: dict[str, str] = {}
"""``app.Model.field`` of a whole number whose name speaks of institutions though it holds no id of one, with the reason."""


def test_a_number_that_speaks_of_an_institution_is_moved_by_a_merge_or_named() -> None:
    known = {link.key for link in list_links()} | HOLDS_NO_ID.keys()
    unhandled = [
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, models.IntegerField)
        and not isinstance(field, models.AutoField)
        and "institution" in field.name
        and f"{model._meta.label}.{field.name}" not in known
    ]

    assert unhandled == [], "name it so that the rule finds it (…institution_id), or say in HOLDS_NO_ID what it holds"


def test_a_list_of_institutions_in_json_is_named_with_the_reason_it_stays() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, models.JSONField) and "institution" in field.name
    }

    assert found <= NOT_COLUMNS.keys(), "say in NOT_COLUMNS why a merge leaves it alone"


def test_every_reference_to_an_institution_is_on_the_list() -> None:
    references = {
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_fields
        if field.remote_field is not None and field.remote_field.model is Institution
    }
    listed = {link.key for link in list_links()}

    assert references <= listed
    assert "alliance.InboxItem.institution_id" in listed


def test_what_a_merge_leaves_alone_exists() -> None:
    assert set(untouched) <= {link.key for link in list_links()}, "these are gone: take them off"


@pytest.mark.parametrize(
    "name",
    [
        "groups.Participation.institution",
        "groups.Vote.institution",
        "groups.BallotEnvelope.institution",
        "groups.MotionElector.institution",
        "groups.CharterAcceptance.institution",
        "groups.DisputeStep.institution",
    ],
)
def test_sealed_results_and_append_only_records_are_left_alone_with_a_reason(name: str) -> None:
    assert str(untouched.get(name))


def test_the_rule_for_names_finds_plain_numbers() -> None:
    class Fake(models.BigIntegerField):  # type: ignore[type-arg]
        pass

    for name, holds in (("institution_id", True), ("host_institution_id", True), ("institutions", False), ("weight", False)):
        field = Fake()
        field.name = name
        assert holds_an_id(field) is holds
