"""The kernel's own links."""

from django.utils.translation import gettext_lazy as _

from alliance.kernel.navigation import NavigationEntry, add

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
