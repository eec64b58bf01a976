"""People and the roles they hold in an alliance."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.models.tenant import TenantModel, TenantQuerySet

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class UserManager(BaseUserManager["User"]):
    """Makes accounts with a normalised, lower-case e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An ordinary account; without a password it cannot sign in until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A platform operator. The flag opens no alliance's records."""
        return self.create_user(email, password, is_platform_operator=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """By e-mail, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. One account serves all alliances and institutions the person acts for."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name_en = models.CharField(_("name in Latin letters"), max_length=120, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=120, blank=True, default="")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=False)
    is_platform_operator = models.BooleanField(_("platform operator"), default=False)
    is_demonstration = models.BooleanField(_("demonstration account"), default=False)
    shortcuts_enabled = models.BooleanField(_("single-letter shortcuts"), default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_whatever_case"),
            models.CheckConstraint(condition=Q(language__in=["en", "zh-hans"]), name="user_language_known"),
            models.CheckConstraint(
                condition=~Q(is_demonstration=True, is_platform_operator=True), name="user_demonstration_is_no_operator"
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """Name in the active language, else the other one, else the e-mail address."""
        first, second = self.name_en, self.name_zh
        if (get_language() or "").startswith("zh"):
            first, second = second, first
        return first or second or self.email

    @property
    def initials(self) -> str:
        """Two letters for the account button."""
        words = self.name_en.split()
        return "".join(word[0] for word in words[:2]).upper() or self.email[:2].upper()


class RoleAssignmentQuerySet(TenantQuerySet["RoleAssignment"]):
    """Roles in an alliance."""

    def at(self, moment: datetime) -> Self:
        """Roles held at a moment: from the start on, until before the end."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))


class RoleAssignment(TenantModel):
    """One person's role in the alliance for a period; rights follow the dates to the minute."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(_("role"), max_length=20, choices=AllianceRole.choices)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=AllianceRole.values), name="role_assignment_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="role_assignment_period_runs_forward",
            ),
        ]
        indexes = [models.Index(fields=["alliance", "user"], name="role_assignment_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
