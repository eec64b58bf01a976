"""Routes of the element layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
