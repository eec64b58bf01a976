"""API clients inside their alliance, rotation of secrets, calls counted without Valkey, version of the content."""

import django.db.models.deletion
from django.db import migrations, models

import alliance.kernel.fields

CLIENT_POLICY = """
ALTER TABLE alliance_apiclient ENABLE ROW LEVEL SECURITY;
ALTER TABLE alliance_apiclient FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON alliance_apiclient
    USING (alliance_id = (SELECT app.tenant()))
    WITH CHECK (alliance_id = (SELECT app.tenant()));
"""

# Raised once per transaction, as the last thing before it commits: a row lock held longer would make writers of one
# alliance wait for each other, and could lock up with them.
CONTENT_VERSION = """
CREATE FUNCTION app.note_content_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tenant bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN tenant := OLD.alliance_id; ELSE tenant := NEW.alliance_id; END IF;
    IF current_setting('app.content_noted', true) IS DISTINCT FROM tenant::text THEN
        UPDATE alliance_alliance SET content_version = content_version + 1 WHERE id = tenant;
        PERFORM set_config('app.content_noted', tenant::text, true);
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """See the module's first line."""

    dependencies = [("alliance", "0002_guards")]

    operations = [
        migrations.AlterField(
            model_name="apiclient",
            name="alliance",
            field=alliance.kernel.fields.AllianceKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alliance.alliance",
            ),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="previous_secret",
            field=models.CharField(blank=True, default="", editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="previous_secret_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="apiclient", index=models.Index(fields=["alliance", "id"], name="api_client_of_alliance")
        ),
        migrations.CreateModel(
            name="RateCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("slot", models.BigIntegerField()),
                ("hits", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("name", "slot"), name="rate_count_once_per_window")],
            },
        ),
        migrations.RunSQL(CLIENT_POLICY, migrations.RunSQL.noop),
        migrations.RunSQL(CONTENT_VERSION, "DROP FUNCTION app.note_content_change()"),
    ]
