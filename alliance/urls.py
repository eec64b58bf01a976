"""Routes of the platform itself: no alliance."""

from django.urls import include, path

from alliance.views import gallery, home, switches

handler400 = "alliance.views.errors.bad_request"
handler403 = "alliance.views.errors.forbidden"
handler404 = "alliance.views.errors.not_found"
handler500 = "alliance.views.errors.server_error"
handler429 = "alliance.views.accounts.too_many"  # allauth asks for it

urlpatterns = [
    path("", home.platform_home, name="home"),
    path("language/<str:code>/", switches.switch_language, name="switch_language"),
    path("theme/", switches.switch_theme, name="switch_theme"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("accounts/", include("alliance.urls_accounts")),
]
