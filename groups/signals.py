"""Events of the organisational layer; delivered by the outbox."""

MEMBERSHIP_STARTED = "groups.membership_started"
"""{group: kind, institution: code, role} for one seat; {group: kind, institutions: number} for many at once."""
MEMBERSHIP_ENDED = "groups.membership_ended"
"""{group: kind, institution: code}"""

# Motions
MOTION_OPENED = "groups.motion_opened"
"""{motion: code}"""
MOTION_DECIDED = "groups.motion_decided"
"""{motion: code, outcome: state}"""

# ------------------------------------------------------------------------------------------------------ seats, meetings

SEAT_INVITED = "groups.seat_invited"
"""{group: kind, institution: code, element}"""
POSITION_FILLED = "groups.position_filled"
"""{group: kind, position, institution: code}"""
MEETING_CONVENED = "groups.meeting_convened"
"""{meeting: code}; a consumer of this layer asks the invited institutions for their answer."""
MEETING_CANCELLED = "groups.meeting_cancelled"
"""{meeting: code}"""
MEETING_HELD = "groups.meeting_held"
"""{meeting: code}"""
MINUTES_CIRCULATED = "groups.minutes_circulated"
"""{meeting: code, version}; a consumer of this layer asks those who were invited for their remarks."""
MINUTES_APPROVED = "groups.minutes_approved"
"""{meeting: code, version, digest}"""
MINUTES_PUBLISHED = "groups.minutes_published"
"""{meeting: code, version, decisions: [codes]}"""
ACTION_SETTLED = "groups.action_settled"
"""{meeting: code, action: uuid, state}"""
