"""Gates, ways back, withdrawal, limits of stages, rules of the pipeline and release by each rule."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
from groups.actions.motion import apply_effect, close_motion, open_motion, withdraw_motion
from groups.choices import ConflictState, GroupKind, SeatRole
from groups.models import ConflictOfInterest, GroupMembership, Motion, MotionElector
from groups.selectors.conflict import list_recused
from members.models import Institution
from operations import gates
from operations.actions.demo_pipeline import load_rules
from operations.actions.loop_back import loop_back, withdraw_product
from operations.actions.pilot import plan_pilot
from operations.actions.product import decline_release, release_product, review_product, submit_product
from operations.actions.release import draft_release_motion, follow_conflicts
from operations.actions.rules import admit_over_limit, set_rules
from operations.actions.workflow import advance_pilot
from operations.choices import PilotState, PointSource, ProductState, ReleaseRule
from operations.gates import GATES, Gate, add_gate, open_points, require_gates
from operations.models import PipelineRules, Product
from operations.selectors.release import release_matter, rule_of_release
from operations.selectors.rules import rules_in_force
from operations.signals import PIPELINE_RULES_CHANGED, PRODUCT_RELEASED, PRODUCT_WITHDRAWN
from operations.transitions import (
    BEGIN_PILOT,
    LOOP_BACKS,
    NEXT_STEP,
    PRODUCT_TRANSITIONS,
    READAPT,
    REDRAFT,
    RELEASE,
    STARTS,
    STOP_PILOT,
    SUBMIT,
    WITHDRAW,
)
from tests.factories.alliance import make_alliance
from tests.factories.motions import Voter, make_voters, vote
from tests.factories.operations import (
    Cast,
    make_cast,
    make_institution,
    make_officer,
    make_pilot,
    make_product,
    make_seat,
    make_staff,
    run_round,
    usual_plan,
)

BEFORE_RELEASE = sorted(WITHDRAW.sources)


def passed(cast: Cast) -> Product:
    """A product whose release is proposed."""
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(5, 5), (4, 5), (5, 4)], timezone.now())
    product.refresh_from_db()
    return product


def record(product: Product, verb: str) -> list[dict[str, Any]]:
    """What the audit log says after each act of a kind, without anybody's words."""
    rows = AuditEntry.objects.filter(object_type="operations.product", object_id=str(product.pk), verb=verb)
    return [json.loads(row.record)["after"] for row in rows.order_by("id")]


def stand_aside(cast: Cast, institution: Institution, product: Product) -> ConflictOfInterest:
    """An institution stands aside from a product, as ruled."""
    return ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=institution,
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="competitor",
        declared_at=timezone.now(),
    )


def count_events(cast: Cast, kind: str) -> int:
    return OutboxEvent.objects.of(cast.alliance).filter(kind=kind).count()


@pytest.fixture
def office_admin(cast: Cast) -> Any:
    return make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN)


# ------------------------------------------------------------------------------------------------------------------ table


def test_each_step_says_what_it_starts_and_who_may_take_it() -> None:
    from alliance.kernel.permissions import permissions

    assert {step.name for step in PRODUCT_TRANSITIONS} == set(STARTS)
    for step in PRODUCT_TRANSITIONS:
        if step.permission:
            assert permissions.get(step.permission).describe_holders()
    assert {state for state in ProductState if state not in NEXT_STEP} == {
        ProductState.RELEASED,
        ProductState.RETIRED,
        ProductState.WITHDRAWN,
    }


def test_every_gate_stands_at_a_step_of_the_table_and_says_who_can_open_it() -> None:
    names = {step.name for step in PRODUCT_TRANSITIONS}
    assert set(GATES) <= names
    for gate in (gate for listed in GATES.values() for gate in listed):
        assert gate.who, gate.key


