"""What verified a listing, the rules and raw facts of matching, what was signed, handed over, accepted, paid, and given as
marks is never changed; nothing is paid before acceptance."""

from django.db import migrations

MATCHED_BY = ("services_listing", "services_listingtext", "services_matchterm", "services_posting")

# Who indexes much at once may have the planner count the tables of the index anew.
GRANT = """
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN  -- the privilege exists since PostgreSQL 17
        EXECUTE 'GRANT MAINTAIN ON {tables} TO app_rw';
    END IF;
END
$$;
"""
REVOKE = GRANT.replace("GRANT MAINTAIN", "REVOKE MAINTAIN").replace("TO app_rw", "FROM app_rw")

FUNCTIONS = """
CREATE FUNCTION app.keep_clause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at'])
       IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at']) THEN
        RAISE EXCEPTION 'a version is never changed; a change is the next version' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION app.keep_but_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - TG_ARGV) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV) THEN
        RAISE EXCEPTION 'rows of % are kept as they were written; only their answers are added', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION app.pay_after_acceptance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM services_milestonesubmission s
        WHERE s.alliance_id = NEW.alliance_id AND s.id = NEW.submission_id AND s.contract_id = NEW.contract_id
          AND s.milestone = NEW.milestone AND s.state = 'accepted'
    ) THEN
        RAISE EXCEPTION 'nothing is paid for a milestone before it was accepted' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
NO_FUNCTIONS = (
    "DROP FUNCTION app.pay_after_acceptance(); DROP FUNCTION app.keep_but_answers(); DROP FUNCTION app.keep_clause();"
)

AS_WRITTEN = (
    *("listingcheck", "matchanswer", "matchevent"),
    *("contractterms", "contractagreement", "contractcomment", "contractsignature", "contractseal"),
    *("submissionfile", "reviewsheet", "reviewreply"),
)
DECIDED = ("decided_by_id", "decided_at", "decision_words")
ANSWERED = ("answered_by_id", "answered_at", "answer_words")
BUT_ANSWERS = {
    "milestonesubmission": ("state", "reminded_at", "silent_after", *DECIDED, "rework_by"),
    "milestonepayment": ("state", *ANSWERED),
    "contractnotice": ("state", "answer_role", *ANSWERED),
    "contractpause": ("ends_on", "ended_id"),
    "reviewappeal": ("state", "struck", *DECIDED),
    "partyscore": ("institution_id",),  # a score follows its institution when two entries are merged
}


def guard(table: str, function: str, *columns: str) -> migrations.RunSQL:
    """Refuse updates of a table but for some columns; ``keep_as_written`` and ``keep_form`` are of the operational layer."""
    names = ", ".join(f"'{column}'" for column in columns)
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE ON services_{table}"
        f" FOR EACH ROW EXECUTE FUNCTION app.{function}({names});",
        f"DROP TRIGGER {table}_is_kept ON services_{table};",
    )


class Migration(migrations.Migration):
    """Triggers against updates, the gate of payments, and one privilege."""

    dependencies = [("services", "0002_supply_and_demand"), ("operations", "0002_guards")]

    operations = [
        migrations.RunSQL(GRANT.format(tables=", ".join(MATCHED_BY)), REVOKE.format(tables=", ".join(MATCHED_BY))),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        *(guard(table, "keep_as_written") for table in AS_WRITTEN),
        *(guard(table, "keep_but_answers", *columns) for table, columns in BUT_ANSWERS.items()),
        *(guard(table, "keep_clause") for table in ("clauseversion", "contracttemplate")),
        guard("matchrule", "keep_form"),
        migrations.RunSQL(
            "CREATE TRIGGER milestonepayment_after_acceptance AFTER INSERT ON services_milestonepayment"
            " FOR EACH ROW EXECUTE FUNCTION app.pay_after_acceptance();",
            "DROP TRIGGER milestonepayment_after_acceptance ON services_milestonepayment;",
        ),
    ]
