"""The application that gunicorn serves."""

from config import load_settings
from miniprogram_api.app import create_app

app = create_app(load_settings())
