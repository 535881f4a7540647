"""What a forked process finds loaded: the product, and its routes' addresses compiled."""

import gc
from pathlib import Path
from tempfile import TemporaryDirectory

from config.settings import Environment, Settings
from miniprogram_api.app import create_app
from tests.support.compiled_routes import compile_routes_once

compile_routes_once()
with TemporaryDirectory() as _folder:
    create_app(Settings(environment=Environment.TEST, data_dir=Path(_folder), background=False))
    gc.collect()  # closes what it had open, which a forked process must not do