def _state_writes(path: Path) -> list[str]:
    """Assignments to ``product.state`` and updates of products' states in a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [part for one in node.targets for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "state" and "product" in ast.unparse(target.value):
                found.append(f"{path.name}:{target.lineno}")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "update"
            and "Product.objects" in ast.unparse(node.func.value)
        ):
            found += [f"{path.name}:{node.lineno}" for keyword in node.keywords if keyword.arg == "state"]
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr") and "'state'" in ast.unparse(node):
            found.append(f"{path.name}:{node.lineno}")
    return found


def test_no_code_writes_a_products_state_but_the_one_function_that_asks_the_table() -> None:
    root = Path(__file__).parents[2]
    layers = ("operations", "services", "targets", "evaluation")
    files = [path for layer in layers for path in (root / layer).rglob("*.py") if "migrations" not in path.parts]
    writes = [place for path in files for place in _state_writes(path)]

    assert len(files) > 50
    assert [place.partition(":")[0] for place in writes] == ["announce.py"], writes


def test_only_loaders_of_demonstrations_tell_history_without_gates() -> None:
    root = Path(__file__).parents[2] / "operations"
    users = {path.name for path in root.rglob("*.py") if "is_history=True" in path.read_text(encoding="utf-8")}

    assert all(name.startswith("demo") for name in users), users


# ------------------------------------------------------------------------------------------------------------------ gates


def test_a_shut_gate_names_what_is_missing_and_who_can_provide_it(cast: Cast) -> None:
    product = make_product(cast, summary_en="", body_en="")

    with pytest.raises(DomainError, match="gate_closed") as refusal:
        require_gates(product, SUBMIT)

    assert "summary" in str(refusal.value.reason)
    assert any("drafts" in str(words) for words in refusal.value.who)
    assert "texts" in refusal.value.details["gates"]


def test_open_points_lead_to_where_the_missing_is_provided(cast: Cast) -> None:
    product = make_product(cast, summary_en="")
    view = next(view for view in open_points(product, SUBMIT) if view.key == "texts")

    assert not view.done
    assert (view.url_name, view.code) == ("product_edit", product.code)


def test_a_gate_without_its_evidence_cannot_be_passed_by_any_action(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every gated step is refused by the act itself while a gate is shut, and possible as soon as it opens."""
    shut = {"now": True}
    evidence = Gate("proof", "Proof", lambda product: ["the proof"] if shut["now"] else [], ("whoever",))
    monkeypatch.setattr(gates, "GATES", {step.name: (evidence,) for step in (SUBMIT, BEGIN_PILOT, RELEASE)})
    now = timezone.now()
    draft = make_product(cast)
    adapted = make_product(cast, ProductState.TRANSFORMING)
    acts: list[Callable[[], object]] = [
        lambda: submit_product(cast.alliance, draft.code, actor=cast.writer, at=now),
        lambda: plan_pilot(cast.alliance, adapted.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now),
    ]
    for act in acts:
        with pytest.raises(DomainError, match="gate_closed"):
            act()
    assert not AuditEntry.objects.filter(verb__in=[SUBMIT.name, BEGIN_PILOT.name]).exists()
    shut["now"] = False
    for act in acts:
        act()
    proposed = passed(cast)
    shut["now"] = True
    with pytest.raises(DomainError, match="gate_closed"):
        release_product(cast.alliance, proposed.code, actor=cast.committee, at=timezone.now())
    shut["now"] = False
    assert release_product(cast.alliance, proposed.code, actor=cast.committee, at=timezone.now()).released_at


def test_a_gate_is_added_once_per_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "GATES", {})
    first = Gate("same", "Same", lambda product: [])
    add_gate(SUBMIT, first)
    add_gate(SUBMIT, first)

    assert gates.GATES[SUBMIT.name] == (first,)
    with pytest.raises(ValueError, match="already"):
        add_gate(SUBMIT, Gate("same", "Other", lambda product: []))


# -------------------------------------------------------------------------------------------------------------- withdrawal


