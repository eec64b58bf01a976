"""Meetings: agenda, papers, attendance, minutes and what they ask for (S22)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import ActionState, AttendanceState, MeetingState, MinutesState


class Meeting(TenantModel):
    """A meeting of a group or, with ``group`` empty, of the assembly."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    group = TenantForeignKey("groups.VirtualGroup", null=True, blank=True, on_delete=models.PROTECT, related_name="meetings")
    state = models.CharField(_("state"), max_length=10, choices=MeetingState.choices, default=MeetingState.PLANNED)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    place = models.CharField(_("place"), max_length=200, blank=True, default="")
    link = models.URLField(_("link for taking part"), blank=True, default="")
    quorum_numerator = models.PositiveSmallIntegerField(_("quorum"), default=2)
    quorum_denominator = models.PositiveSmallIntegerField(default=3)
    convened_at = models.DateTimeField(_("invitation sent"), null=True, blank=True)
    began_at = models.DateTimeField(_("began"), null=True, blank=True)
    """When the chair opened it; ``starts_at`` is the time of the invitation."""
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    cancel_reason = models.CharField(_("why it was cancelled"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField()

    objects = TenantQuerySet["Meeting"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="meeting_code_once"),
            models.CheckConstraint(condition=Q(state__in=MeetingState.values), name="meeting_state_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="meeting_forward"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="meeting_has_a_title"),
            models.CheckConstraint(
                condition=Q(quorum_denominator__gte=1, quorum_numerator__lte=models.F("quorum_denominator")),
                name="meeting_quorum_a_fraction",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "-starts_at", "-id"], name="meeting_newest"),
            models.Index(fields=["alliance", "group", "-starts_at"], name="meeting_of_group"),
        ]

    def __str__(self) -> str:
        return self.code


class AgendaItem(TenantModel):
    """One item of an agenda; ``matter`` names what conflicts of interest are about."""

    meeting = TenantForeignKey(Meeting, on_delete=models.CASCADE, related_name="agenda")
    number = models.PositiveSmallIntegerField(_("number"))
    title_en = models.CharField(_("title in English"), max_length=300, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=300, blank=True, default="")
    matter = models.CharField(_("matter"), max_length=80, blank=True, default="")
    presenter = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="agenda_items")
    minutes_of_time = models.PositiveSmallIntegerField(_("minutes planned"), null=True, blank=True)

    objects = TenantQuerySet["AgendaItem"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "meeting", "number"], name="agenda_item_number_once"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="agenda_item_has_a_title"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.number}"


class MeetingPaper(TenantModel):
    """A paper for an agenda item; who stands aside on the item's matter cannot open a confidential one."""

    item = TenantForeignKey(AgendaItem, on_delete=models.CASCADE, related_name="papers")
    file = TenantForeignKey("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    is_confidential = models.BooleanField(_("confidential"), default=True)
    added_at = models.DateTimeField()

    objects = TenantQuerySet["MeetingPaper"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "item", "file"], name="meeting_paper_file_once")]

    def __str__(self) -> str:
        return self.title


class Attendance(TenantModel):
    """An institution's part in a meeting."""

    meeting = TenantForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendance")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who came for it."""
    has_vote = models.BooleanField(_("entitled to vote"), default=True)
    state = models.CharField(_("attendance"), max_length=8, choices=AttendanceState.choices, default=AttendanceState.INVITED)
    note = models.CharField(_("remark"), max_length=200, blank=True, default="")
    """What the institution said with its answer."""
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = TenantQuerySet["Attendance"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "meeting", "institution"], name="attendance_once"),
            models.CheckConstraint(condition=Q(state__in=AttendanceState.values), name="attendance_state_known"),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "meeting"], name="attendance_of")]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.institution_id}"


class Minutes(TenantModel):
    """A version of a meeting's minutes; read-only from approval on."""

    meeting = TenantForeignKey(Meeting, on_delete=models.PROTECT, related_name="minutes")
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=MinutesState.choices, default=MinutesState.DRAFT)
    body_en = models.TextField(_("text in English"), blank=True, default="")
    body_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    facts = models.JSONField(default=dict)
    """Frozen at approval: attendance, quorum, recusals, proxies, results of motions, head of the audit tree."""
    reason = models.CharField(_("reason of the new version"), max_length=300, blank=True, default="")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    circulated_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the canonical form of texts and facts at approval, in hex."""

    objects = TenantQuerySet["Minutes"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "meeting", "version"], name="minutes_version_once"),
            models.CheckConstraint(condition=Q(state__in=MinutesState.values), name="minutes_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[MinutesState.DRAFT, MinutesState.CIRCULATED])
                | (Q(approved_at__isnull=False) & ~Q(digest="")),
                name="minutes_approved_are_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} v{self.version}"


class MinutesComment(TenantModel):
    """A member's remark on circulated minutes."""

    minutes = TenantForeignKey(Minutes, on_delete=models.CASCADE, related_name="comments")
    institution = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("remark"))
    made_at = models.DateTimeField()

    objects = TenantQuerySet["MinutesComment"].as_manager()

    def __str__(self) -> str:
        return f"{self.minutes_id} {self.user_id}"


class MeetingAction(TenantModel):
    """Something minutes ask somebody to do; it waits in the inbox until done."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = TenantForeignKey(Meeting, on_delete=models.PROTECT, related_name="actions")
    item = TenantForeignKey(AgendaItem, null=True, blank=True, on_delete=models.PROTECT, related_name="actions")
    motion = TenantForeignKey("groups.Motion", null=True, blank=True, on_delete=models.PROTECT, related_name="actions")
    text_en = models.CharField(_("in English"), max_length=300, blank=True, default="")
    text_zh = models.CharField(_("in Chinese"), max_length=300, blank=True, default="")
    institution = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who does it; empty: the secretariat."""
    due_on = models.DateField(_("due"))
    state = models.CharField(_("state"), max_length=8, choices=ActionState.choices, default=ActionState.OPEN)
    outcome = models.CharField(_("what became of it"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    is_public = models.BooleanField(_("shown in the public register of decisions"), default=False)

    objects = TenantQuerySet["MeetingAction"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ActionState.values), name="meeting_action_state_known"),
            models.CheckConstraint(condition=~Q(text_en="") | ~Q(text_zh=""), name="meeting_action_says_something"),
        ]
        indexes = [
            models.Index(fields=["alliance", "state", "due_on", "id"], name="meeting_action_due"),
            models.Index(fields=["alliance", "institution", "state"], name="meeting_action_of"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
