"""The kernel's own links."""

from django.utils.translation import gettext_lazy as _

from alliance.kernel.navigation import NavigationEntry, add
from alliance.selectors.inbox import waiting_items
from alliance.selectors.notifications import unread_notifications

add(
    NavigationEntry(
        area="console",
        section="settings",
        key="people",
        label=_("People"),
        url_name="person_list",
        icon="users",
        order=10,
        permission="alliance.view_people",
    )
)
add(
    NavigationEntry(
        area="console", key="inbox", label=_("Inbox"), url_name="inbox", icon="inbox", order=20, urgent=waiting_items
    )
)
add(
    NavigationEntry(
        area="console",
        key="notifications",
        label=_("Notices"),
        url_name="notification_list",
        icon="bell",
        order=30,
        count=unread_notifications,
    )
)
add(
    NavigationEntry(
        area="console",
        section="settings",
        key="jobs",
        label=_("Background jobs"),
        url_name="job_list",
        icon="list-checks",
        order=60,
    )
)
add(
    NavigationEntry(
        area="console",
        section="settings",
        key="health",
        label=_("Health"),
        url_name="health_page",
        icon="activity",
        order=70,
        permission="alliance.view_operations",
    )
)
add(
    NavigationEntry(
        area="console",
        section="settings",
        key="audit",
        label=_("Audit log"),
        url_name="audit_list",
        icon="scroll-text",
        order=80,
        permission="alliance.view_audit",
    )
)
add(NavigationEntry(area="portal", key="inbox", label=_("Inbox"), url_name="inbox", order=20, urgent=waiting_items))
add(
    NavigationEntry(
        area="portal",
        key="notifications",
        label=_("Notices"),
        url_name="notification_list",
        order=90,
        count=unread_notifications,
    )
)
