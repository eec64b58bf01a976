"""Routes of one alliance; the prefix or host name was taken off before."""

from django.urls import include, path

from alliance.views import switches

handler400 = "alliance.views.errors.bad_request"
handler403 = "alliance.views.errors.forbidden"
handler404 = "alliance.views.errors.not_found"
handler500 = "alliance.views.errors.server_error"

urlpatterns = [
    path("api/v1/", include("alliance.api.urls")),
    path("language/<str:code>/", switches.switch_language, name="switch_language"),
    path("theme/", switches.switch_theme, name="switch_theme"),
    path("accounts/", include("alliance.urls_accounts")),
    path("", include("alliance.urls_people")),
    path("", include("alliance.urls_kernel")),
    path("", include("members.urls")),
    path("", include("groups.urls")),
    path("", include("operations.urls")),
    path("", include("targets.urls")),
    path("", include("evaluation.urls")),
    path("", include("services.urls")),
]
