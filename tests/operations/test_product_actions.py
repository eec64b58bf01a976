"""The way of a product through the groups, its refusals, its record and its events."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from groups.choices import ConflictState, GroupKind
from groups.models import ConflictOfInterest
from members.models import Institution
from operations.actions.loop_back import loop_back
from operations.actions.pilot import plan_pilot
from operations.actions.point import agree_change, answer_point
from operations.actions.product import (
    EditConflictError,
    adapt_product,
    decline_release,
    draft_product,
    release_product,
    retire_product,
    review_product,
    send_back_product,
    submit_product,
    update_product,
)
from operations.choices import PointState, ProductState
from operations.models import Product
from operations.signals import PRODUCT_RELEASED, PRODUCT_RETIRED, PRODUCT_STATE_CHANGED
from operations.transitions import REDRAFT
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    make_cast,
    make_product,
    make_seat,
    make_staff,
    run_round,
    usual_plan,
)

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
TEXTS: dict[str, Any] = {
    "kind": "guide",
    "title_en": "Low-salt dyeing",
    "summary_en": "Half the salt.",
    "body_en": "Text.",
    "details": {"scope": {"en": "Small mills"}},
}


def audit(product: Product) -> list[str]:
    rows = AuditEntry.objects.of(product.alliance).filter(object_type="operations.product", object_id=str(product.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


def open_items(alliance: Alliance) -> set[str]:
    return set(InboxItem.objects.of(alliance).filter(done_at__isnull=True).values_list("key", flat=True))


def stand_aside(institution: Institution, product: Product, actor: Any) -> None:
    ConflictOfInterest.objects.create(
        alliance=product.alliance,
        institution=institution,
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_by=actor,
        declared_at=AT,
    )


def test_a_product_walks_from_draft_to_release_with_one_loop_back(cast: Cast) -> None:
    now = timezone.now()
    product = draft_product(cast.alliance, actor=cast.writer, institution_id=cast.author.pk, values=TEXTS, at=now)
    code = product.code
    submit_product(cast.alliance, code, actor=cast.writer, at=now)
    review_product(
        cast.alliance,
        code,
        actor=cast.reviewer,
        institution_id=cast.reviewer_institution.pk,
        verdict="return",
        comment="Say which dyes.",
        at=now,
    )
    update_product(cast.alliance, code, actor=cast.writer, values={"body_en": "Better."}, revision=1, at=now)
    submit_product(cast.alliance, code, actor=cast.writer, at=now)
    review_product(
        cast.alliance,
        code,
        actor=cast.reviewer,
        institution_id=cast.reviewer_institution.pk,
        verdict="approve",
        comment="",
        at=now,
    )
    adapt_product(
        cast.alliance,
        code,
        actor=cast.editor,
        institution_id=cast.media.pk,
        values={"title_zh": "低盐染色"},
        revision=2,
        ready=True,
        at=now,
    )
    product.refresh_from_db()
    first = run_round(cast, product, [(2, 2), (2, 3), (3, 2)], now)
    product.refresh_from_db()
    assert product.state == ProductState.IMPROVING
    for point in first.points.all():
        answer_point(cast.alliance, code, point.key, state="done", answer="", actor=cast.writer, at=now)
    second = run_round(cast, product, [(5, 4), (4, 5), (5, 5)], now)
    released = release_product(cast.alliance, code, actor=cast.committee, at=now)

    assert released.state == ProductState.RELEASED
    assert (first.version, second.version, released.version) == (1, 2, 2)
    assert audit(product)[:7] == [
        "draft_product",
        "submit_product",
        "return_product",
        "update_product",
        "submit_product",
        "approve_product",
        "adapt_product",
    ]
    assert events(cast.alliance, PRODUCT_RELEASED) == [{"product": code, "version": 2}]
    assert [event["after"] for event in events(cast.alliance, PRODUCT_STATE_CHANGED)] == [
        "in_review",
        "draft",
        "in_review",
        "transforming",
        "piloting",
        "improving",
        "piloting",
        "released",
    ]
    assert not open_items(cast.alliance)


def test_a_draft_gets_the_next_number_and_its_audit_entry_keeps_the_title_out_of_the_clear_part(cast: Cast) -> None:
    make_product(cast, code="P-041")

    product = draft_product(cast.alliance, actor=cast.writer, institution_id=cast.author.pk, values=TEXTS, at=AT)

    assert product.code == "P-042"
    entry = AuditEntry.objects.of(cast.alliance).get(verb="draft_product", object_id=str(product.pk))
    assert "Low-salt" not in entry.record
    assert '"title_en"' in entry.record


def test_only_the_wisdom_group_drafts(cast: Cast) -> None:
    with pytest.raises(PermissionRefusedError) as refusal:
        draft_product(cast.alliance, actor=cast.editor, institution_id=cast.media.pk, values=TEXTS, at=AT)

    assert any("wisdom group" in str(who) for who in refusal.value.who)


def test_the_secretariat_drafts_for_an_institution_with_a_seat_only(cast: Cast) -> None:
    now = timezone.now()
    drafted = draft_product(cast.alliance, actor=cast.secretary, institution_id=cast.author.pk, values=TEXTS, at=now)

    with pytest.raises(InvalidInputError, match="no_seat"):
        draft_product(cast.alliance, actor=cast.secretary, institution_id=cast.media.pk, values=TEXTS, at=now)

    assert drafted.author == cast.author


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({**TEXTS, "title_en": "  "}, "title_en"),
        ({**TEXTS, "kind": "poem"}, "kind"),
        ({**TEXTS, "title_zh": "长" * 201}, "title_zh"),
    ],
)
def test_a_draft_that_breaks_a_rule_names_the_field(cast: Cast, values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        draft_product(cast.alliance, actor=cast.writer, institution_id=cast.author.pk, values=values, at=timezone.now())

    assert field in refusal.value.fields


def test_a_field_that_is_not_the_authors_is_refused_not_ignored(cast: Cast) -> None:
    product = make_product(cast)

    with pytest.raises(InvalidInputError, match="unknown_fields"):
        update_product(cast.alliance, product.code, actor=cast.writer, values={"state": "released"}, revision=1, at=AT)


def test_of_two_people_who_edit_at_once_the_later_one_sees_both_versions(cast: Cast) -> None:
    product = make_product(cast)
    colleague = make_staff(cast.alliance, cast.author)
    update_product(cast.alliance, product.code, actor=cast.writer, values={"body_en": "Mine."}, revision=1, at=AT)

    with pytest.raises(EditConflictError) as conflict:
        update_product(cast.alliance, product.code, actor=colleague, values={"body_en": "Theirs."}, revision=1, at=AT)

    assert conflict.value.theirs["body_en"] == "Mine."
    product.refresh_from_db()
    assert product.body_en == "Mine."
    saved = update_product(
        cast.alliance,
        product.code,
        actor=colleague,
        values={"body_en": "Both."},
        revision=conflict.value.revision,
        at=AT,
    )
    assert (saved.body_en, saved.revision) == ("Both.", 3)


@pytest.mark.parametrize(
    "state", [ProductState.IN_REVIEW, ProductState.TRANSFORMING, ProductState.PILOTING, ProductState.RELEASED]
)
def test_the_author_cannot_change_the_text_while_others_have_the_turn(cast: Cast, state: str) -> None:
    product = make_product(cast, state)

    with pytest.raises(DomainError, match="not_editable"):
        update_product(cast.alliance, product.code, actor=cast.writer, values={"body_en": "x"}, revision=1, at=AT)


def test_an_empty_draft_is_not_submitted(cast: Cast) -> None:
    product = make_product(cast, summary_en="", body_en="")

    with pytest.raises(InvalidInputError) as refusal:
        submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)

    assert set(refusal.value.fields) == {"summary_en", "body_en"}
    product.refresh_from_db()
    assert product.state == ProductState.DRAFT


def test_submitting_asks_both_reviewing_groups(cast: Cast) -> None:
    product = make_product(cast)

    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)

    assert open_items(cast.alliance) == {
        f"product-review:{product.code}:{GroupKind.WISDOM}",
        f"product-review:{product.code}:{GroupKind.POLICY}",
    }


def test_an_institution_does_not_review_its_own_draft(cast: Cast) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)

    with pytest.raises(SeparationOfDutiesError):
        review_product(
            cast.alliance,
            product.code,
            actor=cast.writer,
            institution_id=cast.author.pk,
            verdict="approve",
            comment="",
            at=timezone.now(),
        )


def test_nor_does_a_person_of_the_author_review_it_for_another_institution(cast: Cast) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)
    both = make_staff(cast.alliance, cast.reviewer_institution, user=cast.writer)

    with pytest.raises(SeparationOfDutiesError):
        review_product(
            cast.alliance,
            product.code,
            actor=both,
            institution_id=cast.reviewer_institution.pk,
            verdict="approve",
            comment="",
            at=timezone.now(),
        )


def test_an_institution_that_stands_aside_does_not_review(cast: Cast) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)
    stand_aside(cast.reviewer_institution, product, cast.secretary)

    with pytest.raises(ConflictOfInterestError):
        review_product(
            cast.alliance,
            product.code,
            actor=cast.reviewer,
            institution_id=cast.reviewer_institution.pk,
            verdict="approve",
            comment="",
            at=timezone.now(),
        )


def test_a_draft_is_not_sent_back_without_a_reason(cast: Cast) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)

    with pytest.raises(InvalidInputError, match="reason_missing"):
        review_product(
            cast.alliance,
            product.code,
            actor=cast.reviewer,
            institution_id=cast.reviewer_institution.pk,
            verdict="return",
            comment=" ",
            at=timezone.now(),
        )


def test_the_first_media_think_tank_becomes_the_adapter_and_keeps_others_out(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING, adapter=None, adapted_at=None)
    other = make_institution_with_media_seat(cast)
    now = timezone.now()

    adapt_product(
        cast.alliance,
        product.code,
        actor=cast.editor,
        institution_id=cast.media.pk,
        values={"body_en": "Usable."},
        revision=1,
        ready=False,
        at=now,
    )

    with pytest.raises(PermissionRefusedError):
        adapt_product(
            cast.alliance,
            product.code,
            actor=other[1],
            institution_id=other[0].pk,
            values={"body_en": "Ours."},
            revision=2,
            ready=True,
            at=now,
        )
    product.refresh_from_db()
    assert (product.adapter, product.adapted_at, product.body_en) == (cast.media, None, "Usable.")


def make_institution_with_media_seat(cast: Cast) -> tuple[Institution, Any]:
    from members.choices import InstitutionKind
    from tests.factories.operations import make_institution

    institution = make_institution(cast.alliance, InstitutionKind.MEDIA_THINK_TANK)
    make_seat(cast.alliance, institution, GroupKind.MEDIA)
    return institution, make_staff(cast.alliance, institution)


def test_a_product_being_adapted_goes_back_to_its_author_with_a_reason(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    sent = send_back_product(cast.alliance, product.code, actor=cast.editor, reason="Figures contradict.", at=AT)

    assert (sent.state, sent.adapted_at) == (ProductState.DRAFT, None)
    told = Notification.objects.of(cast.alliance).get(user=cast.writer)
    assert told.params["reason"] == "Figures contradict."


def test_no_pilot_before_the_text_is_handed_over(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING, adapted_at=None)
    now = timezone.now()

    with pytest.raises(DomainError, match="not_adapted"):
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)


def test_no_next_round_while_a_change_is_open(cast: Cast) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(1, 1), (2, 2), (1, 2)], now)

    with pytest.raises(DomainError, match="changes_open"):
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)


def test_after_the_last_round_it_has_to_be_drafted_anew(cast: Cast) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(1, 1), (2, 2), (1, 2)], now, maximum_rounds=1)
    for point in pilot.points.all():
        answer_point(cast.alliance, product.code, point.key, state="done", answer="", actor=cast.writer, at=now)

    with pytest.raises(DomainError, match="rounds_exhausted"):
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)

    drafted = loop_back(cast.alliance, product.code, REDRAFT.name, actor=cast.secretary, reason="Too far off.", at=now)
    assert drafted.state == ProductState.DRAFT


def test_release_needs_a_passed_pilot_of_the_present_version(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)

    with pytest.raises(DomainError, match="pilot_not_passed") as refusal:
        release_product(cast.alliance, product.code, actor=cast.committee, at=AT)

    assert refusal.value.remedy


def passed(cast: Cast) -> Product:
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(5, 5), (4, 5), (5, 4)], timezone.now())
    product.refresh_from_db()
    return product


def test_a_second_release_is_refused_with_the_day_of_the_first(cast: Cast) -> None:
    product = passed(cast)
    release_product(cast.alliance, product.code, actor=cast.committee, at=timezone.now())

    with pytest.raises(DomainError, match="already_released"):
        release_product(cast.alliance, product.code, actor=cast.secretary, at=timezone.now())

    assert len(events(cast.alliance, PRODUCT_RELEASED)) == 1


@pytest.mark.parametrize("which", ["author", "media", "firm"])
def test_people_of_those_who_made_or_tried_it_do_not_decide(cast: Cast, which: str) -> None:
    product = passed(cast)
    institution = {"author": cast.author, "media": cast.media, "firm": cast.firms[1]}[which]
    decider = make_staff(cast.alliance, institution, user=cast.committee)

    with pytest.raises(SeparationOfDutiesError):
        release_product(cast.alliance, product.code, actor=decider, at=timezone.now())


def test_a_decider_whose_institution_stands_aside_is_refused(cast: Cast) -> None:
    product = passed(cast)
    decider = make_staff(cast.alliance, cast.reviewer_institution, user=cast.committee)
    stand_aside(cast.reviewer_institution, product, cast.secretary)

    with pytest.raises(ConflictOfInterestError):
        release_product(cast.alliance, product.code, actor=decider, at=timezone.now())


def test_a_member_institution_does_not_release(cast: Cast) -> None:
    product = passed(cast)

    with pytest.raises(PermissionRefusedError) as refusal:
        release_product(cast.alliance, product.code, actor=cast.reviewer, at=timezone.now())

    assert any("committee" in str(who) for who in refusal.value.who)


def test_a_declined_release_becomes_a_change_to_make(cast: Cast) -> None:
    product = passed(cast)

    declined = decline_release(
        cast.alliance, product.code, actor=cast.committee, reason="Add the cost sheet.", at=timezone.now()
    )

    assert (declined.state, declined.release_proposed_at) == (ProductState.IMPROVING, None)
    point = declined.points.get()
    assert (point.text_en, point.source, point.state) == ("Add the cost sheet.", "decision", "open")
    assert not any(key.startswith("release:") for key in open_items(cast.alliance))


def test_a_released_product_is_retired_with_a_reason_and_says_so(cast: Cast) -> None:
    product = make_product(cast, ProductState.RELEASED)

    retired = retire_product(cast.alliance, product.code, actor=cast.secretary, reason="Standard revised.", at=AT)

    assert (retired.state, retired.retired_at) == (ProductState.RETIRED, AT)
    assert events(cast.alliance, PRODUCT_RETIRED) == [{"product": product.code}]


def test_when_the_last_change_is_settled_the_secretariat_is_asked_for_the_next_round(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(1, 5), (2, 5), (1, 5)], timezone.now())

    for point in pilot.points.all():
        answer_point(cast.alliance, product.code, point.key, state="done", answer="", actor=cast.writer, at=timezone.now())

    assert open_items(cast.alliance) == {f"next-round:{product.code}:1"}


def test_a_change_can_be_agreed_on_while_the_pilot_runs(cast: Cast) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)

    point = agree_change(cast.alliance, product.code, actor=cast.editor, text="Captions", at=now)

    assert (point.text_en, point.text_zh, point.state) == ("Captions", "", PointState.ACCEPTED)


ILLEGAL = [
    (ProductState.IN_REVIEW, "submit"),
    (ProductState.DRAFT, "approve"),
    (ProductState.PILOTING, "approve"),
    (ProductState.DRAFT, "send_back"),
    (ProductState.DRAFT, "plan"),
    (ProductState.PILOTING, "plan"),
    (ProductState.IMPROVING, "release"),
    (ProductState.DRAFT, "release"),
    (ProductState.PILOTING, "retire"),
    (ProductState.RETIRED, "retire"),
]


@pytest.mark.parametrize(("state", "step"), ILLEGAL)
def test_a_step_from_the_wrong_state_is_refused_and_changes_nothing(cast: Cast, state: str, step: str) -> None:
    product = make_product(cast, state)
    now = timezone.now()
    steps: dict[str, Any] = {
        "submit": lambda: submit_product(cast.alliance, product.code, actor=cast.writer, at=now),
        "approve": lambda: review_product(
            cast.alliance,
            product.code,
            actor=cast.reviewer,
            institution_id=cast.reviewer_institution.pk,
            verdict="approve",
            comment="",
            at=now,
        ),
        "send_back": lambda: send_back_product(cast.alliance, product.code, actor=cast.secretary, reason="x", at=now),
        "plan": lambda: plan_pilot(
            cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now
        ),
        "release": lambda: release_product(cast.alliance, product.code, actor=cast.committee, at=now),
        "retire": lambda: retire_product(cast.alliance, product.code, actor=cast.committee, reason="x", at=now),
    }

    with pytest.raises(TransitionRefusedError) as refusal:
        steps[step]()

    assert refusal.value.details["state"] == state
    product.refresh_from_db()
    assert product.state == state
    assert not audit(product)
    assert not OutboxEvent.objects.of(cast.alliance).exists()


def test_a_product_of_another_alliance_does_not_exist_here(cast: Cast) -> None:
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        there = make_product(make_cast(elsewhere), code="P-900")

    for code in (there.code, f"P-{uuid.uuid4().hex[:6]}"):
        with pytest.raises(NotFoundError):
            submit_product(cast.alliance, code, actor=cast.writer, at=AT)


def test_a_role_in_one_alliance_gives_nothing_in_another(cast: Cast) -> None:
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        there = make_product(make_cast(elsewhere))

        with pytest.raises(PermissionRefusedError):
            submit_product(elsewhere, there.code, actor=cast.secretary, at=AT)
        with pytest.raises(PermissionRefusedError):
            release_product(elsewhere, there.code, actor=cast.committee, at=AT + timedelta(days=1))
