"""What others claim about an institution waits for its agreement or a ruling; positions name what allows a further term."""

import django.db.models.deletion
from django.db import migrations, models

import alliance.kernel.fields

STATES = [
    ("claimed", "claimed by others"),
    ("declared", "declared"),
    ("recused", "stands aside"),
    ("cleared", "no conflict found"),
    ("waived", "waived by a second person"),
    ("ended", "over"),
]


from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    """Conflicts noted so far keep their states."""

    dependencies = [("groups", "0005_sealed_results")]

    operations = [
        migrations.RemoveConstraint("conflictofinterest", "conflict_state_known"),
        migrations.AlterField(
            model_name="conflictofinterest",
            name="state",
            field=models.CharField(choices=STATES, default="declared", max_length=10, verbose_name="state"),
        ),
        migrations.AddConstraint(
            model_name="conflictofinterest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", [state for state, _label in STATES])), name="conflict_state_known"
            ),
        ),
        migrations.AddField(
            model_name="position",
            name="exception_motion",
            field=alliance.kernel.fields.TenantForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="groups.motion"
            ),
        ),
    ]