@pytest.mark.parametrize("state", BEFORE_RELEASE)
def test_a_product_is_withdrawn_from_each_stage_before_its_release(cast: Cast, state: str) -> None:
    product = make_product(cast, state)
    gone = withdraw_product(cast.alliance, product.code, actor=cast.writer, reason="No money left", at=timezone.now())

    assert (gone.state, gone.withdrawn_from) == (ProductState.WITHDRAWN, state)
    assert gone.withdrawn_at is not None
    (after,) = record(product, "withdraw_product")
    assert after["from"] == state
    assert "No money" not in str(after)
    assert count_events(cast, PRODUCT_WITHDRAWN) == 1


@pytest.mark.parametrize("state", [ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN])
def test_what_is_out_or_gone_is_not_withdrawn(cast: Cast, state: str) -> None:
    product = make_product(cast, state)

    with pytest.raises(TransitionRefusedError):
        withdraw_product(cast.alliance, product.code, actor=cast.secretary, reason="why", at=timezone.now())


def test_withdrawal_calls_the_round_off_and_tells_its_firms(cast: Cast) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)

    withdraw_product(cast.alliance, product.code, actor=cast.secretary, reason="Standard was revised", at=now)

    pilot.refresh_from_db()
    assert pilot.state == PilotState.CANCELLED
    assert advance_pilot(cast.alliance, pilot.pk, at=now + timedelta(days=60)) == ""
    told = Notification.objects.of(cast.alliance).filter(kind="product_withdrawn")
    assert {row.user_id for row in told} >= {cast.writer.pk, cast.editor.pk, *(tester.pk for tester in cast.testers)}
    assert not InboxItem.objects.of(cast.alliance).filter(url_kwargs__code=product.code, done_at__isnull=True).exists()


def test_withdrawal_takes_a_reason_and_belongs_to_author_and_secretariat(cast: Cast) -> None:
    product = make_product(cast)

    with pytest.raises(InvalidInputError, match="reason_missing"):
        withdraw_product(cast.alliance, product.code, actor=cast.writer, reason="  ", at=timezone.now())
    for actor in (cast.reviewer, cast.editor, cast.testers[0], cast.committee):
        with pytest.raises(PermissionRefusedError):
            withdraw_product(cast.alliance, product.code, actor=actor, reason="why", at=timezone.now())


def test_another_alliances_product_is_neither_withdrawn_nor_sent_back(cast: Cast) -> None:
    product = make_product(cast, ProductState.IMPROVING)
    other = make_alliance("elsewhere-withdrawal")

    with tenancy.acting_in(other):
        there = make_cast(other)
        with pytest.raises(NotFoundError):
            withdraw_product(other, product.code, actor=there.secretary, reason="why", at=timezone.now())
        with pytest.raises(NotFoundError):
            loop_back(other, product.code, REDRAFT.name, actor=there.secretary, reason="why", at=timezone.now())


# --------------------------------------------------------------------------------------------------------------- ways back


@pytest.mark.parametrize("step", LOOP_BACKS, ids=lambda step: step.name)
def test_a_running_pilot_is_stopped_and_the_product_goes_back_with_the_reason(cast: Cast, step: Any) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)
    advance_pilot(cast.alliance, pilot.pk, at=now)

    back = loop_back(cast.alliance, product.code, step.name, actor=cast.secretary, reason="Wrong units", at=now)

    pilot.refresh_from_db()
    assert (back.state, pilot.state) == (step.target, PilotState.CANCELLED)
    assert (back.adapted_at is None) == (step is not STOP_PILOT)
    (after,) = record(product, step.name)
    assert after["round"] == pilot.round
    assert back.points.filter(source=PointSource.DECISION, text_en="Wrong units").exists() == (step is STOP_PILOT)


