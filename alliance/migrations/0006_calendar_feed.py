import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import alliance.kernel.fields


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0005_saved_views"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("alliance", "user"),
                        name="calendar_feed_one_open",
                    )
                ],
            },
        ),
    ]
