"""The tenant's routes and, beside them, the same reads as a plain REST framework view would make them."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer

from members.models import Institution
from operations.models import Pilot, Product


class PartySerializer(serializers.ModelSerializer[Institution]):
    class Meta:
        model = Institution
        fields = ("code", "kind", "name_en", "name_zh")


class PilotSerializer(serializers.ModelSerializer[Pilot]):
    class Meta:
        model = Pilot
        fields = ("round", "version", "state", "answers", "mean_score", "decided_at")


class ProductSerializer(serializers.ModelSerializer[Product]):
    author = PartySerializer()
    adapter = PartySerializer()
    pilots = PilotSerializer(many=True)

    class Meta:
        model = Product
        fields = (
            "code",
            "kind",
            "state",
            "version",
            "title_en",
            "title_zh",
            "summary_en",
            "summary_zh",
            "body_en",
            "body_zh",
            "client_en",
            "client_zh",
            "due_on",
            "created_at",
            "state_since",
            "released_at",
            "retired_at",
            "author",
            "adapter",
            "pilots",
        )


class Paging(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class PlainMixin:
    serializer_class: Any = ProductSerializer
    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)
    throttle_classes: Any = ()
    renderer_classes: Any = (JSONRenderer,)
    pagination_class: Any = Paging
    lookup_field = "code"

    def get_queryset(self) -> Any:
        alliance = self.request.alliance  # type: ignore[attr-defined]
        return Product.objects.of(alliance).released().select_related("author", "adapter").prefetch_related("pilots")


class PlainList(PlainMixin, generics.ListAPIView):  # type: ignore[type-arg]
    pass


class PlainDetail(PlainMixin, generics.RetrieveAPIView):  # type: ignore[type-arg]
    pass


urlpatterns = [
    path("plain/products/", PlainList.as_view()),
    path("plain/products/<str:code>/", PlainDetail.as_view()),
    path("", include("alliance.urls_tenant")),
]
