"""Approved minutes are read-only in the database too: only their stage moves on, and nothing deletes them."""

from django.db import migrations

GUARD = """
CREATE FUNCTION app.keep_approved_minutes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- A demonstration can be removed whole, by the owner of the schema only; real minutes never.
        IF OLD.state IN ('draft', 'circulated') OR (current_user <> 'app_rw'
           AND EXISTS (SELECT 1 FROM alliance_alliance a WHERE a.id = OLD.alliance_id AND a.is_demonstration)) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'approved minutes are kept' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.state IN ('draft', 'circulated') THEN
        RETURN NEW;
    END IF;
    IF (NEW.alliance_id, NEW.meeting_id, NEW.version, NEW.body_en, NEW.body_zh, NEW.facts, NEW.reason, NEW.written_by_id,
        NEW.circulated_at, NEW.approved_at, NEW.approved_by_id, NEW.digest)
       IS DISTINCT FROM
       (OLD.alliance_id, OLD.meeting_id, OLD.version, OLD.body_en, OLD.body_zh, OLD.facts, OLD.reason, OLD.written_by_id,
        OLD.circulated_at, OLD.approved_at, OLD.approved_by_id, OLD.digest)
       OR NEW.state IN ('draft', 'circulated')
       OR (OLD.state = 'superseded' AND NEW.state <> 'superseded')
       OR (OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at) THEN
        RAISE EXCEPTION 'approved minutes are read-only; a change is a new version' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER minutes_approved_are_kept BEFORE UPDATE OR DELETE ON groups_minutes
    FOR EACH ROW EXECUTE FUNCTION app.keep_approved_minutes();

CREATE FUNCTION app.keep_remarks_on_approved_minutes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM groups_minutes m WHERE m.alliance_id = OLD.alliance_id AND m.id = OLD.minutes_id
               AND m.state NOT IN ('draft', 'circulated'))
       AND NOT (TG_OP = 'DELETE' AND current_user <> 'app_rw'
                AND EXISTS (SELECT 1 FROM alliance_alliance a WHERE a.id = OLD.alliance_id AND a.is_demonstration)) THEN
        RAISE EXCEPTION 'remarks on approved minutes are kept' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER minutes_remarks_are_kept BEFORE UPDATE OR DELETE ON groups_minutescomment
    FOR EACH ROW EXECUTE FUNCTION app.keep_remarks_on_approved_minutes();
"""
BACK = """
DROP TRIGGER minutes_remarks_are_kept ON groups_minutescomment;
DROP FUNCTION app.keep_remarks_on_approved_minutes();
DROP TRIGGER minutes_approved_are_kept ON groups_minutes;
DROP FUNCTION app.keep_approved_minutes();
"""


class Migration(migrations.Migration):
    """Two triggers."""

    dependencies = [("groups", "0002_depth")]

    operations = [migrations.RunSQL(GUARD, BACK)]
