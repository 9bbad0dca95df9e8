"""Sentences that contain values, and that a page can still translate."""

from __future__ import annotations


class Sentence(str):
    """The English text for programs; ``template`` and ``values`` are for translation."""

    __slots__ = ("template", "values")

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: object) -> Sentence:
        """Create a sentence. ``template`` names its values in braces, as in ``Write {network}.``"""
        text = super().__new__(cls, template.format(**values))
        text.template = template
        text.values = {name: str(value) for name, value in values.items()}
        return text
