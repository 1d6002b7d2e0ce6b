"""Generators behind other steps: pipelines, one `sample` for all of them, splits of panels."""

from sktsgen.compose._panel_kfold import PanelKFold
from sktsgen.compose._pipeline import GeneratorPipeline, make_generator_pipeline
from sktsgen.compose._sample import sample

__all__ = ["GeneratorPipeline", "PanelKFold", "make_generator_pipeline", "sample"]
