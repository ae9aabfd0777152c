"""A small shop, made up, whose customers' true taste is known."""

from components.sources.demo.events import new_products
from components.sources.demo.shop import write_demo
from components.sources.demo.source import DemoSource
from components.sources.demo.world import DemoSizes, DemoWorld, make_world

__all__ = ["DemoSizes", "DemoSource", "DemoWorld", "make_world", "new_products", "write_demo"]
