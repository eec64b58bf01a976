import django.contrib.postgres.fields
import django.db.models.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import alliance.kernel.fields
from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("alliance", "0006_calendar_feed"),
        ("members", "0007_import_listings"),
        ("services", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClauseVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("key", models.CharField(max_length=40, verbose_name="key")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("title_en", models.CharField(max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(max_length=200, verbose_name="title in Chinese")),
                ("body_en", models.TextField(verbose_name="text in English")),
                ("body_zh", models.TextField(verbose_name="text in Chinese")),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "waiting for a second person"),
                            ("in_force", "in use"),
                            ("replaced", "replaced"),
                            ("refused", "refused"),
                        ],
                        default="proposed",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                    models.UniqueConstraint(fields=("alliance", "key", "version"), name="clause_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")),
                        fields=("alliance", "key"),
                        name="clause_version_one_in_force",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("alliance", "key"),
                        name="clause_version_one_proposed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "in_force", "replaced", "refused"])),
                        name="clause_version_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("made_by__isnull", True),
                            models.Q(("decided_by", models.F("made_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="clause_version_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("key", models.CharField(max_length=40, verbose_name="key")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("title_en", models.CharField(max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(max_length=200, verbose_name="title in Chinese")),
                ("articles", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "waiting for a second person"),
                            ("in_force", "in use"),
                            ("replaced", "replaced"),
                            ("refused", "refused"),
                        ],
                        default="proposed",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
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
                    models.UniqueConstraint(fields=("alliance", "key", "version"), name="contract_template_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")),
                        fields=("alliance", "key"),
                        name="contract_template_one_in_force",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("alliance", "key"),
                        name="contract_template_one_proposed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "in_force", "replaced", "refused"])),
                        name="contract_template_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("made_by__isnull", True),
                            models.Q(("decided_by", models.F("made_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="contract_template_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListingCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField()),
                ("step", models.PositiveSmallIntegerField()),
                ("verdict", models.CharField(choices=[("passed", "verified"), ("returned", "sent back")], max_length=8)),
                ("points", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.institution"
                    ),
                ),
                (
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="checks", to="services.listing"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("step__in", [1, 2])), name="listing_check_step_known"),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["passed", "returned"])), name="listing_check_verdict_known"
                    ),
                    models.UniqueConstraint(
                        fields=("alliance", "listing", "revision", "step"), name="listing_check_step_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("verdict", "passed")),
                        fields=("alliance", "listing", "revision", "by"),
                        name="listing_check_two_people",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("verdict", "passed")),
                        fields=("alliance", "listing", "revision", "institution"),
                        name="listing_check_two_institutions",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ListingFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="services.listing"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ListingParty",
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
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parties", to="services.listing"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "listing", "institution"), name="listing_party_once")
                ],
                "indexes": [models.Index(fields=["alliance", "institution"], name="listing_party_of")],
            },
        ),
        migrations.CreateModel(
            name="ListingText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("side", models.CharField(choices=[("demand", "demand"), ("supply", "supply")], max_length=8)),
                ("language", models.CharField(choices=[("en", "English"), ("zh", "Chinese")], max_length=2)),
                ("length", models.PositiveIntegerField()),
                ("is_counted", models.BooleanField(default=True)),
                ("digest", models.CharField(max_length=64)),
                ("vector", models.BinaryField(null=True)),
                ("vector_model", models.CharField(blank=True, default="", max_length=80)),
                ("indexed_at", models.DateTimeField()),
                (
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="indexed", to="services.listing"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["demand", "supply"])), name="listing_text_side_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["en", "zh"])), name="listing_text_language_known"
                    ),
                    models.UniqueConstraint(fields=("alliance", "listing", "language"), name="listing_text_once"),
                ],
                "indexes": [models.Index(fields=["alliance", "side", "language"], name="listing_text_of_side")],
            },
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("engine", "suggested by the computer"),
                            ("interest", "interest of a member"),
                            ("desk", "proposed by the desk"),
                        ],
                        max_length=10,
                        verbose_name="brought together by",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("suggested", "suggested"),
                            ("invited", "one side is interested"),
                            ("introduced", "introduced"),
                            ("in_talks", "in talks"),
                            ("agreed", "agreed"),
                            ("declined", "declined"),
                            ("ended", "ended without agreement"),
                        ],
                        default="suggested",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("fit", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="fit")),
                ("reasons", models.JSONField(default=dict)),
                ("words", models.TextField(blank=True, default="", verbose_name="why")),
                ("made_at", models.DateTimeField()),
                ("introduced_at", models.DateTimeField(blank=True, null=True)),
                ("contacted_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.TextField(blank=True, default="", verbose_name="outcome")),
                (
                    "demand",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matches_as_demand", to="services.listing"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "supply",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matches_as_supply", to="services.listing"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="match_code_once"),
                    models.UniqueConstraint(fields=("alliance", "demand", "supply"), name="match_pair_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["suggested", "invited", "introduced", "in_talks", "agreed", "declined", "ended"])
                        ),
                        name="match_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("origin__in", ["engine", "interest", "desk"])), name="match_origin_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fit__isnull", True), models.Q(("fit__gte", 0), ("fit__lte", 100)), _connector="OR"
                        ),
                        name="match_fit_0_to_100",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-made_at", "-id"], name="match_newest"),
                    models.Index(fields=["alliance", "state", "-id"], name="match_in_state"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchCriteria",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("weights", models.JSONField(default=dict)),
                ("regions", models.JSONField(default=list)),
                ("kinds", models.JSONField(default=list)),
                ("in_budget_only", models.BooleanField(default=False)),
                ("in_time_only", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="criteria", to="services.listing"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "listing"), name="match_criteria_once")],
            },
        ),
        migrations.CreateModel(
            name="MatchEvent",
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
                            ("shown", "shown"),
                            ("opened", "opened"),
                            ("accepted", "said yes"),
                            ("declined", "declined"),
                            ("introduced", "introduced"),
                            ("contacted", "first contact"),
                            ("agreed", "agreed"),
                            ("ended", "ended without agreement"),
                        ],
                        max_length=12,
                    ),
                ),
                ("day", models.DateField()),
                ("rank", models.PositiveSmallIntegerField(null=True)),
                ("fit", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("institution_kind", models.CharField(blank=True, default="", max_length=32)),
                ("reason", models.CharField(blank=True, default="", max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "listing",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="services.listing"
                    ),
                ),
                (
                    "other",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="services.listing"
                    ),
                ),
                (
                    "reader",
                    alliance.kernel.fields.TenantForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.institution"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["shown", "opened", "accepted", "declined", "introduced", "contacted", "agreed", "ended"],
                            )
                        ),
                        name="match_event_kind_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["shown", "opened"])),
                        fields=("alliance", "kind", "listing", "other", "reader", "day"),
                        name="match_event_seen_once_a_day",
                        nulls_distinct=False,
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "at", "id"], name="match_event_in_time"),
                    models.Index(fields=["alliance", "listing", "kind", "-id"], name="match_event_of_listing"),
                    models.Index(fields=["alliance", "kind", "at"], name="match_event_of_kind"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("weights", models.JSONField(default=dict)),
                (
                    "balance",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=3, verbose_name="balance between kinds of institutions"
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                ("is_current", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "version"), name="match_rule_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)), fields=("alliance",), name="match_rule_one_current"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance__gte", 0), ("balance__lte", 1)), name="match_rule_balance_0_to_1"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchStatistics",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("side", models.CharField(choices=[("demand", "demand"), ("supply", "supply")], max_length=8)),
                ("language", models.CharField(choices=[("en", "English"), ("zh", "Chinese")], max_length=2)),
                ("texts", models.PositiveIntegerField(default=0)),
                ("tokens", models.PositiveBigIntegerField(default=0)),
                ("mean_length", models.FloatField(default=0)),
                ("refreshed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["demand", "supply"])), name="match_statistics_side_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["en", "zh"])), name="match_statistics_language_known"
                    ),
                    models.UniqueConstraint(fields=("alliance", "side", "language"), name="match_statistics_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("side", models.CharField(choices=[("demand", "demand"), ("supply", "supply")], max_length=8)),
                ("language", models.CharField(choices=[("en", "English"), ("zh", "Chinese")], max_length=2)),
                ("text", models.CharField(max_length=64)),
                ("texts", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["demand", "supply"])), name="match_term_side_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__in", ["en", "zh"])), name="match_term_language_known"
                    ),
                    models.UniqueConstraint(fields=("alliance", "side", "language", "text"), name="match_term_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("side", models.CharField(choices=[("demand", "demand"), ("supply", "supply")], max_length=8)),
                ("accepted", models.BooleanField()),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_our_field", "not our field"),
                            ("capacity", "no capacity"),
                            ("price", "price"),
                            ("region", "region"),
                            ("timing", "timing"),
                            ("solved", "already solved"),
                            ("conflict", "conflict of interest"),
                            ("other", "another reason"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="reason",
                    ),
                ),
                ("words", models.TextField(blank=True, default="", verbose_name="in your words")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "match",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="services.match"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["demand", "supply"])), name="match_answer_side_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                [
                                    "",
                                    "not_our_field",
                                    "capacity",
                                    "price",
                                    "region",
                                    "timing",
                                    "solved",
                                    "conflict",
                                    "other",
                                ],
                            )
                        ),
                        name="match_answer_reason_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted", True), models.Q(("reason", ""), _negated=True), _connector="XOR"),
                        name="match_answer_decline_has_a_reason",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "match", "-id"], name="match_answer_newest")],
            },
        ),
        migrations.CreateModel(
            name="MatchRuleProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("weights", models.JSONField(default=dict)),
                (
                    "balance",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=3, verbose_name="balance between kinds of institutions"
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changes")),
                (
                    "state",
                    models.CharField(
                        choices=[("proposed", "proposed"), ("approved", "approved"), ("refused", "refused")],
                        default="proposed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rule",
                    alliance.kernel.fields.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="services.matchrule",
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
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["proposed", "approved", "refused"])),
                        name="match_rule_proposal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance__gte", 0), ("balance__lte", 1)),
                        name="match_rule_proposal_balance_0_to_1",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")), fields=("alliance",), name="match_rule_proposal_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settled_by__isnull", True),
                            models.Q(("settled_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="match_rule_proposal_second_person",
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "-id"], name="match_rule_proposal_newest")],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("count", models.PositiveSmallIntegerField()),
                ("weight", models.FloatField()),
                (
                    "term",
                    alliance.kernel.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="postings",
                        to="services.matchterm",
                    ),
                ),
                (
                    "text",
                    alliance.kernel.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="postings",
                        to="services.listingtext",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["alliance", "term"], include=("text", "weight"), name="posting_of_term"),
                    models.Index(fields=["alliance", "text"], name="posting_of_text"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                ("title_en", models.CharField(blank=True, default="", max_length=200, verbose_name="title in English")),
                ("title_zh", models.CharField(blank=True, default="", max_length=200, verbose_name="title in Chinese")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("negotiating", "being negotiated"),
                            ("agreed", "text frozen"),
                            ("signing", "being signed"),
                            ("sealing", "signed, being sealed"),
                            ("in_force", "in force"),
                            ("amending", "being amended"),
                            ("suspended", "suspended"),
                            ("completed", "completed"),
                            ("terminated", "terminated"),
                            ("declined", "declined"),
                            ("lapsed", "lapsed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("template_key", models.CharField(max_length=40)),
                ("template_version", models.PositiveSmallIntegerField()),
                ("sign_until", models.DateField(blank=True, null=True, verbose_name="to be signed by")),
                ("verify_code", models.CharField(max_length=24)),
                ("made_at", models.DateTimeField()),
                ("agreed_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("terms", "the terms do not fit any more"),
                            ("budget", "no budget"),
                            ("timing", "timing"),
                            ("authority", "not approved inside the institution"),
                            ("conflict", "conflict of interest"),
                            ("other", "another reason"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("end_words", models.TextField(blank=True, default="")),
                (
                    "amends",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="amendments",
                        to="services.contract",
                    ),
                ),
                (
                    "demand",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="services.listing",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "supply",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="services.listing",
                    ),
                ),
                (
                    "match",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contracts",
                        to="services.match",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "code"), name="contract_code_once"),
                    models.UniqueConstraint(fields=("alliance", "verify_code"), name="contract_verify_code_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["declined", "lapsed", "cancelled"]), _negated=True),
                        fields=("alliance", "match"),
                        name="contract_one_of_match",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "draft",
                                    "negotiating",
                                    "agreed",
                                    "signing",
                                    "sealing",
                                    "in_force",
                                    "amending",
                                    "suspended",
                                    "completed",
                                    "terminated",
                                    "declined",
                                    "lapsed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="contract_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end_reason__in", ["", "terms", "budget", "timing", "authority", "conflict", "other"])
                        ),
                        name="contract_end_reason_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title_en", ""), _negated=True),
                            models.Q(("title_zh", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="contract_has_a_title",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "signing"), _negated=True), ("sign_until__isnull", False), _connector="OR"
                        ),
                        name="contract_signing_has_an_end",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["draft", "negotiating", "agreed", "signing", "sealing"])),
                        fields=("alliance", "amends"),
                        name="contract_one_amendment_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amends__isnull", True),
                            models.Q(
                                ("match__isnull", True), models.Q(("state__in", ["amending", "suspended"]), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="contract_amendment_is_no_work",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["alliance", "-made_at", "-id"], name="contract_newest"),
                    models.Index(fields=["alliance", "state", "-made_at", "-id"], name="contract_in_state"),
                    models.Index(
                        condition=models.Q(("state", "signing")), fields=["alliance", "sign_until"], name="contract_to_lapse"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractFollowUp",
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
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "asked"), ("answered", "answered"), ("missed", "not answered in time")],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("answer_by", models.DateField()),
                (
                    "progress",
                    models.CharField(
                        blank=True,
                        choices=[("on_track", "as agreed"), ("at_risk", "at risk"), ("off_track", "not as agreed")],
                        default="",
                        max_length=10,
                        verbose_name="how the work goes",
                    ),
                ),
                ("cooperation", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="working together")),
                ("wants_help", models.BooleanField(default=False, verbose_name="the desk shall call")),
                ("words", models.TextField(blank=True, default="", verbose_name="in words")),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("is_signal", models.BooleanField(default=False)),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                ("handled_words", models.TextField(blank=True, default="", verbose_name="what was done")),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="follow_ups", to="services.contract"
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "contract", "role", "number"), name="follow_up_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply"])), name="follow_up_of_a_side"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["asked", "answered", "missed"])), name="follow_up_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("progress__in", ["", "on_track", "at_risk", "off_track"])),
                        name="follow_up_progress_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cooperation__isnull", True),
                            models.Q(("cooperation__gte", 1), ("cooperation__lte", 5)),
                            _connector="OR",
                        ),
                        name="follow_up_cooperation_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", False), ("cooperation__isnull", False), ("state", "answered")),
                            models.Q(models.Q(("state", "answered"), _negated=True), ("answered_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="follow_up_answered_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("handled_at__isnull", True), ("is_signal", True), _connector="OR"),
                        name="follow_up_handled_signal",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "asked")), fields=["alliance", "answer_by"], name="follow_up_to_answer"
                    ),
                    models.Index(fields=["alliance", "-asked_at", "-id"], name="follow_up_newest"),
                    models.Index(
                        condition=models.Q(("handled_at__isnull", True), ("is_signal", True)),
                        fields=["alliance", "-asked_at", "-id"],
                        name="follow_up_signals",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("suspend", "suspend the work"),
                            ("resume", "take the work up again"),
                            ("terminate", "end the contract early"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("force_majeure", "force majeure"),
                            ("standstill", "the plant stands still for maintenance"),
                            ("breach", "breach that was not cured"),
                            ("aim_gone", "the aim cannot be reached or is not wanted any more"),
                            ("means", "money, people or equipment are missing"),
                            ("cause_gone", "the cause of the suspension is gone"),
                            ("other", "another reason"),
                        ],
                        max_length=14,
                        verbose_name="reason",
                    ),
                ),
                ("words", models.TextField(verbose_name="in words")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for an answer"),
                            ("agreed", "agreed to"),
                            ("ordered", "ordered by the witness"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("given_at", models.DateTimeField()),
                (
                    "answer_role",
                    models.CharField(
                        blank=True,
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer_words", models.TextField(blank=True, default="")),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="services.contract"
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "contract", "number"), name="contract_notice_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("alliance", "contract"),
                        name="contract_notice_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["suspend", "resume", "terminate"])),
                        name="contract_notice_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "agreed", "ordered", "refused", "withdrawn"])),
                        name="contract_notice_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                ["force_majeure", "standstill", "breach", "aim_gone", "means", "cause_gone", "other"],
                            )
                        ),
                        name="contract_notice_reason_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply", "witness"])), name="contract_notice_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer_role__in", ["", "demand", "supply", "witness"])),
                        name="contract_notice_answer_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("answered_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="contract_notice_answered_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractParty",
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
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("place", models.PositiveSmallIntegerField(verbose_name="place in the order of signing")),
                ("needed", models.PositiveSmallIntegerField(default=1, verbose_name="signatures needed")),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("reminders", models.PositiveSmallIntegerField(default=0)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parties", to="services.contract"
                    ),
                ),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contract_parties",
                        to="members.institution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "contract", "role"), name="contract_party_role_once"),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("alliance", "contract", "place"),
                        name="contract_party_place_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply", "witness"])), name="contract_party_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("institution__isnull", False), ("role", "witness"), _connector="OR"),
                        name="contract_party_has_an_institution",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("place__gte", 1), ("place__lte", 3)), name="contract_party_place_1_to_3"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("needed__gte", 1), ("needed__lte", 9)), name="contract_party_needed_1_to_9"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reminders__lte", 3)), name="contract_party_reminders_3_at_most"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "contract"], name="contract_party_of")],
            },
        ),
        migrations.CreateModel(
            name="ContractReview",
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
                            ("open", "being given, hidden"),
                            ("revealed", "open to the parties; replies and appeals"),
                            ("settled", "final"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("give_until", models.DateField(verbose_name="marks are given until")),
                ("revealed_at", models.DateTimeField(blank=True, null=True)),
                ("appeal_until", models.DateField(blank=True, null=True, verbose_name="replies and appeals until")),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contract",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="review", to="services.contract"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "revealed", "settled"])),
                        name="contract_review_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revealed_at__isnull", True), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("appeal_until__isnull", False),
                                ("revealed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="contract_review_revealed_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", False), ("state", "settled")),
                            models.Q(models.Q(("state", "settled"), _negated=True), ("settled_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="contract_review_settled_when",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["alliance", "give_until"],
                        name="contract_review_to_reveal",
                    ),
                    models.Index(
                        condition=models.Q(("state", "revealed")),
                        fields=["alliance", "appeal_until"],
                        name="contract_review_to_settle",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="version")),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("note", models.CharField(blank=True, default="", max_length=300, verbose_name="what changed")),
                (
                    "role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="services.contract"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "contract", "number"), name="contract_terms_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply", "witness"])), name="contract_terms_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="contract_terms_sha256_form"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractAgreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "party",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="agreements", to="services.contractparty"
                    ),
                ),
                (
                    "terms",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="agreements", to="services.contractterms"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "terms", "party"), name="contract_agreement_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractComment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("section", models.CharField(max_length=40)),
                (
                    "role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("words", models.TextField(verbose_name="comment")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "terms",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="services.contractterms"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply", "witness"])), name="contract_comment_role_known"
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "terms", "section", "id"], name="contract_comment_in_section")],
            },
        ),
        migrations.CreateModel(
            name="ContractPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("begins_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
                (
                    "begun",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="services.contractnotice"
                    ),
                ),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pauses", to="services.contract"
                    ),
                ),
                (
                    "ended",
                    alliance.kernel.fields.TenantOneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="services.contractnotice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ends_on__isnull", True)),
                        fields=("alliance", "contract"),
                        name="contract_pause_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True), ("ends_on__gte", models.F("begins_on")), _connector="OR"
                        ),
                        name="contract_pause_ends_after",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("certificate_sha256", models.CharField(max_length=64)),
                ("certificate", models.TextField()),
                ("time_stamped", models.BooleanField(default=False)),
                ("log_size", models.PositiveBigIntegerField(default=0)),
                ("at", models.DateTimeField()),
                (
                    "contract",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seal", to="services.contract"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "terms",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="services.contractterms"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("alliance", "sha256"), name="contract_seal_of_file_once")],
            },
        ),
        migrations.CreateModel(
            name="ContractSignatory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("named_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signatories", to="services.contract"
                    ),
                ),
                (
                    "named_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "party",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signatories", to="services.contractparty"
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
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("alliance", "contract", "user"),
                        name="contract_signatory_for_one_party",
                    )
                ],
                "indexes": [models.Index(fields=["alliance", "user", "contract"], name="contract_signatory_of")],
            },
        ),
        migrations.CreateModel(
            name="ContractSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField()),
                ("place", models.PositiveSmallIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("methods", models.CharField(max_length=60)),
                ("authenticated_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signatures", to="services.contract"
                    ),
                ),
                (
                    "party",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signatures", to="services.contractparty"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "terms",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="services.contractterms"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "party", "slot"), name="contract_signature_slot_once"),
                    models.UniqueConstraint(fields=("alliance", "contract", "user"), name="contract_signature_person_once"),
                    models.CheckConstraint(condition=models.Q(("slot__gte", 1)), name="contract_signature_slot_from_1"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MilestoneSubmission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("milestone", models.PositiveSmallIntegerField(verbose_name="milestone")),
                ("number", models.PositiveSmallIntegerField(verbose_name="attempt")),
                ("words", models.TextField(verbose_name="what is handed over")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("handed", "handed over, to be accepted"),
                            ("accepted", "accepted"),
                            ("returned", "sent back for rework"),
                            ("taken_back", "taken back"),
                        ],
                        default="handed",
                        max_length=10,
                    ),
                ),
                ("handed_at", models.DateTimeField()),
                ("accept_by", models.DateField(verbose_name="to be accepted by")),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("silent_after", models.DateField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_words", models.TextField(blank=True, default="", verbose_name="what is to be mended")),
                ("rework_by", models.DateField(blank=True, null=True, verbose_name="to be mended by")),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="submissions", to="services.contract"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "handed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "terms",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="services.contractterms"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "contract", "milestone", "number"), name="submission_attempt_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["handed", "accepted"])),
                        fields=("alliance", "contract", "milestone"),
                        name="submission_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["handed", "accepted", "returned", "taken_back"])),
                        name="submission_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("milestone__gte", 1), ("number__gte", 1)), name="submission_counts_from_1"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "handed")),
                            models.Q(models.Q(("state", "handed"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="submission_decided_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "returned"), _negated=True),
                            models.Q(models.Q(("decision_words", ""), _negated=True), ("rework_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="submission_rework_is_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["accepted", "returned"]), _negated=True),
                            ("decided_by__isnull", True),
                            ("handed_by__isnull", True),
                            models.Q(("decided_by", models.F("handed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="submission_two_people",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "handed")),
                        fields=["alliance", "accept_by"],
                        name="submission_to_accept",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PartyScore",
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
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("score", models.DecimalField(decimal_places=6, max_digits=9)),
                ("parts", models.JSONField()),
                ("sheets", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "institution",
                    alliance.kernel.fields.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contract_scores",
                        to="members.institution",
                    ),
                ),
                (
                    "review",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scores", to="services.contractreview"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "review", "role"), name="party_score_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "supply", "witness"])), name="party_score_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 1), ("score__lte", 5)), name="party_score_1_to_5"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sheets__gte", 1), ("sheets__lte", 2)), name="party_score_from_1_or_2"
                    ),
                ],
                "indexes": [models.Index(fields=["alliance", "institution", "-at"], name="party_score_of")],
            },
        ),
        migrations.CreateModel(
            name="ReviewSheet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "by_role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                (
                    "of_role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("marks", models.JSONField()),
                ("words", models.TextField(blank=True, default="", verbose_name="in words")),
                ("nonce", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                ("given_at", models.DateTimeField()),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "review",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sheets", to="services.contractreview"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alliance", "review", "by_role", "of_role", "version"), name="review_sheet_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("by_role__in", ["demand", "supply", "witness"])), name="review_sheet_by_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("of_role__in", ["demand", "supply", "witness"])), name="review_sheet_of_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("by_role", models.F("of_role")), _negated=True),
                        name="review_sheet_not_of_oneself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")), name="review_sheet_digest_form"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MilestonePayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("milestone", models.PositiveSmallIntegerField(verbose_name="milestone")),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="amount")),
                ("paid_on", models.DateField(verbose_name="paid on")),
                ("reference", models.CharField(max_length=80, verbose_name="reference of the transfer")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("recorded", "recorded, to be confirmed"),
                            ("confirmed", "confirmed as received"),
                            ("contradicted", "not received"),
                            ("reversed", "taken out of the record"),
                        ],
                        default="recorded",
                        max_length=12,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("demand", "demand side"), ("supply", "supply side"), ("witness", "witness")], max_length=8
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer_words", models.CharField(blank=True, default="", max_length=500)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "contract",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="payments", to="services.contract"
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "submission",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="services.milestonesubmission",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "contract", "number"), name="payment_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "reversed"), _negated=True),
                        fields=("alliance", "contract", "reference"),
                        name="payment_reference_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["recorded", "confirmed", "contradicted", "reversed"])),
                        name="payment_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["demand", "witness"])), name="payment_recorded_by_payer"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_amount_above_0"),
                    models.CheckConstraint(
                        condition=models.Q(("reference", ""), _negated=True), name="payment_has_a_reference"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("state", "recorded")),
                            models.Q(models.Q(("state", "recorded"), _negated=True), ("answered_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="payment_answered_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["contradicted", "reversed"]), _negated=True),
                            models.Q(("answer_words", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="payment_doubt_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewAppeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("criteria", models.JSONField(default=list)),
                ("grounds", models.TextField(verbose_name="grounds")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for a decision"),
                            ("upheld", "upheld"),
                            ("dismissed", "dismissed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("struck", models.JSONField(default=list)),
                ("decision_words", models.TextField(blank=True, default="", verbose_name="reasons of the decision")),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "sheet",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="appeal", to="services.reviewsheet"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "upheld", "dismissed", "withdrawn"])),
                        name="review_appeal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="review_appeal_decided_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["upheld", "dismissed"]), _negated=True),
                            models.Q(("decision_words", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="review_appeal_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("made_by__isnull", True),
                            ("state", "withdrawn"),
                            models.Q(("decided_by", models.F("made_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="review_appeal_two_people",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["alliance", "made_at"], name="review_appeal_to_decide"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                ("words", models.TextField(verbose_name="reply")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "sheet",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reply", to="services.reviewsheet"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SubmissionFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "file",
                    alliance.kernel.fields.TenantOneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.storedfile"
                    ),
                ),
                (
                    "submission",
                    alliance.kernel.fields.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="services.milestonesubmission"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="contract",
            name="frozen",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="services.contractterms",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="in_effect",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="services.contractterms",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "negotiating", "declined", "cancelled"]),
                    ("frozen__isnull", False),
                    _connector="OR",
                ),
                name="contract_agreed_on_a_text",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["in_force", "amending", "suspended", "completed"]), _negated=True),
                    ("in_effect__isnull", False),
                    _connector="OR",
                ),
                name="contract_in_force_has_terms",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="listing",
            name="listing_state_known",
        ),
        migrations.AddField(
            model_name="listing",
            name="audience",
            field=models.CharField(
                choices=[
                    ("public", "everybody"),
                    ("members", "members of the alliance"),
                    ("named", "the institutions named"),
                ],
                default="public",
                max_length=8,
                verbose_name="who may read it",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="listing",
            name="changed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="disciplines",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=3),
                blank=True,
                default=list,
                size=None,
                verbose_name="disciplines (GB/T 13745)",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="duration_weeks",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="weeks it takes"),
        ),
        migrations.AddField(
            model_name="listing",
            name="edition",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="listing",
            name="ends_on",
            field=models.DateField(blank=True, null=True, verbose_name="done by"),
        ),
        migrations.AddField(
            model_name="listing",
            name="industry_code",
            field=models.CharField(blank=True, default="", max_length=6, verbose_name="industry (GB/T 4754)"),
        ),
        migrations.AddField(
            model_name="listing",
            name="labels",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=160), blank=True, default=list, size=None, verbose_name="key words"
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="money_max",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="up to"),
        ),
        migrations.AddField(
            model_name="listing",
            name="money_min",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="from"),
        ),
        migrations.AddField(
            model_name="listing",
            name="pricing",
            field=models.CharField(
                choices=[
                    ("fixed", "fixed price"),
                    ("range", "between two sums"),
                    ("to_agree", "to be agreed"),
                    ("free", "free of charge"),
                ],
                default="to_agree",
                max_length=10,
                verbose_name="price",
            ),
        ),
        migrations.AddField(
            model_name="listing",
            name="renewals",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="listing",
            name="revision",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="revision"),
        ),
        migrations.AddField(
            model_name="listing",
            name="starts_on",
            field=models.DateField(blank=True, null=True, verbose_name="can begin on"),
        ),
        migrations.AddField(
            model_name="listing",
            name="submitted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="listing",
            name="region_code",
            field=models.CharField(blank=True, default="", max_length=6, verbose_name="region"),
        ),
        migrations.AlterField(
            model_name="listing",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "draft"),
                    ("pending", "waiting for verification"),
                    ("checked", "waiting for the second verification"),
                    ("published", "published"),
                    ("in_talks", "in talks"),
                    ("fulfilled", "met"),
                    ("expired", "expired"),
                    ("returned", "sent back for completion"),
                    ("withdrawn", "taken back"),
                ],
                default="draft",
                max_length=12,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["alliance", "state", "-id"], name="listing_in_state"),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["alliance", "institution", "-id"], name="listing_of_institution"),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(
                condition=models.Q(("state__in", ["published", "in_talks"])),
                fields=["alliance", "expires_on"],
                name="listing_to_expire",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "draft",
                            "pending",
                            "checked",
                            "published",
                            "in_talks",
                            "fulfilled",
                            "expired",
                            "returned",
                            "withdrawn",
                        ],
                    )
                ),
                name="listing_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("audience__in", ["public", "members", "named"])), name="listing_audience_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("pricing__in", ["fixed", "range", "to_agree", "free"])), name="listing_pricing_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(("money_min__isnull", True), ("money_min__gte", 0), _connector="OR"),
                name="listing_money_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("money_min__isnull", True),
                    ("money_max__isnull", True),
                    ("money_max__gte", models.F("money_min")),
                    _connector="OR",
                ),
                name="listing_money_rises",
            ),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("starts_on__isnull", True),
                    ("ends_on__isnull", True),
                    ("ends_on__gte", models.F("starts_on")),
                    _connector="OR",
                ),
                name="listing_ends_after_start",
            ),
        ),
    ]
