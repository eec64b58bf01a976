"""Search by a part of what is written about an institution (see ``members.selectors.search``)."""

from django.db import migrations

WORDS = (
    "lower(code || ' ' || name_en || ' ' || name_zh || ' ' || short_en || ' ' || short_zh || ' ' || registry_code"
    " || ' ' || contact_email)"
)
INDEX = f"CREATE INDEX institution_words ON members_institution USING gin (({WORDS}) gin_trgm_ops)"

# Up to three words go to the index, the others are looked for in what it finds. A pattern of fewer than three characters has no
# trigram: the index would be read as a whole, which is slower than the rows.
FUNCTION = f"""
CREATE FUNCTION app.institutions_worded(words text[], most integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tenant bigint := app.tenant();
    patterns text[];
    long text[];
BEGIN
    SELECT array_agg(p), array_agg(p ORDER BY size DESC) FILTER (WHERE size >= 3) INTO patterns, long
      FROM (SELECT length(w) AS size, '%' || replace(replace(replace(lower(w), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%' AS p
              FROM unnest(words) AS w) AS made;
    IF long IS NULL THEN
        RETURN QUERY SELECT i.id FROM public.members_institution i
                      WHERE i.alliance_id = tenant AND {WORDS} || '' LIKE ALL (patterns) LIMIT most;
    ELSE
        RETURN QUERY SELECT i.id FROM public.members_institution i
                      WHERE i.alliance_id = tenant AND {WORDS} LIKE long[1] AND {WORDS} LIKE coalesce(long[2], long[1])
                        AND {WORDS} LIKE coalesce(long[3], long[1]) AND {WORDS} || '' LIKE ALL (patterns) LIMIT most;
    END IF;
END $$;
REVOKE ALL ON FUNCTION app.institutions_worded(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.institutions_worded(text[], integer) TO app_rw, app_owner, app_platform;
GRANT SELECT ON members_institution TO app_search;
ALTER FUNCTION app.institutions_worded(text[], integer) OWNER TO app_search;
-- The change of owner took the former owner's own right away; the new owner gives it back.
SET ROLE app_search;
GRANT EXECUTE ON FUNCTION app.institutions_worded(text[], integer) TO app_owner;
RESET ROLE;
"""  # noqa: S608 - a constant


class Migration(migrations.Migration):
    """An index, and a function of the searching role that may use it."""

    dependencies = [("members", "0003_depth")]

    operations = [
        migrations.RunSQL(INDEX, "DROP INDEX institution_words"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION app.institutions_worded(text[], integer)"),
    ]
