"""Results of votes are sealed in the database too: nobody alters a decided motion, its votes, its box or who took part."""

from django.db import migrations

RESULTS = """
CREATE FUNCTION app.keep_decided_motion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' OR app.is_removable_demonstration(OLD.alliance_id) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'a motion that was put to the vote is kept' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Joining duplicate entries moves the proposer; the effect and the public register come after the decision.
    IF OLD.state IN ('passed', 'rejected', 'lapsed', 'void', 'withdrawn')
       AND (to_jsonb(NEW) - 'proposer_id' - 'effect_done_at' - 'is_public')
           IS DISTINCT FROM (to_jsonb(OLD) - 'proposer_id' - 'effect_done_at' - 'is_public') THEN
        RAISE EXCEPTION 'a decided motion is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER motion_sealed BEFORE UPDATE OR DELETE ON groups_motion
    FOR EACH ROW EXECUTE FUNCTION app.keep_decided_motion();

CREATE FUNCTION app.keep_decided_vote() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    motion bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.motion_id ELSE OLD.motion_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM groups_motion m WHERE m.id = motion
               AND m.state IN ('passed', 'rejected', 'lapsed', 'void', 'withdrawn')) THEN
        IF TG_OP = 'DELETE' THEN
            IF NOT app.is_removable_demonstration(OLD.alliance_id)
               AND NOT EXISTS (SELECT 1 FROM groups_motion m WHERE m.id = motion AND m.state = 'withdrawn') THEN
                RAISE EXCEPTION 'the votes on a decided motion are sealed' USING ERRCODE = 'insufficient_privilege';
            END IF;
        ELSIF TG_OP = 'INSERT' OR (to_jsonb(NEW) - 'institution_id' - 'holder_id')
                                  IS DISTINCT FROM (to_jsonb(OLD) - 'institution_id' - 'holder_id') THEN
            RAISE EXCEPTION 'the votes on a decided motion are sealed' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vote_sealed BEFORE INSERT OR UPDATE OR DELETE ON groups_vote
    FOR EACH ROW EXECUTE FUNCTION app.keep_decided_vote();
CREATE TRIGGER envelope_not_after_close BEFORE INSERT OR UPDATE ON groups_ballotenvelope
    FOR EACH ROW EXECUTE FUNCTION app.keep_decided_vote();

CREATE FUNCTION app.keep_participation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF app.is_removable_demonstration(OLD.alliance_id) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'who took part in a vote is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (to_jsonb(NEW) - 'institution_id' - 'holder_id') IS DISTINCT FROM (to_jsonb(OLD) - 'institution_id' - 'holder_id') THEN
        RAISE EXCEPTION 'who took part in a vote is sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER participation_sealed BEFORE UPDATE OR DELETE ON groups_participation
    FOR EACH ROW EXECUTE FUNCTION app.keep_participation();
CREATE TRIGGER ballot_paper_sealed BEFORE UPDATE OR DELETE ON groups_ballotpaper
    FOR EACH ROW EXECUTE FUNCTION app.keep_record();
"""

# Before PostgreSQL 17 there is no such privilege: what deleted envelopes leave behind then waits for autovacuum.
VACUUM = """
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE 'GRANT MAINTAIN ON groups_ballotenvelope TO app_rw';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    """Decided motions, votes, boxes and participation read-only; the workers may vacuum the envelopes."""

    dependencies = [("groups", "0004_charter_guard")]

    operations = [
        migrations.RunSQL(RESULTS, migrations.RunSQL.noop),
        migrations.RunSQL(VACUUM, migrations.RunSQL.noop),
    ]
