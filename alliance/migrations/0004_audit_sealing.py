"""What sealing the audit log needs of the database: pending rows go by one road only, and only once they are sealed."""

from django.db import migrations

# Runs with the owner's rights, whom the forced policies bind: it reaches rows of the announced alliance only.
SEALING = """
CREATE FUNCTION app.drop_sealed_pending(from_seq bigint, to_seq bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, app, pg_temp AS $$
    WITH dropped AS (
        DELETE FROM alliance_auditpending p USING alliance_auditleaf l
        WHERE p.alliance_id = (SELECT app.tenant())
          AND l.alliance_id = p.alliance_id AND l.entry_id = p.entry_id AND l.seq >= from_seq AND l.seq < to_seq
        RETURNING 1
    )
    SELECT count(*) FROM dropped
$$;
REVOKE EXECUTE ON FUNCTION app.drop_sealed_pending(bigint, bigint) FROM PUBLIC, app_platform;
GRANT EXECUTE ON FUNCTION app.drop_sealed_pending(bigint, bigint) TO app_rw;
REVOKE UPDATE, DELETE ON alliance_auditpending FROM app_rw;
REVOKE UPDATE ON alliance_auditpersonal FROM app_rw;
"""
BACK = """
GRANT UPDATE ON alliance_auditpersonal TO app_rw;
GRANT UPDATE, DELETE ON alliance_auditpending TO app_rw;
DROP FUNCTION app.drop_sealed_pending(bigint, bigint);
"""


class Migration(migrations.Migration):
    """Sealing of the audit log."""

    dependencies = [("alliance", "0003_api")]

    operations = [migrations.RunSQL(SEALING, BACK)]
