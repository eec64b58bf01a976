"""Lists as people want to find them again."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import alliance.kernel.fields


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0004_audit_sealing"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("page", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.CharField(blank=True, default="", max_length=1500)),
                ("is_shared", models.BooleanField(default=False, verbose_name="shared with the office")),
                ("created_at", models.DateTimeField()),
                (
                    "alliance",
                    alliance.kernel.fields.AllianceKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="alliance.alliance"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["alliance", "page", "name"], name="saved_view_of_page")],
                "constraints": [
                    models.UniqueConstraint(fields=("alliance", "user", "page", "name"), name="saved_view_once")
                ],
            },
        ),
    ]
