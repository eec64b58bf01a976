"""Directives between levels (S4, G13): sent down by a parent alliance, answered by its children.

Each alliance keeps its own rows; workers carry copies across. Nothing is ever read across alliances.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import DeliveryState, DirectiveKind, DirectiveState


class Directive(TenantModel):
    """A target, work or notice that an alliance sends to the alliances below it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    kind = models.CharField(_("kind"), max_length=8, choices=DirectiveKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=DirectiveState.choices, default=DirectiveState.DRAFT)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    text_en = models.TextField(_("text in English"), blank=True, default="")
    text_zh = models.TextField(_("text in Chinese"), blank=True, default="")
    measure = models.CharField(_("figure asked for"), max_length=120, blank=True, default="")
    """Words of a figure each report gives, e.g. with its unit; empty: none is asked for."""
    due_on = models.DateField(_("answer due"))
    passed_on_from = TenantForeignKey(
        "groups.ReceivedDirective", null=True, blank=True, on_delete=models.PROTECT, related_name="passed_on"
    )
    """The received directive this one passes on, one level further down."""
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = TenantQuerySet["Directive"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="directive_code_once"),
            models.CheckConstraint(condition=Q(kind__in=DirectiveKind.values), name="directive_kind_known"),
            models.CheckConstraint(condition=Q(state__in=DirectiveState.values), name="directive_state_known"),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="directive_has_a_title"),
        ]
        indexes = [models.Index(fields=["alliance", "-created_at", "-id"], name="directive_newest")]

    def __str__(self) -> str:
        return self.code


class DirectiveDelivery(TenantModel):
    """How far a directive is at one alliance below, as that alliance told; a row of the sender."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Names this delivery at sender and recipient; what arrives twice under it is taken in once."""
    directive = TenantForeignKey(Directive, on_delete=models.CASCADE, related_name="deliveries")
    recipient_slug = models.SlugField(_("alliance"), max_length=60, db_index=False)
    recipient_en = models.CharField(max_length=200)
    recipient_zh = models.CharField(max_length=200)
    recipient_level = models.CharField(max_length=12)
    state = models.CharField(_("state"), max_length=12, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    reported_at = models.DateTimeField(_("answered"), null=True, blank=True)
    report_en = models.TextField(_("answer in English"), blank=True, default="")
    report_zh = models.TextField(_("answer in Chinese"), blank=True, default="")
    figure = models.DecimalField(_("figure"), max_digits=18, decimal_places=4, null=True, blank=True)
    below = models.JSONField(default=dict)
    """What the recipient rolled up from the alliances below it: {"levels": {level: {"asked", "answered", "figure"}},
    "open": [{"en", "zh", "level", "due_on"}]}; who is late follows from the due dates when it is read."""

    objects = TenantQuerySet["DirectiveDelivery"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "directive", "recipient_slug"], name="directive_delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="directive_delivery_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.directive_id} {self.recipient_slug}"


class ReceivedDirective(TenantModel):
    """A directive that arrived from the alliance above; a row of the recipient, with its origin on record."""

    uuid = models.UUIDField(unique=True)
    """That of the delivery."""
    directive_uuid = models.UUIDField()
    origin_slug = models.SlugField(_("from"), max_length=60, db_index=False)
    origin_en = models.CharField(max_length=200)
    origin_zh = models.CharField(max_length=200)
    origin_code = models.CharField(max_length=40)
    """Code at the alliance that sent it."""
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    """Its own number here, for addresses."""
    kind = models.CharField(_("kind"), max_length=8, choices=DirectiveKind.choices)
    state = models.CharField(_("state"), max_length=12, choices=DeliveryState.choices, default=DeliveryState.DELIVERED)
    title_en = models.CharField(max_length=200, blank=True, default="")
    title_zh = models.CharField(max_length=200, blank=True, default="")
    text_en = models.TextField(blank=True, default="")
    text_zh = models.TextField(blank=True, default="")
    measure = models.CharField(max_length=120, blank=True, default="")
    due_on = models.DateField(_("answer due"))
    delivered_at = models.DateTimeField(_("delivered"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reported_at = models.DateTimeField(_("answered"), null=True, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    report_en = models.TextField(_("answer in English"), blank=True, default="")
    report_zh = models.TextField(_("answer in Chinese"), blank=True, default="")
    figure = models.DecimalField(_("figure"), max_digits=18, decimal_places=4, null=True, blank=True)
    closed_at = models.DateTimeField(_("closed by the sender"), null=True, blank=True)

    objects = TenantQuerySet["ReceivedDirective"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "directive_uuid"], name="received_directive_once"),
            models.UniqueConstraint(fields=["alliance", "code"], name="received_directive_code_once"),
            models.CheckConstraint(condition=Q(kind__in=DirectiveKind.values), name="received_directive_kind_known"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="received_directive_state_known"),
        ]
        indexes = [models.Index(fields=["alliance", "-delivered_at", "-id"], name="received_directive_newest")]

    def __str__(self) -> str:
        return self.origin_code
