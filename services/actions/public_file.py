"""Files of released products that anybody may download."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.core.files.storage import default_storage

from alliance.choices import FileState
from alliance.kernel.errors import NotFoundError
from operations.choices import ProductState
from operations.models import ProductFile

if TYPE_CHECKING:
    from uuid import UUID

    from alliance.models import Alliance


def open_public_file(alliance: Alliance, product_code: str, file_uuid: UUID) -> tuple[ProductFile, IO[bytes]]:
    """A public file of a released product, open at its start.

    Asked each time: a file that is taken out, held back, found unclean, or whose product is retired is gone for everybody.

    Raises:
        NotFoundError: There is no such file, or it is not public: the same answer.
    """
    found = (
        ProductFile.objects.of(alliance)
        .select_related("file")
        .filter(
            product__code=product_code,
            product__state=ProductState.RELEASED,
            is_public=True,
            removed_at__isnull=True,
            file__uuid=file_uuid,
            file__state=FileState.CLEAN,
        )
        .first()
    )
    if found is None or not default_storage.exists(found.file.storage_name):
        raise NotFoundError
    return found, default_storage.open(found.file.storage_name, "rb")
