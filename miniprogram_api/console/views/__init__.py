"""The pages: one module for each desk. Importing one puts its routes on the blueprint."""

import importlib
import pkgutil


def register_views() -> None:
    """Have every module's routes on the blueprint."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