@pytest.mark.parametrize(("step", "target"), [(READAPT, "transforming"), (REDRAFT, "draft")])
def test_from_improvement_the_adapter_sends_it_back(cast: Cast, step: Any, target: str) -> None:
    product = make_product(cast, ProductState.IMPROVING)

    back = loop_back(cast.alliance, product.code, step.name, actor=cast.editor, reason="Too long", at=timezone.now())

    assert back.state == target
    waiting = InboxItem.objects.of(cast.alliance).filter(url_kwargs__code=product.code, done_at__isnull=True)
    kinds = set(waiting.values_list("kind", flat=True))
    assert kinds == ({"product_adapt"} if step is READAPT else {"product_returned"})


def test_a_reason_that_stopped_a_pilot_has_to_be_answered_before_the_next_round(cast: Cast) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)
    loop_back(cast.alliance, product.code, STOP_PILOT.name, actor=cast.secretary, reason="Wrong units", at=now)

    with pytest.raises(DomainError, match=r"changes_open|gate_closed"):
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)


@pytest.mark.parametrize("who", ["writer", "editor", "reviewer", "committee"])
def test_makers_and_others_do_not_stop_a_running_pilot(cast: Cast, who: str) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)

    for step in LOOP_BACKS:
        with pytest.raises(PermissionRefusedError):
            loop_back(cast.alliance, product.code, step.name, actor=getattr(cast, who), reason="why", at=timezone.now())


def test_the_convenor_of_the_pilot_group_stops_a_pilot_unless_its_institution_stands_aside(cast: Cast) -> None:
    firm = make_institution(cast.alliance)
    make_seat(cast.alliance, firm, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    convenor = make_staff(cast.alliance, firm)
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    conflict = stand_aside(cast, firm, product)

    with pytest.raises(ConflictOfInterestError):
        loop_back(cast.alliance, product.code, STOP_PILOT.name, actor=convenor, reason="why", at=timezone.now())
    ConflictOfInterest.objects.filter(pk=conflict.pk).update(ended_at=timezone.now())
    back = loop_back(cast.alliance, product.code, STOP_PILOT.name, actor=convenor, reason="why", at=timezone.now())
    assert back.state == ProductState.IMPROVING


def test_once_the_release_is_proposed_the_decision_comes_first(cast: Cast) -> None:
    product = passed(cast)

    with pytest.raises(DomainError, match="release_proposed"):
        loop_back(cast.alliance, product.code, REDRAFT.name, actor=cast.secretary, reason="why", at=timezone.now())


@pytest.mark.parametrize("state", ["draft", "in_review", "transforming", "released", "retired", "withdrawn"])
def test_no_way_back_from_other_states(cast: Cast, state: str) -> None:
    product = make_product(cast, state)

    for step in LOOP_BACKS:
        with pytest.raises(TransitionRefusedError):
            loop_back(cast.alliance, product.code, step.name, actor=cast.secretary, reason="why", at=timezone.now())
    with pytest.raises(InvalidInputError, match="step_unknown"):
        loop_back(cast.alliance, product.code, "release_product", actor=cast.secretary, reason="w", at=timezone.now())


# ------------------------------------------------------------------------------------------------------------------- rules


def test_without_a_version_of_its_own_the_standard_rules_hold(cast: Cast) -> None:
    rules = rules_in_force(cast.alliance)

    assert (rules.version, rules.release_rule, dict(rules.limits)) == (0, ReleaseRule.COMMITTEE, {})


def test_rules_are_set_in_versions_by_the_office_administrator(cast: Cast, office_admin: Any) -> None:
    now = timezone.now()
    first = set_rules(
        cast.alliance,
        actor=office_admin,
        release_rule=ReleaseRule.MOTION,
        limits={"piloting": 4, "draft": None},
        note="decided in May",
        at=now,
    )
    second = set_rules(cast.alliance, actor=office_admin, release_rule="committee", limits={}, based_on=1, at=now)

    assert (first.version, second.version) == (1, 2)
    assert rules_in_force(cast.alliance).version == 2
    assert PipelineRules.objects.of(cast.alliance).filter(is_current=True).count() == 1
    entry = AuditEntry.objects.filter(verb="set_pipeline_rules").order_by("id").first()
    assert entry is not None
    assert json.loads(entry.record)["after"] == {"version": 1, "release_rule": "motion", "limits": {"piloting": 4}}
    assert count_events(cast, PIPELINE_RULES_CHANGED) == 2


def test_nobody_else_sets_rules_and_impossible_ones_are_refused(cast: Cast, office_admin: Any) -> None:
    now = timezone.now()
    for actor in (cast.secretary, cast.committee, cast.writer):
        with pytest.raises(PermissionRefusedError):
            set_rules(cast.alliance, actor=actor, release_rule="motion", limits={}, at=now)
    for limits in ({"released": 3}, {"piloting": 0}, {"piloting": 1000}, {"nowhere": 1}, {"piloting": True}):
        with pytest.raises(InvalidInputError, match="limits_invalid"):
            set_rules(cast.alliance, actor=office_admin, release_rule="motion", limits=limits, at=now)
    with pytest.raises(InvalidInputError, match="rule_unknown"):
        set_rules(cast.alliance, actor=office_admin, release_rule="lottery", limits={}, at=now)
    with pytest.raises(InvalidInputError, match="nothing_changed"):
        set_rules(cast.alliance, actor=office_admin, release_rule="committee", limits={}, at=now)
    with pytest.raises(DomainError, match="edit_conflict"):
        set_rules(cast.alliance, actor=office_admin, release_rule="motion", limits={}, based_on=7, at=now)
    assert rules_in_force(cast.alliance).version == 0


# ------------------------------------------------------------------------------------------------------------------ limits


@pytest.fixture
def one_pilot(cast: Cast, office_admin: Any) -> Any:
    """At most one product in pilot, one being adapted, one improved."""
    return set_rules(
        cast.alliance,
        actor=office_admin,
        release_rule="committee",
        limits={"piloting": 1, "transforming": 1, "improving": 1},
        at=timezone.now(),
    )


def test_a_move_into_a_full_stage_is_refused_with_the_remedy(cast: Cast, one_pilot: Any) -> None:
    now = timezone.now()
    make_product(cast, ProductState.PILOTING)
    product = make_product(cast, ProductState.TRANSFORMING)

    with pytest.raises(DomainError, match="stage_full") as refusal:
        plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)

    assert refusal.value.remedy
    assert refusal.value.who
    product.refresh_from_db()
    assert product.state == ProductState.TRANSFORMING
    assert not product.pilots.exists()


