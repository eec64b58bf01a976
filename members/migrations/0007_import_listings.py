from django.conf import settings
from django.db import migrations, models

from alliance.kernel.postgres.at_once import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("alliance", "0006_calendar_feed"),
        ("members", "0006_exit_notice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="institutionimport",
            name="institution_import_subject_known",
        ),
        migrations.AlterField(
            model_name="institutionimport",
            name="subject",
            field=models.CharField(
                choices=[
                    ("institutions", "institutions"),
                    ("experts", "experts"),
                    ("seats", "seats in groups"),
                    ("listings", "supply and demand listings"),
                ],
                default="institutions",
                max_length=12,
                verbose_name="rows",
            ),
        ),
        migrations.AddConstraint(
            model_name="institutionimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", ["institutions", "experts", "seats", "listings"])),
                name="institution_import_subject_known",
            ),
        ),
    ]
