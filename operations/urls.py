"""Routes of the operational layer, under one alliance."""

from django.urls import URLPattern, path

from operations.views import piece, pilot, point, product

urlpatterns: list[URLPattern] = [
    path("console/pilots/", pilot.pilot_board, name="pilot_board"),
    path("console/pilots/list/", pilot.pilot_list, name="pilot_list"),
    path("console/pilots/move/", pilot.pilot_move, name="pilot_move"),
    path("portal/pilots/", pilot.portal_pilots, name="portal_pilots"),
    path("portal/products/", pilot.portal_products, name="portal_products"),
    path("pilots/new/", product.product_draft, name="product_draft"),
    path("pilots/<slug:code>/", product.product_detail, name="product_detail"),
    path("pilots/<slug:code>/edit/", product.product_edit, name="product_edit"),
    path("pilots/<slug:code>/move/", product.product_move, name="product_move"),
    path("pilots/<slug:code>/submit/", product.product_submit, name="product_submit"),
    path("pilots/<slug:code>/review/", product.product_review, name="product_review"),
    path("pilots/<slug:code>/adapt/", product.product_adapt, name="product_adapt"),
    path("pilots/<slug:code>/send-back/", product.product_send_back, name="product_send_back"),
    path("pilots/<slug:code>/release/", product.product_release, name="product_release"),
    path("pilots/<slug:code>/retire/", product.product_retire, name="product_retire"),
    path("pilots/<slug:code>/plan/", pilot.pilot_plan, name="pilot_plan"),
    path("pilots/<slug:code>/extend/", pilot.pilot_extend, name="pilot_extend"),
    path("pilots/<slug:code>/close/", pilot.pilot_close, name="pilot_close"),
    path("pilots/<slug:code>/answer/", pilot.pilot_answer, name="pilot_answer"),
    path("pilots/<slug:code>/answers.csv", pilot.pilot_answers_csv, name="pilot_answers_csv"),
    path("pilots/<slug:code>/comments/", pilot.pilot_comments, name="pilot_comments"),
    path("pilots/<slug:code>/changes/", point.change_add, name="change_add"),
    path("pilots/<slug:code>/points/", point.point_list, name="point_list"),
    path("pilots/<slug:code>/points/<str:key>/", point.point_answer, name="point_answer"),
    path("pilots/<slug:code>/shares/", product.share_add, name="share_add"),
    path("pilots/<slug:code>/shares/remove/", product.share_remove, name="share_remove"),
    path("pieces/", piece.piece_list, name="piece_list"),
    path("pilots/<slug:code>/pieces/new/", piece.piece_draft, name="piece_draft"),
    path("pilots/<slug:code>/pieces/<slug:piece>/", piece.piece_detail, name="piece_detail"),
    path("pilots/<slug:code>/pieces/<slug:piece>/edit/", piece.piece_edit, name="piece_edit"),
    path("pilots/<slug:code>/pieces/<slug:piece>/submit/", piece.piece_submit, name="piece_submit"),
    path("pilots/<slug:code>/pieces/<slug:piece>/check/", piece.piece_check, name="piece_check"),
    path("pilots/<slug:code>/pieces/<slug:piece>/renew/", piece.piece_renew, name="piece_renew"),
    path("pilots/<slug:code>/pieces/<slug:piece>/publish/", piece.piece_publish, name="piece_publish"),
    path("pilots/<slug:code>/pieces/<slug:piece>/withdraw/", piece.piece_withdraw, name="piece_withdraw"),
]