def test_the_secretariat_lets_a_product_in_with_a_reason_for_one_move(cast: Cast, one_pilot: Any) -> None:
    now = timezone.now()
    make_product(cast, ProductState.PILOTING)
    product = make_product(cast, ProductState.TRANSFORMING)

    admitted = admit_over_limit(
        cast.alliance, product.code, "piloting", actor=cast.secretary, reason="the fair is in May", at=now
    )
    assert admitted.admitted_to == "piloting"
    plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=usual_plan(cast.firms, now), at=now)

    product.refresh_from_db()
    assert (product.state, product.admitted_to) == (ProductState.PILOTING, "")
    (after,) = record(product, "begin_pilot")
    assert after["over_limit"] == {"stage": "piloting", "limit": 1, "count": 1}
    assert record(product, "admit_over_limit")


def test_an_exception_needs_the_secretariat_a_reason_a_limit_and_a_step_that_leads_there(cast: Cast, one_pilot: Any) -> None:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    for actor in (cast.writer, cast.editor, cast.committee):
        with pytest.raises(PermissionRefusedError):
            admit_over_limit(cast.alliance, product.code, "piloting", actor=actor, reason="why", at=now)
    for stage, reason, code in (
        ("piloting", " ", "reason_missing"),
        ("improving", "why", "step_unknown"),
        ("draft", "why", "stage_has_room"),
    ):
        with pytest.raises(DomainError, match=code):
            admit_over_limit(cast.alliance, product.code, stage, actor=cast.secretary, reason=reason, at=now)


