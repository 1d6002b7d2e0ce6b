"""Save estimators to one safetensors file and load them; nothing in the file is executed.

Rooms that hold state register their classes with `register`; a file names classes by these names
alone. What a state may hold: None, bool, int, float, complex, str, bytes, tuple, list, dict, numpy
scalars, arrays, dtypes and RandomState, pandas scalars, offsets, dtypes and indexes, and instances
of registered classes.
"""

from sktsgen.persistence._file import load, save_estimator
from sktsgen.persistence._registry import register, registry
from sktsgen.persistence._saving import Saving
from sktsgen.persistence._tree import from_tree, to_tree

__all__ = ["Saving", "from_tree", "load", "register", "registry", "save_estimator", "to_tree"]
