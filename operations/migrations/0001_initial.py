import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import alliance.kernel.fields
from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    initial = True

    dependencies = [
        ("alliance", "0003_api"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("groups", "0002_depth"),
        ("members", "0003_depth"),
    ]

    operations = [
        migrations.CreateModel(
            name="HonoursList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("rows", models.JSONField()),
                ("published_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "year"), name="honours_list_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="KindForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("research_report", "research report"),
                            ("policy_advice", "policy advice"),
                            ("decision_brief", "decision brief"),
                            ("guide", "guide"),
                            ("tool", "tool"),
                            ("dataset", "data set"),
                            ("standard", "standard"),
                            ("course", "course"),
                            ("popular_science", "popular-science series"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("fields", models.JSONField(default=list)),
                ("evidence", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                ("is_current", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "kind", "version"), name="kind_form_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)), fields=("alliance", "kind"), name="kind_form_one_current"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "research_report",
                                    "policy_advice",
                                    "decision_brief",
                                    "guide",
                                    "tool",
                                    "dataset",
                                    "standard",
                                    "course",
                                    "popular_science",
                                ],
                            )
                        ),
                        name="kind_form_kind_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="kind_form_version_from_one"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="LearningPath",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("aim_en", models.TextField(blank=True, default="", verbose_name="what it makes fit for, in English")),
                ("aim_zh", models.TextField(blank=True, default="", verbose_name="what it makes fit for, in Chinese")),
                ("credits_needed", models.DecimalField(decimal_places=2, max_digits=6, verbose_name="credits needed")),
                ("is_offered", models.BooleanField(default=True, verbose_name="offered")),
                ("created_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="learning_path_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("credits_needed__gt", 0)), name="learning_path_credits_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="learning_path_has_a_title",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PipelineRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "release_rule",
                    models.CharField(
                        choices=[
                            ("committee", "a member of the management committee"),
                            ("convenor", "the convenor of the leading-enterprise group"),
                            ("motion", "a motion of the management committee"),
                        ],
                        default="committee",
                        max_length=10,
                        verbose_name="who decides on a release",
                    ),
                ),
                ("limits", models.JSONField(default=dict, verbose_name="products a stage holds")),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                ("is_current", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "version"), name="pipeline_rules_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)), fields=("alliance",), name="pipeline_rules_one_current"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("release_rule__in", ["committee", "convenor", "motion"])),
                        name="pipeline_rules_release_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("research_report", "research report"),
                            ("policy_advice", "policy advice"),
                            ("decision_brief", "decision brief"),
                            ("guide", "guide"),
                            ("tool", "tool"),
                            ("dataset", "data set"),
                            ("standard", "standard"),
                            ("course", "course"),
                            ("popular_science", "popular-science series"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("in_review", "in review"),
                            ("transforming", "being adapted"),
                            ("piloting", "in pilot"),
                            ("improving", "being improved"),
                            ("released", "released"),
                            ("retired", "retired"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("summary_en", models.TextField(blank=True, default="", verbose_name="summary in English")),
                ("summary_zh", models.TextField(blank=True, default="", verbose_name="summary in Chinese")),
                ("body_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("body_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                ("client_en", models.CharField(blank=True, default="", max_length=200, verbose_name="made for, in English")),
                ("client_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="made for, in Chinese")),
                ("adapted_at", models.DateTimeField(blank=True, null=True, verbose_name="ready for the pilot since")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="due")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("state_since", models.DateTimeField()),
                ("form_version", models.PositiveSmallIntegerField(default=0)),
                ("details", models.JSONField(default=dict)),
                (
                    "admitted_to",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "draft"),
                            ("in_review", "in review"),
                            ("transforming", "being adapted"),
                            ("piloting", "in pilot"),
                            ("improving", "being improved"),
                            ("released", "released"),
                            ("retired", "retired"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("release_proposed_at", models.DateTimeField(blank=True, null=True)),
                ("released_at", models.DateTimeField(blank=True, null=True, verbose_name="released at")),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired at")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at")),
                (
                    "withdrawn_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "draft"),
                            ("in_review", "in review"),
                            ("transforming", "being adapted"),
                            ("piloting", "in pilot"),
                            ("improving", "being improved"),
                            ("released", "released"),
                            ("retired", "retired"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "adapter",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adapted_products",
                        to="members.institution",
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "author",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="products", to="members.institution"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "predecessor",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="successors",
                        to="operations.product",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="product_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "research_report",
                                    "policy_advice",
                                    "decision_brief",
                                    "guide",
                                    "tool",
                                    "dataset",
                                    "standard",
                                    "course",
                                    "popular_science",
                                ],
                            )
                        ),
                        name="product_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "draft",
                                    "in_review",
                                    "transforming",
                                    "piloting",
                                    "improving",
                                    "released",
                                    "retired",
                                    "withdrawn",
                                ],
                            )
                        ),
                        name="product_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="product_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("released_at__isnull", False), ("state__in", ["released", "retired"])),
                            models.Q(
                                models.Q(("state__in", ["released", "retired"]), _negated=True),
                                ("released_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="product_released_at_matches_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("retired_at__isnull", False), ("state", "retired")),
                            models.Q(models.Q(("state", "retired"), _negated=True), ("retired_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="product_retired_at_matches_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "withdrawn"), ("withdrawn_at__isnull", False)),
                            models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawn_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="product_withdrawn_at_matches_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", "withdrawn"),
                                (
                                    "withdrawn_from__in",
                                    [
                                        "draft",
                                        "in_review",
                                        "transforming",
                                        "piloting",
                                        "improving",
                                        "released",
                                        "retired",
                                        "withdrawn",
                                    ],
                                ),
                            ),
                            models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawn_from", "")),
                            _connector="OR",
                        ),
                        name="product_withdrawn_from_a_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("admitted_to", ""),
                            (
                                "admitted_to__in",
                                [
                                    "draft",
                                    "in_review",
                                    "transforming",
                                    "piloting",
                                    "improving",
                                    "released",
                                    "retired",
                                    "withdrawn",
                                ],
                            ),
                            _connector="OR",
                        ),
                        name="product_admitted_to_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "withdrawn"), _negated=True),
                        fields=("alliance", "predecessor"),
                        name="product_one_next_version",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-created_at", "-id"], name="product_newest"),
                    models.Index(fields=["alliance", "state", "-created_at", "-id"], name="product_by_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("aim_en", models.TextField(blank=True, default="", verbose_name="aim in English")),
                ("aim_zh", models.TextField(blank=True, default="", verbose_name="aim in Chinese")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("running", "running"),
                            ("finished", "finished"),
                            ("stopped", "stopped"),
                        ],
                        default="planned",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="start")),
                ("ends_on", models.DateField(verbose_name="end")),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField()),
                ("state_since", models.DateTimeField()),
                ("end_reason", models.CharField(blank=True, default="", max_length=300, verbose_name="why it was stopped")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "consortium",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="groups.consortium",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "lead",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="led_projects", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="project_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "running", "finished", "stopped"])),
                        name="project_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="project_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="project_has_a_title",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "state", "-created_at", "-id"], name="project_by_state")],
            },
        ),
        migrations.CreateModel(
            name="Risk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("schedule", "schedule"),
                            ("quality", "quality"),
                            ("supply", "dependence on one supplier"),
                            ("trust", "trust and conflicts of interest"),
                            ("money", "money"),
                            ("people", "people"),
                            ("law", "law"),
                            ("other", "other"),
                        ],
                        max_length=8,
                        verbose_name="category",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("accepted", "accepted"), ("closed", "closed")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="risk in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="risk in Chinese")),
                ("words_en", models.TextField(blank=True, default="", verbose_name="cause and effect in English")),
                ("words_zh", models.TextField(blank=True, default="", verbose_name="cause and effect in Chinese")),
                (
                    "likelihood",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="likelihood, 1 to 5",
                    ),
                ),
                (
                    "impact",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="impact, 1 to 5",
                    ),
                ),
                ("review_on", models.DateField(verbose_name="next review")),
                ("trigger", models.CharField(blank=True, default="", max_length=120)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "close_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it was closed or accepted"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "owner",
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
                    models.UniqueConstraint(fields=("alliance", "code"), name="risk_code_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("trigger", ""), _negated=True),
                        fields=("alliance", "trigger"),
                        name="risk_trigger_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category__in", ["schedule", "quality", "supply", "trust", "money", "people", "law", "other"])
                        ),
                        name="risk_category_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "accepted", "closed"])), name="risk_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("impact__gte", 1), ("impact__lte", 5), ("likelihood__gte", 1), ("likelihood__lte", 5)
                        ),
                        name="risk_grades_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="risk_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"), models.Q(("close_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="risk_settled_with_reason",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "state", "-opened_at", "-id"], name="risk_by_state"),
                    models.Index(fields=["alliance", "review_on"], name="risk_review_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tariff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("approved", "in force"),
                            ("refused", "refused"),
                            ("superseded", "superseded"),
                        ],
                        default="proposed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("points", models.JSONField(verbose_name="points by act")),
                (
                    "half_life_days",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="half-life of a point, days"),
                ),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                ("proposed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "version"), name="tariff_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")), fields=("alliance",), name="tariff_one_proposed"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "approved")), fields=("alliance",), name="tariff_one_in_force"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "approved", "refused", "superseded"])),
                        name="tariff_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settled_by__isnull", True),
                            models.Q(("settled_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="tariff_second_person",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Course",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                (
                    "form",
                    models.CharField(
                        choices=[
                            ("training", "training"),
                            ("workshop", "workshop"),
                            ("exchange", "exchange of staff"),
                            ("visit", "visit"),
                            ("seminar", "seminar"),
                        ],
                        max_length=8,
                        verbose_name="form",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("aim_en", models.TextField(blank=True, default="", verbose_name="what is learnt, in English")),
                ("aim_zh", models.TextField(blank=True, default="", verbose_name="what is learnt, in Chinese")),
                ("credits", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="credits")),
                ("is_assessed", models.BooleanField(default=True, verbose_name="credits only after an assessment")),
                (
                    "valid_months",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="certificate valid for months"),
                ),
                ("is_offered", models.BooleanField(default=True, verbose_name="offered")),
                ("created_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "host",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="courses", to="members.institution"
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="courses",
                        to="operations.product",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="course_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["training", "workshop", "exchange", "visit", "seminar"])),
                        name="course_form_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("credits__gt", 0)), name="course_credits_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="course_has_a_title",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "-created_at", "-id"], name="course_newest")],
            },
        ),
        migrations.CreateModel(
            name="Contribution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("author", "wrote it"),
                            ("method", "method"),
                            ("data", "data"),
                            ("adaptation", "adaptation"),
                            ("trial", "trial"),
                            ("translation", "translation"),
                            ("means", "money or equipment"),
                        ],
                        max_length=12,
                        verbose_name="part",
                    ),
                ),
                ("share", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="share, percent")),
                (
                    "words_en",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="what it did, in English"),
                ),
                (
                    "words_zh",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="what it did, in Chinese"),
                ),
                ("named_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("contested_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contest_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it is contested"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "expert",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="members.expert",
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contributions", to="members.institution"
                    ),
                ),
                (
                    "named_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="contributions", to="operations.product"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "product", "institution"), name="contribution_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["author", "method", "data", "adaptation", "trial", "translation", "means"])
                        ),
                        name="contribution_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("share__gt", 0), ("share__lte", 100)), name="contribution_share_in_percent"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("confirmed_at__isnull", True), ("contested_at__isnull", True), _connector="OR"),
                        name="contribution_one_answer",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ProductFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("evidence", models.CharField(blank=True, default="", max_length=40, verbose_name="evidence")),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("is_public", models.BooleanField(default=False, verbose_name="anybody may download it after the release")),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="since version")),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="operations.product"
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "product", "file"), name="product_file_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ProductReference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("need", "need of the industry"),
                            ("listing", "listing"),
                            ("project", "project"),
                            ("product", "product"),
                            ("directive", "directive"),
                            ("external", "outside source"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=80, verbose_name="code")),
                ("words", models.CharField(blank=True, default="", max_length=300, verbose_name="title or words")),
                ("url", models.URLField(blank=True, default="", max_length=500, verbose_name="address")),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="references", to="operations.product"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "product", "kind", "code", "words", "url"), name="product_reference_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["need", "listing", "project", "product", "directive", "external"])),
                        name="product_reference_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code", ""), ("url", ""), ("words", ""), _negated=True),
                        name="product_reference_says_something",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "kind", "code"], name="product_reference_to")],
            },
        ),
        migrations.CreateModel(
            name="ProductReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[("approve", "good to go on"), ("return", "send back")], max_length=8, verbose_name="verdict"
                    ),
                ),
                ("comment", models.TextField(blank=True, default="", verbose_name="reasons")),
                ("at", models.DateTimeField()),
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
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="operations.product"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["approve", "return"])), name="product_review_verdict_known"
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "product", "-at"], name="product_review_of")],
            },
        ),
        migrations.CreateModel(
            name="ProductShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "content_object",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="operations.product"
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("permission", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "content_object", "user", "permission"), name="product_share_once"
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "user"], name="product_share_of")],
            },
        ),
        migrations.CreateModel(
            name="ProductVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "occasion",
                    models.CharField(
                        choices=[
                            ("submitted", "submitted for review"),
                            ("adapted", "handed over by the media group"),
                            ("piece", "turned into a piece"),
                            ("pilot", "sent into a pilot"),
                            ("released", "released"),
                        ],
                        max_length=10,
                        verbose_name="occasion",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("research_report", "research report"),
                            ("policy_advice", "policy advice"),
                            ("decision_brief", "decision brief"),
                            ("guide", "guide"),
                            ("tool", "tool"),
                            ("dataset", "data set"),
                            ("standard", "standard"),
                            ("course", "course"),
                            ("popular_science", "popular-science series"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("form_version", models.PositiveSmallIntegerField(default=0)),
                ("title_en", models.CharField(blank=True, default="", max_length=200)),
                ("title_zh", models.CharField(blank=True, default="", max_length=200)),
                ("summary_en", models.TextField(blank=True, default="")),
                ("summary_zh", models.TextField(blank=True, default="")),
                ("body_en", models.TextField(blank=True, default="")),
                ("body_zh", models.TextField(blank=True, default="")),
                ("client_en", models.CharField(blank=True, default="", max_length=200)),
                ("client_zh", models.CharField(blank=True, default="", max_length=200)),
                ("details", models.JSONField(default=dict)),
                ("files", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="operations.product"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "product", "serial"), name="product_version_serial_once"),
                    models.CheckConstraint(
                        condition=models.Q(("occasion__in", ["submitted", "adapted", "piece", "pilot", "released"])),
                        name="product_version_occasion_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "research_report",
                                    "policy_advice",
                                    "decision_brief",
                                    "guide",
                                    "tool",
                                    "dataset",
                                    "standard",
                                    "course",
                                    "popular_science",
                                ],
                            )
                        ),
                        name="product_version_kind_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Milestone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name_en", models.CharField(blank=True, default="", max_length=200, verbose_name="milestone in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="milestone in Chinese")),
                ("due_on", models.DateField(verbose_name="due")),
                ("reached_on", models.DateField(blank=True, null=True, verbose_name="reached on")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "reached_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="milestones", to="operations.project"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "project", "position"), name="milestone_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="milestone_has_a_name",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "due_on"], name="milestone_due")],
            },
        ),
        migrations.CreateModel(
            name="ProjectPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("leader", "leads it"), ("member", "works in it")],
                        default="member",
                        max_length=6,
                        verbose_name="part",
                    ),
                ),
                ("words", models.CharField(blank=True, default="", max_length=200, verbose_name="what they do")),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="project_people", to="members.institution"
                    ),
                ),
                (
                    "project",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="people", to="operations.project"
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
                    models.UniqueConstraint(
                        condition=models.Q(("until__isnull", True)),
                        fields=("alliance", "project", "user"),
                        name="project_person_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["leader", "member"])), name="project_person_role_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RiskMeasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.CharField(max_length=300, verbose_name="what is done")),
                ("due_on", models.DateField(verbose_name="due")),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "risk",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="measures", to="operations.risk"
                    ),
                ),
            ],
            options={
                "constraints": [],
                "indexes": [models.Index(fields=["alliance", "due_on"], name="risk_measure_due")],
            },
        ),
        migrations.CreateModel(
            name="RiskReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "likelihood",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="likelihood, 1 to 5",
                    ),
                ),
                (
                    "impact",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="impact, 1 to 5",
                    ),
                ),
                ("words", models.TextField(blank=True, default="", verbose_name="what was found")),
                ("next_on", models.DateField(verbose_name="next review")),
                ("at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "risk",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="operations.risk"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("impact__gte", 1), ("impact__lte", 5), ("likelihood__gte", 1), ("likelihood__lte", 5)
                        ),
                        name="risk_review_grades_1_to_5",
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "risk", "-at"], name="risk_review_of")],
            },
        ),
        migrations.CreateModel(
            name="ContributionPoints",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("product_released", "product released"),
                            ("product_adapted", "product adapted"),
                            ("draft_reviewed", "draft reviewed"),
                            ("piece_published", "piece published"),
                            ("pilot_answered", "pilot answered"),
                            ("point_done", "suggestion taken up"),
                            ("milestone_reached", "milestone reached"),
                            ("hours_worked", "hours worked in a project"),
                            ("session_held", "course held"),
                            ("course_passed", "course passed"),
                        ],
                        max_length=20,
                        verbose_name="act",
                    ),
                ),
                ("record", models.CharField(max_length=120, verbose_name="record")),
                ("units", models.DecimalField(decimal_places=2, default=1, max_digits=9, verbose_name="units")),
                ("quality", models.DecimalField(decimal_places=2, default=1, max_digits=3, verbose_name="quality, 0 to 2")),
                ("points", models.DecimalField(decimal_places=4, max_digits=11, verbose_name="points")),
                ("at", models.DateTimeField(verbose_name="day of the act")),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "cancel_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why they were taken back"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contribution_points",
                        to="members.institution",
                    ),
                ),
                (
                    "tariff",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="operations.tariff"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        fields=("alliance", "institution", "act", "record"),
                        name="contribution_points_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "act__in",
                                [
                                    "product_released",
                                    "product_adapted",
                                    "draft_reviewed",
                                    "piece_published",
                                    "pilot_answered",
                                    "point_done",
                                    "milestone_reached",
                                    "hours_worked",
                                    "session_held",
                                    "course_passed",
                                ],
                            )
                        ),
                        name="contribution_points_act_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("units__gt", 0)), name="contribution_points_units_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("quality__gte", 0), ("quality__lte", 2)),
                        name="contribution_points_quality_range",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "-at", "-id"], name="contribution_points_of")],
            },
        ),
        migrations.CreateModel(
            name="CourseSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("open", "open for enrolment"),
                            ("held", "held"),
                            ("cancelled", "cancelled"),
                        ],
                        default="planned",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="start")),
                ("ends_at", models.DateTimeField(verbose_name="end")),
                ("place", models.CharField(blank=True, default="", max_length=200, verbose_name="place")),
                ("teacher", models.CharField(blank=True, default="", max_length=200, verbose_name="held by")),
                ("places", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="places")),
                ("held_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "course",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sessions", to="operations.course"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "course", "number"), name="course_session_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "open", "held", "cancelled"])),
                        name="course_session_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="course_session_ends_after_start"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "state", "starts_at"], name="course_session_coming")],
            },
        ),
        migrations.CreateModel(
            name="LearningPathCourse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("is_required", models.BooleanField(default=True, verbose_name="required")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "course",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="paths", to="operations.course"
                    ),
                ),
                (
                    "path",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="courses", to="operations.learningpath"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "path", "course"), name="learning_path_course_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Piece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, verbose_name="code")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("brief", "brief"),
                            ("article", "article"),
                            ("infographic", "infographic text"),
                            ("video_script", "short video script"),
                            ("wechat_article", "WeChat article"),
                            ("course", "course"),
                        ],
                        max_length=14,
                        verbose_name="kind",
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("industry", "the industry and its enterprises"),
                            ("members", "members"),
                            ("government", "governments and public bodies"),
                            ("public", "the public"),
                        ],
                        max_length=10,
                        verbose_name="for whom",
                    ),
                ),
                (
                    "audience_words",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="for whom exactly"),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("site", "website"),
                            ("sharing_platform", "sharing platform"),
                            ("wechat", "WeChat official account"),
                            ("weibo", "Weibo"),
                            ("app", "app"),
                            ("chat_group", "WeChat or QQ group"),
                            ("event", "forum, seminar or lecture"),
                            ("print", "print"),
                        ],
                        max_length=16,
                        verbose_name="channel",
                    ),
                ),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                ("body_en", models.TextField(blank=True, default="", verbose_name="text in English")),
                ("body_zh", models.TextField(blank=True, default="", verbose_name="text in Chinese")),
                ("link", models.URLField(blank=True, default="", max_length=500, verbose_name="where it went out")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("in_check", "being checked by the authors"),
                            ("approved", "checked"),
                            ("published", "published"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("state_since", models.DateTimeField()),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "maker",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pieces", to="members.institution"
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pieces", to="operations.product"
                    ),
                ),
                (
                    "version",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pieces", to="operations.productversion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="piece_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["brief", "article", "infographic", "video_script", "wechat_article", "course"])
                        ),
                        name="piece_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("audience__in", ["industry", "members", "government", "public"])),
                        name="piece_audience_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "channel__in",
                                ["site", "sharing_platform", "wechat", "weibo", "app", "chat_group", "event", "print"],
                            )
                        ),
                        name="piece_channel_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "in_check", "approved", "published", "withdrawn"])),
                        name="piece_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="piece_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True), ("published_at__isnull", False), _connector="OR"
                        ),
                        name="piece_published_at_known",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "product", "-created_at", "-id"], name="piece_of_product"),
                    models.Index(fields=["alliance", "state", "-created_at", "-id"], name="piece_by_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pilot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("round", models.PositiveSmallIntegerField(verbose_name="round")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version of the product")),
                ("plan_version", models.PositiveSmallIntegerField(default=1, verbose_name="version of the plan")),
                ("turn", models.PositiveSmallIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("open", "open"),
                            ("extended", "extended"),
                            ("aggregating", "answers being summed up"),
                            ("passed", "passed"),
                            ("failed", "not passed"),
                            ("inconclusive", "not enough answers"),
                            ("cancelled", "called off"),
                        ],
                        default="planned",
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                ("question_en", models.TextField(blank=True, default="", verbose_name="question in English")),
                ("question_zh", models.TextField(blank=True, default="", verbose_name="question in Chinese")),
                (
                    "sample_en",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="who or what is tried, in English"
                    ),
                ),
                (
                    "sample_zh",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="who or what is tried, in Chinese"
                    ),
                ),
                ("sample_size", models.PositiveIntegerField(default=1, verbose_name="answers hoped for at each site")),
                ("accept_by", models.DateTimeField(blank=True, null=True, verbose_name="sites accept by")),
                (
                    "escalate_days",
                    models.PositiveSmallIntegerField(default=2, verbose_name="tell the convenor after days of silence"),
                ),
                ("minimum_sites", models.PositiveSmallIntegerField(default=1, verbose_name="sites needed to begin")),
                ("starts_at", models.DateTimeField(verbose_name="start")),
                ("deadline", models.DateTimeField(verbose_name="deadline")),
                (
                    "remind_days_before",
                    models.PositiveSmallIntegerField(default=3, verbose_name="remind, days before the deadline"),
                ),
                ("minimum_answers", models.PositiveSmallIntegerField(default=3, verbose_name="answers needed")),
                (
                    "trim_proportion",
                    models.DecimalField(
                        decimal_places=2, default="0.10", max_digits=3, verbose_name="share cut at each end"
                    ),
                ),
                (
                    "blocking_defects_allowed",
                    models.PositiveSmallIntegerField(default=0, verbose_name="blocking defects allowed"),
                ),
                ("maximum_rounds", models.PositiveSmallIntegerField(default=3, verbose_name="rounds at most")),
                (
                    "extension_days",
                    models.PositiveSmallIntegerField(default=14, verbose_name="with too few answers, extend once by days"),
                ),
                ("extensions", models.PositiveSmallIntegerField(default=0)),
                ("closes_itself", models.BooleanField(default=True, verbose_name="close by itself at the deadline")),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("answers", models.PositiveIntegerField(default=0)),
                (
                    "mean_score",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="mean score, 0 to 100"
                    ),
                ),
                ("result", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pilots", to="operations.product"
                    ),
                ),
                (
                    "tested",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pilots", to="operations.productversion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "product", "round"), name="pilot_round_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "planned",
                                    "open",
                                    "extended",
                                    "aggregating",
                                    "passed",
                                    "failed",
                                    "inconclusive",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="pilot_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deadline__gt", models.F("starts_at"))), name="pilot_deadline_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("trim_proportion__gte", 0), ("trim_proportion__lt", 0.5)),
                        name="pilot_trim_proportion_under_half",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["planned", "open", "extended", "aggregating"])),
                        fields=("alliance", "product"),
                        name="pilot_one_at_a_time",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "state", "deadline"], name="pilot_due")],
            },
        ),
        migrations.CreateModel(
            name="Deliverable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name_en", models.CharField(blank=True, default="", max_length=200, verbose_name="deliverable in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="deliverable in Chinese")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("research_report", "research report"),
                            ("policy_advice", "policy advice"),
                            ("decision_brief", "decision brief"),
                            ("guide", "guide"),
                            ("tool", "tool"),
                            ("dataset", "data set"),
                            ("standard", "standard"),
                            ("course", "course"),
                            ("popular_science", "popular-science series"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("due_on", models.DateField(verbose_name="due")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "milestone",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deliverables",
                        to="operations.milestone",
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="operations.product",
                    ),
                ),
                (
                    "project",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliverables", to="operations.project"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "project", "position"), name="deliverable_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "research_report",
                                    "policy_advice",
                                    "decision_brief",
                                    "guide",
                                    "tool",
                                    "dataset",
                                    "standard",
                                    "course",
                                    "popular_science",
                                ],
                            )
                        ),
                        name="deliverable_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="deliverable_has_a_name",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ProjectTask",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("name_en", models.CharField(blank=True, default="", max_length=200, verbose_name="task in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="task in Chinese")),
                (
                    "state",
                    models.CharField(
                        choices=[("to_do", "to do"), ("doing", "being done"), ("done", "done"), ("dropped", "dropped")],
                        default="to_do",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="start")),
                ("ends_on", models.DateField(verbose_name="end")),
                (
                    "planned_hours",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name="planned hours"),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "milestone",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tasks",
                        to="operations.milestone",
                    ),
                ),
                (
                    "owner",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="operations.projectperson",
                    ),
                ),
                (
                    "project",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="operations.project"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "project", "number"), name="project_task_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["to_do", "doing", "done", "dropped"])),
                        name="project_task_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="project_task_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="project_task_has_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("planned_hours__isnull", True), ("planned_hours__gt", 0), _connector="OR"),
                        name="project_task_hours_positive",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("enrolled", "enrolled"), ("waiting", "on the waiting list"), ("left", "given up")],
                        default="enrolled",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "attendance",
                    models.CharField(
                        blank=True,
                        choices=[("present", "present"), ("partly", "partly present"), ("absent", "absent")],
                        default="",
                        max_length=7,
                        verbose_name="attendance",
                    ),
                ),
                (
                    "assessment",
                    models.CharField(
                        blank=True,
                        choices=[("passed", "passed"), ("failed", "not passed")],
                        default="",
                        max_length=6,
                        verbose_name="assessment",
                    ),
                ),
                ("assessed_at", models.DateTimeField(blank=True, null=True)),
                ("credits", models.DecimalField(decimal_places=2, default=0, max_digits=5, verbose_name="credits")),
                ("enrolled_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "assessed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="members.institution"
                    ),
                ),
                (
                    "session",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="operations.coursesession"
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
                    models.UniqueConstraint(
                        condition=models.Q(("state", "left"), _negated=True),
                        fields=("alliance", "session", "user"),
                        name="enrolment_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["enrolled", "waiting", "left"])), name="enrolment_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("attendance", ""), ("attendance__in", ["present", "partly", "absent"]), _connector="OR"
                        ),
                        name="enrolment_attendance_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("assessment", ""), ("assessment__in", ["passed", "failed"]), _connector="OR"),
                        name="enrolment_assessment_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credits", 0), models.Q(("assessed_at__isnull", False), ("credits__gt", 0)), _connector="OR"
                        ),
                        name="enrolment_credits_assessed",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "user"], name="enrolment_of_user")],
            },
        ),
        migrations.CreateModel(
            name="PieceCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[("approve", "good to go on"), ("return", "send back")], max_length=8, verbose_name="verdict"
                    ),
                ),
                ("comment", models.TextField(blank=True, default="", verbose_name="reasons")),
                ("at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "checker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "piece",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="checks", to="operations.piece"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["approve", "return"])), name="piece_check_verdict_known"
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "piece", "-at"], name="piece_check_of")],
            },
        ),
        migrations.CreateModel(
            name="PilotCriterion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name_en", models.CharField(blank=True, default="", max_length=120, verbose_name="criterion in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="criterion in Chinese")),
                ("scale_low", models.SmallIntegerField(default=1, verbose_name="lowest score")),
                ("scale_high", models.SmallIntegerField(default=5, verbose_name="highest score")),
                ("pass_mark", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="pass mark")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="criteria", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "pilot", "position"), name="pilot_criterion_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(("scale_high__gt", models.F("scale_low"))), name="pilot_criterion_scale_rises"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("pass_mark__gte", models.F("scale_low")), ("pass_mark__lte", models.F("scale_high"))
                        ),
                        name="pilot_criterion_pass_mark_on_scale",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotMeasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name_en", models.CharField(blank=True, default="", max_length=120, verbose_name="measure in English")),
                ("name_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="measure in Chinese")),
                ("unit", models.CharField(blank=True, default="", max_length=40, verbose_name="unit")),
                (
                    "direction",
                    models.SmallIntegerField(choices=[(1, "more"), (-1, "less")], default=1, verbose_name="what is better"),
                ),
                (
                    "minimum_change",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=6,
                        null=True,
                        verbose_name="change for the better needed, percent of the baseline",
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="measures", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "pilot", "position"), name="pilot_measure_place_once"),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", [1, -1])), name="pilot_measure_direction_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name_en", ""), _negated=True),
                            models.Q(("name_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="pilot_measure_has_a_name",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotParticipant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "invited"),
                            ("accepted", "accepted"),
                            ("answered", "answered"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="invited",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("site_en", models.CharField(blank=True, default="", max_length=120, verbose_name="site in English")),
                ("site_zh", models.CharField(blank=True, default="", max_length=120, verbose_name="site in Chinese")),
                ("is_public", models.BooleanField(default=False, verbose_name="the public page may name it")),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=300, verbose_name="why it left")),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pilot_seats", to="members.institution"
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="participants", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "pilot", "institution"), name="pilot_participant_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["invited", "accepted", "answered", "declined", "withdrawn"])),
                        name="pilot_participant_state_known",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotPlanVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("plan", models.JSONField()),
                ("reason", models.CharField(blank=True, default="", max_length=300, verbose_name="reason")),
                ("made_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="plans", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "pilot", "number"), name="pilot_plan_version_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotReopening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("turn", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("state_before", models.CharField(max_length=14)),
                ("result_before", models.JSONField(default=dict)),
                ("deadline", models.DateTimeField(verbose_name="new deadline")),
                ("at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reopenings", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "pilot", "turn"), name="pilot_reopening_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="operations.pilot"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "pilot", "key"), name="pilot_step_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="TaskLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "after",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links_before", to="operations.projecttask"
                    ),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "before",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links_after", to="operations.projecttask"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "before", "after"), name="task_link_once"),
                    models.CheckConstraint(
                        condition=models.Q(("before", models.F("after")), _negated=True), name="task_link_between_two"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="WorkHours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("hours", models.DecimalField(decimal_places=2, max_digits=4, verbose_name="hours")),
                ("words", models.CharField(blank=True, default="", max_length=300, verbose_name="what was done")),
                ("noted_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("struck_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "noted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "person",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="hours", to="operations.projectperson"
                    ),
                ),
                (
                    "task",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hours",
                        to="operations.projecttask",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("hours__gt", 0), ("hours__lte", 24)), name="work_hours_of_a_day"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_by__isnull", True),
                            models.Q(("confirmed_by", models.F("noted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="work_hours_second_person",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "person", "-day", "-id"], name="work_hours_of_person")],
            },
        ),
        migrations.CreateModel(
            name="Certificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                ("issued_on", models.DateField(verbose_name="issued on")),
                ("expires_on", models.DateField(blank=True, null=True, verbose_name="valid to")),
                ("is_named", models.BooleanField(default=False, verbose_name="the public page names the person")),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "revoke_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it was revoked"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "enrolment",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="certificate", to="operations.enrolment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="certificate_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_on__isnull", True), ("expires_on__gt", models.F("issued_on")), _connector="OR"
                        ),
                        name="certificate_expires_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revoked_at__isnull", True), models.Q(("revoke_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="certificate_revoked_with_reason",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "expires_on"], name="certificate_expiring")],
            },
        ),
        migrations.CreateModel(
            name="PilotFeedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("respondent_key", models.CharField(max_length=60)),
                ("submitted_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "evidence",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance.storedfile",
                    ),
                ),
                (
                    "respondent",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "participant",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to="operations.pilotparticipant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "participant", "respondent_key"), name="pilot_feedback_once_per_person"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PilotPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("lead", "answers for the site"), ("trier", "tries it")], max_length=6, verbose_name="part"
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what was handed over")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "participant",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="people", to="operations.pilotparticipant"
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
                    models.UniqueConstraint(
                        condition=models.Q(("role", "lead"), ("until__isnull", True)),
                        fields=("alliance", "participant"),
                        name="pilot_person_one_lead",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("until__isnull", True)),
                        fields=("alliance", "participant", "user"),
                        name="pilot_person_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["lead", "trier"])), name="pilot_person_role_known"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phase",
                    models.CharField(
                        choices=[("baseline", "before the trial"), ("after", "during or after the trial")],
                        max_length=8,
                        verbose_name="when",
                    ),
                ),
                ("value", models.DecimalField(decimal_places=6, max_digits=18, verbose_name="value")),
                ("taken_on", models.DateField(verbose_name="measured on")),
                ("key", models.UUIDField()),
                ("received_at", models.DateTimeField()),
                ("struck_at", models.DateTimeField(blank=True, null=True)),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "measure",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="readings", to="operations.pilotmeasure"
                    ),
                ),
                (
                    "participant",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="readings",
                        to="operations.pilotparticipant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "participant", "key"), name="reading_once"),
                    models.CheckConstraint(
                        condition=models.Q(("phase__in", ["baseline", "after"])), name="reading_phase_known"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "measure", "phase"], name="reading_of_measure")],
            },
        ),
        migrations.CreateModel(
            name="WorkbookEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("reading", "measurement"),
                            ("scores", "scores"),
                            ("defect", "defect"),
                            ("suggestion", "suggestion"),
                            ("note", "note"),
                            ("photo", "photo or file"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("body", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=64)),
                ("noted_at", models.DateTimeField(verbose_name="noted at")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("struck_at", models.DateTimeField(blank=True, null=True)),
                (
                    "struck_reason",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="why it is struck out"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                    "participant",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="operations.pilotparticipant"
                    ),
                ),
                (
                    "struck_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "participant", "key"), name="workbook_entry_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["reading", "scores", "defect", "suggestion", "note", "photo"])),
                        name="workbook_entry_kind_known",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "participant", "-noted_at", "-id"], name="workbook_entry_newest")
                ],
            },
        ),
        migrations.CreateModel(
            name="CriterionScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("score", models.SmallIntegerField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "criterion",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="scores", to="operations.pilotcriterion"
                    ),
                ),
                (
                    "feedback",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scores", to="operations.pilotfeedback"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "feedback", "criterion"), name="criterion_score_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="FeedbackPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("key", models.CharField(max_length=80)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("defect", "defect found at a site"),
                            ("suggestion", "suggestion of a site"),
                            ("criterion", "criterion under its pass mark"),
                            ("decision", "decision on the release"),
                            ("member", "remark of a member"),
                            ("public", "comment of a client"),
                        ],
                        max_length=10,
                        verbose_name="from",
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        blank=True,
                        choices=[("blocking", "blocking"), ("major", "major"), ("minor", "minor")],
                        default="",
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                ("text_en", models.TextField(blank=True, default="", verbose_name="in English")),
                ("text_zh", models.TextField(blank=True, default="", verbose_name="in Chinese")),
                ("raised_at", models.DateTimeField(verbose_name="said at")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("accepted", "accepted"), ("declined", "declined"), ("done", "done")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "answer",
                    models.CharField(blank=True, default="", max_length=500, verbose_name="what was done, or why not"),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("done_in", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="done in version")),
                (
                    "named_in",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="named by the release of version"),
                ),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "raised_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "pilot",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="operations.pilot",
                    ),
                ),
                (
                    "feedback",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="operations.pilotfeedback",
                    ),
                ),
                (
                    "participant",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="operations.pilotparticipant",
                    ),
                ),
                (
                    "product",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="points", to="operations.product"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "product", "key"), name="feedback_point_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("source__in", ["defect", "suggestion", "criterion", "decision", "member", "public"])
                        ),
                        name="feedback_point_source_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "accepted", "declined", "done"])),
                        name="feedback_point_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("severity", ""), ("severity__in", ["blocking", "major", "minor"]), _connector="OR"
                        ),
                        name="feedback_point_severity_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text_en", ""), _negated=True),
                            models.Q(("text_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="feedback_point_says_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "declined"), _negated=True),
                            models.Q(("answer", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="feedback_point_declined_with_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_in__isnull", False), ("state", "done")),
                            models.Q(models.Q(("state", "done"), _negated=True), ("done_in__isnull", True)),
                            _connector="OR",
                        ),
                        name="feedback_point_done_in_a_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("named_in__isnull", True),
                            models.Q(("done_in__lte", models.F("named_in")), ("state", "done")),
                            _connector="OR",
                        ),
                        name="feedback_point_named_when_done",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "product", "state"], name="feedback_point_of_product"),
                    models.Index(fields=["alliance", "product", "-raised_at", "-id"], name="feedback_point_newest"),
                    models.Index(fields=["alliance", "-raised_at", "-id"], name="feedback_point_all_newest"),
                ],
            },
        ),
    ]