def test_a_review_into_a_full_stage_waits(cast: Cast, one_pilot: Any) -> None:
    make_product(cast, ProductState.TRANSFORMING)
    product = make_product(cast, ProductState.IN_REVIEW)

    def approve() -> Product:
        return review_product(
            cast.alliance,
            product.code,
            actor=cast.reviewer,
            institution_id=cast.reviewer_institution.pk,
            verdict="approve",
            comment="",
            at=timezone.now(),
        )

    with pytest.raises(DomainError, match="stage_full"):
        approve()
    admit_over_limit(cast.alliance, product.code, "transforming", actor=cast.secretary, reason="urgent", at=timezone.now())
    assert approve().state == ProductState.TRANSFORMING


def test_what_fails_its_pilot_comes_back_full_or_not(cast: Cast, one_pilot: Any) -> None:
    make_product(cast, ProductState.IMPROVING)
    product = make_product(cast, ProductState.TRANSFORMING)

    run_round(cast, product, [(1, 1), (1, 2), (2, 1)], timezone.now())

    product.refresh_from_db()
    assert product.state == ProductState.IMPROVING


def test_a_limit_of_one_alliance_says_nothing_in_another(cast: Cast, one_pilot: Any) -> None:
    make_product(cast, ProductState.PILOTING)
    other = make_alliance("elsewhere-limits")

    with tenancy.acting_in(other):
        there = make_cast(other)
        now = timezone.now()
        make_product(there, ProductState.PILOTING)
        product = make_product(there, ProductState.TRANSFORMING)
        plan_pilot(other, product.code, actor=there.secretary, plan=usual_plan(there.firms, now), at=now)
        product.refresh_from_db()
        assert product.state == ProductState.PILOTING


# ----------------------------------------------------------------------------------------------------------------- release


def test_by_the_standard_rule_only_the_committee_decides(cast: Cast, office_admin: Any) -> None:
    product = passed(cast)
    for actor in (cast.secretary, office_admin):
        with pytest.raises(PermissionRefusedError):
            release_product(cast.alliance, product.code, actor=actor, at=timezone.now())
        with pytest.raises(PermissionRefusedError):
            decline_release(cast.alliance, product.code, actor=actor, reason="why", at=timezone.now())

    assert release_product(cast.alliance, product.code, actor=cast.committee, at=timezone.now()).released_at


