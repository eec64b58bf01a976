"""Every institution gets the period of standing it is in: from its state, since it joined as far as that is known."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations

FILL = """
INSERT INTO members_institutionstanding (alliance_id, institution_id, state, starts_at, ends_at, decision_reference)
SELECT i.alliance_id, i.id, i.state,
       least(coalesce(i.joined_on::timestamp AT TIME ZONE %(zone)s, i.created_at), i.created_at), NULL, ''
  FROM members_institution i
 WHERE i.alliance_id = %(alliance)s
   AND NOT EXISTS (SELECT 1 FROM members_institutionstanding s WHERE s.alliance_id = i.alliance_id AND s.institution_id = i.id)
"""
ANNOUNCE = "SELECT set_config('app.alliance_id', %s, true)"


def fill(apps: Any, schema_editor: Any) -> None:
    """One statement per alliance, each announced: the policies bind the owner of the tables too."""
    alliances = apps.get_model("alliance", "Alliance").objects.using(schema_editor.connection.alias)
    with schema_editor.connection.cursor() as cursor:
        for pk in alliances.order_by("pk").values_list("pk", flat=True):
            cursor.execute(ANNOUNCE, [str(pk)])
            cursor.execute(FILL, {"alliance": pk, "zone": settings.TIME_ZONE})
        cursor.execute(ANNOUNCE, [""])


class Migration(migrations.Migration):
    """Needs the periods; changes no table."""

    dependencies = [("alliance", "0001_initial"), ("members", "0004_search")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
