"""People and invitations of one alliance."""

from django.urls import path

from alliance.views import invitations, people

urlpatterns = [
    path("console/people/", people.person_list, name="person_list"),
    path("console/people/invite/", invitations.invitation_create, name="invitation_create"),
    path("console/people/invitations/<uuid:uuid>/resend/", invitations.invitation_resend, name="invitation_resend"),
    path("console/people/invitations/<uuid:uuid>/withdraw/", invitations.invitation_revoke, name="invitation_revoke"),
    path("console/people/<uuid:uuid>/", people.person_detail, name="person_detail"),
    path(
        "console/people/<uuid:uuid>/roles/<slug:scope>/<int:position_id>/end/",
        people.person_end_role,
        name="person_end_role",
    ),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
]
