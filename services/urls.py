"""Routes of the service layer, under one alliance: the public site and the editor's queue."""

from django.urls import URLPattern, path

from services.views import public, rating

urlpatterns: list[URLPattern] = [
    path("", public.home, name="home"),
    path("stories/", public.story_list, name="story_list"),
    path("stories/<slug:slug>/", public.story_detail, name="story_detail"),
    path("catalogue/", public.catalogue_list, name="catalogue_list"),
    path("catalogue/<slug:code>/", public.catalogue_entry, name="catalogue_entry"),
    path("catalogue/<slug:code>/pieces/<slug:piece>/", public.public_piece, name="public_piece"),
    path("catalogue/<slug:code>/rate/", rating.rating_create, name="rating_create"),
    path("catalogue/<slug:code>/rated/", rating.rating_sent, name="rating_sent"),
    path("ratings/<str:token>/", rating.rating_confirm, name="rating_confirm"),
    path("listings/", public.listing_list, name="listing_list"),
    path("listings/<str:code>/", public.listing_detail, name="listing_detail"),
    path("directory/", public.old_directory, name="old_directory"),
    path("about/", public.about, name="about"),
    path("feed.xml", public.feed, name="feed"),
    path("sitemap.xml", public.sitemap, name="sitemap"),
    path("console/ratings/", rating.rating_moderation, name="rating_moderation"),
    path("console/ratings/<uuid:uuid>/", rating.rating_moderate, name="rating_moderate"),
]
