"""Guards that the database keeps whatever the application does."""

from django.db import migrations

AUDIT_TABLES = ("alliance_auditentry", "alliance_auditleaf", "alliance_treehead")

REFUSE_CHANGE = """
CREATE FUNCTION app.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A demonstration can be removed whole, by the owner of the schema only; a real log never.
    IF TG_OP = 'DELETE' AND current_user <> 'app_rw'
       AND EXISTS (SELECT 1 FROM alliance_alliance a WHERE a.id = OLD.alliance_id AND a.is_demonstration) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""

GUARD = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION app.refuse_audit_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_audit_change();
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM app_rw;
"""

DEMONSTRATION = """
CREATE FUNCTION app.keep_demonstration_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_demonstration IS DISTINCT FROM OLD.is_demonstration THEN
        RAISE EXCEPTION 'the demonstration mark is set at creation and never changes' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER alliance_demonstration_mark_kept BEFORE UPDATE ON alliance_alliance
    FOR EACH ROW EXECUTE FUNCTION app.keep_demonstration_mark();
CREATE TRIGGER user_demonstration_mark_kept BEFORE UPDATE ON alliance_user
    FOR EACH ROW EXECUTE FUNCTION app.keep_demonstration_mark();

CREATE FUNCTION app.keep_demonstration_people_in_demonstrations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM alliance_user u WHERE u.id = NEW.user_id AND u.is_demonstration)
       AND NOT EXISTS (SELECT 1 FROM alliance_alliance a WHERE a.id = NEW.alliance_id AND a.is_demonstration) THEN
        RAISE EXCEPTION 'a demonstration account holds roles in demonstration alliances only' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER role_assignment_demonstration_apart BEFORE INSERT OR UPDATE ON alliance_roleassignment
    FOR EACH ROW EXECUTE FUNCTION app.keep_demonstration_people_in_demonstrations();
"""

# django-oauth-toolkit looks tokens up by their checksum but keeps the text beside it; the text is of no use to us.
TOKENS = """
CREATE FUNCTION app.forget_token_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.token := 'sha256:' || NEW.token_checksum;
    RETURN NEW;
END $$;
CREATE TRIGGER access_token_text_forgotten BEFORE INSERT OR UPDATE ON oauth2_provider_accesstoken
    FOR EACH ROW EXECUTE FUNCTION app.forget_token_text();
CREATE TRIGGER refresh_token_text_forgotten BEFORE INSERT OR UPDATE ON oauth2_provider_refreshtoken
    FOR EACH ROW EXECUTE FUNCTION app.forget_token_text();
"""


class Migration(migrations.Migration):
    """Audit append-only, demonstration marks, forgotten token texts."""

    dependencies = [
        ("alliance", "0001_initial"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]

    operations = [
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION app.refuse_audit_change()"),
        *[migrations.RunSQL(GUARD.format(table=table), migrations.RunSQL.noop) for table in AUDIT_TABLES],
        migrations.RunSQL(DEMONSTRATION, migrations.RunSQL.noop),
        migrations.RunSQL(TOKENS, migrations.RunSQL.noop),
    ]
