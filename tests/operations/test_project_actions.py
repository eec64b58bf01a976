"""Projects: who may plan, change, start, finish and stop them; people, milestones, tasks, deliverables, hours."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, OutboxEvent, User
from members.choices import InstitutionState
from members.models import InstitutionStaff
from members.selectors.duties import list_open_duties
from operations.actions.deliverable import draft_deliverable, remove_deliverable, save_deliverable
from operations.actions.project import (
    ProjectConflictError,
    add_person,
    change_project,
    end_person,
    finish_project,
    hand_over_project,
    leave_project,
    note_late_milestones,
    plan_project,
    reach_milestone,
    reopen_milestone,
    save_milestone,
    start_project,
    stop_project,
)
from operations.actions.project_task import closes_circle, move_task, save_task
from operations.actions.work_hours import confirm_hours, note_hours, strike_hours
from operations.choices import ProductKind, ProjectRole, ProjectState, ReferenceKind, TaskState
from operations.models import Project, ProjectPerson, TaskLink, WorkHours
from operations.selectors.project import hours_by_institution
from operations.tasks import note_late
from tests.factories.operations import make_institution
from tests.factories.projects import (
    ProjectCast,
    make_planned,
    make_project_cast,
    make_running,
    project_values,
    task_values,
    today,
)


@pytest.fixture
def people(act: Alliance) -> ProjectCast:
    """Who meets in a project; the test acts in the alliance."""
    return make_project_cast(act)


def fresh(user: User) -> User:
    """The person without remembered roles."""
    user.__dict__.pop("_grants", None)
    return user


def verbs(project: Project) -> list[str]:
    """What the log says was done with the project, oldest first."""
    rows = AuditEntry.objects.of(project.alliance).filter(object_type="operations.project", object_id=str(project.pk))
    return list(rows.order_by("at", "id").values_list("verb", flat=True))


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    """Payloads of the events owed."""
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


# --------------------------------------------------------------------------------------------------------------- planning


def test_a_person_plans_a_project_for_their_institution_and_leads_it(people: ProjectCast) -> None:
    project = plan_project(
        people.alliance, actor=people.leader, institution_id=people.lead.pk, values=project_values(), at=timezone.now()
    )

    assert project.code == "PR-001"
    assert project.state == ProjectState.PLANNED
    assert [(row.user, row.role) for row in project.present_people] == [(people.leader, ProjectRole.LEADER)]
    assert "plan_project" in verbs(project)


def test_the_secretariat_plans_on_behalf_of_an_institution_without_leading_it(people: ProjectCast) -> None:
    project = plan_project(
        people.alliance, actor=people.secretary, institution_id=people.lead.pk, values=project_values(), at=timezone.now()
    )

    assert project.present_people == []


def test_nobody_plans_for_another_institution(people: ProjectCast) -> None:
    with pytest.raises(PermissionRefusedError):
        plan_project(
            people.alliance, actor=people.outsider, institution_id=people.lead.pk, values=project_values(), at=timezone.now()
        )


def test_an_institution_of_another_alliance_is_not_found(people: ProjectCast, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance)

    with pytest.raises(NotFoundError):
        plan_project(
            people.alliance, actor=people.secretary, institution_id=theirs.pk, values=project_values(), at=timezone.now()
        )


def test_an_institution_that_is_not_active_plans_nothing(people: ProjectCast) -> None:
    people.lead.state = InstitutionState.SUSPENDED
    people.lead.save()

    with pytest.raises(InvalidInputError, match="not an active member"):
        plan_project(
            people.alliance,
            actor=people.secretary,
            institution_id=people.lead.pk,
            values=project_values(),
            at=timezone.now(),
        )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_en": "", "title_zh": " "}, "title_en"),
        ({"starts_on": None}, "starts_on"),
        ({"ends_on": today() - timedelta(days=90)}, "ends_on"),
        ({"ends_on": today() + timedelta(days=5000)}, "ends_on"),
        ({"title_en": "x" * 201}, "title_en"),
    ],
)
def test_a_project_needs_a_title_and_days_that_fit(people: ProjectCast, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        plan_project(
            people.alliance,
            actor=people.leader,
            institution_id=people.lead.pk,
            values=project_values(**wrong),
            at=timezone.now(),
        )

    assert field in refused.value.fields


def test_two_people_who_change_a_project_at_once_do_not_overwrite_each_other(people: ProjectCast) -> None:
    project = make_planned(people)
    change_project(
        people.alliance, project.code, actor=people.leader, values={"title_en": "One"}, revision=1, at=timezone.now()
    )

    with pytest.raises(ProjectConflictError) as refused:
        change_project(
            people.alliance, project.code, actor=people.colleague, values={"title_en": "Two"}, revision=1, at=timezone.now()
        )

    assert refused.value.theirs["title_en"] == "One"


def test_a_project_does_not_become_shorter_than_its_plan(people: ProjectCast) -> None:
    project = make_running(people)

    with pytest.raises(InvalidInputError, match="lasts until"):
        change_project(
            people.alliance,
            project.code,
            actor=people.leader,
            values={"ends_on": today()},
            revision=1,
            at=timezone.now(),
        )


@pytest.mark.parametrize("who", ["worker", "other", "outsider", "secretary"])
def test_only_the_leading_institution_and_named_leaders_change_a_project(people: ProjectCast, who: str) -> None:
    project = make_planned(people)

    with pytest.raises(PermissionRefusedError):
        change_project(
            people.alliance,
            project.code,
            actor=getattr(people, who),
            values={"title_en": "Mine"},
            revision=1,
            at=timezone.now(),
        )


def test_a_leader_of_another_institution_changes_the_project_while_they_act_for_it(people: ProjectCast) -> None:
    project = make_planned(people)
    now = timezone.now()
    add_person(
        people.alliance,
        project.code,
        user=people.worker,
        institution_id=people.partner.pk,
        role=ProjectRole.LEADER,
        actor=people.leader,
        at=now,
    )

    change_project(people.alliance, project.code, actor=people.worker, values={"title_en": "A"}, revision=1, at=now)
    InstitutionStaff.objects.filter(user=people.worker).update(ends_at=now - timedelta(hours=1))

    with pytest.raises(PermissionRefusedError):
        change_project(
            people.alliance, project.code, actor=fresh(people.worker), values={"title_en": "B"}, revision=2, at=now
        )


# ------------------------------------------------------------------------------------------------------------------ steps


def test_a_project_starts_with_a_leader_and_something_planned(people: ProjectCast) -> None:
    project = make_planned(people)

    with pytest.raises(DomainError, match="a task or a milestone"):
        start_project(people.alliance, project.code, actor=people.leader, at=timezone.now())

    save_task(people.alliance, project.code, values=task_values(), actor=people.leader, at=timezone.now())
    start_project(people.alliance, project.code, actor=people.leader, at=timezone.now())

    project.refresh_from_db()
    assert project.state == ProjectState.RUNNING
    assert events(people.alliance, "operations.project_state_changed") == [
        {"project": project.code, "before": "planned", "after": "running"}
    ]
    with pytest.raises(TransitionRefusedError):
        start_project(people.alliance, project.code, actor=people.leader, at=timezone.now())


def test_a_project_finishes_once_nothing_is_open(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()

    with pytest.raises(DomainError, match="1 open task; 1 milestone not reached") as refused:
        finish_project(people.alliance, project.code, actor=people.leader, at=now)
    assert refused.value.code == "project_unfinished"

    move_task(people.alliance, project.code, 1, "complete", actor=people.worker, at=now)
    reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)
    finish_project(people.alliance, project.code, actor=people.leader, at=now)

    project.refresh_from_db()
    assert project.state == ProjectState.FINISHED
    with pytest.raises(DomainError, match="is over"):
        save_task(people.alliance, project.code, values=task_values(), actor=people.leader, at=now)


def test_the_secretariat_stops_a_project_with_the_reason_and_its_people_are_told(people: ProjectCast) -> None:
    project = make_running(people)

    with pytest.raises(InvalidInputError, match="Say why"):
        stop_project(people.alliance, project.code, reason=" ", actor=people.secretary, at=timezone.now())
    stop_project(people.alliance, project.code, reason="No money.", actor=people.secretary, at=timezone.now())

    project.refresh_from_db()
    assert (project.state, project.end_reason) == (ProjectState.STOPPED, "No money.")
    with pytest.raises(PermissionRefusedError):
        stop_project(people.alliance, project.code, reason="x", actor=people.worker, at=timezone.now())


def test_nobody_of_another_alliance_meets_a_project(people: ProjectCast, other_alliance: Alliance) -> None:
    project = make_running(people)

    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        stop_project(other_alliance, project.code, reason="x", actor=people.secretary, at=timezone.now())


# ----------------------------------------------------------------------------------------------------------------- people


def test_a_person_works_for_an_institution_they_act_for(people: ProjectCast) -> None:
    project = make_planned(people)

    with pytest.raises(InvalidInputError, match="does not act for"):
        add_person(
            people.alliance,
            project.code,
            user=people.outsider,
            institution_id=people.partner.pk,
            actor=people.leader,
            at=timezone.now(),
        )


def test_a_running_project_keeps_a_leader(people: ProjectCast) -> None:
    project = make_running(people)
    leader = ProjectPerson.objects.get(project=project, user=people.leader)

    with pytest.raises(DomainError, match="lead a running project"):
        end_person(people.alliance, project.code, leader.pk, actor=people.colleague, at=timezone.now())
    with pytest.raises(DomainError, match="lead a running project"):
        add_person(
            people.alliance,
            project.code,
            user=people.leader,
            institution_id=people.lead.pk,
            role=ProjectRole.MEMBER,
            actor=people.colleague,
            at=timezone.now(),
        )


def test_who_leaves_a_project_leaves_their_open_tasks_without_an_owner(people: ProjectCast) -> None:
    project = make_running(people)
    part = ProjectPerson.objects.get(project=project, user=people.worker)
    save_task(people.alliance, project.code, 1, values=task_values(owner=part.pk), actor=people.leader, at=timezone.now())

    end_person(people.alliance, project.code, part.pk, actor=people.worker, at=timezone.now())

    assert project.tasks.get(number=1).owner is None
    with pytest.raises(NotFoundError):
        end_person(people.alliance, project.code, part.pk, actor=people.leader, at=timezone.now())


def test_a_leaving_institution_hands_its_projects_over_and_ends_its_parts(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()

    duties = {duty.key: duty for duty in list_open_duties(people.alliance, people.lead, now)}
    assert duties[f"project:{project.code}"].needs_successor
    hand_over = duties[f"project:{project.code}"].hand_over
    assert hand_over is not None
    hand_over(people.partner, actor=people.secretary, at=now)

    project = Project.objects.get(pk=project.pk)
    assert project.lead == people.partner
    assert {row.institution_id for row in project.present_people} == {people.partner.pk}
    assert not [duty for duty in list_open_duties(people.alliance, people.lead, now) if duty.key.startswith("project")]


def test_a_partner_that_leaves_ends_its_parts_only(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()
    duties = {duty.key: duty for duty in list_open_duties(people.alliance, people.partner, now)}
    assert duties[f"project-part:{project.code}"].cannot_move

    with pytest.raises(DomainError, match="leads"):
        leave_project(people.alliance, project.code, people.lead.pk, actor=people.secretary, at=now)
    leave_project(people.alliance, project.code, people.partner.pk, actor=people.secretary, at=now)

    assert {row.institution_id for row in Project.objects.get(pk=project.pk).present_people} == {people.lead.pk}


def test_a_project_is_not_given_to_who_leads_it_or_by_who_does_not(people: ProjectCast) -> None:
    project = make_running(people)

    with pytest.raises(InvalidInputError, match="leads the project already"):
        hand_over_project(people.alliance, project.code, to=people.lead.pk, actor=people.leader, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        hand_over_project(people.alliance, project.code, to=people.partner.pk, actor=people.worker, at=timezone.now())


# ------------------------------------------------------------------------------------------------------------- milestones


def test_a_milestone_is_reached_once_its_tasks_are_done(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()
    save_task(people.alliance, project.code, 1, values=task_values(milestone=1), actor=people.leader, at=now)

    with pytest.raises(DomainError, match="1 Survey"):
        reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)
    move_task(people.alliance, project.code, 1, "complete", actor=people.worker, at=now)
    reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)

    (payload,) = events(people.alliance, "operations.milestone_reached")
    assert (payload["project"], payload["reached_on"]) == (project.code, today().isoformat())
    with pytest.raises(DomainError, match="was reached"):
        reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)
    with pytest.raises(DomainError, match="stays as it is"):
        save_milestone(
            people.alliance, project.code, 1, values={"name_en": "x", "due_on": today()}, actor=people.leader, at=now
        )
    with pytest.raises(DomainError, match="was reached"):
        move_task(people.alliance, project.code, 1, "begin", actor=people.worker, at=now)


def test_a_mark_is_taken_back_with_the_reason(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()
    reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)

    reopen_milestone(people.alliance, project.code, 1, reason="Report missing", actor=people.leader, at=now)

    assert project.milestones.get().reached_on is None
    assert len(events(people.alliance, "operations.milestone_reopened")) == 1
    with pytest.raises(DomainError, match="not reached"):
        reopen_milestone(people.alliance, project.code, 1, reason="x", actor=people.leader, at=now)


@pytest.mark.parametrize("days", [1, -50])
def test_a_milestone_is_not_reached_in_the_future_or_before_the_project(people: ProjectCast, days: int) -> None:
    project = make_running(people)

    with pytest.raises(InvalidInputError):
        reach_milestone(
            people.alliance,
            project.code,
            1,
            reached_on=today() + timedelta(days=days),
            actor=people.leader,
            at=timezone.now(),
        )


def test_a_milestone_lies_inside_its_project(people: ProjectCast) -> None:
    project = make_planned(people)

    with pytest.raises(InvalidInputError, match="The project runs from"):
        save_milestone(
            people.alliance,
            project.code,
            values={"name_en": "x", "due_on": today() + timedelta(days=900)},
            actor=people.leader,
            at=timezone.now(),
        )


def test_a_late_milestone_is_told_once_however_often_the_task_runs(people: ProjectCast) -> None:
    project = make_running(people, due_in=-3)

    assert [note_late(people.alliance.pk) for _run in range(3)] == [1, 0, 0]

    (payload,) = events(people.alliance, "operations.milestone_late")
    assert payload["project"] == project.code
    assert payload["milestone"] == project.milestones.get().pk
    assert verbs(project).count("milestone_late") == 1
    item = InboxItem.objects.of(people.alliance).get(kind="milestone_late")
    assert item.institution_id == people.lead.pk
    InboxItem.objects.filter(pk=item.pk).update(done_at=timezone.now())  # ticked off: it was told all the same
    assert note_late_milestones(people.alliance, project.pk, at=timezone.now()) == 0


def test_a_new_day_that_passes_is_told_again_and_reaching_it_settles_the_inbox(people: ProjectCast) -> None:
    project = make_running(people, due_in=-3)
    now = timezone.now()
    note_late_milestones(people.alliance, project.pk, at=now)
    save_milestone(
        people.alliance,
        project.code,
        1,
        values={"name_en": "First results", "due_on": today() + timedelta(days=5)},
        actor=people.leader,
        at=now,
    )

    assert not InboxItem.objects.of(people.alliance).filter(kind="milestone_late", done_at__isnull=True).exists()
    assert note_late_milestones(people.alliance, project.pk, at=now) == 0
    assert note_late_milestones(people.alliance, project.pk, at=now + timedelta(days=7)) == 1
    reach_milestone(people.alliance, project.code, 1, reached_on=today(), actor=people.leader, at=now)
    assert not InboxItem.objects.of(people.alliance).filter(kind="milestone_late", done_at__isnull=True).exists()


def test_milestones_of_a_planned_project_are_not_late(people: ProjectCast) -> None:
    project = make_planned(people)
    save_milestone(
        people.alliance,
        project.code,
        values={"name_en": "x", "due_on": today() - timedelta(days=2)},
        actor=people.leader,
        at=timezone.now(),
    )

    assert note_late_milestones(people.alliance, project.pk, at=timezone.now()) == 0


# ------------------------------------------------------------------------------------------------------------------ tasks


def test_a_task_waits_for_another_until_that_is_done_or_dropped(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()
    save_task(
        people.alliance, project.code, values=task_values(name_en="Report"), waits_for=[1], actor=people.leader, at=now
    )

    with pytest.raises(DomainError, match="waits for: 1 Survey"):
        move_task(people.alliance, project.code, 2, "begin", actor=people.worker, at=now)
    move_task(people.alliance, project.code, 1, "drop", actor=people.leader, at=now)
    move_task(people.alliance, project.code, 2, "begin", actor=people.worker, at=now)

    assert project.tasks.get(number=2).state == TaskState.DOING


def test_members_say_how_far_tasks_are_but_do_not_drop_them(people: ProjectCast) -> None:
    project = make_running(people)
    now = timezone.now()

    move_task(people.alliance, project.code, 1, "begin", actor=people.worker, at=now)
    with pytest.raises(PermissionRefusedError):
        move_task(people.alliance, project.code, 1, "drop", actor=people.worker, at=now)
    with pytest.raises(PermissionRefusedError):
        move_task(people.alliance, project.code, 1, "complete", actor=people.other, at=now)
    with pytest.raises(TransitionRefusedError):
        move_task(people.alliance, project.code, 1, "begin", actor=people.worker, at=now)
    with pytest.raises(NotFoundError):
        move_task(people.alliance, project.code, 9, "begin", actor=people.worker, at=now)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name_en": ""}, "name_en"),
        ({"ends_on": today() - timedelta(days=9)}, "ends_on"),
        ({"ends_on": today() + timedelta(days=900)}, "ends_on"),
        ({"planned_hours": Decimal(0)}, "planned_hours"),
        ({"owner": 987_654}, "owner"),
        ({"milestone": 77}, "milestone"),
    ],
)
def test_a_task_has_a_name_a_span_inside_and_an_owner_of_the_project(
    people: ProjectCast, wrong: dict[str, Any], field: str
) -> None:
    project = make_planned(people)

    with pytest.raises(InvalidInputError) as refused:
        save_task(people.alliance, project.code, values=task_values(**wrong), actor=people.leader, at=timezone.now())

    assert field in refused.value.fields


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.tuples(st.integers(1, 6), st.sets(st.integers(1, 6), max_size=3)), max_size=14))
def test_tasks_never_wait_for_each_other_in_a_circle(people: ProjectCast, wishes: list[tuple[int, set[int]]]) -> None:
    project = make_planned(people)
    now = timezone.now()
    for _number in range(6):
        save_task(people.alliance, project.code, values=task_values(), actor=people.leader, at=now)

    for number, waits_for in wishes:
        try:
            save_task(
                people.alliance,
                project.code,
                number,
                values=task_values(),
                waits_for=waits_for,
                actor=people.leader,
                at=now,
            )
        except InvalidInputError as refused:
            assert refused.code == "circular"  # noqa: PT017 - the only refusal there may be

    waiting = {row.number: set(row.links_before.values_list("before__number", flat=True)) for row in project.tasks.all()}
    while free := [number for number, before in waiting.items() if not before]:
        for number in free:
            del waiting[number]
        for before in waiting.values():
            before.difference_update(free)
    assert not waiting


@given(st.sets(st.tuples(st.integers(1, 7), st.integers(1, 7)), max_size=15), st.integers(1, 7), st.integers(1, 7))
def test_a_circle_is_found_as_by_walking_every_way(links: set[tuple[int, int]], before: int, after: int) -> None:
    reach = {after}
    for _round in range(8):
        reach |= {second for first, second in links if first in reach}

    assert closes_circle(links, before, after) == (before in reach)


def test_saving_a_task_again_replaces_what_it_waits_for(people: ProjectCast) -> None:
    project = make_planned(people)
    now = timezone.now()
    for _number in range(3):
        save_task(people.alliance, project.code, values=task_values(), actor=people.leader, at=now)
    save_task(people.alliance, project.code, 3, values=task_values(), waits_for=[1], actor=people.leader, at=now)
    save_task(people.alliance, project.code, 3, values=task_values(), waits_for=[2], actor=people.leader, at=now)

    assert list(TaskLink.objects.values_list("before__number", "after__number")) == [(2, 3)]


# ----------------------------------------------------------------------------------------------------------- deliverables


def deliverable(people: ProjectCast, project: Project) -> None:
    """A guide that the project owes."""
    save_deliverable(
        people.alliance,
        project.code,
        values={"name_en": "Guide to salt-free dyeing", "kind": ProductKind.GUIDE, "due_on": today() + timedelta(days=60)},
        actor=people.leader,
        at=timezone.now(),
    )


def test_what_a_project_owes_becomes_a_draft_linked_both_ways(people: ProjectCast) -> None:
    project = make_running(people)
    deliverable(people, project)

    product = draft_deliverable(
        people.alliance, project.code, 1, institution_id=people.lead.pk, actor=people.leader, at=timezone.now()
    )

    assert (product.author, product.kind, product.title_en) == (people.lead, ProductKind.GUIDE, "Guide to salt-free dyeing")
    assert project.deliverables.get().product == product
    assert list(product.references.values_list("kind", "code")) == [(ReferenceKind.PROJECT, project.code)]
    assert events(people.alliance, "operations.deliverable_drafted") == [
        {"project": project.code, "position": 1, "product": product.code}
    ]
    with pytest.raises(DomainError, match="became the product"):
        draft_deliverable(
            people.alliance, project.code, 1, institution_id=people.lead.pk, actor=people.leader, at=timezone.now()
        )
    with pytest.raises(DomainError, match="became the product"):
        remove_deliverable(people.alliance, project.code, 1, actor=people.leader, at=timezone.now())


def test_only_an_institution_of_the_project_with_a_seat_drafts_what_is_owed(people: ProjectCast) -> None:
    project = make_running(people)
    deliverable(people, project)

    with pytest.raises(PermissionRefusedError):
        draft_deliverable(
            people.alliance, project.code, 1, institution_id=people.lead.pk, actor=people.outsider, at=timezone.now()
        )
    with pytest.raises(PermissionRefusedError):  # the partner has no seat in the wisdom group
        draft_deliverable(
            people.alliance, project.code, 1, institution_id=people.partner.pk, actor=people.worker, at=timezone.now()
        )
    third = make_institution(people.alliance)
    with pytest.raises(InvalidInputError, match="works in the project"):
        draft_deliverable(people.alliance, project.code, 1, institution_id=third.pk, actor=people.leader, at=timezone.now())


def test_a_deliverable_that_is_no_product_is_changed_and_taken_out(people: ProjectCast) -> None:
    project = make_planned(people)
    deliverable(people, project)
    save_deliverable(
        people.alliance,
        project.code,
        1,
        values={"name_en": "Tool", "kind": ProductKind.TOOL, "due_on": today()},
        actor=people.leader,
        at=timezone.now(),
    )

    assert project.deliverables.get().kind == ProductKind.TOOL
    remove_deliverable(people.alliance, project.code, 1, actor=people.leader, at=timezone.now())
    assert not project.deliverables.exists()


# ------------------------------------------------------------------------------------------------------------------ hours


def note(people: ProjectCast, project: Project, hours: str = "4", *, who: str = "worker", days: int = 0) -> WorkHours:
    """Hours of somebody on a day."""
    return note_hours(
        people.alliance,
        project.code,
        day=today() - timedelta(days=days),
        hours=hours,
        actor=getattr(people, who),
        at=timezone.now(),
    )


def test_hours_count_once_another_person_has_confirmed_them(people: ProjectCast) -> None:
    project = make_running(people)
    entry = note(people, project, "7.5")

    with pytest.raises(SeparationOfDutiesError):
        confirm_hours(people.alliance, project.code, entry.pk, actor=people.worker, at=timezone.now())
    (line,) = hours_by_institution(project)
    assert (line.confirmed, line.waiting) == (Decimal(0), Decimal("7.50"))

    confirm_hours(people.alliance, project.code, entry.pk, actor=people.leader, at=timezone.now())

    (line,) = hours_by_institution(project)
    assert (line.institution, line.confirmed, line.waiting) == (people.partner, Decimal("7.50"), Decimal(0))
    (payload,) = events(people.alliance, "operations.work_hours_confirmed")
    assert (payload["institution"], payload["hours"]) == (people.partner.code, "7.50")
    with pytest.raises(DomainError, match="already"):
        confirm_hours(people.alliance, project.code, entry.pk, actor=people.leader, at=timezone.now())


def test_struck_hours_stay_to_be_read_and_count_no_longer(people: ProjectCast) -> None:
    project = make_running(people)
    entry = note(people, project, "20")

    with pytest.raises(InvalidInputError, match="Say why"):
        strike_hours(people.alliance, project.code, entry.pk, reason="", actor=people.worker, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        strike_hours(people.alliance, project.code, entry.pk, reason="x", actor=people.other, at=timezone.now())
    strike_hours(people.alliance, project.code, entry.pk, reason="Wrong day", actor=people.worker, at=timezone.now())

    assert WorkHours.objects.get(pk=entry.pk).struck_at is not None
    assert hours_by_institution(project) == []
    note(people, project, "24")
    with pytest.raises(DomainError, match="already"):
        strike_hours(people.alliance, project.code, entry.pk, reason="x", actor=people.leader, at=timezone.now())


@pytest.mark.parametrize("hours", ["0", "-1", "24.01", "1.005", "many", "NaN", "Infinity"])
def test_hours_are_more_than_none_and_at_most_a_day(people: ProjectCast, hours: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        note(people, make_running(people), hours)

    assert "hours" in refused.value.fields


@pytest.mark.parametrize("days", [-1, 60])
def test_hours_are_noted_neither_in_advance_nor_before_the_part_began(people: ProjectCast, days: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        note(people, make_running(people), days=days)

    assert "day" in refused.value.fields


@pytest.mark.parametrize("who", ["colleague", "other", "outsider", "secretary"])
def test_only_people_named_in_the_project_note_hours(people: ProjectCast, who: str) -> None:
    with pytest.raises(PermissionRefusedError):
        note(people, make_running(people), who=who)


def test_a_project_that_does_not_run_takes_no_hours(people: ProjectCast) -> None:
    with pytest.raises(DomainError, match="not running"):
        note(people, make_planned(people))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 1),
            st.decimals(Decimal("0.25"), Decimal(24), places=2),
            st.booleans(),
        ),
        max_size=10,
    )
)
def test_nobody_has_more_than_24_hours_on_a_day_over_all_projects(
    people: ProjectCast, acts: list[tuple[int, int, Decimal, bool]]
) -> None:
    projects = [make_running(people), make_running(people)]
    WorkHours.objects.all().delete()

    for place, days, hours, strikes in acts:
        try:
            entry = note(people, projects[place], str(hours), days=days)
        except InvalidInputError as refused:
            assert refused.code == "day_full"  # noqa: PT017 - the only refusal there may be
        else:
            if strikes:
                strike_hours(
                    people.alliance, projects[place].code, entry.pk, reason="x", actor=people.worker, at=timezone.now()
                )

    for days in (0, 1):
        noted = WorkHours.objects.filter(struck_at__isnull=True, day=today() - timedelta(days=days))
        assert sum(row.hours for row in noted) <= 24
