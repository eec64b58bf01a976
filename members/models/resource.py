"""Resources institutions open to others, and bookings that never overlap."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import BLOCKING_BOOKINGS, BookingState, ResourceAudience, ResourceKind, ResourceState
from members.models.standing import TsTzRange


class Resource(TenantModel):
    """A laboratory, a data set, a collection, a venue ... and who may use it on which terms."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=ResourceState.choices, default=ResourceState.OPEN)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True, default="")
    name_zh = models.CharField(_("name in Chinese"), max_length=200, blank=True, default="")
    description_en = models.TextField(_("description in English"), blank=True, default="")
    description_zh = models.TextField(_("description in Chinese"), blank=True, default="")
    terms_en = models.TextField(_("terms of use in English"), blank=True, default="")
    terms_zh = models.TextField(_("terms of use in Chinese"), blank=True, default="")
    place = models.CharField(_("place"), max_length=200, blank=True, default="")
    audience = models.CharField(
        _("who may use it"), max_length=8, choices=ResourceAudience.choices, default=ResourceAudience.MEMBERS
    )
    is_bookable = models.BooleanField(_("can be booked by time"), default=True)
    needs_approval = models.BooleanField(_("each booking needs the owner's consent"), default=True)
    sort_key = models.CharField(max_length=300, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["Resource"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="resource_code_once"),
            models.CheckConstraint(condition=Q(kind__in=ResourceKind.values), name="resource_kind_known"),
            models.CheckConstraint(condition=Q(state__in=ResourceState.values), name="resource_state_known"),
            models.CheckConstraint(condition=Q(audience__in=ResourceAudience.values), name="resource_audience_known"),
            models.CheckConstraint(condition=~Q(name_en="") | ~Q(name_zh=""), name="resource_has_a_name"),
        ]
        indexes = [models.Index(fields=["alliance", "sort_key", "id"], name="resource_by_name")]

    def __str__(self) -> str:
        return self.code


class ResourceUser(TenantModel):
    """A named institution that may use a resource."""

    resource = TenantForeignKey(Resource, on_delete=models.CASCADE, related_name="users")
    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="+")

    objects = TenantQuerySet["ResourceUser"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "resource", "institution"], name="resource_user_once")]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.institution_id}"


class ResourceBooking(TenantModel):
    """An institution's use of a resource for a time; asked-for and confirmed bookings of one resource never overlap."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    resource = TenantForeignKey(Resource, on_delete=models.PROTECT, related_name="bookings")
    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="bookings")
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=BookingState.choices, default=BookingState.REQUESTED)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    purpose = models.CharField(_("purpose"), max_length=300)
    answer = models.CharField(_("the owner's answer"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField()

    objects = TenantQuerySet["ResourceBooking"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BookingState.values), name="resource_booking_state_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="resource_booking_forward"),
            ExclusionConstraint(
                name="resource_booking_times_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("resource", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=BLOCKING_BOOKINGS),
            ),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "starts_at"], name="resource_booking_of")]

    def __str__(self) -> str:
        return str(self.uuid)
