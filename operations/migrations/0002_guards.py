"""What was tried, planned and received is never changed: versions of texts, forms, rules and plans, and workbook entries."""

from django.db import migrations

KEPT = ("productversion", "pilotplanversion", "pilotreopening", "honourslist")
GUARD = """
CREATE FUNCTION app.keep_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept as they were written', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION app.keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - ARRAY['struck_at', 'struck_by_id', 'struck_reason'])
       IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['struck_at', 'struck_by_id', 'struck_reason'])
       OR (OLD.struck_at IS NOT NULL AND NEW.struck_at IS DISTINCT FROM OLD.struck_at) THEN
        RAISE EXCEPTION 'an entry is struck out, never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION app.keep_form() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'is_current') IS DISTINCT FROM (to_jsonb(OLD) - 'is_current') THEN
        RAISE EXCEPTION 'a version is never changed; a change is the next version' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""
BACK = "DROP FUNCTION app.keep_form(); DROP FUNCTION app.keep_entry(); DROP FUNCTION app.keep_as_written();"


def guard(table: str, function: str) -> migrations.RunSQL:
    """Refuse updates of a table."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE ON operations_{table} FOR EACH ROW EXECUTE FUNCTION app.{function}();",
        f"DROP TRIGGER {table}_is_kept ON operations_{table};",
    )


class Migration(migrations.Migration):
    """Triggers against updates; such a row goes only with its product, and no action deletes a product."""

    dependencies = [("operations", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD, BACK),
        *(guard(table, "keep_as_written") for table in KEPT),
        *(guard(table, "keep_entry") for table in ("workbookentry", "reading")),
        *(guard(table, "keep_form") for table in ("kindform", "pipelinerules")),
    ]
