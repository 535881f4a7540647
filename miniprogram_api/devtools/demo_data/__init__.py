"""Demonstration data: invented sites, staff and visits, made only through the product's own commands."""

from miniprogram_api.devtools.demo_data.cli import demo_cli
from miniprogram_api.devtools.demo_data.loading import DemoRefused, Loaded, load_demo
from miniprogram_api.devtools.demo_data.staff import DEFAULT_PASSWORD, STAFF

__all__ = ["DEFAULT_PASSWORD", "STAFF", "DemoRefused", "Loaded", "demo_cli", "load_demo"]
