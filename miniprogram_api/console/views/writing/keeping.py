"""Files of a picture that is taken into the library: they stay only when it is."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from wtforms import Field

from miniprogram_api.kernel import files
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.files import FileRejected, StoredImage, StoredSize


@contextmanager
def keeping_picture(
    write: Callable[[], StoredImage], field: Field
) -> Generator[tuple[StoredImage, list[StoredSize]]]:
    """A picture that is written, with its narrower copies. Raises Invalid for what is none."""
    store = files.current()
    try:
        image = write()
    except FileRejected as rejected:
        raise Invalid(fields=[FieldError(field.name, rejected.code, rejected.params)]) from rejected
    written = [image.name]
    try:
        sizes = store.save_sizes(image)
        written += [size.name for size in sizes]
        yield image, sizes
    except BaseException:
        for name in written:
            store.delete(name)
        raise
