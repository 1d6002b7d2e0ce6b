"""Settings of the documentation."""

import importlib
from pathlib import Path

import matplotlib as mpl

import sktsgen

mpl.use("Agg")

project = "sktsgen"
author = "The sktsgen developers"
copyright = f"2026, {author}"
version = release = sktsgen.__version__


def is_ours(class_name, method):
    """Whether a public method of a class is defined in sktsgen, by the class or a base of it."""
    module, name = class_name.rsplit(".", 1)
    function = getattr(getattr(importlib.import_module(module), name), method)
    is_public = not method.startswith("_")
    return is_public and (getattr(function, "__module__", None) or "").startswith("sktsgen")


extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "changelog/*"]
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "sktsgen"
html_static_path = ["_static"]
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
# For the templates of a class and of a room: what is documented at the top is not again below.
everyday = [*sktsgen.__all__, "sktsgen.training.Trainer"]
autosummary_context = {"is_ours": is_ours, "everyday": everyday}
suppress_warnings = ["config.cache"]  # a function in the settings cannot be cached
autosummary_imported_members = True
autosummary_ignore_module_all = False  # a room's page lists its __all__, no more and no less
autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False  # the template of a class lists them

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"quickstart\.py",
    "download_all_examples": False,
    "show_memory": False,
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "parallel": 2,  # each on one thread, see .ci/run
}

_KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


def gather_changelog(app, docname, source):
    """Append the lines of `changelog/<number>.<kind>.md`, one a change, to the page of changes."""
    if docname != "changelog":
        return
    folder = Path(app.srcdir) / "changelog"
    for kind, heading in _KINDS.items():
        paths = sorted(folder.glob(f"*.{kind}.md"), key=lambda path: int(path.name.split(".")[0]))
        if paths:
            lines = (line for path in paths for line in path.read_text("utf-8").splitlines())
            source[0] += "\n".join([f"\n## {heading}\n", *(f"- {line}" for line in lines), ""])


def setup(app):
    app.connect("source-read", gather_changelog)
