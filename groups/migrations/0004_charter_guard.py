"""An adopted charter, its acceptances and what was said in a mediation stay as they are, whatever the application does."""

from django.db import migrations

CHARTER = """
CREATE FUNCTION app.is_removable_demonstration(tenant bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    -- A demonstration can be removed whole, by the owner of the schema only; a real record never.
    SELECT current_user <> 'app_rw'
       AND EXISTS (SELECT 1 FROM alliance_alliance a WHERE a.id = tenant AND a.is_demonstration);
$$;

CREATE FUNCTION app.keep_charter_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF app.is_removable_demonstration(OLD.alliance_id) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'an adopted charter stays' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (to_jsonb(NEW) - 'state') IS DISTINCT FROM (to_jsonb(OLD) - 'state')
       OR NOT ((OLD.state, NEW.state) IN (('adopted', 'in_force'), ('adopted', 'superseded'), ('in_force', 'superseded'))
               OR OLD.state = NEW.state) THEN
        RAISE EXCEPTION 'an adopted charter is read-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER charter_version_kept BEFORE UPDATE OR DELETE ON groups_charterversion
    FOR EACH ROW EXECUTE FUNCTION app.keep_charter_version();

CREATE FUNCTION app.keep_charter_article() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tenant bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.alliance_id ELSE NEW.alliance_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM groups_charterversion v
                WHERE v.alliance_id = tenant AND v.state <> 'draft'
                  AND (v.id = CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.version_id END
                       OR v.id = CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE NEW.version_id END))
       AND NOT (TG_OP = 'DELETE' AND app.is_removable_demonstration(tenant)) THEN
        RAISE EXCEPTION 'the articles of an adopted charter are read-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER charter_article_kept BEFORE INSERT OR UPDATE OR DELETE ON groups_charterarticle
    FOR EACH ROW EXECUTE FUNCTION app.keep_charter_article();
"""

# Joining duplicate entries moves what hangs on an institution, so its key alone may change.
RECORDS = """
CREATE FUNCTION app.keep_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF app.is_removable_demonstration(OLD.alliance_id) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'this record is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (to_jsonb(NEW) - 'institution_id') IS DISTINCT FROM (to_jsonb(OLD) - 'institution_id') THEN
        RAISE EXCEPTION 'this record is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER charter_acceptance_kept BEFORE UPDATE OR DELETE ON groups_charteracceptance
    FOR EACH ROW EXECUTE FUNCTION app.keep_record();
CREATE TRIGGER dispute_step_kept BEFORE UPDATE OR DELETE ON groups_disputestep
    FOR EACH ROW EXECUTE FUNCTION app.keep_record();
"""


class Migration(migrations.Migration):
    """Charter read-only after adoption; acceptances and steps of disputes append-only."""

    dependencies = [("groups", "0003_minutes_guard")]

    operations = [
        migrations.RunSQL(CHARTER, migrations.RunSQL.noop),
        migrations.RunSQL(RECORDS, migrations.RunSQL.noop),
    ]
