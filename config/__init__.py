"""Settings, logging and the server's configuration: everything that differs between two installations."""

from config.settings import Settings, UnsafeSettings, load_settings

__all__ = ["Settings", "UnsafeSettings", "load_settings"]
