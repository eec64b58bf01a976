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
        ("members", "0002_alliances_of_user"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
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
                            ("unconfirmed", "waiting for the mail to be confirmed"),
                            ("submitted", "received"),
                            ("screening", "being checked"),
                            ("returned", "sent back for completion"),
                            ("complete", "complete, ready for the committee"),
                            ("voting", "before the committee"),
                            ("accepted", "approved"),
                            ("rejected", "not approved"),
                            ("withdrawn", "withdrawn by the applicant"),
                            ("expired", "expired without completion"),
                        ],
                        default="unconfirmed",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("industry_think_tank", "industry think tank"),
                            ("industry_association", "industry association"),
                            ("specialised_think_tank", "specialised think tank"),
                            ("media_think_tank", "industry media think tank"),
                            ("leading_enterprise", "leading enterprise"),
                            ("library_information", "library and information institution"),
                            ("university_think_tank", "university think tank"),
                        ],
                        max_length=24,
                        verbose_name="kind",
                    ),
                ),
                (
                    "subkind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not divided further"),
                            ("single_field", "single-field"),
                            ("diversified", "diversified"),
                            ("intra_industry", "intra-industry"),
                            ("inter_industry", "inter-industry"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="finer kind",
                    ),
                ),
                ("name_en", models.CharField(blank=True, default="", max_length=300, verbose_name="name in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="name in Chinese")),
                ("name_key", models.CharField(editable=False, max_length=300)),
                ("country_code", models.CharField(default="CN", max_length=2, verbose_name="country")),
                ("region_code", models.CharField(blank=True, default="", max_length=6, verbose_name="region (GB/T 2260)")),
                (
                    "registry_scheme",
                    models.CharField(
                        choices=[("none", "no register"), ("uscc", "unified social credit code"), ("ror", "ROR")],
                        default="none",
                        max_length=8,
                        verbose_name="register",
                    ),
                ),
                ("registry_code", models.CharField(blank=True, default="", max_length=40, verbose_name="registry code")),
                ("web", models.URLField(blank=True, default="", verbose_name="web site")),
                ("contact_name", models.CharField(max_length=120, verbose_name="contact person")),
                ("contact_email", models.EmailField(max_length=254, verbose_name="contact e-mail")),
                ("contact_phone", models.CharField(blank=True, default="", max_length=40, verbose_name="contact telephone")),
                (
                    "representative_name",
                    models.CharField(blank=True, default="", max_length=120, verbose_name="representative"),
                ),
                (
                    "representative_email",
                    models.EmailField(blank=True, default="", max_length=254, verbose_name="e-mail of the representative"),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language of letters")),
                ("elements", models.JSONField(default=list, verbose_name="elements offered")),
                ("answers", models.JSONField(default=dict)),
                ("returned_points", models.JSONField(default=list)),
                ("access_digest", models.CharField(editable=False, max_length=64)),
                ("decision_reference", models.CharField(blank=True, default="", max_length=40, verbose_name="decision")),
                ("decision_reason", models.TextField(blank=True, default="", verbose_name="reason of the decision")),
                ("created_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="members.institution",
                    ),
                ),
                (
                    "screened_by",
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
                    models.UniqueConstraint(fields=("alliance", "code"), name="application_code_once"),
                    models.UniqueConstraint(fields=("alliance", "access_digest"), name="application_link_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "unconfirmed",
                                    "submitted",
                                    "screening",
                                    "returned",
                                    "complete",
                                    "voting",
                                    "accepted",
                                    "rejected",
                                    "withdrawn",
                                    "expired",
                                ],
                            )
                        ),
                        name="application_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "industry_think_tank",
                                    "industry_association",
                                    "specialised_think_tank",
                                    "media_think_tank",
                                    "leading_enterprise",
                                    "library_information",
                                    "university_think_tank",
                                ],
                            )
                        ),
                        name="application_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("subkind__in", ["", "single_field", "diversified", "intra_industry", "inter_industry"])
                        ),
                        name="application_subkind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("registry_scheme__in", ["none", "uscc", "ror"])),
                        name="application_registry_scheme_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="application_has_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "accepted"), _negated=True), ("institution__isnull", False), _connector="OR"
                        ),
                        name="application_accepted_has_institution",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["accepted", "rejected"]), _negated=True),
                            ("decided_at__isnull", False),
                            _connector="OR",
                        ),
                        name="application_decided_has_a_date",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-created_at", "-id"], name="application_newest"),
                    models.Index(fields=["alliance", "state", "-created_at", "-id"], name="application_by_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("act", models.CharField(max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("institution_ids", models.JSONField(default=list)),
                ("done", models.JSONField(default=list)),
                ("refused", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "job",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.job",
                    ),
                ),
            ],
            options={
                "constraints": [],
                "indexes": [models.Index(fields=["alliance", "actor", "-created_at"], name="bulk_act_newest")],
            },
        ),
        migrations.CreateModel(
            name="DuplicatePair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("score", models.DecimalField(decimal_places=3, max_digits=4, verbose_name="likeness")),
                ("reasons", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "to be looked at"), ("dismissed", "not the same"), ("merged", "merged")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("found_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "second",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "first", "second"), name="duplicate_pair_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__lt", models.F("second"))), name="duplicate_pair_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "dismissed", "merged"])), name="duplicate_pair_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 1)), name="duplicate_pair_score_0_to_1"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "state", "-score", "-id"], name="duplicate_pair_likest")],
            },
        ),
        migrations.CreateModel(
            name="Expert",
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
                        choices=[("active", "in the talent pool"), ("ended", "no longer in the talent pool")],
                        default="active",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("name_en", models.CharField(blank=True, default="", max_length=120, verbose_name="name in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="name in Chinese")),
                ("title_en", models.CharField(blank=True, default="", max_length=160, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=160, verbose_name="title in Chinese")),
                ("email", models.EmailField(blank=True, default="", max_length=254, verbose_name="e-mail")),
                ("orcid", models.CharField(blank=True, default="", max_length=19, verbose_name="ORCID iD")),
                ("languages", models.JSONField(default=list, verbose_name="languages")),
                (
                    "days_per_month",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=4, null=True, verbose_name="days a month"),
                ),
                ("available_from", models.DateField(blank=True, null=True, verbose_name="available from")),
                ("available_until", models.DateField(blank=True, null=True, verbose_name="available until")),
                ("outputs_en", models.TextField(blank=True, default="", verbose_name="outputs in English")),
                ("outputs_zh", models.TextField(blank=True, default="", verbose_name="outputs in Chinese")),
                (
                    "consent",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("members_only", "members only"),
                            ("none", "nobody outside the own institution and the office"),
                        ],
                        default="none",
                        max_length=12,
                        verbose_name="who may see",
                    ),
                ),
                ("sort_key", models.CharField(editable=False, max_length=300)),
                ("search_text", models.TextField(default="", editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="experts", to="members.institution"
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="expert_code_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("orcid", ""), _negated=True),
                        fields=("alliance", "orcid"),
                        name="expert_orcid_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["active", "ended"])), name="expert_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("consent__in", ["public", "members_only", "none"])), name="expert_consent_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="expert_has_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("days_per_month__isnull", True),
                            models.Q(("days_per_month__gte", 0), ("days_per_month__lte", 31)),
                            _connector="OR",
                        ),
                        name="expert_days_of_a_month",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "sort_key", "id"], name="expert_by_name"),
                    models.Index(fields=["alliance", "institution", "sort_key", "id"], name="expert_of_institution"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FactMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "fact",
                    models.CharField(
                        choices=[
                            ("name", "name"),
                            ("kind", "kind"),
                            ("registry", "registry code"),
                            ("region", "region"),
                            ("web", "web site"),
                            ("contact", "contact"),
                            ("elements", "elements supplied"),
                        ],
                        max_length=10,
                        verbose_name="fact",
                    ),
                ),
                ("value_digest", models.CharField(max_length=64)),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="verified")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until")),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "evidence_file",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="marks", to="members.institution"
                    ),
                ),
                (
                    "verified_by",
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
                    models.UniqueConstraint(fields=("alliance", "institution", "fact"), name="fact_mark_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fact__in", ["name", "kind", "registry", "region", "web", "contact", "elements"])
                        ),
                        name="fact_mark_fact_known",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "valid_until"], name="fact_mark_due")],
            },
        ),
        migrations.CreateModel(
            name="InstitutionExit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("notice_at", models.DateTimeField(verbose_name="notice given")),
                ("due_on", models.DateField(verbose_name="to be completed by")),
                ("completed_at", models.DateTimeField(blank=True, null=True, verbose_name="completed")),
                ("called_off_at", models.DateTimeField(blank=True, null=True, verbose_name="called off")),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exits", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("called_off_at__isnull", True), ("completed_at__isnull", True)),
                        fields=("alliance", "institution"),
                        name="institution_exit_open_once",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="InstitutionMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("absorbed_state", models.CharField(max_length=16)),
                ("filled", models.JSONField(default=dict)),
                ("merged_at", models.DateTimeField()),
                ("undo_until", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "absorbed",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "kept",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "merged_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "undone_by",
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
                "constraints": [],
                "indexes": [models.Index(fields=["alliance", "-merged_at", "-id"], name="institution_merge_newest")],
            },
        ),
        migrations.CreateModel(
            name="InstitutionStanding",
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
                            ("charter_pending", "waiting for charter acceptance"),
                            ("active", "active"),
                            ("suspended", "suspended"),
                            ("leaving", "leaving, duties being handed over"),
                            ("withdrawn", "left"),
                            ("expelled", "expelled"),
                            ("lapsed", "lapsed (not renewed)"),
                            ("merged", "merged into another entry"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("decision_reference", models.CharField(blank=True, default="", max_length=40, verbose_name="decision")),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="standings", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "charter_pending",
                                    "active",
                                    "suspended",
                                    "leaving",
                                    "withdrawn",
                                    "expelled",
                                    "lapsed",
                                    "merged",
                                ],
                            )
                        ),
                        name="institution_standing_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="institution_standing_period_forward",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("alliance", "="),
                            ("institution", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="institution_standing_periods_apart",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Resource",
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
                        choices=[
                            ("laboratory", "laboratory"),
                            ("equipment", "equipment"),
                            ("data_set", "data set"),
                            ("collection", "collection"),
                            ("software", "software"),
                            ("venue", "venue"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "on offer"), ("paused", "not on offer for now"), ("ended", "no longer on offer")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("name_en", models.CharField(blank=True, default="", max_length=200, verbose_name="name in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="name in Chinese")),
                ("description_en", models.TextField(blank=True, default="", verbose_name="description in English")),
                ("description_zh", models.TextField(blank=True, default="", verbose_name="description in Chinese")),
                ("terms_en", models.TextField(blank=True, default="", verbose_name="terms of use in English")),
                ("terms_zh", models.TextField(blank=True, default="", verbose_name="terms of use in Chinese")),
                ("place", models.CharField(blank=True, default="", max_length=200, verbose_name="place")),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("own", "the own institution only"),
                            ("named", "named institutions"),
                            ("members", "all members"),
                            ("public", "everybody, through the office"),
                        ],
                        default="members",
                        max_length=8,
                        verbose_name="who may use it",
                    ),
                ),
                ("is_bookable", models.BooleanField(default=True, verbose_name="can be booked by time")),
                ("needs_approval", models.BooleanField(default=True, verbose_name="each booking needs the owner's consent")),
                ("sort_key", models.CharField(editable=False, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="resources", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="resource_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["laboratory", "equipment", "data_set", "collection", "software", "venue"])
                        ),
                        name="resource_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "paused", "ended"])), name="resource_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("audience__in", ["own", "named", "members", "public"])),
                        name="resource_audience_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="resource_has_a_name",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "sort_key", "id"], name="resource_by_name")],
            },
        ),
        migrations.CreateModel(
            name="StandingNote",
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
                            ("reminder", "written reminder"),
                            ("heard_written", "heard in writing"),
                            ("heard_person", "heard in person"),
                        ],
                        max_length=14,
                        verbose_name="step",
                    ),
                ),
                ("on", models.DateField(verbose_name="on")),
                ("words", models.TextField(verbose_name="what was said")),
                ("noted_at", models.DateTimeField()),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="standing_notes", to="members.institution"
                    ),
                ),
                (
                    "noted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["reminder", "heard_written", "heard_person"])),
                        name="standing_note_kind_known",
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "-on", "-id"], name="standing_note_newest")],
            },
        ),
        migrations.CreateModel(
            name="ApplicationEvidence",
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
                            ("legal_status", "proof of legal status"),
                            ("element_statement", "statement of the elements offered"),
                            ("authorisation", "letter naming representative and signatory"),
                            ("track_record", "list of studies and outputs"),
                            ("member_list", "list of the association's own members"),
                            ("publishing_licence", "licence to publish, or channel registration"),
                            ("production_site", "description of sites where pilots can run"),
                            ("collection_overview", "overview of collections and access terms"),
                            ("parent_consent", "consent of the parent university"),
                            ("other", "other evidence"),
                        ],
                        max_length=20,
                        verbose_name="evidence",
                    ),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "application",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="members.application"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "legal_status",
                                    "element_statement",
                                    "authorisation",
                                    "track_record",
                                    "member_list",
                                    "publishing_licence",
                                    "production_site",
                                    "collection_overview",
                                    "parent_consent",
                                    "other",
                                ],
                            )
                        ),
                        name="application_evidence_kind_known",
                    ),
                    models.UniqueConstraint(
                        fields=("alliance", "application", "file"), name="application_evidence_file_once"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ApplicationLetter",
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
                            ("link", "private link"),
                            ("received", "receipt"),
                            ("returned", "sent back for completion"),
                            ("reminder", "reminder"),
                            ("complete", "complete, goes to the committee"),
                            ("accepted", "admission"),
                            ("rejected", "refusal with reasons"),
                            ("closed", "closed without decision"),
                        ],
                        max_length=12,
                        verbose_name="letter",
                    ),
                ),
                ("key", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=300, verbose_name="subject")),
                ("body", models.TextField(verbose_name="text")),
                ("has_link", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "application",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="letters", to="members.application"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "application", "key"), name="application_letter_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["link", "received", "returned", "reminder", "complete", "accepted", "rejected", "closed"],
                            )
                        ),
                        name="application_letter_kind_known",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("mailed_at__isnull", True)),
                        fields=["alliance", "created_at"],
                        name="application_letter_unmailed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExitHandover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("duty_key", models.CharField(max_length=120)),
                ("label_en", models.CharField(max_length=300)),
                ("label_zh", models.CharField(max_length=300)),
                ("settled_at", models.DateTimeField()),
                (
                    "handed_to",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.institution",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "exit",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handovers", to="members.institutionexit"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "exit", "duty_key"), name="exit_handover_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ExpertConsent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("members_only", "members only"),
                            ("none", "nobody outside the own institution and the office"),
                        ],
                        max_length=12,
                        verbose_name="who may see",
                    ),
                ),
                ("wording_version", models.CharField(max_length=20)),
                ("given_at", models.DateTimeField(verbose_name="given")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn")),
                (
                    "expert",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="members.expert"
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["public", "members_only", "none"])),
                        name="expert_consent_level_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("alliance", "expert"),
                        name="expert_consent_open_once",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ExpertInterest",
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
                ("words_en", models.CharField(blank=True, default="", max_length=300, verbose_name="in English")),
                ("words_zh", models.CharField(blank=True, default="", max_length=300, verbose_name="in Chinese")),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="until")),
                ("declared_at", models.DateTimeField()),
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
                    "expert",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="interests", to="members.expert"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["post", "holding", "contract", "family", "shared_output", "other"])
                        ),
                        name="expert_interest_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("counterparty__isnull", False),
                            models.Q(("words_en", ""), _negated=True),
                            models.Q(("words_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="expert_interest_says_something",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ExpertSkill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("name_en", models.CharField(blank=True, default="", max_length=120, verbose_name="skill in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="skill in Chinese")),
                (
                    "expert",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="skills", to="members.expert"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "expert", "position"), name="expert_skill_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="expert_skill_has_a_name",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="MergeStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("table", models.CharField(max_length=80)),
                ("column", models.CharField(max_length=80)),
                ("row_id", models.BigIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("moved", "moved to the entry that stays"),
                            ("left", "left with the old entry, because the other has its own"),
                        ],
                        max_length=8,
                        verbose_name="what happened",
                    ),
                ),
                (
                    "merge",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="members.institutionmerge"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["moved", "left"])), name="merge_step_outcome_known"
                    ),
                    models.UniqueConstraint(
                        fields=("alliance", "merge", "table", "column", "row_id"), name="merge_step_once"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ResourceBooking",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "asked for"),
                            ("confirmed", "confirmed"),
                            ("declined", "declined"),
                            ("cancelled", "cancelled"),
                        ],
                        default="requested",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("purpose", models.CharField(max_length=300, verbose_name="purpose")),
                ("answer", models.CharField(blank=True, default="", max_length=300, verbose_name="the owner's answer")),
                ("created_at", models.DateTimeField()),
                (
                    "booked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bookings", to="members.institution"
                    ),
                ),
                (
                    "resource",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bookings", to="members.resource"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["requested", "confirmed", "declined", "cancelled"])),
                        name="resource_booking_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="resource_booking_forward"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state__in", ("requested", "confirmed"))),
                        expressions=[
                            ("alliance", "="),
                            ("resource", "="),
                            (
                                members.models.standing.TsTzRange(
                                    "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                                ),
                                "&&",
                            ),
                        ],
                        name="resource_booking_times_apart",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "starts_at"], name="resource_booking_of")],
            },
        ),
        migrations.CreateModel(
            name="ResourceUser",
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
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "resource",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="users", to="members.resource"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "resource", "institution"), name="resource_user_once")
                ],
                "indexes": [],
            },
        ),
        migrations.RemoveConstraint(
            model_name="institution",
            name="institution_state_known",
        ),
        migrations.AddField(
            model_name="elementsupply",
            name="evidence_file",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance.storedfile",
            ),
        ),
        migrations.AddField(
            model_name="institution",
            name="merged_into",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged_entries",
                to="members.institution",
            ),
        ),
        migrations.AddField(
            model_name="institution",
            name="sort_key_zh",
            field=models.CharField(default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="institution",
            name="subkind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not divided further"),
                    ("single_field", "single-field"),
                    ("diversified", "diversified"),
                    ("intra_industry", "intra-industry"),
                    ("inter_industry", "inter-industry"),
                ],
                default="",
                max_length=16,
                verbose_name="finer kind",
            ),
        ),
        migrations.AddField(
            model_name="institutionimport",
            name="subject",
            field=models.CharField(
                choices=[("institutions", "institutions"), ("experts", "experts"), ("seats", "seats in groups")],
                default="institutions",
                max_length=12,
                verbose_name="rows",
            ),
        ),
        migrations.AddField(
            model_name="institutionstaff",
            name="deputy",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="institution",
            name="state",
            field=models.CharField(
                choices=[
                    ("charter_pending", "waiting for charter acceptance"),
                    ("active", "active"),
                    ("suspended", "suspended"),
                    ("leaving", "leaving, duties being handed over"),
                    ("withdrawn", "left"),
                    ("expelled", "expelled"),
                    ("lapsed", "lapsed (not renewed)"),
                    ("merged", "merged into another entry"),
                ],
                default="active",
                max_length=16,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="elementsupply",
            index=models.Index(fields=["alliance", "element", "institution"], name="element_supply_by_element"),
        ),
        migrations.AddIndex(
            model_name="elementsupply",
            index=models.Index(
                condition=models.Q(("valid_to__isnull", False)),
                fields=["alliance", "valid_to"],
                name="element_supply_ending",
            ),
        ),
        migrations.AddIndex(
            model_name="institution",
            index=models.Index(fields=["alliance", "sort_key_zh", "id"], name="institution_by_chinese_name"),
        ),
        migrations.AddIndex(
            model_name="institution",
            index=models.Index(fields=["alliance", "region_code", "sort_key", "id"], name="institution_by_region"),
        ),
        migrations.AddConstraint(
            model_name="institution",
            constraint=models.CheckConstraint(
                condition=models.Q(("subkind__in", ["", "single_field", "diversified", "intra_industry", "inter_industry"])),
                name="institution_subkind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="institution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["charter_pending", "active", "suspended", "leaving", "withdrawn", "expelled", "lapsed", "merged"],
                    )
                ),
                name="institution_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="institution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged")),
                    models.Q(models.Q(("state", "merged"), _negated=True), ("merged_into__isnull", True)),
                    _connector="OR",
                ),
                name="institution_merged_into_matches_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="institutionimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", ["institutions", "experts", "seats"])),
                name="institution_import_subject_known",
            ),
        ),
    ]
