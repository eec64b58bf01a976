"""Projects: plan, people of several institutions, deliverables that become products, hours."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import ProductKind, ProjectRole, ProjectState, TaskState


class Project(TenantModel):
    """Joint work with a plan (blueprint section 6; Zheng2018: project research)."""

    code = models.SlugField(_("code"), max_length=40)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    aim_en = models.TextField(_("aim in English"), blank=True, default="")
    aim_zh = models.TextField(_("aim in Chinese"), blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=ProjectState.choices, default=ProjectState.PLANNED)
    lead = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="led_projects")
    consortium = TenantForeignKey(
        "groups.Consortium", null=True, blank=True, on_delete=models.PROTECT, related_name="projects"
    )
    starts_on = models.DateField(_("start"))
    ends_on = models.DateField(_("end"))
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    state_since = models.DateTimeField()
    end_reason = models.CharField(_("why it was stopped"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["Project"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="project_code_once"),
            models.CheckConstraint(condition=Q(state__in=ProjectState.values), name="project_state_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="project_ends_after_start"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="project_has_a_title"),
        ]
        indexes = [models.Index(fields=["alliance", "state", "-created_at", "-id"], name="project_by_state")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @cached_property
    def present_people(self) -> list[ProjectPerson]:
        """People with a part that has not ended, leaders first; one query, or none where ``people`` is prefetched."""
        present = [person for person in self.people.all() if person.until is None]
        return sorted(present, key=lambda person: (person.role != ProjectRole.LEADER, person.since, person.pk))

    @property
    def institution_ids(self) -> set[int]:
        """Institutions that lead the project or have people in it."""
        return {self.lead_id} | {person.institution_id for person in self.present_people}

    @property
    def is_open(self) -> bool:
        """Whether its plan may still change."""
        return self.state in {ProjectState.PLANNED, ProjectState.RUNNING}

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class ProjectPerson(TenantModel):
    """A person in a project, for an institution, for a time; the institutions of a project are those of its people."""

    project = TenantForeignKey(Project, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="project_people")
    role = models.CharField(_("part"), max_length=6, choices=ProjectRole.choices, default=ProjectRole.MEMBER)
    words = models.CharField(_("what they do"), max_length=200, blank=True, default="")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ProjectPerson"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "project", "user"], condition=Q(until__isnull=True), name="project_person_once"
            ),
            models.CheckConstraint(condition=Q(role__in=ProjectRole.values), name="project_person_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.role}"


class Milestone(TenantModel):
    """A day on which something must stand."""

    project = TenantForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    position = models.PositiveSmallIntegerField()
    name_en = models.CharField(_("milestone in English"), max_length=200, blank=True, default="")
    name_zh = models.CharField(_("milestone in Chinese"), max_length=200, blank=True, default="")
    due_on = models.DateField(_("due"))
    reached_on = models.DateField(_("reached on"), null=True, blank=True)
    reached_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet["Milestone"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "project", "position"], name="milestone_place_once"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="milestone_has_a_name"),
        ]
        indexes = [models.Index(fields=["alliance", "due_on"], name="milestone_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class ProjectTask(TenantModel):
    """A piece of work with a span, one person who answers for it, and the tasks it waits for."""

    project = TenantForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveSmallIntegerField()
    name_en = models.CharField(_("task in English"), max_length=200, blank=True, default="")
    name_zh = models.CharField(_("task in Chinese"), max_length=200, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=TaskState.choices, default=TaskState.TO_DO)
    starts_on = models.DateField(_("start"))
    ends_on = models.DateField(_("end"))
    owner = TenantForeignKey(ProjectPerson, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    milestone = TenantForeignKey(Milestone, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks")
    planned_hours = models.DecimalField(_("planned hours"), max_digits=7, decimal_places=2, null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ProjectTask"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "project", "number"], name="project_task_number_once"),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="project_task_state_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="project_task_ends_after_start"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="project_task_has_a_name"),
            models.CheckConstraint(
                condition=Q(planned_hours__isnull=True) | Q(planned_hours__gt=0), name="project_task_hours_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class TaskLink(TenantModel):
    """A task that waits for another one of its project; a circle is refused by the action."""

    before = TenantForeignKey(ProjectTask, on_delete=models.CASCADE, related_name="links_after")
    after = TenantForeignKey(ProjectTask, on_delete=models.CASCADE, related_name="links_before")

    objects = TenantQuerySet["TaskLink"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "before", "after"], name="task_link_once"),
            models.CheckConstraint(condition=~Q(before=F("after")), name="task_link_between_two"),
        ]

    def __str__(self) -> str:
        return f"{self.before_id} > {self.after_id}"


class Deliverable(TenantModel):
    """Something a project owes; it becomes a product of the pipeline."""

    project = TenantForeignKey(Project, on_delete=models.CASCADE, related_name="deliverables")
    position = models.PositiveSmallIntegerField()
    name_en = models.CharField(_("deliverable in English"), max_length=200, blank=True, default="")
    name_zh = models.CharField(_("deliverable in Chinese"), max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=20, choices=ProductKind.choices)
    due_on = models.DateField(_("due"))
    milestone = TenantForeignKey(Milestone, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliverables")
    product = TenantForeignKey(
        "operations.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="deliverables"
    )

    objects = TenantQuerySet["Deliverable"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "project", "position"], name="deliverable_place_once"),
            models.CheckConstraint(condition=Q(kind__in=ProductKind.values), name="deliverable_kind_known"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="deliverable_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.name_zh or self.name_en
        return self.name_en or self.name_zh


class WorkHours(TenantModel):
    """Hours a person worked in a project on a day; confirmed by another person, then they count."""

    person = TenantForeignKey(ProjectPerson, on_delete=models.PROTECT, related_name="hours")
    task = TenantForeignKey(ProjectTask, null=True, blank=True, on_delete=models.PROTECT, related_name="hours")
    day = models.DateField(_("day"))
    hours = models.DecimalField(_("hours"), max_digits=4, decimal_places=2)
    words = models.CharField(_("what was done"), max_length=300, blank=True, default="")
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    struck_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["WorkHours"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hours__gt=0, hours__lte=24), name="work_hours_of_a_day"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("noted_by")), name="work_hours_second_person"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "person", "-day", "-id"], name="work_hours_of_person")]

    def __str__(self) -> str:
        return f"{self.day} {self.hours}"