def test_by_the_convenors_rule_only_the_convenor_decides(cast: Cast, office_admin: Any) -> None:
    firm = make_institution(cast.alliance)
    make_seat(cast.alliance, firm, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    convenor = make_staff(cast.alliance, firm)
    product = passed(cast)
    set_rules(cast.alliance, actor=office_admin, release_rule="convenor", limits={}, at=timezone.now())

    assert rule_of_release(product, at=timezone.now()) == ReleaseRule.CONVENOR
    for actor in (cast.committee, cast.secretary):
        with pytest.raises(PermissionRefusedError):
            release_product(cast.alliance, product.code, actor=actor, at=timezone.now())
    assert release_product(cast.alliance, product.code, actor=convenor, at=timezone.now()).released_at


def test_a_convenor_that_tried_it_leaves_the_decision_to_the_committee(cast: Cast, office_admin: Any) -> None:
    GroupMembership.objects.of(cast.alliance).filter(institution=cast.firms[0]).update(role=SeatRole.CONVENOR)
    product = passed(cast)
    set_rules(cast.alliance, actor=office_admin, release_rule="convenor", limits={}, at=timezone.now())

    with pytest.raises(DomainError):
        release_product(cast.alliance, product.code, actor=cast.testers[0], at=timezone.now())
    assert rule_of_release(product, at=timezone.now()) == ReleaseRule.COMMITTEE
    assert release_product(cast.alliance, product.code, actor=cast.committee, at=timezone.now()).released_at


# ------------------------------------------------------------------------------------------------------------- by a motion


@pytest.fixture
def by_motion(cast: Cast, office_admin: Any) -> list[Voter]:
    """The rule is a motion; the committee has three members, and the author, a pilot firm and a conflicted one sit there too."""
    set_rules(cast.alliance, actor=office_admin, release_rule="motion", limits={}, at=timezone.now())
    voters = make_voters(cast.alliance, 3)
    for institution in (cast.author, cast.firms[0], cast.reviewer_institution):
        make_seat(cast.alliance, institution, GroupKind.COMMITTEE)
    return voters


def put(cast: Cast, product: Product) -> Motion:
    """The motion on a release, open for nine days."""
    now = timezone.now()
    motion = draft_release_motion(cast.alliance, product.code, actor=cast.secretary, at=now)
    return open_motion(cast.alliance, motion.code, closes_at=now + timedelta(days=9), actor=cast.secretary, at=now)


def decide(cast: Cast, motion: Motion, voters: list[Voter], choice: str) -> Motion:
    """Everybody votes alike; the vote closes and takes effect."""
    for voter in voters:
        vote(motion, voter, choice)
    assert motion.closes_at is not None
    closed = close_motion(cast.alliance, motion.code, at=motion.closes_at)
    apply_effect(cast.alliance, motion.code, at=motion.closes_at)
    return closed


def test_by_a_motion_nobody_decides_alone(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)

    with pytest.raises(DomainError, match="motion_needed") as refusal:
        release_product(cast.alliance, product.code, actor=cast.committee, at=timezone.now())
    assert refusal.value.remedy
    with pytest.raises(DomainError, match="motion_needed"):
        decline_release(cast.alliance, product.code, actor=cast.committee, reason="why", at=timezone.now())


def test_a_passed_motion_releases_exactly_once(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)
    motion = put(cast, product)

    decide(cast, motion, by_motion, "yes")
    assert not apply_effect(cast.alliance, motion.code, at=timezone.now())

    product.refresh_from_db()
    assert product.state == ProductState.RELEASED
    (after,) = record(product, "release_product")
    assert after["motion"] == motion.code
    assert count_events(cast, PRODUCT_RELEASED) == 1


def test_a_rejected_motion_declines_with_the_reason_in_both_languages(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)

    motion = put(cast, product)
    decide(cast, motion, by_motion, "no")

    product.refresh_from_db()
    assert (product.state, product.release_proposed_at) == (ProductState.IMPROVING, None)
    point = product.points.get(source=PointSource.DECISION)
    assert motion.code in point.text_en
    assert motion.code in point.text_zh


def test_makers_pilot_firms_and_whoever_stands_aside_have_no_vote(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)
    stand_aside(cast, cast.reviewer_institution, product)

    motion = put(cast, product)

    aside = set(
        MotionElector.objects.of(cast.alliance)
        .filter(motion=motion, recused_at__isnull=False)
        .values_list("institution_id", flat=True)
    )
    assert aside == {cast.author.pk, cast.firms[0].pk, cast.reviewer_institution.pk}
    # On the product's own matter the maker goes on working.
    assert cast.author.pk not in list_recused(cast.alliance, product.matter)


def test_who_comes_to_stand_aside_while_the_vote_is_open_loses_it(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)
    motion = put(cast, product)
    stand_aside(cast, by_motion[0].institution, product)

    follow_conflicts(cast.alliance, product.matter, at=timezone.now())

    assert by_motion[0].institution.pk in list_recused(cast.alliance, release_matter(product.code))
    with pytest.raises(DomainError):
        vote(motion, by_motion[0], "yes")


def test_one_motion_at_a_time_and_only_on_a_proposed_release(cast: Cast, by_motion: list[Voter]) -> None:
    now = timezone.now()
    product = passed(cast)
    draft_release_motion(cast.alliance, product.code, actor=cast.secretary, at=now)

    with pytest.raises(DomainError, match="motion_under_way"):
        draft_release_motion(cast.alliance, product.code, actor=cast.committee, at=now)
    waiting = make_product(cast, ProductState.PILOTING)
    with pytest.raises(DomainError, match="not_proposed"):
        draft_release_motion(cast.alliance, waiting.code, actor=cast.secretary, at=now)
    for actor in (cast.writer, cast.testers[0]):
        with pytest.raises(PermissionRefusedError):
            draft_release_motion(cast.alliance, waiting.code, actor=actor, at=now)


def test_by_another_rule_there_is_no_motion(cast: Cast) -> None:
    product = passed(cast)

    with pytest.raises(DomainError, match="not_by_motion"):
        draft_release_motion(cast.alliance, product.code, actor=cast.secretary, at=timezone.now())


def test_a_withdrawn_motion_can_be_put_again(cast: Cast, by_motion: list[Voter]) -> None:
    product = passed(cast)
    motion = put(cast, product)
    withdraw_motion(cast.alliance, motion.code, reason="typing error", actor=cast.secretary, at=timezone.now())

    decide(cast, put(cast, product), by_motion, "yes")

    product.refresh_from_db()
    assert product.state == ProductState.RELEASED


def test_a_motion_passed_on_a_product_that_was_withdrawn_meanwhile_changes_nothing(
    cast: Cast, by_motion: list[Voter]
) -> None:
    product = passed(cast)
    motion = put(cast, product)
    withdraw_product(cast.alliance, product.code, actor=cast.writer, reason="gone", at=timezone.now())

    decide(cast, motion, by_motion, "yes")

    product.refresh_from_db()
    assert product.state == ProductState.WITHDRAWN
    (after,) = record(product, "release_motion_without_effect")
    assert after["motion"] == motion.code


def test_a_motion_goes_on_when_the_rule_changes_and_holds_the_others_until_it_is_over(
    cast: Cast, by_motion: list[Voter], office_admin: Any
) -> None:
    product = passed(cast)
    motion = put(cast, product)
    set_rules(cast.alliance, actor=office_admin, release_rule="committee", limits={}, at=timezone.now())

    with pytest.raises(DomainError, match="motion_needed"):
        release_product(cast.alliance, product.code, actor=cast.committee, at=timezone.now())
    decide(cast, motion, by_motion, "yes")
    product.refresh_from_db()
    assert product.state == ProductState.RELEASED


@pytest.mark.parametrize("rule", ReleaseRule.values)
@pytest.mark.parametrize("which", ["author", "media", "firm"])
def test_by_no_rule_do_makers_and_pilot_firms_decide(cast: Cast, office_admin: Any, rule: str, which: str) -> None:
    product = passed(cast)
    institution = {"author": cast.author, "media": cast.media, "firm": cast.firms[1]}[which]
    decider = make_staff(cast.alliance, institution, user=cast.committee)
    if which != "firm":
        make_seat(cast.alliance, institution, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    if rule != ReleaseRule.COMMITTEE:
        set_rules(cast.alliance, actor=office_admin, release_rule=rule, limits={}, at=timezone.now())

    with pytest.raises(DomainError) as refusal:
        release_product(cast.alliance, product.code, actor=decider, at=timezone.now())

    assert refusal.value.code in {"separation_of_duties", "motion_needed", "permission_refused"}
    product.refresh_from_db()
    assert product.state == ProductState.PILOTING


def test_the_demonstration_sets_its_rules_once(cast: Cast, office_admin: Any, tmp_path: Path) -> None:
    for _turn in range(2):
        load_rules(cast.alliance, flavour="weaving", data_dir=tmp_path, at=timezone.now())
    load_rules(cast.alliance, flavour="horizon", data_dir=tmp_path, at=timezone.now())

    assert rules_in_force(cast.alliance).version == 2
    assert rules_in_force(cast.alliance).limit_of("piloting") == 5
