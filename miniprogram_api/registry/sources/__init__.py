"""Where records come from: one port, an adapter for each transport that the registry may offer."""

from config.registry import RegistrySettings
from miniprogram_api.registry.sources.api import ApiSource
from miniprogram_api.registry.sources.files import FileSource
from miniprogram_api.registry.sources.port import (
    ChangePage,
    CursorExpired,
    Dictionary,
    Filed,
    RegistrySource,
    SnapshotPage,
    SourceRefused,
    SourceUnavailable,
    Versioned,
)

__all__ = [
    "ApiSource",
    "ChangePage",
    "CursorExpired",
    "Dictionary",
    "FileSource",
    "Filed",
    "RegistrySource",
    "SnapshotPage",
    "SourceRefused",
    "SourceUnavailable",
    "Versioned",
    "connect",
    "current",
    "use",
]


class _Connected:
    source: RegistrySource | None = None


def connect(settings: RegistrySettings) -> None:
    """Reach the registry as the settings say; the composition root does, and tests do."""
    use(_source(settings))


def use(source: RegistrySource | None) -> None:
    """Reach the registry by this source, or not at all."""
    _Connected.source = source


def current() -> RegistrySource | None:
    """The source in use; None where there is no registry."""
    return _Connected.source


def _source(settings: RegistrySettings) -> RegistrySource | None:
    if settings.transport == "api":
        return ApiSource(settings)
    if settings.transport == "files" and settings.drop_dir is not None:
        return FileSource(settings.drop_dir)
    return None
