"""Events of the operational layer; each is owed in the transaction of its act (``alliance.kernel.events``)."""

from typing import Final

PRODUCT_STATE_CHANGED: Final = "operations.product_state_changed"
"""Payload: ``product`` (code), ``before``, ``after``."""

PRODUCT_RELEASED: Final = "operations.product_released"
"""Payload: ``product`` (code), ``version``."""

PRODUCT_CHANGED: Final = "operations.product_changed"
"""The texts of a product changed. Payload: ``product`` (code)."""

PRODUCT_RETIRED: Final = "operations.product_retired"
"""Payload: ``product`` (code)."""

PILOT_OPENED: Final = "operations.pilot_opened"
"""Payload: ``product`` (code), ``round``."""

PILOT_DECIDED: Final = "operations.pilot_decided"
"""Payload: ``product`` (code), ``round``, ``outcome`` (a PilotState)."""

PIECE_PUBLISHED: Final = "operations.piece_published"
"""A piece is out. Payload: ``product`` (code), ``piece`` (code), ``version``."""

PIECE_WITHDRAWN: Final = "operations.piece_withdrawn"
"""Payload: ``product`` (code), ``piece`` (code), ``was_published``."""

POINT_ANSWERED: Final = "operations.point_answered"
"""The makers answered what somebody said. Payload: ``product`` (code), ``key``, ``version`` it was said of, ``state``, ``done_in``."""

WORKBOOK_ENTRY_WRITTEN: Final = "operations.workbook_entry_written"
"""A pilot site wrote into its workbook. Payload: ``product`` (code), ``round``, ``institution`` (code), ``kind``, ``key``."""

WORKBOOK_ENTRY_STRUCK: Final = "operations.workbook_entry_struck"
"""A pilot site struck an entry out. Payload: as when it was written."""

KIND_FORM_CHANGED: Final = "operations.kind_form_changed"
"""An alliance asks something else of a kind of product. Payload: ``kind`` (a ProductKind), ``version``."""

CONTRIBUTIONS_CHANGED: Final = "operations.contributions_changed"
"""Who made a product, with which share, was named anew or answered. Payload: ``product`` (code), ``settled`` (bool)."""

PRODUCT_FILES_CHANGED: Final = "operations.product_files_changed"
"""A file was added to a product or taken out. Payload: ``product`` (code)."""

NEXT_VERSION_BEGUN: Final = "operations.next_version_begun"
"""Payload: ``product`` (code of the successor), ``predecessor`` (code)."""

PRODUCT_WITHDRAWN: Final = "operations.product_withdrawn"
"""A product was withdrawn before its release. Payload: ``product`` (code)."""

PIPELINE_RULES_CHANGED: Final = "operations.pipeline_rules_changed"
"""Who releases, or how much a stage holds, was set anew. Payload: ``version``."""

PROJECT_STATE_CHANGED: Final = "operations.project_state_changed"
"""Payload: ``project`` (code), ``before``, ``after``."""

MILESTONE_REACHED: Final = "operations.milestone_reached"
"""Payload: ``project`` (code), ``milestone`` (primary key), ``position``, ``lead`` (institution's code), ``due_on``, ``reached_on``."""

MILESTONE_REOPENED: Final = "operations.milestone_reopened"
"""A milestone counts as not reached again. Payload: ``project`` (code), ``milestone`` (primary key), ``position``."""

MILESTONE_LATE: Final = "operations.milestone_late"
"""The day of a milestone of a running project passed without it; owed once for each promised day.

Payload: ``project`` (code), ``milestone`` (primary key), ``position``, ``lead`` (institution's code), ``due_on``.
"""

WORK_HOURS_CONFIRMED: Final = "operations.work_hours_confirmed"
"""Payload: ``project`` (code), ``hours_id`` (primary key), ``institution`` (code), ``day``, ``hours`` (decimal as text)."""

WORK_HOURS_STRUCK: Final = "operations.work_hours_struck"
"""Payload: as when they were confirmed, and ``was_confirmed``."""

DELIVERABLE_DRAFTED: Final = "operations.deliverable_drafted"
"""What a project owes became a draft of the pipeline. Payload: ``project`` (code), ``position``, ``product`` (code)."""

PILOT_REOPENED: Final = "operations.pilot_reopened"
"""A closed round takes answers again. Payload: ``product`` (code), ``round``, ``turn``."""

SESSION_HELD: Final = "operations.session_held"
"""A session of a course was held. Payload: ``session_id`` (primary key), ``course`` (code), ``session`` (number), ``institution``
(code of the host), ``attended`` (people present or partly present), ``credits`` (of the course, decimal as text), ``held_on`` (day)."""

COURSE_PASSED: Final = "operations.course_passed"
"""Somebody earned the credits of a course; owed once for each enrolment. Payload: ``enrolment`` (primary key), ``course`` (code),
``session`` (number), ``institution`` (code, for which the person learnt), ``credits`` (decimal as text), ``earned_on`` (day)."""

CERTIFICATE_REVOKED: Final = "operations.certificate_revoked"
"""Earned credits were taken back. Payload: as when they were earned."""


RISK_OPENED: Final = "operations.risk_opened"
"""Payload: ``risk`` (code), ``category``, ``trigger`` (empty: a person opened it)."""

RISK_REVIEWED: Final = "operations.risk_reviewed"
"""Payload: ``risk`` (code), ``likelihood``, ``impact``, ``next_on``."""

RISK_STATE_CHANGED: Final = "operations.risk_state_changed"
"""Payload: ``risk`` (code), ``before``, ``after``."""

TARIFF_SETTLED: Final = "operations.tariff_settled"
"""A proposed tariff of contribution points was approved or refused. Payload: ``version``, ``state``, ``valid_from``."""

POINTS_CHANGED: Final = "operations.points_changed"
"""Contribution points were awarded or taken back.

Payload: ``institution`` (code), ``act``, ``record``, ``points`` (decimal as text), ``cancelled`` (bool).
"""

HONOURS_PUBLISHED: Final = "operations.honours_published"
"""Payload: ``year``, ``institutions`` (how many)."""
