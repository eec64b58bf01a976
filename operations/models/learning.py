"""Learning: courses, sessions with attendance, credits, certificates, paths (AllianceCase2013, learning mechanism)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from operations.choices import AssessmentMark, AttendanceMark, EnrolmentState, LearningForm, SessionState


class Course(TenantModel):
    """Something that can be learnt, however often it is held."""

    code = models.SlugField(_("code"), max_length=40)
    form = models.CharField(_("form"), max_length=8, choices=LearningForm.choices)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    aim_en = models.TextField(_("what is learnt, in English"), blank=True, default="")
    aim_zh = models.TextField(_("what is learnt, in Chinese"), blank=True, default="")
    credits = models.DecimalField(_("credits"), max_digits=5, decimal_places=2)
    is_assessed = models.BooleanField(_("credits only after an assessment"), default=True)
    valid_months = models.PositiveSmallIntegerField(_("certificate valid for months"), null=True, blank=True)
    """None: it does not lapse."""
    host = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="courses")
    product = TenantForeignKey("operations.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="courses")
    is_offered = models.BooleanField(_("offered"), default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = TenantQuerySet["Course"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="course_code_once"),
            models.CheckConstraint(condition=Q(form__in=LearningForm.values), name="course_form_known"),
            models.CheckConstraint(condition=Q(credits__gt=0), name="course_credits_positive"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="course_has_a_title"),
        ]
        indexes = [models.Index(fields=["alliance", "-created_at", "-id"], name="course_newest")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class CourseSession(TenantModel):
    """One time a course is held."""

    course = TenantForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(_("state"), max_length=9, choices=SessionState.choices, default=SessionState.PLANNED)
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    place = models.CharField(_("place"), max_length=200, blank=True, default="")
    teacher = models.CharField(_("held by"), max_length=200, blank=True, default="")
    places = models.PositiveSmallIntegerField(_("places"), null=True, blank=True)
    """None: no limit."""
    held_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["CourseSession"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "course", "number"], name="course_session_once"),
            models.CheckConstraint(condition=Q(state__in=SessionState.values), name="course_session_state_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="course_session_ends_after_start"),
        ]
        indexes = [models.Index(fields=["alliance", "state", "starts_at"], name="course_session_coming")]

    def __str__(self) -> str:
        return f"{self.course_id} {self.number}"


class Enrolment(TenantModel):
    """A person's place in a session, what became of it, and the credits earned."""

    session = TenantForeignKey(CourseSession, on_delete=models.PROTECT, related_name="enrolments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="enrolments")
    state = models.CharField(_("state"), max_length=8, choices=EnrolmentState.choices, default=EnrolmentState.ENROLLED)
    attendance = models.CharField(_("attendance"), max_length=7, choices=AttendanceMark.choices, blank=True, default="")
    assessment = models.CharField(_("assessment"), max_length=6, choices=AssessmentMark.choices, blank=True, default="")
    assessed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    assessed_at = models.DateTimeField(null=True, blank=True)
    credits = models.DecimalField(_("credits"), max_digits=5, decimal_places=2, default=0)
    enrolled_at = models.DateTimeField()

    objects = TenantQuerySet["Enrolment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "session", "user"], condition=~Q(state=EnrolmentState.LEFT), name="enrolment_once"
            ),
            models.CheckConstraint(condition=Q(state__in=EnrolmentState.values), name="enrolment_state_known"),
            models.CheckConstraint(
                condition=Q(attendance="") | Q(attendance__in=AttendanceMark.values), name="enrolment_attendance_known"
            ),
            models.CheckConstraint(
                condition=Q(assessment="") | Q(assessment__in=AssessmentMark.values), name="enrolment_assessment_known"
            ),
            models.CheckConstraint(
                condition=Q(credits=0) | Q(credits__gt=0, assessed_at__isnull=False), name="enrolment_credits_assessed"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "user"], name="enrolment_of_user")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.state}"


class Certificate(TenantModel):
    """What anybody can verify by its code: that a person passed a course, and until when it holds."""

    code = models.CharField(_("code"), max_length=20)
    """Random, 16 characters without look-alikes, in groups of four."""
    enrolment = TenantOneToOneField(Enrolment, on_delete=models.PROTECT, related_name="certificate")
    issued_on = models.DateField(_("issued on"))
    expires_on = models.DateField(_("valid to"), null=True, blank=True)
    is_named = models.BooleanField(_("the public page names the person"), default=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoke_reason = models.CharField(_("why it was revoked"), max_length=300, blank=True, default="")

    objects = TenantQuerySet["Certificate"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="certificate_code_once"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gt=F("issued_on")), name="certificate_expires_later"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoke_reason=""), name="certificate_revoked_with_reason"
            ),
        ]
        indexes = [models.Index(fields=["alliance", "expires_on"], name="certificate_expiring")]

    def __str__(self) -> str:
        return self.code


class LearningPath(TenantModel):
    """Courses that together make somebody fit for a part in the alliance; the state follows from valid certificates."""

    code = models.SlugField(_("code"), max_length=40)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    aim_en = models.TextField(_("what it makes fit for, in English"), blank=True, default="")
    aim_zh = models.TextField(_("what it makes fit for, in Chinese"), blank=True, default="")
    credits_needed = models.DecimalField(_("credits needed"), max_digits=6, decimal_places=2)
    is_offered = models.BooleanField(_("offered"), default=True)
    created_at = models.DateTimeField()

    objects = TenantQuerySet["LearningPath"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="learning_path_code_once"),
            models.CheckConstraint(condition=Q(credits_needed__gt=0), name="learning_path_credits_positive"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="learning_path_has_a_title"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh


class LearningPathCourse(TenantModel):
    """A course in a path."""

    path = TenantForeignKey(LearningPath, on_delete=models.CASCADE, related_name="courses")
    course = TenantForeignKey(Course, on_delete=models.PROTECT, related_name="paths")
    position = models.PositiveSmallIntegerField()
    is_required = models.BooleanField(_("required"), default=True)

    objects = TenantQuerySet["LearningPathCourse"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "path", "course"], name="learning_path_course_once")]

    def __str__(self) -> str:
        return f"{self.path_id} {self.position}"
