"""API routes of the operational layer."""

from django.urls import path

from operations.api import products

urlpatterns = [
    path("products/", products.ProductList.as_view(), name="api_product_list"),
    path("products/<str:code>/", products.ProductDetail.as_view(), name="api_product_detail"),
]
