"""The notice of an exit is kept: the committee may shorten it, with its reason."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    """Exits under way keep the charter's thirty days."""

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("members", "0005_standing")]

    operations = [
        migrations.AddField(
            model_name="institutionexit",
            name="notice_shortened_to",
            field=models.DateField(blank=True, null=True, verbose_name="notice shortened to"),
        ),
        migrations.AddField(
            model_name="institutionexit",
            name="shortened_because",
            field=models.TextField(blank=True, default="", verbose_name="why it was shortened"),
        ),
        migrations.AddField(
            model_name="institutionexit",
            name="shortened_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="institutionexit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("notice_shortened_to__isnull", True),
                    models.Q(models.Q(("shortened_because", ""), _negated=True), ("shortened_by__isnull", False)),
                    _connector="OR",
                ),
                name="institution_exit_shortened_says_why",
            ),
        ),
    ]
