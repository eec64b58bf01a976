import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import alliance.kernel.fields
import members.models.standing
from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("alliance", "0004_audit_sealing"),
        ("alliance", "__first__"),
        ("groups", "0001_initial"),
        ("members", "0003_depth"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConflictWaiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "waiting for a second person"),
                            ("granted", "granted"),
                            ("refused", "refused"),
                        ],
                        default="proposed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.TextField(verbose_name="reason")),
                ("proposed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "conflict",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="groups.conflictofinterest"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "granted", "refused"])),
                        name="conflict_waiver_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settled_by__isnull", True),
                            models.Q(("settled_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="conflict_waiver_second_person",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("alliance", "conflict"),
                        name="conflict_waiver_open_once",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                ("subject", models.CharField(max_length=200, verbose_name="subject")),
                ("matter", models.CharField(blank=True, default="", max_length=80, verbose_name="matter")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "filed"),
                            ("mediation", "in mediation"),
                            ("settled", "settled"),
                            ("escalated", "not settled, passed on"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="filed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("filed_at", models.DateTimeField()),
                ("due_on", models.DateField(verbose_name="next step by")),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("mediation_began_at", models.DateTimeField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                (
                    "claimant",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes_filed", to="members.institution"
                    ),
                ),
                (
                    "mediator",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "mediator_institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "respondent",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes_answered",
                        to="members.institution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="dispute_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["filed", "mediation", "settled", "escalated", "withdrawn"])),
                        name="dispute_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("claimant", models.F("respondent")), _negated=True), name="dispute_between_two"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-filed_at", "-id"], name="dispute_newest"),
                    models.Index(fields=["alliance", "state", "due_on"], name="dispute_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Interest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("post", "post or employment"),
                            ("holding", "shares or ownership"),
                            ("contract", "contract of the last three years"),
                            ("family", "close relative concerned"),
                            ("shared_output", "shared output"),
                            ("other", "other interest"),
                        ],
                        max_length=14,
                        verbose_name="interest",
                    ),
                ),
                (
                    "outside_party",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="party outside the alliance"),
                ),
                ("outside_key", models.CharField(blank=True, default="", editable=False, max_length=200)),
                (
                    "direction",
                    models.CharField(
                        blank=True,
                        choices=[("ours", "we hold shares in it"), ("theirs", "it holds shares in us")],
                        default="",
                        max_length=6,
                        verbose_name="who holds",
                    ),
                ),
                ("person", models.CharField(blank=True, default="", max_length=120, verbose_name="person concerned")),
                ("words", models.TextField(blank=True, default="", verbose_name="particulars")),
                (
                    "share_percent",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="share in per cent"
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="until")),
                ("declared_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "counterparty",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "declared_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="interests", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["post", "holding", "contract", "family", "shared_output", "other"])
                        ),
                        name="interest_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("counterparty__isnull", False), models.Q(("outside_party", ""), _negated=True), _connector="OR"
                        ),
                        name="interest_names_a_party",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share_percent__isnull", True),
                            models.Q(("share_percent__gt", 0), ("share_percent__lte", 100)),
                            _connector="OR",
                        ),
                        name="interest_share_a_percentage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "holding"), ("direction__in", ["ours", "theirs"])),
                            models.Q(models.Q(("kind", "holding"), _negated=True), ("direction", "")),
                            _connector="OR",
                        ),
                        name="interest_direction_of_holdings",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("counterparty__isnull", True),
                            models.Q(("counterparty", models.F("institution")), _negated=True),
                            _connector="OR",
                        ),
                        name="interest_in_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True),
                            ("starts_on__isnull", True),
                            ("ends_on__gte", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="interest_period_forward",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "institution"], name="interest_of"),
                    models.Index(fields=["alliance", "counterparty"], name="interest_with"),
                    models.Index(fields=["alliance", "outside_key"], name="interest_outside"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InterestDeclaration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "asked for"), ("submitted", "submitted")],
                        default="asked",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_on", models.DateField(verbose_name="due")),
                ("interest_count", models.PositiveIntegerField(blank=True, null=True, verbose_name="interests declared")),
                ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="submitted")),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="declarations", to="members.institution"
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "institution", "year"), name="interest_declaration_once_a_year"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["asked", "submitted"])), name="interest_declaration_state_known"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "year", "state", "id"], name="interest_declaration_by_year")],
            },
        ),
        migrations.CreateModel(
            name="Meeting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("convened", "convened"),
                            ("under_way", "under way"),
                            ("held", "held"),
                            ("cancelled", "cancelled"),
                        ],
                        default="planned",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("starts_at", models.DateTimeField(verbose_name="begins")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                ("place", models.CharField(blank=True, default="", max_length=200, verbose_name="place")),
                ("link", models.URLField(blank=True, default="", verbose_name="link for taking part")),
                ("quorum_numerator", models.PositiveSmallIntegerField(default=2, verbose_name="quorum")),
                ("quorum_denominator", models.PositiveSmallIntegerField(default=3)),
                ("convened_at", models.DateTimeField(blank=True, null=True, verbose_name="invitation sent")),
                ("began_at", models.DateTimeField(blank=True, null=True, verbose_name="began")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "cancel_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it was cancelled"),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meetings",
                        to="groups.virtualgroup",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="meeting_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "convened", "under_way", "held", "cancelled"])),
                        name="meeting_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="meeting_forward"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="meeting_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quorum_denominator__gte", 1), ("quorum_numerator__lte", models.F("quorum_denominator"))
                        ),
                        name="meeting_quorum_a_fraction",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-starts_at", "-id"], name="meeting_newest"),
                    models.Index(fields=["alliance", "group", "-starts_at"], name="meeting_of_group"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceivedDirective",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(unique=True)),
                ("directive_uuid", models.UUIDField()),
                ("origin_slug", models.SlugField(db_index=False, max_length=60, verbose_name="from")),
                ("origin_en", models.CharField(max_length=200)),
                ("origin_zh", models.CharField(max_length=200)),
                ("origin_code", models.CharField(max_length=40)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "kind",
                    models.CharField(
                        choices=[("target", "target"), ("work", "work"), ("notice", "notice")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "on its way"),
                            ("delivered", "delivered"),
                            ("acknowledged", "acknowledged"),
                            ("reported", "answered"),
                        ],
                        default="delivered",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200)),
                ("title_zh", models.CharField(blank=True, default="", max_length=200)),
                ("text_en", models.TextField(blank=True, default="")),
                ("text_zh", models.TextField(blank=True, default="")),
                ("measure", models.CharField(blank=True, default="", max_length=120)),
                ("due_on", models.DateField(verbose_name="answer due")),
                ("delivered_at", models.DateTimeField(verbose_name="delivered")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("report_en", models.TextField(blank=True, default="", verbose_name="answer in English")),
                ("report_zh", models.TextField(blank=True, default="", verbose_name="answer in Chinese")),
                (
                    "figure",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="figure"),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed by the sender")),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "directive_uuid"), name="received_directive_once"),
                    models.UniqueConstraint(fields=("alliance", "code"), name="received_directive_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["target", "work", "notice"])), name="received_directive_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "delivered", "acknowledged", "reported"])),
                        name="received_directive_state_known",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "-delivered_at", "-id"], name="received_directive_newest")],
            },
        ),
        migrations.CreateModel(
            name="Responsibility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "waiting for acknowledgement"),
                            ("acknowledged", "acknowledged"),
                            ("declined", "declined"),
                            ("done", "done"),
                            ("ended", "ended"),
                        ],
                        default="proposed",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("duty_en", models.CharField(blank=True, default="", max_length=300, verbose_name="duty in English")),
                ("duty_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="duty in Chinese")),
                (
                    "measure_en",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="measured by, in English"),
                ),
                (
                    "measure_zh",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="measured by, in Chinese"),
                ),
                (
                    "period",
                    models.CharField(
                        choices=[
                            ("once", "once"),
                            ("monthly", "monthly"),
                            ("quarterly", "quarterly"),
                            ("yearly", "yearly"),
                            ("per_pilot", "after each pilot"),
                        ],
                        default="quarterly",
                        max_length=10,
                        verbose_name="report",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="to be done by")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                (
                    "decline_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it was declined"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="done or ended")),
                ("created_at", models.DateTimeField()),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responsibilities",
                        to="groups.virtualgroup",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responsibilities",
                        to="members.institution",
                    ),
                ),
                (
                    "previous",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="following",
                        to="groups.responsibility",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="responsibility_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "acknowledged", "declined", "done", "ended"])),
                        name="responsibility_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period__in", ["once", "monthly", "quarterly", "yearly", "per_pilot"])),
                        name="responsibility_period_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("duty_en", ""), _negated=True),
                            models.Q(("duty_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="responsibility_says_what",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "state", "due_on", "id"], name="responsibility_due"),
                    models.Index(fields=["alliance", "institution", "id"], name="responsibility_of"),
                    models.Index(fields=["alliance", "-created_at", "-id"], name="responsibility_newest"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SeatAlternate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "membership",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alternates", to="groups.groupmembership"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="seat_alternate_period_forward",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("alliance", "="),
                            ("membership", "="),
                            ("user", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="seat_alternate_periods_apart",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SeatInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "role",
                    models.CharField(
                        choices=[("convenor", "convenor"), ("member", "member"), ("observer", "observer")],
                        default="member",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                (
                    "element",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "-"),
                            ("policy", "policy"),
                            ("talent", "talent"),
                            ("technology", "technology"),
                            ("dissemination", "dissemination"),
                            ("product_transformation", "product transformation"),
                            ("pilot_feedback", "pilot feedback"),
                            ("capital", "capital"),
                            ("resources", "resources"),
                            ("coordination_supervision", "coordination and supervision"),
                        ],
                        default="",
                        max_length=28,
                        verbose_name="element it would bring",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waiting for an answer"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=300, verbose_name="reason")),
                ("invited_at", models.DateTimeField(verbose_name="invited")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="groups.virtualgroup"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seat_invitations",
                        to="members.institution",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "accepted", "declined", "withdrawn"])),
                        name="seat_invitation_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["convenor", "member", "observer"])),
                        name="seat_invitation_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "element__in",
                                [
                                    "",
                                    "policy",
                                    "talent",
                                    "technology",
                                    "dissemination",
                                    "product_transformation",
                                    "pilot_feedback",
                                    "capital",
                                    "resources",
                                    "coordination_supervision",
                                ],
                            )
                        ),
                        name="seat_invitation_element_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("alliance", "group", "institution"),
                        name="seat_invitation_open_once",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "state"], name="seat_invitation_of")],
            },
        ),
        migrations.CreateModel(
            name="Term",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="term")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="terms", to="groups.virtualgroup"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "group", "number"), name="term_number_once"),
                    models.CheckConstraint(condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="term_forward"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("alliance", "="),
                            ("group", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="term_periods_apart",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("has_vote", models.BooleanField(default=True, verbose_name="entitled to vote")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "invited"),
                            ("coming", "will come"),
                            ("excused", "excused"),
                            ("present", "present"),
                            ("remote", "present by link"),
                            ("absent", "absent"),
                        ],
                        default="invited",
                        max_length=8,
                        verbose_name="attendance",
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=200, verbose_name="remark")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "meeting",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attendance", to="groups.meeting"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "meeting", "institution"), name="attendance_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["invited", "coming", "excused", "present", "remote", "absent"])),
                        name="attendance_state_known",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "meeting"], name="attendance_of")],
            },
        ),
        migrations.CreateModel(
            name="Directive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "kind",
                    models.CharField(
                        choices=[("target", "target"), ("work", "work"), ("notice", "notice")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("sent", "sent"), ("closed", "closed")],
                        default="draft",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("text_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("text_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                ("measure", models.CharField(blank=True, default="", max_length=120, verbose_name="figure asked for")),
                ("due_on", models.DateField(verbose_name="answer due")),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "passed_on_from",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="passed_on",
                        to="groups.receiveddirective",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="directive_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["target", "work", "notice"])), name="directive_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "sent", "closed"])), name="directive_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="directive_has_a_title",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "-created_at", "-id"], name="directive_newest")],
            },
        ),
        migrations.CreateModel(
            name="DisputeStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("statement", "statement"),
                            ("mediator_named", "mediator named"),
                            ("session", "mediation session"),
                            ("proposal", "proposal"),
                            ("agreement", "agreement"),
                            ("closure", "closure"),
                        ],
                        max_length=16,
                        verbose_name="step",
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text", models.TextField(blank=True, default="", verbose_name="text")),
                ("made_at", models.DateTimeField()),
                (
                    "dispute",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="groups.dispute"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.storedfile",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["statement", "mediator_named", "session", "proposal", "agreement", "closure"])
                        ),
                        name="dispute_step_kind_known",
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "dispute", "id"], name="dispute_step_order")],
            },
        ),
        migrations.CreateModel(
            name="Minutes",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("circulated", "circulated for comment"),
                            ("approved", "approved"),
                            ("published", "published"),
                            ("superseded", "replaced by a newer version"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("body_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("body_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                ("facts", models.JSONField(default=dict)),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="reason of the new version"),
                ),
                ("circulated_at", models.DateTimeField(blank=True, null=True)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "meeting",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="minutes", to="groups.meeting"
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "meeting", "version"), name="minutes_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "circulated", "approved", "published", "superseded"])),
                        name="minutes_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "circulated"]),
                            models.Q(("approved_at__isnull", False), models.Q(("digest", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="minutes_approved_are_sealed",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Motion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("open", "open for voting"),
                            ("passed", "passed"),
                            ("rejected", "rejected"),
                            ("lapsed", "lapsed, no quorum"),
                            ("withdrawn", "withdrawn"),
                            ("void", "void, to be put again"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=300, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="title in Chinese")),
                ("text_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("text_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                ("matter", models.CharField(blank=True, default="", max_length=80, verbose_name="matter")),
                ("effect", models.CharField(blank=True, default="", max_length=40)),
                ("effect_params", models.JSONField(default=dict)),
                ("effect_done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "threshold",
                    models.CharField(
                        choices=[("simple", "more than half"), ("two_thirds", "two-thirds"), ("unanimity", "unanimity")],
                        default="simple",
                        max_length=10,
                        verbose_name="majority",
                    ),
                ),
                (
                    "base",
                    models.CharField(
                        choices=[("present", "of those taking part"), ("entitled", "of all entitled to vote")],
                        default="present",
                        max_length=8,
                        verbose_name="counted",
                    ),
                ),
                (
                    "abstention",
                    models.CharField(
                        choices=[("counts", "counts as present, not as consent"), ("left_out", "is left out of the base")],
                        default="counts",
                        max_length=8,
                        verbose_name="an abstention",
                    ),
                ),
                ("quorum_numerator", models.PositiveSmallIntegerField(default=2, verbose_name="quorum")),
                ("quorum_denominator", models.PositiveSmallIntegerField(default=3)),
                (
                    "ballot",
                    models.CharField(
                        choices=[("open", "open ballot"), ("secret", "secret ballot")],
                        default="open",
                        max_length=6,
                        verbose_name="ballot",
                    ),
                ),
                (
                    "weighting",
                    models.CharField(
                        choices=[("equal", "one institution, one vote"), ("by_class", "weight by class of member")],
                        default="equal",
                        max_length=8,
                        verbose_name="votes",
                    ),
                ),
                ("weights", models.JSONField(default=dict)),
                ("publish_box", models.BooleanField(default=False, verbose_name="members may see codes with choices")),
                ("created_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(blank=True, null=True, verbose_name="opened")),
                ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="closes")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("ballot_public_key", models.CharField(blank=True, default="", max_length=64)),
                ("box_root", models.CharField(blank=True, default="", max_length=64)),
                ("result", models.JSONField(default=dict)),
                (
                    "result_level",
                    models.CharField(
                        choices=[
                            ("totals", "totals"),
                            ("tellers", "totals to tellers, outcome to all"),
                            ("outcome", "outcome only"),
                        ],
                        default="totals",
                        max_length=8,
                    ),
                ),
                ("result_digest", models.CharField(blank=True, default="", max_length=64)),
                ("is_public", models.BooleanField(default=False, verbose_name="in the public register of decisions")),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="motions",
                        to="groups.virtualgroup",
                    ),
                ),
                (
                    "meeting",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="motions",
                        to="groups.meeting",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "proposer",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="motions",
                        to="members.institution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="motion_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "open", "passed", "rejected", "lapsed", "withdrawn", "void"])
                        ),
                        name="motion_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("threshold__in", ["simple", "two_thirds", "unanimity"])),
                        name="motion_threshold_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("base__in", ["present", "entitled"])), name="motion_base_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("abstention__in", ["counts", "left_out"])), name="motion_abstention_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ballot__in", ["open", "secret"])), name="motion_ballot_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weighting__in", ["equal", "by_class"])), name="motion_weighting_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("result_level__in", ["totals", "tellers", "outcome"])),
                        name="motion_result_level_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="motion_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quorum_denominator__gte", 1), ("quorum_numerator__lte", models.F("quorum_denominator"))
                        ),
                        name="motion_quorum_a_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            ("state", "withdrawn"),
                            models.Q(("closes_at__isnull", False), ("opened_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="motion_open_has_dates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ("passed", "rejected", "lapsed")), _negated=True),
                            models.Q(("closed_at__isnull", False), models.Q(("result_digest", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="motion_decided_is_sealed",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-created_at", "-id"], name="motion_newest"),
                    models.Index(fields=["alliance", "state", "closes_at"], name="motion_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("chair", "chair"),
                            ("vice_chair", "vice-chair"),
                            ("secretary", "secretary"),
                            ("treasurer", "treasurer"),
                        ],
                        max_length=12,
                        verbose_name="position",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="positions", to="groups.virtualgroup"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="positions", to="members.institution"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "term",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="positions",
                        to="groups.term",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["chair", "vice_chair", "secretary", "treasurer"])),
                        name="position_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="position_period_forward",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("kind__in", ("chair", "secretary", "treasurer"))),
                        expressions=[
                            ("alliance", "="),
                            ("group", "="),
                            ("kind", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="position_held_by_one",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ResponsibilityReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("due_on", models.DateField(verbose_name="due")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "due"),
                            ("submitted", "submitted"),
                            ("accepted", "accepted"),
                            ("returned", "sent back"),
                        ],
                        default="due",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("text", models.TextField(blank=True, default="", verbose_name="report")),
                (
                    "figure",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="figure"),
                ),
                ("measure_met", models.BooleanField(blank=True, null=True, verbose_name="measure met")),
                ("remark", models.CharField(blank=True, default="", max_length=300, verbose_name="the office's remark")),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.storedfile",
                    ),
                ),
                (
                    "responsibility",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="groups.responsibility"
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "responsibility", "due_on"), name="responsibility_report_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["due", "submitted", "accepted", "returned"])),
                        name="responsibility_report_state_known",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "state", "due_on", "id"], name="responsibility_report_due")],
            },
        ),
        migrations.CreateModel(
            name="AgendaItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                ("title_en", models.CharField(blank=True, default="", max_length=300, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="title in Chinese")),
                ("matter", models.CharField(blank=True, default="", max_length=80, verbose_name="matter")),
                ("minutes_of_time", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes planned")),
                (
                    "presenter",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "meeting",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="agenda", to="groups.meeting"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agenda_items",
                        to="groups.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "meeting", "number"), name="agenda_item_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="agenda_item_has_a_title",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="BallotEnvelope",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("sealed", models.BinaryField()),
                (
                    "holder",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="envelopes", to="groups.motion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "motion", "institution"), name="ballot_envelope_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="BallotPaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("choice", models.CharField(choices=[("yes", "yes"), ("no", "no"), ("abstain", "abstain")], max_length=8)),
                ("salt", models.CharField(max_length=64)),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="papers", to="groups.motion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "motion", "code"), name="ballot_paper_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("choice__in", ["yes", "no", "abstain"])), name="ballot_paper_choice_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CharterVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("adopted", "adopted"),
                            ("in_force", "in force"),
                            ("superseded", "replaced by a newer version"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("adopted_on", models.DateField(blank=True, null=True, verbose_name="adopted")),
                ("in_force_on", models.DateField(blank=True, null=True, verbose_name="in force from")),
                ("grace_days", models.PositiveSmallIntegerField(default=30, verbose_name="days for acceptance")),
                ("quorum_numerator", models.PositiveSmallIntegerField(default=2, verbose_name="quorum")),
                ("quorum_denominator", models.PositiveSmallIntegerField(default=3)),
                (
                    "proxies_per_holder",
                    models.PositiveSmallIntegerField(default=2, verbose_name="proxies one member may hold"),
                ),
                (
                    "circulation_days",
                    models.PositiveSmallIntegerField(default=5, verbose_name="working days of a vote by circulation"),
                ),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="groups.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "number"), name="charter_version_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "adopted", "in_force", "superseded"])),
                        name="charter_version_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")), fields=("alliance",), name="charter_version_one_in_force"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            models.Q(("adopted_on__isnull", False), models.Q(("digest", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="charter_version_adopted_is_sealed",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Consortium",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                (
                    "state",
                    models.CharField(
                        choices=[("forming", "being formed"), ("active", "active"), ("closed", "closed")],
                        default="forming",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("name_en", models.CharField(blank=True, default="", max_length=200, verbose_name="name in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="name in Chinese")),
                (
                    "technology_en",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="technology in English"),
                ),
                (
                    "technology_zh",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="technology in Chinese"),
                ),
                ("plan_en", models.TextField(blank=True, default="", verbose_name="research plan in English")),
                ("plan_zh", models.TextField(blank=True, default="", verbose_name="research plan in Chinese")),
                (
                    "terms_en",
                    models.TextField(blank=True, default="", verbose_name="inputs, ownership, sharing and exit, in English"),
                ),
                (
                    "terms_zh",
                    models.TextField(blank=True, default="", verbose_name="inputs, ownership, sharing and exit, in Chinese"),
                ),
                ("filed_on", models.DateField(blank=True, null=True, verbose_name="filed with the committee")),
                ("closed_on", models.DateField(blank=True, null=True, verbose_name="closed")),
                ("created_at", models.DateTimeField()),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="groups.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="consortium_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["forming", "active", "closed"])), name="consortium_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="consortium_has_a_name",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "-created_at", "-id"], name="consortium_newest")],
            },
        ),
        migrations.CreateModel(
            name="DirectiveDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("recipient_slug", models.SlugField(db_index=False, max_length=60, verbose_name="alliance")),
                ("recipient_en", models.CharField(max_length=200)),
                ("recipient_zh", models.CharField(max_length=200)),
                ("recipient_level", models.CharField(max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "on its way"),
                            ("delivered", "delivered"),
                            ("acknowledged", "acknowledged"),
                            ("reported", "answered"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("report_en", models.TextField(blank=True, default="", verbose_name="answer in English")),
                ("report_zh", models.TextField(blank=True, default="", verbose_name="answer in Chinese")),
                (
                    "figure",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="figure"),
                ),
                ("below", models.JSONField(default=dict)),
                (
                    "directive",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="groups.directive"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "directive", "recipient_slug"), name="directive_delivery_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "delivered", "acknowledged", "reported"])),
                        name="directive_delivery_state_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="MinutesComment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("text", models.TextField(verbose_name="remark")),
                ("made_at", models.DateTimeField()),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "minutes",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="groups.minutes"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="MotionElector",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("weight", models.PositiveSmallIntegerField(default=1)),
                ("recused_at", models.DateTimeField(blank=True, null=True)),
                ("excluded", models.CharField(blank=True, default="", max_length=20)),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="electors", to="groups.motion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "motion", "institution"), name="motion_elector_once"),
                    models.CheckConstraint(condition=models.Q(("weight__gte", 1)), name="motion_elector_weight_positive"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Participation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("weight", models.PositiveSmallIntegerField(default=1)),
                (
                    "holder",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="participations", to="groups.motion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "motion", "institution"), name="participation_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Proxy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "instruction",
                    models.CharField(
                        blank=True,
                        choices=[("", "as it sees fit"), ("yes", "yes"), ("no", "no"), ("abstain", "abstain")],
                        default="",
                        max_length=8,
                        verbose_name="vote as told",
                    ),
                ),
                ("valid_from", models.DateTimeField(verbose_name="from")),
                ("valid_until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "giver",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proxies_given", to="members.institution"
                    ),
                ),
                (
                    "group",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="groups.virtualgroup",
                    ),
                ),
                (
                    "holder",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proxies_held", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proxies",
                        to="groups.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("giver", models.F("holder")), _negated=True), name="proxy_to_another"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("instruction__in", ["", "yes", "no", "abstain"])), name="proxy_instruction_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gt", models.F("valid_from")), _connector="OR"
                        ),
                        name="proxy_period_forward",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("motion__isnull", False), ("revoked_at__isnull", True)),
                        fields=("alliance", "giver", "motion"),
                        name="proxy_once_per_motion",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("motion__isnull", True), ("revoked_at__isnull", True)),
                        fields=("alliance", "giver", "group"),
                        name="proxy_standing_once_per_body",
                        nulls_distinct=False,
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "holder"], name="proxy_held")],
            },
        ),
        migrations.CreateModel(
            name="Teller",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tellers", to="groups.motion"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "motion", "user"), name="teller_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "choice",
                    models.CharField(
                        choices=[("yes", "yes"), ("no", "no"), ("abstain", "abstain")], max_length=8, verbose_name="vote"
                    ),
                ),
                ("cast_at", models.DateTimeField()),
                (
                    "cast_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "holder",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="votes", to="groups.motion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "motion", "institution"), name="vote_once"),
                    models.CheckConstraint(
                        condition=models.Q(("choice__in", ["yes", "no", "abstain"])), name="vote_choice_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CharterAcceptance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("accepted_at", models.DateTimeField(verbose_name="accepted")),
                ("digest", models.CharField(max_length=64)),
                (
                    "noted_from_paper",
                    models.BooleanField(default=False, verbose_name="noted by the office from a signed paper"),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.storedfile",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="charter_acceptances",
                        to="members.institution",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acceptances", to="groups.charterversion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "version", "institution"), name="charter_acceptance_once")
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "-accepted_at"], name="charter_acceptance_of")],
            },
        ),
        migrations.CreateModel(
            name="CharterArticle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="article")),
                ("chapter_en", models.CharField(blank=True, default="", max_length=120, verbose_name="chapter in English")),
                ("chapter_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="chapter in Chinese")),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("body_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("body_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                (
                    "version",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="articles", to="groups.charterversion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "version", "number"), name="charter_article_number_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ConsortiumFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("added_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "consortium",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="groups.consortium"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [],
                "indexes": [models.Index(fields=["alliance", "consortium", "-added_at"], name="consortium_file_newest")],
            },
        ),
        migrations.CreateModel(
            name="ConsortiumMembership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("lead", "lead unit"), ("member", "member")], max_length=8, verbose_name="role"
                    ),
                ),
                (
                    "contribution_en",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="input in English"),
                ),
                (
                    "contribution_zh",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="input in Chinese"),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="terms accepted")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "consortium",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="groups.consortium"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consortium_memberships",
                        to="members.institution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["lead", "member"])), name="consortium_membership_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="consortium_membership_period_forward",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("alliance", "="),
                            ("consortium", "="),
                            ("institution", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="consortium_membership_periods_apart",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution"], name="consortium_membership_of")],
            },
        ),
        migrations.CreateModel(
            name="MeetingAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text_en", models.CharField(blank=True, default="", max_length=300, verbose_name="in English")),
                ("text_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="in Chinese")),
                ("due_on", models.DateField(verbose_name="due")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("done", "done"), ("dropped", "dropped")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("outcome", models.CharField(blank=True, default="", max_length=300, verbose_name="what became of it")),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("is_public", models.BooleanField(default=False, verbose_name="shown in the public register of decisions")),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "item",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="actions",
                        to="groups.agendaitem",
                    ),
                ),
                (
                    "meeting",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="actions", to="groups.meeting"
                    ),
                ),
                (
                    "motion",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="actions",
                        to="groups.motion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "done", "dropped"])), name="meeting_action_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text_en", ""), _negated=True),
                            models.Q(("text_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="meeting_action_says_something",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "state", "due_on", "id"], name="meeting_action_due"),
                    models.Index(fields=["alliance", "institution", "state"], name="meeting_action_of"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MeetingPaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("is_confidential", models.BooleanField(default=True, verbose_name="confidential")),
                ("added_at", models.DateTimeField()),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "item",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="papers", to="groups.agendaitem"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "item", "file"), name="meeting_paper_file_once")
                ],
                "indexes": [],
            },
        ),
        migrations.RemoveConstraint(
            model_name="conflictofinterest",
            name="conflict_state_known",
        ),
        migrations.AddField(
            model_name="conflictofinterest",
            name="detected_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("same_person", "the same person works for both"),
                    ("ownership", "shares or ownership"),
                    ("shared_output", "shared output"),
                    ("contract", "contract of the last three years"),
                    ("family", "close relative concerned"),
                    ("other", "other declared interest"),
                    ("party", "itself a party to the matter"),
                ],
                default="",
                max_length=20,
                verbose_name="found by",
            ),
        ),
        migrations.AddField(
            model_name="conflictofinterest",
            name="facts",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="virtualgroup",
            name="enterprise_limit",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="leading enterprises at most"),
        ),
        migrations.AddField(
            model_name="virtualgroup",
            name="rule_source",
            field=models.CharField(blank=True, default="", max_length=120, verbose_name="source of the rule"),
        ),
        migrations.AddField(
            model_name="virtualgroup",
            name="size_rule",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="number of members"),
        ),
        migrations.AlterField(
            model_name="conflictofinterest",
            name="declared_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="conflictofinterest",
            name="reason",
            field=models.TextField(blank=True, default="", verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="conflictofinterest",
            name="state",
            field=models.CharField(
                choices=[
                    ("declared", "declared"),
                    ("recused", "stands aside"),
                    ("cleared", "no conflict found"),
                    ("waived", "waived by a second person"),
                    ("ended", "over"),
                ],
                default="declared",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="conflictofinterest",
            index=models.Index(fields=["alliance", "matter"], name="conflict_of_matter"),
        ),
        migrations.AddIndex(
            model_name="conflictofinterest",
            index=models.Index(fields=["alliance", "-declared_at", "-id"], name="conflict_newest"),
        ),
        migrations.AddConstraint(
            model_name="conflictofinterest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["declared", "recused", "cleared", "waived", "ended"])),
                name="conflict_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictofinterest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "detected_by__in",
                        ["", "same_person", "ownership", "shared_output", "contract", "family", "other", "party"],
                    )
                ),
                name="conflict_rule_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictofinterest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True), models.Q(("detected_by", ""), _negated=True), _connector="OR"
                ),
                name="conflict_says_why",
            ),
        ),
        migrations.AddField(
            model_name="groupmembership",
            name="exception_motion",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="groups.motion"
            ),
        ),
    ]
