"""The one question that looks across alliances: in which may a person act."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION app.alliances_of_user(wanted bigint) RETURNS TABLE (alliance_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT r.alliance_id FROM public.alliance_roleassignment r
     WHERE r.user_id = wanted AND r.starts_at <= now() AND (r.ends_at IS NULL OR r.ends_at > now())
    UNION
    SELECT s.alliance_id FROM public.members_institutionstaff s
     WHERE s.user_id = wanted AND s.starts_at <= now() AND (s.ends_at IS NULL OR s.ends_at > now())
$$;
REVOKE ALL ON FUNCTION app.alliances_of_user(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.alliances_of_user(bigint) TO app_rw, app_owner, app_platform;
GRANT SELECT ON alliance_roleassignment, members_institutionstaff TO app_search;
ALTER FUNCTION app.alliances_of_user(bigint) OWNER TO app_search;
-- The change of owner took the former owner's own right away; the new owner gives it back.
SET ROLE app_search;
GRANT EXECUTE ON FUNCTION app.alliances_of_user(bigint) TO app_owner;
RESET ROLE;
"""

STAFF_GUARD = """
CREATE TRIGGER institution_staff_demonstration_apart BEFORE INSERT OR UPDATE ON members_institutionstaff
    FOR EACH ROW EXECUTE FUNCTION app.keep_demonstration_people_in_demonstrations();
"""


class Migration(migrations.Migration):
    """A function owned by the searching role, which alone looks past the policies."""

    dependencies = [("members", "0001_initial"), ("alliance", "0002_guards")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION app.alliances_of_user(bigint)"),
        migrations.RunSQL(STAFF_GUARD, migrations.RunSQL.noop),
    ]
