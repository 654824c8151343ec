from tests.telling import sim, world

__all__ = ["sim", "world"]
