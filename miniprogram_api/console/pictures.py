"""Pictures that pages carry within themselves."""

import base64
import io

import qrcode


def qr_picture(text: str) -> str:
    """A QR code as an address that holds its picture."""
    png = io.BytesIO()
    qrcode.make(text, box_size=5, border=2).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
